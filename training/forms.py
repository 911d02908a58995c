"""What people type about protocols: facts, and steps as rows that are inserted without losing what stands there."""

from decimal import Decimal

from django.forms import HiddenInput, IntegerField
from django.utils import timezone

from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import EVERYWHERE, Permission
from safety_portal.forms import NOT_CHOSEN, FigureField, RosterForm, limit
from safety_portal.people import Component, Station, WorkRole
from training.actions import may_keep
from training.models import UNITS
from training.rules import (
    MOST_MINUTES,
    MOST_STEPS,
    Dosing,
    Kind,
    ProtocolError,
    Step,
    Unit,
)

FIRST_ROWS = 6
MORE_ROWS = 3
DOSE_ROWS = 3
ROWS = "_rows"  # the buttons that ask for more rows
STEP = ("what", "minutes", "whom")


def figure_field(label, *, most, places):
    """A figure of a dose; a row may be empty."""
    least = Decimal(1).scaleb(-places)
    wrong = f"Write a figure between {least} and {most:,}, for example 0.5."
    return FigureField(
        label=label, least=least, most=most, places=places, wrong=wrong, required=False
    )


class ActForm(RosterForm):
    """A form about protocols: it refuses with their errors too."""

    refusals = (*RosterForm.refusals, ProtocolError)


def places_of(person):
    """Where the person keeps protocols: the agency, components, stations."""
    yield NOT_CHOSEN
    if access.may(person, Permission.PROTOCOLS_KEEP, at=EVERYWHERE):
        yield "everywhere", "The whole agency"
    for component in Component.objects.order_by("name"):
        if may_keep(person, component=component):
            yield f"component-{component.pk}", f"{component}, the whole component"
    mine = access.stations_where(person, Permission.PROTOCOLS_KEEP).in_use()
    for station in mine.select_related("region").by_name():
        yield f"station-{station.pk}", f"{station}, {station.region}"


