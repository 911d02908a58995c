"""Who is at risk where, changes of par, and drills of access: whether an antagonist is in reach, as somebody showed it."""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from naloxone.models.holders import AccessMode, Holder
from naloxone.readiness_rules import DRILL_WORDS, LONGEST_DRILL, DrillResult
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


class AtRisk(models.Model):
    """How many people and dogs are at risk in one shift, at a place or at a station as a whole. The newest word counts."""

    may_insert = (
        "request_key", "station", "place", "shift", "people", "dogs", "source", "counted_on", "by", "at",
    )  # fmt: skip

    request_key = models.UUIDField()
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+", db_index=False)
    # None: the station as a whole.
    place = models.ForeignKey(
        Holder, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    shift = models.PositiveSmallIntegerField()
    people = models.PositiveSmallIntegerField()
    dogs = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=120)  # where the number comes from: a roster, a count
    counted_on = models.DateField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        verbose_name_plural = "at risk"
        indexes = [
            models.Index(
                F("station"),
                Coalesce("place", 0),
                F("shift"),
                F("id").desc(),
                name="at_risk_by_turn",
            ),
            models.Index(fields=["place"], name="at_risk_by_place"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["request_key", "shift"], name="at_risk_once_a_shift")
        ]

    def __str__(self):
        return f"{self.place or self.station}, shift {self.shift}: {self.people} and {self.dogs}"


class ParChange(models.Model):
    """That somebody changed a place's par, and why; None is no par."""

    may_insert = ("place", "old", "new", "why", "by", "at")

    place = models.ForeignKey(
        Holder, on_delete=models.PROTECT, related_name="par_changes", db_index=False
    )
    old = models.PositiveSmallIntegerField(null=True)
    new = models.PositiveSmallIntegerField(null=True)
    why = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["place", "-at"], name="par_change_by_place"),
            models.Index(fields=["-at"], name="par_change_newest"),
        ]
        constraints = [
            # A reason is asked for where the par goes down or away.
            models.CheckConstraint(
                name="par_lowered_with_a_reason",
                condition=Q(old=None) | Q(new__isnull=False, new__gte=models.F("old")) | ~Q(why=""),
            )
        ]

    def __str__(self):
        return f"{self.place}: {self.old} to {self.new}"

    @property
    def was_lowered(self):
        return self.old is not None and (self.new is None or self.new < self.old)


class DrillQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Of stations whose readiness one sees, and one's own."""
        return self.filter(
            access.within(person, Permission.READINESS_SEE) | Q(drilled_by=person) | Q(by=person)
        )

    def newest_of_shifts(self):
        """The newest of each shift at each place, by when it happened: what is recorded late hides nothing."""
        return self.order_by("place", "shift", "-occurred_at", "-pk").distinct("place", "shift")

    def with_names(self):
        return self.select_related("place", "station", "drilled_by", "by")


class Drill(models.Model):
    """That somebody of a shift showed how fast the dose of a place is in hand; never changed. How it opens, not its code."""

    may_insert = (
        "request_key", "place", "station", "drilled_by", "by", "occurred_at", "shift_on", "shift",
        "unannounced", "access_mode", "seconds", "timed", "limit", "result", "note",
    )  # fmt: skip

    request_key = models.UUIDField(unique=True)
    place = models.ForeignKey(
        Holder, on_delete=models.PROTECT, related_name="drills", db_index=False
    )
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+", db_index=False)
    drilled_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    occurred_at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())
    # The station's day on which the shift began, and which shift of that day it is.
    shift_on = models.DateField()
    shift = models.PositiveSmallIntegerField()
    unannounced = models.BooleanField()
    access_mode = models.CharField(max_length=12, choices=AccessMode.choices)
    seconds = models.PositiveSmallIntegerField(null=True)  # until the dose was in hand
    timed = models.BooleanField(default=False)  # by the page's own watch, not typed
    limit = models.PositiveSmallIntegerField()  # seconds that were allowed then
    result = models.CharField(
        max_length=10, choices=[(r.value, words) for r, words in DRILL_WORDS.items()]
    )
    note = models.CharField(max_length=300, blank=True)

    objects = DrillQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["place", "shift", "-occurred_at", "-id"], name="drill_newest"),
            models.Index(fields=["station", "-id"], name="drill_by_station"),
        ]
        constraints = [
            models.CheckConstraint(
                name="drill_has_its_time",
                condition=Q(result=DrillResult.NO_ACCESS.value, seconds=None)
                | Q(result=DrillResult.IN_HAND.value, seconds__lte=models.F("limit"))
                | Q(result=DrillResult.LATE.value, seconds__gt=models.F("limit"))
                & Q(seconds__lte=LONGEST_DRILL),
            )
        ]

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"DR-{self.pk}"


class DrillRequestQuerySet(models.QuerySet):
    def open(self):
        """Neither called off nor answered by a drill of that shift at that place since."""
        answered = Drill.objects.filter(
            place=OuterRef("place"), shift=OuterRef("shift"), occurred_at__gte=OuterRef("asked_at")
        )
        return self.filter(~Exists(answered), ended_at=None)


class DrillRequest(models.Model):
    """That a supervisor wants a place drilled by a shift, by a day. Who is to be drilled does not see it."""

    request_key = models.UUIDField(unique=True)
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    shift = models.PositiveSmallIntegerField()
    unannounced = models.BooleanField(default=True)
    due_on = models.DateField()
    note = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = DrillRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="drill_request_ended_by_somebody",
                condition=Q(ended_by=None, ended_at=None)
                | Q(ended_by__isnull=False, ended_at__isnull=False),
            )
        ]

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"DQ-{self.pk}"
