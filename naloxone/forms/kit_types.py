"""What people type about what kits are made of, and about a component of one kit."""

from django.forms import HiddenInput, IntegerField
from django.utils import timezone

from naloxone.forms.base import CustodyForm, note_field
from naloxone.kit_type_rules import (
    FIT_WORDS,
    LATEX_WORDS,
    MOST_COMPONENTS,
    MOST_PIECES,
    NOTED,
    Component,
    Fit,
    Latex,
)
from naloxone.models.kit_types import KINDS
from safety_portal import widgets as w

MORE_ROWS = 3  # empty ones after those that are there
FIRST_ROWS = 8
LATEX = [(one.value, LATEX_WORDS[one]) for one in (Latex.UNKNOWN, Latex.NO, Latex.YES)]
ROW = ("name", "quantity", "expires", "required", "latex")


class KitVersionForm(CustodyForm):
    """What a type of kit is made of from now on: a row a component."""

    submit_label = "Write this version"
    consequences = (
        "Kits assembled from now on are of this version.",
        "Kits made before stay as they are; older versions stay to be read.",
    )
    seen_by = ("Everybody in the agency",)

    doses = w.NumberField(label="Doses in each kit", min_value=1, max_value=20, initial=2)
    source = w.TextField(
        label="Source", max_length=500, lines=2,
        help_text="The guideline, directive or supplier’s list it is taken from, with its date.",
    )  # fmt: skip
    what_changed = w.TextField(label="What changes, and why", max_length=500, lines=2)
    shown = IntegerField(required=False, widget=HiddenInput({"id": False}))

    def __init__(self, data=None, *, old=None, **kwargs):
        self.old = old
        lines = old.bill if old else []
        self.row_count = min(max(FIRST_ROWS, len(lines) + MORE_ROWS), MOST_COMPONENTS)
        super().__init__(data, initial=first_values(old, lines), **kwargs)
        for n in range(1, self.row_count + 1):
            self._add_row(n)
        if old is None:
            del self.fields["what_changed"], self.fields["shown"]

    def _put(self, name, field):
        self.fields[name] = field
        self._prepare(field)

    def _add_row(self, n):
        self._put(f"name_{n}", w.TextField(label=f"Component {n}", max_length=60, required=False))
        self._put(f"quantity_{n}", w.NumberField(label=f"How many of {n}", min_value=1, max_value=MOST_PIECES, required=False))  # fmt: skip
        self._put(f"expires_{n}", w.YesField(label=f"{n} has an expiry", required=False))
        self._put(f"required_{n}", w.YesField(label=f"{n} is required", required=False))
        self._put(f"latex_{n}", w.ChoiceField(label=f"Latex in {n}?", choices=LATEX, tiles=False, required=False))  # fmt: skip

    @property
    def facts_fields(self):
        """The fields that are no row."""
        return [f for f in self.visible_fields() if f.name.rpartition("_")[0] not in ROW]

    @property
    def rows(self):
        """(number, fields) of each row."""
        for n in range(1, self.row_count + 1):
            yield n, [self[f"{name}_{n}"] for name in ROW]

    def clean(self):
        told = super().clean()
        for n in range(1, self.row_count + 1):
            if told.get(f"quantity_{n}") and not told.get(f"name_{n}"):
                self.add_error(f"name_{n}", "Say what it is, or empty the row.")
        return told

    def add_rule_error(self, error):
        super().add_rule_error(error)
        if self.old is not None:
            # Written from another version than the newest: sent once more, it is put after that one.
            self.data = self.data.copy()
            self.data["shown"] = str(self.old.number)

    @property
    def components(self):
        told = self.cleaned_data
        return [
            Component(
                told[f"name_{n}"], told[f"quantity_{n}"] or 1, bool(told[f"expires_{n}"]),
                bool(told[f"required_{n}"]), Latex(told[f"latex_{n}"] or Latex.UNKNOWN),
            )
            for n in range(1, self.row_count + 1)
            if told[f"name_{n}"]
        ]  # fmt: skip

    def facts(self):
        told = self.cleaned_data
        facts = {"components": self.components, "doses": told["doses"], "source": told["source"]}
        if self.old is not None:
            # Lost on its way: no version has this number, and one looks once more.
            facts |= {"what_changed": told["what_changed"], "shown": told["shown"] or 0}
        return facts


def first_values(old, lines):
    """What the rows begin with: the newest version's."""
    first = {"doses": old.doses, "source": old.source, "shown": old.number} if old else {}
    for n, line in enumerate(lines, 1):
        first |= {f"{name}_{n}": getattr(line, name) for name in ROW}
    return first


class KitTypeForm(KitVersionForm):
    """A new type with its first version."""

    submit_label = "Begin this type"

    name = w.TextField(label="Name of the type", max_length=60)
    kind = w.ChoiceField(label="For whom", choices=KINDS, initial="kit")

    field_order = ("name", "kind", "doses", "source")

    def facts(self):
        return {**super().facts(), **{n: self.cleaned_data[n] for n in ("name", "kind")}}


class ComponentForm(CustodyForm):
    """What became of one component of a kit."""

    submit_label = "Note it"
    consequences = (
        "It is added to what was noted before; the newest counts.",
        "The doses, their expiry and the custody record stay as they are.",
    )

    component = w.ChoiceField(label="Which", choices=[])
    fit = w.ChoiceField(label="What became of it", choices=[(f.value, FIT_WORDS[f]) for f in NOTED])
    expires_on = w.DayField(
        label="Good until", required=False,
        help_text="Only where it is renewed and has an expiry: the day on its package.",
    )  # fmt: skip
    note = note_field("Why, or what else should be known")

    def __init__(self, *args, kit, standings, **kwargs):
        super().__init__(*args, **kwargs)
        self.kit = kit
        self.known = {str(one.component.pk): one.component for one in standings}
        self.fields["component"].choices = [(key, str(one)) for key, one in self.known.items()]

    def facts(self):
        told = self.cleaned_data
        return {
            "kit": self.kit, "component": self.known[told["component"]], "fit": Fit(told["fit"]),
            "expires_on": told["expires_on"], "note": told["note"], "now": timezone.now(),
        }  # fmt: skip
