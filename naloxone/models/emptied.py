"""Places that were left with nothing that works, and why somebody did it all the same."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from naloxone.models.custody import Act
from naloxone.models.holders import Holder
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Station


class PlaceEmptiedQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Of stations where one sees kits."""
        return self.filter(access.within(person, Permission.KITS_SEE))

    def with_names(self):
        return self.select_related("act__by", "place", "station")


class PlaceEmptied(models.Model):
    """That an act took away the last that would work in need from a place, and why. Only ever added to."""

    may_insert = ("act", "place", "station", "why")

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="emptied")
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=500)
    recorded_at = FilledMoment(db_default=Now())

    objects = PlaceEmptiedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["act", "place"], name="emptied_once_an_act"),
            models.CheckConstraint(condition=~Q(why=""), name="emptied_says_why"),
        ]
        indexes = [models.Index(fields=["station", "-id"], name="emptied_by_station")]

    def __str__(self):
        return f"{self.place_id} by {self.act_id}"
