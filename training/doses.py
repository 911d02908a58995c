"""The dose of a dog, as the protocol in force makes it from the newest weight, and whether its card still holds."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Max

from safety_portal.people import Canine, CanineWeight
from training import holding, rules
from training.models import DoseCard, ProtocolVersion
from training.rules import STALE_WORDS, Dose, Kind, Stale


@dataclass
class Sheet:
    """What is known of one dog's dose on its station's day."""

    canine: Canine
    weight: CanineWeight | None
    version: ProtocolVersion | None
    card: DoseCard | None
    stale: list[Stale]

    @property
    def doses(self) -> list[Dose]:
        """One first dose for each product of the protocol; none without protocol or weight."""
        if self.version is None or self.weight is None:
            return []
        return [rules.dose_of(self.weight.kg, dosing) for dosing in self.version.dosings]

    @property
    def why(self):
        """Why no card holds, in words; empty when one does."""
        return "; ".join(STALE_WORDS[reason] for reason in self.stale)

    @property
    def badge(self):
        """(words, tone) of the card."""
        if not self.stale:
            return "Holds", "good"
        return ("None" if self.card is None else "Stale"), "bad"

    @property
    def can_be_made(self):
        """Whether a card can be made now: only the card itself is missing or old."""
        blocking = {Stale.NO_PROTOCOL, Stale.NO_WEIGHT, Stale.OLD_WEIGHT}
        return bool(self.stale) and not blocking & set(self.stale)


def newest(model, canines):
    """{dog's key: its newest row}."""
    last = model.objects.filter(canine__in=canines).order_by().values("canine")
    keys = last.annotate(newest=Max("pk")).values("newest")
    return {row.canine_id: row for row in model.objects.filter(pk__in=keys)}


def sheets(canines, now):
    """A Sheet for each dog (its station's region at hand), in their order; four queries, however many dogs."""
    weights, cards = newest(CanineWeight, canines), newest(DoseCard, canines)
    days = {dog.station_id: dog.station.today(now) for dog in canines}
    in_force = {day: holding.in_force(day, with_doses=True) for day in set(days.values())}
    found = []
    for dog in canines:
        on = days[dog.station_id]
        # A weight that was taken back by an administrator counts no more.
        weight = weights.get(dog.pk) if dog.weight_kg is not None else None
        version = holding.nearest(in_force[on], Kind.CANINE_DOSE, dog.station)
        card = cards.get(dog.pk)
        stale = rules.stale_reasons(
            card=card and card.made_from, weight=weight and weight.pk,
            weighed_on=weight and weight.weighed_on, version=version and version.pk,
            days=settings.CANINE_WEIGHT_DAYS, on=on,
        )  # fmt: skip
        found.append(Sheet(dog, weight, version, card, stale))
    return found
