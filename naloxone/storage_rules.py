"""What heat and frost mean for what is in a kit: bands of a label, minutes outside them, what follows. Pure.

Sources: domain B.1 (labels), B.2 (temperature facts, recommended states). Temperatures are hundredths of a degree
Celsius, moments are whole seconds since 1970 (UTC), spans are seconds.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise
from typing import NamedTuple

from naloxone.rules import CustodyError

HOUR = 3600
# Nothing that hangs in a store or a vehicle measures more or less: such a figure is in another unit, or no temperature.
COLDEST, HOTTEST = -60_00, 95_00


class StorageError(CustodyError):
    """Why temperatures can't be recorded or decided upon so; the text is fit to show."""


class StorageState(StrEnum):
    """What was measured around a kit, from best to worst."""

    IN_RANGE = "in_range"
    ALLOWED = "excursion_allowed"
    REVIEW = "excursion_review"
    REPLACE = "excursion_replace"


class Decision(StrEnum):
    """What a named person says of kits that were too hot or too cold. None of it disposes of anything."""

    KEEP = "keep"
    REPLACE = "replace"
    HOLD = "hold"


class Mark(StrEnum):
    """What stands on a kit. Neither takes it out of service: it counts as serviceable until another is in its place."""

    NONE = ""
    REVIEW = "review"
    REPLACE = "replace"


ORDER = list(StorageState)
STATE_WORDS = {
    StorageState.IN_RANGE: "In range",
    StorageState.ALLOWED: "In the allowed excursion",
    StorageState.REVIEW: "Outside its label’s band",
    StorageState.REPLACE: "Too long outside its label’s band",
}
DECISION_WORDS = {
    Decision.KEEP: "Keep in service",
    Decision.REPLACE: "Replace in the next rotation",
    Decision.HOLD: "Put on hold",
}


class Bands(NamedTuple):
    """What a label allows, in hundredths °C; None where it says nothing."""

    base_min: int | None = None
    base_max: int | None = None
    excursion_min: int | None = None
    excursion_max: int | None = None

    @property
    def least(self) -> int | None:
        """The coldest that is allowed at all: of the excursion, else of the base band."""
        return self.base_min if self.excursion_min is None else self.excursion_min

    @property
    def most(self) -> int | None:
        """The hottest that is allowed at all."""
        return self.base_max if self.excursion_max is None else self.excursion_max


@dataclass(frozen=True)
class Limits:
    """Thresholds; each is a setting with its source."""

    gap: int  # seconds between two readings beyond which the time between is not known
    outside: int  # seconds outside the band beyond which it is replaced
    hot: int  # hundredths °C above which heat adds up, whatever the label says
    hot_time: int  # seconds of such heat beyond which it is replaced
    freezing: int  # hundredths °C at which a nasal device freezes
    freezes: int  # times frozen beyond which it is replaced


class Extreme(NamedTuple):
    """What a thermometer that keeps them showed as lowest and highest between two moments."""

    since: int
    until: int
    lowest: int
    highest: int


@dataclass(frozen=True)
class Measured:
    """Seconds in each band while something was there, times frozen, and whether any reading was outside or hot.

    `known` is all the time between readings near enough to each other; of the rest nothing is said.
    """

    readings: int = 0
    known: int = 0
    allowed: int = 0
    outside: int = 0
    hot: int = 0
    frozen: int = 0
    seen_allowed: bool = False
    seen_outside: bool = False
    outside_from: int | None = None
    outside_until: int | None = None

    def __add__(self, other: "Measured") -> "Measured":
        moments = [m for m in (self.outside_from, other.outside_from) if m is not None]
        ends = [m for m in (self.outside_until, other.outside_until) if m is not None]
        return Measured(
            self.readings + other.readings,
            self.known + other.known,
            self.allowed + other.allowed,
            self.outside + other.outside,
            self.hot + other.hot,
            self.frozen + other.frozen,
            self.seen_allowed or other.seen_allowed,
            self.seen_outside or other.seen_outside,
            min(moments, default=None),
            max(ends, default=None),
        )


