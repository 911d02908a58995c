"""Antagonist products, their lots, and recalls of lots."""

from django.db import models
from django.db.models.functions import Now

from safety_portal.append_only import FilledMoment
from safety_portal.people import Person


class Product(models.Model):
    """An opioid antagonist as it is sold. Storage is the label's default; the lot's own label rules."""

    name = models.CharField(max_length=120, unique=True)
    manufacturer = models.CharField(max_length=80)
    antagonist = models.CharField(max_length=40)
    strength_mg = models.DecimalField(max_digits=5, decimal_places=2)
    route = models.CharField(max_length=40)
    supply = models.CharField(max_length=10)
    ndc = models.CharField(max_length=14, unique=True, null=True)  # hyphenated text, never a number
    gtin = models.CharField(max_length=14, unique=True, null=True)
    devices_per_carton = models.PositiveSmallIntegerField()
    storage_min_c = models.SmallIntegerField(null=True)
    storage_max_c = models.SmallIntegerField(null=True)
    excursion_min_c = models.SmallIntegerField(null=True)
    excursion_max_c = models.SmallIntegerField(null=True)
    do_not_freeze = models.BooleanField(null=True)
    protect_from_light = models.BooleanField(null=True)
    shelf_life_months = models.PositiveSmallIntegerField(null=True)
    fact_status = models.CharField(max_length=80)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

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
