"""What people tell of a file that they import, and of a product or lot by itself."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q

from naloxone.actions.imports import NEEDS
from naloxone.forms.base import CustodyForm
from naloxone.import_rules import (
    DayOrder,
    What,
    fields_of,
    guessed,
    read_day,
)
from naloxone.imports.products import read_strength
from naloxone.models import ImportRun, Product
from safety_portal import access
from safety_portal import widgets as w
from safety_portal.people import Station
from safety_portal.tables import TableError
from safety_portal.widgets.words import show_day

ACCEPT = ".csv,.tsv,.txt,.xlsx"
TILES = {
    What.KITS: w.Tile("Kits", "What a station has already: received into custody, place by place."),
    What.PLACES: w.Tile("Places", "Storage points and vehicles, opened or changed."),
    What.LOTS: w.Tile("Lots", "Lots and their expiry."),
    What.PRODUCTS: w.Tile("Products", "What is received: NDC, doses in a carton, storage."),
}


class UploadForm(CustodyForm):
    """Which list it is, of which station, and the file."""

    submit_label = "Look at the file"

    field_order = ("what", "station", "file")

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, person=person, **kwargs)
        mine = [what for what in What if access.may(person, NEEDS[what], at=access.ANYWHERE)]
        self.add_field("what", w.ChoiceField(label="What is listed in it?", choices=[(one.value, TILES[one]) for one in mine]))  # fmt: skip
        where = Q(pk__in=())
        for permission in set(NEEDS.values()):
            where |= access.within(person, permission, field="pk")
        stations = Station.objects.filter(where).in_use().by_name()
        self.add_field("station", w.ModelField(
            queryset=stations, label="Which station is it of?", initial=person.station_id,
            help_text="Rows that name a station in a column of their own are of that one.",
        ))  # fmt: skip
        most = settings.IMPORT_MOST_BYTES
        self.add_field("file", w.FileField(
            label="File", accept=ACCEPT, max_size=most,
            help_text=f"CSV or XLSX with headings, at most {settings.IMPORT_MOST_ROWS:,} rows and {most / 1e6:.0f} MB.",
        ))  # fmt: skip

    def clean(self):
        told = super().clean()
        what, station = told.get("what"), told.get("station")
        if what and station and not access.may(self.person, NEEDS[What(what)], at=station):
            self.add_error("station", "You may not do this there. Choose a station of yours.")
        return told

    def facts(self):
        told = self.cleaned_data
        file = told["file"]
        return {"what": told["what"], "station": told["station"], "name": file.name, "content": file.read()}  # fmt: skip

    def carry_out(self, verb, **more):
        try:
            return super().carry_out(verb, **more)
        except TableError as error:
            self.add_rule_error(error)
            return False


class MapImportForm(CustodyForm):
    """Which column of the file each of ours is: guessed, or as it was told for the last file with the same headings."""

    submit_label = "Check the rows"
    keyed = False

    def __init__(self, *args, run, **kwargs):
        super().__init__(*args, **kwargs)
        self.run = run
        if unclear := run.questions.get("days"):
            choices = [(order.value, show_day(read_day(unclear, order))) for order in DayOrder]
            self.add_field("day_order", w.ChoiceField(label=f"What does “{unclear}” in the file mean?", choices=choices))  # fmt: skip
        offered = [("", "Not in the file"), *((str(n), self.described(n)) for n in range(len(run.headings)))]  # fmt: skip
        before = self.before()
        for key, field in fields_of(What(run.what)).items():
            place = before.get(key)
            self.add_field(key, w.ChoiceField(
                label=field.name, tiles=False, choices=offered, required=False, help_text=field.meaning,
                initial="" if place is None else str(place),
            ))  # fmt: skip

    def described(self, place):
        """A column by its heading and its first values."""
        values = ", ".join(self.run.samples[place]) if self.run.samples else ""
        return f"{self.run.headings[place]}: {values[:80]}" if values else self.run.headings[place]

    def before(self):
        """The mapping that stands, else that of the same headings before, else a guess."""
        if self.run.mapping:
            return self.run.mapping
        mine = ImportRun.objects.visible_to(self.person).filter(what=self.run.what, headings=self.run.headings)  # fmt: skip
        last = mine.exclude(mapping={}).newest_first().first()
        return last.mapping if last else guessed(What(self.run.what), self.run.headings)

    def clean(self):
        told = super().clean()
        if self.errors:
            return told
        used = {}
        for key in fields_of(What(self.run.what)):
            if place := told.get(key):
                if place in used:
                    self.add_error(key, ValidationError(f"This column is chosen for “{self.fields[used[place]].label}” already."))  # fmt: skip
                used[place] = key
        return told

    def facts(self):
        told = self.cleaned_data
        keys = fields_of(What(self.run.what))
        return {
            "mapping": {key: int(told[key]) for key in keys if told.get(key)},
            "day_order": told.get("day_order", self.run.day_order),
        }


class ConfirmImportForm(CustodyForm):
    """Nothing to type, unless the same file was imported before."""

    keyed = False

    def __init__(self, *args, run, before, **kwargs):
        super().__init__(*args, **kwargs)
        self.before = before
        self.consequences = consequences_of(run)
        if before:
            self.add_field("again", w.YesField(label="I mean this file a second time", required=False))  # fmt: skip

    def facts(self):
        return {"again": self.cleaned_data.get("again", False)}


def consequences_of(run):
    """What happens when an import is confirmed."""
    yield "Every row is imported, or none: one that fails takes all back."
    if run.what == What.KITS:
        yield "Each kit gets its first entry in the ledger, by your name. That can’t be undone: a kit that is not there is reported missing, a delivery received by mistake is sent back."  # fmt: skip
    elif run.what == What.LOTS:
        yield "A lot’s expiry can’t be changed later."
    elif run.what == What.PLACES:
        yield "Places are opened and changed as on their own pages; one opened by mistake can be closed."  # fmt: skip
    else:
        yield "Every station receives by these facts from now on."
    yield "Until it is done you can cancel it, and nothing is kept."


class ProductForm(w.RowForm, CustodyForm):
    """What is told of a product."""

    submit_label = "Save the product"
    keyed = False  # its name and numbers tell that it was sent twice

    name = w.TextField(label="Name", max_length=120, help_text="As lists show it: maker, strength, pack")  # fmt: skip
    ndc = w.TextField(label="NDC", max_length=14, required=False, help_text="With its hyphens, as printed: 69547-627-02")  # fmt: skip
    gtin = w.TextField(label="GTIN or UPC of the carton", max_length=14, required=False)
    manufacturer = w.TextField(label="Manufacturer", max_length=80)
    antagonist = w.TextField(label="Antagonist", max_length=40, help_text="naloxone or nalmefene")
    strength_mg = w.TextField(label="Milligrams in a dose", max_length=6)
    route = w.TextField(label="Route", max_length=40, help_text="intranasal, intramuscular, …")
    supply = w.ChoiceField(label="Supply", choices=[("OTC", "Over the counter"), ("Rx", "On prescription")])  # fmt: skip
    devices_per_carton = w.NumberField(label="Doses in a carton", min_value=1, max_value=1000)
    storage_min_c = w.NumberField(label="Storage from, °C", min_value=-50, max_value=80, required=False)  # fmt: skip
    storage_max_c = w.NumberField(label="Storage to, °C", min_value=-50, max_value=80, required=False)  # fmt: skip
    shelf_life_months = w.NumberField(label="Shelf life, months", min_value=1, max_value=240, required=False)  # fmt: skip
    fact_status = w.TextField(label="Where this is from", max_length=80, help_text="The label, the maker’s sheet")  # fmt: skip

    def clean_strength_mg(self):
        return read_strength(self.cleaned_data["strength_mg"])

    def facts(self):
        return {key: value for key, value in self.cleaned_data.items() if key != "request_key"}


class LotForm(CustodyForm):
    """A lot and its expiry."""

    submit_label = "Record the lot"
    keyed = False

    product = w.ModelField(queryset=Product.objects.all(), label="Product")
    number = w.TextField(label="Lot", max_length=20, help_text="As printed on the carton")
    expires_on = w.DayField(label="Expiry", help_text="Only a month? Its last day.")

    def facts(self):
        return {key: value for key, value in self.cleaned_data.items() if key != "request_key"}
