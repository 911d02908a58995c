"""What to do about doses that expire: use from stock, send where more is used, order the rest. Pure: no database, clock or request.

How many a station will use is a small count, so it has an interval: exact Poisson (Garwood), two-sided 95 % (domain E.4).
A station gives away only what it will hardly use itself (the upper end), and gets only what it will surely use (the lower).
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from naloxone.order_rules import OrderError

CONFIDENCE = 0.95
YEAR = 365.25  # days


class PlanError(OrderError):
    """Why a plan can't be made so; the text is fit to show."""


class BookingKind(StrEnum):
    """What is booked for a day."""

    SEND = "send"
    SWAP = "swap"


# --- how many are used ---------------------------------------------------------------------------
def at_most(count: int, mean: float) -> float:
    """The chance of at most `count` events where `mean` are expected (Poisson)."""
    if mean <= 0:
        return 1.0
    log = math.log(mean)
    return math.fsum(math.exp(k * log - mean - math.lgamma(k + 1)) for k in range(count + 1))


def mean_at_which(count: int, chance: float) -> float:
    """The mean for which at most `count` events have this chance. The more are expected, the smaller it is."""
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 10
    while high - low > 1e-9 * max(high, 1.0):
        middle = (low + high) / 2
        if at_most(count, middle) > chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def garwood(count: int) -> tuple[float, float]:
    """The exact two-sided interval for the mean of a Poisson count."""
    half = (1 - CONFIDENCE) / 2
    low = mean_at_which(count - 1, 1 - half) if count else 0.0
    return low, mean_at_which(count, half)


@dataclass(frozen=True)
class Rate:
    """Doses used at a station in a year, and between what the true rate lies."""

    uses: int = 0
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def of(cls, uses: int) -> "Rate":
        return cls(uses, *garwood(uses))

    def surely(self, days: int) -> int:
        """Doses that will be used within so many days, at the least."""
        return math.floor(self.low * max(days, 0) / YEAR)

    def at_most(self, days: int) -> int:
        """Doses that will be used within so many days, at the most."""
        return math.ceil(self.high * max(days, 0) / YEAR)


# --- what there is -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Part:
    """Units of one lot in one storeroom: stock on which no place relies."""

    place: int
    lot: int
    kits: int
    doses: int


@dataclass
class Cell:
    """What of one station expires in one month. Doses; `ready` are with people and in places where kits stand ready."""

    station: int
    month: dt.date
    first_on: dt.date
    ready: int = 0
    parts: list[Part] = field(default_factory=list)
    covered: int = 0  # what orders and bookings see to already

    @property
    def stored(self) -> int:
        return sum(part.doses for part in self.parts)

    @property
    def doses(self) -> int:
        return self.ready + self.stored


@dataclass(frozen=True)
class Days:
    """How long things take, in days: from an order to its delivery, to spare before an expiry, to send a box, to swap."""

    lead: int
    safety: int
    send: int
    swap: int
    good_for: int  # what is swapped in must last so much longer than what comes out


# --- what to do ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Send:
    """Units of a lot to another of one's stations, which will use them before they expire."""

    part: Part
    to: int
    kits: int
    doses: int
    by_on: dt.date


@dataclass(frozen=True)
class Todo:
    """What to do about one cell. What is covered already needs nothing."""

    cell: Cell
    swap: int
    swap_on: dt.date
    sends: tuple[Send, ...]
    order: int
    order_by: dt.date  # the last day on which an order is there in time
    due_on: dt.date

    @property
    def is_empty(self) -> bool:
        return not (self.swap or self.sends or self.order)

    @property
    def is_late(self) -> bool:
        """Whether an order of today comes later than one would like."""
        return bool(self.order) and self.due_on > self.cell.first_on - (self.due_on - self.order_by)


