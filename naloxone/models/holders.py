"""Whoever or whatever can have a unit: places, carriers, the supplier."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from naloxone.models.words import choices
from naloxone.need_rules import keeps_ready
from naloxone.rules import ELSEWHERE, PLACES, HolderKind
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.people import Canine, Person, Station


class AccessMode(models.TextChoices):
    """How a place opens. The code itself is never stored (domain C.2)."""

    OPEN = "open", "Open"
    TAMPER_SEAL = "tamper_seal", "Tamper seal"
    KEY = "key", "Key"
    CODE = "code", "Code"
    BADGE = "badge", "Badge"


class PlaceType(models.TextChoices):
    """What a storage point is (domain C.2)."""

    VAULT = "vault", "Vault"
    CABINET = "cabinet", "Cabinet"
    AED_BOX = "aed_box", "AED box"
    GO_BAG = "go_bag", "Go-bag"
    STOREROOM = "storeroom", "Storeroom"
    VEHICLE_CAB = "vehicle_cab", "Vehicle cab"


# One row each, of no station.
OUTSIDE = [kind.value for kind in (HolderKind.SUPPLIER, *ELSEWHERE)]


class HolderQuerySet(models.QuerySet):
    def at(self, stations):
        return self.filter(station__in=stations)

    def in_use(self):
        return self.filter(closed_on=None)

    def keeping_ready(self):
        """Places where kits stand ready: all but storerooms without a par (need_rules.keeps_ready)."""
        return self.filter(Q(par_min__gt=0) | ~Q(place_type=PlaceType.STOREROOM), kind__in=PLACES)

    def visible_to(self, person):
        """Places and carriers of the person's stations, and themselves."""
        return self.filter(access.within(person, Permission.KITS_SEE) | Q(person=person))

    def with_names(self):
        return self.select_related("station", "person", "canine__handler")


class Holder(models.Model):
    """Whoever or whatever has a unit: a storage point, a person, a vehicle, a canine team, the supplier."""

    kind = models.CharField(max_length=12, choices=choices(HolderKind))
    name = models.CharField(max_length=120)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, null=True, related_name="+")
    person = models.OneToOneField(
        Person, on_delete=models.PROTECT, null=True, related_name="holder"
    )
    canine = models.OneToOneField(
        Canine, on_delete=models.PROTECT, null=True, related_name="holder"
    )
    place_type = models.CharField(max_length=12, choices=PlaceType.choices, blank=True)
    access_mode = models.CharField(max_length=12, choices=AccessMode.choices, blank=True)
    par_min = models.PositiveSmallIntegerField(null=True)
    # Seconds in which a dose of the place must be in hand; None: settings.REACH_SECONDS.
    reach_seconds = models.PositiveSmallIntegerField(null=True)
    # The seal on a place's door or lid: unbroken, it stands for what is behind it.
    seal = models.CharField(max_length=30, blank=True)
    sealed_at = models.DateTimeField(null=True)
    # Looked at every shift, or only for the documented check; by one person, or by two.
    every_shift = models.BooleanField(default=True)
    two_people = models.BooleanField(default=False)
    # What the weather does to it (domain C.2): out of doors, not over night, which logger hangs there.
    outdoors = models.BooleanField(default=False)
    overnight = models.BooleanField(default=True)
    sensor = models.CharField(max_length=40, blank=True)
    closed_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = HolderQuerySet.as_manager()

    class Meta:
        # Lists by place walk holders by name and take their kits, some of each, until a page is full.
        indexes = [models.Index(Lower("name"), "id", name="holder_by_name")]
        constraints = [
            models.CheckConstraint(
                name="holder_is_what_it_says",
                condition=(
                    Q(kind__in=OUTSIDE, station=None, person=None, canine=None)
                    | Q(kind="person", person__isnull=False, canine=None, station__isnull=False)
                    | Q(kind="canine_team", canine__isnull=False, person=None)
                    & Q(station__isnull=False)
                    | Q(kind__in=["storage", "vehicle"], person=None, canine=None)
                    & Q(station__isnull=False)
                ),
            ),
            models.UniqueConstraint(
                "station",
                Lower("name"),
                condition=Q(kind__in=["storage", "vehicle"], closed_on=None),
                name="place_name_once_in_use",
            ),
            models.CheckConstraint(
                condition=Q(closed_on=None) | Q(kind__in=["storage", "vehicle"]),
                name="holder_only_places_close",
            ),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind__in=OUTSIDE), name="holder_one_outside"
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        """The page of a place; who carries kits has none."""
        return reverse("naloxone:place", args=[self.pk])

    @property
    def reference(self):
        return f"S-{self.pk}"

    @property
    def keeps_ready(self):
        """Whether kits stand ready here, so that no rule may leave it with nothing."""
        return self.kind in PLACES and keeps_ready(place_type=self.place_type, par_min=self.par_min)

    @property
    def stands_hot(self):
        """Whether what is in it stands as hot or cold as the weather: a vehicle, or a place out of doors."""
        return self.kind == HolderKind.VEHICLE or self.outdoors

    @property
    def reach_limit(self):
        """Seconds in which a dose must be in hand."""
        return self.reach_seconds or settings.REACH_SECONDS

    @property
    def carrier(self):
        """The person who has what this holder has: themselves, or the dog's handler; None for a place."""
        return self.person or (self.canine and self.canine.handler)
