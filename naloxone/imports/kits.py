"""A list of units that are there already: what comes of each row, by the rules of the screens."""

import datetime as dt

from django.utils import timezone

from naloxone import gs1_rules, rules
from naloxone.actions.stock import sealed_with
from naloxone.gs1_rules import Pack
from naloxone.import_rules import (
    CHECKED,
    UNCHECKED,
    CellError,
    Outcome,
    check_text,
    look_swapped,
    read_choice,
    read_number,
    read_serials,
)
from naloxone.imports.known import Products, Stations
from naloxone.imports.lots import known_lots, read_lot
from naloxone.imports.receipts import carry_out
from naloxone.imports.steps import Plan, Sheet, said_twice
from naloxone.models import Device, Holder, UnitKind
from naloxone.rules import MOST_UNITS, PLACES, CustodyError, HolderKind
from safety_portal.access import Permission
from safety_portal.people import reference_number
from safety_portal.widgets.words import show_day

__all__ = ["carry_out", "plan"]

MOST_SERIAL = 20  # characters, as on a pack
KINDS = {kind.value: kind.label for kind in (UnitKind.CARTON, UnitKind.KIT, UnitKind.CANINE_KIT)}
CONDITIONS = {CHECKED: "Checked", UNCHECKED: "Not checked"}
OTHER_WORDS = {"in service": CHECKED, "in_service": CHECKED, "yes": CHECKED, "ok": CHECKED, "quarantine": UNCHECKED, "in quarantine": UNCHECKED, "no": UNCHECKED}  # fmt: skip
NO_PACK = Pack()


def read_condition(text):
    return OTHER_WORDS.get(text.casefold()) or read_choice(text, CONDITIONS)


def read_pack(text, lot):
    """What a pack's code says; of several readings the one with the row's own lot. Raises CodeError, CellError."""
    found = gs1_rules.readings(text)
    mine = [pack for pack in found if pack.lot.upper() == lot.upper()] if lot else []
    if len(mine or found) == 1:
        return (mine or found)[0]
    ways = " or ".join(f"lot {p.lot or 'none'} with serial {p.serial or 'none'}" for p in found[:3])
    raise CellError(f"The sign between lot and serial is lost, so this code can be {ways}. Fill in the lot beside it.")  # fmt: skip


# --- planning -------------------------------------------------------------------------------------------
def plan(run, rows):
    """What comes of each row."""
    now = timezone.now()
    sheet, products = Sheet(run, rows), Products()
    stations = Stations(run, Permission.STOCK_RECEIVE)
    steps = [read_row(step, cells, stations, products) for step, cells in sheet.steps()]
    known = Known(steps, stations.stations)
    seen = {}
    for step in steps:
        find_place(step, known)
        if not step.faults:
            settle(step, known, seen, now)
    questions = {"days": sheet.unclear} if sheet.unclear else {}
    if not run.swap_denied and "serials" in run.mapping and look_swapped(pairs_of(sheet)):
        questions["swapped"] = True
    return Plan(steps, questions)


def pairs_of(sheet):
    """(lot, serial) as the rows have them, where they have both."""
    lot, serials = sheet.mapping.get("lot"), sheet.mapping["serials"]
    if lot is None:
        return []
    return [(r.cells[lot], r.cells[serials]) for r in sheet.rows if r.cells[lot] and r.cells[serials]]  # fmt: skip


def read_row(step, cells, stations, products):
    """The step with what its cells say."""
    pack = cells.read("code", lambda text: read_pack(text, cells.text("lot"))) or NO_PACK
    from_code = products.of_number(pack.gtin) if pack.gtin else None
    if pack.gtin and from_code is None and not cells.text("product"):
        step.fault("code", f"Nobody has said yet which product {pack.gtin} is. Fill in the product beside it.")  # fmt: skip
    serials = cells.read("serials", lambda text: read_serials(text, MOST_SERIAL), [])
    step.facts = {
        "station": stations.of(cells),
        "place": cells.read("place", lambda text: check_text(text, 120)),
        "product": either(cells, "product", products.find, from_code, str),
        "lot": either(cells, "lot", read_lot, pack.lot or None, str),
        "expires_on": either_day(cells, pack.expires_on),
        "count": cells.read("count", lambda text: read_number(text, least=1, most=MOST_UNITS), 1),
        "serials": serials or ([pack.serial.upper()] if pack.serial else []),
        "kind": cells.read("kind", lambda text: read_choice(text, KINDS), UnitKind.CARTON.value),
        "seal": cells.read("seal", lambda text: check_text(text.upper(), 30), ""),
        "condition": cells.read("condition", read_condition, CHECKED),
        "occurred_on": cells.day("occurred_on"),
    }
    return step


