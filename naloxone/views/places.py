"""Storage points and vehicles: which there are, what is in them, whether it is enough."""

from django.contrib import messages
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from naloxone import actions, badges, forms
from naloxone.filters import listed
from naloxone.models import Holder, Kit
from naloxone.rules import HolderKind, State
from naloxone.views.stock import form_page
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, needs
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table

BY_NAME = (By("station_key", str), By("name_key", str), By("pk"))
MOST_SHOWN = 50


def places_seen(person):
    return Holder.objects.filter(
        access.within(person, Permission.KITS_SEE),
        kind__in=[HolderKind.STORAGE, HolderKind.VEHICLE],
        closed_on=None,
    ).select_related("station")


def count_stock(places, today):
    """Sets what is usable in each place: in service and not expired; one query for all."""
    usable = Q(state=State.IN_SERVICE, expires_on__gte=today)
    rows = (
        Kit.objects.filter(holder__in=places)
        .exclude(state=State.SPENT)
        .values("holder")
        .annotate(n=Count("pk"), usable=Count("pk", filter=usable))
        .order_by()
    )
    found = {row["holder"]: row for row in rows}
    for place in places:
        row = found.get(place.pk, {"n": 0, "usable": 0})
        place.n, place.usable = row["n"], row["usable"]
        place.par_badge = par_badge(place)
    return places


def par_badge(place):
    if place.par_min is None:
        return ""
    if place.usable >= place.par_min:
        return badges.badge("Enough", "good")
    return badges.badge("Empty" if not place.usable else "Below par", "bad")


@needs(Permission.KITS_SEE)
def places(request):
    """Is enough in every place?"""
    columns = [
        Column("Place"), Column("Station"), Column("Kind"), Column("Opens"),
        Column("Usable", figure=True), Column("Par", figure=True), Column("Enough?"),
    ]  # fmt: skip
    rows = (
        places_seen(request.person)
        .filter(looking.narrowing(request.person))
        .annotate(station_key=Lower("station__name"), name_key=Lower("name"))
    )
    page = keyset.page_of(request.GET, rows, BY_NAME)
    count = keyset.count_of(page, rows)
    context = {
        "title": "Places",
        "head": Table(request, "Places", columns, caption_hidden=True),
        "places": count_stock(page.rows, request.person.station.today()),
        "pager": keyset.pager(request.GET, page, BY_NAME, count, "place"),
        "can_open": access.may(request.person, Permission.PLACES_KEEP, at=access.ANYWHERE),
    }
    return render(request, "naloxone/places.html", context)


@needs(Permission.KITS_SEE)
def place(request, number):
    """One place: how it opens, what is in it, whether that is enough."""
    found = get_object_or_404(places_seen(request.person), pk=number)
    today = request.person.station.today()
    count_stock([found], today)
    kits = listed(Kit.objects.filter(holder=found).exclude(state=State.SPENT))
    columns = [Column("Kit"), Column("What"), Column("Doses", figure=True), Column("State"), Column("Expiry")]  # fmt: skip
    context = {
        "title": found.name,
        "place": found,
        "kits": badges.show(list(kits.first_expired_first()[:MOST_SHOWN]), today),
        "head": Table(request, "Kits here, first expiry first", columns),
        "all_url": f"{reverse('naloxone:kits')}?place={found.pk}",
        "most": MOST_SHOWN,
    }
    return render(request, "naloxone/place.html", context)


@needs(Permission.PLACES_KEEP)
def open_place(request):
    """A new storage point or vehicle."""
    form = forms.PlaceForm(
        request.POST or None, person=request.person, cancel_url=reverse("naloxone:places")
    )
    if request.method == "POST" and form.carry_out(open_once):
        messages.success(request, f"{form.result} is open.")
        return redirect("naloxone:place", form.result.pk)
    return form_page(request, form, "Open a place")


def open_once(*, request_key, **facts):
    # The name is unique at a station: that alone keeps the same form from opening two.
    return actions.open_place(**facts)
