"""What could go where before the last kit goes: which serviceable unit, from where. Reading only.

First expired first, of what is not needed where it is: a storeroom's stock, and what a place has over its par.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection
from django.db.models import Case, Count, Q, When

from naloxone.models import Holder, Kit, PlaceType, UnitKind, need, own_day
from naloxone.models.need import SERVICEABLE_SQL
from naloxone.rules import HolderKind
from safety_portal.people import Station


@dataclass(frozen=True)
class Spare:
    """A serviceable unit that is not needed where it is."""

    key: int
    is_canine: bool
    expires_on: dt.date
    place_key: int
    place: str
    station_key: int
    station: str

    @property
    def reference(self):
        return f"K-{self.key}"

    def __str__(self):
        return f"{self.reference} from {self.place}"


@dataclass
class Swap:
    """A place without anything serviceable: what it has, what could take its place, or who else has some."""

    place: Holder
    old: list = field(default_factory=list)
    new: list = field(default_factory=list)
    far: Spare | None = None

    @property
    def state(self):
        """What the place has, as half a sentence."""
        if not self.old:
            return f"{self.place} has nothing that would work in need"
        kits = "1 kit" if len(self.old) == 1 else f"{len(self.old)} kits"
        return f"{self.place} has {kits} usable in need and none serviceable"

    @property
    def sentence(self):
        """What to do about it."""
        if self.new:
            what = " and ".join(map(str, self.new))
            if not self.old:
                return f"{self.state}: put {what} there"
            return f"{self.state}: swap {'it' if len(self.old) == 1 else 'them'} with {what}"
        if self.far:
            return f"{self.state}, nor is any to spare here: {self.far.station} could send {self.far.reference}"
        return f"{self.state}, nor is any to spare in the region"

    @property
    def new_codes(self):
        return ",".join(spare.reference for spare in self.new)

    @property
    def old_codes(self):
        return ",".join(kit.reference for kit in self.out)

    @property
    def out(self):
        """Those of the old that are replaced: one for one, first expired first."""
        return self.old[: len(self.new)]


def bare(places, now):
    """Those of some places that keep kits ready and have nothing serviceable, counted: `serviceable`, `in_need`."""
    day = own_day(now)
    counts = {
        "serviceable": Count("kits", filter=need.serviceable(day, "kits__")),
        "in_need": Count("kits", filter=need.in_need(day, "kits__")),
    }
    return places.in_use().keeping_ready().annotate(**counts).filter(serviceable=0)


# Each place keeps its par, and one where kits stand ready: what is over that may go, first expired first. What is
# about to expire itself comes last: it would have to be swapped again.
SPARE = f"""
select id, kind, expires_on, place_id, place, station_id, station from (
    select kit.id, kit.kind, kit.expires_on, place.id as place_id, place.name as place,
           station.id as station_id, station.name as station,
           row_number() over (partition by place.id order by kit.expires_on, kit.id) as turn,
           count(*) over (partition by place.id) as there,
           greatest(coalesce(place.par_min, 0), (place.place_type <> 'storeroom')::int) as kept,
           place.place_type = 'storeroom' as stored
    from naloxone_kit kit
    join naloxone_holder place on place.id = kit.holder_id and place.kind = 'storage'
    join safety_portal_station station on station.id = place.station_id
    where place.station_id = any(%(stations)s) and place.id <> all(%(places)s) and {SERVICEABLE_SQL}
      and not exists (
          select from naloxone_handoverline line where line.kit_id = kit.id and line.outcome is null
      )
) ready
where turn <= there - kept
order by expires_on <= %(soon)s, stored desc, expires_on, id
limit %(most)s
"""
MOST_SPARES = 500


def spares(stations, now, but=()):
    """Spare units at stations, the best first; none from the places `but`."""
    soon = now.date() + dt.timedelta(days=max(settings.EXPIRY_SWAP_DAYS))
    with connection.cursor() as cursor:
        cursor.execute(
            SPARE,
            {"stations": list(stations), "places": list(but), "now": now, "soon": soon, "most": MOST_SPARES},
        )  # fmt: skip
        for key, kind, *rest in cursor.fetchall():
            yield Spare(key, kind == UnitKind.CANINE_KIT, *rest)


def swaps(places, now):
    """A Swap for each of some places, in their order; no unit is proposed twice. Two queries."""
    places = list(places)
    if not places:
        return []
    old = defaultdict(list)
    here = Kit.objects.filter(need.in_need(own_day(now)), holder__in=places)
    for kit in here.first_expired_first():
        old[kit.holder_id].append(kit)
    left = list(spares({p.station_id for p in places}, now, [p.pk for p in places]))
    return [one_swap(place, old[place.pk], left) for place in places]


def one_swap(place, old, left):
    """The Swap of one place; what it takes is no longer among those left."""
    found = Swap(place, old)
    wanted = [kit.kind == UnitKind.CANINE_KIT for kit in old] or [False] * max(
        place.par_min or 1, 1
    )
    for is_canine in wanted:
        fits = (
            spare
            for spare in left
            if spare.station_key == place.station_id and spare.is_canine == is_canine
        )
        if spare := next(fits, None):
            left.remove(spare)
            found.new.append(spare)
    return found


def swap_for(place, old, now):
    """The Swap of some units at a place for what its station has to spare, one for one."""
    return one_swap(place, old, list(spares([place.station_id], now, [place.pk])))


def swap_at(place, now):
    """The Swap of one place; where its station has nothing to spare, the nearest to hand in the region."""
    [found] = swaps([place], now)
    if not found.new:
        wants_canine = bool(found.old) and found.old[0].kind == UnitKind.CANINE_KIT
        near = Station.objects.in_use().filter(region=place.station.region_id)
        near = near.exclude(pk=place.station_id)
        far = spares(near.values_list("pk", flat=True), now)
        found.far = next((spare for spare in far if spare.is_canine == wants_canine), None)
    return found


def store_for(swap):
    """Where what comes out goes: the storeroom from which the new one comes, else another place of the station."""
    source = swap.new[0].place_key if swap.new else 0
    return stores_of(swap.place.station_id, source=source).exclude(pk=swap.place.pk).first()


def stores_of(station, *, source=0):
    """Places of a station where kits can be put, storerooms first; `source` is the place from which a new one comes."""
    stores = Holder.objects.in_use().filter(kind=HolderKind.STORAGE, station=station)
    storeroom_first = Case(
        When(place_type=PlaceType.STOREROOM, pk=source, then=0),
        When(place_type=PlaceType.STOREROOM, then=1),
        When(pk=source, then=2),
        default=3,
    )
    return stores.order_by(storeroom_first, "name")


def bare_among(kits, now):
    """Places that hold some of these units and have nothing serviceable."""
    return bare(Holder.objects.filter(pk__in={kit.holder_id for kit in kits}), now).filter(
        Q(in_need__gt=0)
    )