class Planner:
    """Walks the months, the nearest first; what one cell takes is gone for the next."""

    def __init__(
        self,
        cells: Iterable[Cell],
        later: Mapping[int, list[tuple[dt.date, int]]],
        rates: Mapping[int, Rate],
        *,
        on: dt.date,
    ) -> None:
        """`later`: station → (expiry, doses) in its storerooms that may go out today, in any order."""
        self.cells = sorted(cells, key=lambda cell: (cell.first_on, cell.station))
        self.later = {key: sorted(rows) for key, rows in later.items()}
        self.rates, self.on = rates, on
        self.given: dict[int, int] = {}  # station → doses that are to come to it

    def plan(self, days: Mapping[tuple[int, dt.date], Days]) -> list[Todo]:
        """One Todo a cell. `days` may differ by cell: products take different times to come."""
        return [self.todo(cell, days[cell.station, cell.month]) for cell in self.cells]

    def todo(self, cell: Cell, days: Days) -> Todo:
        rest = max(cell.doses - cell.covered, 0)
        swap = self.take_later(cell, min(cell.ready, rest), days)
        sends = self.sends(cell, rest - swap, days)
        order = rest - swap - sum(one.doses for one in sends)
        order_by = cell.first_on - dt.timedelta(days=days.lead + days.safety)
        due_on = max(order_by, self.on) + dt.timedelta(days=days.lead)
        return Todo(cell, swap, self.swap_on(cell, days), sends, order, order_by, due_on)

    def swap_on(self, cell: Cell, days: Days) -> dt.date:
        """The day on which one would swap; when it is near or past, the soonest that people can be told of, or the last."""
        usual = cell.first_on - dt.timedelta(days=days.swap)
        soonest = self.on + dt.timedelta(days=min(days.send, 7))
        return usual if usual > soonest else max(min(soonest, cell.first_on), self.on)

    def take_later(self, cell: Cell, wanted: int, days: Days) -> int:
        """Doses from the station's own stock that last long enough, first expired first."""
        taken, rows = 0, self.later.get(cell.station, [])
        good_on = cell.first_on + dt.timedelta(days=days.good_for)
        for at, (expires_on, doses) in enumerate(rows):
            if expires_on >= good_on:
                some = min(doses, wanted - taken)
                rows[at] = (expires_on, doses - some)
                taken += some
        return taken

    def before(self, station: int, day: dt.date, *, with_day: bool) -> int:
        """Doses of a station that expire before a month, or in it too: they are used first."""
        return sum(
            one.doses for one in self.cells
            if one.station == station and (one.month < day or (with_day and one.month == day))
        )  # fmt: skip

    def sends(self, cell: Cell, wanted: int, days: Days) -> tuple[Send, ...]:
        """Stock that this station will hardly use in time, to those that surely will."""
        left = (cell.first_on - self.on).days
        own = self.rates.get(cell.station, Rate.of(0)).at_most(left)
        own = max(own - self.before(cell.station, cell.month, with_day=False), 0)
        free = min(max(cell.stored - own, 0), wanted)
        by_on = min(self.on + dt.timedelta(days=days.send), cell.first_on)
        found: list[Send] = []
        takers = sorted(self.rates, key=lambda key: (-self.rates[key].low, key))
        for part in cell.parts:
            left_kits, each = part.kits, max(part.doses // part.kits, 1)
            for taker in takers:
                room = self.room(taker, cell, (cell.first_on - by_on).days)
                kits = min(left_kits, room // each, free // each)
                if kits > 0:
                    found.append(Send(part, taker, kits, kits * each, by_on))
                    self.given[taker] = self.given.get(taker, 0) + kits * each
                    left_kits -= kits
                    free -= kits * each
        return tuple(found)

    def room(self, taker: int, cell: Cell, days: int) -> int:
        """Doses that another station will surely use within so many days, beyond what it has and gets that ends no later."""
        if taker == cell.station:
            return 0
        own = self.before(taker, cell.month, with_day=True) + self.given.get(taker, 0)
        return self.rates[taker].surely(days) - own


def check_by(by_on: dt.date, *, on: dt.date) -> None:
    """Raise PlanError when something would be booked for a day that is past."""
    if by_on < on:
        raise PlanError("A day of the plan is past. Look again at what is proposed today.")
