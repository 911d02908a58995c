"""What a disposal was of, as its pages tell it: units by lot, doses by product, both people. Milligrams are never added."""

from dataclasses import dataclass

from django.db.models import Count

from naloxone import badges
from naloxone.history import PROOFS
from naloxone.models import Device, Disposal, HandOverLine, Kit
from naloxone.models.disposals import standing_events
from naloxone.rules import EventKind, State


@dataclass(frozen=True)
class LotLine:
    """One lot: in how many units, with how many doses."""

    product: str
    number: str
    key: int
    expires_on: object
    kits: int
    doses: int


def by_lot(kits):
    """Lines of the lots in some units, by product and expiry; one query. What is empty is in none of them."""
    rows = (
        Device.objects.filter(kit__in=kits)
        .order_by("lot__product__name", "lot__expires_on", "lot")
        .values_list("lot__product__name", "lot__number", "lot", "lot__expires_on")
        .annotate(kits=Count("kit", distinct=True), doses=Count("pk"))
    )
    return [LotLine(*row) for row in rows]


def by_product(lines):
    """[(product, doses)] of those lines. Doses of different products are not added up."""
    found = {}
    for line in lines:
        found[line.product] = found.get(line.product, 0) + line.doses
    return list(found.items())


def offers_that_end(kits):
    """Sentences about units that somebody waits for: their offer ends with them."""
    open_ones = HandOverLine.objects.filter(kit__in=kits, outcome=None).order_by("kit")
    for kit, offer, receiver in open_ones.values_list(
        "kit", "hand_over", "hand_over__receiver__name"
    ):
        yield f"K-{kit} is offered to {receiver} in H-{offer}: that offer ends, and they are told."


def units_of(disposal):
    """The units of a disposal as (those it still holds for, those brought back by undoing), in the order of their numbers."""
    standing = set(standing_events(act=disposal.act_id).values_list("kit", flat=True))
    units = list(Kit.objects.filter(events__act=disposal.act_id).order_by("pk"))
    return (
        [kit for kit in units if kit.pk in standing],
        [kit for kit in units if kit.pk not in standing],
    )


def contents_of(kits):
    """What the page says of units: by lot, by product, and how many are empty."""
    lines = by_lot([kit.pk for kit in kits])
    return {
        "lots": lines,
        "products": by_product(lines),
        "empty": sum(kit.is_empty for kit in kits),
        "trainers": sum(kit.is_trainer for kit in kits),
    }


def of_kit(kit, now):
    """The disposal in which a unit ended, with its badge; None while it is still somewhere."""
    if kit.state not in (State.DESTROYED, State.PASSED_ON):
        return None
    acts = standing_events(kit=kit, kind__in=[EventKind.DISPOSED, EventKind.PASSED_ON])
    found = Disposal.objects.with_names().with_counts().filter(act__in=acts.values("act")).first()
    if found is not None:  # none for what ended before there were disposals
        found.badge = badges.signature_badge(found, now)
    return found


def proof_of(act):
    """How the witness proved that it was them, in words."""
    return PROOFS.get(act.proof, act.proof)
