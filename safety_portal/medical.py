"""The one guard for medical facts: written encrypted, read only with a reason, and every read is a row."""

import datetime as dt
import secrets

from django.db import models, transaction
from django.db.models.functions import Now

from safety_portal import access, audit, encryption
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station

OWN_HOURS = 24  # for so long who told something may read it back and add to it


class MedicalError(Exception):
    """Why a medical fact can't be written or read; the text is fit to show and names no fact."""

    def __init__(self, message, field=None):
        super().__init__(message)
        self.field = field


class MedicalEntry(models.Model):
    """One medical fact about a person, as text under encryption. Added to, never changed.

    `about` is the reference of what it belongs to (E-31, U-7): the core knows no case, only its name.
    """

    may_insert = ("subject", "about", "topic", "station", "salt", "sealed", "by")

    subject = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    about = models.CharField(max_length=30)
    topic = models.CharField(max_length=40)
    # Where the fact was taken up; a medical officer's scope is measured by it.
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    salt = models.CharField(max_length=32, unique=True)
    sealed = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["about", "id"], name="medical_by_about"),
            models.Index(fields=["subject", "id"], name="medical_by_subject"),
        ]

    def __str__(self):
        return f"medical entry {self.pk}"  # no fact, no name: this may reach a log


class MedicalRead(models.Model):
    """That somebody read (or was refused) medical facts, and why. Never changed; the subject may see it."""

    may_insert = ("by", "subject", "about", "reason", "entries", "allowed", "origin")

    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    about = models.CharField(max_length=30)
    reason = models.CharField(max_length=200)
    entries = models.PositiveIntegerField()
    allowed = models.BooleanField()
    origin = models.CharField(max_length=100)
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["subject", "id"], name="medical_read_by_subject")]

    def __str__(self):
        return f"medical read {self.pk}"


def _seal(text, **facts):
    if not text.strip():
        raise MedicalError("Write what was found.", "text")
    salt = secrets.token_hex(16)
    sealed = encryption.encrypt(text, bound_to=f"medical.{salt}")
    return MedicalEntry.objects.create(salt=salt, sealed=sealed, **facts)


def _opened(entries):
    """(entry, text) pairs."""
    return [(e, encryption.decrypt(e.sealed, bound_to=f"medical.{e.salt}")) for e in entries]


@transaction.atomic
def write_medical(*, subject, about, topic, text, station, by):
    """Add one medical fact. `by` is a medical officer of that station's scope. Raises MedicalError, AccessError."""
    access.check(by, Permission.MEDICAL_WRITE, at=station)
    facts = {"about": about, "topic": topic, "station": station, "by": by}
    entry = _seal(text, subject=subject, **facts)
    audit.record("medical.written", by=by, target=about, station=station)
    return entry


@transaction.atomic
def take_up_medical(*, about, topic, text, station, by):
    """Add what somebody saw, in their own report: no right to read is needed to tell. Raises MedicalError."""
    access.check(by, Permission.OWN_THINGS, at=access.ANYWHERE)
    return _seal(text, about=about, topic=topic, station=station, by=by)


def read_own(*, about, by, now):
    """What `by` told of one thing within OWN_HOURS, oldest first, as (entry, text) pairs; the read is a row."""
    since = now - dt.timedelta(hours=OWN_HOURS)
    entries = list(
        MedicalEntry.objects.filter(about=about, by=by, recorded_at__gt=since).order_by("pk")
    )
    if entries:
        MedicalRead.objects.create(
            by=by, subject=None, about=about, reason="own report", entries=len(entries),
            allowed=True, origin=audit.request_origin.get(),
        )  # fmt: skip
    return _opened(entries)


def read_medical(*, about, by, reason):
    """The medical facts of one thing, oldest first, as (entry, text) pairs.

    Writes the read in the same transaction before it answers: no row, no facts. A read outside the
    reader's scope is a row too, then AccessError. Raises MedicalError without a reason.
    """
    if not reason.strip():
        raise MedicalError("Say why you need to read this.", "reason")
    entries = list(MedicalEntry.objects.filter(about=about).select_related("by").order_by("pk"))
    refused = not access.may(by, Permission.MEDICAL_READ, at=access.ANYWHERE) or any(
        not access.may(by, Permission.MEDICAL_READ, at=entry.station_id) for entry in entries
    )
    with transaction.atomic():
        MedicalRead.objects.create(
            by=by,
            subject_id=entries[0].subject_id if entries else None,
            about=about,
            reason=reason,
            entries=0 if refused else len(entries),
            allowed=not refused,
            origin=audit.request_origin.get(),
        )
    if refused:
        raise access.AccessError(f"{by} may not read the medical facts of {about}")
    return _opened(entries)


def reads_about(subject):
    """Who read this person's medical facts, newest first: the subject may see it."""
    return MedicalRead.objects.filter(subject=subject).select_related("by").order_by("-pk")
