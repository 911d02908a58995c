"""What people must hear of: alerts that open, rise and end; mail as rows in an outbox; sweeps that leave a trace."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


class AlertQuerySet(models.QuerySet):
    def open(self):
        return self.filter(resolved_at=None)

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


class MessageState(models.TextChoices):
    """Where a message stands on its way."""

    QUEUED = "queued", "Queued"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Refused by the mail server"
    GIVEN_UP = "given_up", "Given up"


class Message(models.Model):
    """One e-mail, from its making to the mail server's answer.

    `key` makes it exist once (digest:2026-11-24:P-7). Its Message-ID is fixed when it is made, so that
    a sender in doubt can ask the last hop's journal before it repeats.
    """

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    recipient = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    address = models.EmailField()
    subject = models.CharField(max_length=200)
    # Encrypted: an invitation's link signs somebody in. Emptied once such a mail is sent.
    sealed_body = models.TextField(blank=True)
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(
        max_length=10, choices=MessageState.choices, default=MessageState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    repeats = models.PositiveSmallIntegerField(default=0)  # sent again in doubt
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_answer = models.CharField(max_length=300, blank=True)
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=["queued", "sending"]),
                name="message_waiting",
            )
        ]

    def __str__(self):
        return self.key

    @property
    def reference(self):
        return f"M-{self.pk}"


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
