"""Units of custody and the doses in them."""

import datetime as dt

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.db.models.functions import Coalesce

from naloxone.inspection_rules import INSPECTED, INSPECTION_DAYS, inspection_due_on
from naloxone.kit_type_rules import is_half_used
from naloxone.models import need
from naloxone.models.holders import Holder, PlaceType
from naloxone.models.products import Lot
from naloxone.models.words import choices
from naloxone.need_rules import TRAINER, worth_of
from naloxone.rules import HOLDERS, STOCKED, State
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import (
    FilledBoolean,
    FilledBytes,
    FilledDate,
    FilledInteger,
    FilledKey,
    FilledSmallInteger,
    FilledText,
)
from safety_portal.people import Station, reference_number


class UnitKind(models.TextChoices):
    """What kind of thing a unit of custody is."""

    CARTON = "carton", "Carton"
    KIT = "kit", "Kit"
    CANINE_KIT = "canine_kit", "Canine kit"
    TRAINER = TRAINER, "Trainer"  # for lessons: it holds no dose and never counts


# Some of its doses are gone and some are left; kit_type_rules says the same.
HALF_USED = Q(doses__gt=0, doses__lt=F("doses_full")) & ~Q(kind=UnitKind.TRAINER)

# Emergency naloxone, looked at every 30 days. A carton in a storeroom is stock: it is looked at when it is opened.
TO_INSPECT = (
    Q(state__in=INSPECTED)
    & ~Q(kind=UnitKind.TRAINER)
    & ~Q(kind=UnitKind.CARTON, holder__place_type=PlaceType.STOREROOM)
)


class KitQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Kits at or on their way to the person's stations, held by them or by the dog they lead, or offered to them."""
        if person is None:
            return self.none()
        mine = Q(holder__person=person) | Q(holder__canine__handler=person)
        offered = Exists(
            apps.get_model("naloxone", "HandOverLine").objects.filter(
                Q(hand_over__receiver__person=person)
                | Q(hand_over__receiver__canine__handler=person),
                kit=OuterRef("pk"),
                outcome=None,
            )
        )
        coming = Exists(
            apps.get_model("naloxone", "ConsignmentLine").objects.filter(
                access.within(person, Permission.KITS_SEE, field="consignment__destination"),
                kit=OuterRef("pk"),
                arrival=None,
            )
        )
        return self.filter(access.within(person, Permission.KITS_SEE) | mine | offered | coming)

    def overseen_by(self, person):
        """Kits at stations where the person may see kits. Lists start here: it is one index, `visible_to` is not."""
        return self.filter(access.within(person, Permission.KITS_SEE))

    def at(self, stations):
        return self.filter(station__in=stations)

    def held_by(self, person):
        return self.filter(Q(holder__person=person) | Q(holder__canine__handler=person))

    def stocked(self):
        """What counts as stock: with doses, in our hands or on its way, and no trainer."""
        return self.filter(state__in=STOCKED).exclude(kind=UnitKind.TRAINER)

    def in_service(self):
        return self.filter(state=State.IN_SERVICE)

    def within_reach(self):
        """With a place or a carrier of ours: not in a box on its way, not missing."""
        return self.filter(holder__kind__in=HOLDERS)

    def serviceable(self, on):
        """What counts as ready on a day: a date, or `own_day(now)` for each station's own."""
        return self.filter(need.serviceable(on))

    def usable_in_need(self, on):
        """What is better than none on a day, and within reach: expired, opened, on hold, recalled, in quarantine."""
        return self.within_reach().filter(need.in_need(on))

    def expiring_by(self, day):
        return self.filter(expires_on__lte=day)

    def with_names(self):
        return self.select_related("holder__canine", "station", "lot__product")

    def with_open_offer(self):
        """With the offer that waits for an answer, if any: its key, giver and receiver."""
        return self.annotate(
            waiting=FilteredRelation("offers", condition=Q(offers__outcome=None)),
            offer_key=F("waiting__hand_over"),
            offer_by=F("waiting__hand_over__by"),
            offer_receiver=F("waiting__hand_over__receiver__name"),
            offer_due_at=F("waiting__hand_over__due_at"),
            offer_to_place=F("waiting__hand_over__receiver__station"),
            offer_to_kind=F("waiting__hand_over__receiver__kind"),
            offer_to_person=Coalesce(
                "waiting__hand_over__receiver__person",
                "waiting__hand_over__receiver__canine__handler",
            ),
        )

    def with_word(self):
        """With whether anybody has said of it that it works or not."""
        words = apps.get_model("naloxone", "NeedWord").objects.filter(kit=OuterRef("pk"))
        return self.annotate(has_word=Exists(words))

    def to_inspect(self):
        """Emergency naloxone: what is ready to hand."""
        return self.filter(TO_INSPECT)

    def inspection_due(self, on):
        """Units whose documented check is due on a day or was before it."""
        return self.to_inspect().filter(checked_on__lte=on - dt.timedelta(days=INSPECTION_DAYS))

    def longest_unchecked_first(self):
        return self.order_by("checked_on", "pk")

    def first_expired_first(self):
        return self.order_by("expires_on", "pk")


