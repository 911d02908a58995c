"""Offers of units to a receiver, and how each line of them ended."""

import uuid

from django.db import models
from django.db.models import Q

from naloxone.models.holders import Holder
from naloxone.models.units import Kit
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.people import Person, Station


class HandOverQuerySet(models.QuerySet):
    def open(self):
        return self.filter(lines__outcome=None, lines__isnull=False).distinct()

    def for_receiver(self, person):
        """Offered to the person, to the dog they lead, or to a place where they may accept."""
        places = access.within(person, Permission.CUSTODY_TAKE, field="receiver__station")
        return self.filter(
            Q(receiver__person=person)
            | Q(receiver__canine__handler=person)
            | (Q(receiver__kind__in=["storage", "vehicle"]) & places)
            if access.may(person, Permission.CUSTODY_TAKE, at=access.ANYWHERE)
            else Q(receiver__person=person) | Q(receiver__canine__handler=person)
        )

    def visible_to(self, person):
        """To me, by me, or of kits at my stations."""
        mine = Q(by=person) | Q(receiver__person=person) | Q(receiver__canine__handler=person)
        return self.filter(
            mine
            | access.within(person, Permission.KITS_SEE, field="station")
            | access.within(person, Permission.KITS_SEE, field="receiver__station")
        )

    def with_names(self):
        return self.select_related("by", "receiver__person", "receiver__station", "station")

    def newest_first(self):
        return self.order_by("-pk")


class HandOver(models.Model):
    """An offer of kits to a receiver. The giver keeps custody until it is accepted."""

    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="offers")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    offered_at = models.DateTimeField()
    due_at = models.DateTimeField()
    request_key = models.UUIDField(unique=True, default=uuid.uuid4)
    # Who accepted or refused, and by which form: a refusal leaves no act, and sent twice it has one answer.
    answered_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    answer_key = models.UUIDField(null=True)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_by=None, answer_key=None)
                | Q(answered_by__isnull=False, answer_key__isnull=False),
                name="hand_over_answered_by_somebody",
            )
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return f"/hand-overs/{self.reference}/"

    @property
    def reference(self):
        return f"H-{self.pk}"


class Outcome(models.TextChoices):
    """How an offered kit's line ended; none while it is open."""

    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


class HandOverLine(models.Model):
    """One kit of an offer, at the sequence at which it was offered; moved meanwhile, the line lapses."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="lines")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="offers")
    sequence = models.PositiveIntegerField()
    # The receiver's old unit that this one is for, and the place it goes back to when this one is accepted.
    replaces = models.ForeignKey(Kit, on_delete=models.PROTECT, null=True, related_name="+")
    returns_to = models.ForeignKey(Holder, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, null=True)
    reason = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kit"], condition=Q(outcome=None), name="line_one_open_offer_a_kit"
            ),
            models.UniqueConstraint(fields=["hand_over", "kit"], name="line_once_a_hand_over"),
            models.CheckConstraint(
                condition=Q(replaces=None, returns_to=None)
                | Q(replaces__isnull=False, returns_to__isnull=False),
                name="line_replaces_and_says_where_to",
            ),
            models.CheckConstraint(
                condition=Q(outcome=None, ended_at=None)
                | Q(outcome__isnull=False, ended_at__isnull=False),
                name="line_ends_with_an_outcome",
            ),
        ]

    def __str__(self):
        return f"{self.hand_over_id}: K-{self.kit_id}"
