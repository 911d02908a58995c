"""Swaps: serviceable units into a place and the old ones out of it, in one act."""

from django.db import transaction
from django.utils import timezone

from naloxone import ledger, rules
from naloxone.actions import need
from naloxone.actions.custody import check_not_away
from naloxone.actions.stock import begin, open_act_once, tell
from naloxone.rules import CustodyError, EventKind, HolderKind
from safety_portal import access
from safety_portal.access import Permission


@transaction.atomic
def swap_kits(*, place, new, old=(), to=None, occurred_at, note="", why_empty="", request_key, by):
    """Put units into a place and take others out of it to a store, in one act: the new come first. Returns the act.

    Raises CustodyError, AccessError. `why_empty`: where the new ones are the last of another place.
    """
    found, act = begin([*new, *old], request_key)
    if act:
        return act
    need.hold_places(found)
    access.check(by, Permission.CUSTODY_TAKE, at=place.station)
    check_not_away(found)
    rules.check_told(occurred_at, now=timezone.now())
    come = [kit for kit in found if kit.pk in {one.pk for one in new}]
    go = [kit for kit in found if kit not in come]
    for kit in come:
        if kit.holder_id == place.pk:
            raise CustodyError(f"{kit.reference} is already at {place}.", "new")
        need.check_spare(kit, place, now=occurred_at, by=by)
    if not come:
        raise CustodyError("Name the kit that is put in.", "new")
    check_out(go, place, to, by=by)
    leaving = need.check_leaving(come, why=why_empty, now=occurred_at, by=by)
    act = open_act_once(
        request_key=request_key, verb="swap", occurred_at=occurred_at, note=note, by=by
    )
    ledger.write(
        [
            *(ledger.event(act, kit, EventKind.MOVED, place) for kit in come),
            *(ledger.event(act, kit, EventKind.MOVED, to) for kit in go),
        ]
    )
    leaving.record(act, by=by)
    tell("custody.swapped", found, by=by, at=place, to=to or "nowhere")
    return act


def check_out(kits, place, to, *, by):
    """Raise CustodyError, AccessError unless units are at a place and may go to a store."""
    for kit in kits:
        access.check(by, Permission.CUSTODY_GIVE, at=kit.station)
        if kit.holder_id != place.pk:
            raise CustodyError(f"{kit.reference} is not at {place}.", "old")
    if not kits:
        return
    if to is None or to.kind != HolderKind.STORAGE or to.pk == place.pk:
        raise CustodyError("Say to which store the old ones go.", "to")
    access.check(by, Permission.CUSTODY_TAKE, at=to.station)
