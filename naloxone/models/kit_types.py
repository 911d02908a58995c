"""Kit types: what a kit is made of beside its doses, version after version, and what became of each component in a kit."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.kit_type_rules import (
    FIT_WORDS,
    LATEX_WHY,
    LATEX_WORDS,
    THERE,
    Component,
    Fit,
    Latex,
)
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person

KINDS = [("kit", "For people"), ("canine_kit", "For a dog")]


class KitTypeQuerySet(models.QuerySet):
    def with_versions(self):
        return self.prefetch_related("versions__components", "versions__written_by").order_by(
            "name"
        )


class KitType(models.Model):
    """A type of kit by name: human, canine, vault, vehicle. What it is made of stands in its versions."""

    may_insert = ("name", "kind")

    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=12, choices=KINDS)
    recorded_at = FilledMoment(db_default=Now())

    objects = KitTypeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("naloxone:kit_type", args=[self.pk])

    @property
    def reference(self):
        return f"KT-{self.pk}"

    @property
    def newest(self):
        """The version by which kits are assembled now; asked for by `with_versions`."""
        return max(self.versions.all(), key=lambda one: one.number)


class KitTypeVersion(models.Model):
    """What a type is made of, from its writing on. Kits made by an older version stay what they are. Only added to."""

    may_insert = (
        "kit_type",
        "number",
        "doses",
        "source",
        "what_changed",
        "written_by",
        "request_key",
    )

    kit_type = models.ForeignKey(KitType, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    doses = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=500)
    what_changed = models.CharField(max_length=500, blank=True)
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    request_key = models.UUIDField(unique=True)
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["kit_type", "number"], name="kit_type_once_a_number"),
            models.CheckConstraint(condition=Q(doses__gt=0), name="kit_type_has_doses"),
        ]

    def __str__(self):
        return f"{self.kit_type}, version {self.number}"

    @property
    def bill(self):
        """Its components as the rules know them."""
        return [row.line for row in self.components.all()]

    @property
    def latex(self):
        """The components that are of latex."""
        return [row for row in self.components.all() if row.latex == Latex.YES]

    latex_why = LATEX_WHY


class KitComponent(models.Model):
    """One component of a version."""

    may_insert = ("version", "position", "name", "quantity", "expires", "required", "latex")

    version = models.ForeignKey(KitTypeVersion, on_delete=models.PROTECT, related_name="components")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    quantity = models.PositiveSmallIntegerField()
    expires = models.BooleanField()
    required = models.BooleanField()
    latex = models.CharField(max_length=8, choices=[(one.value, LATEX_WORDS[one]) for one in Latex])

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="kit_component_once_a_position"
            )
        ]

    def __str__(self):
        return self.name

    @property
    def line(self):
        return Component(self.name, self.quantity, self.expires, self.required, Latex(self.latex))

    @property
    def is_latex(self):
        return self.latex == Latex.YES


class FittingQuerySet(models.QuerySet):
    def newest_first(self):
        return self.order_by("-pk")


class Fitting(models.Model):
    """What was noted about one component of one kit. The newest word counts; a trigger projects the first expiry
    on the kit. Only ever added to."""

    may_insert = ("kit", "component", "fit", "expires_on", "note", "by", "request_key")

    kit = models.ForeignKey("Kit", on_delete=models.PROTECT, related_name="fittings")
    component = models.ForeignKey(KitComponent, on_delete=models.PROTECT, related_name="+")
    fit = models.CharField(max_length=8, choices=[(one.value, FIT_WORDS[one]) for one in Fit])
    expires_on = models.DateField(null=True)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    request_key = models.UUIDField()
    recorded_at = FilledMoment(db_default=Now())

    objects = FittingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kit", "component", "request_key"], name="fitting_once_a_request"
            )
        ]
        indexes = [models.Index(fields=["kit", "component", "-id"], name="fitting_newest")]

    def __str__(self):
        return f"K-{self.kit_id}: {self.component_id} {self.fit}"

    @property
    def is_there(self):
        return self.fit in THERE
