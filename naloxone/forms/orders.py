"""What people type about orders: what is wanted, for which stations, by when, and what becomes of it."""

import math

from django.forms import HiddenInput, IntegerField

from naloxone.actions.orders import Wanted
from naloxone.forms.base import CustodyForm, note_field
from naloxone.models import OrderLine, Product
from naloxone.order_rules import MOST_CARTONS, Covers
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.widgets.words import show_day


def cartons_field(label, *, least=1, **more):
    return w.NumberField(label=label, min_value=least, max_value=MOST_CARTONS, **more)


class OrderForm(CustodyForm):
    """An order. For a shortage there is a number for each of one's stations that has it; else one station is chosen."""

    submit_label = "Record the order"

    products = w.ModelsField(
        queryset=Product.objects.all(), label="What",
        help_text="Several: any of these will do. Their cartons must hold the same number of doses.",
    )  # fmt: skip
    supplier = w.TextField(label="From whom", max_length=120)
    due_on = w.DayField(label="Due on")
    note = note_field()

    field_order = ("products", "station", "cartons", "supplier", "due_on", "note")

    def __init__(self, *args, person, covers=Covers.NOTHING, month=None, shortages=(), initial=None, **kwargs):  # fmt: skip
        usual = common_product(shortages)
        chosen = {"products": [usual.pk]} if usual else {}
        super().__init__(*args, person=person, initial={**chosen, **(initial or {})}, **kwargs)
        self.covers, self.month, self.shortages = covers, month, shortages
        if not shortages:
            self.add_free_line()
            return
        doses = usual.devices_per_carton if usual else 2
        names = [f"station_{one.station.pk}" for one in shortages]
        self.field_order = ("products", *names, "supplier", "due_on", "note")
        for name, one in zip(names, shortages, strict=True):
            self.add_field(
                name,
                cartons_field(
                    f"Cartons for {one.station}", least=0, required=False, help_text=one.words,
                    initial=math.ceil(one.doses / doses),
                ),
            )  # fmt: skip

    def add_free_line(self):
        mine = access.stations_where(self.person, Permission.ORDERS_KEEP).in_use().by_name()
        self.add_field(
            "station", w.ModelField(queryset=mine, label="For", initial=self.person.station_id)
        )
        self.add_field("cartons", cartons_field("Cartons"))

    def lines(self):
        """The lines that are wanted: stations with a number."""
        told = self.cleaned_data
        if not self.shortages:
            return [Wanted(told["station"], told["cartons"])]
        return [
            Wanted(one.station, number, self.covers, self.month, one.place)
            for one in self.shortages
            if (number := told[f"station_{one.station.pk}"])
        ]

    def facts(self):
        told = self.cleaned_data
        return {
            "lines": self.lines(),
            **{name: told[name] for name in ("supplier", "due_on", "note")},
            "products": list(told["products"]),
        }


def common_product(shortages):
    """The product that most of the missing doses are of."""
    return max(shortages, key=lambda one: one.doses).product if shortages else None


class AddLineForm(CustodyForm):
    """One station more, or more cartons for one."""

    submit_label = "Add to the order"
    keyed = False  # the same line after what was seen is added once

    seen = IntegerField(widget=HiddenInput, required=False)
    cartons = cartons_field("Cartons")
    field_order = ("station", "cartons", "covers")

    def __init__(self, *args, person, months=(), **kwargs):
        super().__init__(*args, person=person, **kwargs)
        mine = access.stations_where(person, Permission.ORDERS_KEEP).in_use().by_name()
        only = list(mine[:2])
        self.add_field(
            "station",
            w.ModelField(queryset=mine, label="For", initial=only[0] if len(only) == 1 else None),
        )
        self.months = {f"{month:%Y-%m}": month for month in months}
        choices = [
            ("", "No shortage in particular"),
            ("par", "Its places below par"),
            *((key, f"Kits that expire in {month:%B %Y}") for key, month in self.months.items()),
        ]
        self.add_field(
            "covers",
            w.ChoiceField(label="Covers", choices=choices, tiles=False, required=False),
        )

    def facts(self):
        told = self.cleaned_data
        month = self.months.get(told["covers"])
        covers = Covers.EXPIRY if month else Covers(told["covers"])
        return {
            "line": Wanted(told["station"], told["cartons"], covers, month),
            "seen": told["seen"],
        }


class DueForm(CustodyForm):
    """Another day, and why."""

    submit_label = "Change the day"
    keyed = False

    due_on = w.DayField(label="Due on")
    why = w.TextField(label="Why", max_length=200, help_text="“The maker is out of stock until February”")  # fmt: skip

    def facts(self):
        return {name: self.cleaned_data[name] for name in ("due_on", "why")}


class EndOrderForm(CustodyForm):
    """The rest does not come."""

    submit_label = "End the order"
    submit_kind = "danger"
    keyed = False

    reason = w.TextField(label="Why", max_length=200, lines=2)

    def describe(self, order, to_come):
        self.consequences = (
            f"{to_come} {'is' if to_come == '1 carton' else 'are'} not expected any more; what they were to cover is an alert again.",
            f"{order.reference} and what came of it stay on record. It can’t be opened again.",
        )
        self.seen_by = (
            "Everybody who sees orders at its stations",
            f"In the audit: {self.person}",
        )

    def facts(self):
        return {"reason": self.cleaned_data["reason"]}


class LineChoice(w.ModelField):
    """A line of an order of which something is still to come."""

    def label_from_instance(self, line):
        cartons = math.ceil(line.to_come / line.order.doses_per_carton)
        return f"{line.order.reference}: {cartons:,} of {line.cartons:,} cartons to come to {line.station}, due {show_day(line.due_on)}"


def order_line_field(stations):
    """The open lines for some stations, to count what came for one; None where nothing is on order."""
    lines = OrderLine.objects.expected_at(stations)
    if not lines.exists():
        return None
    return LineChoice(
        queryset=lines, label="Was it ordered?", required=False, combo=False,
        empty_label="No, or I don’t know", help_text="It is then counted for the order.",
    )  # fmt: skip
