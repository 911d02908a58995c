"""Files that are imported: uploaded, their columns named, checked, confirmed, and carried out whole or not at all.

What takes long runs in the worker, in one transaction with everything it makes (ADR 16). Whether somebody is at it says
an advisory lock of that transaction, which a killed worker lets go of; the row says what is to be done, and the schedule
gives it to a worker again.
"""

import datetime as dt
import hashlib
import itertools
import logging

from django.conf import settings
from django.db import connection, transaction

from naloxone import import_rules as rules
from naloxone.import_rules import MOST_TRIES, Outcome, RunError, RunState, What
from naloxone.imports import LISTS, progress
from naloxone.models import ImportRow, ImportRun
from naloxone.rules import CustodyError
from safety_portal import access, audit, sealed_files
from safety_portal.access import ANYWHERE, AccessError, Permission
from safety_portal.celery import app
from safety_portal.tables import NO_VALUE, Limits, TableError, read_table

logger = logging.getLogger(__name__)

NEEDS = {
    What.KITS: Permission.STOCK_RECEIVE,
    What.LOTS: Permission.STOCK_RECEIVE,
    What.PRODUCTS: Permission.STOCK_RECEIVE,
    What.PLACES: Permission.PLACES_KEEP,
}
SAMPLED = 200  # rows in which samples are looked for
SAMPLES = 3  # of each column
MOST_RESULTS = 200  # that a run names; the rest is counted
BATCH = 1000  # rows written at once
# A file that no row names is left alone so long: its row may be about to come.
ORPHAN_AFTER = dt.timedelta(days=1)


class Cancelled(Exception):
    """Somebody has cancelled the import that is being worked at."""


def limits():
    """How much of a file is read."""
    return Limits(
        size=settings.IMPORT_MOST_BYTES,
        unpacked=settings.IMPORT_MOST_UNPACKED,
        ratio=settings.IMPORT_MOST_RATIO,
        rows=settings.IMPORT_MOST_ROWS,
        columns=settings.IMPORT_MOST_COLUMNS,
        sheets=settings.IMPORT_MOST_SHEETS,
    )


# --- what people do -----------------------------------------------------------------------------------------
def upload_list(*, what, station, name, content, now, request_key, by):
    """Keep a file and look at its headings. Returns the run. Raises TableError for one that is no table or too much."""
    access.check(by, NEEDS[What(what)], at=station)
    if known := ImportRun.objects.filter(request_key=request_key, by=by).first():
        return known
    table = read_table(content, limits())
    samples = samples_of(table)
    token = sealed_files.new_token()
    try:
        sealed_files.write(token, content, kind=sealed_files.IMPORT)
    except OSError as error:
        logger.exception("A list could not be written")
        raise TableError("Files can’t be stored at this moment. Try again later.") from error
    try:
        with transaction.atomic():
            run = ImportRun.objects.create(
                request_key=request_key, what=what, station=station, by=by, uploaded_at=now, name=name[-120:],
                token=token, sha256=hashlib.sha256(content).hexdigest(), kind=table.kind, headings=table.headings,
                samples=samples, notes=table.notes,
            )  # fmt: skip
            audit.record("import.uploaded", by=by, target=run, station=station, what=what, sha256=run.sha256)  # fmt: skip
    except BaseException:
        sealed_files.remove(token, kind=sealed_files.IMPORT)
        raise
    return run


def samples_of(table):
    """The first values of each column, so that people know it by them. Raises TableError, and for a file without rows."""
    found = [[] for _ in table.headings]
    empty = True
    for row in itertools.islice(table.rows, SAMPLED):
        empty = False
        for values, cell in zip(found, row.cells, strict=True):
            if cell and cell != NO_VALUE and cell not in values and len(values) < SAMPLES:
                values.append(cell[:60])
    if empty:
        raise TableError("Under the headings there is no row. Fill in the file and send it again.")
    return found


def locked(run):
    """The run's row, nobody else's until the transaction ends."""
    return ImportRun.objects.select_for_update(of=("self",)).select_related("station", "by__station").get(pk=run.pk)  # fmt: skip


@transaction.atomic
def name_columns(*, run, mapping, day_order="", swap_denied=False, by):
    """Say which column is which ({key: place}); the file is checked by that. Raises RunError."""
    run = locked(run)
    access.check(by, NEEDS[What(run.what)], at=run.station)
    if run.state == RunState.CHECKING and run.mapping == mapping:
        return run  # the same form twice
    rules.check_step(RunState(run.state), RunState.CHECKING)
    rules.check_mapping(What(run.what), mapping, run.headings)
    run.mapping, run.day_order, run.swap_denied = mapping, day_order, swap_denied
    start(run, RunState.CHECKING)
    return run