class Course:
    """The readings of one place against one label: asked for any span, it answers without looking at each again.

    A reading stands until the next one. What lies between two that are further apart than `limits.gap` counts as nothing.
    """

    def __init__(
        self,
        times: Sequence[int],
        values: Sequence[int],
        bands: Bands,
        limits: Limits,
        extremes: Iterable[Extreme] = (),
    ) -> None:
        self.times, self.bands, self.limits = times, bands, limits
        self.extremes = list(extremes)
        spans = [
            after - before if after - before <= limits.gap else 0
            for before, after in pairwise(times)
        ]
        self.spans = [*spans, 0][: len(times)]
        least, most = bands.least, bands.most
        # Where a label says nothing, frost and heat are no less than what they are: the settings judge them.
        low = limits.freezing + 1 if least is None else least
        high = limits.hot if most is None else most
        base_low = low if bands.base_min is None else bands.base_min
        base_high = high if bands.base_max is None else bands.base_max
        self.outside = [not low <= value <= high for value in values]
        self.allowed = [
            not out and not base_low <= value <= base_high
            for value, out in zip(values, self.outside, strict=True)
        ]
        self.hot = [value > limits.hot for value in values]
        self.low, self.high = low, high
        self._sums = {
            name: [0, *accumulate(span if yes else 0 for span, yes in zip(self.spans, marks, strict=True))]
            for name, marks in (
                ("known", [True] * len(times)),
                ("allowed", self.allowed),
                ("outside", self.outside),
                ("hot", self.hot),
            )
        }  # fmt: skip
        self._outside_at = [time for time, yes in zip(times, self.outside, strict=True) if yes]
        self._allowed_at = [time for time, yes in zip(times, self.allowed, strict=True) if yes]
        frozen = [value <= limits.freezing for value in values]
        self._frozen_at = [time for time, yes in zip(times, frozen, strict=True) if yes]
        self._frosts = _episodes(times, frozen)

    def between(self, start: int, end: int) -> Measured:
        """What was measured from a moment to another."""
        if end <= start:
            return Measured()
        sums = {name: self._up_to(name, end) - self._up_to(name, start) for name in self._sums}
        first, last = bisect_left(self._outside_at, start), bisect_right(self._outside_at, end)
        found = self._outside_at[first:last]
        standing = bool(sums["outside"])  # it came into a place that was outside already
        extremes = [e for e in self.extremes if start <= e.since and e.until <= end]
        beyond = [e for e in extremes if e.lowest < self.low or e.highest > self.high]
        moments = [*found, *([start] if standing and not found else []), *(e.until for e in beyond)]
        return Measured(
            readings=bisect_right(self.times, end) - bisect_left(self.times, start),
            known=sums["known"],
            allowed=sums["allowed"],
            outside=sums["outside"],
            hot=sums["hot"],
            frozen=self._frosts_between(start, end, extremes),
            seen_allowed=bool(sums["allowed"])
            or bisect_left(self._allowed_at, start) < bisect_right(self._allowed_at, end),
            seen_outside=bool(moments),
            outside_from=min(moments, default=None),
            outside_until=max(moments, default=None),
        )

    def _up_to(self, name: str, moment: int) -> int:
        """Seconds of a kind before a moment; the span under way counts up to it."""
        index = bisect_right(self.times, moment) - 1
        if index < 0:
            return 0
        sums = self._sums[name]
        counts = sums[index + 1] > sums[index]
        return sums[index] + (min(moment - self.times[index], self.spans[index]) if counts else 0)

    def _froze(self, start: int, end: int) -> bool:
        """Whether it was read as freezing between two moments, or had been shortly before the first of them."""
        if bisect_left(self._frozen_at, start) < bisect_right(self._frozen_at, end):
            return True
        before = bisect_right(self._frozen_at, start) - 1
        return before >= 0 and start - self._frozen_at[before] <= self.limits.gap

    def _frosts_between(self, start: int, end: int, extremes: list[Extreme]) -> int:
        """Times frozen: each run of readings at freezing once; one that only the thermometer's lowest tells of, too."""
        told = [
            frost
            for frost in self._frosts
            if frost[1] >= start and frost[0] <= end and self._froze(max(start, frost[0]), end)
        ]
        untold = [
            e
            for e in extremes
            if e.lowest <= self.limits.freezing
            and not any(last >= e.since and first <= e.until for first, last in told)
        ]
        return len(told) + len(untold)


def _episodes(times: Sequence[int], marks: Sequence[bool]) -> list[tuple[int, int]]:
    """(first, last) moment of each run of marked readings. Across a gap nobody saw it thaw, so it is one run."""
    found: list[tuple[int, int]] = []
    before = False
    for time, mark in zip(times, marks, strict=True):
        if mark:
            found[-1:] = [(found[-1][0], time)] if before else [*found[-1:], (time, time)]
        before = mark
    return found


def state_of(measured: Measured, limits: Limits) -> StorageState:
    """What was measured, as a state (domain B.2). It says nothing about the kit's place in the ledger."""
    if (
        measured.outside > limits.outside
        or measured.hot > limits.hot_time
        or measured.frozen > limits.freezes
    ):
        return StorageState.REPLACE
    if measured.seen_outside or measured.frozen:
        return StorageState.REVIEW
    return StorageState.ALLOWED if measured.seen_allowed else StorageState.IN_RANGE


