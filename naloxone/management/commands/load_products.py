"""Reads the antagonist products that the project ships, and editions of their labels (naloxone/reference/)."""

import csv
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import transaction

from naloxone.models import LabelVersion, Product

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
KNOWN = {"yes": True, "no": False, "": None}
BANDS = ("base_min_c", "base_max_c", "excursion_min_c", "excursion_max_c")
NUMBERS = (
    "storage_min_c",
    "storage_max_c",
    "excursion_min_c",
    "excursion_max_c",
    "shelf_life_months",
)


class Command(BaseCommand):
    help = "Adds or updates the products of the reference list; may run any number of times."

    @transaction.atomic
    def handle(self, *args, **options):
        rows = rows_of("antagonist_products.csv")
        for row in rows:
            Product.objects.update_or_create(name=row["product"], defaults=self.facts(row))
        for row in rows_of("label_versions.csv"):
            keep_label(row)
        self.stdout.write(f"{len(rows)} products")

    def facts(self, row):
        """The columns of one product; an empty cell is “not known”, never a guess."""
        return {
            "manufacturer": row["manufacturer"],
            "antagonist": row["antagonist"],
            "strength_mg": row["strength_mg_per_dose"],
            "route": row["route"],
            "supply": row["supply"],
            "ndc": row["ndc"] or None,
            "gtin": row["gtin"] or None,
            "devices_per_carton": row["devices_per_carton"],
            "trainers_per_carton": row["trainers_per_carton"] or 0,
            "do_not_freeze": KNOWN[row["do_not_freeze"]],
            "protect_from_light": KNOWN[row["protect_from_light"]],
            "fact_status": row["fact_status"],
            **{name: row[name] or None for name in NUMBERS},
        }


def rows_of(name):
    with (REFERENCE / name).open(newline="") as lines:
        return list(csv.DictReader(lines))


def keep_label(row):
    """One edition of a product's label, kept once: what a lot was judged by stays."""
    product = Product.objects.get(name=row["product"])
    if LabelVersion.objects.filter(product=product, name=row["name"]).exists():
        return
    LabelVersion.objects.create(
        product=product,
        name=row["name"],
        do_not_freeze=KNOWN[row["do_not_freeze"]],
        protect_from_light=KNOWN[row["protect_from_light"]],
        source=row["source"],
        **{name: row[name] or None for name in BANDS},
    )
