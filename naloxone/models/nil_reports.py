"""The monthly nil report of a station, and the seeds from which its kits are drawn."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.models.rounds import DrawnKit
from naloxone.round_rules import commitment_of, is_over, month_after
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


class MonthSeed(models.Model):
    """A month's seed: its commitment is published before the month begins, itself when the month is over."""

    may_insert = ("month", "seed", "published_at")

    month = models.DateField(unique=True)  # its first day
    seed = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    def __str__(self):
        return f"{self.month:%Y-%m}"

    @property
    def commitment(self):
        return commitment_of(self.seed)

    @property
    def in_time(self):
        """Whether it was published before the month that it draws from was over."""
        return not is_over(self.month, self.published_at)


class NilReportQuerySet(models.QuerySet):
    def visible_to(self, person):
        return self.filter(access.within(person, Permission.KITS_SEE))

    def with_names(self):
        return self.select_related("station", "by", "seed")

    def with_open_draws(self):
        """`is_open`: a drawn kit that nobody scanned in time, or not yet."""
        late = DrawnKit.objects.filter(
            Q(scan=None) | Q(scan__at__gt=F("report__due_at")), report=OuterRef("pk")
        )
        return self.annotate(is_open=Exists(late))


class NilReport(models.Model):
    """What a station holds at a month's end, told though nothing changed; never changed itself.

    `kits` are the keys of the units that could be drawn, in order; the draw can be worked out from them.
    """

    may_insert = (
        "request_key", "station", "month", "seed", "by", "made_at", "due_at", "kits", "doses", "usable",
        "changes", "unexplained", "note",
    )  # fmt: skip

    request_key = models.UUIDField(unique=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    seed = models.ForeignKey(MonthSeed, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()  # by then the drawn kits are scanned
    recorded_at = FilledMoment(db_default=Now())
    kits = models.JSONField()
    doses = models.PositiveIntegerField()
    usable = models.PositiveIntegerField()
    changes = models.PositiveIntegerField()  # custody events of the month
    unexplained = models.PositiveIntegerField()  # open discrepancies
    note = models.CharField(max_length=500, blank=True)

    objects = NilReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["station", "month"], name="nil_report_once_a_month")
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:nil_report", args=[self.pk])

    @property
    def reference(self):
        return f"N-{self.pk}"


def report_due_on(month):
    """The day by which a month's report is made."""
    return month_after(month) + dt.timedelta(days=settings.NIL_REPORT_DAYS - 1)