class Kit(models.Model):
    """A unit of custody. All but its kind, seal and label is the ledger's projection, written by the trigger."""

    may_insert = ("kind", "seal", "made_as")

    kind = models.CharField(max_length=12, choices=UnitKind.choices)
    seal = models.CharField(max_length=30, blank=True)
    # What it was made by; None for cartons, and for kits of no type.
    made_as = models.ForeignKey(
        "KitTypeVersion", on_delete=models.PROTECT, null=True, related_name="kits"
    )
    holder = FilledKey(Holder, on_delete=models.PROTECT, null=True, related_name="kits")
    station = FilledKey(Station, on_delete=models.PROTECT, null=True, related_name="+")
    state = FilledText(max_length=12, choices=choices(State), db_default=State.NEW.value)
    last_sequence = FilledInteger(db_default=0)
    head_hash = FilledBytes(null=True)
    doses = FilledSmallInteger(db_default=0)
    # How many it had before one was given or wasted: what is half used shows by it.
    doses_full = FilledSmallInteger(db_default=0)
    lot = FilledKey(Lot, on_delete=models.PROTECT, null=True, related_name="+")
    expires_on = FilledDate(null=True)
    # The first expiry among its components: no part of the hashes, and it makes no kit unusable.
    component_expires_on = FilledDate(null=True)
    # The station's day of the newest documented check: receipt, assembly or an inspection.
    checked_on = FilledDate(null=True)
    # The newest word of a person on whether it would work in need; it does until somebody says otherwise.
    works = FilledBoolean(db_default=True)

    objects = KitQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["expires_on", "id"], name="kit_by_expiry"),
            models.Index(fields=["station", "expires_on", "id"], name="kit_by_station"),
            models.Index(fields=["holder", "id"], name="kit_by_holder"),
            models.Index(fields=["state", "expires_on", "id"], name="kit_by_state"),
            models.Index(fields=["lot", "id"], name="kit_by_lot"),
            models.Index(
                fields=["station", "checked_on"],
                condition=Q(state__in=["in_service", "opened"]),  # inspection_rules.INSPECTED
                name="kit_by_check",
            ),
            models.Index(
                fields=["component_expires_on"],
                condition=Q(component_expires_on__isnull=False),
                name="kit_by_component",
            ),
            models.Index(fields=["seal"], condition=~Q(seal=""), name="kit_by_seal"),
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return f"/kits/{self.reference}/"

    @property
    def reference(self):
        return f"K-{self.pk}"

    @staticmethod
    def number(text):
        """The key behind “K-214”, or None."""
        return reference_number("K", text)

    @property
    def is_trainer(self):
        """Whether it is for lessons only."""
        return self.kind == UnitKind.TRAINER

    @property
    def is_half_used(self):
        """Whether some of its doses are gone and some are left."""
        return is_half_used(kind=self.kind, doses=self.doses, doses_full=self.doses_full)

    @property
    def is_empty(self):
        """Whether what was in it is gone; nothing ever was in a trainer."""
        return not self.doses and not self.is_trainer

    @property
    def inspection_due_on(self):
        """The day by which it is inspected again; None in a state in which nobody relies on it."""
        if self.checked_on is None or self.state not in INSPECTED or self.is_trainer:
            return None
        return inspection_due_on(self.checked_on)

    def worth(self, on):
        """What it counts as on a day of its station; None when it never counts."""
        return worth_of(
            kind=self.kind, state=State(self.state), doses=self.doses, expires_on=self.expires_on,
            works=self.works, on=on,
        )  # fmt: skip

    @property
    def state_words(self):
        return State(self.state).value.replace("_", " ").capitalize()


class Device(models.Model):
    """One dose. It is in one unit until it is given; `kit` is moved by the ledger's lines."""

    may_insert = ("origin", "lot", "serial")

    origin = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="devices")
    serial = models.CharField(max_length=20, blank=True)
    # None once it was given or wasted: it is in no unit any more.
    kit = FilledKey(Kit, on_delete=models.PROTECT, null=True, related_name="devices")

    class Meta:
        indexes = [
            models.Index(fields=["serial"], condition=~Q(serial=""), name="device_by_serial")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lot", "serial"], condition=~Q(serial=""), name="device_serial_once_a_lot"
            )
        ]

    def __str__(self):
        return f"dose {self.pk}"
