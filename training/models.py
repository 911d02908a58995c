"""Protocols, their versions and steps, and dose cards of dogs: all of it only ever added to."""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse

from safety_portal.append_only import FilledMoment
from safety_portal.people import Canine, CanineWeight, Component, Person, Station, WorkRole
from safety_portal.roster import own_or_seen
from training.rules import (
    KIND_WORDS,
    Card,
    Dosing,
    Kind,
    Life,
    Reach,
    Step,
    Unit,
    in_time,
    standing_of,
)

KINDS = [(kind.value, words) for kind, words in KIND_WORDS.items()]
UNITS = [(Unit.DEVICE.value, "Device, such as a spray"), (Unit.MILLILITRE.value, "Millilitre")]


class ProtocolQuerySet(models.QuerySet):
    def with_names(self):
        return self.select_related("component", "station__region").prefetch_related(
            "versions__approval", "versions__withdrawal"
        )


class Protocol(models.Model):
    """A document of the agency, of one component or of one station: what it is for. Its versions say what it says."""

    may_insert = ("kind", "title", "component", "station", "work", "made_by")

    kind = models.CharField(max_length=20, choices=KINDS)
    title = models.CharField(max_length=120)
    component = models.ForeignKey(Component, on_delete=models.PROTECT, null=True, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, null=True, related_name="+")
    work = models.CharField(max_length=30, choices=WorkRole.choices, blank=True)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    objects = ProtocolQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(component=None) | Q(station=None), name="protocol_of_one_place"
            )
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("training:protocol", args=[self.pk])

    @property
    def reference(self):
        return f"PR-{self.pk}"

    @property
    def kind_words(self):
        return KIND_WORDS[Kind(self.kind)]

    @property
    def scope_words(self):
        """For whom it is, in words."""
        place = str(self.station or self.component or "The whole agency")
        return f"{place}: {self.get_work_display()}" if self.work else place

    @property
    def reach(self):
        return Reach(self.component_id, self.station_id, self.work)

    @property
    def lives(self):
        """The days of all its versions; asked for by `with_names`."""
        return [version.life for version in self.versions.all()]


class VersionQuerySet(models.QuerySet):
    def in_force(self, on):
        """Versions that hold on a day: approved and begun, not withdrawn, and no newer one has begun."""
        newer = ProtocolVersion.objects.filter(
            protocol=OuterRef("protocol"),
            number__gt=OuterRef("number"),
            approval__in_force_on__lte=on,
        )
        return self.filter(
            Q(withdrawal=None) | Q(withdrawal__on__gt=on),
            ~Exists(newer),
            approval__in_force_on__lte=on,
        )

    def drafts(self):
        """Versions that wait for approval: the newest of their protocol, and not approved."""
        newer = ProtocolVersion.objects.filter(
            protocol=OuterRef("protocol"), number__gt=OuterRef("number")
        )
        return self.filter(~Exists(newer), approval=None)

    def with_names(self):
        return self.select_related(
            "protocol__component", "protocol__station__region", "written_by", "approval__by",
            "withdrawal__by",
        )  # fmt: skip

    def soonest_review_first(self):
        return self.order_by("review_due_on", "pk")


class ProtocolVersion(models.Model):
    """What a protocol says, written by one person. In force once another has approved it and its day has come."""

    may_insert = (
        "protocol", "number", "owner_post", "starts_on", "review_due_on", "source", "what_changed",
        "written_by", "at", "request_key",
    )  # fmt: skip

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    owner_post = models.CharField(max_length=120)
    starts_on = models.DateField()  # as its author wants it; never before its approval
    review_due_on = models.DateField()
    source = models.CharField(max_length=500)
    what_changed = models.CharField(max_length=500, blank=True)
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    request_key = models.UUIDField(unique=True)
    recorded_at = FilledMoment(db_default=Now())

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocol", "number"], name="protocol_version_once_a_number"
            ),
            models.CheckConstraint(
                condition=Q(review_due_on__gt=F("starts_on")), name="protocol_reviewed_after_start"
            ),
        ]
        indexes = [models.Index(fields=["review_due_on"], name="protocol_by_review")]

    def __str__(self):
        return f"{self.protocol.reference} v{self.number}"

    def get_absolute_url(self):
        return reverse("training:version", args=[self.protocol_id, self.number])

    @property
    def reference(self):
        return f"PR-{self.protocol_id}/v{self.number}"

    @property
    def approved(self):
        """The approval, when there is one."""
        return getattr(self, "approval", None)

    @property
    def withdrawn(self):
        """The withdrawal, when there is one."""
        return getattr(self, "withdrawal", None)

    @property
    def life(self):
        approved, withdrawn = self.approved, self.withdrawn
        return Life(self.number, approved and approved.in_force_on, withdrawn and withdrawn.on)

    def standing(self, on):
        """What it is on a day (rules.Standing). Its protocol comes with all versions (`with_names`)."""
        return standing_of(self.number, self.protocol.lives, on=on)

    @property
    def facts(self):
        """What it says beside its steps, by name, for comparing two."""
        return {
            "Owner": self.owner_post,
            "Review due": f"{self.review_due_on:%d %b %Y}",
            "Source": self.source,
        }

    @property
    def dosings(self):
        return [row.dosing for row in self.doses.all()]

    @property
    def lines(self):
        """Steps, then doses, as the rules know them."""
        return [row.step for row in self.steps.all()] + self.dosings


