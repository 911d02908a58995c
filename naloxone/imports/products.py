"""A list of products: each is added, changed, or is so already."""

import re
from decimal import Decimal

from django.urls import reverse

from naloxone import actions, gs1_rules
from naloxone.actions.products import WORDS
from naloxone.import_rules import CellError, Outcome, check_text, read_choice, read_number
from naloxone.imports.known import Products
from naloxone.imports.steps import Plan, Sheet, said_twice

SUPPLY = {"OTC": "OTC", "Rx": "Rx"}
TOLD = "told by a station"  # where a file names no source


def text_of(most):
    return lambda text: check_text(text, most)


def read_strength(text):
    """Milligrams of a dose. Raises CellError."""
    if not re.fullmatch(r"\d{1,3}(\.\d{1,2})?", text):
        raise CellError(f"“{text[:20]}” is no number of milligrams. Write it like 4 or 0.4.")
    return Decimal(text)


def read_ndc(text):
    gs1_rules.ndc_segments(text)
    return text


def celsius(text):
    return read_number(text.replace("°C", "").replace("°", "").strip(), least=-50, most=80)


READERS = {
    "name": text_of(120),
    "ndc": read_ndc,
    "gtin": gs1_rules.checked_gtin,
    "manufacturer": text_of(80),
    "antagonist": text_of(40),
    "strength_mg": read_strength,
    "route": text_of(40),
    "supply": lambda text: read_choice(text, SUPPLY),
    "devices_per_carton": lambda text: read_number(text, least=1, most=1000),
    "storage_min_c": celsius,
    "storage_max_c": celsius,
    "shelf_life_months": lambda text: read_number(text, least=1, most=240),
    "fact_status": text_of(80),
}


def plan(run, rows):
    """What comes of each row."""
    sheet, products, seen = Sheet(run, rows), Products(), {}
    steps = []
    for step, cells in sheet.steps():
        told = {key: cells.read(key, reader) for key, reader in READERS.items()}
        # An empty cell says nothing: what is recorded stays.
        step.facts = {key: value for key, value in told.items() if value is not None}
        steps.append(step)
        if not step.faults:
            settle(step, products, seen)
    return Plan(steps)


def settle(step, products, seen):
    """Added, changed or so already; by NDC, else GTIN, else name."""
    facts = step.facts
    for key in ("name", "ndc", "gtin"):
        if facts.get(key) and said_twice(seen, (key, facts[key]), step, "“{}”"):
            return
    numbers = [
        products.by_ndc.get(gs1_rules.normalised_ndc(facts["ndc"])) if facts.get("ndc") else None,
        products.by_gtin.get(facts.get("gtin")),
        products.by_name.get(facts["name"].casefold()),
    ]
    found = {product.pk: product for product in numbers if product}
    if len(found) > 1:
        return step.fault("name", f"Name and numbers are those of several products: {', '.join(map(str, found.values()))}.")  # fmt: skip
    if not found:
        step.facts.setdefault("fact_status", TOLD)
        return step.becomes(Outcome.NEW, f"New product: {facts['name']}")
    settle_known(step, *found.values())


def settle_known(step, product):
    """What changes of a product that is there."""
    new = {key: value for key, value in step.facts.items() if getattr(product, key) != value}
    said = ", ".join(f"{WORDS.get(k, k)} {getattr(product, k)} → {v}" for k, v in new.items())
    fixed = next((key for key in ("devices_per_carton", "strength_mg") if key in new), None)
    if fixed and product.lots.exists():
        return step.fault(fixed, f"Lots of {product} are recorded, so its {WORDS[fixed]} stays. Give another pack a name of its own.")  # fmt: skip
    step.facts = {"product": product, **new}
    outcome = Outcome.CHANGE if new else Outcome.NOTHING
    step.becomes(
        outcome, f"{product}: {said}"[:300] if new else f"Nothing: {product} is so already"
    )


def carry_out(run, steps, progress):
    """Add and change. Returns what was made."""
    made = []
    for done, step in enumerate(steps, start=1):
        if step.outcome == Outcome.NEW:
            product = actions.record_product(**step.facts, by=run.by)
        else:
            facts = dict(step.facts)
            product = facts.pop("product")
            product = actions.change_product(product=product, version=product.version, by=run.by, **facts)  # fmt: skip
        made.append(
            {"words": str(product), "url": reverse("naloxone:change_product", args=[product.pk])}
        )
        progress(done)
    return made
