"""What an inspector tells: in one tap when the seal is whole, else step by step."""

from dataclasses import replace

from django.core.exceptions import ValidationError
from django.forms import HiddenInput, IntegerField

from naloxone import inspection_rules, rules
from naloxone.actions.life import HOLDABLE
from naloxone.forms.base import CustodyForm, note_field, when_field
from naloxone.forms.life import NO, YES, why_not_field, works_field
from naloxone.inspection_rules import LotSeen, Seen
from naloxone.models import UnitKind
from naloxone.rules import PLACES
from safety_portal import widgets as w
from safety_portal.templatetags.portal import day

SAME, OTHER, BROKEN = "same", "other", "broken"
OPENED, FAILED, UNTRIED = "opened", "failed", "untried"
MOST_COUNTED = 200
FAULTS = {
    "package": "Blister or package damaged",
    "device": "A device damaged",
    "accessories": "Gloves or mask missing",
}


SEEN = {"package": "package_intact", "device": "device_sound", "accessories": "accessories_there"}


class LookForm(CustodyForm):
    """About one unit, as it was when its page was shown."""

    sequence = IntegerField(required=False, widget=HiddenInput(attrs={"id": False}))

    def __init__(self, *args, kit, initial=None, **kwargs):
        super().__init__(*args, initial={"sequence": kit.last_sequence, **(initial or {})}, **kwargs)  # fmt: skip
        self.kit = kit

    def clean_sequence(self):
        # Lost on its way: no event has this number, and one looks once more.
        return self.cleaned_data["sequence"] or 0

    def shown_again(self):
        """The same answers about the unit as it is now: what is sent next is about what this shows."""
        self.data = self.data.copy()
        self.data["sequence"] = self.kit.last_sequence


class SealedForm(LookForm):
    """The seal is unbroken and has the recorded number: that answers for what is in it."""

    submit_label = "Yes, all is well"

    def __init__(self, *args, kit, **kwargs):
        super().__init__(*args, kit=kit, **kwargs)
        expired = kit.expires_on and kit.expires_on < kit.station.today()
        if expired or kit.state != rules.State.IN_SERVICE:
            self.submit_label = "Yes, the seal is whole"  # but all is not well

    def facts(self):
        return {"kit": self.kit, "sequence": self.cleaned_data["sequence"], "seen": Seen(seal_intact=True)}  # fmt: skip


