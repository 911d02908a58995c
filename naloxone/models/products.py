"""Antagonist products, their lots, and recalls of lots."""

from django.db import models
from django.db.models import Case, F, Func, OuterRef, Subquery, Value, When
from django.db.models.functions import Concat, LPad, Now

from safety_portal.append_only import FilledMoment
from safety_portal.people import Person


def segment(place, digits):
    """A segment of the hyphenated NDC, filled with zeros at its left; no NDC, no segment."""
    part = Func(
        F("ndc"), Value("-"), Value(place), function="split_part", output_field=models.CharField()
    )
    return LPad(part, digits, Value("0"))


class Product(models.Model):
    """An opioid antagonist as it is sold. Storage is the label's default; the lot's own label rules."""

    name = models.CharField(max_length=120, unique=True)
    manufacturer = models.CharField(max_length=80)
    antagonist = models.CharField(max_length=40)
    strength_mg = models.DecimalField(max_digits=5, decimal_places=2)
    route = models.CharField(max_length=40)
    supply = models.CharField(max_length=10)
    ndc = models.CharField(max_length=14, unique=True, null=True)  # hyphenated text, never a number
    # The NDC as 12 digits (6-4-2, in force from 2033; domain B.3), whatever it is printed as. By the database, so the
    # two never differ; gs1_rules.normalised_ndc says the same.
    ndc12 = models.GeneratedField(
        expression=Case(
            When(ndc__isnull=True, then=None),
            default=Concat(segment(1, 6), segment(2, 4), segment(3, 2)),
        ),
        output_field=models.CharField(max_length=12, null=True),
        db_persist=True,
    )
    gtin = models.CharField(max_length=14, unique=True, null=True)
    devices_per_carton = models.PositiveSmallIntegerField()
    # Devices without medicine in the same box (domain B.1, EVZIO): never doses, so in no figure.
    trainers_per_carton = models.PositiveSmallIntegerField(db_default=0)
    storage_min_c = models.SmallIntegerField(null=True)
    storage_max_c = models.SmallIntegerField(null=True)
    excursion_min_c = models.SmallIntegerField(null=True)
    excursion_max_c = models.SmallIntegerField(null=True)
    do_not_freeze = models.BooleanField(null=True)
    protect_from_light = models.BooleanField(null=True)
    shelf_life_months = models.PositiveSmallIntegerField(null=True)
    fact_status = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def reference(self):
        return f"PD-{self.pk}"

    @property
    def liquid_is_seen(self):
        """Whether its label wants a look at the liquid: what is injected (domain B.1, ZIMHI), not a nasal spray."""
        return self.route != "intranasal"


class Lot(models.Model):
    """One production lot. Its expiry is part of the ledger's hashes, so it is never changed."""

    may_insert = ("product", "number", "expires_on")

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lots")
    number = models.CharField(max_length=20)
    expires_on = models.DateField()
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="lot_once_a_product")
        ]

    def __str__(self):
        return self.number

    @property
    def reference(self):
        return f"L-{self.pk}"


class LotRecall(models.Model):
    """That a lot was recalled: by whose notice, and who recorded it."""

    may_insert = ("lot", "notice", "by")

    lot = models.OneToOneField(Lot, on_delete=models.PROTECT, related_name="recall")
    notice = models.CharField(max_length=120)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"recall of {self.lot_id}"


class PackCodeQuerySet(models.QuerySet):
    def in_force(self):
        """The newest word on each code, where it names a product."""
        newest = PackCode.objects.filter(code=OuterRef("code")).order_by("-pk").values("pk")[:1]
        return self.filter(pk=Subquery(newest), product__isnull=False)


class PackCode(models.Model):
    """That a number on packs means a product: a store brand's UPC, a repackager's GTIN. The newest word on a code counts."""

    may_insert = ("code", "product", "by")

    code = models.CharField(max_length=14)  # 14 digits, also of a UPC
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, related_name="+"
    )  # None: taken back
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    objects = PackCodeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["code", "-id"], name="pack_code_newest")]

    def __str__(self):
        return self.code
