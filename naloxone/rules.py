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
    OPENED = "opened"
    HELD = "held"
    RECALLED = "recalled"
    MISSING = "missing"
    WRITTEN_OFF = "written_off"
    SPENT = "spent"
    DESTROYED = "destroyed"
    PASSED_ON = "passed_on"


class HolderKind(StrEnum):
    """Where a unit can be. Missing and destroyed are holders too, so that every unit is always somewhere."""

    SUPPLIER = "supplier"
    STORAGE = "storage"
    PERSON = "person"
    VEHICLE = "vehicle"
    CANINE_TEAM = "canine_team"
    IN_TRANSIT = "in_transit"
    MISSING = "missing"
    DESTROYED = "destroyed"
    RECIPIENT = "recipient"


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
    SENT = "sent"
    ARRIVED = "arrived"
    RECALLED = "recalled"
    OPENED = "opened"
    HELD = "held"
    USED = "used"
    WASTED = "wasted"
    MISSED = "missed"
    FOUND = "found"
    WRITTEN_OFF = "written_off"
    DISPOSED = "disposed"
    PASSED_ON = "passed_on"
    CORRECTED = "corrected"
    NOTED = "noted"


Move = tuple[EventKind, State, State, HolderKind, HolderKind]

H, S, E = HolderKind, State, EventKind
PLACES = (H.STORAGE, H.VEHICLE)
CARRIERS = (H.PERSON, H.CANINE_TEAM)
HOLDERS = (*PLACES, *CARRIERS)
# One row each, of no station: where units are that are nowhere else.
ELSEWHERE = (H.IN_TRANSIT, H.MISSING, H.DESTROYED, H.RECIPIENT)
MOVABLE = (S.QUARANTINE, S.IN_SERVICE, S.OPENED, S.HELD, S.RECALLED, S.SPENT)
STOCKED = (S.QUARANTINE, S.IN_SERVICE, S.OPENED, S.HELD, S.RECALLED)  # with doses, within reach
UNUSED = (S.QUARANTINE, S.IN_SERVICE, S.OPENED, S.HELD)
LOST = (S.MISSING, S.WRITTEN_OFF)
GONE = (S.SPENT, S.DESTROYED, S.PASSED_ON, S.WRITTEN_OFF)  # lists leave these out until asked for
# A mistake in one of these is undone by its mirror. A receipt is sent back, a recall is of the whole lot, what
# made other units is not undone by one of them, and a consignment is called back as a whole.
UNDOABLE = frozenset(
    {
        E.RELEASED, E.MOVED, E.HANDED_OVER, E.WITNESSED, E.RETURNED, E.OPENED, E.HELD, E.USED,
        E.WASTED, E.MISSED, E.FOUND, E.WRITTEN_OFF, E.DISPOSED, E.PASSED_ON,
    }
)  # fmt: skip


# Two agreed to these: neither of them takes them back alone.
TWO_SIDED = frozenset({E.HANDED_OVER, E.WITNESSED, E.RETURNED})


def after_dose(state: State, *, left: int) -> State:
    """What a unit is after a dose left it: opened if it was whole, emptied with its last dose."""
    if not left:
        return State.SPENT
    return State.OPENED if state == State.IN_SERVICE else state


def _moves() -> Iterable[Move]:
    yield from _custody_moves()
    yield from _dose_moves()
    yield from _transit_moves()
    yield from _lost_moves()
    yield from _last_moves()


def _custody_moves() -> Iterable[Move]:
    """Receipt, hands and places."""
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
    for state, holder in product(UNUSED, HOLDERS):
        yield E.RECALLED, state, S.RECALLED, holder, holder
    for state, holder in product((S.QUARANTINE, S.IN_SERVICE, S.OPENED), HOLDERS):
        yield E.HELD, state, S.HELD, holder, holder
        yield E.RELEASED, S.HELD, state, holder, holder


def _dose_moves() -> Iterable[Move]:
    """A dose leaves a unit. A use is recorded whatever state the unit is in, even when nobody knew where it was."""
    for holder in HOLDERS:
        yield E.OPENED, S.IN_SERVICE, S.OPENED, holder, holder
    for kind, (state, holder) in product((E.USED, E.WASTED), product(STOCKED, HOLDERS)):
        for left in (0, 1):
            yield kind, state, after_dose(state, left=left), holder, holder
    for state, left in product(LOST, (0, 1)):
        yield E.USED, state, after_dose(state, left=left), H.MISSING, H.MISSING


