"""A list of lots: each is recorded with its expiry, or is there already."""

from django.urls import reverse

from naloxone import actions, rules
from naloxone.import_rules import Outcome, check_text
from naloxone.imports.known import Products
from naloxone.imports.steps import Plan, Sheet, said_twice
from naloxone.models import Lot
from naloxone.rules import CustodyError
from safety_portal.widgets.words import show_day


def read_lot(text):
    """A lot's number as it is kept: capitals as printed, 20 characters."""
    return check_text(text, 20)


def known_lots(numbers):
    """{(product key, number): lot} of all lots with these numbers."""
    found = Lot.objects.filter(number__in=set(numbers)).select_related("recall")
    return {(lot.product_id, lot.number): lot for lot in found}


def plan(run, rows):
    """What comes of each row."""
    sheet, products, seen = Sheet(run, rows), Products(), {}
    steps = []
    for step, cells in sheet.steps():
        step.facts = {
            "product": cells.read("product", products.find),
            "number": cells.read("lot", read_lot),
            "expires_on": cells.day("expires_on", month_means_last=True),
        }
        steps.append(step)
    lots = known_lots(step.facts["number"] for step in steps if step.facts["number"])
    for step in steps:
        if not step.faults:
            settle(step, lots, seen)
    return Plan(steps, {"days": sheet.unclear} if sheet.unclear else {})


def settle(step, lots, seen):
    """New, there already, or contradicting."""
    product, number, day = step.facts.values()
    if said_twice(seen, ("lot", f"{number} of {product}"), step, "Lot {}"):
        return
    known = lots.get((product.pk, number))
    if known is None:
        return step.becomes(Outcome.NEW, f"New lot {number} of {product}, expires {show_day(day)}")
    try:
        rules.check_lot(number, known=known.expires_on, told=day)
    except CustodyError as error:
        return step.fault("expires_on", error)
    step.becomes(Outcome.NOTHING, f"Nothing: lot {number} is there, and its expiry agrees")


def carry_out(run, steps, progress):
    """Record what is new. Returns what was made."""
    made = []
    for done, step in enumerate(steps, start=1):
        lot = actions.record_lot(**step.facts, by=run.by)
        made.append({"words": f"Lot {lot} of {step.facts['product']}", "url": reverse("naloxone:lots")})  # fmt: skip
        progress(done)
    return made
