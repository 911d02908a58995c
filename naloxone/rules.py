"""What may happen to a unit of custody, and when. Pure: no database, clock or request.

Sources: design section 4; domain B.2, C.1, C.2.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import product


class CustodyError(Exception):
    """Why a custody act can't be; the text is fit to show. `field` names the field it belongs to."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class State(StrEnum):
    """Only what can't be derived: “issued” is who holds it, “expired” is a date."""

    NEW = "new"
    QUARANTINE = "quarantine"
    IN_SERVICE = "in_service"
    RECALLED = "recalled"
    SPENT = "spent"


class HolderKind(StrEnum):
    """Where a unit can be; a supplier only ever gives."""

    SUPPLIER = "supplier"
    STORAGE = "storage"
    PERSON = "person"
    VEHICLE = "vehicle"
    CANINE_TEAM = "canine_team"


class EventKind(StrEnum):
    """What the ledger records, past tense."""

    RECEIVED = "received"
    RELEASED = "released"
    PARTED = "parted"
    ASSEMBLED = "assembled"
    MOVED = "moved"
    HANDED_OVER = "handed_over"
    WITNESSED = "witnessed"
    RETURNED = "returned"
    RECALLED = "recalled"


Move = tuple[EventKind, State, State, HolderKind, HolderKind]

H, S, E = HolderKind, State, EventKind
PLACES = (H.STORAGE, H.VEHICLE)
CARRIERS = (H.PERSON, H.CANINE_TEAM)
HOLDERS = (*PLACES, *CARRIERS)
MOVABLE = (S.QUARANTINE, S.IN_SERVICE, S.RECALLED)


def _moves() -> Iterable[Move]:
    for state in (S.QUARANTINE, S.IN_SERVICE):
        yield E.RECEIVED, S.NEW, state, H.SUPPLIER, H.STORAGE
    yield E.ASSEMBLED, S.NEW, S.IN_SERVICE, H.STORAGE, H.STORAGE
    yield E.PARTED, S.IN_SERVICE, S.IN_SERVICE, H.STORAGE, H.STORAGE
    yield E.PARTED, S.IN_SERVICE, S.SPENT, H.STORAGE, H.STORAGE
    yield E.RELEASED, S.QUARANTINE, S.IN_SERVICE, H.STORAGE, H.STORAGE
    for state, source, destination in product(MOVABLE, PLACES, PLACES):
        yield E.MOVED, state, state, source, destination
    # Into somebody's hands goes only what is in service; out of them comes whatever it has become.
    for source, destination in product(HOLDERS, (*CARRIERS, H.VEHICLE)):
        yield E.HANDED_OVER, S.IN_SERVICE, S.IN_SERVICE, source, destination
    for source in HOLDERS:
        yield E.WITNESSED, S.IN_SERVICE, S.IN_SERVICE, source, H.PERSON
    for state, source in product(MOVABLE, (*CARRIERS, H.VEHICLE)):
        yield E.RETURNED, state, state, source, H.STORAGE
    for state, holder in product((S.QUARANTINE, S.IN_SERVICE), HOLDERS):
        yield E.RECALLED, state, S.RECALLED, holder, holder


MOVES: frozenset[Move] = frozenset(_moves())
# These leave a unit where it is: source and destination are the same holder.
STAYING = frozenset({E.ASSEMBLED, E.PARTED, E.RELEASED, E.RECALLED})

STATE_WORDS: Mapping[State, str] = {
    S.NEW: "Being recorded",
    S.QUARANTINE: "In quarantine",
    S.IN_SERVICE: "In service",
    S.RECALLED: "Recalled",
    S.SPENT: "Emptied",
}

# Days before expiry at which somebody is told (domain C.1, recommended; none is official).
EXPIRY_HORIZONS = (180, 90, 60, 30, 14, 7, 0)
OFFER_HOURS = 24  # an offer not accepted by then is late
CLOCK_SLACK = dt.timedelta(minutes=2)
MOST_UNITS = 1000  # in one act


def is_legal(
    kind: EventKind, old: State, new: State, source: HolderKind, destination: HolderKind
) -> bool:
    """Whether the table of moves holds this move."""
    return (kind, old, new, source, destination) in MOVES


def check_issuable(
    reference: str, *, state: State, expires_on: dt.date | None, on: dt.date
) -> None:
    """Raise CustodyError unless a unit may go into somebody's hands on a day (domain B.2: expired is not issuable)."""
    if state != State.IN_SERVICE:
        raise CustodyError(f"{reference} is not in service: {STATE_WORDS[state].lower()}.", "kits")
    if expires_on is not None and expires_on < on:
        raise CustodyError(
            f"{reference} expired on {expires_on:%d %b %Y}. Expired stock can't be issued; "
            "its use in need can always be recorded.",
            "kits",
        )


def check_open(place: str, *, closed_on: dt.date | None, field: str | None = None) -> None:
    """Raise CustodyError when a place has been closed: nothing comes into it and nothing of it changes."""
    if closed_on is not None:
        raise CustodyError(f"{place} was closed on {closed_on:%d %b %Y}.", field)


def check_closable(place: str, *, kits: int, offers: int) -> None:
    """Raise CustodyError while units are in a place, or hand-overs to it wait for an answer."""
    if kits:
        noun, them = ("kit is", "it") if kits == 1 else ("kits are", "them")
        raise CustodyError(f"{kits:,} {noun} left in {place}: move {them} first.")
    if offers:
        noun, verb, them = ("hand-over", "is", "it") if offers == 1 else ("hand-overs", "are", "them")  # fmt: skip
        raise CustodyError(
            f"{offers:,} {noun} to {place} {verb} still open: answer or withdraw {them} first."
        )


def check_told(occurred_at: dt.datetime, *, now: dt.datetime) -> None:
    """Raise CustodyError when a told moment lies in the future (two minutes of slack for clocks)."""
    if occurred_at > now + CLOCK_SLACK:
        raise CustodyError("This moment is in the future. When did it happen?", "occurred_at")


def check_receipt(*, expires_on: dt.date, on: dt.date) -> None:
    """Raise CustodyError when a delivery has expired before the day it is received."""
    if expires_on < on:
        raise CustodyError(
            f"This expiry, {expires_on:%d %b %Y}, is before the receipt on {on:%d %b %Y}. "
            "Expired stock is not received; send it back.",
            "expires_on",
        )


def check_lot(number: str, *, known: dt.date, told: dt.date) -> None:
    """Raise CustodyError when a lot contradicts the expiry recorded for it earlier."""
    if known != told:
        raise CustodyError(
            f"Lot {number} was recorded before with expiry {known:%d %b %Y}, not {told:%d %b %Y}. "
            "Look at the carton again; one of the two is wrong.",
            "expires_on",
        )


def check_count(count: int) -> None:
    """Raise CustodyError unless 1 to MOST_UNITS units are named."""
    if count < 1:
        raise CustodyError("Name at least one kit.", "kits")
    if count > MOST_UNITS:
        raise CustodyError(f"At most {MOST_UNITS} in one act.", "kits")


def gtin_of_ndc(ndc: str) -> str:
    """GTIN-14 of a hyphenated ten-digit NDC: 0, 03, the ten digits, check digit (domain B.3). Raises ValueError."""
    digits = ndc.replace("-", "")
    if len(digits) != 10 or not digits.isdecimal():
        raise ValueError(f"{ndc} is not a ten-digit NDC")
    body = "003" + digits
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(body))
    return body + str(-total % 10)
