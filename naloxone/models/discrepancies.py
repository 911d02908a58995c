"""What does not add up: told at once, with a clock, and closed with a code."""

from django.db import models
from django.db.models import Q

from naloxone.models.holders import Holder
from naloxone.models.units import Kit
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.people import Person, Station


class DiscrepancyKind(models.TextChoices):
    """What was expected and not found so (domain C.2, count statuses OK, short, extra, replace)."""

    MISSING = "missing", "Kit missing"
    SHORT = "short", "Fewer doses than recorded"
    EXTRA = "extra", "More doses than recorded"
    SEAL = "seal", "Seal broken or another number"
    MISMATCH = "mismatch", "Another lot or expiry than recorded"
    NO_ACCESS = "no_access", "Could not be opened"
    REPLACE = "replace", "Something in it to be replaced"
    FEWER = "fewer", "Fewer kits than recorded"
    MORE = "more", "More kits than recorded"
    STRAY = "stray", "Seen where it is not recorded"
    HANDS = "hands", "Not in the hands it is recorded in"


class ClosingCode(models.TextChoices):
    """How a discrepancy ended; required (domain C.1)."""

    FOUND = "found", "Found"
    USED = "used", "A use explains it"
    RECOUNTED = "recounted", "Counted again: nothing was wrong"
    RECORDED_WRONG = "recorded_wrong", "The record was wrong and is corrected"
    REPLACED = "replaced", "Replaced"
    LOST = "lost", "Lost for good, written off"


class DiscrepancyQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_at=None)

    def visible_to(self, person):
        """Of stations where one sees kits, or told by oneself."""
        return self.filter(access.within(person, Permission.KITS_SEE) | Q(opened_by=person))

    def with_names(self):
        return self.select_related("kit", "place", "station", "owner", "opened_by", "closed_by")


class Discrepancy(models.Model):
    """That something about a kit or a place does not add up, until when it is to be explained, and how it ended."""

    kind = models.CharField(max_length=12, choices=DiscrepancyKind.choices)
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, null=True, related_name="discrepancies")
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, null=True, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    told = models.CharField(max_length=500, blank=True)
    # Who sees to it; nobody by name: whoever answers for the station's stock.
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closing_code = models.CharField(max_length=16, choices=ClosingCode.choices, blank=True)
    closing_note = models.CharField(max_length=500, blank=True)

    objects = DiscrepancyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kit", "kind"],
                condition=Q(closed_at=None, kit__isnull=False),
                name="discrepancy_one_open_a_kit",
            ),
            models.UniqueConstraint(
                fields=["place", "kind"],
                condition=Q(closed_at=None, kit__isnull=True),
                name="discrepancy_one_open_a_place",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closing_code="", closed_by=None)
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(closing_code="")),
                name="discrepancy_closes_with_a_code",
            ),
            models.CheckConstraint(
                condition=Q(kit__isnull=False) | Q(place__isnull=False),
                name="discrepancy_of_something",
            ),
        ]
        indexes = [
            models.Index(
                fields=["station", "due_at"],
                condition=Q(closed_at=None),
                name="discrepancy_open_by_due",
            )
        ]

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"D-{self.pk}"

    @property
    def owned_by(self):
        """Who sees to it: a person, or a post."""
        return str(self.owner) if self.owner else f"Supervisors of {self.station}"

    @property
    def about(self):
        """The kit or place it is of."""
        return self.kit or self.place
