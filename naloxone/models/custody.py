"""The ledger: acts, their events and the doses that an event moved; the table of moves."""

from django.db import models
from django.db.models.functions import Now

from naloxone.models.holders import Holder
from naloxone.models.units import Device, Kit
from naloxone.models.words import choices
from naloxone.rules import EventKind, State
from safety_portal.append_only import FilledBytes, FilledKey, FilledMoment
from safety_portal.people import Person, Station
from safety_portal.photos import Photo


class Act(models.Model):
    """What somebody did, once, to one kit or to fifty: the header that its events share."""

    may_insert = (
        "request_key", "verb", "by", "second", "proof", "occurred_at", "commitment", "hand_over",
    )  # fmt: skip

    request_key = models.UUIDField(unique=True)
    verb = models.CharField(max_length=20)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    # The receiver at the counter, or the witness; how they proved it was them.
    second = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    proof = models.CharField(max_length=12, blank=True)
    occurred_at = models.DateTimeField()
    # Hash of salt and note: the words stay out of the hashes and may be struck without a break.
    commitment = models.BinaryField(null=True)
    hand_over = models.ForeignKey("HandOver", on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        constraints = [
            # A witness of oneself would be none.
            models.CheckConstraint(
                condition=models.Q(second=None) | ~models.Q(second=models.F("by")),
                name="act_second_is_another",
            )
        ]

    def __str__(self):
        return f"{self.verb} {self.pk}"


class ReceiptPhoto(models.Model):
    """That a photo shows what is printed on a carton of a delivery, where its code says neither lot nor expiry."""

    may_insert = ("act", "photo")

    act = models.ForeignKey(Act, on_delete=models.PROTECT)
    photo = models.OneToOneField(Photo, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"photo of {self.act_id}"


class ActNote(models.Model):
    """The free text of an act, apart from the hashes."""

    may_insert = ("act", "salt", "text")

    act = models.OneToOneField(Act, on_delete=models.PROTECT, related_name="note")
    salt = models.BinaryField()
    text = models.TextField()

    def __str__(self):
        return f"note of {self.act_id}"


class CustodyEvent(models.Model):
    """One row of the ledger: a unit passed from a holder to a holder. Never changed.

    The application says what it expects (sequence, source); the trigger checks and fills the rest.
    `devices` are the doses that leave or come, `units` where they go; format in docs/ledger.md.
    """

    may_insert = (
        "act", "kit", "sequence", "kind", "source", "destination", "state", "devices", "units",
    )  # fmt: skip

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="events")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=choices(EventKind))
    source = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="outgoing")
    destination = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="incoming")
    state = models.CharField(max_length=12, choices=choices(State))
    devices = models.JSONField(null=True)
    units = models.JSONField(null=True)
    station = FilledKey(Station, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment()
    lines_hash = FilledBytes(null=True)
    previous_hash = FilledBytes()
    hash = FilledBytes()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kit", "sequence"], name="event_one_a_sequence"),
            models.UniqueConstraint(fields=["kit", "previous_hash"], name="event_one_a_link"),
        ]
        indexes = [models.Index(fields=["act"], name="event_by_act")]

    def __str__(self):
        return f"K-{self.kit_id} #{self.sequence} {self.kind}"


class CustodyMove(models.Model):
    """The table of moves, filled from rules.MOVES by a migration; the trigger looks it up."""

    may_insert = ()

    kind = models.CharField(max_length=12)
    old_state = models.CharField(max_length=12)
    new_state = models.CharField(max_length=12)
    source_kind = models.CharField(max_length=12)
    destination_kind = models.CharField(max_length=12)
    stays = models.BooleanField(null=True)  # None: a correction mirrors either

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "old_state", "new_state", "source_kind", "destination_kind"],
                name="move_once",
            )
        ]

    def __str__(self):
        return f"{self.kind}: {self.old_state} → {self.new_state}"


class CustodyLine(models.Model):
    """One dose of an event: the unit it came into, none when it was given or wasted. Written by the trigger only."""

    may_insert = ()

    pk = models.CompositePrimaryKey("event", "position")
    event = models.ForeignKey(CustodyEvent, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="lines")
    unit = models.ForeignKey(Kit, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        managed = False  # made beside its trigger, in migration 0002
        db_table = "naloxone_custodyline"

    def __str__(self):
        return f"{self.event_id}.{self.position}"
