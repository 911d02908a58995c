"""What the schedule runs. Each task is one or two calls and may run twice."""

import datetime as dt

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from safety_portal import alerts, digests, exports, outbox, photos, terminals


def moment(now):
    """The present, unless a moment is given: as such, or as ISO text."""
    if now is None:
        return timezone.now()
    return dt.datetime.fromisoformat(now) if isinstance(now, str) else now


@shared_task(name="alerts.deliver_mail")
def deliver_mail(now=None):
    return outbox.deliver_mail(now=moment(now))


@shared_task(name="alerts.sweep")
def sweep(now=None):
    at = moment(now)
    alerts.run_sweeps(now=at)
    return digests.make_digests(now=at)


@shared_task(name="alerts.heartbeat")
def heartbeat(now=None):
    alerts.beat(now=moment(now))


@shared_task(name="sign_in.clear_sessions")
def clear_sessions(now=None):
    """Remove the rows of sessions, and of turns at a terminal, that have ended: nobody comes back to them."""
    SessionStore.clear_expired()
    terminals.clear_turns(moment(now))


@shared_task(name="photos.drop_held")
def drop_held_photos(now=None):
    photos.drop_held_photos(now=moment(now))


@shared_task(name="photos.compare_files")
def compare_photo_files(now=None):
    return photos.compare_files(now=moment(now))


@shared_task(name="exports.make")
def make_download(key):
    exports.make_download(key)


@shared_task(name="exports.make_waiting")
def make_waiting_downloads():
    exports.make_waiting()


@shared_task(name="exports.drop_old")
def drop_downloads(now=None):
    exports.drop_downloads(now=moment(now))
