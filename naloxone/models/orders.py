"""Orders of stock: facts that are only added, from which their state is derived."""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, Now
from django.urls import reverse

from naloxone.models.consignments import Consignment
from naloxone.models.custody import Act
from naloxone.models.holders import Holder
from naloxone.models.products import Product
from naloxone.models.words import choices
from naloxone.order_rules import Covers, Ending, OrderState, state_of, still_to_come
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


def total_of(rows, of, amount):
    """The sum of `amount` over rows of one `of`; 0 where there are none."""
    sums = rows.order_by().values(of).annotate(total=Sum(amount)).values("total")
    return Coalesce(Subquery(sums), 0)


class OrderQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Orders with a line for a station where the person sees orders."""
        here = access.within(person, Permission.ORDERS_SEE)
        return self.filter(Exists(OrderLine.objects.filter(here, order=OuterRef("pk"))))

    def with_figures(self):
        """With doses ordered and received, the day it is due, and how it was ended."""
        lines = OrderLine.objects.filter(order=OuterRef("pk")).annotate(
            doses=F("cartons") * F("order__doses_per_carton")
        )
        receipts = OrderReceipt.objects.filter(line__order=OuterRef("pk"))
        dues = OrderDue.objects.filter(order=OuterRef("pk")).order_by("-pk")
        return self.annotate(
            ordered=total_of(lines, "order", "doses"),
            received=total_of(receipts, "line__order", "doses"),
            due_on=Subquery(dues.values("due_on")[:1]),
            ending=F("end__kind"),
        )

    def running(self):
        """Nobody has ended them, and not all has come; needs `with_figures`."""
        return self.filter(end=None, received__lt=F("ordered"))

    def with_names(self):
        return self.select_related("by").prefetch_related("products")


class Order(models.Model):
    """Cartons asked for, from whom; any of its products will do. The number of doses in a carton is the same for all."""

    may_insert = ("request_key", "supplier", "note", "doses_per_carton", "by")

    request_key = models.UUIDField(unique=True)
    supplier = models.CharField(max_length=120)
    note = models.CharField(max_length=300, blank=True)
    doses_per_carton = models.PositiveSmallIntegerField()
    products = models.ManyToManyField(Product, through="OrderProduct", related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    objects = OrderQuerySet.as_manager()

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:order", args=[self.pk])

    @property
    def reference(self):
        return f"OR-{self.pk}"

    @property
    def state(self):
        """Where it is; needs `with_figures`."""
        ending = Ending(self.ending) if self.ending else None
        return state_of(ordered=self.ordered, received=self.received, ending=ending)

    @property
    def is_running(self):
        return self.state in (OrderState.OPEN, OrderState.PART_DELIVERED)

    @property
    def to_come(self):
        """Doses; none of an order that somebody ended. Needs `with_figures`."""
        if self.ending:
            return 0
        return still_to_come(ordered=self.ordered, received=self.received)


class OrderProduct(models.Model):
    """That a product will do for an order."""

    may_insert = ("order", "product")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="product_once_an_order")
        ]

    def __str__(self):
        return f"{self.order_id}: {self.product_id}"


class OrderLineQuerySet(models.QuerySet):
    def with_figures(self):
        """With doses ordered and received."""
        receipts = OrderReceipt.objects.filter(line=OuterRef("pk"))
        return self.annotate(
            ordered=F("cartons") * F("order__doses_per_carton"),
            received=total_of(receipts, "line", "doses"),
        )

    def expected_at(self, stations):
        """Lines of which something is still to come to some stations, the nearest day first."""
        dues = OrderDue.objects.filter(order=OuterRef("order")).order_by("-pk")
        return (
            self.with_figures()
            .annotate(due_on=Subquery(dues.values("due_on")[:1]))
            .filter(station__in=stations, order__end=None, received__lt=F("ordered"))
            .select_related("order", "station")
            .order_by("due_on", "pk")
        )


class OrderLine(models.Model):
    """So many cartons of an order for one station, and the shortage there that they cover."""

    may_insert = (
        "order", "station", "cartons", "covers", "covers_month", "covers_place", "shortage", "by",
    )  # fmt: skip

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    cartons = models.PositiveIntegerField()
    covers = models.CharField(max_length=8, choices=choices(Covers), blank=True)
    covers_month = models.DateField(null=True)  # the first of the month of expiry
    covers_place = models.ForeignKey(
        Holder, on_delete=models.PROTECT, null=True, related_name="+"
    )  # None: whichever place of the station is below par
    shortage = models.PositiveIntegerField(default=0)  # doses, when the line was written
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="line_covers_what_it_names",
                condition=(
                    Q(covers="", covers_month=None, covers_place=None)
                    | Q(covers="expiry", covers_month__isnull=False, covers_place=None)
                    | Q(covers="par", covers_month=None)
                ),
            ),
            models.CheckConstraint(name="line_orders_something", condition=Q(cartons__gt=0)),
        ]
        indexes = [
            models.Index(
                fields=["covers", "covers_month"], condition=~Q(covers=""), name="line_that_covers"
            )
        ]

    def __str__(self):
        return f"{self.order_id}: {self.cartons} for {self.station_id}"

    @property
    def to_come(self):
        """Doses; needs `with_figures`."""
        return still_to_come(ordered=self.ordered, received=self.received)

    @property
    def covers_words(self):
        """The shortage in words; empty when it names none."""
        if self.covers == Covers.EXPIRY:
            return f"Kits that expire in {self.covers_month:%B %Y}"
        if self.covers == Covers.PAR:
            return f"{self.covers_place or 'Places'} below par"
        return ""


class OrderDue(models.Model):
    """The day an order is due, and why it is another one than before. The newest counts."""

    may_insert = ("order", "due_on", "why", "by")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="dues")
    due_on = models.DateField()
    why = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"{self.order_id}: {self.due_on}"


class OrderReceipt(models.Model):
    """That a delivery, or a box from another station, brought doses of a line."""

    may_insert = ("line", "act", "consignment", "doses", "by")

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="receipts")
    act = models.OneToOneField(Act, on_delete=models.PROTECT, null=True, related_name="ordered")
    consignment = models.OneToOneField(
        Consignment, on_delete=models.PROTECT, null=True, related_name="ordered"
    )
    doses = models.PositiveIntegerField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="receipt_of_one_thing",
                condition=Q(act=None, consignment__isnull=False)
                | Q(act__isnull=False, consignment=None),
            )
        ]

    def __str__(self):
        return f"{self.line_id}: {self.doses}"


class OrderEnd(models.Model):
    """That somebody ended an order before all of it came, and why."""

    may_insert = ("order", "kind", "reason", "by")

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="end")
    kind = models.CharField(max_length=12, choices=choices(Ending))
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"{self.order_id}: {self.kind}"
