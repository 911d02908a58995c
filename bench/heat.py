"""A year of a temperature logger: sent as its file, looked at, imported, and worked out for every kit that was there."""

import datetime as dt
import time
import uuid

from django.utils import timezone

from bench.environment import times
from naloxone import actions, loggers
from naloxone.actions.storage import rows_of

READINGS = 105_000  # every five minutes for a year


def file_of(readings):
    """A logger's export, warm by day and cool by night, up to this minute."""
    now = timezone.now().replace(second=0, microsecond=0)
    lines = (
        f"{now - dt.timedelta(minutes=5 * (readings - n)):%Y-%m-%d %H:%M},{15 + n % 288 / 12:.1f}"
        for n in range(readings)
    )
    return "\n".join(["Time (UTC),Temperature °C", *lines]).encode()


def year(place, by):
    """Seconds from the file sent to the kits worked out."""
    content = file_of(times(READINGS))
    began = time.perf_counter()
    upload = actions.keep_upload(place=place, name="year.csv", content=content, by=by)
    mapping = loggers.guess(rows_of(content))
    actions.import_readings(upload=upload, mapping=mapping, request_key=uuid.uuid4(), by=by)
    return time.perf_counter() - began
