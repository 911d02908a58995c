"""Temperatures: what a lot's label allows, what was measured at a place, what it comes to for a kit, who decided what."""

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.urls import reverse

from naloxone.models.holders import Holder
from naloxone.models.products import Lot, Product
from naloxone.models.units import Kit
from naloxone.storage_rules import (
    DECISION_WORDS,
    STATE_WORDS,
    Bands,
    Decision,
    Mark,
    Season,
    StorageState,
    band_words,
)
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledBoolean, FilledMoment
from safety_portal.people import Person, Station

MONTHS = [
    (number, name)
    for number, name in enumerate(
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
        start=1,
    )
]  # fmt: skip


class LabelVersionQuerySet(models.QuerySet):
    def of_products(self):
        """The newest version that is each product's own: it holds for lots of which nobody said otherwise."""
        newest = LabelVersion.objects.filter(product=OuterRef("product"), own=True)
        return self.filter(pk=Subquery(newest.order_by("-pk").values("pk")[:1]))


class LabelVersion(models.Model):
    """What one edition of a product's label says about storage; never changed. `own` ones follow the product master, by a trigger.

    °C as printed; None where the label says nothing, or nobody has found out.
    """

    may_insert = (
        "product", "name", "base_min_c", "base_max_c", "excursion_min_c", "excursion_max_c", "do_not_freeze",
        "protect_from_light", "source", "by",
    )  # fmt: skip

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="label_versions")
    name = models.CharField(max_length=80)
    base_min_c = models.SmallIntegerField(null=True)
    base_max_c = models.SmallIntegerField(null=True)
    excursion_min_c = models.SmallIntegerField(null=True)
    excursion_max_c = models.SmallIntegerField(null=True)
    do_not_freeze = models.BooleanField(null=True)
    protect_from_light = models.BooleanField(null=True)
    source = models.CharField(max_length=200)
    own = FilledBoolean(db_default=False)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    objects = LabelVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "name"], condition=Q(own=False), name="label_version_once_a_name"
            ),
            models.CheckConstraint(
                condition=Q(base_min_c=None)
                | Q(base_max_c=None)
                | Q(base_min_c__lt=models.F("base_max_c")),
                name="label_band_is_a_band",
            ),
        ]
        indexes = [models.Index(fields=["product", "-id"], name="label_newest")]

    def __str__(self):
        return self.name

    @property
    def bands(self):
        """The same as the rules reckon with it."""
        return Bands(
            *(
                None if degrees is None else degrees * 100
                for degrees in (
                    self.base_min_c, self.base_max_c, self.excursion_min_c, self.excursion_max_c
                )
            )
        )  # fmt: skip

    @property
    def words(self):
        """What it says, in one sentence."""
        bands = self.bands
        said = [
            band_words(bands.base_min, bands.base_max),
            f"for a time {out}" if (out := band_words(bands.excursion_min, bands.excursion_max)) else "",
            "do not freeze" if self.do_not_freeze else "",
            "protect from light" if self.protect_from_light else "",
        ]  # fmt: skip
        return "; ".join(part for part in said if part) or "nothing on record"


class LotLabel(models.Model):
    """That a lot carries a version of its product's label: who read it on the carton. The newest word counts."""

    may_insert = ("lot", "label", "by")

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="labels")
    # None: nobody knows better than the product's own, again.
    label = models.ForeignKey(LabelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["lot", "-id"], name="lot_label_newest")]

    def __str__(self):
        return f"label of {self.lot_id}"


class RecordSource(models.TextChoices):
    """How temperatures came in."""

    HAND = "hand", "Read by hand"
    LOGGER = "logger", "A logger’s file"


class TemperatureRecordQuerySet(models.QuerySet):
    def in_force(self):
        """Those that nobody has taken back."""
        return self.filter(~Exists(RecordWithdrawal.objects.filter(record=OuterRef("pk"))))

    def visible_to(self, person):
        return self.filter(
            access.within(person, Permission.KITS_SEE)
            | access.within(person, Permission.STORAGE_DECIDE)
        )

    def with_names(self):
        return self.select_related("place", "station", "by", "withdrawal__by")


class TemperatureRecord(models.Model):
    """One reading by hand, or one file of a logger, at a place; never changed. Hundredths °C.

    `lowest` and `highest` are the file's; of a reading by hand itself, or what the thermometer kept since `since`.
    """

    may_insert = (
        "request_key", "place", "station", "source", "by", "from_at", "until_at", "readings", "known",
        "lowest", "highest", "since", "file_name", "digest", "note",
    )  # fmt: skip

    request_key = models.UUIDField(unique=True)
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+", db_index=False)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=8, choices=RecordSource.choices)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    recorded_at = FilledMoment(db_default=Now())
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    readings = models.PositiveIntegerField()  # new ones; those known before are not kept twice
    known = models.PositiveIntegerField(default=0)
    lowest = models.SmallIntegerField()
    highest = models.SmallIntegerField()
    since = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=120, blank=True)
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of the file
    note = models.CharField(max_length=500, blank=True)

    objects = TemperatureRecordQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["place", "-until_at"], name="temperature_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_at__gte=models.F("from_at")), name="temperature_ends_after_start"
            )
        ]

    def __str__(self):
        return self.reference

    @property
    def reference(self):
        return f"TR-{self.pk}"


