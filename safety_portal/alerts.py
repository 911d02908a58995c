"""What people must hear of: alerts that open, rise and end; sweeps that find them and leave a trace."""

import datetime as dt
import logging
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection, models, transaction
from django.db.models import F, Q

from safety_portal import access
from safety_portal.outbox import Message
from safety_portal.people import Person, Station
from safety_portal.versions import one_at_a_time

logger = logging.getLogger(__name__)


class AlertQuerySet(models.QuerySet):
    def open(self):
        return self.filter(resolved_at=None)

    def visible_to(self, person):
        """Alerts of stations where the person may see alerts."""
        return self.filter(access.within(person, access.Permission.ALERTS_SEE))

    def nearest_first(self):
        return self.order_by(F("due_on").asc(nulls_first=True), "pk")


class Alert(models.Model):
    """One open row for a kind and a subject; its threshold rises as the day comes nearer (or passes)."""

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=40)  # a reference: K-214
    station = models.ForeignKey(Station, on_delete=models.PROTECT, null=True, related_name="+")
    # What people act on together: kits of one expiry month at one place share a group.
    group = models.CharField(max_length=80)
    due_on = models.DateField(null=True)
    # Days before due_on at which the last step was reached: 180 … 30, 7, 0. Less is worse.
    threshold = models.SmallIntegerField()
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    resolved_how = models.CharField(max_length=120, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(resolved_at=None),
                name="alert_one_open_a_subject",
            )
        ]
        indexes = [
            models.Index(
                fields=["station", "kind"],
                condition=Q(resolved_at=None),
                name="alert_open_by_station",
            )
        ]

    def __str__(self):
        return f"{self.kind} {self.subject}"

    @property
    def reference(self):
        return f"A-{self.pk}"


class AlertStep(models.Model):
    """That an alert reached a threshold: its history, and what a message tells of."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="steps")
    threshold = models.SmallIntegerField()
    reached_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "threshold"], name="step_once_a_threshold")
        ]

    def __str__(self):
        return f"{self.alert_id} at {self.threshold}"


class MessageLine(models.Model):
    """That a message told its recipient of one step; nobody is told of a step twice."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="lines")
    step = models.ForeignKey(AlertStep, on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "recipient"], name="line_once_a_recipient")
        ]

    def __str__(self):
        return f"{self.message_id}: {self.step_id}"


class SweepRun(models.Model):
    """One run of one sweep: what it looked at, opened, resolved and sent, and how it ended."""

    name = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    looked_at = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    resolved = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["name", "-started_at"], name="sweep_newest")]

    def __str__(self):
        return f"{self.name} {self.started_at:%Y-%m-%d %H:%M}"


class WorkerHeartbeat(models.Model):
    """The last sign of life of the worker: written by a task, so a worker that only answers pings is found out."""

    queue = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self):
        return f"{self.queue} {self.at:%Y-%m-%d %H:%M}"


# --- kinds ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """What an app says about one kind of alert.

    recipients(station, threshold, now) → people; line(alerts of one group) → text without names of
    people; url(alerts of one group) → the path of the page where one acts.
    """

    name: str
    title: str
    recipients: Callable
    line: Callable
    url: Callable


class Due(NamedTuple):
    """That something is due for a subject: the last threshold it has reached, and what it is grouped with."""

    kind: str
    subject: str
    station_id: int | None
    due_on: dt.date | None
    threshold: int
    group: str


class Reached(NamedTuple):
    """What `reach` changed."""

    opened: int
    risen: int
    resolved: int


kinds = {}


def register_kind(kind):
    kinds[kind.name] = kind


def threshold_for(days_left, horizons):
    """The worst horizon that is reached: 45 days left of 90, 60, 30 → 60; None when none is. Overdue is the least."""
    reached = [horizon for horizon in horizons if days_left <= horizon]
    return min(reached, default=None)


# --- verbs ---------------------------------------------------------------------------------------

FITTING = """
with due as (
    select * from unnest(%(subjects)s::text[], %(stations)s::bigint[], %(days)s::date[],
                         %(thresholds)s::smallint[], %(groups)s::text[])
        as due(subject, station_id, due_on, threshold, "group")
)
"""
# Another day is another alert: its steps are news again.
RESOLVE = (
    FITTING
    + """
