"""How ready places and stations are: every figure by the database, on each station's own day; one statement for all.

Kits and doses are counted, never milligrams. What lies in a point counts for the point, what people carry for their
station, a storeroom's stock for neither until somebody brings it. What is on its way or on order is named beside.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from django.conf import settings
from django.db import connection

from naloxone.models import Holder
from naloxone.models.need import IN_NEED_SQL, SERVICEABLE_SQL, STOCKED_SQL
from naloxone.readiness_rules import (
    LACK_WORDS,
    STATION_LACK_WORDS,
    WRONG,
    DrillResult,
    Lack,
    Stand,
    lacks,
)
from naloxone.rules import CARRIERS, PLACES, HolderKind

HORIZONS = (30, 60, 90)


def each(column):
    """A column of the statement for each horizon: {days} stands for its days."""
    return ", ".join(column.format(days=days) for days in HORIZONS)


PARTS = f"""
with day as (
    select id, region_id, time_zone, (%(now)s::timestamptz at time zone time_zone)::date as today
    from safety_portal_station
    where closed_on is null and (%(stations)s::bigint[] is null or id = any(%(stations)s))
), unit as materialized (
    select kit.station_id, kit.holder_id, kit.doses, kit.expires_on - station.today as days,
        {SERVICEABLE_SQL} as serviceable, {IN_NEED_SQL} as in_need
    from naloxone_kit kit join day station on station.id = kit.station_id
    where {STOCKED_SQL}
), stock as (
    select station_id, holder_id,
        count(*) filter (where serviceable) as serviceable,
        coalesce(sum(doses) filter (where serviceable), 0) as doses,
        count(*) filter (where in_need) as in_need,
        {each("count(*) filter (where serviceable and days >= {days}) as left_{days}")}
    from unit group by station_id, holder_id
), word as (
    select distinct on (risk.station_id, coalesce(risk.place_id, 0), risk.shift) risk.*
    from naloxone_atrisk risk join day on day.id = risk.station_id
    where risk.shift <= %(shifts)s
    order by risk.station_id, coalesce(risk.place_id, 0), risk.shift, risk.id desc
), risk as (
    select station_id, place_id, count(*) as shifts_known, min(counted_on) as counted_on,
        max(people) as people, max(dogs) as dogs,
        max(ceil(people::numeric / %(people_a_kit)s) + ceil(dogs::numeric / %(dogs_a_kit)s))::int as need
    from word group by station_id, place_id
), drill as (
    select place.id as place_id, newest.seconds, newest.result = %(in_hand)s as in_hand,
        newest.shift_on >= day.today - %(drill_days)s::int as is_fresh
    from naloxone_holder place join day on day.id = place.station_id
    cross join generate_series(1, %(shifts)s) as turn(shift)
    cross join lateral (
        select drill.seconds, drill.result, drill.shift_on from naloxone_drill drill
        where drill.place_id = place.id and drill.shift = turn.shift
        order by drill.occurred_at desc, drill.id desc limit 1
    ) newest
    where place.kind = any(%(places)s) and place.closed_on is null
), reach as (
    select place_id, max(seconds) as slowest,
        count(*) filter (where in_hand and is_fresh) as shown,
        count(*) filter (where not in_hand) as not_opened
    from drill group by place_id
), place as (
    select holder.id, holder.station_id, holder.name, holder.par_min as par, holder.access_mode,
        holder.place_type <> 'storeroom' as is_point, holder.kind = %(storage)s as is_storage,
        coalesce(stock.serviceable, 0) as serviceable, coalesce(stock.doses, 0) as doses,
        coalesce(stock.in_need, 0) as in_need,
        {each("coalesce(stock.left_{days}, 0) as left_{days}")},
        risk.people, risk.dogs, risk.need, coalesce(risk.shifts_known, 0) as shifts_known, risk.counted_on,
        coalesce(reach.shown, 0) as shown, coalesce(reach.not_opened, 0) as not_opened, reach.slowest
    from naloxone_holder holder
    join day on day.id = holder.station_id
    left join stock on stock.holder_id = holder.id
    left join risk on risk.place_id = holder.id
    left join reach on reach.place_id = holder.id
    where holder.kind = any(%(places)s) and holder.closed_on is null
)
"""

OF_STATIONS = (
    PARTS
    + f"""
