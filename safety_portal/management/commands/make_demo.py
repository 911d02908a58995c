"""Fills an empty portal with a fictitious agency, through the same actions that people use."""

import datetime as dt

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from safety_portal import alerts, digests
from safety_portal.demo import cast, protocols, readiness, stories
from safety_portal.demo.world import World
from safety_portal.people import Account

# At this hour it is past seven in the morning at every station, Honolulu included.
EVERYWHERE_MORNING = dt.time(18, 0, tzinfo=dt.UTC)


def digest_moments(now):
    """When sweeps and digests run: the last moment at which all had their morning, and now.

    The first makes mails whatever the hour of the demo's start; the second keeps the sweeps' age true.
    """
    morning = dt.datetime.combine(now.date(), EVERYWHERE_MORNING)
    return [morning if morning <= now else morning - dt.timedelta(days=1), now]


class Command(BaseCommand):
    help = "Makes the demo: stations, people, dogs, kits and fourteen months of custody, all fictitious."

    def handle(self, *args, **options):
        if settings.PRODUCTION:
            raise CommandError("The demo's people and kits never go into a production portal.")
        if Account.objects.exists():
            raise CommandError("This portal has accounts already; the demo needs an empty one.")
        now = timezone.now().replace(second=0, microsecond=0)
        # All or nothing: a start that is broken off begins again with an empty portal.
        with transaction.atomic():
            call_command("load_reference", stdout=self.stdout)
            people = cast.make_cast(now)
            world = World(people, now)
            stories.tell(world)
            protocols.write_protocols(world)
            readiness.show_readiness(world)
            cast.change_staff(people, now)
            for moment in digest_moments(now):
                alerts.run_sweeps(now=moment)
                digests.make_digests(now=moment)
        self.stdout.write(f"{len(people.people)} people and {len(people.canines)} dogs")