update safety_portal_alert a set resolved_at = %(now)s, resolved_how = %(how)s
where kind = %(kind)s and resolved_at is null and not exists (
    select from due where due.subject = a.subject and due.due_on is not distinct from a.due_on)
"""
)
OPEN = (
    FITTING
    + """
insert into safety_portal_alert
    (kind, subject, station_id, "group", due_on, threshold, opened_at, resolved_how)
select %(kind)s, subject, station_id, "group", due_on, threshold, %(now)s, '' from due
order by subject
on conflict (kind, subject) where resolved_at is null do nothing
"""
)
RISE = (
    FITTING
    + """
update safety_portal_alert a
set threshold = least(a.threshold, due.threshold), station_id = due.station_id, "group" = due."group"
from due
where a.kind = %(kind)s and a.resolved_at is null and a.subject = due.subject
  and (a.threshold > due.threshold or a.station_id is distinct from due.station_id
       or a."group" <> due."group")
"""
)
STEP = (
    FITTING
    + """
insert into safety_portal_alertstep (alert_id, threshold, reached_at)
select a.id, a.threshold, %(now)s
from safety_portal_alert a join due on due.subject = a.subject
where a.kind = %(kind)s and a.resolved_at is null
order by a.id
on conflict (alert_id, threshold) do nothing
"""
)


@transaction.atomic
def reach(kind, dues, now, *, how="No longer due"):
    """Make the open alerts of a kind fit what is due now: opens, raises, and resolves what is due no more.

    `dues` is everything of this kind that is due, not a part. Asked twice, or by ten at once, it does it once.
    """
    dues = list(dues)
    facts = {
        "kind": kind, "now": now, "how": how,
        "subjects": [due.subject for due in dues],
        "stations": [due.station_id for due in dues],
        "days": [due.due_on for due in dues],
        "thresholds": [due.threshold for due in dues],
        "groups": [due.group for due in dues],
    }  # fmt: skip
    # Two sweeps that lock the same rows in another order would end each other.
    one_at_a_time(f"reach {kind}")
    with connection.cursor() as cursor:
        counts = []
        for statement in (RESOLVE, OPEN, RISE, STEP):
            cursor.execute(statement, facts)
            counts.append(cursor.rowcount)
    resolved, opened, risen, _ = counts
    return Reached(opened, risen, resolved)


def resolve(*, kind, subjects, how, by, now):
    """End open alerts because somebody did what they asked for; in that act's transaction. Returns how many."""
    open_ones = Alert.objects.open().filter(kind=kind, subject__in=subjects)
    return open_ones.update(resolved_at=now, resolved_by=by, resolved_how=how)


# --- sweeps --------------------------------------------------------------------------------------

sweeps = {}


def register_sweep(name, look):
    """look(now) → (looked at, opened, resolved). It asks what is due now, whatever earlier runs missed."""
    sweeps[name] = look


def sweep_of(kind, dues, *, how):
    """The sweep of a kind: makes its open alerts fit what `dues(now)` says is due. `how` an alert ends that is no more."""

    def look(now):
        due = list(dues(now))
        reached = reach(kind, due, now, how=how)
        return len(due), reached.opened, reached.resolved

    return look


@contextmanager
def alone(name):
    """Whether we are the only one at it: true holds a lock, false means another does it now."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def run_sweeps(*, now):
    """Run every sweep, each by itself: one that fails says so in its row and stops no other."""
    return [run for name in list(sweeps) if (run := run_sweep(name, sweeps[name], now=now))]


def run_sweep(name, look, *, now, counts=("looked_at", "opened", "resolved")):
    """One sweep with its row; None when another process is at it."""
    with alone(f"sweep {name}") as mine:
        if not mine:
            return None
        begun = time.monotonic()
        run = SweepRun.objects.create(name=name, started_at=now)
        try:
            with transaction.atomic():
                found = dict(zip(counts, look(now), strict=True))
        except Exception as error:
            logger.exception("The sweep %s failed", name)
            # The first line only: what follows may quote a row.
            first = (str(error).splitlines() or [""])[0]
            found = {"error": f"{type(error).__name__}: {first}"[:300]}
        for field, value in found.items():
            setattr(run, field, value)
        run.ended_at = now + dt.timedelta(seconds=time.monotonic() - begun)
        run.save()
        return run


def beat(*, now, queue="celery"):
    """The worker's sign of life."""
    WorkerHeartbeat.objects.update_or_create(queue=queue, defaults={"at": now})
