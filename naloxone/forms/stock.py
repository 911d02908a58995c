"""What people type about deliveries, assembly, release, moves and recalls."""

from django.core.exceptions import ValidationError
from django.db.models import Count

from naloxone.forms.base import (
    CustodyForm,
    KitsForm,
    listed,
    note_field,
    place_field,
    places_where,
    when_field,
)
from naloxone.models import Kit, Product, UnitKind
from naloxone.rules import MOST_UNITS, UNUSED, HolderKind
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.widgets import words

MOST_SERIALS = 5000


class ReceiveForm(CustodyForm):
    submit_label = "Receive the delivery"

    product = w.ModelField(queryset=Product.objects.all(), label="Product")
    lot = w.TextField(label="Lot", max_length=20, help_text="As printed on the carton")
    expires_on = w.DayField(label="Expiry", help_text="The day printed on the carton, month/day/year. Only a month? Its last day.")  # fmt: skip
    cartons = w.NumberField(label="Cartons", min_value=1, max_value=MOST_UNITS)
    checked = w.ChoiceField(
        label="Checked on receipt?",
        choices=[
            ("yes", w.Tile("Yes", "Seals, lot, expiry and count agree with the papers.")),
            ("no", w.Tile("Not yet", "The cartons wait in quarantine until they are released.")),
        ],
    )
    occurred_at = when_field("When did it arrive?")
    supplier = w.TextField(label="Supplier and delivery note", max_length=120, required=False)
    serials = w.CodesField(
        label="Serials", max_codes=MOST_SERIALS, required=False,
        help_text="Only where doses have them: one a dose, carton after carton, one a line.",
    )  # fmt: skip

    field_order = (
        "product", "lot", "expires_on", "cartons", "place", "checked", "occurred_at", "supplier",
        "serials",
    )  # fmt: skip

    def __init__(self, *args, person, **kwargs):
        stores = places_where(person, Permission.STOCK_RECEIVE, [HolderKind.STORAGE])
        super().__init__(*args, person=person, **kwargs)
        self.add_field("place", place_field(stores, "Into"))

    def add_rule_error(self, error):
        # Rules count kits; here the count has a field of its own.
        if getattr(error, "field", None) == "kits":
            self.add_error("cartons", str(error))
        else:
            super().add_rule_error(error)

    def facts(self):
        told = self.cleaned_data
        return {
            "product": told["product"],
            "lot_number": told["lot"],
            "expires_on": told["expires_on"],
            "count": told["cartons"],
            "place": told["place"],
            "occurred_at": told["occurred_at"],
            "checked": told["checked"] == "yes",
            "serials": told["serials"],
            "supplier_name": told["supplier"],
        }


class ReleaseForm(KitsForm):
    submit_label = "Release into service"
    not_yours = "Not yours to release"
    occurred_at = when_field("When was it checked?")
    note = note_field("What was checked")

    def is_yours(self, kit):
        return access.may(self.person, Permission.STOCK_RECEIVE, at=kit.station_id)

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("kits", "occurred_at", "note")}


class MoveForm(KitsForm):
    submit_label = "Move"
    not_yours = "Not yours to move"
    occurred_at = when_field()
    note = note_field()

    field_order = ("kits", "place", "occurred_at", "note")

    def __init__(self, *args, person, **kwargs):
        places = places_where(person, Permission.CUSTODY_TAKE)
        super().__init__(*args, person=person, **kwargs)
        self.add_field("place", place_field(places, "To"))

    def is_yours(self, kit):
        return access.may(self.person, Permission.CUSTODY_GIVE, at=kit.station_id)

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("kits", "place", "occurred_at", "note")}


class AssembleForm(KitsForm):
    submit_label = "Assemble kits"
    not_yours = "Not cartons you may open"
    kits = w.CodesField(label="Cartons", help_text="Scan or type K-214 or a serial, one a line. All of one place.")  # fmt: skip
    kind = w.ChoiceField(
        label="Into",
        choices=[(k.value, k.label) for k in (UnitKind.KIT, UnitKind.CANINE_KIT)],
        initial=UnitKind.KIT.value,
    )
    doses_per_kit = w.NumberField(label="Doses in each", min_value=1, max_value=20, initial=2)
    seals = w.CodesField(
        label="Seals", required=False, max_codes=MOST_UNITS,
        help_text="If you seal them now: one a kit, one a line.",
    )  # fmt: skip
    occurred_at = when_field()

    def is_yours(self, kit):
        return kit.kind == UnitKind.CARTON and access.may(
            self.person, Permission.KITS_ASSEMBLE, at=kit.station_id
        )

    def clean_kits(self):
        cartons = super().clean_kits()
        places = {str(carton.holder) for carton in cartons}
        if len(places) > 1:
            raise ValidationError(f"These are at several places: {listed(sorted(places))}.")
        return cartons

    def clean_seals(self):
        seals = self.cleaned_data["seals"]
        for seal in seals:
            words.check_length(seal, 30)
        return seals

    def facts(self):
        told = self.cleaned_data
        return {
            "cartons": told["kits"],
            "place": told["kits"][0].holder,
            **{n: told[n] for n in ("kind", "doses_per_kit", "seals", "occurred_at")},
        }


class RecallForm(CustodyForm):
    submit_label = "Record the recall"
    submit_kind = "danger"
    notice = w.TextField(
        label="Notice", max_length=120, help_text="Who recalls it, and the notice's number or date"
    )

    def facts(self):
        return {"notice": self.cleaned_data["notice"]}

    def describe(self, lot):
        """What this will do, counted, before it is done."""
        units = Kit.objects.filter(devices__lot=lot, state__in=UNUSED).aggregate(
            kits=Count("pk", distinct=True), stations=Count("station", distinct=True)
        )
        stations = units["stations"]
        where = f"{units['kits']:,} at {stations:,} station{'' if stations == 1 else 's'}"
        self.consequences = (
            f"Every unit with a dose of the lot becomes “Recalled” where it is: {where}.",
            "None of them can be handed out again. In need, giving a dose is still right; record it.",
            "Whoever carries one and whoever answers for a station that has one gets a mail at once.",
            "This stays in each kit's custody record and can't be taken back.",
        )
        self.seen_by = (
            "Everybody who has such a kit, and everybody who sees kits at their stations",
            f"In the audit: {self.person}, and the notice",
        )
