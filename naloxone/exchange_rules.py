"""Old kit for new in one act: what may be exchanged for what. Pure, as rules.py.

Source: domain C.1 (replacement when expired or near expiry), C.2 (custody passes by a two-sided act).
"""

import datetime as dt

from naloxone.need_rules import Worth
from naloxone.rules import CARRIERS, MOVABLE, STATE_WORDS, CustodyError, HolderKind, State


def check_old(reference: str, *, holder: str, holder_kind: HolderKind, state: State) -> None:
    """Raise CustodyError unless somebody carries a unit that can be given back."""
    if holder_kind not in CARRIERS:
        raise CustodyError(f"{reference} is at {holder}; nobody carries it.", "old")
    if state not in MOVABLE:
        raise CustodyError(
            f"{reference} is {STATE_WORDS[state].lower()}; it can’t be given back.", "old"
        )


def check_new(
    reference: str, *, worth: Worth | None, is_same: bool, new_kind: str, old_kind: str
) -> None:
    """Raise CustodyError unless a unit is serviceable and can take the old one's place: a dog's for a dog's."""
    if is_same:
        raise CustodyError(f"{reference} is the old one. Now the new one.", "new")
    if worth != Worth.SERVICEABLE:
        raise CustodyError(f"{reference} is not serviceable.", "new")
    if (new_kind == "canine_kit") != (old_kind == "canine_kit"):
        raise CustodyError(
            f"{reference} is not of the same kind: one of them is a canine kit.", "new"
        )


def check_later(
    new: str, old: str, *, new_expires: dt.date | None, old_expires: dt.date | None, sure: bool
) -> None:
    """Raise CustodyError when the new unit does not expire later than the old one, and nobody said that it is meant."""
    if sure or new_expires is None or old_expires is None or new_expires > old_expires:
        return
    raise CustodyError(
        f"{new} expires on {new_expires:%d %b %Y}, not later than {old} on {old_expires:%d %b %Y}.",
        "sure",
    )


def check_back(old: str, new: str, *, holder_is_receiver: bool, receiver: str) -> None:
    """Raise CustodyError when the receiver of an exchange no longer has the old unit: both moves or neither."""
    if not holder_is_receiver:
        raise CustodyError(
            f"{new} is offered in exchange for {old}, which is no longer with {receiver}. Have it offered anew."
        )


def check_undo(new: str, old: str, *, old_is_back: bool, receiver: str) -> None:
    """Raise CustodyError when undoing half of an exchange would leave its receiver with nothing."""
    if not old_is_back:
        raise CustodyError(
            f"{new} was taken in exchange for {old}. Undo the return of {old} first, so that {receiver} never "
            "holds nothing."
        )


def check_muster(*, lot: str, until: dt.date | None) -> None:
    """Raise CustodyError unless exactly one thing says which units are exchanged."""
    if bool(lot) == (until is not None):
        raise CustodyError("Give the lot, or the day by which they expire: one of the two.", "lot")


def check_listed(reference: str, *, listed: bool, words: str) -> None:
    """Raise CustodyError when a unit is not among those that a muster exchanges."""
    if not listed:
        raise CustodyError(f"{reference} is not among those exchanged here ({words}).", "old")


def check_people(*, receiver: int, witness: int, by: int) -> None:
    """Raise CustodyError when who receives is the giver or the witness: neither can witness for themselves."""
    if receiver == witness:
        raise CustodyError(
            "This is the witness’s own kit. Exchange it by itself, with another witness.", "old"
        )
    if receiver == by:
        raise CustodyError("This is your own kit. Somebody else exchanges it for you.", "old")


def words_of(*, lot: str, until: dt.date | None) -> str:
    """Which units a muster exchanges, in words."""
    return f"lot {lot}" if lot else f"expiring by {until:%d %b %Y}"
