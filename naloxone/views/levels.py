"""Stock against par: by station, and by the places of one station."""

from django.db.models import Q
from django.shortcuts import render
from django.urls import reverse

from naloxone import summary
from naloxone.models import Holder, Kit
from naloxone.rules import PLACES
from safety_portal import access, looking
from safety_portal.access import Permission, needs
from safety_portal.page_parts import Column, FilterWord, Table
from safety_portal.people import Station


def columns(first):
    figures = (
        "Usable", "Par", "Difference", "Opened", "Not to hand out", "Expired",
        f"Expire in {summary.SOON} days", f"In {summary.LATER} days", "Inspections overdue",
    )  # fmt: skip
    return [Column(first), *(Column(label, figure=True) for label in figures)]


def asked_station(request):
    """The station that the address names, if one may see its kits; else the one that one looks at, or has."""
    mine = access.stations_where(request.person, Permission.KITS_SEE)
    key = request.GET.get("station", "")
    if key.isdecimal() and len(key) < 10:
        return mine.filter(pk=key).first()
    found = list(mine.filter(looking.narrowing(request.person, field="pk"))[:2])
    return found[0] if len(found) == 1 else None


@needs(Permission.KITS_SEE)
def stock(request):
    """Is enough everywhere, and for how long?"""
    person, station = request.person, asked_station(request)
    here = access.within(person, Permission.KITS_SEE)
    here &= Q(station=station) if station else looking.narrowing(person)
    places = (
        Holder.objects.in_use()
        .filter(here, kind__in=PLACES)
        .order_by("name")
        .only("name", "station", "par_min")
    )
    today = (station or person.station).today()
    found = summary.stock_by_place(places, Kit.objects.filter(here), today)
    rows = found[station.pk] if station else by_station(found)
    context = {
        "title": f"Stock at {station}" if station else "Stock",
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
