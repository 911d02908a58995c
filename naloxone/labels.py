"""Our own label of a unit: what is printed on it, and the pages of a stock that hold them."""

import zxingcpp

from naloxone import label_rules
from safety_portal import documents
from safety_portal.widgets.words import show_day


def symbol(text):
    """A text as DataMatrix: for each row of modules the dark runs, as (first column, columns)."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix)
    modules = memoryview(code.to_image(scale=1, add_quiet_zones=False))
    rows, columns = modules.shape
    return [runs([modules[y, x] == 0 for x in range(columns)]) for y in range(rows)]


def runs(row):
    """The dark runs of a row of modules: [(first column, columns)]."""
    found, start = [], None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            found.append((start, x - start))
            start = None
    return found


def facts_of(kit):
    """What stands on the label of a unit that comes with its names: its number is the code, and the code is its number."""
    return {
        "reference": kit.reference,
        "symbol": symbol(kit.reference),
        "product": product_on(kit),
        "is_trainer": kit.is_trainer,
        "expires": f"Expires {show_day(kit.expires_on)}" if kit.expires_on else "",
        "station": kit.station.name if kit.station else "",
    }


def product_on(kit):
    """What is in it, short enough for a label."""
    if kit.is_trainer:
        return "No medicine: for lessons only"
    return kit.lot.product.name.partition(",")[0] if kit.lot else "Empty"


def sheets(kits, stock, *, first, by, at):
    """Labels of units on a stock, from a free label on, as PDF bytes. Raises CustodyError, DocumentError."""
    placed = iter(map(facts_of, kits))
    pages = label_rules.pages(stock, len(kits), first=first)
    facts = {
        "page": stock.page,
        "label": stock.label,
        "pages": [[{"edge": edge, **next(placed)} for edge in edges] for edges in pages],
    }
    title = f"Label of {kits[0].reference}" if len(kits) == 1 else f"Labels of {len(kits)} kits"
    return documents.render("labels", facts, title=title, by=by, at=at)
