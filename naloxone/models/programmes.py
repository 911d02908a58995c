"""What a station's programme stands on: that it should have one, by which authority, that its people are trained."""

from django.db import models
from django.db.models import F, Max, Q
from django.db.models.functions import Now

from safety_portal.append_only import FilledMoment
from safety_portal.people import Component, Person, Station


class AuthorityKind(models.TextChoices):
    """By which authority a station's people may give an antagonist (domain C.1)."""

    STANDING_ORDER = "standing_order", "Standing order"
    PRESCRIBER = "prescriber", "A prescriber’s order"
    AGREEMENT = "agreement", "Memorandum of agreement"
    MEDICAL_DIRECTOR = "medical_director", "The agency’s own medical director"
    OVER_THE_COUNTER = "over_the_counter", "Sold without prescription"


# What ends by its nature: an order is written for a time.
ENDS = (AuthorityKind.STANDING_ORDER, AuthorityKind.PRESCRIBER, AuthorityKind.AGREEMENT)


class ProgrammeDecision(models.Model):
    """That a station should have a programme, or need have none: who decided it, by which source. The newest counts."""

    may_insert = ("request_key", "station", "should", "post", "source", "decided_on", "by", "at")

    request_key = models.UUIDField(unique=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    should = models.BooleanField()
    post = models.CharField(max_length=120)  # who decided: a post, not a name
    source = models.CharField(max_length=200)
    decided_on = models.DateField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"{self.station}: {'should have one' if self.should else 'needs none'}"


class AuthorityQuerySet(models.QuerySet):
    def newest(self):
        """The newest word on each authority: a later row of the same reference and reach takes the older one's place."""
        keys = self.order_by().values("station", "component", "reference").annotate(key=Max("pk"))
        return self.filter(pk__in=keys.values("key"))

    def in_force(self, on):
        return self.newest().filter(Q(until=None) | Q(until__gte=on), since__lte=on)

    def reaching(self, station):
        """For a station (its region at hand), its component or the whole agency."""
        return self.filter(
            Q(station=station)
            | Q(component=station.region.component_id)
            | Q(station=None, component=None)
        )

    def with_names(self):
        return self.select_related("station", "component", "by")


class Authority(models.Model):
    """By what right antagonists are given: of a station, a component, or (neither) the whole agency. Never changed."""

    may_insert = (
        "request_key", "station", "component", "kind", "reference", "post", "since", "until", "by", "at",
    )  # fmt: skip

    request_key = models.UUIDField(unique=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, null=True, related_name="+")
    component = models.ForeignKey(Component, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=AuthorityKind.choices)
    reference = models.CharField(max_length=80)  # its own number or title
    post = models.CharField(max_length=120)  # who issued it: a post, not a name
    since = models.DateField()
    until = models.DateField(null=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    objects = AuthorityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "authorities"
        constraints = [
            models.CheckConstraint(
                condition=Q(station=None) | Q(component=None), name="authority_has_one_reach"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="authority_ends_after_start",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.reference}"

    @property
    def where(self):
        """How far it reaches, in words."""
        return str(self.station or self.component or "the whole agency")


class TrainingConfirmation(models.Model):
    """That somebody says that a station's people are trained, until the portal has the records themselves."""

    may_insert = ("request_key", "station", "record", "confirmed_on", "by", "at")

    request_key = models.UUIDField(unique=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    record = models.CharField(max_length=200)  # where the proof lies
    confirmed_on = models.DateField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"{self.station}, {self.confirmed_on}"
