"""What people choose about labels: of which units, on which stock, from which label of a begun sheet."""

from naloxone import label_rules
from naloxone.forms.base import KitsForm, kits_field
from naloxone.label_rules import STOCKS
from naloxone.rules import CustodyError
from safety_portal import widgets as w


class LabelsForm(KitsForm):
    submit_label = "Make the labels (PDF)"
    keyed = False

    kits = kits_field()
    stock = w.ChoiceField(
        label="On which labels?",
        choices=[(one.key, w.Tile(one.name, one.hint)) for one in STOCKS.values()],
        initial=next(iter(STOCKS)),
    )
    first = w.NumberField(
        label="First free label", min_value=1, initial=1,
        help_text="On a sheet that is begun: count from the top left, row by row.",
    )  # fmt: skip

    def clean_stock(self):
        return STOCKS[self.cleaned_data["stock"]]

    def clean(self):
        told = super().clean()
        if told.get("stock") and told.get("first"):
            try:
                label_rules.check_first(told["stock"], told["first"])
            except CustodyError as error:
                self.add_rule_error(error)
        return told
