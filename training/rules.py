"""Protocols and doses: when a version holds, what changed between two, what a dog is given. No database, no clock."""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

MOST_STEPS = 40
MOST_MINUTES = 7 * 24 * 60
HUNDREDTH = Decimal("0.01")


class ProtocolError(Exception):
    """Why a protocol, a dose or its card can't be so; the text is fit to show."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Kind(StrEnum):
    """What a protocol is for. One of each in force is what a station is asked for."""

    SAFE_HANDLING = "safe_handling"
    POST_EXPOSURE = "post_exposure"
    ANTAGONIST_DOSE = "antagonist_dose"
    CANINE_DOSE = "canine_dose"


KIND_WORDS = {
    Kind.SAFE_HANDLING: "Safe handling",
    Kind.POST_EXPOSURE: "After an exposure",
    Kind.ANTAGONIST_DOSE: "Naloxone for people",
    Kind.CANINE_DOSE: "Naloxone for dogs",
}


class Standing(StrEnum):
    """What a version is on a day."""

    DRAFT = "draft"
    SET_ASIDE = "set_aside"
    COMING = "coming"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


STANDING_WORDS = {
    Standing.DRAFT: "Draft",
    Standing.SET_ASIDE: "Set aside for a newer draft",
    Standing.COMING: "Approved, not in force yet",
    Standing.IN_FORCE: "In force",
    Standing.SUPERSEDED: "Superseded",
    Standing.WITHDRAWN: "Withdrawn",
}


@dataclass(frozen=True)
class Life:
    """The days of one version: in force from, when it is approved; withdrawn on, when it was."""

    number: int
    in_force_on: dt.date | None = None
    withdrawn_on: dt.date | None = None


def standing_of(number: int, lives: Iterable[Life], *, on: dt.date) -> Standing:
    """What a version is on a local day, among all versions of its protocol. A withdrawn one brings no older one back."""
    known = {life.number: life for life in lives}
    one = known[number]
    newer = [life for life in known.values() if life.number > number]
    if one.in_force_on is None:
        return Standing.SET_ASIDE if newer else Standing.DRAFT
    if one.withdrawn_on is not None and one.withdrawn_on <= on:
        return Standing.WITHDRAWN
    if one.in_force_on > on:
        return Standing.COMING
    if any(life.in_force_on is not None and life.in_force_on <= on for life in newer):
        return Standing.SUPERSEDED
    return Standing.IN_FORCE


# --- what is written -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """What is done, within how many minutes of the event (None: no time is set), and for whom or by whom."""

    what: str
    within_minutes: int | None = None
    for_whom: str = ""

    def __str__(self) -> str:
        time = "" if self.within_minutes is None else f", {in_time(self.within_minutes)}"
        return f"{self.what}{time}" + (f" ({self.for_whom})" if self.for_whom else "")


class Unit(StrEnum):
    """What a product is given by."""

    DEVICE = "device"
    MILLILITRE = "millilitre"


@dataclass(frozen=True)
class Dosing:
    """How a dog's first dose of one product is worked out: mg per kg of weight, and mg in a device or millilitre."""

    product: str
    unit: Unit
    strength_mg: Decimal
    mg_per_kg: Decimal
    route: str = ""

    def __str__(self) -> str:
        by = f", {self.route}" if self.route else ""
        per = "device" if self.unit == Unit.DEVICE else "mL"
        return f"{self.product}: {plain(self.mg_per_kg)} mg/kg, {plain(self.strength_mg)} mg a {per}{by}"


def plain(number: Decimal) -> str:
    """A figure without needless zeros: 0.0400 → 0.04, 4.000 → 4."""
    return f"{number.normalize():f}"


def in_time(minutes: int) -> str:
    """“at once”, “within 10 min”, “within 2 h”, “within 1 h 30 min”."""
    if minutes == 0:
        return "at once"
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return "within " + " ".join(part for part in parts if part)


def check_version(
    *,
    kind: Kind,
    steps: Sequence[Step],
    dosings: Sequence[Dosing],
    starts_on: dt.date,
    review_due_on: dt.date,
    on: dt.date,
) -> None:
    """Raise ProtocolError unless a version may stand so: steps, days in order, and doses where and only where dogs are treated."""
    if not steps:
        raise ProtocolError("Write at least one step.", "step_1_what")
    if len(steps) > MOST_STEPS:
        raise ProtocolError(f"At most {MOST_STEPS} steps: what is longer is not read in need.")
    if starts_on < on:
        raise ProtocolError("A protocol holds from today on, or later.", "starts_on")
    if review_due_on <= starts_on:
        raise ProtocolError("The review is due after the first day.", "review_due_on")
    if kind == Kind.CANINE_DOSE and not dosings:
        raise ProtocolError(
            "Write at least one product with its mg per kg: a dose is worked out from nothing else.",
            "dose_1_product",
        )
    if kind != Kind.CANINE_DOSE and dosings:
        raise ProtocolError("Only a protocol for dogs has doses by weight.")


def check_approval(standing: Standing, *, is_own: bool) -> None:
    """Raise ProtocolError unless a version may be approved: a draft, the newest, by another person than its author."""
    if standing != Standing.DRAFT:
        raise ProtocolError(
            f"This version is no draft any more: {STANDING_WORDS[standing].lower()}."
        )
    if is_own:
        raise ProtocolError("Another person than its author approves a protocol.")


