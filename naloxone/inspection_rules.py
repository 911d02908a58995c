"""What an inspection comes to, and when the next one is due. Pure, like rules.py.

Sources: domain C.1, C.2; of what is inspected, models/units.py tells.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings  # type: ignore[import-untyped]

from naloxone.rules import CustodyError, State, check_reason

# A documented check of emergency naloxone at least every 30 days (domain C.1, Ohio Admin. Code 4729:5-3-19).
INSPECTION_DAYS: int = settings.ROUND_DAYS
INSPECTED = (State.IN_SERVICE, State.OPENED)  # the other states wait for somebody's look anyway


class Result(StrEnum):
    """What an inspection found, in the words of the field's check lists (domain C.2, EMS practice)."""

    OK = "ok"
    SHORT = "short"
    EXTRA = "extra"
    REPLACE = "replace"


class Finding(StrEnum):
    """One thing that an inspection found otherwise than it should be."""

    SEAL = "seal"
    SHORT = "short"
    EXTRA = "extra"
    MISMATCH = "mismatch"
    PACKAGE = "package"
    DEVICE = "device"
    LIQUID = "liquid"
    ACCESSORIES = "accessories"
    EXPIRED = "expired"
    NO_ACCESS = "no_access"


FINDING_WORDS: Mapping[Finding, str] = {
    Finding.SEAL: "Seal broken, gone or another number",
    Finding.SHORT: "Fewer doses than recorded",
    Finding.EXTRA: "More doses than recorded",
    Finding.MISMATCH: "Another lot or expiry than recorded",
    Finding.PACKAGE: "Blister or package damaged",
    Finding.DEVICE: "A device damaged",
    Finding.LIQUID: "Liquid coloured, cloudy or with particles",
    Finding.ACCESSORIES: "Gloves or mask missing",
    Finding.EXPIRED: "Expired",
    Finding.NO_ACCESS: "Could not be opened by who came for it",
}
# Worst first. Another seal or lot than recorded is replaced too: nobody knows what one would give.
_RESULTS: Mapping[Result, frozenset[Finding]] = {
    Result.REPLACE: frozenset(
        {
            Finding.SEAL, Finding.MISMATCH, Finding.PACKAGE, Finding.DEVICE, Finding.LIQUID,
            Finding.ACCESSORIES, Finding.EXPIRED,
        }
    ),
    Result.SHORT: frozenset({Finding.SHORT}),
    Result.EXTRA: frozenset({Finding.EXTRA}),
}  # fmt: skip
# How long it took from reaching for a unit to having it in the hand; longer is a slip of the finger.
MOST_ACCESS_SECONDS = 3600


@dataclass(frozen=True)
class LotSeen:
    """How many doses of a lot are recorded and were counted, and whether lot and expiry are as printed."""

    expected: int
    counted: int
    matches: bool = True


@dataclass(frozen=True)
class Seen:
    """What an inspector saw. None: the unit has no seal, or the question was not asked.

    `seal_intact` is unbroken and with the recorded number; a sealed unit need not be counted.
    """

    seal_intact: bool | None = None
    lots: Sequence[LotSeen] = ()
    package_intact: bool | None = None
    device_sound: bool | None = None
    liquid_clear: bool | None = None
    accessories_there: bool | None = None
    opened: bool | None = None


def findings(seen: Seen, *, expires_on: dt.date | None, on: dt.date) -> list[Finding]:
    """What is otherwise than it should be, from what was seen on a day; empty when all is well."""
    short = sum(max(lot.expected - lot.counted, 0) for lot in seen.lots)
    extra = sum(max(lot.counted - lot.expected, 0) for lot in seen.lots)
    found = {
        Finding.SEAL: seen.seal_intact is False,
        Finding.SHORT: bool(short),
        Finding.EXTRA: bool(extra),
        Finding.MISMATCH: not all(lot.matches for lot in seen.lots),
        Finding.PACKAGE: seen.package_intact is False,
        Finding.DEVICE: seen.device_sound is False,
        Finding.LIQUID: seen.liquid_clear is False,
        Finding.ACCESSORIES: seen.accessories_there is False,
        Finding.EXPIRED: expires_on is not None and expires_on < on,
        Finding.NO_ACCESS: seen.opened is False,
    }
    return [finding for finding, is_so in found.items() if is_so]


def result_of(found: Iterable[Finding]) -> Result:
    """The one word for an inspection's findings, the worst of them. A place that did not open says nothing of the unit."""
    told = frozenset(found)
    return next((result for result, causes in _RESULTS.items() if told & causes), Result.OK)


def inspection_due_on(checked_on: dt.date) -> dt.date:
    """The day by which a unit last checked on a day is inspected again; both are days of its station."""
    return checked_on + dt.timedelta(days=INSPECTION_DAYS)


def check_seen(seen: Seen, *, sealed: bool, doses: int) -> None:
    """Raise CustodyError unless enough was looked at: an unbroken seal, or every dose counted."""
    if seen.seal_intact is None and sealed:
        raise CustodyError("Say how the seal is.", "seal")
    whole = sealed and seen.seal_intact
    if not whole and sum(lot.expected for lot in seen.lots) != doses:
        raise CustodyError("Count the doses: no unbroken seal answers for them.")


def check_works(*, works: bool, why: str, found: Collection[Finding]) -> None:
    """Raise CustodyError when a unit is said not to work without why, or in an inspection that found nothing wrong."""
    if works:
        return
    check_reason(why, "why")
    if not found:
        raise CustodyError(
            "You say that it does not work. Say above what is wrong with it.", "works"
        )


def check_access_seconds(seconds: int | None, *, opened: bool | None) -> None:
    """Raise CustodyError when a time is told for a place that did not open, or no possible one."""
    if seconds is None:
        return
    if opened is not True:
        raise CustodyError("A time is told only where it opened.", "access_seconds")
    if not 0 <= seconds <= MOST_ACCESS_SECONDS:
        raise CustodyError(f"Seconds, from 0 to {MOST_ACCESS_SECONDS:,}.", "access_seconds")
