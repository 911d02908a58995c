"""Old kits for new: each exchange, and the musters at which forty are made one after the other."""

from django.db import models
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.exchange_rules import words_of
from naloxone.models.custody import Act
from naloxone.models.holders import Holder
from naloxone.models.units import Kit
from naloxone.rules import MOVABLE, HolderKind
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station


def carried_at(station):
    """Kits that people of a station carry and can give back."""
    return Kit.objects.filter(station=station, state__in=MOVABLE, holder__kind=HolderKind.PERSON)


def lots_carried(station):
    """What people of a station carry, by lot: (number, first expiry, how many), the nearest expiry first."""
    lots = carried_at(station).exclude(lot=None).order_by().values_list("lot__number")
    found = lots.annotate(first=Min("expires_on"), count=Count("pk"))
    return found.order_by("first", "lot__number")


class MusterQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Of stations where one sees kits, and one's own."""
        return self.filter(access.within(person, Permission.KITS_SEE) | Q(by=person))

    def with_names(self):
        return self.select_related("station", "source", "back_to__station", "witness", "by")


class Muster(models.Model):
    """That people of a station exchange the kits of a lot or a month: a witness proved once, each pair is an act."""

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    back_to = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    # Which ones: of a lot, or those that expire by a day.
    lot = models.CharField(max_length=20, blank=True)
    until = models.DateField(null=True)
    witness = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proof = models.CharField(max_length=12)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()  # how long the witness's proof stands
    ended_at = models.DateTimeField(null=True)
    request_key = models.UUIDField(unique=True)

    objects = MusterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lot="", until__isnull=False) | (~Q(lot="") & Q(until=None)),
                name="muster_by_lot_or_day",
            ),
            models.CheckConstraint(condition=~Q(witness=F("by")), name="muster_witness_is_another"),
        ]
        indexes = [models.Index(fields=["station", "-id"], name="muster_by_station")]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("naloxone:muster", args=[self.pk])

    @property
    def reference(self):
        return f"MU-{self.pk}"

    @property
    def what(self):
        """Which kits are exchanged, in words."""
        return words_of(lot=self.lot, until=self.until)

    def is_open(self, now):
        return self.ended_at is None and now < self.due_at

    def left(self):
        """Kits that people of the station still carry and that are to be exchanged, by their carrier's name."""
        which = Q(lot__number__iexact=self.lot) if self.lot else Q(expires_on__lte=self.until)
        carried = carried_at(self.station_id).filter(which)
        return carried.select_related("holder__person", "lot").order_by("holder__name", "pk")


class Exchange(models.Model):
    """That a holder was given a unit for another, in one act. Only ever added to."""

    may_insert = ("act", "receiver", "old", "new", "muster")

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="exchanges")
    receiver = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    old = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="+")
    new = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="+")
    muster = models.ForeignKey(
        Muster, on_delete=models.PROTECT, null=True, related_name="exchanges"
    )
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["act", "new"], name="exchange_once_an_act"),
            models.CheckConstraint(condition=~Q(old=F("new")), name="exchange_of_two"),
        ]
        indexes = [models.Index(fields=["new"], name="exchange_by_new")]

    def __str__(self):
        return f"K-{self.old_id} for K-{self.new_id}"
