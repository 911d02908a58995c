"""A lot traced: how many of its doses are where, what was given and what failed, and how a recall of it goes on."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import F, OuterRef, Q, Subquery

from naloxone.models import DoseDetail, Fault, UseBinding, UseDose
from naloxone.rules import CARRIERS, GONE, LOST, HolderKind, State
from safety_portal.access import EVERYWHERE
from safety_portal.people import Station

# Every unit that holds doses of a lot, or gave or wasted one. Emptied cartons whose doses went into kits are none.
UNITS = """
with units as (
    select kit_id from naloxone_device where lot_id = %(lot)s and kit_id is not null
    union
    select event.kit_id
    from naloxone_device device
    join naloxone_custodyline line on line.device_id = device.id and line.unit_id is null
    join naloxone_custodyevent event on event.id = line.event_id and event.kind = any('{used,wasted}')
    where device.lot_id = %(lot)s and device.kit_id is null
)
"""
HERE = "(%(everywhere)s or kit.station_id = any(%(stations)s))"
PLACED = (
    UNITS
    + f"""
select kit.station_id, holder.kind, kit.state, count(*), coalesce(sum(doses.n), 0)
from units
join naloxone_kit kit on kit.id = units.kit_id
join naloxone_holder holder on holder.id = kit.holder_id
left join (select kit_id, count(*) n from naloxone_device where lot_id = %(lot)s group by kit_id) doses
    on doses.kit_id = kit.id
where {HERE}
group by 1, 2, 3
"""
)
# Of a dose that was given, taken back and given again, the last of it counts.
SPENT = """
select station_id, kind, count(*) from (
    select distinct on (device.id) event.station_id, event.kind
    from naloxone_device device
    join naloxone_custodyline line on line.device_id = device.id and line.unit_id is null
    join naloxone_custodyevent event on event.id = line.event_id
    where device.lot_id = %(lot)s and device.kit_id is null
    order by device.id, event.id desc
) kit
where (%(everywhere)s or kit.station_id = any(%(stations)s))
group by 1, 2
"""
# What was recalled then or when it was found again; and what nobody could recall because nobody knew where it was.
RECALLED = (
    UNITS
    + f"""
select kit.station_id, holder.kind, kit.state, count(*)
from units
join naloxone_kit kit on kit.id = units.kit_id
join naloxone_holder holder on holder.id = kit.holder_id
where {HERE} and (kit.state = any('{{missing,written_off}}') or exists (
    select from naloxone_custodyevent event where event.kit_id = kit.id and event.state = 'recalled'))
