"""What the cells of a file may name: stations of the person's own, products by any of their numbers."""

from django.db.models import Q

from naloxone import gs1_rules
from naloxone.import_rules import CellError
from naloxone.models import PackCode, Product
from safety_portal import access


class Stations:
    """Stations where the person has a permission, by code or name; another's is not told from one that is not there."""

    def __init__(self, run, permission):
        self.run = run
        found = access.stations_where(run.by, permission).in_use()
        self.stations = list(found)
        self.by_name = {}
        for station in self.stations:
            self.by_name.setdefault(station.name.casefold(), []).append(station)
        self.by_code = {station.code.casefold(): station for station in self.stations}

    def find(self, text):
        """Raises CellError."""
        word = text.casefold()
        named = [self.by_code[word]] if word in self.by_code else self.by_name.get(word, [])
        if len(named) > 1:
            codes = ", ".join(station.code for station in named)
            raise CellError(f"Several of your stations are called so. Use its code: {codes}.")
        if not named:
            raise CellError(f"“{text[:60]}” is none of the stations where you may do this. Leave its rows to their own coordinator.")  # fmt: skip
        return named[0]

    def of(self, cells):
        """The station of a row: its own column's, else the one that was chosen for the file."""
        if cells.text("station"):
            return cells.read("station", self.find)
        mine = next((one for one in self.stations if one.pk == self.run.station_id), None)
        if mine is None:
            cells.step.fault("station", f"You may not do this at {self.run.station}.")
        return mine


class Products:
    """Every product by name, NDC, GTIN and the numbers on packs that somebody has named."""

    def __init__(self):
        self.by_name, self.by_ndc, self.by_gtin = {}, {}, {}
        for product in Product.objects.all():
            self.add(product)
        self.by_pack = {
            told.code: told.product
            for told in PackCode.objects.in_force().filter(~Q(code="")).select_related("product")
        }

    def add(self, product):
        self.by_name[product.name.casefold()] = product
        if product.ndc:
            self.by_ndc[product.ndc12] = self.by_ndc[product.ndc.replace("-", "")] = product
            if product.gtin is None and len(product.ndc) == 12:
                self.by_gtin.setdefault(gs1_rules.gtin_of_ndc(product.ndc), product)
        if product.gtin:
            self.by_gtin[product.gtin] = product

    def find(self, text):
        """Raises CellError; CodeError for a number with a wrong check digit."""
        found = self.by_name.get(text.casefold())
        if found is None and "-" in text and text.replace("-", "").isdecimal():
            found = self.by_ndc.get(gs1_rules.normalised_ndc(text))
        if found is None and text.isascii() and text.isdecimal():
            found = self.by_ndc.get(text) or self.of_number(text)
        if found is None:
            raise CellError(f"“{text[:60]}” is no product here. Use its name, NDC or GTIN as the page Products has it, or add it there first.")  # fmt: skip
        return found

    def of_number(self, text):
        """By a GTIN or UPC; a spreadsheet may have eaten its zeros. Raises CodeError."""
        gtin = gs1_rules.checked_gtin(text)
        return self.by_gtin.get(gtin) or self.by_pack.get(gtin)
