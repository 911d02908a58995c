"""What was planned about doses that expire: one plan, what it made, and how each booking ended. Rows are only ever added."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.models.consignments import Consignment
from naloxone.models.holders import Holder
from naloxone.models.orders import Order
from naloxone.models.products import Lot
from naloxone.models.words import choices
from naloxone.plan_rules import BookingKind
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


class ExpiryPlan(models.Model):
    """What somebody decided at once about a month's expiries: at most one order, and bookings."""

    may_insert = ("request_key", "month", "order", "by")

    request_key = models.UUIDField(unique=True)
    month = models.DateField()  # the first of the month of expiry
    order = models.OneToOneField(Order, on_delete=models.PROTECT, null=True, related_name="plan")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"PL-{self.pk}"


class BookingQuerySet(models.QuerySet):
    def open(self):
        return self.filter(end=None)

    def visible_to(self, person):
        """From or to stations where the person sees orders."""
        return self.filter(
            access.within(person, Permission.ORDERS_SEE)
            | access.within(person, Permission.ORDERS_SEE, field="destination")
        )

    def with_names(self):
        return self.select_related(
            "plan__by", "station", "destination", "place", "lot__product", "end__by", "end__consignment"
        )  # fmt: skip

    def nearest_first(self):
        return self.order_by("by_on", "pk")


class Booking(models.Model):
    """A day for something: units of a lot sent to another station, or kits of a month swapped for stock on hand."""

    may_insert = (
        "plan", "kind", "station", "doses", "shortage", "by_on", "kits", "place", "lot", "destination",
    )  # fmt: skip

    plan = models.ForeignKey(ExpiryPlan, on_delete=models.PROTECT, related_name="bookings")
    kind = models.CharField(max_length=8, choices=choices(BookingKind))
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    doses = models.PositiveIntegerField()
    shortage = (
        models.PositiveIntegerField()
    )  # doses of the month at the station, when it was booked
    by_on = models.DateField()
    kits = models.PositiveIntegerField(null=True)
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, null=True, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+")
    destination = models.ForeignKey(Station, on_delete=models.PROTECT, null=True, related_name="+")

    objects = BookingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="booking_is_what_it_says",
                condition=(
                    Q(kind="swap", kits=None, place=None, lot=None, destination=None)
                    | Q(
                        kind="send", kits__gt=0, place__isnull=False, lot__isnull=False,
                        destination__isnull=False,
                    )
                ),
            ),
            models.CheckConstraint(name="booking_is_of_something", condition=Q(doses__gt=0)),
        ]  # fmt: skip

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:booking", args=[self.pk])

    @property
    def reference(self):
        return f"BK-{self.pk}"

    @property
    def words(self):
        """What is to be done, in one line; needs `with_names`."""
        if self.kind == BookingKind.SEND:
            return (
                f"Send {self.kits:,} of lot {self.lot.number} from {self.place} at {self.station} "
                f"to {self.destination} by {self.by_on:%d %b %Y}"
            )
        return (
            f"Swap day at {self.station} on {self.by_on:%d %b %Y}: {self.doses:,} doses that expire "
            f"in {self.plan.month:%B %Y}, for stock on hand"
        )


class BookingEnd(models.Model):
    """That a booking was carried out (by a consignment, when it was to send), or that it will not be, and why."""

    may_insert = ("booking", "done", "why", "consignment", "by")

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="end")
    done = models.BooleanField()
    why = models.CharField(max_length=200, blank=True)
    consignment = models.OneToOneField(
        Consignment, on_delete=models.PROTECT, null=True, related_name="booking_end"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="undone_booking_says_why", condition=Q(done=True) | ~Q(why="")
            )
        ]

    def __str__(self):
        return f"{self.booking_id}: {'done' if self.done else 'not done'}"
