"""Prints a new entry for ENCRYPTION_KEYS."""

import base64
import secrets

from django.core.management.base import BaseCommand
from django.utils import timezone


class Command(BaseCommand):
    help = "Prints a new key; put it first in ENCRYPTION_KEYS and keep the older ones behind it."
    requires_system_checks = []

    def handle(self, *args, **options):
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        # Named for its day, and a little more, so that two of one day can be told apart.
        self.stdout.write(f"{timezone.now():%Y%m%d}-{secrets.token_hex(2)}:{key}")
