"""Figures of stock and of inspections by place: each a query or two, whatever the number of kits."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Min, Q

from naloxone.inspection_rules import INSPECTED, INSPECTION_DAYS, inspection_due_on
from naloxone.models import HALF_USED, Holder, Kit, PlaceType, UnitKind, need
from naloxone.rules import PLACES, HolderKind, State
from safety_portal.people import Station

CARRIED = "Carried by people and dogs"
AWAY = "On their way to another station"
SOON, LATER = 30, 90  # days to the expiry


def due(on):
    """The condition for units whose inspection is due on a day or was before."""
    return Q(checked_on__lte=on - dt.timedelta(days=INSPECTION_DAYS))


def overdue(on):
    """The condition for units whose inspection was due before a day."""
    return Q(checked_on__lt=on - dt.timedelta(days=INSPECTION_DAYS))


# --- rounds --------------------------------------------------------------------------------------


@dataclass
class Round:
    """How far the inspections at a place are: how many units are to be inspected, how many of them are due."""

    station: str
    station_key: int
    place: str
    place_key: int | None  # none: carried by people and dogs of the station
    total: int = 0
    due: int = 0
    overdue: int = 0
    first_due_on: dt.date | None = None

    @property
    def checked(self):
        return self.total - self.due

    def add(self, row):
        self.total += row["total"]
        self.due += row["n_due"]
        self.overdue += row["n_overdue"]
        if row["first"] and row["n_due"]:
            day = inspection_due_on(row["first"])
            self.first_due_on = min(self.first_due_on or day, day)


def figures(on):
    return {
        "total": Count("pk"),
        "n_due": Count("pk", filter=due(on)),
        "n_overdue": Count("pk", filter=overdue(on)),
        "first": Min("checked_on"),
    }


def rounds(kits, on):
    """The rounds of some units' places, those overdue longest first; carriers of a station are one."""
    rows = list(kits.to_inspect().order_by().values("station", "holder").annotate(**figures(on)))
    # Names for the few that are left: sorted into groups with them, every unit would carry them along.
    keys = {row["holder"] for row in rows}
    names = Holder.objects.filter(pk__in=keys).values_list("pk", "name", "kind")
    holders = {
        key: (name, key) if kind in PLACES else (CARRIED, None)
        for key, name, kind in names
        if kind != HolderKind.IN_TRANSIT
    }
    keys = {row["station"] for row in rows}
    stations = dict(Station.objects.filter(pk__in=keys).values_list("pk", "name"))
    found = {}
    for row in rows:
        if row["holder"] not in holders:
            continue  # on its way: it is looked at where it arrives
        one = Round(stations[row["station"]], row["station"], *holders[row["holder"]])
        found.setdefault((one.station_key, one.place_key), one).add(row)
    never = dt.date.max
    return sorted(
        found.values(), key=lambda one: (one.first_due_on or never, one.station, one.place)
    )


def round_at(holder, on):
    """The round of one holder."""
    one = Round(str(holder.station), holder.station_id, str(holder), holder.pk)
    one.add(Kit.objects.filter(holder=holder).to_inspect().aggregate(**figures(on)))
    return one


# --- stock ---------------------------------------------------------------------------------------


@dataclass
class Stock:
    """What is at a place or station: serviceable, usable in need, neither; `short` is what its places lack to par."""

    name: str
    key: int | None = None
    par: int | None = None
    serviceable: int = 0
    in_need: int = 0
    neither: int = 0
    opened: int = 0
    half_used: int = 0
    held: int = 0
    expired: int = 0
    soon: int = 0
    later: int = 0
    overdue: int = 0
    short: int = 0

    counts = (
        "serviceable", "in_need", "neither", "opened", "half_used", "held", "expired", "soon", "later", "overdue",
    )  # fmt: skip

    def add(self, row):
        for name in self.counts:
            setattr(self, name, getattr(self, name) + row[name])

    def add_place(self, place):
        """One of its places. What one has too much is of no use at another, so `short` is added up by itself."""
        self.add(vars(place))
        self.short += place.short
        if place.par is not None:
            self.par = (self.par or 0) + place.par

    @property
    def difference(self):
        """Serviceable less par; None without a par."""
        return None if self.par is None else self.serviceable - self.par


def count_by_holder(kits, on):
    """(station key, holder key, counts) of some units, in one pass over them.

    A join with their holders, to leave out cartons of storerooms, would be a third of it: they are counted
    apart, and taken off where the place is known.
    """
    fresh = need.serviceable(on)
    until = {days: Q(expires_on__lte=on + dt.timedelta(days=days)) for days in (SOON, LATER)}
    return (
        kits.stocked()
        .order_by()
        .values("station", "holder")
        .annotate(
            serviceable=Count("pk", filter=fresh),
            in_need=Count("pk", filter=need.in_need(on)),
            neither=Count("pk", filter=need.neither()),
            opened=Count("pk", filter=Q(state=State.OPENED)),
            half_used=Count("pk", filter=HALF_USED),
            held=Count("pk", filter=Q(state__in=[State.HELD, State.QUARANTINE, State.RECALLED])),
            expired=Count("pk", filter=Q(expires_on__lt=on)),
            soon=Count("pk", filter=fresh & until[SOON]),
            later=Count("pk", filter=fresh & until[LATER]),
            overdue=Count("pk", filter=Q(state__in=INSPECTED) & overdue(on)),
            overdue_cartons=Count(
                "pk",
                filter=Q(state__in=INSPECTED, kind=UnitKind.CARTON) & overdue(on),
            ),
        )
    )


def stock_by_place(places, kits, on):
    """{station key: its places' stock in the order of `places`, then what its people carry}; `places` with what one sees of them."""
    found = {p.pk: (p.station_id, Stock(p.name, p.pk, p.par_min)) for p in places}
    storerooms = {p.pk for p in places if p.place_type == PlaceType.STOREROOM}
    carried = defaultdict(lambda: Stock(CARRIED))
    away = defaultdict(lambda: Stock(AWAY))
    under_way = Holder.objects.values_list("pk", flat=True).get(kind=HolderKind.IN_TRANSIT)
    for row in count_by_holder(kits, on):
        if row["holder"] in storerooms:
            row["overdue"] -= row["overdue_cartons"]
        if row["holder"] == under_way:
            row["overdue"] = 0  # nobody can look at them now
            away[row["station"]].add(row)
            continue
        known = found.get(row["holder"])
        (known[1] if known else carried[row["station"]]).add(row)
    by_station = defaultdict(list)
    for station, stock in found.values():
        stock.short = max((stock.par or 0) - stock.serviceable, 0)
        by_station[station].append(stock)
    for station, stock in (*carried.items(), *away.items()):
        by_station[station].append(stock)
    return by_station


def total(stocks, name="All", key=None):
    """The sum of some stocks."""
    whole = Stock(name, key)
    for stock in stocks:
        whole.add_place(stock)
    return whole