def swap_lot_and_serial(*, run, by):
    """Check again with lot and serial in each other's place. Raises RunError."""
    mapping = dict(run.mapping)
    if not {"lot", "serials"} <= mapping.keys():
        raise RunError("Not both of lot and serial have a column, so there is nothing to swap.")
    mapping["lot"], mapping["serials"] = mapping["serials"], mapping["lot"]
    return name_columns(run=run, mapping=mapping, day_order=run.day_order, by=by)


@transaction.atomic
def confirm_import(*, run, now, again=False, by):
    """Have the import carried out as the preview shows it. Raises RunError; sent twice it is done once.

    `again` says that a file which was imported before is meant a second time.
    """
    run = locked(run)
    access.check(by, NEEDS[What(run.what)], at=run.station)
    if run.state in (RunState.RUNNING, RunState.DONE):
        return run
    rules.check_step(RunState(run.state), RunState.RUNNING)
    if run.errors:
        raise RunError("Correct the errors first: all rows are imported, or none.")
    if run.questions.get("swapped"):
        raise RunError("Say first whether lot and serial are in each other’s column.")
    if not run.rows_to_do:
        raise RunError("There is nothing to import: every row is there already.")
    if not again and (before := ImportRun.objects.imported_before(run).first()):
        raise RunError(f"This very file was imported with {before.reference}. Tick that you mean it again.", "again")  # fmt: skip
    run.confirmed_at = now
    audit.record("import.confirmed", by=by, target=run, station=run.station, what=run.what, rows=run.rows_to_do)  # fmt: skip
    start(run, RunState.RUNNING)
    return run


def start(run, state):
    """Hand a run to the worker."""
    run.state, run.tries, run.said, run.questions, run.cancel_asked = state, 0, "", {}, False
    run.save()
    progress.tell(run, 0, 0, "Waiting for the worker")
    transaction.on_commit(lambda: ring(run.pk), robust=True)


def ring(key):
    """The doorbell. Nobody hears it? The schedule looks every minute."""
    app.send_task("imports.work", args=[key], expires=60)


@transaction.atomic
def cancel_import(*, run, now, by):
    """Let go of an import. Nothing of it is kept; one that has just ended stays as it is. Returns the run."""
    access.check(by, Permission.STOCK_RECEIVE, at=ANYWHERE)
    run = locked(run)
    if run.is_over:
        return run
    if run.is_at_work and not nobody_at_work(run):
        run.cancel_asked = True  # the worker looks for it, and rolls back
        run.save(update_fields=["cancel_asked"])
        return run
    end(run, RunState.CANCELLED, "You cancelled it; nothing was imported.", now)
    return run


def end(run, state, said, now):
    """Write down how a run ended. Its rows go with its file, later."""
    run.state, run.said, run.ended_at, run.cancel_asked = state, said[:500], now, False
    run.save()
    audit.record(f"import.{state}", by=run.by, target=run, station=run.station, what=run.what)


# --- what the worker does -----------------------------------------------------------------------------------
def nobody_at_work(run):
    """Take the run's lock until the transaction ends; False when somebody has it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"import {run.pk}"])  # fmt: skip
        return cursor.fetchone()[0]


def work_at(key, *, now):
    """Check or carry out a run, all of it or nothing. Whoever comes second, or too late, does nothing."""
    if not begin(key, now):
        return
    try:
        with transaction.atomic():
            run = ImportRun.objects.select_related("station", "by__station").get(pk=key)
            if nobody_at_work(run) and run.is_at_work:
                (check_rows if run.state == RunState.CHECKING else carry_out)(run, now)
    except Cancelled:
        stop(key, RunState.CANCELLED, "You cancelled it; nothing was imported.", now)
    except AccessError:
        stop(key, RunState.REFUSED, "You may not do this any more; nothing was imported.", now)
    except (CustodyError, TableError) as error:
        stop(key, RunState.REFUSED, f"{error} Nothing was imported.", now)


@transaction.atomic
def begin(key, now):
    """Count a try, unless somebody is at it or nothing is to be done. False: leave it."""
    run = ImportRun.objects.filter(pk=key).first()
    if run is None or not run.is_at_work or not nobody_at_work(run):
        return False
    run = locked(run)
    if run.cancel_asked:
        end(run, RunState.CANCELLED, "You cancelled it; nothing was imported.", now)
        return False
    if run.tries >= MOST_TRIES:
        said = f"It was stopped {MOST_TRIES} times before its end; nothing was imported. Tell whoever runs the portal, or send the file in parts."  # fmt: skip
        end(run, RunState.REFUSED, said, now)
        return False
    run.tries += 1
    run.save(update_fields=["tries"])
    return True


@transaction.atomic
def stop(key, state, said, now):
    """What came of a run whose transaction was rolled back."""
    run = locked(ImportRun(pk=key))
    if run.is_at_work:
        end(run, state, said, now)


def look_for_cancel(run):
    """Raise Cancelled when somebody has asked for it; seen from within the run's own transaction."""
    if ImportRun.objects.filter(pk=run.pk, cancel_asked=True).exists():
        raise Cancelled


