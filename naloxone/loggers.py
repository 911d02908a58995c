"""What a temperature logger's file says: which column is what, whose clock, which moments. Pure.

Nothing is guessed in silence: a moment that the clock showed twice, or never, is left out and said.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from zoneinfo import ZoneInfo

from naloxone.storage_rules import COLDEST, HOTTEST, StorageError
from safety_portal.tables.cells import Row

LOOKED_AT = 60  # rows at the head from which columns are told
MOST_UNREAD = 0.1  # of the rows; beyond it the columns are the wrong ones
SLACK = 15 * 60  # seconds by which a logger's clock may run ahead

STATION, STANDARD, UTC = "station", "standard", "utc"
ZONES = (
    (STATION, "The station’s clock, with summer time where it has one"),
    (STANDARD, "The station’s standard time all the year"),
    (UTC, "UTC"),
)
YMD, MDY, DMY = "ymd", "mdy", "dmy"
ORDERS = ((YMD, "Year, month, day"), (MDY, "Month, day, year"), (DMY, "Day, month, year"))
UNITS = (("c", "°C"), ("f", "°F"))
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

_DAY = r"(?P<a>\d{1,4})[-/. ](?P<b>\d{1,2}|[A-Za-z]{3,9})[-/., ]+(?P<c>\d{1,4})"
_CLOCK = (
    r"(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_MOMENT = re.compile(rf"^{_DAY}[T ,]+{_CLOCK}$")
_DATE = re.compile(rf"^{_DAY}$")
_FIGURE = re.compile(r"^([+-−]?\d{1,4}(?:[.,]\d+)?)\s*(?:°|º|deg)?\s*([CFcf])?$")
_FAHRENHEIT = re.compile(
    r"°\s*f\b|º\s*f\b|\(\s*f\s*\)|fahrenheit|deg\s*f\b|_f\b|\bf$", re.IGNORECASE
)
_TEMPERATURE = re.compile(r"temp|°|º|celsius|fahrenheit|deg", re.IGNORECASE)
_TIME = re.compile(r"time|date|stamp|zeit|fecha|hora", re.IGNORECASE)


@dataclass(frozen=True)
class Mapping:
    """Which column is what, counted from 0; `clock` is a second one when date and time of day stand apart."""

    time: int
    temperature: int
    clock: int | None = None
    unit: str = "c"
    zone: str = STATION
    order: str = YMD
    first: int = 1  # the first row with a reading


@dataclass
class Found:
    """The readings of a file in the order of time, and what was left out, in sentences."""

    times: list[int] = field(default_factory=list)  # seconds since 1970, UTC
    values: list[int] = field(default_factory=list)  # hundredths °C
    notes: list[str] = field(default_factory=list)


# --- which column is what --------------------------------------------------------------------------------


def guess(rows: Sequence[Row]) -> Mapping:
    """The likeliest mapping of a file's columns. Raises StorageError when no column holds times or temperatures."""
    first = first_reading(rows)
    if first is None:
        raise StorageError(
            "No column with times beside one with temperatures was found. It needs a date and time in "
            "each row, like 2026-07-01 14:10, and a temperature.",
            "file",
        )
    sample = [row.cells for row in rows[first : first + LOOKED_AT] if has_reading(row.cells)]
    head = rows[first - 1].cells if first else ()
    time, clock = time_columns(sample)
    taken = {time, clock}
    temperature = max(
        (n for n in range(len(sample[0])) if n not in taken and is_figure(sample, n)),
        key=lambda n: (bool(_TEMPERATURE.search(name_of(head, n))), not counts_up(sample, n), -n),
    )
    cells = [cells[temperature] for cells in sample if temperature < len(cells)]
    marked = any(cell.strip().lower().endswith("f") for cell in cells)
    fahrenheit = marked or bool(_FAHRENHEIT.search(name_of(head, temperature)))
    return Mapping(
        time=time,
        clock=clock,
        temperature=temperature,
        unit="f" if fahrenheit else "c",
        order=order_of([row.cells[time] for row in rows[first:] if time < len(row.cells)]),
        zone=UTC if re.search(r"utc|gmt", name_of(head, time), re.IGNORECASE) else STATION,
        first=first,
    )


