"""How stock ends: the ways out of the agency's hands, why, and which way fits what. Pure, as rules.py.

Source: domain C.4. The portal is stricter where it says so: the source has good expired stock donated, we
pass on only what we would still hand out ourselves.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from naloxone.rules import (
    MOVABLE,
    STATE_WORDS,
    CustodyError,
    EventKind,
    HolderKind,
    State,
)

COUNTERSIGN_DAYS = 7  # recommended (domain C.4 asks for two persons and states no time)
NASAL = "intranasal"
MOST_NAMED = 5  # references in one sentence


class Method(StrEnum):
    """The ways out (domain C.4)."""

    TRASH = "trash"
    SHARPS = "sharps"
    TAKE_BACK = "take_back"
    REVERSE_DISTRIBUTOR = "reverse_distributor"
    INCINERATION = "incineration"
    TRAINING_USE = "training_use"
    DONATION = "donation"
    RETURN_TO_VENDOR = "return_to_vendor"
    EVIDENCE_HOLD = "evidence_hold"


class Reason(StrEnum):
    """Why stock ends."""

    EXPIRED = "expired"
    DAMAGED = "damaged"
    RECALLED = "recalled"
    USED = "used"
    TEMPERATURE = "temperature"
    SURPLUS = "surplus"
    OTHER = "other"


class Basis(StrEnum):
    """What the second signature stands on."""

    SAW_IT = "saw_it"
    SAW_REMAINS = "saw_remains"
    SAW_PAPERS = "saw_papers"


METHOD_WORDS: Mapping[Method, str] = {
    Method.TRASH: "Trash",
    Method.SHARPS: "Sharps container",
    Method.TAKE_BACK: "Pharmacy take-back",
    Method.REVERSE_DISTRIBUTOR: "Reverse distributor",
    Method.INCINERATION: "Incineration",
    Method.TRAINING_USE: "Used for training",
    Method.DONATION: "Donation",
    Method.RETURN_TO_VENDOR: "Return to the vendor",
    Method.EVIDENCE_HOLD: "Held as evidence",
}
REASON_WORDS: Mapping[Reason, str] = {
    Reason.EXPIRED: "Expired",
    Reason.DAMAGED: "Damaged",
    Reason.RECALLED: "Recalled",
    Reason.USED: "Used or emptied",
    Reason.TEMPERATURE: "Too warm or too cold",
    Reason.SURPLUS: "More than needed",
    Reason.OTHER: "Another reason",
}
BASIS_WORDS: Mapping[Basis, str] = {
    Basis.SAW_IT: "I was there when it was done",
    Basis.SAW_REMAINS: "I have seen what was thrown away",
    Basis.SAW_PAPERS: "I have seen the photo, the receipt or the recipient’s word",
}
# Who has them afterwards; by every other way they are destroyed.
TAKERS: Mapping[Method, HolderKind] = {
    Method.DONATION: HolderKind.RECIPIENT,
    Method.EVIDENCE_HOLD: HolderKind.RECIPIENT,
    Method.RETURN_TO_VENDOR: HolderKind.SUPPLIER,
}
# Who takes them by these ways gives a receipt for it, often days later.
OWES_RECEIPT = frozenset(
    {
        Method.TAKE_BACK, Method.REVERSE_DISTRIBUTOR, Method.INCINERATION, Method.DONATION,
        Method.RETURN_TO_VENDOR,
    }
)  # fmt: skip
# What was used is waste, or evidence: nobody learns with it or gets it.
NOT_FOR_USED = frozenset({Method.DONATION, Method.TRAINING_USE, Method.RETURN_TO_VENDOR})


@dataclass(frozen=True)
class Stock:
    """What the rules ask about a unit: its state, doses, first expiry, recall, and by which routes its doses go."""

    reference: str
    state: State
    doses: int
    expires_on: dt.date | None
    recalled: bool
    routes: frozenset[str]

    @property
    def is_injected(self) -> bool:
        """Whether a dose of it has a needle."""
        return bool(self.routes - {NASAL})


@dataclass(frozen=True)
class Misfit:
    """Why a unit can't end so, in words that follow its name, and the field that would have to change."""

    words: str
    field: str


def ends_as(method: Method) -> tuple[EventKind, HolderKind, State]:
    """Event, holder and state in which a unit ends."""
    taker = TAKERS.get(method)
    if taker is None:
        return EventKind.DISPOSED, HolderKind.DESTROYED, State.DESTROYED
    return EventKind.PASSED_ON, taker, State.PASSED_ON


def misfits(stock: Stock, *, method: Method, reason: Reason, on: dt.date) -> list[Misfit]:
    """All that speaks against ending a unit so on its station's day: of its state, else of the reason and the way."""
    if stock.state not in MOVABLE:
        said = STATE_WORDS[stock.state].lower()
        return [Misfit(f"{said}; this can't be done with it now", "kits")]
    found = (_against_reason(stock, reason, on), _against_method(stock, method, reason, on))
    return [one for one in found if one is not None]


def _against_reason(stock: Stock, reason: Reason, on: dt.date) -> Misfit | None:
    expired = stock.expires_on is not None and stock.expires_on < on
    if reason == Reason.EXPIRED and not expired:
        return Misfit("not expired", "reason")
    if reason == Reason.RECALLED and not stock.recalled:
        return Misfit("not of a recalled lot", "reason")
    if reason == Reason.USED and stock.state not in (State.SPENT, State.OPENED):
        return Misfit(
            "nothing is recorded as taken out. Record the use first, or choose another reason",
            "reason",
        )
    return None


