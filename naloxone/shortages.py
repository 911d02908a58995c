"""What is short: doses that expire in a month, places below par; by station, as one orders for them."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth

from naloxone.models import Holder, Kit, Product, need
from naloxone.rules import PLACES, UNUSED
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.people import Station


@dataclass(frozen=True)
class Shortage:
    """Doses that a station will lack, and the product that most of them are of."""

    station: Station
    doses: int
    words: str
    product: Product | None = None
    place: Holder | None = None


def theirs(person):
    return access.within(person, Permission.ORDERS_KEEP)


def expiring_in(person, month):
    """A Shortage for each station of a person's where doses expire in a month; the largest first."""
    kits = Kit.objects.filter(
        theirs(person), state__in=UNUSED, doses__gt=0,
        expires_on__gte=month, expires_on__lt=month_after(month),
    )  # fmt: skip
    rows = kits.order_by().values("station", "lot__product").annotate(n=Count("pk"), d=Sum("doses"))
    found = {}
    for row in rows:
        found.setdefault(row["station"], []).append((row["d"], row["n"], row["lot__product"]))
    stations = Station.objects.in_bulk(found)
    products = Product.objects.in_bulk({row["lot__product"] for row in rows})
    shortages = [
        Shortage(
            stations[key],
            sum(d for d, _, _ in parts),
            f"{sum(n for _, n, _ in parts):,} kits ({sum(d for d, _, _ in parts):,} doses) expire in {month:%B %Y}",
            products[max(parts)[2]],
        )
        for key, parts in found.items()
    ]
    return sorted(shortages, key=lambda one: (-one.doses, one.station.name))


def month_after(month):
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def months_ahead(person, on):
    """Months in which doses of a person's stations expire from today on, the nearest first."""
    kits = Kit.objects.filter(theirs(person), state__in=UNUSED, doses__gt=0, expires_on__gte=on)
    months = kits.order_by().values_list(TruncMonth("expires_on"), flat=True).distinct()
    return sorted(months)[: settings.PLAN_MONTHS]


def below_par(person, on):
    """A Shortage for each station of a person's with places below par: what they lack together."""
    usable = Count("kits", filter=need.serviceable(on, "kits__"))
    places = (
        Holder.objects.in_use()
        .filter(theirs(person), kind__in=PLACES, par_min__gt=0)
        .annotate(usable=usable)
        .filter(usable__lt=F("par_min"))
        .select_related("station")
    )
    lacking = {}
    for place in places:
        have, number = lacking.get(place.station, (0, 0))
        lacking[place.station] = (have + place.par_min - place.usable, number + 1)
    return [
        Shortage(
            station, kits * settings.KIT_DOSES,
            f"{number} place{'' if number == 1 else 's'} below par, short of {kits:,} kit{'' if kits == 1 else 's'}",
        )
        for station, (kits, number) in sorted(lacking.items(), key=lambda row: row[0].name)
    ]  # fmt: skip
