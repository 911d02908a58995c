"""The search for a kit that was not where it is recorded, before it counts as missing."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from naloxone.models.holders import Holder
from naloxone.models.rounds import Round
from naloxone.models.units import Kit
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.people import Person, Station


class SearchEnd(models.TextChoices):
    """How a search ended."""

    HERE = "here", "It is where it belongs"
    FOUND = "found", "Found at another place"
    MOVED = "moved", "Recorded elsewhere meanwhile"
    MISSING = "missing", "Really missing"
    USED = "used", "A use explains it"
    NO_ANSWER = "no_answer", "Nobody answered in time: missing"


class SearchQuerySet(models.QuerySet):
    def open(self):
        return self.filter(ended_at=None)

    def theirs(self, person):
        """Searches that are a person's to answer: for what they carry, or of places in their charge."""
        mine = Q(holder__person=person) | Q(holder__canine__handler=person)
        at_place = Q(holder__person=None, holder__canine=None)
        return self.filter(mine | at_place & access.within(person, Permission.CUSTODY_GIVE))

    def visible_to(self, person):
        """Of stations where one sees kits, one's own to answer, and those one opened."""
        return self.filter(
            access.within(person, Permission.KITS_SEE)
            | Q(holder__person=person)
            | Q(holder__canine__handler=person)
            | Q(opened_by=person)
        )

    def with_names(self):
        return self.select_related(
            "kit", "station", "opened_by", "ended_by", "holder__person", "holder__canine__handler"
        )


class Search(models.Model):
    """That a kit was not where it is recorded; whoever has it by the record says where it is, until `due_at`."""

    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="searches")
    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, related_name="searches")
    told = models.CharField(max_length=500, blank=True)
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    end = models.CharField(max_length=10, choices=SearchEnd.choices, blank=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)

    objects = SearchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kit"], condition=Q(ended_at=None), name="search_one_open_a_kit"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="", ended_by=None)
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end="")),
                name="search_ends_somehow",
            ),
        ]
        indexes = [
            models.Index(
                fields=["station", "due_at"], condition=Q(ended_at=None), name="search_open_by_due"
            )
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:search", args=[self.pk])

    @property
    def reference(self):
        return f"F-{self.pk}"
