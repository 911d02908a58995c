"""What people type when something befalls a kit: opened, on hold, wasted, missing, found, a mistake."""

from django.db.models import Count

from naloxone.actions.life import touches
from naloxone.forms.base import (
    CustodyForm,
    KitsForm,
    note_field,
    place_field,
    places_where,
    when_field,
)
from naloxone.models import ClosingCode, Kit, Lot
from naloxone.rules import HolderKind
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.templatetags.portal import day

YES, NO = "yes", "no"


def reason_field(label, help_text=""):
    return w.TextField(label=label, max_length=500, lines=2, help_text=help_text)


class TouchedForm(KitsForm):
    """About units that one carries, or may give from where they are."""

    occurred_at = when_field()
    names = ("kits", "occurred_at", "note")

    def is_yours(self, kit):
        return touches(self.person, kit)

    def facts(self):
        return {name: self.cleaned_data[name] for name in self.names}


class OpenForm(TouchedForm):
    submit_label = "Record as opened"
    note = note_field("Why, if there is something to say")


def works_field():
    return w.ChoiceField(
        label="Would it still work in need?",
        choices=[
            (YES, w.Tile("Yes", "Better than none: it counts as usable in need.")),
            (NO, w.Tile("No, it does not work", "It counts as nothing, wherever it is.")),
        ],
        initial=YES,
        required=False,
    )


def why_not_field():
    return w.TextField(
        label="Why does it not work?", max_length=500, lines=2, required=False,
        help_text="Only if you said no. For example: the plunger is broken off, the vial is empty.",
    )  # fmt: skip


class HoldForm(TouchedForm):
    submit_label = "Put on hold"
    note = reason_field("Why", "For example: left in the sun, seal doubtful.")
    works = works_field()
    why = why_not_field()
    consequences = (
        "They stay where they are and can't be handed out until a coordinator releases them.",
        "In need, giving a dose is still right; record it.",
    )

    def facts(self):
        told = self.cleaned_data
        return super().facts() | {"works": told["works"] != NO, "why": told["why"]}


class MissingForm(TouchedForm):
    submit_label = "Report missing"
    submit_kind = "danger"
    occurred_at = when_field("When was it last seen, or missed?")
    note = note_field("Where was it seen last? What was tried?")
    consequences = (
        "They count as missing from now on, and the search has 24 hours.",
        "Station supervisors and coordinators get a mail at once, with the references only.",
        "Who finds one later records that it is found.",
    )


class StationsForm(KitsForm):
    """About units of stations where one has a permission."""

    permission = Permission.STOCK_END
    occurred_at = when_field()

    def is_yours(self, kit):
        return access.may(self.person, self.permission, at=kit.station_id)

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("kits", "occurred_at", "note")}


class WriteOffForm(StationsForm):
    submit_label = "Write off"
    submit_kind = "danger"
    not_yours = "Not at your stations"
    note = reason_field("What was done to find them", "The search ends with this.")
    consequences = (
        "They leave the stock as lost for good, and the discrepancy is closed.",
        "It stays in each kit's custody record. One that turns up later can still be recorded as found.",
    )


class FoundForm(KitsForm):
    """Missing units that are back: with oneself, or at a place of one's charge."""

    submit_label = "Record as found"
    not_yours = "Not missing"
    occurred_at = when_field("When was it found?")
    note = note_field("Where was it?")

    field_order = ("kits", "where", "occurred_at", "note")

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        field = place_field(places_where(person, Permission.CUSTODY_TAKE), "Where is it now?")
        field.required, field.initial = False, None
        field.help_text = "Leave empty when you have it yourself."
        self.add_field("where", field)

    def seen(self):
        """Whoever finds a kit may say so, whoever's it was."""
        return super().seen() | Kit.objects.filter(holder__kind=HolderKind.MISSING)

    def is_yours(self, kit):
        return kit.holder is not None and kit.holder.kind == HolderKind.MISSING

    def facts(self):
        told = self.cleaned_data
        return {
            "kits": told["kits"],
            "where": told["where"] or self.person,
            "occurred_at": told["occurred_at"],
            "note": told["note"],
        }