def _transit_moves() -> Iterable[Move]:
    """From station to station: off from a place, on its way, into a store whole or damaged, or not there."""
    for state, source in product(STOCKED, PLACES):
        yield E.SENT, state, state, source, H.IN_TRANSIT
    for state in (*STOCKED, S.SPENT):  # emptied on the way: a use is recorded anywhere
        yield E.ARRIVED, state, state, H.IN_TRANSIT, H.STORAGE
    for state in (S.QUARANTINE, S.IN_SERVICE, S.OPENED):
        yield E.ARRIVED, state, S.HELD, H.IN_TRANSIT, H.STORAGE
    for state, left in product(STOCKED, (0, 1)):
        yield E.USED, state, after_dose(state, left=left), H.IN_TRANSIT, H.IN_TRANSIT
    for state in UNUSED:
        yield E.RECALLED, state, S.RECALLED, H.IN_TRANSIT, H.IN_TRANSIT
    for state in STOCKED:
        yield E.MISSED, state, S.MISSING, H.IN_TRANSIT, H.MISSING


def _lost_moves() -> Iterable[Move]:
    for state, holder in product(STOCKED, HOLDERS):
        yield E.MISSED, state, S.MISSING, holder, H.MISSING
    yield E.WRITTEN_OFF, S.MISSING, S.WRITTEN_OFF, H.MISSING, H.MISSING
    # What comes back is looked at before it is relied on.
    for holder in HOLDERS:
        for state in LOST:
            yield E.FOUND, state, S.HELD, H.MISSING, holder
            yield E.FOUND, state, S.RECALLED, H.MISSING, holder
        yield E.FOUND, S.SPENT, S.SPENT, H.MISSING, holder


def _last_moves() -> Iterable[Move]:
    """Out of the agency's hands."""
    for state, holder in product(MOVABLE, HOLDERS):
        yield E.DISPOSED, state, S.DESTROYED, holder, H.DESTROYED
        for taker in (H.RECIPIENT, H.SUPPLIER):
            yield E.PASSED_ON, state, S.PASSED_ON, holder, taker


def _mirrors(moves: Iterable[Move]) -> Iterable[Move]:
    for kind, old, new, source, destination in moves:
        # What did not arrive is found, not put back on a journey that is over.
        if kind in UNDOABLE and (kind, source) != (E.MISSED, H.IN_TRANSIT):
            yield E.CORRECTED, new, old, destination, source


def _notes(moves: Iterable[Move]) -> Iterable[Move]:
    """A note moves nothing, wherever a unit can be."""
    for _, _, new, _, destination in moves:
        yield E.NOTED, new, new, destination, destination


_made = frozenset(_moves())
MOVES: frozenset[Move] = _made | frozenset(_mirrors(_made)) | frozenset(_notes(_made))
# These leave a unit where it is: source and destination are the same holder.
STAYING = frozenset(
    {
        E.ASSEMBLED, E.PARTED, E.RELEASED, E.RECALLED, E.OPENED, E.HELD, E.USED, E.WASTED,
        E.WRITTEN_OFF, E.NOTED,
    }
)  # fmt: skip

# Written of a unit without anybody's hand on it: an outer seal before it may be whole all the same.
UNTOUCHED = frozenset({E.RELEASED, E.RECALLED, E.HELD, E.WRITTEN_OFF, E.NOTED})

STATE_WORDS: Mapping[State, str] = {
    S.NEW: "Being recorded",
    S.QUARANTINE: "In quarantine",
    S.IN_SERVICE: "In service",
    S.OPENED: "Opened",
    S.HELD: "On hold",
    S.RECALLED: "Recalled",
    S.MISSING: "Missing",
    S.WRITTEN_OFF: "Written off",
    S.SPENT: "Emptied",
    S.DESTROYED: "Destroyed",
    S.PASSED_ON: "Passed on",
}


class Flag(StrEnum):
    """What does not fit the ledger about a dose that was given. Told to people; it never keeps a use from being recorded."""

    OUTSIDE = "outside"
    UNKNOWN_KIT = "unknown_kit"
    UNCLEAR = "unclear"
    EMPTY = "empty"
    GONE = "gone"
    BEFORE_RECEIPT = "before_receipt"
    EXPIRED = "expired"
    QUARANTINE = "quarantine"
    HELD = "held"
    RECALLED = "recalled"
    MISSING = "missing"
    NOT_THEIRS = "not_theirs"
    TRAINER = "trainer"


