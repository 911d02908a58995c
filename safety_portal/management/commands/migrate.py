"""Django's migrate, as the role that owns the tables."""

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate


class Command(Migrate):
    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args, **options):
        if "owner" not in settings.DATABASES:
            raise CommandError(
                "Set DATABASE_OWNER_URL: the PostgreSQL address of the role that owns the tables. "
                "The application's own role may not change them."
            )
        return super().handle(*args, **options)
