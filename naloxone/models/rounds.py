"""Rounds: what was seen at a place, one row a place; the kits drawn at a round's end, and that they were scanned."""

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.models.holders import Holder
from naloxone.models.units import Kit
from naloxone.round_rules import DOCUMENTED, KIND_WORDS, RoundKind
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


class RoundResult(models.TextChoices):
    """Whether everything at a place was as recorded."""

    RIGHT = "right", "All right"
    DIFFERS = "differs", "Not all right"


class WalkQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Of stations where one sees kits, and one's own."""
        return self.filter(access.within(person, Permission.KITS_SEE) | Q(by=person))

    def with_names(self):
        return self.select_related("station", "by", "second")


class Walk(models.Model):
    """One person's way round places of a station in a shift; its rounds share it."""

    may_insert = (
        "request_key", "station", "by", "second", "proof", "at_terminal", "shift_on", "shift", "began_at",
    )  # fmt: skip

    request_key = models.UUIDField(unique=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+", db_index=False)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    second = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    proof = models.CharField(max_length=12, blank=True)  # how the second person proved it was them
    at_terminal = models.BooleanField(default=False)
    # The station's day on which the shift began, and which shift of that day it is.
    shift_on = models.DateField()
    shift = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    objects = WalkQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["station", "id"], name="walk_by_station"),
            models.Index(fields=["by", "id"], name="walk_by_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(second=None) | ~Q(second=models.F("by")), name="walk_second_is_another"
            )
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:walk", args=[self.pk])

    @property
    def reference(self):
        return f"W-{self.pk}"


class RoundQuerySet(models.QuerySet):
    def newest(self, kinds=None):
        """The newest moment of a round of the outer query's place; of some kinds only."""
        found = self.filter(place=OuterRef("pk"))
        if kinds:
            found = found.filter(kind__in=kinds)
        return Subquery(found.order_by("-occurred_at").values("occurred_at")[:1])


class Round(models.Model):
    """What was seen at a place; never changed. `differences` names units only where something differs."""

    may_insert = (
        "walk", "place", "kind", "occurred_at", "seal_recorded", "seal_whole", "seal_seen", "seal_new",
        "expected", "counted", "result", "differences", "no_access", "note",
    )  # fmt: skip

    walk = models.ForeignKey(Walk, on_delete=models.PROTECT, related_name="rounds", db_index=False)
    place = models.ForeignKey(
        Holder, on_delete=models.PROTECT, related_name="rounds", db_index=False
    )
    kind = models.CharField(max_length=10, choices=[(k.value, w) for k, w in KIND_WORDS.items()])
    occurred_at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())
    # The place's outer seal. Whole is unbroken and with the recorded number; None: it has none.
    seal_recorded = models.CharField(max_length=30, blank=True)
    seal_whole = models.BooleanField(null=True)
    seal_seen = models.CharField(max_length=30, blank=True)
    seal_new = models.CharField(max_length=30, blank=True)
    expected = models.PositiveIntegerField()  # units recorded there
    counted = models.PositiveIntegerField(null=True)
    result = models.CharField(max_length=8, choices=RoundResult.choices)
    # {"absent": [keys], "extra": [keys], "damaged": [keys], "short": {key: doses counted}}
    differences = models.JSONField(null=True)
    no_access = models.BooleanField(default=False)
    note = models.CharField(max_length=500, blank=True)

    objects = RoundQuerySet.as_manager()

    class Meta:
        indexes = [
            # “When was this place looked at last?” is one step down either, whatever the number of rounds.
            models.Index(fields=["place", "-occurred_at"], name="round_newest"),
            models.Index(
                fields=["place", "-occurred_at"],
                condition=Q(kind__in=[kind.value for kind in DOCUMENTED]),
                name="round_newest_documented",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["walk", "place"], name="round_once_a_walk"),
            models.CheckConstraint(
                condition=Q(result="differs")
                | Q(result="right", differences__isnull=True, no_access=False)
                & (Q(seal_whole=None) | Q(seal_whole=True)),
                name="round_right_is_right",
            ),
            models.CheckConstraint(
                condition=~Q(kind=RoundKind.COUNT.value)
                | Q(counted__isnull=False)
                | Q(no_access=True),
                name="round_count_counts",
            ),
        ]

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"R-{self.pk}"

    def keys(self, name):
        """Keys of the units that differ in a way: absent, extra, damaged, short."""
        return [int(key) for key in (self.differences or {}).get(name, ())]


class DrawnKit(models.Model):
    """A kit that the portal asks to be scanned, at the end of a walk or for a nil report."""

    may_insert = ("walk", "report", "position", "kit")

    walk = models.ForeignKey(Walk, on_delete=models.PROTECT, null=True, related_name="drawn")
    report = models.ForeignKey(
        "NilReport", on_delete=models.PROTECT, null=True, related_name="drawn"
    )
    position = models.PositiveSmallIntegerField()
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="+")
    asked_at = FilledMoment(db_default=Now())

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(walk=None, report__isnull=False) | Q(walk__isnull=False, report=None),
                name="drawn_for_one_thing",
            ),
            models.UniqueConstraint(fields=["walk", "position"], name="drawn_once_a_walk"),
            models.UniqueConstraint(fields=["report", "position"], name="drawn_once_a_report"),
        ]

    def __str__(self):
        return f"draw {self.pk}"


class KitScan(models.Model):
    """That a drawn kit was scanned: by whom, and which code of it was read."""

    may_insert = ("drawn", "by", "code", "at")

    drawn = models.OneToOneField(DrawnKit, on_delete=models.PROTECT, related_name="scan")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=200)
    at = models.DateTimeField()

    def __str__(self):
        return f"scan of draw {self.drawn_id}"
