"""The fictitious history that is measured: what happens to each unit, and where. The same at every run."""

import datetime as dt
import random
from dataclasses import dataclass, field

KITS, EVENTS = 50_000, 200_000  # at scale 1
BLOCK = 250  # units; they have 1,000 events together, see `block`
BUSY_SHARE = 0.8
LONG = 40  # events of the unit with a long history
HISTORY_DAYS = 420  # ago, the first event


@dataclass
class Site:
    """A station with what is there: keys of its holders and people."""

    station: int
    places: list  # stores and vehicles
    stores: list
    carriers: list  # (holder, person)
    coordinator: int


@dataclass
class World:
    """Where units are and who acts; made by bench.world."""

    sites: list
    busy: int  # which of the sites has four fifths of everything
    supplier: int
    lots: list
    recalled_lots: list


@dataclass
class Step:
    """One event to be: where the unit comes from and goes to, in which state it is then, and by whose act."""

    verb: str
    kind: str
    source: int
    destination: int
    by: int
    state: str = "in_service"
    gives_to: "Unit | None" = None


@dataclass
class Unit:
    """A carton or kit and its history; a step that is None is a round in which nothing happens."""

    kind: str
    lot: int
    site: Site
    doses: int = 2
    seal: str = ""
    serial: str = ""  # what its doses' serials begin with; most makers print none
    steps: list = field(default_factory=list)

    @property
    def holder(self):
        return self.steps[-1].destination


class Planner:
    """Makes units; `chance` is seeded by the number of the block, so a block is always the same."""

    def __init__(self, world):
        self.world = world
        self.chance = random.Random()
        self.long = 0

    def site(self):
        sites = self.world.sites
        if self.chance.random() < BUSY_SHARE:
            return sites[self.world.busy]
        return self.chance.choice(sites)

    def received(self, site=None, *, state="in_service", lots=None):
        site = site or self.site()
        unit = Unit("carton", self.chance.choice(lots or self.world.lots), site)
        unit.steps.append(
            Step(
                "receive", "received", self.world.supplier, site.places[0], site.coordinator, state
            )
        )
        return unit

    def move(self, unit, places=None):
        last = unit.steps[-1]
        places = [p for p in places or unit.site.places if p != last.destination]
        unit.steps.append(
            Step(
                "move",
                "moved",
                last.destination,
                self.chance.choice(places),
                unit.site.coordinator,
                last.state,
            )
        )

    def hand_over(self, unit):
        holder, person = self.chance.choice(unit.site.carriers)
        unit.steps.append(Step("accept", "handed_over", unit.holder, holder, person))

    def give_back(self, unit):
        place = self.chance.choice(unit.site.stores)
        unit.steps.append(
            Step("accept", "returned", unit.holder, place, unit.site.coordinator),
        )

    def ordinary(self):
        """Four events: to a place, into hands, and for most back again."""
        unit = self.received()
        self.move(unit)
        if self.chance.random() < 0.3:
            self.move(unit)
            self.hand_over(unit)
        else:
            self.hand_over(unit)
            self.give_back(unit)
        return unit

    def short(self):
        unit = self.received()
        self.move(unit)
        self.hand_over(unit)
        return unit

    def quarantined(self):
        unit = self.received(state="quarantine")
        for _ in range(3):
            self.move(unit)
        return unit

    def recalled(self):
        unit = self.received(lots=self.world.recalled_lots)
        self.move(unit)
        self.hand_over(unit)
        here, by = unit.holder, unit.site.coordinator
        unit.steps.append(Step("recall", "recalled", here, here, by, "recalled"))
        return unit

    def with_long_history(self):
        unit = self.received(self.world.sites[self.world.busy])
        self.move(unit)
        while len(unit.steps) < LONG:
            self.hand_over(unit)
            self.give_back(unit)
        return unit

    def assembled(self):
        """A carton whose doses go into a kit: three events and four."""
        carton = self.received()
        self.move(carton, carton.site.stores)
        place, by = carton.holder, carton.site.coordinator
        kit = Unit("kit", carton.lot, carton.site, doses=0)
        carton.steps.append(Step("assemble", "parted", place, place, by, "spent", gives_to=kit))
        # Three rounds of waiting: a kit can only be assembled once its doses are there.
        kit.steps += [None, None, None, Step("assemble", "assembled", place, place, by)]
        self.hand_over(kit)
        self.give_back(kit)
        self.move(kit)
        return carton, kit

    def block(self, number):
        """250 units with 1,000 events: 40 + 20 × (3 + 4) + 16 × 3 + 193 × 4."""
        self.chance.seed(number)
        units = [self.with_long_history()]
        for _ in range(20):
            units += self.assembled()
        units += [self.short() for _ in range(16)]
        units += [self.quarantined() for _ in range(5)]
        units += [self.recalled() for _ in range(8)]
        units += [self.ordinary() for _ in range(180)]
        self.chance.shuffle(units)
        for place, unit in enumerate(units):
            if unit.kind == "kit":
                unit.seal = f"S{number:05}{place:03}"
            elif place % 3 == 0:
                unit.serial = f"N{number:05}{place:03}"
        return units


def told_at(now, block, round_number):
    """When an act happened as its author tells it: each block on other days, a day from round to round."""
    return now - dt.timedelta(days=HISTORY_DAYS - block * 7 % (HISTORY_DAYS - LONG) - round_number)
