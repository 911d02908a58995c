"""Storage points and vehicles: which there are, what is in them, whether it is enough."""

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count
from django.db.models.functions import Lower
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, forms, storage, storage_words, swaps
from naloxone.actions.places import what_keeps_open
from naloxone.actions.readiness import may_drill
from naloxone.actions.storage import may_read
from naloxone.filters import listed
from naloxone.models import (
    HALF_USED,
    Holder,
    Kit,
    PlaceType,
    StorageDecision,
    UnitKind,
    UseReport,
    need,
    own_day,
)
from naloxone.possible import acts_on_place
from naloxone.rules import GONE, PLACES, State
from naloxone.storage_rules import degrees
from naloxone.views.levels import asked_station, figures_of_need
from naloxone.views.stock import form_page
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table

BY_NAME = (By("station_key", str), By("name_key", str), By("pk"))
MOST_SHOWN = 50


# As the import of places reads them.
FILE = (
    Out("Name", "name"), Out("Station", "station.code"), Out("What it is", lambda place: "Vehicle" if place.kind == "vehicle" else "Storage point"),
    Out("Kind of place", "get_place_type_display"), Out("Opens", "get_access_mode_display"), Out("Par", "par_min"),
    Out("Outer seal", "seal"), Out("Looked at every shift", "every_shift"), Out("A round takes two", "two_people"),
)  # fmt: skip


def is_open_point(place):
    """Whether a place is one that must open in need."""
    return place.closed_on is None and place.place_type != PlaceType.STOREROOM


def places_where(person, permission):
    """Places of the person's stations, closed ones too: records lead to them."""
    return Holder.objects.filter(access.within(person, permission), kind__in=PLACES).select_related(
        "station"
    )


def count_stock(places, now):
    """Sets what is in each place on its station's day: serviceable, usable in need, neither; one query for all."""
    day = own_day(now)
    rows = (
        Kit.objects.filter(holder__in=places)
        .exclude(state__in=GONE)
        .exclude(kind=UnitKind.TRAINER)
        .values("holder")
        .annotate(
            n=Count("pk"),
            serviceable=Count("pk", filter=need.serviceable(day)),
            in_need=Count("pk", filter=need.in_need(day)),
            neither=Count("pk", filter=need.neither()),
            half_used=Count("pk", filter=HALF_USED),
        )
        .order_by()
    )
    found = {row["holder"]: row for row in rows}
    for place in places:
        row = found.get(place.pk, {})
        for name in ("n", "serviceable", "in_need", "neither", "half_used"):
            setattr(place, name, row.get(name, 0))
        place.par_badge = badges.par_badge(place)
    return places


@needs(Permission.KITS_SEE)
@downloads
def places(request):
    """Is enough in every place?"""
    columns = [
        Column("Place"), Column("Station"), Column("Kind"), Column("Opens"),
        *figures_of_need(), Column("Par", figure=True), Column("Enough?"),
    ]  # fmt: skip
    rows = (
        places_where(request.person, Permission.KITS_SEE)
        .in_use()
        .filter(looking.narrowing(request.person))
        .annotate(station_key=Lower("station__name"), name_key=Lower("name"))
    )
    if wanted(request):
        return Listed("Places", FILE, rows, BY_NAME)
    page = keyset.page_of(request.GET, rows, BY_NAME)
    count = keyset.count_of(page, rows)
    context = {
        "title": "Places",
        "head": Table(request, "Places", columns, caption_hidden=True),
        "places": count_stock(page.rows, timezone.now()),
        "pager": keyset.pager(request.GET, page, BY_NAME, count, "place"),
        "can_open": access.may(request.person, Permission.PLACES_KEEP, at=access.ANYWHERE),
    }
    return render(request, "naloxone/places.html", context)


@needs(Permission.KITS_SEE)
def place(request, number):
    """One place: how it opens, what is in it, whether that is enough."""
    found = get_object_or_404(places_where(request.person, Permission.KITS_SEE), pk=number)
    today = request.person.station.today()
    count_stock([found], timezone.now())
    left = what_keeps_open(found)
    kits = listed(Kit.objects.filter(holder=found).exclude(state__in=GONE))
    columns = [Column("Kit"), Column("What"), Column("Doses", figure=True), Column("State"), Column("Expiry")]  # fmt: skip
    context = {
        "title": found.name,
        "place": found,
        "acts": acts_on_place(found, request.person, left),
        "may_drill": is_open_point(found) and may_drill(request.person, found),
        "keeps_open": any(left.values()),
        "kits": storage_words.add_marks(
            badges.show(list(kits.first_expired_first()[:MOST_SHOWN]), today)
        ),
        "head": Table(request, "Kits here, first expiry first", columns),
        **temperature_of(found, request.person),
        "all_url": f"{reverse('naloxone:kits')}?place={found.pk}",
        "unclear": list(
            UseReport.objects.filter(place=found)
            .with_unbound()
            .filter(is_unbound=True)[:MOST_SHOWN]
        ),
        "emptied_url": found.closed_on and emptied_url(found),
        **swap_needed(found, request.person),
    }
    return render(request, "naloxone/place.html", context)