, carried as (
    select stock.station_id, sum(stock.serviceable) as serviceable, sum(stock.doses) as doses,
        sum(stock.in_need) as in_need,
        {each("sum(stock.left_{days}) as left_{days}")}
    from stock join naloxone_holder holder on holder.id = stock.holder_id
    where holder.kind = any(%(carriers)s)
    group by stock.station_id
), coming as (
    select box.destination_id as station_id, count(*) as kits
    from naloxone_consignment box join naloxone_consignmentline line on line.consignment_id = box.id
    where box.ended_at is null and line.arrival is null
    group by box.destination_id
), brought as (
    select line_id, sum(doses) as doses from naloxone_orderreceipt group by line_id
), ordered as (
    select line.station_id,
        sum(greatest(line.cartons * asked.doses_per_carton - coalesce(brought.doses, 0), 0)) as doses
    from naloxone_orderline line join naloxone_order asked on asked.id = line.order_id
    left join brought on brought.line_id = line.id
    where not exists (select from naloxone_orderend ending where ending.order_id = line.order_id)
    group by line.station_id
), points as (
    select station_id, count(*) filter (where is_storage) as stores,
        count(*) filter (where is_point) as points,
        count(*) filter (where is_point and serviceable > 0) as points_serviceable,
        count(*) filter (where is_point and serviceable = 0 and in_need > 0) as points_in_need,
        count(*) filter (where is_point and serviceable = 0 and in_need = 0) as points_none,
        count(*) filter (where is_point and serviceable < need) as points_short,
        count(*) filter (where serviceable < par) as below_par,
        sum(greatest(par - serviceable, 0)) as short_of_par,
        sum(par) filter (where is_point) as par, sum(par) as par_in_all,
        sum(serviceable) filter (where is_point) as serviceable,
        sum(doses) filter (where is_point) as doses,
        sum(in_need) filter (where is_point) as in_need,
        sum(serviceable) filter (where not is_point) as in_store,
        {each("sum(left_{days}) filter (where is_point) as left_{days}")},
        {each("count(*) filter (where is_point and left_{days} < greatest(par, need)) as short_{days}")},
        sum(shown) filter (where is_point) as shown,
        sum(not_opened) filter (where is_point) as not_opened
    from place group by station_id
)
select day.id as key, station.name, station.code, station.state, day.region_id, region.component_id,
    region.name as region, day.today,
    coalesce(points.stores, 0) as stores, coalesce(points.points, 0) as points, coalesce(points.points_serviceable, 0) as points_serviceable,
    coalesce(points.points_in_need, 0) as points_in_need, coalesce(points.points_none, 0) as points_none,
    coalesce(points.points_short, 0) as points_short, coalesce(points.below_par, 0) as below_par, coalesce(points.short_of_par, 0) as short_of_par,
    points.par, points.par_in_all,
    (coalesce(points.serviceable, 0) + coalesce(carried.serviceable, 0))::int as serviceable,
    (coalesce(points.doses, 0) + coalesce(carried.doses, 0))::int as doses,
    (coalesce(points.in_need, 0) + coalesce(carried.in_need, 0))::int as in_need,
    coalesce(carried.serviceable, 0)::int as carried, coalesce(points.in_store, 0)::int as in_store,
    {each("(coalesce(points.left_{days}, 0) + coalesce(carried.left_{days}, 0))::int as left_{days}")},
    {each("coalesce(points.short_{days}, 0) as short_{days}")},
    risk.people, risk.dogs, risk.need, coalesce(risk.shifts_known, 0) as shifts_known, risk.counted_on,
    coalesce(points.shown, 0)::int as shown, coalesce(points.not_opened, 0)::int as not_opened,
    coalesce(coming.kits, 0) as coming, coalesce(ordered.doses, 0)::int as doses_on_order
from day
join safety_portal_station station on station.id = day.id
join safety_portal_region region on region.id = day.region_id
left join points on points.station_id = day.id
left join carried on carried.station_id = day.id
left join risk on risk.station_id = day.id and risk.place_id is null
left join coming on coming.station_id = day.id
left join ordered on ordered.station_id = day.id
order by lower(station.name), station.code
"""
)

OF_PLACES = (
    PARTS
    + """
