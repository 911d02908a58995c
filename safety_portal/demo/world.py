"""The stage on which the stories happen: a clock that looks back, places, lots, and who gives and takes."""

import datetime as dt
import heapq
import itertools
import random
import uuid
from collections import deque
from dataclasses import dataclass

from naloxone import actions
from naloxone.models import AccessMode, HandOverLine, Kit, PlaceType, Product
from safety_portal.access import Role
from safety_portal.demo import cast
from safety_portal.people import FacilityType, WorkAssignment, WorkRole

# Somebody who does only this carries no kit of their own.
AT_A_DESK = {
    WorkRole.SUPERVISOR, WorkRole.TRAINER, WorkRole.VAULT_CUSTODIAN, WorkRole.FLEET_FACILITY,
}  # fmt: skip
STORE = ("storage", "Storeroom", PlaceType.STOREROOM, AccessMode.KEY, 4)
# Beside the storeroom, by what kind of place the station is: kind, name, type, how it opens, par.
POINTS = {
    FacilityType.LAND_PORT: [
        ("storage", "Primary lanes cabinet", PlaceType.CABINET, AccessMode.TAMPER_SEAL, 2),
        ("storage", "Secondary inspection go-bag", PlaceType.GO_BAG, AccessMode.OPEN, 2),
        ("vehicle", "Vehicle 12", PlaceType.VEHICLE_CAB, AccessMode.KEY, 1),
    ],
    FacilityType.AIRPORT: [
        ("storage", "Baggage hall AED box", PlaceType.AED_BOX, AccessMode.OPEN, 2),
        ("storage", "Secondary rooms cabinet", PlaceType.CABINET, AccessMode.TAMPER_SEAL, 2),
    ],
    FacilityType.BORDER_PATROL_STATION: [
        ("vehicle", "Vehicle 31", PlaceType.VEHICLE_CAB, AccessMode.KEY, 1),
        ("vehicle", "Vehicle 32", PlaceType.VEHICLE_CAB, AccessMode.KEY, 1),
        ("storage", "Checkpoint cabinet", PlaceType.CABINET, AccessMode.CODE, 2),
    ],
    FacilityType.LABORATORY: [
        ("storage", "Laboratory corridor cabinet", PlaceType.CABINET, AccessMode.OPEN, 3),
        ("storage", "Evidence vault", PlaceType.VAULT, AccessMode.BADGE, 2),
    ],
}
ELSEWHERE = [
    ("storage", "Examination line cabinet", PlaceType.CABINET, AccessMode.TAMPER_SEAL, 2),
    ("storage", "Seized property vault", PlaceType.VAULT, AccessMode.CODE, 2),
]


# Where nobody has looked at the kits for more than thirty days: station, place.
UNSEEN = (("2304", "Vehicle 12"), ("2504", "Storeroom"))


@dataclass(frozen=True)
class Delivery:
    """What comes of one lot: its product, when it came and when it expires, counted from today."""

    letter: str
    product: Product
    days_ago: int
    expires_on: dt.date
    checked: bool

    @property
    def number(self):
        return f"EXAMPLE-{self.letter}"


class World:
    """What every story needs to know. The same moment and seed make the same history."""

    def __init__(self, people, now):
        self.cast, self.now = people, now
        self.random = random.Random(2026)
        self.lots = {lot.letter: lot for lot in read_lots(self.officer.station.today(now))}
        self.stock = {row.pop("station"): row for row in cast.rows("stock")}
        self.seals = itertools.count(700_101)
        self.waiting, self.turn = [], itertools.count()
        self.ways = {code: itertools.cycle(range(4)) for code in self.stock}
        self.stations = {}
        for person in people.people.values():
            self.stations.setdefault(person.station.code, person.station)
        self.stores, self.points, self.ordered = {}, {}, {}
        for station in self.stations.values():
            self.open_places(station)
        self.carriers = {code: deque(self.at_risk(s)) for code, s in self.stations.items()}

    def open_places(self, station):
        by = self.coordinator(station)
        facts = ("kind", "name", "place_type", "access_mode", "par_min")
        self.stores[station.code], *self.points[station.code] = [
            actions.open_place(station=station, by=by, **dict(zip(facts, place, strict=True)))
            for place in [STORE, *POINTS.get(station.facility_type, ELSEWHERE)]
        ]

    def at_risk(self, station):
        """Who carries kits here: an account, and work that isn't at a desk. The demo's officer has their own story."""
        work = WorkAssignment.objects.exclude(role__in=AT_A_DESK)
        who = set(
            work.filter(person__station=station, person__account__isnull=False)
            .exclude(person=self.supervisor(station))
            .values_list("person", flat=True)
        )
        return [p for p in self.cast.at(station) if p.pk in who and p != self.officer]

    # --- who -------------------------------------------------------------------------------------
    @property
    def officer(self):
        return self.cast.people["Alder"]

    def coordinator(self, station):
        return self.cast.in_charge(Role.COORDINATOR, station)

    def supervisor(self, station):
        return self.cast.in_charge(Role.SUPERVISOR, station)

    def next_carrier(self, station):
        carriers = self.carriers[station.code]
        carriers.rotate(-1)
        return carriers[-1]

    # --- when ------------------------------------------------------------------------------------
    def moment(self, station, days_ago):
        """Some minute of a working day so many days ago, on the station's clock."""
        day = station.today(self.now) - dt.timedelta(days=days_ago)
        time = dt.time(self.random.randrange(7, 17), self.random.randrange(60))
        return dt.datetime.combine(day, time, station.zone).astimezone(dt.UTC)

    def later(self, moment, station, *, days):
        """A working minute that many days after a moment."""
        days_ago = (station.today(self.now) - station.today(moment)).days - days
        return self.moment(station, days_ago)

    def soon(self, moment):
        """Some minutes after a moment."""
        return moment + dt.timedelta(minutes=self.random.randrange(4, 90))

    def begin(self, story):
        """Let a story happen beside the others. It yields the moment of each of its acts before the act."""
        if (moment := next(story, None)) is not None:
            heapq.heappush(self.waiting, (moment, next(self.turn), story))

    def tell(self):
        """All acts of all stories, in the order of their moments."""
        while self.waiting:
            _, _, story = heapq.heappop(self.waiting)
            self.begin(story)

    # --- with what -------------------------------------------------------------------------------
    def key(self):
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def new_seals(self, count):
        return [f"SEAL-{next(self.seals)}" for _ in range(count)]


def read_lots(today):
    products = {product.name: product for product in Product.objects.all()}
    for row in cast.rows("lots"):
        yield Delivery(
            letter=row["letter"],
            product=products[row["product"]],
            days_ago=int(row["received_days_ago"]),
            expires_on=today + dt.timedelta(days=int(row["expires_in_days"])),
            checked=row["checked"] == "yes",
        )


def kits_of(act):
    """The units of an act, oldest first."""
    return list(Kit.objects.filter(events__act=act).exclude(state="spent").order_by("pk"))


def in_store(store):
    """Kits in a storeroom that may go out, the longest life first."""
    kits = Kit.objects.filter(holder=store, state="in_service", kind="kit")
    return not_offered(kits).order_by("-expires_on", "pk")


def not_offered(kits):
    return kits.exclude(pk__in=HandOverLine.objects.filter(outcome=None).values("kit"))


def carried_at(station):
    """Kits in the hands of a station's people, free to be handed on."""
    kits = Kit.objects.filter(holder__station=station, holder__person__account__isnull=False)
    return not_offered(kits).select_related("holder__person").order_by("pk")