def swap_needed(place, person):
    """What could take the place of kits that are usable in need only, for who may put it there; else nothing."""
    bare = place.closed_on is None and place.keeps_ready and not place.serviceable
    if not bare or not (place.in_need or place.par_min):
        return {}
    if not access.may(person, Permission.CUSTODY_GIVE, at=place.station_id):
        return {}
    found = swaps.swap_at(place, timezone.now())
    return {
        "swap": found,
        "store": swaps.store_for(found),
        "swap_form": forms.SwapForm(person=person, place=place),
        "send_url": send_url(found, person),
    }


def send_url(found, person):
    """The form that sends the nearest kit here, for who gives at its station."""
    if not found.far or not access.may(person, Permission.CUSTODY_GIVE, at=found.far.station_key):
        return ""
    asked = {"kits": found.far.reference, "destination": found.place.station_id}
    return f"{reverse('naloxone:send')}?{urlencode(asked)}"


def temperature_of(place, person):
    """The newest reading, the newest decision, and whether somebody is still to decide."""
    newest = Holder.objects.filter(pk=place.pk).values_list(
        storage.newest_reading("at"), storage.newest_reading("centi")
    )
    [(measured_at, centi)] = newest
    return {
        "measured_at": measured_at,
        "measured": degrees(centi) if measured_at else "",
        "may_read": may_read(person, place),
        "storage_decision": place_decision(place),
    }


def place_decision(place):
    decisions = StorageDecision.objects.filter(place=place).select_related("by")
    return decisions.annotate(n=Count("lines")).order_by("-pk").first()


def emptied_url(place):
    """The list of what was emptied in a place; "" when there is nothing."""
    if not Kit.objects.filter(holder=place, state=State.SPENT).exists():
        return ""
    return f"{reverse('naloxone:kits')}?place={place.pk}&state={State.SPENT}"


@needs(Permission.PLACES_KEEP)
def open_place(request):
    """A new storage point or vehicle."""
    form = forms.PlaceForm(
        request.POST or None, person=request.person, cancel_url=reverse("naloxone:places"),
        initial={"station": (asked_station(request) or request.person.station).pk},
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.open_place):
        messages.success(request, f"{form.result} is open.")
        return redirect(form.result)
    return form_page(request, form, "Open a place")


def kept(request, number):
    """A place that is the person's to keep. Closed, only a form that comes too late still finds it."""
    found = get_object_or_404(places_where(request.person, Permission.PLACES_KEEP), pk=number)
    if found.closed_on and request.method != "POST":
        raise Http404
    return found


@needs(Permission.PLACES_KEEP)
def change_place(request, number):
    """Another name, kind, lock or par level."""
    found = kept(request, number)
    form = forms.ChangePlaceForm(
        request.POST or None,
        row=found,
        person=request.person,
        cancel_url=found.get_absolute_url(),
    )
    if request.method == "POST" and form.carry_out(actions.change_place, place=found):
        messages.success(request, f"{found} is changed.")
        return redirect(found)
    return form_page(
        request, form, f"Change {found}", template="naloxone/change_place.html", place=found
    )


@needs(Permission.PLACES_KEEP)
def close_place(request, number):
    """Close an empty place; one that is not empty says what to do first."""
    found = kept(request, number)
    form = forms.ClosePlaceForm(
        request.POST or None, person=request.person, place=found, cancel_url=found.get_absolute_url()
    )  # fmt: skip
    now = timezone.now()
    if request.method == "POST" and form.carry_out(actions.close_place, place=found, now=now):
        messages.success(request, f"{found} is closed.")
        return redirect(found)
    return form_page(
        request, form, f"Close {found}?", template="naloxone/close_place.html",
        place=found, left=what_keeps_open(found),
    )  # fmt: skip
