"""What a kit is worth when somebody needs it: serviceable, usable in need, or neither. Pure, as rules.py.

Source: domain B.2 (expired is better than none; emergency use is always allowed and only flagged) and C.2
(half-used kits exist). A kit is usable in need until a person says that it does not work.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from enum import StrEnum

from naloxone.rules import (
    PLACES,
    STATE_WORDS,
    STOCKED,
    CustodyError,
    HolderKind,
    State,
    check_reason,
)

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


STOREROOM = "storeroom"  # the kind of place that is emptied on purpose


def keeps_ready(*, place_type: str, par_min: int | None) -> bool:
    """Whether kits stand ready in a place, so that it is not left with nothing: all but a storeroom without a par."""
    return bool(par_min) or place_type != STOREROOM


def check_not_emptied(places: Collection[str]) -> None:
    """Raise CustodyError, naming them, when an act would leave places with nothing that works (no rule empties a place)."""
    if places:
        names = " and ".join(sorted(places))
        verb = "has" if len(places) == 1 else "have"
        raise CustodyError(
            f"With this {names} {verb} nothing left that would work in need. Put another kit there first, in "
            "the same act, or say why these are taken away all the same.",
            "why_empty",
        )


def check_put_ready(
    reference: str,
    *,
    expires_on: dt.date | None,
    on: dt.date,
    in_need: bool,
) -> None:
    """Raise CustodyError when an expired unit is put where kits stand ready, and nobody said that it is for need only."""
    if expires_on is not None and expires_on < on and not in_need:
        raise CustodyError(
            f"{reference} expired on {expires_on:%d %b %Y}. Expired stock can't be issued: where kits stand "
            "ready it goes only as usable in need, until a serviceable one is there. Say so if that is meant.",
            "in_need",
        )


def check_spare(
    reference: str,
    *,
    worth: Worth | None,
    place_kind: HolderKind,
    offered: bool,
    same_station: bool,
    field: str = "new",
) -> None:
    """Raise CustodyError unless a unit can take another's place: serviceable, in a place of the station, promised to nobody."""
    if worth != Worth.SERVICEABLE:
        raise CustodyError(
            f"{reference} is not serviceable, so it can't take another’s place.", field
        )
    if place_kind not in PLACES:
        raise CustodyError(
            f"{reference} is not in a place: who carries it gives it back first.", field
        )
    if offered:
        raise CustodyError(f"{reference} is offered to somebody. Withdraw that first.", field)
    if not same_station:
        raise CustodyError(f"{reference} is at another station: send it here first.", field)


def check_word(reference: str, *, state: State, doses: int, why: str) -> None:
    """Raise CustodyError unless it makes sense to say of a unit whether it works, and why is said."""
    if state not in STOCKED or not doses:
        raise CustodyError(
            f"{reference} is {STATE_WORDS[state].lower()}; whether it works is not asked any more.",
            "works",
        )
    check_reason(why, "why")
