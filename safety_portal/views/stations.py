"""One's stations: who is there, who answers for it, by which clock."""

from django.contrib import messages
from django.db.models import Count
from django.db.models.functions import Lower
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from safety_portal import forms, keyset, roster
from safety_portal.access import EVERYWHERE, Grant, Permission, Role, needs
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table
from safety_portal.people import Canine, Person
from safety_portal.roster import stations_seen
from safety_portal.views.people import form_page, keeps, sign_in_of, tabs
from safety_portal.widgets import words

BY_NAME = (By("name_key", str), By("pk"))
IN_CHARGE = (Role.SUPERVISOR, Role.COORDINATOR)
MOST_SHOWN = 25


@needs(Permission.PEOPLE_SEE)
def stations(request):
    """Which stations are mine to look after?"""
    asked = words.tidy(request.GET.get("q", ""))[:60].replace("\x00", "")
    found = stations_seen(request.person)
    found = found.matching(asked) if asked else found
    rows = found.with_names().annotate(name_key=Lower("name"))
    page = keyset.page_of(request.GET, rows, BY_NAME)
    serving = Person.objects.serving().filter(station__in=page.rows).order_by()
    counts = dict(serving.values_list("station").annotate(n=Count("pk")))
    for one in page.rows:
        one.people_count = counts.get(one.pk, 0)
    columns = [Column("Station"), Column("Region"), Column("Kind"), Column("State"), Column("People", figure=True)]  # fmt: skip
    context = {
        "title": "Stations",
        "tabs": tabs("stations"),
        "q": asked,
        "head": Table(request, "Stations", columns, caption_hidden=True),
        "stations": page.rows,
        "pager": keyset.pager(request.GET, page, BY_NAME, keyset.count_of(page, found), "station"),
    }
    return render(request, "people/stations.html", context)


def seen(request, code):
    return get_object_or_404(stations_seen(request.person).with_names(), code=code)


@needs(Permission.PEOPLE_SEE)
def station(request, code):
    """Who is at this station, and who answers for it?"""
    found = seen(request, code)
    now = timezone.now()
    grants = Grant.objects.in_force(now).of_role(*IN_CHARGE).reaching(found).with_names()
    people = list(
        Person.objects.at([found]).serving().select_related("account").by_name()[: MOST_SHOWN + 1]
    )
    for one in people:
        one.sign_in = sign_in_of(one)
    context = {
        "title": found.name,
        "station": found,
        "now": now,
        "in_charge": list(grants.order_by("-role", "person__family_name", "pk")[:MOST_SHOWN]),
        "people": people[:MOST_SHOWN],
        "more": len(people) > MOST_SHOWN,
        "canines": list(Canine.objects.serving().filter(station=found).select_related("handler").by_name()),
        "keeps": keeps(request.person),
        "people_head": Table(request, "People", [Column("Person"), Column("Badge"), Column("Sign-in")], caption_hidden=True),
    }  # fmt: skip
    return render(request, "people/station.html", context)


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def change_station(request, code):
    """Change a station's name or clock."""
    found = seen(request, code)
    where = reverse("station", args=[found.code])
    form = forms.StationForm(
        request.POST or None, row=found, person=request.person, cancel_url=where
    )
    if request.method == "POST" and form.carry_out(roster.change_station, station=found):
        messages.success(request, f"{found} is changed.")
        return redirect(where)
    title = f"Change {found}"
    return form_page(request, form, title, "Stations", reverse("stations"), found.name, where)
