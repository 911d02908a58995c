"""Rows of units carried out: what is alike is received by one act, as on the screen.

Rows of one product, lot, expiry, place, day and condition become one receipt (at most MOST_UNITS units), so the ledger
has the events that the screen would have written. A kit is assembled from its carton at once.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import NamedTuple

from django.urls import reverse

from naloxone import actions
from naloxone.import_rules import CHECKED
from naloxone.models import Kit, UnitKind
from naloxone.rules import MOST_UNITS


class Alike(NamedTuple):
    """What rows of one receipt share."""

    place: int
    product: int
    lot: str
    expires_on: dt.date
    kind: str
    condition: str
    occurred_at: dt.datetime | None
    serials: str  # none, carton or dose
    sealed: bool


@dataclass
class Receipt:
    """Rows that become one act."""

    facts: dict
    count: int = 0
    serials: list = field(default_factory=list)
    seals: list = field(default_factory=list)

    def take(self, facts):
        self.count += facts["count"]
        self.serials += facts["serials"]
        self.seals += [facts["seal"]] if facts["seal"] else []


def serials_are(facts):
    """Of what a row's serials are; one a carton is meant where a carton has one dose."""
    if not facts["serials"]:
        return "none"
    of_doses = len(facts["serials"]) != facts["count"] or facts["product"].devices_per_carton == 1
    return "dose" if of_doses else "carton"


def alike(facts):
    return Alike(
        facts["place"].pk, facts["product"].pk, facts["lot"], facts["expires_on"], facts["kind"], facts["condition"],
        facts["occurred_at"], serials_are(facts), bool(facts["seal"]),
    )  # fmt: skip


def receipts_of(steps):
    """The acts that rows become, in the order of their first rows."""
    opened, found = {}, []
    for step in steps:
        key = alike(step.facts)
        receipt = opened.get(key)
        if receipt is None or receipt.count + step.facts["count"] > MOST_UNITS:
            receipt = opened[key] = Receipt(step.facts)
            found.append(receipt)
        receipt.take(step.facts)
    return found


def carry_out(run, steps, progress):
    """Receive, and assemble what is a kit. Returns what was made."""
    made, done = [], 0
    rows = len(steps)
    receipts = receipts_of(steps)
    units = sum(receipt.count for receipt in receipts)
    for number, receipt in enumerate(receipts):
        act = receive(run, receipt, number)
        if receipt.facts["kind"] != UnitKind.CARTON:
            act = assemble(run, receipt, number, act)
        facts = receipt.facts
        made.append({"words": f"{receipt.count:,} of lot {facts['lot']} at {facts['place']}", "url": reverse("naloxone:made", args=[act.pk])})  # fmt: skip
        done += receipt.count
        progress(done * rows // units)
    return made


def key_of(run, number, verb):
    """The request's key of an act: begun anew after a stop, the import asks for the same acts."""
    return uuid.uuid5(run.request_key, f"{verb} {number}")


def receive(run, receipt, number):
    facts = receipt.facts
    serials = {"dose": "serials", "carton": "carton_serials"}.get(serials_are(facts))
    return actions.receive_delivery(
        product=facts["product"],
        lot_number=facts["lot"],
        expires_on=facts["expires_on"],
        count=receipt.count,
        place=facts["place"],
        occurred_at=moment_of(run, facts),
        checked=facts["condition"] == CHECKED,
        supplier_name=f"Imported with {run.reference}",
        request_key=key_of(run, number, "receive"),
        by=run.by,
        **({serials: receipt.serials} if serials else {}),
    )


def moment_of(run, facts):
    return facts["occurred_at"] or run.confirmed_at


def assemble(run, receipt, number, act):
    """Each carton of a receipt becomes a kit with its seal."""
    facts = receipt.facts
    return actions.assemble_kits(
        cartons=list(Kit.objects.filter(events__act=act).order_by("pk")),
        kind=facts["kind"],
        doses_per_kit=facts["product"].devices_per_carton,
        place=facts["place"],
        occurred_at=moment_of(run, facts),
        seals=receipt.seals,
        request_key=key_of(run, number, "assemble"),
        by=run.by,
    )