class OneKitForm(CustodyForm):
    """About the unit whose page one came from."""

    def __init__(self, *args, kit, **kwargs):
        super().__init__(*args, **kwargs)
        self.kit = kit


class WorksForm(OneKitForm):
    """That it would work in need, or does not."""

    submit_label = "Say so"
    works = w.ChoiceField(
        label="Would it work in need?",
        choices=[
            (YES, w.Tile("It does work", "It counts as usable in need.")),
            (NO, w.Tile("It does not work", "It counts as nothing, and nobody hands it out.")),
        ],
    )
    why = reason_field("Why", "What you saw. It stands on the kit’s page with your name.")
    consequences = ("The newest word counts. Earlier ones stay.",)

    def facts(self):
        told = self.cleaned_data
        return {"kit": self.kit, "works": told["works"] == YES, "why": told["why"]}


class WasteForm(OneKitForm):
    submit_label = "Record as wasted"
    count = w.NumberField(label="Doses", min_value=1, max_value=100, initial=1)
    occurred_at = when_field()
    note = reason_field("What happened", "Fired by mistake, broken, used in training.")

    field_order = ("count", "lot", "occurred_at", "note")

    def __init__(self, *args, kit, **kwargs):
        super().__init__(*args, kit=kit, **kwargs)
        lots = (
            Lot.objects.filter(devices__kit=kit).annotate(n=Count("devices")).order_by("expires_on")
        )
        if len(lots) > 1:
            field = w.ChoiceField(
                label="Of which lot",
                choices=[(str(lot.pk), f"{lot.number}, expires {lot.expires_on:%d %b %Y}") for lot in lots],
            )  # fmt: skip
            self.add_field("lot", field)

    def facts(self):
        told = self.cleaned_data
        lot = Lot.objects.get(pk=told["lot"]) if told.get("lot") else None
        return {
            "kit": self.kit, "lot": lot,
            **{name: told[name] for name in ("count", "occurred_at", "note")},
        }  # fmt: skip


class UndoForm(OneKitForm):
    submit_label = "Undo it"
    submit_kind = "danger"
    note = reason_field("What was wrong")

    def __init__(self, *args, kit, title, **kwargs):
        super().__init__(*args, kit=kit, **kwargs)
        self.consequences = (
            f"“{title}” (no. {kit.last_sequence}) is undone by an event that mirrors it.",
            "Nothing is erased: both stay in the custody record, with your name and your reason.",
        )

    def facts(self):
        # The event as the page showed it: the address carries it, so a later one is never undone unseen.
        return {"kit": self.kit, "note": self.cleaned_data["note"]}


class NoteForm(OneKitForm):
    submit_label = "Add the note"
    about = w.ChoiceField(label="About which event", tiles=False, choices=[])
    note = reason_field("Note", "It stands in the custody record for good. No medical facts.")

    def __init__(self, *args, entries, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["about"].choices = [
            (str(one["sequence"]), f"No. {one['sequence']}: {one['title']}, {day(one['at'].astimezone(self.kit.station.zone))}")
            for one in entries
        ]  # fmt: skip

    def facts(self):
        told = self.cleaned_data
        return {"kit": self.kit, "about": int(told["about"]), "note": told["note"]}


CODES = [c for c in ClosingCode.choices if c[0] not in (ClosingCode.FOUND, ClosingCode.LOST)]


class CloseForm(CustodyForm):
    """How a discrepancy ended."""

    submit_label = "Close it"
    keyed = False  # a discrepancy closes once
    ended = w.ChoiceField(label="How did it end?", choices=CODES)
    note = reason_field("What was found")

    def facts(self):
        return {"code": self.cleaned_data["ended"], "note": self.cleaned_data["note"]}