class ProtocolStep(models.Model):
    """One step of a version: what, within how many minutes, for whom."""

    may_insert = ("version", "position", "what", "within_minutes", "for_whom")

    version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    what = models.CharField(max_length=300)
    within_minutes = models.PositiveSmallIntegerField(null=True)
    for_whom = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="protocol_step_once_a_position"
            )
        ]

    def __str__(self):
        return str(self.step)

    @property
    def step(self):
        return Step(self.what, self.within_minutes, self.for_whom)

    @property
    def time(self):
        """“within 10 min”, or nothing."""
        return "" if self.within_minutes is None else in_time(self.within_minutes)


class ProtocolDose(models.Model):
    """How a version works out a dog's first dose of one product."""

    may_insert = ("version", "position", "product", "unit", "strength_mg", "mg_per_kg", "route")

    version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="doses")
    position = models.PositiveSmallIntegerField()
    product = models.CharField(max_length=120)
    unit = models.CharField(max_length=12, choices=UNITS)
    strength_mg = models.DecimalField(max_digits=7, decimal_places=3)
    mg_per_kg = models.DecimalField(max_digits=7, decimal_places=4)
    route = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="protocol_dose_once_a_position"
            ),
            models.CheckConstraint(
                condition=Q(strength_mg__gt=0, mg_per_kg__gt=0),
                name="protocol_dose_more_than_nothing",
            ),
        ]

    def __str__(self):
        return str(self.dosing)

    @property
    def dosing(self):
        return Dosing(self.product, Unit(self.unit), self.strength_mg, self.mg_per_kg, self.route)


class ProtocolApproval(models.Model):
    """That another person than its author put a version in force, from a day on."""

    may_insert = ("version", "by", "in_force_on", "at")

    version = models.OneToOneField(
        ProtocolVersion, on_delete=models.PROTECT, related_name="approval"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    in_force_on = models.DateField()
    at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"approval of {self.version_id}"


class ProtocolWithdrawal(models.Model):
    """That an approved version holds no more from a day on, though no newer one is there."""

    may_insert = ("version", "by", "on", "reason", "at")

    version = models.OneToOneField(
        ProtocolVersion, on_delete=models.PROTECT, related_name="withdrawal"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"withdrawal of {self.version_id}"


class DoseCardQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Cards of dogs that the person leads or sees."""
        return self.filter(canine__in=own_or_seen(person))

    def with_names(self):
        return self.select_related(
            "canine__station__region", "canine__handler", "weight", "version__protocol", "by"
        )


class DoseCard(models.Model):
    """That a dose card was made for a dog's bag: from which weight, by which version of which protocol."""

    may_insert = ("canine", "weight", "version", "by", "at", "request_key")

    canine = models.ForeignKey(Canine, on_delete=models.PROTECT, related_name="dose_cards")
    weight = models.ForeignKey(CanineWeight, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="cards")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    request_key = models.UUIDField(unique=True)
    recorded_at = FilledMoment(db_default=Now())

    objects = DoseCardQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["canine", "-id"], name="dose_card_by_canine")]

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"DC-{self.pk}"

    @property
    def made_from(self):
        """The weight and version, as the rules compare them."""
        return Card(self.weight_id, self.version_id)
