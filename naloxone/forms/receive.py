"""What people type about a delivery, and what the code on its cartons fills in for them."""

from django.core.exceptions import ValidationError

from naloxone import packs
from naloxone.forms.base import CustodyForm, place_field, places_where, when_field
from naloxone.forms.orders import order_line_field
from naloxone.gs1_rules import CodeError
from naloxone.models import Product
from naloxone.rules import MOST_UNITS, HolderKind
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import Permission
from safety_portal.widgets.form import LOOKING
from safety_portal.widgets.words import show_day

MOST_SERIALS = 5000
READS = ("scan", "reading")  # buttons that ask what the code says


class ReceiveForm(CustodyForm):
    """A delivery of one lot. A scanned code fills in its fields; whoever receives looks whether it is so."""

    submit_label = "Receive the delivery"

    scan = w.ScanField(
        label="Code on the carton", required=False,
        help_text="Scan the square code, or else the bars. It fills in what it says; you compare it with the print.",
    )  # fmt: skip
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
        help_text="Only where there are any: one a dose, carton after carton, or one a carton. One a line.",
    )  # fmt: skip
    photos = w.PhotosField(required=False, label="Photos of the print")

    field_order = (
        "scan", "reading", "product", "remember", "lot", "expires_on", "cartons", "place", "checked", "occurred_at",
        "order_line", "supplier", "serials", "photos",
    )  # fmt: skip
    fault = None  # why the code can't be read

    def __init__(self, *args, person, **kwargs):
        stores = places_where(person, Permission.STOCK_RECEIVE, [HolderKind.STORAGE])
        super().__init__(*args, person=person, **kwargs)
        self.add_field("place", place_field(stores, "Into"))
        stations = access.stations_where(person, Permission.STOCK_RECEIVE)
        if (ordered := order_line_field(stations)) is not None:
            self.add_field("order_line", ordered)
            self.begin_with(ordered)
        self.meanings = []
        if self.is_bound and self.data.get("scan", "").strip():
            self.read()

    def begin_with(self, ordered):
        """Begin with what the order says, when an address names one of its lines."""
        asked = str(self.initial.get("order_line", ""))
        known = asked.isdecimal() and len(asked) < 10
        line = ordered.queryset.filter(pk=asked).first() if known else None
        self.initial["order_line"] = line and line.pk
        if line is None:
            return
        self.initial["supplier"] = line.order.supplier
        products = list(line.order.products.all()[:2])
        if len(products) == 1:
            self.initial["product"] = products[0].pk

    # --- the code -----------------------------------------------------------------------------------
    def read(self):
        """Find out what the code means; when asked for, or when nothing is filled in yet, fill it in."""
        try:
            self.meanings = packs.meanings(self.fields["scan"].clean(self.data["scan"]))
        except (CodeError, ValidationError) as error:
            self.fault = error.messages[0] if isinstance(error, ValidationError) else str(error)
        # A scanner's Enter sends the form where no script catches it.
        bare = not any(self.data.get(name) for name in ("product", "lot", "expires_on"))
        self.looking_up = self.data.get(LOOKING) in READS or bare
        if self.meanings and self.meanings[0].pack.gtin and self.meanings[0].product is None:
            self.add_field("remember", remember_field())
        chosen = self.chosen()
        if chosen is None and self.meanings:
            self.add_field("reading", reading_field(self.meanings))
        if chosen and self.looking_up:
            self.fill_in(chosen)

    def chosen(self):
        """The one meaning of the code, or that of several which was chosen; else None."""
        if len(self.meanings) == 1:
            return self.meanings[0]
        number = self.data.get("reading", "")
        known = {str(place): meaning for place, meaning in enumerate(self.meanings)}
        return known.get(number)

    def fill_in(self, meaning):
        """Write what the code says into the fields. What was typed for another lot stays, and is said."""
        pack, product = meaning
        self.data = self.data.copy()
        typed = self.data.get("lot", "").strip()
        if typed and pack.lot and typed.upper() != pack.lot.upper():
            self.fault = (
                f"This code is of lot {pack.lot}; the form is about lot {typed}. Each lot is a delivery of its own: "
                "receive this one first, or clear the lot and read the code again."
            )
            return
        if product:
            self.data["product"] = str(product.pk)
        elif pack.gtin:
            self.data["remember"] = "on"
        if pack.lot:
            self.data["lot"] = pack.lot
        if pack.expires_on:
            self.data["expires_on"] = f"{pack.expires_on:%m/%d/%Y}"
        self.add_serial(pack)
        self.fields["scan"].widget.said = said_of(meaning)

    def add_serial(self, pack):
        """A serial is of one carton: it is filled in where one carton is received, or each is scanned."""
        listed = self.data.get("serials", "").split()
        alone = self.data.get("cartons", "").strip() == "1"
        if pack.serial and pack.serial.upper() not in listed and (alone or listed):
            self.data["serials"] = "\n".join([*listed, pack.serial])

    def full_clean(self):
        super().full_clean()
        if self.fault and self.is_bound:
            self.add_error("scan", self.fault)

    # --- all together -----------------------------------------------------------------------------------
    def clean(self):
        told = super().clean()
        if self.meanings and not self.fault:
            self.compare(told)
        return told

    def compare(self, told):
        """What was typed must be one of the readings of the code that stands beside it."""
        lots = [meaning.pack.lot for meaning in self.meanings if meaning.pack.lot]
        typed = told.get("lot", "")
        swapped = [m.pack.lot for m in self.meanings if typed and m.pack.serial.upper() == typed.upper()]  # fmt: skip
        if typed and lots and typed.upper() not in {lot.upper() for lot in lots}:
            self.add_error("lot", f"“{typed}” is the serial in the code; the lot is {swapped[0]}." if swapped else
                           f"The code says lot {' or '.join(lots)}. Look at the carton, or clear the code.")  # fmt: skip
        days = {m.pack.expires_on for m in self.meanings if m.pack.expires_on}
        if days and told.get("expires_on") and told["expires_on"] not in days:
            self.add_error(
                "expires_on",
                f"The code says {' or '.join(map(show_day, sorted(days)))}. Look at the carton, or clear the code.",
            )
        product = self.meanings[0].product
        if product and told.get("product") and told["product"] != product:
            self.add_error(
                "product", f"The code says {product}. Look at the carton, or clear the code."
            )

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
            **self.serials_told(told),
            "supplier_name": told["supplier"],
            "photos": told["photos"],
            "new_code": self.meanings[0].pack.gtin if told.get("remember") else "",
            "order_line": told.get("order_line"),
        }

    def serials_told(self, told):
        """As many as cartons are of the cartons; else they are of the doses, and the rules count them."""
        serials = told["serials"] or self.serial_of_one(told)
        of_doses = told["product"].devices_per_carton == 1 or len(serials) != told["cartons"]
        return {"serials" if of_doses else "carton_serials": serials}

    def serial_of_one(self, told):
        """The serial of the scanned carton, when it is the only one."""
        found = {
            m.pack.serial for m in self.meanings if m.pack.lot.upper() == told["lot"].upper()
        } - {""}
        return list(found) if told["cartons"] == 1 and len(found) == 1 else []