def either(cells, key, reader, from_code, words):
    """What a cell says, or the code beside it; told by both, they must agree."""
    told = cells.read(key, reader, required=from_code is None)
    if told is not None and from_code is not None and words(told).upper() != words(from_code).upper():  # fmt: skip
        cells.step.fault(key, f"The code on the pack says {words(from_code)}. Look at the carton, and clear one of them.")  # fmt: skip
    return from_code if told is None else told


def either_day(cells, from_code):
    told = cells.day("expires_on", month_means_last=True, required=from_code is None)
    if told and from_code and told != from_code:
        cells.step.fault("expires_on", f"The code on the pack says {show_day(from_code)}. Look at the carton, and clear one of them.")  # fmt: skip
    return told or from_code


class Known:
    """What is recorded of all that the rows name, by a few queries for the whole file."""

    def __init__(self, steps, stations):
        places = Holder.objects.in_use().at(stations).filter(kind__in=PLACES)
        places = list(places.with_names())
        self.by_name = {(p.station_id, p.name.casefold()): p for p in places}
        self.by_key = {p.pk: p for p in places}
        serials = {serial for step in steps for serial in step.facts["serials"] or ()}
        lots = {step.facts["lot"] for step in steps if step.facts["lot"]}
        # A serial may stand as the lot and the lot as serial: both are looked for as both.
        self.lots = known_lots(lots | serials)
        self.told = {}  # expiry of a lot, by the first row that names it
        devices = Device.objects.filter(serial__in=serials | {lot.upper() for lot in lots})
        self.devices = {}
        for product, lot, serial, kit, holder in devices.exclude(serial="").values_list(
            "lot__product", "lot__number", "serial", "kit", "kit__holder"
        ):
            self.devices[product, lot, serial] = (kit, holder)
        self.seals = sealed_with({step.facts["seal"] for step in steps} - {""}, stations)
        self.serials = {(product, serial) for product, _, serial in self.devices}


def find_place(step, known):
    """Put the place itself where its name stood."""
    name, station = step.facts["place"], step.facts["station"]
    if name is None or station is None:
        return
    key = reference_number("S", name) if "-" in name else None
    place = known.by_key.get(key) or known.by_name.get((station.pk, name.casefold()))
    if place is None or place.station_id != station.pk:
        step.fault("place", f"“{name}” is no place in use at {station}. Open it first, or import places first.")  # fmt: skip
    elif place.kind != HolderKind.STORAGE:
        step.fault("place", f"{place} is a vehicle. Receive into the storage point that keeps its kits, then move them.")  # fmt: skip
    step.facts["place"] = place


# --- what comes of a row -----------------------------------------------------------------------------------
def settle(step, known, seen, now):
    """New, there already, or what keeps it from being received; by the rules of the screen."""
    facts = step.facts
    for check in (check_day, check_lot, check_units, check_serials):
        check(step, known, seen, now)
    if step.faults:
        return
    there = already_there(facts, known)
    if there:
        return step.becomes(Outcome.NOTHING, f"Nothing: {there} is there already, at {facts['place']}")  # fmt: skip
    step.becomes(Outcome.NEW, effect_of(facts, known))


def check_day(step, known, seen, now):
    """When it came, as a moment: noon of a day before, now for today."""
    facts = step.facts
    station = facts["place"].station
    today, day = station.today(now), facts["occurred_on"]
    if day is not None and day > today:
        step.fault("occurred_on", f"{show_day(day)} is in the future. When did it come?")
    told = day if day and day < today else None
    facts["occurred_at"] = dt.datetime.combine(told, dt.time(12), station.zone) if told else None
    guarded(step, rules.check_receipt, expires_on=facts["expires_on"], on=told or today)


def check_lot(step, known, seen, now):
    """One expiry a lot, in the file and with what is recorded."""
    facts = step.facts
    key = (facts["product"].pk, facts["lot"])
    recorded = known.lots.get(key)
    if recorded:
        guarded(step, rules.check_lot, facts["lot"], known=recorded.expires_on, told=facts["expires_on"])  # fmt: skip
    day, row = known.told.setdefault(key, (facts["expires_on"], step.row.number))
    if day != facts["expires_on"] and not recorded:
        step.fault("expires_on", f"Lot {facts['lot']} expires on {show_day(day)} in row {row}. A lot has one expiry.")  # fmt: skip


