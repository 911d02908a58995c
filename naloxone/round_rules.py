"""What a round of a place comes to, which shift it belongs to, and which kits a month's seed draws. Pure, like rules.py.

Sources: domain C.1 (a check at the start of every shift, a documented one within 30 days, a nil report though
nothing changed), C.2 (an unbroken seal stands for what is behind it; a broken one forces the count and a new seal).
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from naloxone.rules import CustodyError


class RoundKind(StrEnum):
    """What a round is for. Each answers for those before it: a count is a documented check too."""

    SHIFT = "shift"
    DOCUMENTED = "documented"
    COUNT = "count"


KIND_WORDS: Mapping[RoundKind, str] = {
    RoundKind.SHIFT: "Shift check",
    RoundKind.DOCUMENTED: "Documented check",
    RoundKind.COUNT: "Count",
}
# What makes kits count as looked at, and is due again after settings.ROUND_DAYS.
DOCUMENTED = (RoundKind.DOCUMENTED, RoundKind.COUNT)


@dataclass(frozen=True)
class Shift:
    """A shift of a station: the local day on which it began, its number on that day from 1, and the moment."""

    on: dt.date
    number: int
    began_at: dt.datetime


def shift_at(local: dt.datetime, starts: Sequence[dt.time]) -> Shift:
    """The shift under way at a moment on the station's clock. `starts` in order; before the first it is yesterday's last."""
    began = [number for number, start in enumerate(starts, 1) if start <= local.time()]
    on = local.date() if began else local.date() - dt.timedelta(days=1)
    number = began[-1] if began else len(starts)
    return Shift(on, number, dt.datetime.combine(on, starts[number - 1], local.tzinfo))


@dataclass(frozen=True)
class Seen:
    """What was seen at a place. None: it has no outer seal, or nobody counted.

    `absent`, `extra`, `damaged` are keys of units; `short` the doses counted in those that have fewer than recorded.
    """

    seal_whole: bool | None = None
    seal_new: str = ""
    counted: int | None = None
    absent: frozenset[int] = frozenset()
    extra: frozenset[int] = frozenset()
    damaged: frozenset[int] = frozenset()
    short: Mapping[int, int] = field(default_factory=dict)
    no_access: bool = False

    @property
    def names_units(self) -> bool:
        """Whether something is said of units by themselves."""
        return bool(self.absent or self.extra or self.damaged or self.short)


def check_seen(seen: Seen, *, kind: RoundKind, seal: str) -> None:
    """Raise CustodyError unless enough was looked at: a whole outer seal, or what is behind it (domain C.2)."""
    if seen.no_access:
        return
    if seal and seen.seal_whole is None:
        raise CustodyError("Say how the outer seal is.", "seal")
    counts = kind == RoundKind.COUNT or seen.names_units
    if seal and seen.seal_whole and counts:
        raise CustodyError("Behind a whole seal nothing is counted: say that you broke it.", "seal")
    if seen.counted is None and (counts or seen.seal_whole is False):
        raise CustodyError("Count the kits: no unbroken seal answers for them.", "counted")
    if seal and seen.seal_whole is False and not seen.seal_new:
        raise CustodyError("Put a new seal on it, and tell its number.", "seal_new")
    if seen.seal_new and seen.seal_new.casefold() == seal.casefold():
        raise CustodyError("This is the seal that was on it before.", "seal_new")


def difference_in_count(seen: Seen, *, expected: int) -> int:
    """Units more (or, negative, fewer) than recorded that are not named as absent or extra; 0 when nobody counted."""
    if seen.counted is None:
        return 0
    return seen.counted - (expected - len(seen.absent) + len(seen.extra))


def is_as_recorded(seen: Seen, *, expected: int) -> bool:
    """Whether everything is as the record says."""
    return not (
        seen.no_access
        or seen.seal_whole is False
        or seen.names_units
        or difference_in_count(seen, expected=expected)
    )


# --- drawn from a published seed -----------------------------------------------------------------


def commitment_of(seed: str) -> str:
    """What is published of a seed (hexadecimal text) before anybody may know it: its SHA-256, in hexadecimal."""
    return hashlib.sha256(seed.encode()).hexdigest()


def rank(seed: str, month: dt.date, station: str, kit: str) -> str:
    """The number by which a kit is drawn, the least first: SHA-256 of “seed|2026-11|2304|K-17” in hexadecimal."""
    return hashlib.sha256(f"{seed}|{month:%Y-%m}|{station}|{kit}".encode()).hexdigest()


def draw(seed: str, month: dt.date, station: str, kits: Iterable[str], *, count: int) -> list[str]:
    """The kits that a month's seed chooses at a station, in the order of the draw."""
    return sorted(kits, key=lambda kit: rank(seed, month, station, kit))[:count]


def month_before(day: dt.date) -> dt.date:
    """The first day of the month before a day's."""
    return (day.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def month_after(day: dt.date) -> dt.date:
    """The first day of the month after a day's."""
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def is_over(month: dt.date, now: dt.datetime) -> bool:
    """Whether a month has ended on the clocks of all stations: at noon UTC after its last day, for those furthest west."""
    return now >= dt.datetime.combine(month_after(month), dt.time(12), dt.UTC)


def month_to_report(now: dt.datetime) -> dt.date:
    """The first day of the last month that has ended on every station's clock."""
    month = month_before(now.date())
    return month if is_over(month, now) else month_before(month)
