"""Puts the files of photos and lists under the newest key of ENCRYPTION_KEYS."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from safety_portal import photos, sealed_files


class Command(BaseCommand):
    help = "Seals photos anew that are under an older key. May be stopped and run again."

    def handle(self, *args, **options):
        resealed, of = photos.reseal_photos()
        self.stdout.write(
            f"{resealed:,} of {of:,} photos were under an older key and are sealed anew."
        )
        lists = 0
        for kind in (sealed_files.IMPORT, sealed_files.EXPORT):
            for token in sealed_files.names(before=timezone.now(), kind=kind):
                lists += sealed_files.reseal(token, kind=kind)
        self.stdout.write(f"{lists:,} lists were, too.")