def changes(
    old: tuple[dict[str, str], Sequence[Step | Dosing]],
    new: tuple[dict[str, str], Sequence[Step | Dosing]],
) -> list[str]:
    """What the newer version says otherwise, as sentences: its facts, then steps and doses that came, went or moved."""
    (old_facts, old_lines), (new_facts, new_lines) = old, new
    told = [
        f"{name}: {old_facts.get(name) or 'nothing'} → {value or 'nothing'}"
        for name, value in new_facts.items()
        if old_facts.get(name) != value
    ]
    before, after = [str(line) for line in old_lines], [str(line) for line in new_lines]
    told += [f"Gone: {line}" for line in before if line not in after]
    told += [f"New: {line}" for line in after if line not in before]
    stayed = [line for line in before if line in after]
    if stayed != [line for line in after if line in before]:
        told.append("The steps stand in another order.")
    return told


def review_left(review_due_on: dt.date, *, on: dt.date) -> int:
    """Days until the review is due; less than 0 once it is past."""
    return (review_due_on - on).days


# --- which protocol is whose ---------------------------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """For whom a protocol is written: keys of a component or a station, a kind of work; None: for all."""

    component: int | None = None
    station: int | None = None
    work: str = ""


def covers(reach: Reach, *, component: int, station: int, work: str = "") -> bool:
    """Whether a protocol holds at a station for a kind of work (“”: for everybody there)."""
    return (
        reach.component in (None, component)
        and reach.station in (None, station)
        and reach.work in ("", work)
    )


def nearness(reach: Reach) -> int:
    """Of several that hold, the one with the highest is followed: the station's before the component's, before the agency's."""
    place = 4 if reach.station is not None else 2 if reach.component is not None else 0
    return place + (1 if reach.work else 0)


# --- a dog's dose --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dose:
    """A first dose of one product for one weight. Doses of several products are never added."""

    dosing: Dosing
    weight_kg: Decimal
    mg: Decimal
    amount: Decimal  # whole devices, or millilitres

    @property
    def working(self) -> str:
        """31.5 kg × 0.04 mg/kg = 1.26 mg"""
        return f"{plain(self.weight_kg)} kg × {plain(self.dosing.mg_per_kg)} mg/kg = {plain(self.mg)} mg"

    @property
    def words(self) -> str:
        """“1 dose of …”, “1.26 mL of …”."""
        if self.dosing.unit == Unit.MILLILITRE:
            return f"{plain(self.amount)} mL of {self.dosing.product}"
        noun = "dose" if self.amount == 1 else "doses"
        return f"{plain(self.amount)} {noun} of {self.dosing.product}"

    @property
    def part(self) -> str:
        """How much of the devices' content that is: a spray gives all or nothing."""
        if self.dosing.unit == Unit.MILLILITRE:
            return ""
        held = self.amount * self.dosing.strength_mg
        return f"{plain(self.mg)} of the {plain(held)} mg that it gives"


def dose_of(weight_kg: Decimal, dosing: Dosing) -> Dose:
    """The first dose: mg = kg × mg/kg, to 0.01; of devices as many whole ones as hold it, of a solution mL to 0.01.

    Domain G: 40 kg at 0.04 mg/kg is 1.6 mg, less than half of a 4 mg spray, so one. Raises ProtocolError.
    """
    if weight_kg <= 0 or dosing.mg_per_kg <= 0 or dosing.strength_mg <= 0:
        raise ProtocolError("Weight, mg per kg and strength are more than nothing.")
    exact = weight_kg * dosing.mg_per_kg
    mg = exact.quantize(HUNDREDTH, ROUND_HALF_UP)
    if dosing.unit == Unit.DEVICE:
        amount = Decimal(math.ceil(exact / dosing.strength_mg))
    else:
        amount = (exact / dosing.strength_mg).quantize(HUNDREDTH, ROUND_HALF_UP)
    return Dose(dosing, weight_kg, mg, amount)


class Stale(StrEnum):
    """Why a dog's dose card no longer holds, or there is none."""

    NO_PROTOCOL = "no_protocol"
    NO_WEIGHT = "no_weight"
    OLD_WEIGHT = "old_weight"
    NO_CARD = "no_card"
    OTHER_WEIGHT = "other_weight"
    OTHER_PROTOCOL = "other_protocol"


STALE_WORDS = {
    Stale.NO_PROTOCOL: "no protocol for dogs is in force there",
    Stale.NO_WEIGHT: "its weight is not known",
    Stale.OLD_WEIGHT: "it was weighed too long ago",
    Stale.NO_CARD: "no card was made yet",
    Stale.OTHER_WEIGHT: "it was weighed again since",
    Stale.OTHER_PROTOCOL: "the protocol has changed since",
}


def weight_is_old(weighed_on: dt.date, *, days: int, on: dt.date) -> bool:
    """Older than so many days (settings.CANINE_WEIGHT_DAYS): on the last of them it still holds."""
    return (on - weighed_on).days > days


@dataclass(frozen=True)
class Card:
    """What a dose card was made from: keys of a weight and of a protocol's version."""

    weight: int
    version: int


def stale_reasons(
    *,
    card: Card | None,
    weight: int | None,
    weighed_on: dt.date | None,
    version: int | None,
    days: int,
    on: dt.date,
) -> list[Stale]:
    """Why there is no card that holds on a day: `weight` and `version` are the newest weight's and the one in force."""
    found = []
    if version is None:
        found.append(Stale.NO_PROTOCOL)
    if weight is None or weighed_on is None:
        found.append(Stale.NO_WEIGHT)
    elif weight_is_old(weighed_on, days=days, on=on):
        found.append(Stale.OLD_WEIGHT)
    if card is None:
        found.append(Stale.NO_CARD)
        return found
    if weight is not None and card.weight != weight:
        found.append(Stale.OTHER_WEIGHT)
    if version is not None and card.version != version:
        found.append(Stale.OTHER_PROTOCOL)
    return found