FLAG_WORDS: Mapping[Flag, str] = {
    Flag.OUTSIDE: "Not of our stock",
    Flag.UNKNOWN_KIT: "No kit of this number",
    Flag.UNCLEAR: "Which kit is not known yet",
    Flag.EMPTY: "Its record holds no dose any more",
    Flag.GONE: "Recorded as gone before",
    Flag.BEFORE_RECEIPT: "Given before it was received",
    Flag.EXPIRED: "Expired when given",
    Flag.QUARANTINE: "Not released yet",
    Flag.HELD: "On hold",
    Flag.RECALLED: "Recalled",
    Flag.MISSING: "Recorded as missing",
    Flag.NOT_THEIRS: "Recorded as with somebody else",
    Flag.TRAINER: "A trainer’s number: it holds no medicine",
}
# With one of these the dose is in no unit's record yet: a later event binds it.
UNBOUND = frozenset(
    {
        Flag.OUTSIDE,
        Flag.UNKNOWN_KIT,
        Flag.UNCLEAR,
        Flag.EMPTY,
        Flag.GONE,
        Flag.BEFORE_RECEIPT,
        Flag.TRAINER,
    }
)
STATE_FLAGS: Mapping[State, Flag] = {
    S.QUARANTINE: Flag.QUARANTINE,
    S.HELD: Flag.HELD,
    S.RECALLED: Flag.RECALLED,
    S.MISSING: Flag.MISSING,
    S.WRITTEN_OFF: Flag.MISSING,
    S.SPENT: Flag.EMPTY,
    S.DESTROYED: Flag.GONE,
    S.PASSED_ON: Flag.GONE,
}


def use_flags(
    *,
    state: State,
    expires_on: dt.date | None,
    given_at: dt.datetime,
    on: dt.date,
    received_at: dt.datetime,
    theirs: bool,
) -> list[Flag]:
    """What does not fit about a dose of a unit, given at a moment (UTC) on a local day. Empty: all fits (domain B.2, C.3)."""
    found = []
    if state in STATE_FLAGS:
        found.append(STATE_FLAGS[state])
    if given_at < received_at - CLOCK_SLACK:  # told to the minute
        found.append(Flag.BEFORE_RECEIPT)
    if expires_on is not None and expires_on < on:
        found.append(Flag.EXPIRED)
    if not theirs:
        found.append(Flag.NOT_THEIRS)
    return found


CLOCK_SLACK = dt.timedelta(minutes=2)
OFFER_HOURS = 24  # an offer not accepted by then is late
# A discrepancy is reconciled within 24 h and escalates after 72 (domain C.1, recommended; none is official).
RECONCILE_HOURS = 24
ESCALATE_HOURS = 72
MOST_UNITS = 1000  # in one act


def stays(kind: EventKind) -> bool | None:
    """Whether an event of this kind leaves a unit where it is; None for a correction, which mirrors either."""
    return None if kind == E.CORRECTED else kind in STAYING


def state_after_hold(before: State, *, doses_gone: int) -> State:
    """What a unit on hold is released to: what it was, but opened when a dose left it meanwhile."""
    return State.OPENED if before == State.IN_SERVICE and doses_gone else before


def state_when_found(*, is_empty: bool, recalled: bool) -> State:
    """What a unit is when it comes back: looked at first, recalled if its lot is, empty if nothing is left in it."""
    if is_empty:
        return State.SPENT
    return State.RECALLED if recalled else State.HELD


def check_reason(reason: str, field: str = "note") -> None:
    """Raise CustodyError unless a reason is given."""
    if not reason.strip():
        raise CustodyError("Say why.", field)


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


DAMAGED_TO: Mapping[State, State] = {
    state: S.HELD for state in (S.QUARANTINE, S.IN_SERVICE, S.OPENED)
}


def state_on_arrival(state: State, *, damaged: bool) -> State:
    """What a unit is when its consignment arrives: what it was, but on hold when it came damaged."""
    return DAMAGED_TO.get(state, state) if damaged else state


def check_told(occurred_at: dt.datetime, *, now: dt.datetime, field: str = "occurred_at") -> None:
    """Raise CustodyError when a told moment lies in the future (two minutes of slack for clocks)."""
    if occurred_at > now + CLOCK_SLACK:
        raise CustodyError("This moment is in the future. When did it happen?", field)


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