select place.id as key, place.*, day.today, station.name as station
from place join day on day.id = place.station_id join safety_portal_station station on station.id = day.id
order by lower(station.name), lower(place.name), place.id
"""
)


def shifts():
    """How many shifts a day has."""
    return len(settings.SHIFT_STARTS)


class Line:
    """What a line of figures can say of itself, a place's or a station's."""

    lack_words = LACK_WORDS

    @property
    def asked(self):
        """How many pairs of place and shift must show that they open."""
        raise NotImplementedError

    @cached_property
    def lacks(self):
        since = self.today - dt.timedelta(days=settings.AT_RISK_DAYS)
        return lacks(self.stand, shifts=shifts(), fresh_since=since)

    @property
    def worst(self):
        return self.lacks[0] if self.lacks else None

    @property
    def words(self):
        """What is lacking, in words, the worst first."""
        return [self.lack_words[lack] for lack in self.lacks]

    @property
    def is_wrong(self):
        """Whether something is known to be wrong; else it may only be not known to be right."""
        return self.worst in WRONG

    @property
    def is_known(self):
        """Whether the number at risk is known of each shift."""
        return self.need is not None and self.shifts_known >= shifts()

    @property
    def is_stale(self):
        return Lack.STALE in self.lacks

    @property
    def wanted(self):
        """Kits that should be in reach: what its par asks for, or those at risk; None when neither is known."""
        known = [number for number in (self.par, self.need) if number is not None]
        return max(known, default=None)

    def ahead(self):
        """(days, kits that are still in date then, whether that is too few) if nobody acts."""
        for days in HORIZONS:
            left = getattr(self, f"left_{days}")
            yield days, left, self.wanted is not None and left < self.wanted

    @property
    def stand_facts(self):
        names = (
            "serviceable",
            "need",
            "shifts_known",
            "counted_on",
            "shown",
            "not_opened",
            "asked",
        )
        return {name: getattr(self, name) for name in names}


@dataclass
class StationLine(Line):
    """How ready a station is: kits in reach are those in its points and on its people's belts."""

    lack_words: ClassVar = STATION_LACK_WORDS

    key: int
    name: str
    code: str
    state: str
    region_id: int
    component_id: int
    region: str
    today: dt.date
    stores: int
    points: int
    points_serviceable: int
    points_in_need: int
    points_none: int
    points_short: int
    below_par: int
    short_of_par: int
    par: int | None
    par_in_all: int | None  # with the storerooms'
    serviceable: int
    doses: int
    in_need: int
    carried: int
    in_store: int
    left_30: int
    left_60: int
    left_90: int
    short_30: int
    short_60: int
    short_90: int
    people: int | None
    dogs: int | None
    need: int | None
    shifts_known: int
    counted_on: dt.date | None
    shown: int
    not_opened: int
    coming: int
    doses_on_order: int

    def __str__(self):
        return self.name

    @property
    def asked(self):
        return self.points * shifts()

    @property
    def spare(self):
        """Kits that it has beyond what its places' par and those at risk need; less than none is a shortage.

        What lies in its storeroom is a move away, what is carried stays with its carrier, what comes is counted.
        """
        at_places = self.serviceable - self.carried + self.in_store
        beyond = [at_places - (self.par_in_all or 0)]
        if self.need is not None:
            beyond.append(self.serviceable + self.in_store - self.need)
        return min(beyond)

    @property
    def lacking(self):
        """Kits that it is short of even when all arrive that are on their way."""
        return max(-self.spare - self.coming, 0)

    def ahead(self):
        """As of a place; too few at one place is too few, whatever others have."""
        for days, left, few in super().ahead():
            yield days, left, few or getattr(self, f"short_{days}") > 0

    @property
    def stand(self):
        return Stand(
            none=self.points_none, in_need=self.points_in_need, short=self.points_short,
            below_par=self.below_par, **self.stand_facts,
        )  # fmt: skip


@dataclass
class PlaceLine(Line):
    """How ready a place is."""

    key: int
    id: int
    station_id: int
    name: str
    par: int | None
    access_mode: str
    is_point: bool
    is_storage: bool
    serviceable: int
    doses: int
    in_need: int
    left_30: int
    left_60: int
    left_90: int
    people: int | None
    dogs: int | None
    need: int | None
    shifts_known: int
    counted_on: dt.date | None
    shown: int
    not_opened: int
    slowest: int | None
    today: dt.date
    station: str

    def __str__(self):
        return self.name

    @property
    def asked(self):
        return shifts() if self.is_point else 0

    @property
    def stand(self):
        empty = self.serviceable == 0
        return Stand(
            none=int(self.is_point and empty and not self.in_need),
            in_need=int(self.is_point and empty and self.in_need > 0),
            below_par=int(self.par is not None and self.serviceable < self.par),
            **self.stand_facts,
        )

    @cached_property
    def lacks(self):
        found = super().lacks
        if self.is_point:
            return found
        # Nobody works in a storeroom: it is stock, against its par.
        return [lack for lack in found if lack not in (Lack.UNKNOWN, Lack.STALE)]


def facts(now, stations):
    """What the statements take. `stations`: keys, or None for all."""
    return {
        "now": now, "stations": None if stations is None else list(stations),
        "places": [kind.value for kind in PLACES], "carriers": [kind.value for kind in CARRIERS],
        "storage": HolderKind.STORAGE.value, "shifts": shifts(), "people_a_kit": settings.PEOPLE_PER_KIT, "dogs_a_kit": settings.DOGS_PER_KIT,
        "in_hand": DrillResult.IN_HAND.value,
        "drill_days": settings.DRILL_DAYS,
    }  # fmt: skip


def _lines(statement, kind, now, stations):
    with connection.cursor() as cursor:
        cursor.execute(statement, facts(now, stations))
        names = [column.name for column in cursor.description]
        return [kind(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def of_stations(now, stations=None):
    """A StationLine of each station in use (`stations`: only of these keys), by name; one statement."""
    return _lines(OF_STATIONS, StationLine, now, stations)


def of_places(now, stations):
    """A PlaceLine of each place in use at some stations (keys), by station and name; one statement."""
    return _lines(OF_PLACES, PlaceLine, now, stations)


def of_place(place: Holder, now):
    """The line of one place; None when it is closed."""
    return next((line for line in of_places(now, [place.station_id]) if line.key == place.pk), None)
