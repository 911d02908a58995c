"""How stock left the agency's hands, and who signed for it beside the one who did it."""

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from naloxone.disposal_rules import (
    BASIS_WORDS,
    METHOD_WORDS,
    OWES_RECEIPT,
    REASON_WORDS,
    Basis,
    Method,
    Reason,
    receipt_due_on,
)
from naloxone.models.custody import Act, CustodyEvent
from naloxone.rules import EventKind
from safety_portal import access
from safety_portal.access import Permission
from safety_portal.append_only import FilledMoment
from safety_portal.people import Person, Station
from safety_portal.photos import Photo


def standing_events(**conditions):
    """Events that no mirror has undone. What ends a unit can be followed by nothing else but notes."""
    undone = CustodyEvent.objects.filter(
        kit=OuterRef("kit"), sequence=OuterRef("sequence") + 1, kind=EventKind.CORRECTED
    )
    return CustodyEvent.objects.filter(~Exists(undone), **conditions)


class DisposalQuerySet(models.QuerySet):
    def visible_to(self, person):
        """Of stations where one sees kits."""
        return self.filter(access.within(person, Permission.KITS_SEE))

    def with_names(self):
        return self.select_related(
            "act__by", "act__second", "station", "countersignature__by"
        ).prefetch_related("disposalphoto_set__photo", "receipts")

    def with_counts(self):
        """With how many units it was of, and how many of them no undoing has brought back."""

        def number(events):
            one = events.filter(act=OuterRef("act")).order_by().values("act")
            return Coalesce(Subquery(one.annotate(n=Count("pk")).values("n")), 0)

        return self.annotate(
            kits=number(CustodyEvent.objects.all()), standing=number(standing_events())
        )

    def standing(self):
        """Those of which at least one unit was not brought back by undoing."""
        return self.filter(Exists(standing_events(act=OuterRef("act"))))

    def waiting(self):
        """Done by one person, and nobody has signed beside them yet."""
        return self.standing().filter(due_at__isnull=False, countersignature=None)

    def owing(self):
        """Those that still stand, for which somebody owes a receipt and none is recorded."""
        return self.standing().filter(method__in=OWES_RECEIPT, receipt="", receipts=None)

    def past(self, now):
        """Done by one person, and not signed in time: never, or late."""
        late = Q(countersignature__at__gt=F("due_at"))
        return self.standing().filter(
            Q(countersignature=None) | late, due_at__isnull=False, due_at__lte=now
        )


class Disposal(models.Model):
    """That units were destroyed or passed on, in one act: how, why, with which receipt. Only ever added to."""

    may_insert = (
        "act", "station", "method", "reason", "words", "receipt", "recipient", "due_at",
    )  # fmt: skip

    act = models.OneToOneField(Act, on_delete=models.PROTECT, related_name="disposal")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(
        max_length=20, choices=[(m.value, w) for m, w in METHOD_WORDS.items()]
    )
    reason = models.CharField(
        max_length=12, choices=[(r.value, w) for r, w in REASON_WORDS.items()]
    )
    words = models.CharField(max_length=500, blank=True)
    receipt = models.CharField(max_length=60, blank=True)
    recipient = models.CharField(max_length=120, blank=True)
    # Until when a second person signs; None when a witness proved in the act that they were there.
    due_at = models.DateTimeField(null=True)
    recorded_at = FilledMoment(db_default=Now())

    objects = DisposalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=Reason.OTHER.value) | ~Q(words=""),
                name="disposal_other_reason_in_words",
            ),
        ]
        indexes = [
            models.Index(fields=["station", "-id"], name="disposal_by_station"),
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="disposal_by_due"
            ),
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return f"/disposals/{self.reference}/"

    @property
    def reference(self):
        return f"DS-{self.pk}"

    @property
    def method_words(self):
        return METHOD_WORDS[Method(self.method)]

    @property
    def reason_words(self):
        return REASON_WORDS[Reason(self.reason)]

    @property
    def signed(self):
        """The second signature, when one was given afterwards."""
        return getattr(self, "countersignature", None)

    @property
    def owes_receipt(self):
        """Whether who took them gives a receipt."""
        return Method(self.method) in OWES_RECEIPT

    @property
    def receipt_number(self):
        """The newest number of the receipt that is here; nothing while none is."""
        return next((str(one) for one in self.receipts.all()), self.receipt)

    @property
    def receipt_due_on(self):
        """The day by which it should be here, at the station."""
        done_on = self.station.today(self.act.occurred_at)
        return receipt_due_on(done_on, settings.DISPOSAL_RECEIPT_DAYS)

    @property
    def photos(self):
        """What it looked like; asked for by `with_names`."""
        return [one.photo for one in self.disposalphoto_set.all()]


class DisposalPhoto(models.Model):
    """That a photo shows what was disposed of."""

    may_insert = ("disposal", "photo")

    disposal = models.ForeignKey(Disposal, on_delete=models.PROTECT)
    photo = models.OneToOneField(Photo, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"photo of {self.disposal_id}"


class DisposalReceipt(models.Model):
    """The receipt for what was disposed of, when it came. Only ever added to: a newer one puts an earlier right."""

    may_insert = ("disposal", "number", "on", "by", "request_key")

    disposal = models.ForeignKey(Disposal, on_delete=models.PROTECT, related_name="receipts")
    number = models.CharField(max_length=60)
    on = models.DateField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    request_key = models.UUIDField(unique=True)
    recorded_at = FilledMoment(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=~Q(number=""), name="receipt_has_a_number")]

    def __str__(self):
        return self.number

    @property
    def photos(self):
        """What it looks like; asked for by who shows it."""
        return [one.photo for one in self.disposalreceiptphoto_set.all()]


class DisposalReceiptPhoto(models.Model):
    """That a photo shows a receipt."""

    may_insert = ("receipt", "photo")

    receipt = models.ForeignKey(DisposalReceipt, on_delete=models.PROTECT)
    photo = models.OneToOneField(Photo, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"photo of {self.receipt_id}"


class Countersignature(models.Model):
    """That another person stands for a disposal which one person did alone. Only ever added to."""

    may_insert = ("disposal", "by", "basis", "at", "request_key")

    disposal = models.OneToOneField(
        Disposal, on_delete=models.PROTECT, related_name="countersignature"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=12, choices=[(b.value, w) for b, w in BASIS_WORDS.items()])
    at = models.DateTimeField()
    request_key = models.UUIDField(unique=True)
    recorded_at = FilledMoment(db_default=Now())

    def __str__(self):
        return f"second signature of {self.disposal_id}"

    @property
    def basis_words(self):
        return BASIS_WORDS[Basis(self.basis)]
