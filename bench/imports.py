"""10,000 kits imported from a file: checked and carried out by the worker's own call, beside the bare receipts."""

import csv
import datetime as dt
import io
import resource
import time
import uuid
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from bench.world import busy_station, who_is
from naloxone.actions import imports, receive_delivery
from naloxone.import_rules import RunState, guessed
from naloxone.models import Holder, Product
from naloxone.rules import MOST_UNITS, HolderKind
from safety_portal.access import Role

ROWS = 10_000  # at scale 1; a smaller world gets a smaller file
LOTS = 50  # of two hundred units each, every one with its serial


class Imported(NamedTuple):
    """Seconds from the file to its preview and from there to its end, the floor, and megabytes at most."""

    checked: float
    done: float
    floor: float
    mb: float


def rows(place, product, tag, count):
    """(place, product, lot, expiry, serial) of every row."""
    day = timezone.now().date() + dt.timedelta(days=700)
    for n in range(count):
        yield place.name, product.name, f"{tag}{n % LOTS}", day.isoformat(), f"{tag}S{n}"


def file_of(found):
    text = io.StringIO()
    csv.writer(text).writerows([("Place", "Product", "Lot", "Expiry", "Serials"), *found])
    return text.getvalue().encode()


def measure(scale):
    """Everything is rolled back: the next measure meets the same kits."""
    by, station = who_is(Role.COORDINATOR), busy_station()
    place = Holder.objects.in_use().filter(station=station, kind=HolderKind.STORAGE).first()
    product = Product.objects.first()
    count = max(LOTS, round(ROWS * min(1, scale)))
    with transaction.atomic():
        checked, done = by_import(place, product, station, by, count)
        transaction.set_rollback(True)
    with transaction.atomic():
        floor = by_receipts(place, product, by, count)
        transaction.set_rollback(True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Imported(checked, done, floor, peak)


def by_import(place, product, station, by, count):
    """The worker's two calls on one file."""
    content = file_of(rows(place, product, "IM", count))
    run = imports.upload_list(
        what="kits", station=station, name="bench.csv", content=content, now=timezone.now(),
        request_key=uuid.uuid4(), by=by,
    )  # fmt: skip
    imports.name_columns(run=run, mapping=guessed("kits", run.headings), by=by)
    began = time.monotonic()
    imports.work_at(run.pk, now=timezone.now())
    checked = time.monotonic()
    run.refresh_from_db()
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    imports.work_at(run.pk, now=timezone.now())
    ended = time.monotonic()
    run.refresh_from_db()
    if run.state != RunState.DONE:
        raise RuntimeError(f"The import was {run.state}: {run.said}")
    return checked - began, ended - checked


def by_receipts(place, product, by, count):
    """The same units as deliveries of the screen, each as large as one may be."""
    day = timezone.now().date() + dt.timedelta(days=700)
    began = time.monotonic()
    for first in range(0, count, MOST_UNITS):
        some = min(MOST_UNITS, count - first)
        receive_delivery(
            product=product, lot_number=f"FL{first}", expires_on=day, count=some, place=place,
            carton_serials=[f"F{first + n}" for n in range(some)], occurred_at=timezone.now(),
            request_key=uuid.uuid4(), by=by,
        )  # fmt: skip
    return time.monotonic() - began