class VersionForm(ActForm):
    """A version: from when, until when, whose, after what; and its steps, a row each."""

    submit_label = "Write this draft"
    consequences = (
        "It is a draft: it holds once another person who keeps protocols has approved it.",
        "What was written before stays to be read.",
    )
    seen_by = ("Everybody in the agency",)

    starts_on = w.DayField(label="In force from")
    review_due_on = w.DayField(label="Review due")
    owner_post = w.TextField(
        label="Owner, by post", max_length=120,
        help_text="A post and no name, so that it outlives who holds it: Chief, Occupational Health.",
    )  # fmt: skip
    source = w.TextField(
        label="Source", max_length=500, lines=2,
        help_text="The guideline, directive or paper it is taken from, with its date.",
    )  # fmt: skip
    what_changed = w.TextField(
        label="What changes, and why", max_length=500, lines=2,
        help_text="The portal lists the steps that differ by itself.",
    )  # fmt: skip
    rows = IntegerField(required=False, widget=HiddenInput({"id": False}))
    shown = IntegerField(required=False, widget=HiddenInput({"id": False}))

    def __init__(self, data=None, *, kind, person, old=None, **kwargs):
        self.kind, self.old = Kind(kind), old
        if data is not None and ROWS in data:
            data = with_more_rows(data)
        steps = [row.step for row in old.steps.all()] if old else []
        today = person.station.today()
        super().__init__(data, person=person, initial=self.first_values(steps, today), **kwargs)
        self.asks_rows = data is not None and ROWS in data
        self.looking_up = self.looking_up or self.asks_rows
        self.row_count = rows_in(data) if data is not None else max(FIRST_ROWS, len(steps) + 2)
        self.fields["rows"].initial = self.row_count
        self.fields["shown"].initial = old and old.number
        for number in range(1, self.row_count + 1):
            self._add_step(number)
        if self.kind == Kind.CANINE_DOSE:
            for number in range(1, DOSE_ROWS + 1):
                self._add_dose(number)
        if old is None:
            del self.fields["what_changed"]
        limit(self.fields["starts_on"], first=today)
        limit(self.fields["review_due_on"], first=today)

    def first_values(self, steps, today):
        first = {"starts_on": today}
        if self.old is None:
            return first
        first |= {"owner_post": self.old.owner_post, "source": self.old.source}
        for n, step in enumerate(steps, 1):
            facts = (step.what, step.within_minutes, step.for_whom)
            first |= {f"step_{n}_{name}": fact for name, fact in zip(STEP, facts, strict=True)}
        for n, row in enumerate(self.old.doses.all(), 1):
            first |= {
                f"dose_{n}_product": row.product, f"dose_{n}_unit": row.unit,
                f"dose_{n}_strength": row.strength_mg.normalize(),
                f"dose_{n}_mg_per_kg": row.mg_per_kg.normalize(), f"dose_{n}_route": row.route,
            }  # fmt: skip
        return first

    def _put(self, name, field):
        self.fields[name] = field
        self._prepare(field)

    def _add_step(self, n):
        self._put(f"step_{n}_what", w.TextField(label=f"Step {n}: what is done", max_length=300, required=False))  # fmt: skip
        self._put(f"step_{n}_minutes", w.NumberField(label=f"Step {n}: within minutes", min_value=0, max_value=MOST_MINUTES, required=False))  # fmt: skip
        self._put(f"step_{n}_whom", w.TextField(label=f"Step {n}: for whom", max_length=120, required=False))  # fmt: skip

    def _add_dose(self, n):
        words = f"Product {n}"
        self._put(f"dose_{n}_product", w.TextField(label=f"{words}: name and strength", max_length=120, required=False))  # fmt: skip
        self._put(f"dose_{n}_unit", w.ChoiceField(label=f"{words}: given by", tiles=False, choices=UNITS, required=False))  # fmt: skip
        self._put(f"dose_{n}_strength", figure_field(f"{words}: mg in a device or mL", most=1000, places=3))  # fmt: skip
        self._put(f"dose_{n}_mg_per_kg", figure_field(f"{words}: mg per kg", most=10, places=4))  # fmt: skip
        self._put(f"dose_{n}_route", w.TextField(label=f"{words}: route", max_length=120, required=False))  # fmt: skip

    # --- for the page -----------------------------------------------------------------------------
    @property
    def facts_fields(self):
        """The fields that are no row of steps or doses."""
        return [f for f in self.visible_fields() if not f.name.startswith(("step_", "dose_"))]

    @property
    def step_rows(self):
        """(number, fields) of each row, for the table."""
        for n in range(1, self.row_count + 1):
            yield n, [self[f"step_{n}_{name}"] for name in STEP]

    @property
    def dose_rows(self):
        if self.kind != Kind.CANINE_DOSE:
            return
        for n in range(1, DOSE_ROWS + 1):
            yield n, [self[f"dose_{n}_{name}"] for name in ("product", "unit", "strength", "mg_per_kg", "route")]  # fmt: skip

    # --- what it means ----------------------------------------------------------------------------
    def clean(self):
        told = super().clean()
        for n in range(1, self.row_count + 1):
            rest = [told.get(f"step_{n}_{name}") for name in ("minutes", "whom")]
            if not told.get(f"step_{n}_what") and any(one not in (None, "") for one in rest):
                self.add_error(f"step_{n}_what", "Say what is done, or empty the row.")
        for n, _ in self.dose_rows:
            self._clean_dose(n, told)
        return told

    def _clean_dose(self, n, told):
        names = [f"dose_{n}_{name}" for name in ("product", "strength", "mg_per_kg")]
        if any(name in self.errors for name in names):
            return
        given = [name for name in names if told.get(name) not in (None, "")]
        if given or told.get(f"dose_{n}_route"):
            for name in set(names) - set(given):
                self.add_error(name, "Fill this in, or empty the row.")

    def add_rule_error(self, error):
        super().add_rule_error(error)
        if self.old is not None:
            # Written from another version than the newest: sent once more, it is put after that one.
            self.data = self.data.copy()
            self.data["shown"] = str(self.old.number)

    def facts(self):
        told = self.cleaned_data
        names = ("starts_on", "review_due_on", "owner_post", "source", "request_key")
        facts = {name: told[name] for name in names} | {"now": timezone.now()}
        if self.old is not None:
            # Lost on its way: no version has this number, and one looks once more.
            facts |= {"what_changed": told["what_changed"], "shown": told["shown"] or 0}
        steps = [
            Step(*(told[f"step_{n}_{name}"] for name in STEP)) for n in range(1, self.row_count + 1)
        ]
        dosings = [
            Dosing(
                told[f"dose_{n}_product"], Unit(told[f"dose_{n}_unit"] or Unit.DEVICE),
                told[f"dose_{n}_strength"], told[f"dose_{n}_mg_per_kg"], told[f"dose_{n}_route"],
            )
            for n, _ in self.dose_rows
        ]  # fmt: skip
        return facts | {
            "steps": [step for step in steps if step.what],
            "dosings": [one for one in dosings if one.product],
        }


