"""Doses that were given, as told: the supply half of a use report. The clinical half lies behind safety_portal.medical."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from naloxone.models.custody import CustodyEvent
from naloxone.models.holders import Holder
from naloxone.models.products import Lot
from naloxone.models.units import Kit
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station

OUTSIDE = "outside"  # in told_code: an ambulance's, not of our stock


class Giver(models.TextChoices):
    """Who gave a dose."""

    WRITER = "writer", "I did"
    COLLEAGUE = "colleague", "A colleague"
    EMS = "ems", "Ambulance or hospital"
    OTHER = "other", "Somebody else"


class Site(models.TextChoices):
    """Where a dose went in (domain C.3)."""

    LEFT_NOSTRIL = "left_nostril", "Left nostril"
    RIGHT_NOSTRIL = "right_nostril", "Right nostril"
    THIGH = "thigh", "Thigh"
    ARM = "arm", "Upper arm"
    OTHER = "other", "Elsewhere"


class Fault(models.TextChoices):
    """What was wrong with the device."""

    NONE = "none", "Nothing"
    NO_SPRAY = "no_spray", "It did not spray or fire"
    LEAKED = "leaked", "It leaked"
    FROZEN = "frozen", "It was frozen"
    PACKAGE = "package", "The package would not open"
    OTHER = "other", "Something else"


class UseQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Reports of one's own, of stations where one sees kits, or in whose scope one reads medical facts."""
        return self.filter(
            Q(by=person)
            | access.within(person, Permission.KITS_SEE)
            | access.within(person, Permission.MEDICAL_READ)
        )

    def with_unbound(self):
        """Whether a dose of ours is in no kit's record yet."""
        unbound = UseDose.objects.unbound().filter(report=OuterRef("pk"))
        return self.annotate(is_unbound=Exists(unbound))

    def with_names(self):
        return self.select_related("by", "station", "place")

    def newest_first(self):
        return self.order_by("-pk")


class UseReport(models.Model):
    """That doses were given: by whom told, where, when the first. Kept as told whatever the ledger says."""

    may_insert = ("request_key", "by", "station", "place", "given_at")

    request_key = models.UUIDField(unique=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    # “One of cabinet B”: where the kit was from, when nobody knows which it was.
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, null=True, related_name="uses")
    given_at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    objects = UseQuerySet.as_manager()

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"U-{self.pk}"


class DoseQuerySet(models.QuerySet):
    def unbound(self):
        """Doses of ours that are in no unit's record."""
        bound = UseBinding.objects.filter(dose=OuterRef("pk"), undone_at=None)
        return self.exclude(Exists(bound)).exclude(told_code=OUTSIDE)


class UseDose(models.Model):
    """One dose as told: of which kit, or under what number it was not known; what did not fit then."""

    may_insert = (
        "report", "position", "given_at", "kit", "told_code", "lot", "flags", "request_key",
    )  # fmt: skip

    report = models.ForeignKey(UseReport, on_delete=models.PROTECT, related_name="doses")
    position = models.PositiveSmallIntegerField()
    given_at = models.DateTimeField()
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, null=True, related_name="uses")
    told_code = models.CharField(max_length=40, blank=True)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+")
    flags = models.JSONField(default=list)
    request_key = models.UUIDField(db_index=True)  # of the form that told of it

    objects = DoseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "position"], name="dose_once_a_position")
        ]

    def __str__(self):
        return f"{self.report_id}.{self.position}"


class DoseDetail(models.Model):
    """What was told of a dose later in the shift; the newest row counts, the older ones stay."""

    may_insert = ("dose", "given_at", "giver", "site", "fault", "by")

    dose = models.ForeignKey(UseDose, on_delete=models.PROTECT, related_name="details")
    given_at = models.DateTimeField()
    giver = models.CharField(max_length=10, choices=Giver.choices)
    site = models.CharField(max_length=14, choices=Site.choices, blank=True)
    fault = models.CharField(max_length=10, choices=Fault.choices)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"detail {self.pk}"


class UseBinding(models.Model):
    """That a dose told of is the one that an event took out of a unit. Undone with that event."""

    dose = models.ForeignKey(UseDose, on_delete=models.PROTECT, related_name="bindings")
    event = models.ForeignKey(CustodyEvent, on_delete=models.PROTECT, related_name="uses")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    bound_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dose"], condition=Q(undone_at=None), name="binding_one_a_dose"
            )
        ]

    def __str__(self):
        return f"{self.dose_id} by {self.event_id}"


class Replacement(models.Model):
    """That the writer of a report asked for a kit in place of the used one, and that it was seen to."""

    report = models.OneToOneField(UseReport, on_delete=models.PROTECT, related_name="replacement")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None)
                | Q(done_at__isnull=False, done_by__isnull=False),
                name="replacement_done_by_somebody",
            )
        ]

    def __str__(self):
        return f"replacement for {self.report_id}"
