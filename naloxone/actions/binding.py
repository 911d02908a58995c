"""A dose of which nobody knew the kit, and a round that finds one kit short: the one explains the other."""

import uuid
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from naloxone.actions import discrepancies, searches
from naloxone.actions.uses import bind_use
from naloxone.models import (
    ClosingCode,
    DiscrepancyKind,
    Kit,
    Search,
    SearchEnd,
    UseDose,
    UseReport,
)
from naloxone.rules import CustodyError, State


class Explained(NamedTuple):
    """The one use that explains the one kit that a round found short."""

    report: UseReport
    kit: Kit
    doses: list


def explained_by(row):
    """What explains a round's difference, or None: one kit short or absent there, one use from there without a kit."""
    short = (row.differences or {}).get("short", {})
    named = [*row.keys("absent"), *map(int, short)]
    if len(named) != 1:
        return None
    kit = Kit.objects.with_names().get(pk=named[0])
    doses = UseDose.objects.unbound().filter(report__place=row.place_id).select_related("report")
    doses = list(doses.order_by("position")[: kit.doses + 1])
    reports = {dose.report for dose in doses}
    gone = kit.doses - short[str(kit.pk)] if short else len(doses)
    if len(reports) != 1 or len(doses) != gone or gone > kit.doses:
        return None
    return Explained(reports.pop(), kit, doses)


@transaction.atomic
def bind_round(*, row, by):
    """Say that the one use from this place was of the one kit that the round found short: its discrepancy closes.

    Returns Explained. Raises CustodyError when something else happened meanwhile.
    """
    found = explained_by(row)
    if found is None:
        raise CustodyError("Nothing is left to be bound here: look at the use and the kit.")
    now = timezone.now()
    for dose in found.doses:
        key = uuid.uuid5(dose.request_key, f"{row.reference} {dose.position}")
        bind_use(dose=dose, kit=found.kit, now=now, request_key=key, by=by)
    note = f"{found.report.reference}, by {row.reference}"
    discrepancies.close_of(
        [found.kit], DiscrepancyKind.SHORT, code=ClosingCode.USED, note=note, now=now, by=by
    )
    found.kit.refresh_from_db()
    search = Search.objects.open().select_related("station").filter(kit=found.kit).first()
    if search and found.kit.state == State.SPENT:  # emptied: nobody looks for it any more
        searches.end(search, SearchEnd.USED, note=note, now=now, by=by)
    return found
