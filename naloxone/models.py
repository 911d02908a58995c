"""Products, lots and doses; units of custody and who holds them; the ledger and hand-overs."""

import uuid

from django.db import models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q
from django.db.models.functions import Coalesce, Lower, Now

from naloxone.rules import EventKind, HolderKind, State
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import (
    FilledBytes,
    FilledDate,
    FilledInteger,
    FilledKey,
    FilledMoment,
    FilledSmallInteger,
    FilledText,
)
from safety_portal.people import Canine, Person, Station, reference_number


def choices(enum):
    """An enum of rules.py as Django's choices."""
    return [(member.value, member.value.replace("_", " ").capitalize()) for member in enum]


class Product(models.Model):
    """An opioid antagonist as it is sold. Storage is the label's default; the lot's own label rules."""

    name = models.CharField(max_length=120, unique=True)
    manufacturer = models.CharField(max_length=80)
    antagonist = models.CharField(max_length=40)
    strength_mg = models.DecimalField(max_digits=5, decimal_places=2)
    route = models.CharField(max_length=40)
    supply = models.CharField(max_length=10)
    ndc = models.CharField(max_length=14, unique=True, null=True)  # hyphenated text, never a number
    gtin = models.CharField(max_length=14, unique=True, null=True)
    devices_per_carton = models.PositiveSmallIntegerField()
    storage_min_c = models.SmallIntegerField(null=True)
    storage_max_c = models.SmallIntegerField(null=True)
    excursion_min_c = models.SmallIntegerField(null=True)
    excursion_max_c = models.SmallIntegerField(null=True)
    do_not_freeze = models.BooleanField(null=True)
    protect_from_light = models.BooleanField(null=True)
    shelf_life_months = models.PositiveSmallIntegerField(null=True)
    fact_status = models.CharField(max_length=80)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class Lot(models.Model):
    """One production lot. Its expiry is part of the ledger's hashes, so it is never changed."""

    may_insert = ("product", "number", "expires_on")

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lots")
    number = models.CharField(max_length=20)
    expires_on = models.DateField()
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="lot_once_a_product")
        ]

    def __str__(self):
        return self.number

    @property
    def reference(self):
        return f"L-{self.pk}"


class LotRecall(models.Model):
    """That a lot was recalled: by whose notice, and who recorded it."""

    may_insert = ("lot", "notice", "by")

    lot = models.OneToOneField(Lot, on_delete=models.PROTECT, related_name="recall")
    notice = models.CharField(max_length=120)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"recall of {self.lot_id}"


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


class HolderQuerySet(models.QuerySet):
    def at(self, stations):
        return self.filter(station__in=stations)

    def in_use(self):
        return self.filter(closed_on=None)

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
                    Q(kind="supplier", station=None, person=None, canine=None)
                    | Q(kind="person", person__isnull=False, canine=None, station__isnull=False)
                    | Q(kind="canine_team", canine__isnull=False, person=None)
                    & Q(station__isnull=False)
                    | Q(kind__in=["storage", "vehicle"], person=None, canine=None)
                    & Q(station__isnull=False)
                ),
            ),
            models.UniqueConstraint(
                fields=["station", "name"],
                condition=Q(kind__in=["storage", "vehicle"]),
                name="place_name_once_a_station",
            ),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind="supplier"), name="holder_one_supplier"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def reference(self):
        return f"S-{self.pk}"


class UnitKind(models.TextChoices):
    """What kind of thing a unit of custody is."""

    CARTON = "carton", "Carton"
    KIT = "kit", "Kit"
    CANINE_KIT = "canine_kit", "Canine kit"


class KitQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Kits at the person's stations, held by them or by the dog they lead, or offered to them."""
        if person is None:
            return self.none()
        mine = Q(holder__person=person) | Q(holder__canine__handler=person)
        offered = Exists(
            HandOverLine.objects.filter(
                Q(hand_over__receiver__person=person)
                | Q(hand_over__receiver__canine__handler=person),
                kit=OuterRef("pk"),
                outcome=None,
            )
        )
        return self.filter(access.within(person, Permission.KITS_SEE) | mine | offered)

    def overseen_by(self, person):
        """Kits at stations where the person may see kits. Lists start here: it is one index, `visible_to` is not."""
        return self.filter(access.within(person, Permission.KITS_SEE))

    def at(self, stations):
        return self.filter(station__in=stations)

    def held_by(self, person):
        return self.filter(Q(holder__person=person) | Q(holder__canine__handler=person))

    def in_service(self):
        return self.filter(state=State.IN_SERVICE)

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

    def first_expired_first(self):
        return self.order_by("expires_on", "pk")


class Kit(models.Model):
    """A unit of custody. All but its kind, seal and label is the ledger's projection, written by the trigger."""

    may_insert = ("kind", "seal")

    kind = models.CharField(max_length=12, choices=UnitKind.choices)
    seal = models.CharField(max_length=30, blank=True)
    holder = FilledKey(Holder, on_delete=models.PROTECT, null=True, related_name="kits")
    station = FilledKey(Station, on_delete=models.PROTECT, null=True, related_name="+")
    state = FilledText(max_length=12, choices=choices(State), db_default=State.NEW.value)
    last_sequence = FilledInteger(db_default=0)
    head_hash = FilledBytes(null=True)
    doses = FilledSmallInteger(db_default=0)
    lot = FilledKey(Lot, on_delete=models.PROTECT, null=True, related_name="+")
    expires_on = FilledDate(null=True)

    objects = KitQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["expires_on", "id"], name="kit_by_expiry"),
            models.Index(fields=["station", "expires_on", "id"], name="kit_by_station"),
            models.Index(fields=["holder", "id"], name="kit_by_holder"),
            models.Index(fields=["state", "expires_on", "id"], name="kit_by_state"),
            models.Index(fields=["lot", "id"], name="kit_by_lot"),
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
    def state_words(self):
        return State(self.state).value.replace("_", " ").capitalize()


class Device(models.Model):
    """One dose. It belongs to exactly one unit; `kit` is moved by the ledger's lines."""

    may_insert = ("origin", "lot", "serial")

    origin = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="devices")
    serial = models.CharField(max_length=20, blank=True)
    kit = FilledKey(Kit, on_delete=models.PROTECT, related_name="devices")

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


class Act(models.Model):
    """What somebody did, once, to one kit or to fifty: the header that its events share."""

    may_insert = (
        "request_key", "verb", "by", "second", "proof", "occurred_at", "commitment", "hand_over",
    )  # fmt: skip

    request_key = models.UUIDField(unique=True)
    verb = models.CharField(max_length=20)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    # The receiver at the counter, or the witness; how they proved it was them.
    second = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    proof = models.CharField(max_length=12, blank=True)
    occurred_at = models.DateTimeField()
    # Hash of salt and note: the words stay out of the hashes and may be struck without a break.
    commitment = models.BinaryField(null=True)
    hand_over = models.ForeignKey("HandOver", on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"{self.verb} {self.pk}"


class ActNote(models.Model):
    """The free text of an act, apart from the hashes."""

    may_insert = ("act", "salt", "text")

    act = models.OneToOneField(Act, on_delete=models.PROTECT, related_name="note")
    salt = models.BinaryField()
    text = models.TextField()

    def __str__(self):
        return f"note of {self.act_id}"


class CustodyEvent(models.Model):
    """One row of the ledger: a unit passed from a holder to a holder. Never changed.

    The application says what it expects (sequence, source); the trigger checks and fills the rest.
    `devices` and `units` are the doses that go to another unit; format in docs/ledger.md.
    """

    may_insert = (
        "act", "kit", "sequence", "kind", "source", "destination", "state", "devices", "units",
    )  # fmt: skip

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="events")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=choices(EventKind))
    source = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="outgoing")
    destination = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="incoming")
    state = models.CharField(max_length=12, choices=choices(State))
    devices = models.JSONField(null=True)
    units = models.JSONField(null=True)
    station = FilledKey(Station, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment()
    lines_hash = FilledBytes(null=True)
    previous_hash = FilledBytes()
    hash = FilledBytes()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kit", "sequence"], name="event_one_a_sequence"),
            models.UniqueConstraint(fields=["kit", "previous_hash"], name="event_one_a_link"),
        ]
        indexes = [models.Index(fields=["act"], name="event_by_act")]

    def __str__(self):
        return f"K-{self.kit_id} #{self.sequence} {self.kind}"