def planned(run):
    """What comes of each row of the file now."""
    progress.tell(run, 0, 0, "Reading the file")
    rows = list(read_table(run.content(), limits()).rows)
    look_for_cancel(run)
    progress.tell(run, 0, len(rows), "Checking every row")
    return LISTS[What(run.what)].plan(run, rows)


def check_rows(run, now):
    """Work out what comes of each row, and keep it for the preview."""
    plan = planned(run)
    tick = progress.Ticker(run, len(plan.steps), "Checking every row", lambda: look_for_cancel(run))
    keep_rows(run, plan, tick)
    run = settled(run)
    preview(run, plan, "")


def preview(run, plan, said):
    """The run as a preview of what its rows do now."""
    run.figures, run.effects_hash, run.questions = plan.figures, plan.effects_hash, plan.questions
    run.state = RunState.UPLOADED if "days" in plan.questions else RunState.PREVIEWED
    run.said = said
    run.save()


def keep_rows(run, plan, tick):
    """Put what comes of the rows in place of what was kept before."""
    ImportRow.objects.filter(run=run).delete()
    fields = rules.fields_of(What(run.what))
    for begun in range(0, len(plan.steps), BATCH):
        tick(begun)
        ImportRow.objects.bulk_create(
            ImportRow(
                run=run,
                number=step.row.number,
                cells=step.row.cells,
                outcome=Outcome.ERROR if step.faults else step.outcome,
                effect="" if step.faults else step.effect,
                faults=[[heading_of(run, fields, key), said] for key, said in step.faults],
            )
            for step in plan.steps[begun : begun + BATCH]
        )


def heading_of(run, fields, key):
    """The column as the file calls it; as we do, where the file has none."""
    place = run.mapping.get(key)
    return fields[key].name if place is None else run.headings[place]


def settled(run):
    """The run's row at the end of its transaction. Raises Cancelled: from here on it is too late."""
    run = locked(run)
    if run.cancel_asked:
        raise Cancelled
    return run


def carry_out(run, now):
    """Do what the preview said. If that has changed meanwhile, show the new one instead."""
    plan = planned(run)
    look = progress.Ticker(run, len(plan.steps), "Checking every row", lambda: look_for_cancel(run))
    if plan.effects_hash != run.effects_hash:
        keep_rows(run, plan, look)
        said = "Meanwhile something was recorded that changes what the rows do. Look at them again; nothing was imported."  # fmt: skip
        return preview(settled(run), plan, said)
    todo = [s for s in plan.steps if s.outcome in (Outcome.NEW, Outcome.CHANGE)]
    tick = progress.Ticker(run, len(todo), "Importing", lambda: look_for_cancel(run))
    made = LISTS[What(run.what)].carry_out(run, todo, tick)
    run = settled(run)
    run.results = made[:MOST_RESULTS]
    run.figures |= {"made": len(made)}
    end(run, RunState.DONE, "", now)


def take_up(*, now):
    """Give every run that waits to the worker: its doorbell was not heard, or its worker was killed."""
    keys = list(ImportRun.objects.at_work().order_by("pk").values_list("pk", flat=True))
    for key in keys:
        ring(key)
    return len(keys)


def give_up(key, *, now):
    """A run that took too long; its transaction is rolled back."""
    stop(key, RunState.REFUSED, "It took too long and was given up; nothing was imported. Send the file in parts.", now)  # fmt: skip


def drop_old_imports(*, now):
    """Drop files and rows that are older than they are kept, and files that no row names. What was made stays."""
    for run in ImportRun.objects.too_old(now).order_by("pk"):
        with transaction.atomic():
            run = locked(run)
            if not run.is_over:
                end(run, RunState.CANCELLED, "Nobody confirmed it; nothing was imported.", now)
            ImportRow.objects.filter(run=run).delete()
            run.dropped_at, run.samples, run.results = now, [], []
            run.save()
        sealed_files.remove(run.token, kind=sealed_files.IMPORT)
    before = now - ORPHAN_AFTER
    orphans = set(sealed_files.names(before=before, kind=sealed_files.IMPORT))
    # Rows after files: one that was uploaded meanwhile is known, and its file is left alone.
    orphans -= set(ImportRun.objects.values_list("token", flat=True))
    sealed_files.remove(*orphans, kind=sealed_files.IMPORT)
