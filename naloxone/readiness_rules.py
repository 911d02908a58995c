"""Whether an antagonist is in reach: what a place and a station need, what a drill shows, where to send what. Pure.

Sources: 6 U.S.C. 216 (available to everybody at risk, and to canines), OIG-24-01 and the vault audit of 2019
(domain 0.2: kits behind codes that nobody on duty knew), domain C.1 and C.2, NIOSH 2019-101.
"""

import datetime as dt
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from naloxone.rules import CustodyError

# --- what is needed ----------------------------------------------------------------------------------


def kits_needed(*, people: int, dogs: int, people_a_kit: int, dogs_a_kit: int) -> int:
    """Kits in reach for so many people and dogs at risk in one shift."""
    return math.ceil(people / people_a_kit) + math.ceil(dogs / dogs_a_kit)


class Lack(StrEnum):
    """Why it can't be said that an antagonist is in reach of everybody, the worst first."""

    NONE = "none"
    IN_NEED = "in_need"
    SHORT = "short"
    BELOW_PAR = "below_par"
    NOT_OPENED = "not_opened"
    UNKNOWN = "unknown"
    STALE = "stale"
    NOT_SHOWN = "not_shown"


LACK_WORDS = {
    Lack.NONE: "Nothing to give",
    Lack.IN_NEED: "Only what is usable in need",
    Lack.SHORT: "Too few for those at risk",
    Lack.BELOW_PAR: "Below par",
    Lack.NOT_OPENED: "Did not open, or too late",
    Lack.UNKNOWN: "Number at risk unknown",
    Lack.STALE: "Number at risk out of date",
    Lack.NOT_SHOWN: "Not shown to be in reach",
}
# Of a station: it has kits elsewhere when one of its places has none.
STATION_LACK_WORDS = LACK_WORDS | {
    Lack.NONE: "A place has none",
    Lack.IN_NEED: "Only in need at a place",
    Lack.BELOW_PAR: "A place below par",
}
# What is known to be wrong; the others are not known to be right.
WRONG = frozenset({Lack.NONE, Lack.IN_NEED, Lack.SHORT, Lack.BELOW_PAR, Lack.NOT_OPENED})


@dataclass(frozen=True)
class Stand:
    """How a place or a station stands: kits, what it needs, what is known of its people at risk, its drills.

    `none`, `in_need`, `short` (of its own number) and `below_par` count places. `need` is in kits: None when nobody has said, `counted_on` the
    oldest of its numbers. `shown`, `not_opened` and `asked` count pairs of place and shift.
    """

    serviceable: int = 0
    none: int = 0
    in_need: int = 0
    short: int = 0
    below_par: int = 0
    need: int | None = None
    shifts_known: int = 0
    counted_on: dt.date | None = None
    shown: int = 0
    not_opened: int = 0
    asked: int = 0


def lacks(stand: Stand, *, shifts: int, fresh_since: dt.date) -> list[Lack]:
    """What a place or a station lacks, the worst first; nothing when everything is shown."""
    known = stand.need is not None and stand.shifts_known >= shifts
    found = {
        Lack.NONE: stand.none > 0,
        Lack.IN_NEED: stand.in_need > 0,
        Lack.SHORT: stand.short > 0 or (stand.need is not None and stand.serviceable < stand.need),
        Lack.BELOW_PAR: stand.below_par > 0,
        Lack.NOT_OPENED: stand.not_opened > 0,
        Lack.UNKNOWN: not known,
        Lack.STALE: known and stand.counted_on is not None and stand.counted_on < fresh_since,
        Lack.NOT_SHOWN: stand.shown + stand.not_opened < stand.asked,
    }
    return [lack for lack in Lack if found[lack]]


# --- what somebody writes down -------------------------------------------------------------------------

_REFERENCE = re.compile(r"\b[A-Za-z]{1,12}-\d[\d-]*\b")
_DIGITS = re.compile(r"\d(?:[ .,/-]?\d){3,}")
_NAMED = re.compile(
    r"\b(?:code|pin|combination|password)\b\W{0,3}(?:\w+\W+){0,3}?#?\d{2,}", re.IGNORECASE
)


