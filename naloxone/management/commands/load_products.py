"""Reads the antagonist products that the project ships (naloxone/reference/antagonist_products.csv)."""

import csv
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import transaction

from naloxone.models import Product

SOURCE = Path(__file__).resolve().parents[2] / "reference" / "antagonist_products.csv"
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
        with SOURCE.open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        for row in rows:
            Product.objects.update_or_create(name=row["product"], defaults=self.facts(row))
        self.stdout.write(f"{len(rows)} products")

    def facts(self, row):
        """The columns of one product; an empty cell is “not known”, never a guess."""
        known = {"yes": True, "no": False, "": None}
        return {
            "manufacturer": row["manufacturer"],
            "antagonist": row["antagonist"],
            "strength_mg": row["strength_mg_per_dose"],
            "route": row["route"],
            "supply": row["supply"],
            "ndc": row["ndc"] or None,
            "gtin": row["gtin"] or None,
            "devices_per_carton": row["devices_per_carton"],
            "do_not_freeze": known[row["do_not_freeze"]],
            "protect_from_light": known[row["protect_from_light"]],
            "fact_status": row["fact_status"],
            **{name: row[name] or None for name in NUMBERS},
        }
