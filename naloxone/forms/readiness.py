"""What people type about readiness: who is at risk, drills of access, what a programme stands on."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms import BooleanField, HiddenInput
from django.utils import timezone

from naloxone import codes
from naloxone.actions.readiness import InShift
from naloxone.forms.base import CustodyForm, note_field, when_field
from naloxone.models import AuthorityKind
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import EVERYWHERE, Permission

MOST_AT_RISK = 2000
NO_CODE = "How it opened, who knew where the key was. Never the code itself."


def shift_choices():
    """The shifts of a day: their number, and when each begins."""
    return [
        (str(number), f"Shift {number}, from {start:%H:%M}")
        for number, start in enumerate(settings.SHIFT_STARTS, 1)
    ]


def today_field(label, today, **more):
    """A day that has come already: today, unless another is chosen."""
    return w.DayField(label=label, initial=today, max_day=today, **more)


class AtRiskForm(CustodyForm):
    """People and dogs at risk in each shift. A shift left empty stays as it was; zero is a number."""

    submit_label = "Record the numbers"
    source = w.TextField(
        label="Where the numbers come from", max_length=120, help_text="A roster, a head count, a schedule"
    )  # fmt: skip

    def __init__(self, *args, station, known, **kwargs):
        super().__init__(*args, **kwargs)
        names = []
        for key, words in shift_choices():
            row = known.get(int(key))
            for what in ("people", "dogs"):
                field = w.NumberField(
                    label=f"{words}: {what}", min_value=0, max_value=MOST_AT_RISK, required=False,
                    initial=getattr(row, what, None),
                )  # fmt: skip
                names.append(f"{what}_{key}")
                self.add_field(names[-1], field)
        self.add_field("counted_on", today_field("As of", station.today()))
        self.order_fields([*names, "source", "counted_on"])

    def clean(self):
        told = super().clean()
        for key, _ in shift_choices():
            people, dogs = told.get(f"people_{key}"), told.get(f"dogs_{key}")
            if (people is None) != (dogs is None):
                empty = f"people_{key}" if people is None else f"dogs_{key}"
                if empty not in self.errors:
                    self.add_error(empty, ValidationError("Fill in both; zero if there is none."))
        return told

    def facts(self):
        told = self.cleaned_data
        shifts = [
            InShift(int(key), told[f"people_{key}"], told[f"dogs_{key}"])
            for key, _ in shift_choices()
            if told[f"people_{key}"] is not None
        ]
        return {"told": shifts, "source": told["source"], "counted_on": told["counted_on"]}


# --- drills ------------------------------------------------------------------------------------------


class Stopwatch(w.NumberInput):
    """Seconds, with a button that starts and stops; typed without JavaScript."""

    template_name = "naloxone/_stopwatch.html"


class DrillForm(CustodyForm):
    """Whether the dose was in hand, and after how many seconds."""

    submit_label = "Record the drill"
    seconds = w.NumberField(
        label="Seconds until the dose was in hand", required=False, widget=Stopwatch(),
        help_text="Start where you stand, stop when you hold it. Or type what your own watch says.",
    )  # fmt: skip
    timed = BooleanField(required=False, widget=HiddenInput({"data-stopwatch-timed": ""}))
    opened = w.ChoiceField(
        label="Was it in hand?",
        initial="yes",
        choices=[
            ("yes", w.Tile("Yes", "The dose was in my hand")),
            ("no", w.Tile("No", "It did not open, or nothing was in it")),
        ],
    )
    unannounced = w.YesField(label="It was unannounced", required=False)
    occurred_at = when_field("When did it begin?")
    note = w.TextField(
        label="Note", max_length=300, lines=2, required=False, help_text=NO_CODE
    )  # fmt: skip

    field_order = ("seconds", "timed", "opened", "drilled_by", "unannounced", "occurred_at", "note")

    def __init__(self, *args, person, place, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        self.fields["occurred_at"].zone = place.station.zone
        if access.may(person, Permission.CUSTODY_GIVE, at=place.station_id):
            field = w.LookUpField(
                label="Who got it out", url_name="naloxone:second_options", required=False,
                help_text="Only if that was not you: a name, or their badge.",
            )  # fmt: skip
            field.find = lambda text: codes.seconds(text, person)
            field.get = codes.second
            field.describe = codes.describe
            self.add_field("drilled_by", field)

    def facts(self):
        told = self.cleaned_data
        names = ("seconds", "timed", "unannounced", "occurred_at", "note")
        who = told.get("drilled_by") or self.person
        return {
            **{name: told[name] for name in names}, "opened": told["opened"] == "yes", "drilled_by": who
        }  # fmt: skip


class AskDrillForm(CustodyForm):
    """Which shift is to be drilled, and until when."""

    submit_label = "Ask for the drill"
    shift = w.ChoiceField(label="Which shift", choices=shift_choices)
    unannounced = w.YesField(label="Unannounced", required=False, initial=True)
    due_on = w.DayField(label="Until")
    note = note_field("Note for whoever makes it")
    consequences = (
        "It stands under Do first of those who answer for the station. Nobody else sees it.",
    )

    def facts(self):
        told = self.cleaned_data
        return {
            "shift": int(told["shift"]),
            **{name: told[name] for name in ("unannounced", "due_on", "note")},
        }


# --- programmes ----------------------------------------------------------------------------------------


class ProgrammeForm(CustodyForm):
    """What is said of one station's programme."""

    def __init__(self, *args, station, **kwargs):
        super().__init__(*args, **kwargs)
        self.station = station

    def told(self, *names):
        return {name: self.cleaned_data[name] for name in names}


