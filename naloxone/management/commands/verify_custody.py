"""Checks the whole custody ledger; exit code 1 and a plain sentence when somebody rewrote it."""

import json
import sys
import time

from django.core.management.base import BaseCommand

from naloxone.verify import verify_ledger


class Command(BaseCommand):
    help = "Verifies every event and every kit; exit code 1 at the first break."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="print one JSON object instead")

    def handle(self, *args, **options):
        started = time.monotonic()
        found = verify_ledger()
        took = time.monotonic() - started
        if options["json"]:
            facts = {
                "intact": found.intact,
                "events": found.events,
                "kits": found.kits,
                "kit": found.kit and f"K-{found.kit}",
                "sequence": found.sequence,
                "sentence": found.sentence,
                "seconds": round(took, 3),
            }
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write(
                f"{found.events:,} events of {found.kits:,} kits checked in {took:.1f} s."
            )
            self.stdout.write("Intact." if found.intact else f"BROKEN. {found.sentence}")
        if not found.intact:
            sys.exit(1)