group by 1, 2, 3
"""
)


def ask(text, lot, stations):
    """Rows of one of the questions above, for stations (keys, or EVERYWHERE)."""
    everywhere = stations is EVERYWHERE
    told = {
        "lot": lot.pk,
        "everywhere": everywhere,
        "stations": [] if everywhere else sorted(stations),
    }
    with connection.cursor() as cursor:
        cursor.execute(text, told)
        return cursor.fetchall()


# --- doses -----------------------------------------------------------------------------------------------


AT = {HolderKind.VEHICLE: "vehicles", HolderKind.IN_TRANSIT: "away"}


@dataclass
class Doses:
    """Doses of one lot, at one station or in all: where each of them is now, or where it was given, wasted or ended."""

    station: str = ""
    key: int | None = None
    units: int = 0  # that still hold doses in the agency's hands
    carried: int = 0  # with people and dog teams
    vehicles: int = 0
    places: int = 0
    away: int = 0  # on its way to another station
    missing: int = 0  # written off too
    given: int = 0
    wasted: int = 0
    ended: int = 0  # destroyed or passed on

    figures = (
        "units", "carried", "vehicles", "places", "away", "missing", "given", "wasted", "ended",
    )  # fmt: skip

    def add(self, other):
        for name in self.figures:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def hold(self, kind, state, units, doses):
        """Count doses that are in units."""
        if kind == HolderKind.MISSING:
            where = "missing"
        elif state in GONE:
            where = "ended"
        elif kind in CARRIERS:
            where = "carried"
        else:
            where = AT.get(kind, "places")
        setattr(self, where, getattr(self, where) + doses)
        if where not in ("ended", "missing") and doses:
            self.units += units

    @property
    def total(self):
        return sum(getattr(self, name) for name in self.figures[1:])


def doses_of(lot, stations):
    """([Doses a station, by name], their sum)."""
    found = defaultdict(Doses)
    for station, kind, state, units, doses in ask(PLACED, lot, stations):
        found[station].hold(kind, State(state), units, doses)
    for station, kind, doses in ask(SPENT, lot, stations):
        one = found[station]
        one.given += doses if kind == "used" else 0
        one.wasted += doses if kind == "wasted" else 0
    whole = Doses("All")
    for key, name in Station.objects.filter(pk__in=found).values_list("pk", "name"):
        found[key].station, found[key].key = name, key
        whole.add(found[key])
    return sorted(found.values(), key=lambda one: one.station.lower()), whole


# --- how a recall goes on --------------------------------------------------------------------------------


@dataclass
class Progress:
    """Units that a recall reached: how many are back at a place or gone for good, where the others are."""

    out: int = 0  # with people, dog teams, in vehicles and on their way
    back: int = 0  # in a place, to be sent back or destroyed
    ended: int = 0  # destroyed, sent back, or emptied
    missing: int = 0
    stations: set = field(default_factory=set)  # keys of those that still have some out

    @property
    def total(self):
        return self.out + self.back + self.ended + self.missing

    @property
    def done(self):
        return self.back + self.ended

    @property
    def is_over(self):
        """Whether the last one is destroyed or sent back; what is missing is searched for apart."""
        return not self.out and not self.back


def progress_of(lot, stations):
    """The Progress of a lot's recall at stations."""
    found = Progress()
    for station, kind, state, units in ask(RECALLED, lot, stations):
        where = where_now(State(state), kind)
        setattr(found, where, getattr(found, where) + units)
        if where == "out":
            found.stations.add(station)
    return found


def where_now(state, kind):
    """Which figure of Progress a recalled unit counts to."""
    if state in LOST:
        return "missing"
    if state in GONE:
        return "ended"
    return "back" if kind == HolderKind.STORAGE else "out"


# --- doses given -----------------------------------------------------------------------------------------


def uses_of(lot):
    """Doses told of as given that are of a lot: by the record of their unit, or as told while that is not known."""
    by_record = UseBinding.objects.filter(undone_at=None, event__lines__device__lot=lot)
    return UseDose.objects.filter(
        Q(lot=lot) | Q(lot=None, pk__in=by_record.values("dose"))
    ).annotate(
        fault=Subquery(
            DoseDetail.objects.filter(dose=OuterRef("pk")).order_by("-pk").values("fault")[:1]
        ),
        bound=Subquery(
            UseBinding.objects.filter(dose=OuterRef("pk"), undone_at=None).values("pk")[:1]
        ),
    )


@dataclass
class Tally:
    """What was told of a lot's doses: how many, how many of them no unit's record has yet, what failed how often."""

    doses: int = 0
    unbound: int = 0
    asked: int = 0  # whose device somebody was asked about
    faults: dict = field(default_factory=dict)  # label → doses, the most frequent first

    @property
    def failed(self):
        return sum(self.faults.values())


def tally_of(uses):
    """The Tally of some doses (of uses_of)."""
    found, faults = Tally(), defaultdict(int)
    for fault, bound in uses.order_by().values_list("fault", F("bound")):
        found.doses += 1
        found.unbound += bound is None
        found.asked += fault is not None
        if fault not in (None, Fault.NONE):
            faults[Fault(fault).label] += 1
    found.faults = dict(sorted(faults.items(), key=lambda pair: (-pair[1], pair[0])))
    return found
