"""What people type about the expiry plan: from whom what it orders, and what became of a booking."""

import hashlib

from django import forms

from naloxone.forms.base import CustodyForm
from naloxone.plan_rules import PlanError
from safety_portal import widgets as w

ENDS = [("yes", "It is done"), ("no", "It will not be done")]


def fingerprint(todos):
    """A short word for what a preview showed; another as soon as anything of it differs."""
    return hashlib.sha256(repr(todos).encode()).hexdigest()[:16]


class PlanForm(CustodyForm):
    """All that a month's plan proposes, in one act. What was not shown is not made."""

    submit_label = "Make this plan"

    seen = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"id": False}))

    def __init__(self, *args, plan, month, todos, **kwargs):
        self.plan, self.month, self.todos = plan, month, todos
        initial = {"seen": fingerprint(todos)} | kwargs.pop("initial", {})
        super().__init__(*args, initial=initial, **kwargs)
        self.products = self.products_to_order()
        if self.products:
            self.add_field("supplier", w.TextField(label="From whom", max_length=120))

    def products_to_order(self):
        """What may come: products of what expires with the carton of most doses to be ordered. Any of them will do."""
        wanted = {}
        for todo in self.todos:
            if todo.order:
                product = self.plan.products[todo.cell.station, self.month]
                wanted[product] = wanted.get(product, 0) + todo.order
        if not wanted:
            return []
        usual = max(wanted, key=lambda product: (wanted[product], product.pk))
        return sorted(
            (one for one in wanted if one.devices_per_carton == usual.devices_per_carton),
            key=lambda one: (one != usual, one.name),
        )

    def facts(self):
        if self.cleaned_data["seen"] != fingerprint(self.todos):
            raise PlanError("Stock has changed since this was shown. Look at what is proposed now.")
        return {
            "month": self.month, "todos": self.todos, "stations": self.plan.names,
            "products": self.products, "supplier": self.cleaned_data.get("supplier", ""),
        }  # fmt: skip


class EndBookingForm(CustodyForm):
    """A booking was carried out, or will not be."""

    submit_label = "Record"
    keyed = False

    done = w.ChoiceField(label="What became of it?", choices=ENDS)
    why = w.TextField(label="Why", max_length=200, lines=2, required=False, help_text="Needed when it will not be done; then its kits are an alert again.")  # fmt: skip

    def facts(self):
        told = self.cleaned_data
        return {"done": told["done"] == "yes", "why": told["why"]}