class InspectForm(LookForm):
    """Every step, for who can't or won't rely on a seal. `contents` are (lot, doses, serials)."""

    submit_label = "Record what I saw"

    photos = w.PhotosField(required=False)
    note = note_field("What else should be known?")
    hold = w.YesField(label="Put it on hold", required=False)
    works = works_field()
    why = why_not_field()
    occurred_at = when_field("When did you look?")

    def __init__(self, *args, contents, standings=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.contents, self.standings = contents, standings
        self.sealed = bool(self.kit.seal) and self.kit.state != rules.State.OPENED
        self.at_place = self.kit.holder.kind in PLACES
        if self.sealed:
            self._ask_seal()
        for lot, _, _ in contents:
            self._ask_count(lot)
        self._ask_condition()
        if self.at_place:
            self._ask_access()
        if self.kit.state not in HOLDABLE:
            for name in ("hold", "works", "why"):
                del self.fields[name]

    def _ask_seal(self):
        choices = [
            (SAME, w.Tile("Unbroken", f"and its number is {self.kit.seal}")),
            (OTHER, "Another number"),
            (BROKEN, "Broken or gone"),
        ]
        self.add_field("seal", w.ChoiceField(label="The seal", choices=choices))
        other = w.CodesField(label="Its number, if it is another", one=True, required=False, help_text="")  # fmt: skip
        self.add_field("seal_seen", other)

    def _ask_count(self, lot):
        count = w.NumberField(
            label=f"Doses of lot {lot.number}", min_value=0, max_value=MOST_COUNTED, required=False,
            widget=w.Stepper(),
        )  # fmt: skip
        printed = w.ChoiceField(
            label=f"Is lot {lot.number}, {day(lot.expires_on)} printed on each?",
            choices=[(YES, "Yes"), (NO, "No, other")], required=False,
        )  # fmt: skip
        self.add_field(f"count_{lot.pk}", count)
        self.add_field(f"printed_{lot.pk}", printed)

    def _ask_condition(self):
        faults = dict(FAULTS)
        if self.kit.kind == UnitKind.CARTON:
            del faults["accessories"]
        self.components = {f"component-{one.component.pk}": one.component for one in self.standings}
        if self.components:
            # Its type knows what belongs in it.
            del faults["accessories"]
            faults |= {key: f"{one} missing" for key, one in self.components.items()}
        self.add_field(
            "faults",
            w.ChoicesField(label="Tick only what is wrong", choices=list(faults.items()), required=False),
        )  # fmt: skip
        if any(lot.product.liquid_is_seen for lot, _, _ in self.contents):
            choices = [(YES, "Clear"), (NO, "Yellow, brown, cloudy or with particles")]
            self.add_field(
                "liquid",
                w.ChoiceField(
                    label="The liquid, through the window", choices=choices, required=False
                ),
            )

    def _ask_access(self):
        choices = [
            (UNTRIED, "Not tried this time"),
            (OPENED, "Yes, for me"),
            (FAILED, w.Tile("Not for me", "Somebody else opened it")),
        ]
        access = w.ChoiceField(
            label=f"Did {self.kit.holder} open?", choices=choices, initial=UNTRIED,
            required=False,
        )  # fmt: skip
        seconds = w.NumberField(
            label="Seconds until it was in your hand", required=False, min_value=0,
            max_value=inspection_rules.MOST_ACCESS_SECONDS,
        )  # fmt: skip
        self.add_field("access", access)
        self.add_field("access_seconds", seconds)

    # --- what it means ----------------------------------------------------------------------------
    @property
    def by_lot(self):
        """For the page: each lot with its doses and the fields about it."""
        for lot, doses, serials in self.contents:
            yield lot, doses, serials, self[f"count_{lot.pk}"], self[f"printed_{lot.pk}"]

    @property
    def counted(self):
        """Whether the doses are to be counted: no unbroken seal answers for them."""
        return self.cleaned_data.get("seal") != SAME

    def clean(self):
        told = super().clean()
        if self.sealed and "seal" not in told:
            return told  # until that is known nothing else is missing
        if self.counted:
            for lot, _, _ in self.contents:
                self._require(f"count_{lot.pk}", "Count them: one tap on + for each dose.")
                self._require(f"printed_{lot.pk}", "Look at what is printed, and choose one.")
            if "liquid" in self.fields:
                self._require("liquid", "Look through the window, and choose one.")
        return told

    def _require(self, name, sentence):
        if name not in self.errors and self.cleaned_data.get(name) in (None, ""):
            self.add_error(name, ValidationError(sentence, code="required"))

    @property
    def counts(self):
        told = self.cleaned_data
        if not self.counted:
            return {}
        return {
            lot.pk: (told[f"count_{lot.pk}"], told[f"printed_{lot.pk}"] == YES)
            for lot, _, _ in self.contents
        }

    @property
    def seen(self):
        told = self.cleaned_data
        faults = told["faults"]
        # What is wrong may show through a whole seal; what is well was seen only by who looked inside.
        well = True if self.counted else None
        asked = [name for name, _ in self.fields["faults"].choices if name in SEEN]
        accessories = {"accessories_there": False if self.missing else well} if self.components else {}  # fmt: skip
        return Seen(
            seal_intact=told["seal"] == SAME if self.sealed else None,
            opened=self.opened,
            liquid_clear=told["liquid"] == YES if told.get("liquid") else None,
            **accessories,
            **{SEEN[name]: False if name in faults else well for name in asked},
        )

    @property
    def missing(self):
        """The components of its type that were not there."""
        return [one for key, one in self.components.items() if key in self.cleaned_data["faults"]]

    @property
    def opened(self):
        told = self.cleaned_data.get("access")
        # A time was told: then it opened.
        if self.cleaned_data.get("access_seconds") is not None and told != FAILED:
            return True
        return {OPENED: True, FAILED: False}.get(told)

    def held(self):
        """Whether it goes on hold, and whether it would still work; of what stays in service nobody was asked that."""
        told = self.cleaned_data
        if not told.get("hold"):
            return {"hold": False}
        return {"hold": True, "works": told["works"] != NO, "why": told["why"]}

    def only_look(self):
        """Leave the photos be: they are held when the form is sent, not while one still types."""
        del self.fields["photos"]

    def findings(self):
        """What the rules find in the answers so far; the page shows it while one still types."""
        told = self.counts
        lots = [LotSeen(n, *told[lot.pk]) for lot, n, _ in self.contents if lot.pk in told]
        seen = replace(self.seen, lots=lots)
        on = self.kit.station.today(self.cleaned_data["occurred_at"])
        return inspection_rules.findings(seen, expires_on=self.kit.expires_on, on=on)

    def facts(self):
        told = self.cleaned_data
        return {
            "kit": self.kit, "seen": self.seen, "counts": self.counts,
            "seal_seen": told.get("seal_seen", ""), "access_seconds": told.get("access_seconds"),
            "missing": self.missing, **self.held(),
            **{name: told[name] for name in ("sequence", "note", "photos", "occurred_at")},
        }  # fmt: skip


class NoAccessForm(CustodyForm):
    """Who came for it could not open the place."""

    submit_label = "Report that it did not open"
    keyed = False  # a place has one such discrepancy while it is open
    consequences = (
        "It stands under Discrepancies, with 24 hours to explain it.",
        "The kits in it stay due: nobody has looked at them.",
    )
    note = note_field("What was in the way?")

    def facts(self):
        return {"note": self.cleaned_data["note"]}
