"""Reads the places of work that the project ships, then the products of naloxone."""

import csv
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from safety_portal.people import Component, Region, Station

SOURCE = Path(settings.BASE_DIR) / "safety_portal" / "reference" / "stations.csv"
FACTS = ("facility_type", "state", "time_zone")


def keep(model, rows, *, unique, facts):
    """Add the rows or, where they are known, bring their facts up to date; in one statement."""
    model.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=unique, update_fields=facts
    )


class Command(BaseCommand):
    help = "Adds or updates stations and products, but none that was changed here; may run any number of times."

    @transaction.atomic
    def handle(self, *args, **options):
        with SOURCE.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        self.load_components(rows)
        self.load_regions(rows)
        self.load_stations(rows)
        self.stdout.write(f"{len(rows)} stations")
        call_command("load_products", stdout=self.stdout)

    def load_components(self, rows):
        names = {row["component_code"]: row["component"] for row in rows}
        keep(
            Component,
            [Component(code=code, name=name) for code, name in names.items()],
            unique=["code"],
            facts=["name"],
        )

    def load_regions(self, rows):
        components = {component.code: component for component in Component.objects.all()}
        pairs = dict.fromkeys((row["component_code"], row["region"]) for row in rows)
        keep(
            Region,
            [Region(component=components[code], name=name) for code, name in pairs],
            unique=["component", "name"],
            facts=["name"],
        )

    def load_stations(self, rows):
        # What an administrator has changed or closed here is newer than the file.
        ours = set(Station.objects.filter(version__gt=1).values_list("code", flat=True))
        regions = {
            (region.component.code, region.name): region
            for region in Region.objects.select_related("component")
        }
        keep(
            Station,
            [
                Station(
                    code=row["station_code"],
                    name=row["station"],
                    region=regions[row["component_code"], row["region"]],
                    **{fact: row[fact] for fact in FACTS},
                )
                for row in rows
                if row["station_code"] not in ours
            ],
            unique=["code"],
            facts=["region", "name", *FACTS],
        )