class TrainersForm(CustodyForm):
    """Trainers that came: no lot, no expiry, no dose."""

    submit_label = "Receive the trainers"
    consequences = (
        "Each gets a number and a label that says TRAINER.",
        "They can be held, handed out, sent and disposed of.",
        "They are in no figure: not in stock, par, readiness, rounds or alerts.",
    )

    what = w.TextField(label="Trainers of what", max_length=120, help_text="As printed on them, and from whom they came")  # fmt: skip
    count = w.NumberField(label="How many", min_value=1, max_value=MOST_UNITS)
    occurred_at = when_field("When did they arrive?")

    field_order = ("what", "count", "place", "occurred_at")

    def __init__(self, *args, person, **kwargs):
        stores = places_where(person, Permission.STOCK_RECEIVE, [HolderKind.STORAGE])
        super().__init__(*args, person=person, **kwargs)
        self.add_field("place", place_field(stores, "Into"))

    def facts(self):
        return {n: self.cleaned_data[n] for n in ("what", "count", "place", "occurred_at")}


def remember_field():
    return w.YesField(
        label="This code is always this product: remember it", required=False,
        help_text="Nobody has said yet what the number in this code is. Choose the product above.",
    )  # fmt: skip


def reading_field(meanings):
    choices = [(str(place), tile_of(meaning.pack)) for place, meaning in enumerate(meanings)]
    return w.ChoiceField(
        label="Which is on the carton?", choices=choices, widget=w.Readings(), required=False,
        help_text="The scanner left out the sign between lot and serial, so this code can be read in several ways.",
    )  # fmt: skip


def tile_of(pack):
    """A reading in words: what sets it apart first."""
    what = f"Lot {pack.lot or 'not in the code'}, " + (f"serial {pack.serial}" if pack.serial else "no serial")  # fmt: skip
    return w.Tile(what, f"Expires {show_day(pack.expires_on)}" if pack.expires_on else "No expiry in the code")  # fmt: skip


def said_of(meaning):
    """What was read, to be compared with the print; what is not in the code is asked for."""
    pack, product = meaning
    parts = [str(product)] if product else []
    parts += (
        [f"product number {pack.gtin}, which nobody has named yet"]
        if pack.gtin and not product
        else []
    )
    parts += [f"lot {pack.lot}"] if pack.lot else []
    parts += [f"expires {show_day(pack.expires_on)}"] if pack.expires_on else []
    parts += [f"serial {pack.serial}"] if pack.serial else []
    sentence = f"Read: {', '.join(parts)}."
    if pack.lot and pack.expires_on:
        return f"{sentence} Compare it with the print."
    return f"{sentence} Type what is missing as it is printed, and add a photo of the print."
