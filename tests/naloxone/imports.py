"""Files to import, and a run brought as far as a test wants it."""

import csv
import io

from django.utils import timezone

from naloxone.actions import imports
from naloxone.import_rules import guessed
from naloxone.models import ImportRow
from safety_portal.tables import written
from tests.naloxone import make


def as_csv(headings, *rows):
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    return text.getvalue().encode()


def as_xlsx(headings, *rows):
    return written.xlsx_bytes({"List": (headings, rows)})


def upload(by, what, content, *, name="stock.csv", station=None, **facts):
    return imports.upload_list(
        what=what, station=station or by.station, name=name, content=content, now=timezone.now(),
        request_key=make.key(), by=by, **facts,
    )  # fmt: skip


def work(run):
    """What the worker does when the doorbell rings; the run as it is then."""
    imports.work_at(run.pk, now=timezone.now())
    run.refresh_from_db()
    return run


def checked(by, what, content, *, mapping=None, day_order="", swap_denied=False, **more):
    """A file uploaded, its columns named as guessed, and checked."""
    run = upload(by, what, content, **more)
    mapping = guessed(what, run.headings) if mapping is None else mapping
    imports.name_columns(run=run, mapping=mapping, day_order=day_order, swap_denied=swap_denied, by=by)  # fmt: skip
    return work(run)


def imported(by, what, content, *, again=False, **more):
    """The same, confirmed and carried out."""
    run = checked(by, what, content, **more)
    imports.confirm_import(run=run, now=timezone.now(), again=again, by=by)
    return work(run)


def effects(run):
    """(outcome, effect or what is wrong) of each row."""
    rows = ImportRow.objects.filter(run=run).order_by("number")
    return [(r.outcome, r.effect or " ".join(said for _, said in r.faults)) for r in rows]


def faults(run):
    """The sentences of a run's only row with an error, by heading."""
    [row] = ImportRow.objects.filter(run=run, outcome="error")
    return dict(row.faults)
