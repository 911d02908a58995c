"""Units on their way from one station to another: what was sent off, and how each of them arrived."""

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import reverse

from naloxone.models.holders import Holder
from naloxone.models.units import Kit
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.people import Person, Station


class Arrival(models.TextChoices):
    """How a unit of a consignment ended its journey; none while it is on its way."""

    WHOLE = "whole", "Arrived"
    DAMAGED = "damaged", "Arrived damaged"
    SHORT = "short", "Was not there"
    CALLED_BACK = "called_back", "Called back"


class ConsignmentQuerySet(models.QuerySet):
    def open(self):
        return self.filter(ended_at=None)

    def visible_to(self, person):
        """From or to stations where the person sees kits."""
        return self.filter(
            access.within(person, Permission.KITS_SEE)
            | access.within(person, Permission.KITS_SEE, field="destination")
        )

    def coming_to(self, person):
        return self.filter(access.within(person, Permission.KITS_SEE, field="destination"))

    def with_names(self):
        return self.select_related("by", "ended_by", "station", "destination", "put_into")

    def with_numbers(self):
        """With how many units are in each (`number`)."""
        lines = ConsignmentLine.objects.filter(consignment=OuterRef("pk")).order_by()
        number = lines.values("consignment").annotate(n=Count("pk")).values("n")
        return self.annotate(number=Subquery(number))


class Consignment(models.Model):
    """Units sent off in one box, by a carrier, to be there by a day. Ends when the box is received or called back."""

    request_key = models.UUIDField(unique=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    destination = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    carrier = models.CharField(max_length=80)
    tracking = models.CharField(max_length=60, blank=True)
    seal = models.CharField(max_length=30, blank=True)
    note = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField()
    expected_on = models.DateField()
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_key = models.UUIDField(null=True)  # of the form that received it or called it back
    put_into = models.ForeignKey(Holder, on_delete=models.PROTECT, null=True, related_name="+")
    seal_whole = models.BooleanField(null=True)

    objects = ConsignmentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["destination"], condition=Q(ended_at=None), name="consignment_coming"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(station=models.F("destination")), name="consignment_goes_elsewhere"
            ),
            models.CheckConstraint(
                condition=Q(ended_by=None, ended_at=None, ended_key=None)
                | Q(ended_by__isnull=False, ended_at__isnull=False, ended_key__isnull=False),
                name="consignment_ended_by_somebody",
            ),
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:consignment", args=[self.pk])

    @property
    def reference(self):
        return f"CN-{self.pk}"

    @property
    def was_received(self):
        """Whether it ended where it was sent to; else it is on its way, or was called back."""
        return self.ended_at is not None and self.put_into.station_id == self.destination_id


class ConsignmentLine(models.Model):
    """One unit of a consignment, and how it arrived."""

    consignment = models.ForeignKey(Consignment, on_delete=models.PROTECT, related_name="lines")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="journeys")
    arrival = models.CharField(max_length=12, choices=Arrival.choices, null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kit"], condition=Q(arrival=None), name="one_journey_at_a_time"
            ),
            models.UniqueConstraint(fields=["consignment", "kit"], name="once_a_consignment"),
        ]

    def __str__(self):
        return f"{self.consignment_id}: K-{self.kit_id}"
