"""Stock against par: by station, and by the places of one station."""

from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import reverse

from naloxone import summary
from naloxone.models import Holder, Kit
from naloxone.rules import PLACES
from safety_portal import access, looking
from safety_portal.access import EVERYWHERE, Permission, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.page_parts import Column, FilterWord, Tab, Table
from safety_portal.people import Station

FILE = (
    Out("Place or station", "name"),
    Out("Par", "par"),
    Out("Serviceable", "serviceable"),
    Out("Usable in need", "in_need"),
    Out("Neither", "neither"),
)


def figures_of_need():
    """Columns of the three figures, in this order everywhere."""
    return [Column(label, figure=True) for label in ("Serviceable", "In need only", "Don’t work")]


def columns(first):
    figures = (
        "Par", "Difference", "Opened", "Half used", "Not to hand out", "Expired",
        f"Expire in {summary.SOON} days", f"Expire in {summary.LATER} days", "Inspections overdue",
    )  # fmt: skip
    return [Column(first), *figures_of_need(), *(Column(label, figure=True) for label in figures)]


def asked_station(request):
    """The station that the address names, if one may see its kits; or None."""
    key = request.GET.get("station", "")
    if not key.isdecimal() or len(key) > 9:
        return None
    return access.stations_where(request.person, Permission.KITS_SEE).filter(pk=key).first()


def only_station(person):
    """The one station where one looks, or that one has; None where there are several."""
    look = looking.look_of(person)
    keys = access.rights(person).stations(Permission.KITS_SEE)
    if look is not None:
        keys = [look.key] if look.kind == "station" else []
    if keys is EVERYWHERE or len(keys) != 1:
        return None
    return Station.objects.filter(pk__in=keys).first()


def stock_tabs(person, here):
    """The pages about stock that a person may open; `here` is the address name of the present one."""
    return [
        Tab(label, reverse(f"naloxone:{name}"), name == here)
        for label, name, permission in TABS
        if access.may(person, permission, at=access.ANYWHERE)
    ]


TABS = (
    ("Stock against par", "stock", Permission.KITS_SEE),
    ("Expiry plan", "expiry_plan", Permission.ORDERS_SEE),
    ("Orders", "orders", Permission.ORDERS_SEE),
    ("Kit types", "kit_types", Permission.OWN_THINGS),
)


@needs(Permission.ORDERS_SEE)
@downloads
def stock(request):
    """Is enough everywhere, and for how long? Who plans for stations without seeing their kits finds the orders."""
    person = request.person
    if not access.may(person, Permission.KITS_SEE, at=access.ANYWHERE):
        return redirect("naloxone:orders")
    station = asked_station(request) or only_station(person)
    here = access.within(person, Permission.KITS_SEE)
    here &= Q(station=station) if station else looking.narrowing(person)
    places = (
        Holder.objects.in_use()
        .filter(here, kind__in=PLACES)
        .order_by("name")
        .only("name", "station", "par_min", "place_type")
    )
    today = (station or person.station).today()
    found = summary.stock_by_place(places, Kit.objects.filter(here), today)
    rows = found[station.pk] if station else by_station(found)
    if wanted(request):
        return Listed("Stock", FILE, rows)
    context = {
        "title": f"Stock at {station}" if station else "Stock",
        "tabs": stock_tabs(person, "stock"),
        "station": station,
        "rows": rows,
        "whole": summary.total(rows),
        "head": Table(request, "Stock against par", columns("Place" if station else "Station"), caption_hidden=True),
        "words": [FilterWord(f"At {station}", reverse("naloxone:stock"))] if request.GET else [],
    }  # fmt: skip
    return render(request, "naloxone/stock.html", context)


def by_station(found):
    """A line for each station, by name."""
    names = dict(Station.objects.filter(pk__in=found).values_list("pk", "name"))
    lines = [summary.total(stocks, names[key], key) for key, stocks in found.items()]
    return sorted(lines, key=lambda line: line.name.lower())
