"""Products and lots as such: told by who receives them, for every station, before a carton of them is there."""

from django.db import transaction
from django.db.models import Q

from naloxone import gs1_rules, rules
from naloxone.models import Lot, Product
from naloxone.rules import CustodyError
from safety_portal import access, audit
from safety_portal.access import ANYWHERE, Permission
from safety_portal.versions import change_row

WORDS = {
    "name": "name", "ndc": "NDC", "gtin": "GTIN", "strength_mg": "mg a dose", "supply": "supply",
    "devices_per_carton": "doses in a carton", "storage_min_c": "storage from, °C", "storage_max_c": "storage to, °C",
    "shelf_life_months": "shelf life, months", "fact_status": "source",
}  # fmt: skip
NUMBERS = ("name", "ndc", "gtin")


def clean_numbers(facts):
    """The same facts with NDC and GTIN as they are kept: hyphenated, 14 digits, none as None. Raises CodeError."""
    facts = dict(facts)
    if facts.get("ndc"):
        gs1_rules.ndc_segments(facts["ndc"])
    if facts.get("gtin"):
        facts["gtin"] = gs1_rules.checked_gtin(facts["gtin"])
    return facts | {name: facts[name] or None for name in ("ndc", "gtin") if name in facts}


def check_numbers(facts, but=None):
    """Raise CustodyError when another product has the name, the NDC or the GTIN."""
    for name in NUMBERS:
        told = facts.get(name)
        condition = Q(name__iexact=told) if name == "name" else Q(**{name: told})
        same = Product.objects.filter(condition).exclude(pk=but and but.pk).first() if told else None  # fmt: skip
        if same:
            raise CustodyError(f"{told} is {same} already.", name)


@transaction.atomic
def record_product(*, by, **facts):
    """Add a product. Returns it; the same facts again give the same product. Raises CustodyError, CodeError.

    Whoever receives stock anywhere may say so, as with numbers on packs: it has to be known before it is received.
    """
    access.check(by, Permission.STOCK_RECEIVE, at=ANYWHERE)
    facts = clean_numbers(facts)
    if known := Product.objects.filter(**facts).first():
        return known
    check_numbers(facts)
    product = Product.objects.create(**facts)
    audit.record("product.recorded", by=by, target=product, **facts)
    return product


@transaction.atomic
def change_product(*, product, version, by, **facts):
    """Change what is told of a product. Returns it. Raises CustodyError, CodeError, StaleError.

    With lots, what is in a carton and how strong a dose is stay: they stand in what was recorded. Another pack is
    another product.
    """
    access.check(by, Permission.STOCK_RECEIVE, at=ANYWHERE)
    facts = clean_numbers(facts)
    check_numbers(facts, but=product)
    fixed = [n for n in ("devices_per_carton", "strength_mg") if facts.get(n, getattr(product, n)) != getattr(product, n)]  # fmt: skip
    if fixed and product.lots.exists():
        raise CustodyError(
            f"Lots of {product} are recorded, so its {WORDS[fixed[0]]} stays. Add another pack as another product.",
            fixed[0],
        )
    if told := change_row(product, version, facts, WORDS):
        audit.record("product.changed", by=by, target=product, **told)
    return product


@transaction.atomic
def record_lot(*, product, number, expires_on, by):
    """Note a lot and its expiry before any of it came. Returns it. Raises CustodyError when they contradict what is known."""
    access.check(by, Permission.STOCK_RECEIVE, at=ANYWHERE)
    lot, made = Lot.objects.get_or_create(
        product=product, number=number, defaults={"expires_on": expires_on}
    )
    rules.check_lot(number, known=lot.expires_on, told=expires_on)
    if made:
        audit.record("lot.recorded", by=by, target=lot, product=product, number=number, expires_on=expires_on)  # fmt: skip
    return lot