def first_reading(rows: Sequence[Row]) -> int | None:
    """The index of the first row that has a moment and a figure, and one after it too; loggers write a preface."""
    fits = [bool(has_reading(row.cells)) for row in rows[: LOOKED_AT * 4]]
    for index, fit in enumerate(fits):
        if fit and (index + 1 == len(fits) or fits[index + 1]):
            return index
    return None


def has_reading(cells: Sequence[str]) -> bool:
    try:
        time, clock = time_columns([cells])
    except StorageError:
        return False
    return any(is_figure([cells], n) for n in range(len(cells)) if n not in (time, clock))


def time_columns(sample: Sequence[Sequence[str]]) -> tuple[int, int | None]:
    """(column of the moment, None) or (column of the day, column of the time of day). Raises StorageError."""
    width = min(map(len, sample))
    for n in range(width):
        if all(_MOMENT.match(cells[n]) for cells in sample):
            return n, None
    for n in range(width):
        for m in range(width):
            if all(_DATE.match(cells[n]) and re.fullmatch(_CLOCK, cells[m]) for cells in sample):
                return n, m
    raise StorageError("No column holds a date and a time in every row.", "time")


def is_figure(sample: Sequence[Sequence[str]], n: int) -> bool:
    """Whether a column holds figures; some of a logger’s cells may be empty or say that there is none."""
    found = [cells[n] for cells in sample if n < len(cells)]
    return bool(found) and sum(bool(_FIGURE.match(cell)) for cell in found) * 2 > len(found)


def counts_up(sample: Sequence[Sequence[str]], n: int) -> bool:
    """Whether a column only numbers the rows."""
    cells = [cells[n] for cells in sample if n < len(cells)]
    if len(cells) < 3 or not all(cell.isdecimal() for cell in cells):
        return False
    figures = [int(cell) for cell in cells]
    return all(b - a == 1 for a, b in pairwise(figures))


def name_of(head: Sequence[str], n: int) -> str:
    return head[n] if n < len(head) else ""


def order_of(texts: Sequence[str]) -> str:
    """In which order day and month stand: told by what can't be a month; else as the agency writes them."""
    firsts, seconds = set(), set()
    for text in texts:
        if found := re.match(_DAY, text):
            if len(found["a"]) == 4:
                return YMD
            firsts.add(found["a"])
            seconds.add(found["b"])
    if any(first.isdecimal() and int(first) > 12 for first in firsts):
        return DMY
    return DMY if any(not second.isdecimal() for second in seconds) else MDY


# --- reading it ------------------------------------------------------------------------------------------


def day_of(found: re.Match[str], order: str) -> dt.date:
    """The day of a match. Raises ValueError when there is none."""
    a, b, c = found["a"], found["b"], found["c"]
    if not b.isdecimal():
        month = MONTHS.index(b[:3].lower()) + 1
        year, day = (a, c) if len(a) == 4 else (c, a)
    elif order == YMD:
        year, month, day = a, int(b), c
    else:
        year, month, day = c, *((int(a), b) if order == MDY else (int(b), a))
    number = int(year)
    return dt.date(number + 2000 if number < 100 else number, month, int(day))


