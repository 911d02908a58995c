"""What a scanner and a label printer wait for: from a pack's code to the kit's page, and 500 labels as a document."""

import time
from urllib.parse import urlencode

from bench.environment import BenchError, times
from bench.pages import kit_with_history
from bench.web import WARM, Time
from bench.world import busy_station
from naloxone.gs1_rules import gtin_of_ndc
from naloxone.models import Device, Kit

LABELS, SHEETS = 500, 5
SCANS = 60


def pack_code():
    """A maker's code with lot and serial of a dose at the busy station, and the address of the unit it is in."""
    dose = (
        Device.objects.filter(kit__station=busy_station(), serial__gt="")
        .select_related("lot", "kit")
        .order_by("pk")
        .first()
    )
    gtin = gtin_of_ndc("69547-627-02")
    return f"01{gtin}10{dose.lot.number}\x1d21{dose.serial}", dose.kit.get_absolute_url()


def scan(visitor, code, page):
    """Seconds from what the scanner types to the end of the kit's page: the search and the page it leads to."""
    began = time.perf_counter()
    visitor.get(f"/kits/find/?{urlencode({'q': code})}", 302)
    visitor.get(page)
    return time.perf_counter() - began


def scanned(visitor):
    """(name, Time) of our label of the unit with the long history, and of a pack's code."""
    kit = kit_with_history()
    for name, code, page in (
        ("our label", kit.reference, kit.get_absolute_url()),
        ("a pack’s code", *pack_code()),
    ):
        found = [scan(visitor, code, page) for _ in range(WARM + times(SCANS))]
        yield name, Time.of(found[WARM:])


def sheets(visitor):
    """Time of the labels of 500 units, from the form that is sent to the last byte of the document."""
    kits = Kit.objects.filter(station=busy_station()).order_by("pk")[:LABELS]
    facts = visitor.form("/kits/labels/", None) | {
        "kits": "\n".join(kit.reference for kit in kits), "stock": "5160", "first": 1,
    }  # fmt: skip
    found = []
    for _ in range(times(SHEETS)):
        began = time.perf_counter()
        answer = visitor.ask("POST", "/kits/labels/", urlencode(facts).encode())
        found.append(time.perf_counter() - began)
        if not answer.body.startswith(b"%PDF"):
            raise BenchError(f"The labels were answered {answer.status}, not printed.")
    return len(kits), Time.of(found)
