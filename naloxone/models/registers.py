"""The register of a station's stock passing from one liaison to the next: counts, two signatures, differences."""

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.models.discrepancies import Discrepancy
from naloxone.models.holders import Holder
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


class RegisterPassingQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Of stations where one sees liaisons."""
        return self.filter(access.within(person, Permission.LIAISONS_SEE))

    def with_names(self):
        return self.select_related("station", "outgoing", "incoming", "signed_by", "taking")

    def complete(self):
        """Signed by both."""
        return self.filter(taking__isnull=False)

    def waiting(self):
        """Counted and signed by the one who hands over; the newest of its station, and nobody has taken it yet."""
        newest = RegisterPassing.objects.filter(station=OuterRef("station")).order_by("-pk")
        return self.filter(taking=None, pk=Subquery(newest.values("pk")[:1]))

    def newest_first(self):
        return self.order_by("-pk")


class RegisterPassing(models.Model):
    """That somebody counted a station's stock and signed it over to another. Complete once that one has counted and signed."""

    may_insert = (
        "station", "outgoing", "incoming", "signed_by", "proof", "note", "at", "request_key",
    )  # fmt: skip

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    outgoing = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    incoming = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    # The outgoing person, or a supervisor in the place of one who is gone.
    signed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proof = models.CharField(max_length=12)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    request_key = models.UUIDField(unique=True)
    recorded_at = FilledMoment(db_default=Now())

    objects = RegisterPassingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(incoming=F("outgoing")) & ~Q(incoming=F("signed_by")),
                name="register_passes_to_another",
            )
        ]
        indexes = [models.Index(fields=["station", "-id"], name="register_by_station")]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:register_passing", args=[self.pk])

    @property
    def reference(self):
        return f"RG-{self.pk}"

    @property
    def taken(self):
        """The second signature, when it was given."""
        return getattr(self, "taking", None)

    @property
    def in_place_of(self):
        """Whether somebody else signed for the person whose register it was."""
        return self.signed_by_id != self.outgoing_id


class RegisterTaking(models.Model):
    """That the incoming person counted too and signed: from here on the register is theirs."""

    may_insert = ("passing", "proof", "at", "request_key")

    passing = models.OneToOneField(RegisterPassing, on_delete=models.PROTECT, related_name="taking")
    proof = models.CharField(max_length=12)
    at = models.DateTimeField()
    request_key = models.UUIDField(unique=True)
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"second signature of {self.passing_id}"


class RegisterCount(models.Model):
    """What one of the two counted in one place, beside what the ledger said at that moment."""

    may_insert = ("passing", "place", "by", "counted", "recorded", "discrepancy")

    passing = models.ForeignKey(RegisterPassing, on_delete=models.PROTECT, related_name="counts")
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    counted = models.PositiveSmallIntegerField()
    recorded = models.PositiveSmallIntegerField()
    # Of the incoming person's count, where it differs: it stays with the outgoing one.
    discrepancy = models.ForeignKey(
        Discrepancy, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["passing", "place", "by"], name="register_count_once_a_place"
            )
        ]

    def __str__(self):
        return f"{self.passing_id}: {self.counted} in {self.place_id}"