def check_units(step, known, seen, now):
    """What a kit can be that a carton can't, and the reverse."""
    facts = step.facts
    is_kit = facts["kind"] != UnitKind.CARTON
    if facts["seal"] and not is_kit:
        step.fault("seal", "A seal is of a kit. Write Kit as its kind, or leave the seal out.")
    if facts["seal"] and facts["count"] > 1:
        step.fault("seal", "One seal is of one kit. Give each kit a row of its own.")
    if facts["seal"]:
        said_twice(seen, ("seal", facts["seal"]), step, "Seal {}")
    worn = known.seals.get(facts["seal"])
    if (
        worn
        and worn.station_id == facts["place"].station_id
        and already_there(facts, known) is None
    ):
        step.fault(
            "seal",
            f"Seal {facts['seal']} is on {worn.reference} already. Look at its number again.",
        )
    if is_kit and facts["condition"] == UNCHECKED:
        step.fault("condition", "A kit is assembled from what was checked. Write Carton as its kind, or Checked.")  # fmt: skip
    lot = known.lots.get((facts["product"].pk, facts["lot"]))
    if is_kit and lot and hasattr(lot, "recall"):
        step.fault("kind", f"Lot {lot} is recalled, and nothing is assembled of it. Receive it as cartons.")  # fmt: skip


def check_serials(step, known, seen, now):
    """As many as cartons or doses, each once, and none where the lot should stand."""
    facts = step.facts
    product, lot, serials = facts["product"], facts["lot"], facts["serials"]
    doses = facts["count"] * product.devices_per_carton
    if serials and len(serials) not in (facts["count"], doses):
        step.fault("serials", f"{len(serials)} serials for {facts['count']} cartons of {doses} doses. Give one a carton, or one a dose.")  # fmt: skip
    for serial in serials:
        said_twice(seen, ("serials", f"{serial} of lot {lot}"), step, "Serial {}")
    known_as_lot = [s for s in serials if (product.pk, s) in known.lots]
    known_as_serial = [lot.upper()] if (product.pk, lot.upper()) in known.serials else []
    is_lot = [lot] if (product.pk, lot) in known.lots else []
    guarded(
        step, gs1_rules.check_not_swapped, lot, serials, known_lots=known_as_lot + is_lot, known_serials=known_as_serial
    )  # fmt: skip
    there = [serial for serial in serials if (product.pk, lot, serial) in known.devices]
    if there and already_there(facts, known) is None:
        step.fault("serials", f"Serial {there[0]} of this lot is recorded already, with somebody else or in another place.")  # fmt: skip


def already_there(facts, known):
    """The unit that a row with serials means, when every one of them is in it or its like at that place; else None.

    A row without serials means the kit with its seal on, when that is of its lot and at that place.
    """
    product, lot = facts["product"].pk, facts["lot"]
    if not facts["serials"]:
        kit = known.seals.get(facts["seal"])
        same = kit and kit.lot and (kit.lot.product_id, kit.lot.number, kit.holder_id) == (product, lot, facts["place"].pk)  # fmt: skip
        return kit.reference if same else None
    found = [known.devices.get((product, lot, serial)) for serial in facts["serials"]]
    if not found or not all(found) or {holder for _, holder in found} != {facts["place"].pk}:
        return None
    return ", ".join(sorted({f"K-{kit}" for kit, _ in found})[:5])


def guarded(step, check, *args, **facts):
    """Run a rule of the screen; what it says stands at the column that it names."""
    try:
        check(*args, **facts)
    except CustodyError as error:
        columns = {"scan": "code", "lot": "lot", "serials": "serials", "expires_on": "expires_on"}
        step.fault(columns.get(error.field, "lot"), error)


def effect_of(facts, known):
    """“12 new cartons of lot A1 at Cabinet B”, and what else is to be known."""
    count, kind = facts["count"], KINDS[facts["kind"]].lower()
    lot = known.lots.get((facts["product"].pk, facts["lot"]))
    said = f"{count:,} new {kind}{'' if count == 1 else 's'} of lot {facts['lot']} at {facts['place']}"  # fmt: skip
    if facts["seal"]:
        said += f", seal {facts['seal']}"
    if lot and hasattr(lot, "recall"):
        said += ", recalled as its lot is"
    elif facts["condition"] == UNCHECKED:
        said += ", in quarantine"
    agrees = "lot is there, expiry agrees" if lot else f"new lot, expires {show_day(facts['expires_on'])}"  # fmt: skip
    return f"{said}; {facts['product']}; {agrees}"[:300]
