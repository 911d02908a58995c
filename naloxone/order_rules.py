"""What becomes of an order, and what of a shortage it covers. Pure: no database, clock or request.

An order's state is derived from facts that are only added: what was ordered, what came, how it ended. Sources: issue of
orders; domain C.1 (alert horizons are recommended, none is official).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from naloxone.rules import CustodyError

MOST_CARTONS = 10_000  # in one line; a slip of the finger orders more


class OrderError(CustodyError):
    """Why an order can't be so; the text is fit to show."""


class OrderState(StrEnum):
    """Where an order is, derived from its rows."""

    OPEN = "open"
    PART_DELIVERED = "part_delivered"
    DELIVERED = "delivered"
    CLOSED_SHORT = "closed_short"
    CANCELLED = "cancelled"


class Ending(StrEnum):
    """How somebody ended an order that did not come whole."""

    CLOSED_SHORT = "closed_short"
    CANCELLED = "cancelled"


class Covers(StrEnum):
    """What shortage a line of an order is for."""

    NOTHING = ""
    EXPIRY = "expiry"  # doses of one expiry month at a station
    PAR = "par"  # places of a station below par, or one of them


def state_of(*, ordered: int, received: int, ending: Ending | None) -> OrderState:
    """The state of an order of so many doses. What somebody ended stays ended, whatever comes afterwards."""
    if ending is not None:
        return OrderState(ending.value)
    if received >= ordered:
        return OrderState.DELIVERED
    return OrderState.PART_DELIVERED if received else OrderState.OPEN


def still_to_come(*, ordered: int, received: int) -> int:
    """Doses of a line that have not come; what came beyond it is not owed back."""
    return max(ordered - received, 0)


def check_cartons(cartons: int, field: str) -> None:
    """Raise OrderError unless a line orders 1 to MOST_CARTONS cartons."""
    if not 1 <= cartons <= MOST_CARTONS:
        raise OrderError(f"From 1 to {MOST_CARTONS:,} cartons.", field)


def check_products(doses: Iterable[int]) -> int:
    """The doses in a carton of products of which any will do. Raises OrderError when they differ: cartons would mean nothing."""
    different = set(doses)
    if not different:
        raise OrderError("Choose at least one product.", "products")
    if len(different) > 1:
        raise OrderError(
            "Their cartons hold different numbers of doses, so “any of these” would not say how many doses come. "
            "Choose products with the same number, or make two orders.",
            "products",
        )
    return different.pop()


def check_due(due_on: dt.date, *, on: dt.date) -> None:
    """Raise OrderError when an order would be due before today."""
    if due_on < on:
        raise OrderError("This day is past. When will it be there?", "due_on")


def check_running(state: OrderState, reference: str) -> None:
    """Raise OrderError unless something of an order is still expected."""
    if state not in (OrderState.OPEN, OrderState.PART_DELIVERED):
        raise OrderError(f"{reference} has ended: {STATE_WORDS[state].lower()}.")


def ending_for(received: int) -> Ending:
    """What it is called when somebody ends an order: closed short once anything came."""
    return Ending.CLOSED_SHORT if received else Ending.CANCELLED


STATE_WORDS = {
    OrderState.OPEN: "Open",
    OrderState.PART_DELIVERED: "Part delivered",
    OrderState.DELIVERED: "Delivered",
    OrderState.CLOSED_SHORT: "Closed short",
    OrderState.CANCELLED: "Cancelled",
}


@dataclass(frozen=True)
class CoverLine:
    """One line of an order that names a shortage: doses ordered and come, its day, whether it was ended.

    `shortage` is how many doses the shortage was when the line was written.
    """

    ordered: int
    received: int
    shortage: int
    due_on: dt.date
    ended: bool


@dataclass(frozen=True)
class Cover:
    """What some lines do for one shortage: doses that are covered, how large it was, whether one was due and has not come whole."""

    doses: int = 0
    shortage: int = 0
    late: bool = False

    def and_of(self, line: CoverLine, on: dt.date) -> "Cover":
        """With one line more, on a day of the station's clock.

        Until its day a line counts as it was ordered; from that day on, or once it was ended, only what came counts.
        """
        waits = on < line.due_on and not line.ended
        doses = max(line.ordered, line.received) if waits else line.received
        behind = not waits and line.received < line.ordered
        return Cover(self.doses + doses, max(self.shortage, line.shortage), self.late or behind)

    def silent(self, remaining: int) -> int:
        """Doses of `remaining` that nobody need hear of: all but what the shortage lacks.

        The shortage is what it was when it was covered: doses swapped for what came leave `remaining`, and would
        otherwise be taken off twice.
        """
        lacking = max(max(self.shortage, remaining) - self.doses, 0)
        return max(remaining - lacking, 0)