def rows_in(data):
    """How many rows of steps were sent; a figure that was tampered with gives no more than there may be."""
    text = data.get("rows", "")
    number = int(text) if text.isdecimal() and len(text) < 4 else FIRST_ROWS
    return min(max(number, 1), MOST_STEPS)


def with_more_rows(data):
    """What was sent, with a row inserted above the number that was pressed, or some at the end."""
    data, count, asked = data.copy(), rows_in(data), data[ROWS]
    if asked.isdecimal() and 1 <= int(asked) <= count < MOST_STEPS:
        for n in range(count, int(asked) - 1, -1):
            for name in STEP:
                data[f"step_{n + 1}_{name}"] = data.get(f"step_{n}_{name}", "")
                data[f"step_{n}_{name}"] = ""
        data["rows"] = str(count + 1)
    else:
        data["rows"] = str(min(count + MORE_ROWS, MOST_STEPS))
    return data


class ProtocolForm(VersionForm):
    """A new protocol: for whom it is, and its first version."""

    title = w.TextField(label="Title", max_length=120)
    place = w.ChoiceField(label="For", choices=[], widget=w.ComboBox())
    work = w.ChoiceField(
        label="Only for who does this work", tiles=False, required=False,
        choices=[("", "Everybody there"), *WorkRole.choices],
    )  # fmt: skip
    field_order = ("title", "place", "work")

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        choices = list(places_of(person))
        self.fields["place"].choices = choices
        if len(choices) == 2:
            self.fields["place"].initial = choices[1][0]

    def facts(self):
        told = self.cleaned_data
        where, _, key = told["place"].partition("-")
        model = {"component": Component, "station": Station}.get(where)
        place = {where: model.objects.get(pk=key)} if model else {}
        return super().facts() | {
            "kind": self.kind, "title": told["title"], "work": told["work"], **place,
        }  # fmt: skip


class ApproveForm(ActForm):
    submit_label = "Approve it"
    consequences = (
        "It is in force from its first day on, or from today, and takes the place of the version before.",
        "An approval can’t be taken back; the protocol can be withdrawn, or a newer version written.",
    )
    seen_by = ("Everybody in the agency, with your name",)

    def facts(self):
        return {"now": timezone.now()}


class WithdrawForm(ActForm):
    submit_label = "Withdraw it"
    submit_kind = "danger"
    consequences = (
        "From today on it holds no more, and no older version comes back: there is none in force.",
    )
    seen_by = ("Everybody in the agency, with your name and reason",)

    reason = w.TextField(label="Why", max_length=200)

    def facts(self):
        return {"reason": self.cleaned_data["reason"], "now": timezone.now()}


class CardForm(ActForm):
    submit_label = "Make the dose card"
    consequences = (
        "The card before it no longer holds: take it out of the bag.",
        "It holds until the dog is weighed again, the weight is too old, or the protocol changes.",
    )
    seen_by = ("Whoever sees the dogs of its station, with your name",)

    def facts(self):
        return {"request_key": self.cleaned_data["request_key"], "now": timezone.now()}
