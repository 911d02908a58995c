"""What does not add up: opened with a clock, closed with a code."""

import datetime as dt

from django.db import transaction

from naloxone import notices, rules
from naloxone.models import ClosingCode, Discrepancy
from naloxone.rules import CustodyError
from safety_portal import access, alerts, audit
from safety_portal.access import Permission


def open_once(*, kind, station, kit=None, place=None, told="", owner=None, now, by):
    """Open a discrepancy of a unit or a place, in the caller's act; the one that is open already, if any.

    `owner` sees to it; without one it is the post that answers for the station's stock.
    """
    known = Discrepancy.objects.open().filter(kind=kind, kit=kit, place=place).first()
    if known:
        return known
    made = Discrepancy.objects.create(
        kind=kind, kit=kit, place=place, station=station, told=told[:500], owner=owner, opened_by=by,
        opened_at=now, due_at=now + dt.timedelta(hours=rules.RECONCILE_HOURS),
    )  # fmt: skip
    audit.record("discrepancy.opened", by=by, target=made, station=station, kind=kind)
    return made


def close_of(kits, kind, *, code, note, now, by):
    """Close the open discrepancies of a kind that an act on the units has ended."""
    for found in (
        Discrepancy.objects.open().filter(kit__in=kits, kind=kind).select_related("station")
    ):
        _close(found, code=code, note=note, now=now, by=by)


def _close(found, *, code, note, now, by):
    ended = Discrepancy.objects.filter(pk=found.pk, closed_at=None).update(
        closed_at=now, closed_by=by, closing_code=code, closing_note=note[:500]
    )
    if not ended:
        raise CustodyError(f"{found.reference} was closed meanwhile.")
    alerts.resolve(
        kind=notices.DISCREPANCY, subjects=[found.reference], how=f"Closed: {code}", by=by, now=now
    )
    audit.record("discrepancy.closed", by=by, target=found, station=found.station, code=code)


@transaction.atomic
def close_discrepancy(*, discrepancy, code, note, now, by):
    """Close a discrepancy with its code and a reason. Raises CustodyError, AccessError.

    A missing kit is closed by the act that ends its search: found, or written off.
    """
    access.check(by, Permission.DISCREPANCY_CLOSE, at=discrepancy.station)
    rules.check_reason(note, "note")
    if discrepancy.kind == "missing":
        raise CustodyError("Record that the kit is found, or write it off; that closes this.")
    if code not in ClosingCode.values or code in (ClosingCode.FOUND, ClosingCode.LOST):
        raise CustodyError("Choose how it ended.", "ended")
    _close(discrepancy, code=code, note=note, now=now, by=by)
    return discrepancy


@transaction.atomic
def hand_on(*, discrepancy, to, now, by):
    """Give a discrepancy to somebody who sees to it from now on; they get a mail. Its clock runs on. Raises CustodyError."""
    access.check(by, Permission.DISCREPANCY_CLOSE, at=discrepancy.station)
    if not access.may(to, Permission.CUSTODY_GIVE, at=discrepancy.station):
        raise CustodyError(f"{to} does not answer for stock at {discrepancy.station}.", "to")
    given = Discrepancy.objects.open().filter(pk=discrepancy.pk).update(owner=to)
    if not given:
        raise CustodyError(f"{discrepancy.reference} was closed meanwhile.")
    audit.record(
        "discrepancy.handed_on", by=by, target=discrepancy, station=discrepancy.station, to=to
    )
    if to != by:
        notices.tell_owner(discrepancy, to, now=now)
    return discrepancy
