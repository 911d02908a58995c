"""What comes of a file's rows: each kind of list plans its rows against what is recorded, and carries them out by actions."""

from naloxone.import_rules import What
from naloxone.imports import kits, lots, places, products
from naloxone.imports.steps import Plan, Step

LISTS = {What.KITS: kits, What.PLACES: places, What.LOTS: lots, What.PRODUCTS: products}

__all__ = ["LISTS", "Plan", "Step"]
