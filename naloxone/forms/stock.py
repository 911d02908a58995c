"""What people type about assembly, release, moves and recalls."""

from django.core.exceptions import ValidationError
from django.db.models import Count

from naloxone.forms.base import (
    CustodyForm,
    KitsForm,
    LeavingForm,
    kits_field,
    listed,
    note_field,
    place_field,
    places_where,
    when_field,
)
from naloxone.models import Kit, KitType, UnitKind
from naloxone.rules import MOST_UNITS, UNUSED
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.widgets import words


class ReleaseForm(KitsForm):
    submit_label = "Release into service"
    not_yours = "Not yours to release"
    occurred_at = when_field("When was it checked?")
    note = note_field("What was checked")

    def is_yours(self, kit):
        return access.may(self.person, Permission.STOCK_RECEIVE, at=kit.station_id)

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("kits", "occurred_at", "note")}


class MoveForm(LeavingForm):
    submit_label = "Move"
    not_yours = "Not yours to move"
    occurred_at = when_field()
    note = note_field()

    field_order = ("kits", "place", "in_need", "instead", "why_empty", "occurred_at", "note")

    def __init__(self, *args, person, **kwargs):
        places = places_where(person, Permission.CUSTODY_TAKE)
        super().__init__(*args, person=person, **kwargs)
        self.add_field("place", place_field(places, "To"))
        if self.data.get("in_need"):
            self.ask_need()

    def ask_need(self):
        """Asked when something expired goes where kits stand ready."""
        label = "Yes: it goes there as usable in need, until a serviceable one is there"
        self.add_field("in_need", w.YesField(label=label, required=False))

    def add_rule_error(self, error):
        if error.field == "in_need":
            self.ask_need()
        super().add_rule_error(error)

    def is_yours(self, kit):
        return access.may(self.person, Permission.CUSTODY_GIVE, at=kit.station_id)

    def facts(self):
        told = self.cleaned_data
        names = ("kits", "place", "occurred_at", "note")
        return {
            **{name: told[name] for name in names},
            "in_need": told.get("in_need", False),
            **self.leaving_facts(),
        }


DOSES_OF_NO_TYPE = 2  # as a kit for people holds, and a carton of most nasal sprays


class AssembleForm(KitsForm):
    submit_label = "Assemble kits"
    not_yours = "Not cartons you may open"
    kits = kits_field("Cartons", "Scan or type K-214 or a serial, one a line. All of one place.")
    kind = w.ChoiceField(label="Into", choices=[], initial=UnitKind.KIT.value)
    doses_per_kit = w.NumberField(
        label="Doses in each", min_value=1, max_value=20, required=False,
        help_text=f"Empty: as many as its type says; without a type {DOSES_OF_NO_TYPE}.",
    )  # fmt: skip
    seals = w.CodesField(
        label="Seals", required=False, max_codes=MOST_UNITS,
        help_text="If you seal them now: one a kit, one a line.",
    )  # fmt: skip
    occurred_at = when_field()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.types = {f"type-{one.pk}": one.newest for one in KitType.objects.with_versions()}
        plain = [(k.value, f"{k.label} of no type") for k in (UnitKind.KIT, UnitKind.CANINE_KIT)]
        self.fields["kind"].choices = [
            *((key, w.Tile(v.kit_type.name, bill_in_words(v))) for key, v in self.types.items()),
            *plain,
        ]
        asked = self.data.get("kind") if self.is_bound else self.initial.get("kind")
        self.version = self.types.get(asked)
        if self.version:
            self.ask_expiries()

    def ask_expiries(self):
        """A day for each component that has one; until they were shown, nothing is wrong with none being told."""
        asked = [row for row in self.version.components.all() if row.expires]
        for row in asked:
            self.fields[f"expires_{row.pk}"] = field = w.DayField(
                label=f"{row} good until", required=row.required,
                help_text="The first day printed on their packages, for all of these kits.",
            )  # fmt: skip
            self._prepare(field)
        if self.is_bound and asked and not any(f"expires_{r.pk}" in self.data for r in asked):
            self.looking_up = True

    @property
    def latex(self):
        """The components of the chosen type that are of latex; the page says why they are flagged."""
        return self.version.latex if self.version else []

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

    def clean_doses_per_kit(self):
        said = self.version.doses if self.version else DOSES_OF_NO_TYPE
        return self.cleaned_data["doses_per_kit"] or said

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
            "made_as": self.version,
            "expiries": self.expiries(),
            **{n: told[n] for n in ("kind", "doses_per_kit", "seals", "occurred_at")},
        }

    def expiries(self):
        """{component key: day} of what was told."""
        found = {int(n.removeprefix("expires_")): day for n, day in self.cleaned_data.items() if n.startswith("expires_")}  # fmt: skip
        return {key: day for key, day in found.items() if day}


def bill_in_words(version):
    """What a version is made of, in a line."""
    parts = [f"{one.quantity} × {one.name}" for one in version.bill]
    return f"{version.doses} doses, {', '.join(parts)}"


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
