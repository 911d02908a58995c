"""What a kit is worth when somebody needs it: serviceable, usable in need, or neither. Pure, as rules.py.

Source: domain B.2 (expired is better than none; emergency use is always allowed and only flagged) and C.2
(half-used kits exist). A kit is usable in need until a person says that it does not work.
"""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum

from naloxone.rules import STATE_WORDS, STOCKED, CustodyError, State, check_reason

TRAINER = "trainer"  # the kind of unit that is for lessons: it never counts


class Worth(StrEnum):
    """What a unit within reach counts as on a day."""

    SERVICEABLE = "serviceable"
    IN_NEED = "in_need"
    NEITHER = "neither"


WORTH_WORDS: Mapping[Worth, str] = {
    Worth.SERVICEABLE: "Serviceable",
    Worth.IN_NEED: "Usable in need",
    Worth.NEITHER: "Does not work",
}


def worth_of(
    *,
    kind: str,
    state: State,
    doses: int,
    expires_on: dt.date | None,
    works: bool,
    on: dt.date,
) -> Worth | None:
    """What a unit counts as on its station's day; None for what never counts, is gone or holds no dose."""
    if kind == TRAINER or state not in STOCKED or not doses:
        return None
    if not works:
        return Worth.NEITHER
    in_date = expires_on is not None and expires_on >= on
    return Worth.SERVICEABLE if state == State.IN_SERVICE and in_date else Worth.IN_NEED


def check_word(reference: str, *, state: State, doses: int, why: str) -> None:
    """Raise CustodyError unless it makes sense to say of a unit whether it works, and why is said."""
    if state not in STOCKED or not doses:
        raise CustodyError(
            f"{reference} is {STATE_WORDS[state].lower()}; whether it works is not asked any more.",
            "works",
        )
    check_reason(why, "why")
