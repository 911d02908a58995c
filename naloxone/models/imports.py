"""Lists that somebody imports: the file, what its columns are, what comes of each row, how far it has come."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.import_rules import AT_WORK, OVER, STATE_WORDS, DayOrder, Outcome, RunState, What
from naloxone.models.words import choices
from safety_portal import sealed_files
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


class ImportRunQuerySet(models.QuerySet):
    def visible_to(self, person):
        """One's own: a file holds what its sender may know, and nobody else was asked."""
        return self.filter(by=person)

    def at_work(self):
        return self.filter(state__in=AT_WORK)

    def imported_before(self, run):
        """Imports that the very same file was taken by already."""
        same = self.filter(what=run.what, sha256=run.sha256, state=RunState.DONE)
        return same.exclude(pk=run.pk).order_by("-pk")

    def too_old(self, now):
        """Those whose file is to be dropped."""
        kept = dt.timedelta(days=settings.IMPORT_KEEP_DAYS)
        return self.filter(dropped_at=None, uploaded_at__lte=now - kept)

    def newest_first(self):
        return self.order_by("-pk")


class ImportRun(models.Model):
    """One file that is imported whole or not at all."""

    request_key = models.UUIDField(unique=True)
    what = models.CharField(max_length=10, choices=choices(What))
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())
    # The file, sealed on the disk under its token until it is dropped.
    name = models.CharField(max_length=120)
    token = models.CharField(max_length=32, unique=True)
    sha256 = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=4)  # csv or xlsx
    headings = models.JSONField()
    samples = models.JSONField()  # of each column, its first values
    notes = models.JSONField()  # how it was read
    # Which column is which, {key: place}; the order of day and month where the file does not show it.
    mapping = models.JSONField(default=dict)
    day_order = models.CharField(max_length=3, choices=choices(DayOrder), blank=True)
    # What the check asks back: {"days": "03/04/2027"}, {"swapped": true}.
    questions = models.JSONField(default=dict)
    swap_denied = models.BooleanField(default=False)

    state = models.CharField(
        max_length=10, choices=choices(RunState), default=RunState.UPLOADED.value
    )
    figures = models.JSONField(default=dict)  # {outcome: rows, "units": kits}
    effects_hash = models.CharField(max_length=64, blank=True)  # of what the preview showed
    confirmed_at = models.DateTimeField(null=True)
    cancel_asked = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0)
    said = models.CharField(max_length=500, blank=True)  # why it ended as it did
    results = models.JSONField(default=list)  # what was made: {"words": …, "url": …}
    ended_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state__in=["checking", "running"]), name="import_at_work"
            ),
            models.Index(fields=["by", "-id"], name="import_by_person"),
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:import_run", args=[self.pk])

    @property
    def reference(self):
        return f"IM-{self.pk}"

    @property
    def state_words(self):
        return STATE_WORDS[RunState(self.state)]

    @property
    def is_at_work(self):
        return self.state in AT_WORK

    @property
    def is_over(self):
        return self.state in OVER

    @property
    def rows_to_do(self):
        """How many rows change something."""
        return self.figures.get(Outcome.NEW, 0) + self.figures.get(Outcome.CHANGE, 0)

    @property
    def errors(self):
        return self.figures.get(Outcome.ERROR, 0)

    def content(self):
        """The file as it was sent. Raises FileNotFoundError, EncryptionError."""
        return sealed_files.read(self.token, kind=sealed_files.IMPORT)


class ImportRow(models.Model):
    """One row of a file and what comes of it; dropped with the file."""

    pk = models.CompositePrimaryKey("run", "number")
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # as a spreadsheet counts
    cells = models.JSONField()
    outcome = models.CharField(max_length=8, choices=choices(Outcome))
    effect = models.CharField(max_length=300, blank=True)
    faults = models.JSONField(default=list)  # [heading or "", sentence]

    def __str__(self):
        return f"row {self.number} of {self.run_id}"
