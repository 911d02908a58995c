"""What shortages are covered, and until when: the one place that says which alerts of stock stay silent.

A line of an order covers what it names until its day; from then on only what came does. A booking of a plan covers in the
same way what it sends away or swaps. Boxes on their way cover places below par at the station they go to until the day
they are expected there.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection

from naloxone.order_rules import Cover, CoverLine, Covers
from naloxone.plan_rules import BookingKind
from naloxone.rules import State

# Lines whose month of expiry is over cover nothing any more; those for places end with their day, and are looked at
# for a while longer so that the alert can say that they were due.
LINES = """
select line.station_id, line.covers_month, line.covers_place_id,
    line.cartons * ordered.doses_per_carton,
    coalesce((select sum(receipt.doses) from naloxone_orderreceipt receipt where receipt.line_id = line.id), 0),
    line.shortage,
    (select due.due_on from naloxone_orderdue due where due.order_id = line.order_id order by due.id desc limit 1),
    exists (select from naloxone_orderend ended where ended.order_id = line.order_id)
from naloxone_orderline line join naloxone_order ordered on ordered.id = line.order_id
where line.covers = %s and (line.covers_month >= %s or line.covers_month is null and line.recorded_at > %s)
order by line.id
"""
# What is booked about kits of a month: covered until the day, and for good once it was done.
BOOKED = """
select booking.station_id, plan.month, booking.kind, booking.doses,
    case when ended.done then booking.doses else 0 end, booking.shortage, booking.by_on,
    ended.id is not null
from naloxone_booking booking join naloxone_expiryplan plan on plan.id = booking.plan_id
left join naloxone_bookingend ended on ended.booking_id = booking.id
where plan.month >= %s
order by booking.id
"""
COMING = """
select box.destination_id, box.expected_on, sum(kit.doses)
from naloxone_consignment box
join naloxone_consignmentline line on line.consignment_id = box.id and line.arrival is null
join naloxone_kit kit on kit.id = line.kit_id and kit.state = %s and kit.expires_on > box.expected_on
where box.ended_at is null
group by box.id
"""


def lines_for(covers, now):
    """(station key, month, place key, CoverLine) of every line that still says something; one query."""
    first = now.date().replace(day=1) - dt.timedelta(days=1)
    since = now - dt.timedelta(days=settings.ORDER_REMEMBERED_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(LINES, [covers.value, first.replace(day=1), since])
        for station, month, place, ordered, received, shortage, due_on, ended in cursor.fetchall():
            yield station, month, place, CoverLine(ordered, received, shortage, due_on, ended)


def bookings(now):
    """(station key, month, kind, CoverLine) of every booking that still says something; one query."""
    first = now.date().replace(day=1) - dt.timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(BOOKED, [first.replace(day=1)])
        for station, month, kind, doses, done, shortage, by_on, ended in cursor.fetchall():
            yield station, month, kind, CoverLine(doses, done, shortage, by_on, ended)


def of_expiries(days, now):
    """{(station key, first of the month): Cover} on each station's own day (`days`: station key → day)."""
    found = defaultdict(Cover)
    for station, month, _, line in lines_for(Covers.EXPIRY, now):
        found[station, month] = found[station, month].and_of(line, days[station])
    for station, month, _, line in bookings(now):
        found[station, month] = found[station, month].and_of(line, days[station])
    return dict(found)


def of_swaps(days, now):
    """{(station key, first of the month): doses} that are to be swapped on a day that is booked and not past."""
    found = defaultdict(int)
    for station, month, kind, line in bookings(now):
        if kind == BookingKind.SWAP and not line.ended and days[station] < line.due_on:
            found[station, month] += line.ordered
    return dict(found)


@dataclass
class PlaceCovers:
    """Doses that come for places below par: for one place, for any of a station; and where some were due and have not come."""

    place: dict = field(default_factory=dict)  # key → Cover
    station: dict = field(default_factory=dict)  # key → doses still free
    late: set = field(default_factory=set)  # keys of stations

    def take(self, station, place, lacking):
        """Whether all that a place lacks (doses) is covered. What it takes of its station's is gone for the next."""
        own = self.place.get(place, 0)
        rest = max(lacking - own, 0)
        if rest > self.station.get(station, 0):
            return False
        self.station[station] = self.station.get(station, 0) - rest
        return True


def of_places(days, now):
    """What covers places below par on each station's own day. What has come is in a place, and counted there."""
    found = PlaceCovers()
    for station, _, place, line in lines_for(Covers.PAR, now):
        if line.ended or line.received >= line.ordered:
            continue
        if days[station] >= line.due_on:
            found.late.add(station)
            continue
        kept, key = (found.place, place) if place else (found.station, station)
        kept[key] = kept.get(key, 0) + line.ordered - line.received
    with connection.cursor() as cursor:
        cursor.execute(COMING, [State.IN_SERVICE.value])
        for station, expected_on, doses in cursor.fetchall():
            if days[station] < expected_on:
                found.station[station] = found.station.get(station, 0) + doses
    return found