def check_no_code(text: str, field: str = "note") -> None:
    """Raise CustodyError when a text holds what may be the code of a lock: codes are never stored (domain C.2)."""
    plain = _REFERENCE.sub("", text)
    if _DIGITS.search(plain) or _NAMED.search(plain):
        raise CustodyError(
            "This looks like the code of a lock. Codes are never kept here: leave it out, and if it stands "
            "beside the door, have it changed.",
            field,
        )


def check_par_change(old: int | None, new: int | None, why: str) -> None:
    """Raise CustodyError when par is lowered or taken away without a reason."""
    if old is not None and (new is None or new < old) and not why:
        raise CustodyError(
            "Say why the par is lowered. The reason stays visible with the change.", "why"
        )


# --- drills --------------------------------------------------------------------------------------------


class DrillResult(StrEnum):
    """What a drill showed."""

    IN_HAND = "in_hand"
    LATE = "late"
    NO_ACCESS = "no_access"


DRILL_WORDS = {
    DrillResult.IN_HAND: "In hand in time",
    DrillResult.LATE: "Opened late",
    DrillResult.NO_ACCESS: "Could not be opened",
}
LONGEST_DRILL = 3600  # seconds; beyond an hour it is no drill


def drill_result(seconds: int | None, *, limit: int) -> DrillResult:
    """What a drill of so many seconds shows; None: the dose was not in hand at all."""
    if seconds is None:
        return DrillResult.NO_ACCESS
    return DrillResult.IN_HAND if seconds <= limit else DrillResult.LATE


def check_seconds(seconds: int | None, *, opened: bool) -> None:
    """Raise CustodyError unless there is a time where the dose was in hand, and none where it was not."""
    if not opened:
        if seconds is not None:
            raise CustodyError("Leave the seconds out: the dose was not in hand.", "seconds")
        return
    if seconds is None:
        raise CustodyError("Say after how many seconds the dose was in hand.", "seconds")
    if not 1 <= seconds <= LONGEST_DRILL:
        raise CustodyError(f"Between 1 and {LONGEST_DRILL:,} seconds.", "seconds")


class Reach(StrEnum):
    """What the drills of one shift at one place say."""

    SHOWN = "shown"
    LATE = "late"
    NO_ACCESS = "no_access"
    STALE = "stale"
    NEVER = "never"


REACH_WORDS = {
    Reach.SHOWN: "In reach",
    Reach.LATE: "Opened late",
    Reach.NO_ACCESS: "Could not be opened",
    Reach.STALE: "Shown too long ago",
    Reach.NEVER: "Not shown to be in reach",
}


def reach_of(result: DrillResult | None, on: dt.date | None, *, fresh_since: dt.date) -> Reach:
    """What the newest drill of a shift at a place says today. None: never drilled by this shift.

    A door that did not open stays shut until a drill says otherwise, however long ago it was.
    """
    if result is None or on is None:
        return Reach.NEVER
    if result != DrillResult.IN_HAND:
        return Reach(result.value)
    return Reach.STALE if on < fresh_since else Reach.SHOWN


# --- transfers -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spare:
    """A kit that may go: its key, its expiry, the place it lies in."""

    kit: int
    expires_on: dt.date
    place: int


@dataclass(frozen=True)
class Giver:
    """A station with surplus: how many kits it may lose, how many each place may, and the kits themselves."""

    station: int
    region: int
    component: int
    most: int
    most_of_place: dict[int, int]
    spares: tuple[Spare, ...]


@dataclass(frozen=True)
class Taker:
    """A station with a shortage of so many kits."""

    station: int
    region: int
    component: int
    lack: int


@dataclass(frozen=True)
class Transfer:
    """A proposal: these kits from one station to another."""

    giver: int
    taker: int
    kits: tuple[int, ...]
    first_expires_on: dt.date
    nearness: int  # 0 the same region, 1 the same component, 2 another


@dataclass
class _Stock:
    """What is left of a giver while proposals are made."""

    giver: Giver
    most: int
    most_of_place: dict[int, int]
    given: set[int] = field(default_factory=set)

    def take(self, number: int) -> list[Spare]:
        """At most so many kits, what expires first first."""
        taken: list[Spare] = []
        for spare in sorted(self.giver.spares, key=lambda one: (one.expires_on, one.kit)):
            if len(taken) == number or self.most < 1:
                break
            if spare.kit in self.given or self.most_of_place.get(spare.place, 0) < 1:
                continue
            self.given.add(spare.kit)
            self.most -= 1
            self.most_of_place[spare.place] -= 1
            taken.append(spare)
        return taken


