"""What the worker does for kits. Each task is one or two calls and may run twice."""

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from naloxone.actions import imports
from safety_portal.tasks import moment

GRACE = 30  # seconds between being asked to end and being ended


# Its own limits: a whole file is one transaction. Given to a second worker meanwhile, it does nothing there.
@shared_task(
    name="imports.work",
    soft_time_limit=settings.IMPORT_SECONDS,
    time_limit=settings.IMPORT_SECONDS + GRACE,
)
def work_at_import(key):
    try:
        imports.work_at(key, now=timezone.now())
    except SoftTimeLimitExceeded:
        imports.give_up(key, now=timezone.now())


@shared_task(name="imports.take_up")
def take_up_imports(now=None):
    return imports.take_up(now=moment(now))


@shared_task(name="imports.drop_old")
def drop_old_imports(now=None):
    imports.drop_old_imports(now=moment(now))