def post_field(label):
    return w.TextField(label=label, max_length=120, help_text="A post, not a name")


class ProgrammeDecisionForm(ProgrammeForm):
    submit_label = "Record the decision"
    should = w.ChoiceField(
        label="Should this station have a naloxone programme?",
        choices=[("yes", "Yes"), ("no", "No")],
    )
    post = post_field("Who decided")
    source = w.TextField(
        label="Source", max_length=200, help_text="The directive, memorandum or minutes that say so"
    )

    def __init__(self, *args, station, **kwargs):
        super().__init__(*args, station=station, **kwargs)
        self.add_field("decided_on", today_field("Decided on", station.today()))

    def facts(self):
        return {
            **self.told("post", "source", "decided_on"),
            "should": self.cleaned_data["should"] == "yes",
        }


HERE, COMPONENT, AGENCY = "station", "component", "agency"


class AuthorityForm(ProgrammeForm):
    submit_label = "Record the authority"
    kind = w.ChoiceField(label="What it is", tiles=False, choices=AuthorityKind.choices)
    reference = w.TextField(
        label="Its number or title", max_length=80,
        help_text="Recorded again under the same, this row takes the older one’s place: to prolong it, or to end it early.",
    )  # fmt: skip
    post = post_field("Who issued it")
    since = w.DayField(label="From")
    until = w.DayField(label="Until", required=False)

    field_order = ("reach", "kind", "reference", "post", "since", "until")

    def __init__(self, *args, station, person, **kwargs):
        super().__init__(*args, station=station, person=person, **kwargs)
        reaches = [(HERE, f"{station} only")]
        if access.may(person, Permission.PROGRAMMES_KEEP, at=EVERYWHERE):
            component = station.region.component
            reaches += [(COMPONENT, f"All of {component}"), (AGENCY, "The whole agency")]
        if len(reaches) > 1:
            self.add_field(
                "reach", w.ChoiceField(label="For whom it is", choices=reaches, initial=HERE)
            )

    def facts(self):
        reach = self.cleaned_data.get("reach", HERE)
        return {
            **self.told("kind", "reference", "post", "since", "until"),
            "station": self.station if reach == HERE else None,
            "component": self.station.region.component if reach == COMPONENT else None,
        }


class TrainingForm(ProgrammeForm):
    submit_label = "Confirm"
    record = w.TextField(
        label="Where the proof lies", max_length=200,
        help_text="The course and its list, or the system that holds it. No names.",
    )  # fmt: skip
    consequences = (
        "It stands in your name until the portal has the training records itself.",
        "It is asked for again when it is out of date.",
    )

    def __init__(self, *args, station, **kwargs):
        super().__init__(*args, station=station, **kwargs)
        self.add_field("confirmed_on", today_field("As of", station.today(timezone.now())))

    def facts(self):
        return self.told("record", "confirmed_on")