class RecordWithdrawal(models.Model):
    """That a record was taken back, with the reason: it was of another place, or of a broken thermometer."""

    may_insert = ("record", "by", "reason")

    record = models.OneToOneField(
        TemperatureRecord, on_delete=models.PROTECT, related_name="withdrawal"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"withdrawal of {self.record_id}"


class Reading(models.Model):
    """One temperature at a place. A logger makes a hundred thousand a year, so a row has nothing that can be spared."""

    may_insert = ("place", "at", "record", "centi")

    pk = models.CompositePrimaryKey("place", "at", "record")
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    record = models.ForeignKey(
        TemperatureRecord, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    centi = models.SmallIntegerField()  # hundredths °C

    def __str__(self):
        return f"{self.place_id} {self.at:%Y-%m-%d %H:%M}"


class TemperatureUpload(models.Model):
    """A logger's file between upload and import, packed: looked at, not yet counted. Gone once it is either."""

    place = models.ForeignKey(Holder, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    content = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return self.name


class StorageDecision(models.Model):
    """What a named person said of kits that were too hot or too cold at a place; never changed."""

    may_insert = ("request_key", "place", "station", "decision", "reason", "by")

    request_key = models.UUIDField(unique=True)
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(
        max_length=8, choices=[(d.value, words) for d, words in DECISION_WORDS.items()]
    )
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"{self.get_decision_display()}: {self.reason}"


class StorageDecisionLine(models.Model):
    """One kit of a decision, with what had been measured by then. The newest line about a kit counts."""

    may_insert = ("decision", "kit", "state", "outside", "hot", "frozen", "outside_until")

    decision = models.ForeignKey(StorageDecision, on_delete=models.PROTECT, related_name="lines")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="storage_decisions")
    state = models.CharField(
        max_length=20, choices=[(s.value, words) for s, words in STATE_WORDS.items()]
    )
    outside = models.PositiveIntegerField()
    hot = models.PositiveIntegerField()
    frozen = models.PositiveIntegerField()
    outside_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "kit"], name="decision_once_a_kit")
        ]

    def __str__(self):
        return f"{self.decision_id} of {self.kit_id}"

    @property
    def words(self):
        return Decision(self.decision.decision)


class KitStorageQuerySet(models.QuerySet):
    def waiting(self):
        """Kits of which somebody is still to decide."""
        return self.filter(waiting=True)

    def to_replace(self):
        """Kits that are replaced in the next rotation, and still usable until then."""
        return self.filter(mark=Mark.REPLACE)


class KitStorage(models.Model):
    """What all readings come to for one kit: seconds while it was there. Worked out anew whenever one of them changes."""

    kit = models.OneToOneField(
        Kit, on_delete=models.PROTECT, primary_key=True, related_name="storage"
    )
    sequence = models.PositiveIntegerField()  # the custody event that it was worked out after
    state = models.CharField(
        max_length=20, choices=[(s.value, words) for s, words in STATE_WORDS.items()]
    )
    mark = models.CharField(max_length=8, blank=True)
    waiting = models.BooleanField(default=False)
    readings = models.PositiveIntegerField()
    known = models.PositiveIntegerField()
    allowed = models.PositiveIntegerField()
    outside = models.PositiveIntegerField()
    hot = models.PositiveIntegerField()
    frozen = models.PositiveIntegerField()
    outside_from = models.DateTimeField(null=True)
    outside_until = models.DateTimeField(null=True)
    # Where it was outside last, and against which label; the review is of that place.
    place = models.ForeignKey(Holder, on_delete=models.PROTECT, null=True, related_name="+")
    label = models.ForeignKey(LabelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    decided = models.ForeignKey(
        StorageDecisionLine, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = KitStorageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["place"], condition=Q(waiting=True), name="storage_waiting"),
            models.Index(fields=["kit"], condition=~Q(mark=""), name="storage_marked"),
        ]

    def __str__(self):
        return f"storage of {self.kit_id}"

    @property
    def state_words(self):
        return STATE_WORDS[StorageState(self.state)]


class SeasonQuerySet(models.QuerySet):
    def newest(self):
        """The newest word of each station."""
        newest = StationSeason.objects.filter(station=OuterRef("station")).order_by("-pk")
        return self.filter(pk=Subquery(newest.values("pk")[:1]))


class StationSeason(models.Model):
    """The months in which vehicles of a station stand too hot, in the station's own word. The newest counts; empty: none."""

    may_insert = ("station", "first_month", "last_month", "source", "by")

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    first_month = models.PositiveSmallIntegerField(null=True, choices=MONTHS)
    last_month = models.PositiveSmallIntegerField(null=True, choices=MONTHS)
    source = models.CharField(max_length=200)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = FilledMoment(db_default=Now())

    objects = SeasonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first_month=None, last_month=None)
                | Q(first_month__range=(1, 12), last_month__range=(1, 12)),
                name="season_has_both_months",
            )
        ]

    def __str__(self):
        return f"season of {self.station_id}"

    def get_absolute_url(self):
        return reverse("naloxone:season", args=[self.station.code])

    @property
    def months(self):
        """The months in words; one alone is named once."""
        names = (self.get_first_month_display(), self.get_last_month_display())
        return names[0] if names[0] == names[1] else " to ".join(names)

    @property
    def season(self):
        """As the rules reckon with it; None when the station has none."""
        return self.first_month and Season(self.first_month, self.last_month)