def seconds_of(found: re.Match[str]) -> int:
    """The time of day of a match, in seconds. Raises ValueError."""
    hour, minute, second = int(found["h"]), int(found["m"]), int(found["s"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{hour} o’clock")
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("no time of day")
    return hour * 3600 + minute * 60 + second


def shift_of(text: str) -> int:
    """Seconds east of UTC of “+02:00” or “Z”."""
    if text in ("Z", "UTC", "GMT"):
        return 0
    digits = text[1:].replace(":", "")
    return (-1 if text[0] == "-" else 1) * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


class Clock:
    """Turns what a clock showed into UTC. `missing` and `twice` collect what it can't have shown, or showed twice."""

    def __init__(self, zone: ZoneInfo, kind: str) -> None:
        self.zone, self.kind = zone, kind
        self.days: dict[dt.date, tuple[int, int | None]] = {}
        self.before: int | None = None
        self.missing: list[str] = []
        self.twice: list[tuple[int, str]] = []  # (index of the reading, what it showed)

    def day(self, day: dt.date) -> tuple[int, int | None]:
        """(the day's midnight as if it were UTC, its offset; None on a day on which the clocks change)."""
        if day not in self.days:
            midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
            self.days[day] = (int(midnight.timestamp()), self._offset(day))
        return self.days[day]

    def _offset(self, day: dt.date) -> int | None:
        if self.kind == UTC:
            return 0
        begins = dt.datetime.combine(day, dt.time(), self.zone)
        ends = begins + dt.timedelta(days=1)
        if self.kind == STANDARD:
            january = dt.datetime(day.year, 1, 1, tzinfo=self.zone)
            july = dt.datetime(day.year, 7, 1, tzinfo=self.zone)
            return min(offset_of(january), offset_of(july))
        here = offset_of(begins)
        return here if here == offset_of(ends) else None

    def moment(self, day: dt.date, seconds: int, index: int) -> int | None:
        """Seconds since 1970, UTC; None for a time that the clock never showed. A double hour is sorted out later."""
        midnight, offset = self.day(day)
        if offset is None:
            shown = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=seconds)
            first, second = (shown.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
            if first.utcoffset() != second.utcoffset():
                if first.astimezone(dt.UTC).astimezone(self.zone).replace(tzinfo=None) != shown:
                    self.missing.append(f"{shown:%d %b %Y %H:%M}")
                    return None
                self.twice.append((index, f"{shown:%d %b %Y %H:%M}"))
            return int(first.astimezone(dt.UTC).timestamp())
        return midnight + seconds - offset


def offset_of(moment: dt.datetime) -> int:
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def centi_of(text: str, unit: str) -> int | None:
    """Hundredths °C of a cell; None when it is no temperature of a store. A unit in the cell itself wins."""
    found = _FIGURE.match(text)
    if not found:
        return None
    value = float(found[1].replace(",", ".").replace("−", "-"))
    if (found[2] or unit).lower() == "f":
        value = (value - 32) / 1.8
    centi = round(value * 100)
    return centi if COLDEST <= centi <= HOTTEST else None


def read(
    rows: Sequence[Row], mapping: Mapping, *, zone: ZoneInfo, now: int, since: int | None
) -> Found:
    """The readings of a file. `since` is when the place began, seconds UTC; None when that is not known.

    Raises StorageError, with nothing read, when too much of it makes no sense or lies in the future.
    """
    clock = Clock(zone, mapping.zone)
    pairs: list[tuple[int, int]] = []
    unread: list[int] = []
    body = rows[mapping.first :]
    for row in body:
        try:
            moment, told = moment_of(row, mapping, clock, index=len(pairs))
            value = centi_of(row.cells[mapping.temperature], mapping.unit)
        except (IndexError, ValueError):
            unread.append(row.number)
            continue
        if told and value is None:
            unread.append(row.number)
        elif moment is not None and value is not None:
            pairs.append((moment, value))
    check_read(body, unread)
    pairs, notes = without_doubt(pairs, clock)
    notes = [*said_unread(unread), *said_missing(clock), *notes]
    check_future(pairs, now)
    pairs, more = within(sorted(dict(reversed(pairs)).items()), since)
    found = Found([p[0] for p in pairs], [p[1] for p in pairs], [*notes, *more])
    if not found.times:
        raise StorageError("The file holds no reading that can be taken.", "file")
    return found


def moment_of(row: Row, mapping: Mapping, clock: Clock, *, index: int) -> tuple[int | None, bool]:
    """(the row's moment, whether the row told one). Raises ValueError, IndexError."""
    text = row.cells[mapping.time]
    if mapping.clock is None:
        found = _MOMENT.match(text)
        time = found
    else:
        found, time = _DATE.match(text), re.fullmatch(_CLOCK, row.cells[mapping.clock])
    if found is None or time is None:
        raise ValueError(text)
    day, seconds = day_of(found, mapping.order), seconds_of(time)
    if time["zone"]:
        midnight = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
        return midnight + seconds - shift_of(time["zone"]), True
    return clock.moment(day, seconds, index), True


def check_read(body: Sequence[Row], unread: Sequence[int]) -> None:
    """Raise StorageError when so many rows make no sense that the columns must be others."""
    if len(unread) > len(body) * MOST_UNREAD:
        lines = ", ".join(map(str, unread[:3]))
        raise StorageError(
            f"{len(unread):,} of {len(body):,} rows hold no time or no temperature that can be (first: row {lines}). "
            "Choose other columns, another unit, or another order of day and month. Nothing was imported.",
            "temperature",
        )


def check_future(pairs: Sequence[tuple[int, int]], now: int) -> None:
    """Raise StorageError when readings lie in the future: then clock or order of the day are others."""
    late = [moment for moment, _ in pairs if moment > now + SLACK]
    if late:
        last = dt.datetime.fromtimestamp(max(late), dt.UTC)
        raise StorageError(
            f"{len(late):,} readings lie in the future, the last on {last:%d %b %Y}. Choose another order of day and "
            "month, or another clock. If the logger’s own clock is wrong, its file can’t be used. Nothing was imported.",
            "order",
        )


def without_doubt(
    pairs: list[tuple[int, int]], clock: Clock
) -> tuple[list[tuple[int, int]], list[str]]:
    """Sorts out hours that the clock showed twice: where the file has both, by their order; else they are left out."""
    if not clock.twice:
        return pairs, []
    by_moment: dict[int, list[int]] = {}
    for index, _ in clock.twice:
        by_moment.setdefault(pairs[index][0], []).append(index)
    # A file that came by the hour once may have been either: only if each showing stands twice is it known which.
    drop: set[int] = set()
    for moment, found in by_moment.items():
        if len(found) == 2:
            pairs[found[1]] = (moment + 3600, pairs[found[1]][1])
        else:
            drop.update(found)
    kept = [pair for index, pair in enumerate(pairs) if index not in drop]
    if not drop:
        return kept, [
            "An hour that the clocks showed twice stands in the file twice: taken in its order."
        ]
    first = min(shown for index, shown in clock.twice if index in drop)
    return kept, [
        (
            f"{len(drop):,} readings of an hour that the clocks showed twice are left out (from {first}): the file has it "
            "once, and which of the two it was is not known."
        )
    ]


def within(
    pairs: list[tuple[int, int]], since: int | None
) -> tuple[list[tuple[int, int]], list[str]]:
    """Only readings from when the place was there. Raises StorageError when all are older."""
    if since is None:
        return pairs, []
    kept = [pair for pair in pairs if pair[0] >= since]
    if not kept and pairs:
        began = dt.datetime.fromtimestamp(since, dt.UTC)
        raise StorageError(
            f"All readings are older than this place, which is on record since {began:%d %b %Y}. Is it another place’s "
            "file, or are day and month the other way round? Nothing was imported.",
            "file",
        )
    if len(kept) == len(pairs):
        return pairs, []
    return kept, [
        f"{len(pairs) - len(kept):,} readings from before this place was on record are left out."
    ]


def said_unread(unread: Sequence[int]) -> list[str]:
    if not unread:
        return []
    lines = ", ".join(map(str, unread[:3]))
    more = f" and {len(unread) - 3:,} more" if len(unread) > 3 else ""
    return [f"Left out, because they hold no time or no temperature: row {lines}{more}."]


def said_missing(clock: Clock) -> list[str]:
    if not clock.missing:
        return []
    return [
        (
            f"{len(clock.missing):,} readings at times that the clock never showed are left out (first: {clock.missing[0]}): "
            "it went forward there. If the logger keeps standard time all the year, choose that clock."
        )
    ]
