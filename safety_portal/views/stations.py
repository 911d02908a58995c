"""One's stations: who is there, who answers for it; recorded, changed, closed."""

from django.contrib import messages
from django.db.models import Count
from django.db.models.functions import Lower
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from safety_portal import access, forms, keyset, roster
from safety_portal.access import EVERYWHERE, Grant, Permission, Role, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Button, Column, Table
from safety_portal.people import Canine, Person
from safety_portal.roster import stations_seen
from safety_portal.views.people import form_page, keeps, sign_in_of, tabs
from safety_portal.widgets import words

BY_NAME = (By("name_key", str), By("pk"))
IN_CHARGE = (Role.SUPERVISOR, Role.COORDINATOR, Role.DEPUTY)
MOST_SHOWN = 25


# Which stations are listed: the word in the address → its words, and the condition.
SHOWN = {"": ("In use", {"closed_on": None}), "closed": ("Closed", {"closed_on__isnull": False})}


FILE = (
    Out("Station", "name"), Out("Code", "code"), Out("Region", "region.name"), Out("Kind", "get_facility_type_display"),
    Out("State", "state"), Out("People", "people_count"), Out("Closed", "closed_on"),
)  # fmt: skip


@needs(Permission.PEOPLE_SEE)
@downloads
def stations(request):
    """Which stations are mine to look after?"""
    asked = words.tidy(request.GET.get("q", ""))[:60].replace("\x00", "")
    shown = "closed" if request.GET.get("shown") == "closed" else ""
    found = stations_seen(request.person).filter(**SHOWN[shown][1])
    found = found.matching(asked) if asked else found
    rows = found.with_names().annotate(name_key=Lower("name"))
    if wanted(request):
        return Listed("Stations", FILE, rows, BY_NAME, prepare=count_people)
    page = keyset.page_of(request.GET, rows, BY_NAME)
    last = Column("Closed") if shown else Column("People", figure=True)
    columns = [Column("Station"), Column("Region"), Column("Kind"), Column("State"), last]
    context = {
        "title": "Stations",
        "tabs": tabs("stations"),
        "q": asked,
        "shown": shown,
        "choices": [(value, label, value == shown) for value, (label, _) in SHOWN.items()],
        "head": Table(request, "Stations", columns, caption_hidden=True),
        "stations": count_people(page.rows),
        "pager": keyset.pager(request.GET, page, BY_NAME, keyset.count_of(page, found), "station"),
        "keeps": keeps(request.person),
    }
    return render(request, "people/stations.html", context)


def count_people(stations):
    """Sets how many serve at each; one query for all."""
    serving = Person.objects.serving().filter(station__in=stations).order_by()
    counts = dict(serving.values_list("station").annotate(n=Count("pk")))
    for one in stations:
        one.people_count = counts.get(one.pk, 0)
    return stations


def seen(request, code):
    return get_object_or_404(stations_seen(request.person).with_names(), code=code)


def page_of(found):
    return reverse("station", args=[found.code])


def acts_on(found, person):
    """What one may do with this station now; what stands in the way of closing it, its page says."""
    if not keeps(person) or found.closed_on is not None:
        return []
    return [
        Button("Change", reverse("change_station", args=[found.code]), "outline"),
        Button("Close", reverse("close_station", args=[found.code]), "plain"),
    ]


@needs(Permission.PEOPLE_SEE)
def station(request, code):
    """Who is at this station, and who answers for it?"""
    found = seen(request, code)
    now = timezone.now()
    context = {
        "title": found.name,
        "station": found,
        "now": now,
        "acts": acts_on(found, request.person),
        "people_head": Table(request, "People", [Column("Person"), Column("Badge"), Column("Sign-in")], caption_hidden=True),
    }  # fmt: skip
    return render(request, "people/station.html", context | who_is_at(found, now))


def who_is_at(found, now):
    """Those in charge, people and dogs; at a closed station only how many left while it was theirs."""
    people = Person.objects.at([found])
    if found.closed_on is not None:
        return {"left": people.exclude(left_on=None).count()}
    grants = Grant.objects.in_force(now).of_role(*IN_CHARGE).reaching(found).with_names()
    shown = list(people.serving().select_related("account").by_name()[: MOST_SHOWN + 1])
    for one in shown:
        one.sign_in = sign_in_of(one)
    dogs = Canine.objects.serving().filter(station=found)
    return {
        "in_charge": list(grants.order_by("-role", "person__family_name", "pk")[:MOST_SHOWN]),
        "people": shown[:MOST_SHOWN],
        "more": len(shown) > MOST_SHOWN,
        "canines": list(dogs.select_related("handler").by_name()),
    }


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def new_station(request):
    """Record a station."""
    form = forms.StationForm(
        request.POST or None, person=request.person, cancel_url=reverse("stations")
    )
    if request.method == "POST" and form.carry_out(roster.record_station):
        messages.success(request, f"{form.result} is recorded.")
        return redirect(page_of(form.result))
    return form_page(request, form, "Record a station", "Stations", reverse("stations"))


def acted_on(request, code):
    """A station in use. A form that comes too late gets a sentence instead."""
    found = seen(request, code)
    if found.closed_on is not None and request.method != "POST":
        raise Http404
    return found


def act_page(request, found, form, title, **more):
    where = page_of(found)
    return form_page(request, form, title, "Stations", reverse("stations"), found.name, where, **more)  # fmt: skip


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def change_station(request, code):
    """Change a station's name, kind, region, state or clock."""
    found = acted_on(request, code)
    form = forms.StationForm(
        request.POST or None, row=found, person=request.person, cancel_url=page_of(found),
        submit_label="Change the station",
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(roster.change_station, station=found):
        messages.success(request, f"{found} is changed.")
        return redirect(page_of(found))
    return act_page(request, found, form, f"Change {found}")


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def close_station(request, code):
    """Close a station where nobody and nothing is left; else what is left, and where that is put right."""
    found = acted_on(request, code)
    form = forms.CloseStationForm(
        request.POST or None, person=request.person, cancel_url=page_of(found),
        follows=roster.what_follows(found, timezone.now()),
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(roster.close_station, station=found):
        messages.success(request, f"{found} is closed.")
        return redirect(page_of(found))
    return act_page(
        request, found, form, f"Close {found}?", template="people/close_station.html",
        station=found, hindrances=list(ways_out(found, request.person)),
    )  # fmt: skip


def ways_out(found, person):
    """What keeps a station open, each with where this person does something about it: (text, link, address)."""
    others = (f"Who answers for {found}", page_of(found))
    for one in roster.what_keeps_open(found):
        mine = one.url and access.opens(person, one.url)
        yield (one.text, one.link, one.url) if mine else (one.text, *others)