class CustodyMove(models.Model):
    """The table of moves, filled from rules.MOVES by a migration; the trigger looks it up."""

    may_insert = ()

    kind = models.CharField(max_length=12)
    old_state = models.CharField(max_length=12)
    new_state = models.CharField(max_length=12)
    source_kind = models.CharField(max_length=12)
    destination_kind = models.CharField(max_length=12)
    stays = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "old_state", "new_state", "source_kind", "destination_kind"],
                name="move_once",
            )
        ]

    def __str__(self):
        return f"{self.kind}: {self.old_state} → {self.new_state}"


class HandOverQuerySet(models.QuerySet):
    def open(self):
        return self.filter(lines__outcome=None, lines__isnull=False).distinct()

    def for_receiver(self, person):
        """Offered to the person, to the dog they lead, or to a place where they may accept."""
        places = access.within(person, Permission.CUSTODY_TAKE, field="receiver__station")
        return self.filter(
            Q(receiver__person=person)
            | Q(receiver__canine__handler=person)
            | (Q(receiver__kind__in=["storage", "vehicle"]) & places)
            if access.may(person, Permission.CUSTODY_TAKE, at=access.ANYWHERE)
            else Q(receiver__person=person) | Q(receiver__canine__handler=person)
        )

    def visible_to(self, person):
        """To me, by me, or of kits at my stations."""
        mine = Q(by=person) | Q(receiver__person=person) | Q(receiver__canine__handler=person)
        return self.filter(
            mine
            | access.within(person, Permission.KITS_SEE, field="station")
            | access.within(person, Permission.KITS_SEE, field="receiver__station")
        )

    def with_names(self):
        return self.select_related("by", "receiver__person", "receiver__station", "station")

    def newest_first(self):
        return self.order_by("-pk")


class HandOver(models.Model):
    """An offer of kits to a receiver. The giver keeps custody until it is accepted."""

    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="offers")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    offered_at = models.DateTimeField()
    due_at = models.DateTimeField()
    request_key = models.UUIDField(unique=True, default=uuid.uuid4)

    objects = HandOverQuerySet.as_manager()

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"H-{self.pk}"


class Outcome(models.TextChoices):
    """How an offered kit's line ended; none while it is open."""

    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


class HandOverLine(models.Model):
    """One kit of an offer, at the sequence at which it was offered; moved meanwhile, the line lapses."""

    hand_over = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="lines")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="offers")
    sequence = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, null=True)
    reason = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kit"], condition=Q(outcome=None), name="line_one_open_offer_a_kit"
            ),
            models.UniqueConstraint(fields=["hand_over", "kit"], name="line_once_a_hand_over"),
            models.CheckConstraint(
                condition=Q(outcome=None, ended_at=None)
                | Q(outcome__isnull=False, ended_at__isnull=False),
                name="line_ends_with_an_outcome",
            ),
        ]

    def __str__(self):
        return f"{self.hand_over_id}: K-{self.kit_id}"


class CustodyLine(models.Model):
    """One dose of an event: the unit it came into. Written by the ledger's trigger only."""

    may_insert = ()

    pk = models.CompositePrimaryKey("event", "position")
    event = models.ForeignKey(CustodyEvent, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="lines")
    unit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="+")

    class Meta:
        managed = False  # made beside its trigger, in migration 0002
        db_table = "naloxone_custodyline"

    def __str__(self):
        return f"{self.event_id}.{self.position}"
