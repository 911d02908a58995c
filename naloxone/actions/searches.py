"""A kit that is not where it is recorded: whoever has it by the record looks for it, before it counts as missing."""

import datetime as dt
import uuid

from django.conf import settings
from django.db import transaction

from naloxone import ledger, notices
from naloxone.actions import life
from naloxone.actions.custody import carries, move_kits, offer_kits
from naloxone.models import Search, SearchEnd
from naloxone.rules import CARRIERS, PLACES, STOCKED, CustodyError
from safety_portal import access, alerts, audit
from safety_portal.access import AccessError, Permission
from safety_portal.people import Person

SWEEP = "naloxone.searches"


def answerers(search, now):
    """Whose it is to say where the kit is: who carries it, else who answers for the station's stock."""
    if search.holder.kind in CARRIERS:
        return [search.holder.carrier] if search.holder.carrier.has_account else []
    return notices.in_charge(search.station, None, now)


def may_answer(person, search):
    """Whether it is a person's to answer; a supervisor answers too for who has left or has no account."""
    if carries(search.holder, person):
        return True
    return access.may(person, Permission.CUSTODY_GIVE, at=search.station_id)


def open_search(kit, *, told="", found_in=None, now, by):
    """Open the search for a unit in the caller's act; the one that is open already, if any. Returns it.

    `found_in` is the round that did not find it. Its holder hears of it at once.
    """
    if known := Search.objects.open().filter(kit=kit).first():
        return known
    made = Search.objects.create(
        kit=kit, holder=kit.holder, station=kit.station, round=found_in, told=told[:500],
        opened_by=by, opened_at=now, due_at=now + dt.timedelta(hours=settings.SEARCH_HOURS),
    )  # fmt: skip
    audit.record("search.opened", by=by, target=made, station=made.station, kit=kit.reference)
    people = [person for person in answerers(made, now) if person != by]
    notices.tell_search(made, people, now=now)
    return made


@transaction.atomic
def search_for_kit(*, kit, note="", now, by):
    """Say that a unit is not where it should be, outside a round. Returns the Search. Raises CustodyError."""
    ledger.lock_kits([kit.pk])
    [kit] = ledger.fresh_kits([kit.pk])
    life.check_touch(by, [kit])
    life.check_states([kit], STOCKED)
    return open_search(kit, told=note, now=now, by=by)


def end(search, how, *, note="", now, by):
    """End a search that is still open. Raises CustodyError when it has ended meanwhile."""
    ended = Search.objects.open().filter(pk=search.pk).update(
        end=how, ended_by=by, ended_at=now, note=note[:500]
    )  # fmt: skip
    if not ended:
        raise CustodyError(f"{search.reference} has ended meanwhile.")
    audit.record(
        "search.ended", by=by, target=search, station=search.station, how=SearchEnd(how).label
    )


def end_those_seen(kits, *, now, by):
    """End the open searches of units that were seen where they are recorded. Returns how many."""
    found = list(Search.objects.open().filter(kit__in=kits).select_related("station"))
    for search in found:
        end(search, SearchEnd.HERE, note="Seen in a round", now=now, by=by)
    return len(found)


def begin_answer(search, by):
    """The unit locked and as it is now, if the search is still open and this person's to answer."""
    if not may_answer(by, search):
        raise AccessError(f"{by} has nothing to do with {search.reference}")
    ledger.lock_kits([search.kit_id])
    if Search.objects.get(pk=search.pk).ended_at is not None:
        raise CustodyError(f"{search.reference} has ended meanwhile.")
    [kit] = ledger.fresh_kits([search.kit_id])
    return kit


@transaction.atomic
def answer_search(*, search, how, place=None, note="", now, request_key, by):
    """Say where the unit is: here, found at another place, or really missing. Returns the Search. Raises CustodyError.

    Found at a place, it moves there; what somebody carries is offered to whoever keeps the place, as always.
    """
    if known := Search.objects.filter(pk=search.pk, ended_by=by, end=how).first():
        return known  # sent twice
    kit = begin_answer(search, by)
    if how == SearchEnd.HERE:
        end(search, how, note=note, now=now, by=by)
    elif how == SearchEnd.FOUND:
        take_to(kit, place, note=note, now=now, request_key=request_key, by=by)
        end(search, how, note=note, now=now, by=by)
    elif how == SearchEnd.MISSING:
        life.miss([kit], occurred_at=now, note=note, request_key=request_key, by=by)
    else:
        raise CustodyError("Say where it is.", "how")
    return search


def take_to(kit, place, *, note, now, request_key, by):
    """Record a unit at the place where it was found."""
    if place is None or place.kind not in PLACES:
        raise CustodyError("Say at which place it was found.", "place")
    facts = {"kits": [kit], "note": note, "request_key": request_key, "by": by}
    if kit.holder.kind in CARRIERS:
        offer_kits(receiver=place, now=now, **facts)
    else:
        move_kits(place=place, as_found=True, occurred_at=now, **facts)


# --- nobody answered ---------------------------------------------------------------------------------


def overdue(now):
    return Search.objects.open().filter(due_at__lte=now).order_by("pk")


def end_overdue(now):
    """Searches that nobody answered in time: the kit is missing, by the portal; what has moved meanwhile was there.

    Returns what a sweep tells: looked at, opened, resolved.
    """
    found, missed = list(overdue(now).with_names()), 0
    for search in found:
        with transaction.atomic():
            missed += give_up(search, now)
    return len(found), missed, len(found) - missed


def give_up(search, now):
    """Whether the kit of a search is missing now."""
    portal = Person.objects.portal()
    ledger.lock_kits([search.kit_id])
    if Search.objects.get(pk=search.pk).ended_at is not None:
        return False
    [kit] = ledger.fresh_kits([search.kit_id])
    if kit.state not in STOCKED or kit.holder_id != search.holder_id:
        end(search, SearchEnd.MOVED, now=now, by=portal)
        return False
    note = f"{search.reference}: not where it is recorded, and nobody said where it is"
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"{search.reference} {kit.reference}")
    # Missed when it was not found; what a sweep calls now is later.
    life.miss([kit], occurred_at=search.opened_at, note=note, request_key=key, by=portal)
    Search.objects.filter(pk=search.pk).update(end=SearchEnd.NO_ANSWER)
    return True


alerts.register_sweep(SWEEP, end_overdue)
