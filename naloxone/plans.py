"""The expiry plan of a person's stations: what expires when, how much is used, and what is proposed. Reading only."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Case, Count, F, Q, Sum, When
from django.utils import timezone

from naloxone import covers
from naloxone.models import Booking, Holder, Kit, Lot, PlaceType, Product, UseDose
from naloxone.models.need import TRAINER
from naloxone.models.uses import OUTSIDE
from naloxone.plan_rules import Cell, Days, Part, Planner, Rate
from naloxone.rules import PLACES, UNUSED, HolderKind, State
from naloxone.shortages import month_after
from safety_portal import access
from safety_portal.people import Station

YEAR = dt.timedelta(days=365)
# Stock on which no place relies lies in storerooms, over their par. What may go out of it today is in service.
STORED = Q(holder__kind__in=PLACES, holder__place_type=PlaceType.STOREROOM)
READY_TO_GO = Q(state=State.IN_SERVICE, works=True)


@dataclass
class Plan:
    """What expires in the months ahead at some stations, and what to do about it."""

    on: dt.date
    months: list
    stations: list  # those where something expires within the months, or that use something
    rates: dict  # station key → Rate
    todos: dict = field(default_factory=dict)  # (station key, month) → Todo
    products: dict = field(
        default_factory=dict
    )  # (station key, month) → the product most doses are of
    lots: dict = field(default_factory=dict)
    places: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)  # station key → Station

    def of_month(self, month):
        """The Todos of one month that ask for something."""
        found = (todo for (_, when), todo in self.todos.items() if when == month)
        return [todo for todo in found if not todo.is_empty]


def months_from(on, number):
    """The first days of so many months, this one first."""
    found = [on.replace(day=1)]
    while len(found) < number:
        found.append(month_after(found[-1]))
    return found


def lead_of(product):
    """Days from an order to its delivery."""
    return settings.ORDER_LEAD_DAYS_BY_NDC.get(product.ndc, settings.ORDER_LEAD_DAYS)


def days_for(product):
    return Days(
        lead=lead_of(product), safety=settings.ORDER_SAFETY_DAYS, send=settings.PLAN_SEND_DAYS,
        swap=max(settings.EXPIRY_SWAP_DAYS), good_for=min(settings.EXPIRY_ORDER_DAYS),
    )  # fmt: skip


def rates_of(stations, now):
    """station key → Rate, from the doses of ours that were given there in the last twelve months."""
    doses = UseDose.objects.filter(report__station__in=stations, given_at__gt=now - YEAR)
    counts = dict(
        doses.exclude(told_code=OUTSIDE)
        .order_by()
        .values_list("report__station")
        .annotate(n=Count("pk"))
    )
    known = {}  # few different counts, many stations
    for count in {0, *counts.values()}:
        known[count] = Rate.of(count)
    return {key: known[counts.get(key, 0)] for key in stations}


def stock_rows(here, on):
    """What is there and has not expired, by station, storeroom, lot and day; one query."""
    kits = Kit.objects.filter(here, state__in=UNUSED, doses__gt=0, expires_on__gte=on).exclude(
        kind=TRAINER
    )
    kits = kits.exclude(holder__kind=HolderKind.IN_TRANSIT)
    return (
        kits.order_by()
        .annotate(store=Case(When(STORED, then=F("holder"))))
        .values("station", "store", "lot", "lot__product", "expires_on")
        .annotate(
            kits=Count("pk"), sum=Sum("doses"), go=Sum("doses", filter=READY_TO_GO),
            go_kits=Count("pk", filter=READY_TO_GO),
        )
    )  # fmt: skip


def gathered(rows, pars, horizon):
    """(cells by station and month, storeroom stock by station, doses by product of each cell).

    `pars`: storeroom → the doses that stay there. What is over that, first expired first, is stock.
    """
    cells, later, products = {}, defaultdict(list), defaultdict(lambda: defaultdict(int))
    over = defaultdict(int)
    for row in rows:
        over[row["store"]] += row["go"] or 0
    for store, kept in pars.items():
        over[store] -= kept
    for row in sorted(rows, key=lambda row: (row["expires_on"], row["lot"], row["store"] or 0)):
        station, day = row["station"], row["expires_on"]
        kits, go = stock_of(row, over)
        over[row["store"]] -= go
        if go:
            later[station].append((day, go))
        if day >= horizon:
            continue
        key = (station, day.replace(day=1))
        cell = cells.setdefault(key, Cell(station, key[1], day))
        products[key][row["lot__product"]] += row["sum"]
        if go:
            cell.parts.append(Part(row["store"], row["lot"], kits, go))
        cell.ready += row["sum"] - go
    return cells, later, products


def stock_of(row, over):
    """(units, doses) of a row that may go out: nothing from where kits stand ready, nothing held or unchecked."""
    if row["store"] is None or not row["go"]:
        return 0, 0
    each = row["go"] // row["go_kits"]
    kits = max(min(row["go_kits"], over[row["store"]] // each), 0)
    return kits, kits * each


def plan_for(person, permission, now=None):
    """The Plan of the stations where a person has a permission; the same number of queries however many they are."""
    now = now or timezone.now()
    on = person.station.today(now)
    months = months_from(on, settings.PLAN_MONTHS)
    rows = list(stock_rows(access.within(person, permission), on))
    places = Holder.objects.in_bulk({row["store"] for row in rows} - {None})
    pars = {key: (place.par_min or 0) * settings.KIT_DOSES for key, place in places.items()}
    cells, later, products = gathered(rows, pars, month_after(months[-1]))
    names = {one.pk: one for one in access.stations_where(person, permission)}
    days = {one.pk: one.today(now) for one in Station.objects.all()}
    covered = covers.of_expiries(days, now)
    for key, cell in cells.items():
        if key in covered:
            cell.covered = covered[key].silent(cell.doses)
    rates = rates_of(list(names), now)
    known = Product.objects.in_bulk({key for found in products.values() for key in found})
    usual = {
        key: known[max(found, key=lambda one: (found[one], one))] for key, found in products.items()
    }
    todos = Planner(cells.values(), later, rates, on=on).plan(
        {key: days_for(usual[key]) for key in cells}
    )
    parts = [part for cell in cells.values() for part in cell.parts]
    shown = {key for key, _ in cells} | {key for key, rate in rates.items() if rate.uses}
    return Plan(
        on=on, months=months, rates=rates, names=names, products=usual,
        stations=sorted((names[key] for key in shown), key=lambda one: one.name),
        todos={(todo.cell.station, todo.cell.month): todo for todo in todos},
        lots=Lot.objects.in_bulk({part.lot for part in parts}),
        places=places,
    )  # fmt: skip


def open_bookings(person):
    return Booking.objects.visible_to(person).open().with_names().nearest_first()
