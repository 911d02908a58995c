"""Puts the files of photos under the newest key of ENCRYPTION_KEYS."""

from django.core.management.base import BaseCommand

from safety_portal import photos


class Command(BaseCommand):
    help = "Seals photos anew that are under an older key. May be stopped and run again."

    def handle(self, *args, **options):
        resealed, of = photos.reseal_photos()
        self.stdout.write(
            f"{resealed:,} of {of:,} photos were under an older key and are sealed anew."
        )