def may_lose(serviceable: int, *, par: int | None, need: int | None, is_point: bool) -> int:
    """How many kits a place may give away: never below its par or what those at risk need, nor a point's last."""
    return max(serviceable - max(par or 0, need or 0, int(is_point)), 0)


def nearness(giver: Giver, taker: Taker) -> int:
    """0 of the same region, 1 of the same component, 2 of another."""
    if giver.region == taker.region:
        return 0
    return 1 if giver.component == taker.component else 2


def propose(
    givers: Iterable[Giver], takers: Iterable[Taker], *, not_before: dt.date
) -> list[Transfer]:
    """Who sends whom what: the greatest shortage first, the nearest surplus first, what expires first first.

    Nothing that expires before `not_before` goes: it would hardly have arrived.
    """
    stocks = [_Stock(giver, giver.most, dict(giver.most_of_place)) for giver in givers]
    for stock in stocks:
        stock.given |= {one.kit for one in stock.giver.spares if one.expires_on < not_before}
    found = []
    for taker in sorted(takers, key=lambda one: (-one.lack, one.station)):
        lack = taker.lack
        near = sorted(
            (stock for stock in stocks if stock.giver.station != taker.station),
            key=lambda stock: (nearness(stock.giver, taker), -stock.most, stock.giver.station),
        )
        for stock in near:
            if lack and (taken := stock.take(lack)):
                lack -= len(taken)
                found.append(
                    Transfer(
                        stock.giver.station, taker.station, tuple(one.kit for one in taken),
                        taken[0].expires_on, nearness(stock.giver, taker),
                    )
                )  # fmt: skip
    return found


# --- programmes ----------------------------------------------------------------------------------------


class Stage(StrEnum):
    """How far a station's programme is."""

    UNDECIDED = "undecided"
    NOT_ASKED = "not_asked"
    SHOULD = "should"
    GOING_LIVE = "going_live"
    RUNNING = "running"


STAGE_WORDS = {
    Stage.UNDECIDED: "Not decided",
    Stage.NOT_ASKED: "Needs none",
    Stage.SHOULD: "Should have one",
    Stage.GOING_LIVE: "Going live",
    Stage.RUNNING: "Running",
}


class Need(StrEnum):
    """A line of the go-live checklist, in its order."""

    DECISION = "decision"
    AUTHORITY = "authority"
    COORDINATOR = "coordinator"
    DEPUTY = "deputy"
    STORAGE = "storage"
    TRAINING = "training"
    KITS = "kits"


NEED_WORDS = {
    Need.DECISION: "Decided that it should have one",
    Need.AUTHORITY: "Authority in force",
    Need.COORDINATOR: "Coordinator",
    Need.DEPUTY: "Deputy",
    Need.STORAGE: "Storage place",
    Need.TRAINING: "Training confirmed",
    Need.KITS: "First kits in service",
}
# What somebody did for the station itself; a coordinator may be its region's.
BEGUN = (Need.AUTHORITY, Need.STORAGE, Need.TRAINING, Need.KITS)


def stage_of(should: bool | None, done: Iterable[Need]) -> Stage:
    """How far a programme is. `should`: what was decided, None while nothing was; `done`: what of the list is there."""
    there = set(done)
    if should is False:
        return Stage.NOT_ASKED
    if there >= set(Need):
        return Stage.RUNNING
    if should is None and not there & {Need.STORAGE, Need.KITS}:
        return Stage.UNDECIDED
    return Stage.GOING_LIVE if there & set(BEGUN) else Stage.SHOULD


def check_authority(*, since: dt.date, until: dt.date | None, needs_end: bool) -> None:
    """Raise CustodyError when an authority ends before it begins, or one that must end has no end."""
    if until is None and needs_end:
        raise CustodyError("Say until when it holds: somebody hears of it before it ends.", "until")
    if until is not None and until < since:
        raise CustodyError("It can't end before it begins.", "until")
