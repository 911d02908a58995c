"""Inspections: who looked at a unit, what they saw, and when somebody looks again."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.inspection_rules import FINDING_WORDS, Finding, Result
from naloxone.models.holders import Holder
from naloxone.models.products import Lot
from naloxone.models.units import Kit
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station
from safety_portal.photos import Photo

RESULTS = [(Result.OK.value, "OK"), *((r.value, r.value.capitalize()) for r in list(Result)[1:])]


class InspectionQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Of stations where one sees kits, of what one carries, and one's own."""
        mine = Q(by=person) | Q(kit__holder__person=person) | Q(kit__holder__canine__handler=person)
        return self.filter(access.within(person, Permission.KITS_SEE) | mine)

    def with_names(self):
        return self.select_related("kit", "by", "holder", "station").prefetch_related(
            "inspectionphoto_set__photo"
        )

    def newest_first(self):
        return self.order_by("-occurred_at", "-pk")


class Inspection(models.Model):
    """One look at a unit, as it was seen; never changed. `sequence` is the custody event it was seen after."""

    may_insert = (
        "request_key", "kit", "sequence", "holder", "station", "by", "occurred_at", "seal_intact",
        "seal_seen", "package_intact", "device_sound", "liquid_clear", "accessories_there", "opened",
        "access_seconds", "result", "findings", "next_due_on", "note",
    )  # fmt: skip

    request_key = models.UUIDField(unique=True)
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="inspections")
    sequence = models.PositiveIntegerField()
    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    occurred_at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())
    # None in these: the unit has no seal, or the question was not asked.
    seal_intact = models.BooleanField(null=True)
    seal_seen = models.CharField(max_length=30, blank=True)
    package_intact = models.BooleanField(null=True)
    device_sound = models.BooleanField(null=True)
    liquid_clear = models.BooleanField(null=True)
    accessories_there = models.BooleanField(null=True)
    opened = models.BooleanField(null=True)
    access_seconds = models.PositiveSmallIntegerField(null=True)
    result = models.CharField(max_length=10, choices=RESULTS)
    findings = models.CharField(
        max_length=200, blank=True
    )  # what led to the result, by inspection_rules.Finding
    next_due_on = models.DateField()
    note = models.CharField(max_length=500, blank=True)

    objects = InspectionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["kit", "-occurred_at"], name="inspection_by_kit")]
        constraints = [
            models.CheckConstraint(
                condition=Q(access_seconds=None) | Q(opened=True), name="inspection_timed_if_opened"
            )
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:inspection", args=[self.pk])

    @property
    def reference(self):
        return f"I-{self.pk}"

    @property
    def found(self):
        """What was otherwise than it should be, in words."""
        return [FINDING_WORDS[Finding(name)] for name in self.findings.split()]

    @property
    def photos(self):
        """What it looked like; asked for by `with_names`."""
        return [one.photo for one in self.inspectionphoto_set.all()]


class InspectionLine(models.Model):
    """The doses of one lot as they are recorded and as they were counted."""

    may_insert = ("inspection", "lot", "expected", "counted", "matches")

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="lines")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    expected = models.PositiveSmallIntegerField()
    counted = models.PositiveSmallIntegerField()
    matches = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inspection", "lot"], name="inspection_line_once_a_lot")
        ]

    def __str__(self):
        return f"{self.inspection_id}: {self.counted} of {self.expected}"


class InspectionPhoto(models.Model):
    """That a photo shows what an inspector saw."""

    may_insert = ("inspection", "photo")

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT)
    photo = models.OneToOneField(Photo, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"photo of {self.inspection_id}"
