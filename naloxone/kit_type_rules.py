"""What a kit is made of beside its doses, and what may be noted about it. Pure, as rules.py.

Sources: domain B.5 (bill of materials; BJA kits sometimes have latex gloves, and latex fails the nitrile rule), C.2.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from naloxone.rules import CustodyError, check_reason

MOST_COMPONENTS = 30
MOST_PIECES = 100


class Latex(StrEnum):
    """Whether a component is of latex, as its package says."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


LATEX_WORDS: Mapping[Latex, str] = {
    Latex.NO: "No latex",
    Latex.YES: "Latex",
    Latex.UNKNOWN: "Latex not known",
}
LATEX_WHY = (
    "Latex fails the nitrile rule: gloves here are nitrile. Kits as they are bought sometimes have "
    "latex gloves; put nitrile ones in their place."
)


class Fit(StrEnum):
    """What was noted about a component of one kit. The newest counts."""

    FITTED = "fitted"
    RENEWED = "renewed"
    SHORT = "short"
    USED = "used"
    REMOVED = "removed"


FIT_WORDS: Mapping[Fit, str] = {
    Fit.FITTED: "Put in",
    Fit.RENEWED: "Renewed",
    Fit.SHORT: "Short or not there",
    Fit.USED: "Used",
    Fit.REMOVED: "Taken out",
}
THERE = (Fit.FITTED, Fit.RENEWED)  # with one of these its expiry counts
NOTED = (Fit.RENEWED, Fit.SHORT, Fit.USED, Fit.REMOVED)  # what people choose from


@dataclass(frozen=True)
class Component:
    """One line of a bill of materials."""

    name: str
    quantity: int
    expires: bool
    required: bool
    latex: Latex

    def __str__(self) -> str:
        kind = "has an expiry" if self.expires else "no expiry"
        needed = "required" if self.required else "not required"
        return f"{self.quantity} × {self.name}, {kind}, {needed}, {LATEX_WORDS[self.latex].lower()}"


@dataclass(frozen=True)
class Change:
    """A component that two versions tell differently; nothing where one has none."""

    name: str
    before: str
    after: str


def check_version(components: Sequence[Component], *, source: str) -> None:
    """Raise CustodyError unless a version has components, each once, and says where they are from."""
    if not components:
        raise CustodyError("Name at least one component.", "name_1")
    if len(components) > MOST_COMPONENTS:
        raise CustodyError(f"At most {MOST_COMPONENTS} components.")
    seen: set[str] = set()
    for place, one in enumerate(components, 1):
        if not 1 <= one.quantity <= MOST_PIECES:
            raise CustodyError(f"1 to {MOST_PIECES}.", f"quantity_{place}")
        if one.name.casefold() in seen:
            raise CustodyError(f"{one.name} is listed twice.", f"name_{place}")
        seen.add(one.name.casefold())
    if not source.strip():
        raise CustodyError("Say where this comes from.", "source")


def changes(before: Iterable[Component], after: Iterable[Component]) -> list[Change]:
    """What two versions tell differently, by the name of the component."""
    old, new = ({one.name: str(one) for one in side} for side in (before, after))
    names = [*old, *(name for name in new if name not in old)]
    pairs = [(name, old.get(name, ""), new.get(name, "")) for name in names]
    return [Change(*pair) for pair in pairs if pair[1] != pair[2]]


def check_fresh(name: str, expires_on: dt.date, *, on: dt.date, field: str) -> None:
    """Raise CustodyError when a component has expired before the day on which it is put in."""
    if expires_on < on:
        raise CustodyError(
            f"{name} expired on {expires_on:%d %b %Y}: put one in that is in date.", field
        )


def check_expiries(
    asked: Mapping[int, Component], told: Mapping[int, dt.date], *, on: dt.date
) -> None:
    """Raise CustodyError unless there is one day, not past, for each required component that has an expiry.

    Both are by the component's key; one that is not required may be left out.
    """
    for key, one in asked.items():
        field = f"expires_{key}"
        day = told.get(key)
        if day is None and one.expires and one.required:
            raise CustodyError(f"Say until when {one.name} is good.", field)
        if day is not None:
            check_fresh(one.name, day, on=on, field=field)


def check_fit(
    component: Component, fit: Fit, *, expires_on: dt.date | None, on: dt.date, note: str
) -> None:
    """Raise CustodyError unless what is noted about a component is complete: an expiry for what is renewed, else why."""
    if fit == Fit.RENEWED:
        if component.expires and expires_on is None:
            raise CustodyError(f"Say until when {component.name} is good.", "expires_on")
        if expires_on is not None:
            check_fresh(component.name, expires_on, on=on, field="expires_on")
        return
    check_reason(note, "note")


def first_to_expire(days: Collection[tuple[dt.date, str]]) -> tuple[dt.date, str] | None:
    """Of days and what expires then, the first; None when nothing does."""
    return min(days, default=None)


def is_half_used(*, kind: str, doses: int, doses_full: int) -> bool:
    """Whether some of a unit's doses were given or wasted and some are left (domain C.2)."""
    return kind != "trainer" and 0 < doses < doses_full