def _against_method(stock: Stock, method: Method, reason: Reason, on: dt.date) -> Misfit | None:
    if reason == Reason.USED and method in NOT_FOR_USED:
        return Misfit(f"used, so not for “{METHOD_WORDS[method].lower()}”", "method")
    if stock.recalled and method in (Method.DONATION, Method.TRAINING_USE):
        return Misfit(f"recalled, so not for “{METHOD_WORDS[method].lower()}”", "method")
    if method == Method.RETURN_TO_VENDOR and not stock.doses:
        return Misfit("nothing is left in it to return", "method")
    if method == Method.DONATION:
        return _against_donation(stock, on)
    return None


def _against_donation(stock: Stock, on: dt.date) -> Misfit | None:
    """Only what we would hand out ourselves: in service with its seal whole, and in date (stricter than C.4)."""
    if stock.state != State.IN_SERVICE:
        said = STATE_WORDS[stock.state].lower()
        return Misfit(f"{said}; only what is in service and sealed is donated", "method")
    if stock.expires_on is None or stock.expires_on < on:
        return Misfit("expired; expired stock is not donated", "method")
    return None


def named(references: Collection[str]) -> str:
    """The first references, and how many more."""
    more = len(references) - MOST_NAMED
    return ", ".join(list(references)[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


class DisposalError(CustodyError):
    """All that speaks against a disposal: the first one, and the others with it."""

    def __init__(self, errors: list[CustodyError]) -> None:
        super().__init__(str(errors[0]), errors[0].field)
        self.errors = errors


def all_of(error: CustodyError) -> list[CustodyError]:
    """Every fault that an error tells of, so that a form shows them at once."""
    return error.errors if isinstance(error, DisposalError) else [error]


def check_disposal(
    stocks: Iterable[Stock],
    *,
    method: Method,
    reason: Reason,
    words: str = "",
    recipient: str = "",
    on: dt.date,
) -> None:
    """Raise DisposalError with all that speaks against it, unless all units may end so and all is told (domain C.4).

    Units that the same thing speaks against are named together.
    """
    found: dict[Misfit, list[str]] = {}
    for stock in stocks:
        for against in misfits(stock, method=method, reason=reason, on=on):
            found.setdefault(against, []).append(stock.reference)
    errors = [
        CustodyError(f"{named(references)}: {against.words}.", against.field)
        for against, references in found.items()
    ]
    errors += _untold(method, reason, words, recipient)
    if errors:
        raise DisposalError(errors)


def _untold(method: Method, reason: Reason, words: str, recipient: str) -> Iterable[CustodyError]:
    """Another reason is told in words, and who gets what is passed on is named."""
    if reason == Reason.OTHER and not words.strip():
        yield CustodyError("Say why.", "words")
    if method in TAKERS and not recipient.strip():
        yield CustodyError("Say who gets them.", "recipient")


def cautions(stocks: Iterable[Stock], *, method: Method, reason: Reason) -> list[str]:
    """What to see to before it is done, as sentences; none of it forbids anything (domain C.4)."""
    stocks = list(stocks)
    injected = [stock.reference for stock in stocks if stock.is_injected]
    said = []
    if injected and method not in (Method.SHARPS, *TAKERS):
        said.append(f"{named(injected)}: these have needles. Needles go into a sharps container.")
    if reason == Reason.USED:
        said.append(
            "A used device from a drug scene is contaminated: gloves, and a labelled 6-mil bag, "
            "as for contaminated protective equipment."
        )
    if method == Method.TRASH and any(stock.doses for stock in stocks):
        said.append("Full doses in the trash: out of the reach of children, in a closed container.")
    return said


def likely_reason(stocks: Iterable[Stock], *, on: dt.date) -> Reason | None:
    """The reason that the record itself tells of all units, for the form to begin with; None when it tells none."""
    stocks = list(stocks)
    for reason in (Reason.RECALLED, Reason.USED, Reason.EXPIRED):
        if stocks and not any(_against_reason(stock, reason, on) for stock in stocks):
            return reason
    return None


def check_receipt(*, number: str, on: dt.date, done_on: dt.date, today: dt.date) -> None:
    """Raise CustodyError unless a receipt has a number and a day between the disposal's and today (station's days)."""
    if not number.strip():
        raise CustodyError("Give the receipt’s number.", "number")
    if on > today:
        raise CustodyError("This day is in the future.", "on")
    if on < done_on:
        raise CustodyError(
            f"They left on {done_on:%d %b %Y}; a receipt for them is not older.", "on"
        )


def receipt_due_on(done_on: dt.date, days: int) -> dt.date:
    """The day by which a receipt should be here: so many days after they left."""
    return done_on + dt.timedelta(days=days)


def countersign_by(moment: dt.datetime) -> dt.datetime:
    """Until when the second signature is due for what one person ended at a moment."""
    return moment + dt.timedelta(days=COUNTERSIGN_DAYS)


def in_words(
    *, method: Method, reason: Reason, words: str = "", receipt: str = "", recipient: str = ""
) -> str:
    """The note of the act, so that each unit's record says how it ended and the ledger commits to it."""
    said = [f"{METHOD_WORDS[method]}. {REASON_WORDS[reason]}."]
    if recipient:
        said.append(f"To {recipient}.")
    if receipt:
        said.append(f"Receipt {receipt}.")
    return " ".join([*said, words]).strip()
