"""Which product, lot and unit the code on a maker's pack means here."""

from collections import defaultdict
from typing import NamedTuple

from django.db.models.functions import Coalesce

from naloxone import gs1_rules
from naloxone.gs1_rules import Pack
from naloxone.models import Device, Lot, PackCode, Product


class Meaning(NamedTuple):
    """One reading of a code, and the product it is here; None where nobody has said so yet."""

    pack: Pack
    product: Product | None


def product_of(gtin):
    """The product of a GTIN or UPC as 14 digits: its own, what a coordinator said it is, or by its NDC; else None."""
    if not gtin:
        return None
    if own := Product.objects.filter(gtin=gtin).first():
        return own
    if told := PackCode.objects.in_force().filter(code=gtin).select_related("product").first():
        return told.product
    # Without a GTIN of its own, a product is known by the NDC in the single pack's.
    known = Product.objects.filter(gtin=None, ndc__isnull=False).values_list("ndc", flat=True)
    ndc = gs1_rules.ndc_of_gtin(gtin, known) if gtin.startswith("0") else None
    return ndc and Product.objects.get(ndc=ndc)


def meanings(text):
    """Every meaning of a code, the likeliest first: what is recorded already before what is new. Raises CodeError."""
    packs = gs1_rules.readings(text)
    product = product_of(packs[0].gtin)
    lots = set(Lot.objects.filter(product=product).values_list("number", flat=True))
    # Sorting is stable: among the known, and among the new, the order of the readings stays.
    return [Meaning(p, product) for p in sorted(packs, key=lambda pack: pack.lot not in lots)]


def units_of(code):
    """Keys of the units that a pack's code means, by lot and serial; what is gone is the carton it came in."""
    return units_of_each([code])[code]


def units_of_each(codes):
    """The same of many codes: {code: keys}; one query, none where no code is a pack's."""
    told = {}
    for code in codes:
        readings = gs1_rules.pack_readings(code)
        told[code] = {(p.lot.upper(), p.serial.upper()) for p in readings if p.lot and p.serial}
    serials = {serial for pairs in told.values() for _, serial in pairs}
    if not serials:
        return {code: set() for code in told}
    found = Device.objects.filter(serial__in=serials).exclude(serial="")
    known = defaultdict(set)
    for lot, serial, unit in found.values_list("lot__number", "serial", Coalesce("kit", "origin")):
        known[lot.upper(), serial].add(unit)
    return {
        code: set().union(*(known.get(pair, ()) for pair in pairs)) for code, pairs in told.items()
    }


def lots_of(code):
    """Keys of the lots that a pack's code may mean."""
    readings = gs1_rules.pack_readings(code)
    numbers = {pack.lot.upper() for pack in readings} - {""}
    if not numbers:
        return set()
    product = product_of(readings[0].gtin)
    rows = Lot.objects.filter(product=product).values_list("pk", "number")
    return {key for key, number in rows if number.upper() in numbers}