class Seen(NamedTuple):
    """What had been measured when somebody decided; compared with what has been since."""

    outside: int
    hot: int
    frozen: int
    outside_until: int | None

    def grew(self, measured: Measured) -> bool:
        """Whether more heat or frost came after it."""
        later = (measured.outside_until or 0) > (self.outside_until or 0)
        return (
            measured.outside > self.outside
            or measured.hot > self.hot
            or measured.frozen > self.frozen
            or later
        )


def standing(
    state: StorageState, measured: Measured, decided: Decision | None, seen: Seen | None
) -> tuple[Mark, bool]:
    """(the mark on a kit, whether somebody is still to decide). A decision holds for what had been measured by then.

    Who said “keep” is asked again after more heat or frost. Who said “replace” or “hold” need not be: it stands.
    """
    if decided in (Decision.REPLACE, Decision.HOLD):
        return Mark.REPLACE, False
    if decided == Decision.KEEP and seen is not None and not seen.grew(measured):
        return Mark.NONE, False
    if state == StorageState.REPLACE:
        return Mark.REPLACE, True
    if state == StorageState.REVIEW:
        return Mark.REVIEW, True
    return Mark.NONE, False


def worst(states: Iterable[StorageState]) -> StorageState:
    """The worst of some states."""
    return max(states, key=ORDER.index, default=StorageState.IN_RANGE)


# --- units and words -------------------------------------------------------------------------------------


def centi_of(degrees: float, unit: str) -> int:
    """Hundredths °C of degrees in “c” or “f”. Raises StorageError for what no thermometer in a store shows."""
    celsius = (degrees - 32) / 1.8 if unit == "f" else degrees
    centi = round(celsius * 100)
    if not COLDEST <= centi <= HOTTEST:
        sign = "°F" if unit == "f" else "°C"
        raise StorageError(
            f"{degrees:g} {sign} is no temperature of a store or a vehicle. Look at figure and unit.",
            "degrees",
        )
    return centi


def degrees(centi: int) -> str:
    """Hundredths °C as people read them here: “43.2 °C (110 °F)”."""
    return f"{centi / 100:.1f} °C ({centi / 100 * 1.8 + 32:.0f} °F)"


def span(seconds: int) -> str:
    """Seconds in words, rounded down to minutes: “3 h 20 min”, “50 min”, “2 d 4 h”."""
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def band_words(low: int | None, high: int | None) -> str:
    """A band in words: “15–25 °C (59–77 °F)”, “up to 40 °C (104 °F)”; "" when nothing is said."""
    if low is None and high is None:
        return ""
    if low is None or high is None:
        word, one = ("up to", high) if low is None else ("from", low)
        assert one is not None
        return f"{word} {one / 100:g} °C ({one / 100 * 1.8 + 32:.0f} °F)"
    fahrenheit = f"{low / 100 * 1.8 + 32:.0f}–{high / 100 * 1.8 + 32:.0f} °F"
    return f"{low / 100:g}–{high / 100:g} °C ({fahrenheit})"


# --- the hot season --------------------------------------------------------------------------------------


class Season(NamedTuple):
    """The months in which vehicles stand too hot, first and last, 1 to 12; it may run over the turn of a year."""

    first: int
    last: int

    def span(self, on: dt.date) -> tuple[dt.date, dt.date]:
        """(first day, last day) of the season that runs on a day, or else of the next one."""
        seasons = map(self._in, (on.year - 1, on.year, on.year + 1))
        return next(found for found in seasons if found[1] >= on)

    def _in(self, year: int) -> tuple[dt.date, dt.date]:
        """The season that begins in a year."""
        years, month = divmod(self.last, 12)  # the month after the last one
        years += self.last < self.first
        ends = dt.date(year + years, month + 1, 1) - dt.timedelta(days=1)
        return dt.date(year, self.first, 1), ends


class Phase(StrEnum):
    """Where in the year a station stands."""

    NONE = "none"
    COMING = "coming"
    RUNNING = "running"
    OVER = "over"


def phase_of(season: Season | None, on: dt.date, *, notice: int, after: int) -> Phase:
    """Whether a season is near (within `notice` days), runs, or ended at most `after` days ago."""
    if season is None:
        return Phase.NONE
    begins, _ = season.span(on)
    if begins <= on:
        return Phase.RUNNING
    if (begins - on).days <= notice:
        return Phase.COMING
    ended = season.span(on - dt.timedelta(days=after))[1]
    return Phase.OVER if ended < on else Phase.NONE


def to_rotate_before(season: Season, on: dt.date, *, notice: int, every: int) -> dt.date:
    """What came into a vehicle before this day is swapped: before the season once, in it every so many days."""
    begins, _ = season.span(on)
    return max(begins - dt.timedelta(days=notice), on - dt.timedelta(days=every))
