"""The months in which vehicles stand too hot, and the rotation that never empties one of them."""

import uuid
from itertools import count, groupby, islice

from django.db import transaction
from django.db.models import Q

from naloxone import seasons
from naloxone.actions.custody import move_kits
from naloxone.actions.swaps import swap_kits
from naloxone.models import Act, Kit, StationSeason
from naloxone.rules import HolderKind
from naloxone.storage_rules import StorageError
from safety_portal import access, audit
from safety_portal.access import Permission
from safety_portal.versions import one_at_a_time


@transaction.atomic
def set_season(*, station, first_month, last_month, source, by):
    """Note a station's hot months, 1 to 12, or None for none. The newest word counts. Returns it."""
    access.check(by, Permission.PLACES_KEEP, at=station)
    known = seasons.season_of(station)
    told = (first_month, last_month)
    if known and (known.first_month, known.last_month, known.source) == (*told, source):
        return known
    made = StationSeason.objects.create(
        station=station, first_month=first_month, last_month=last_month, source=source, by=by
    )
    said = "none" if first_month is None else f"{first_month} to {last_month}"
    audit.record("season.set", by=by, target=station.code, station=station, months=said)
    return made


@transaction.atomic
def rotate_indoors(*, kits, place, occurred_at, request_key, by):
    """Move kits from vehicles into an indoor place, and as many others out as keep each vehicle at its par, at least one.

    Returns the kits that went out. Raises StorageError when there are not enough of those: then nothing is moved.
    """
    if not kits:
        raise StorageError("Tick the kits that go indoors.", "kits")
    if place.stands_hot:
        raise StorageError(f"{place} is not indoors.", "place")
    one_at_a_time("hot-season rotation")
    if Act.objects.filter(request_key=request_key).exists():
        return went_out(request_key, kits)
    today = place.station.today(occurred_at)
    spare = list(seasons.spare(place, today, but=kits).select_related("station"))
    if place.keeps_ready:
        spare = spare[:-1]  # one stays ready there
    gone, acts = [], iter(keys(request_key))
    ordered = sorted(kits, key=lambda kit: kit.holder_id)
    told = {"occurred_at": occurred_at, "note": "Hot-season rotation", "by": by}
    for _, group in groupby(ordered, key=lambda kit: kit.holder_id):
        leaving = list(group)
        vehicle = leaving[0].holder
        needed = needed_at(vehicle, leaving, today)
        if needed > len(spare):
            raise StorageError(
                f"{vehicle} would be left with fewer than it needs: {needed} from {place} would go there in their place, "
                f"and {len(spare)} can. Untick some, or put kits into {place} first. Nothing was moved.",
                "place",
            )
        chosen, spare = spare[:needed], spare[needed:]
        if chosen:
            swap_kits(
                place=vehicle, new=chosen, old=leaving, to=place, request_key=next(acts), **told
            )
        else:
            move_kits(kits=leaving, place=place, request_key=next(acts), **told)
        gone += chosen
    return gone


def went_out(request_key, kits):
    """The kits that the same request sent out before."""
    acts = islice(keys(request_key), len(kits))
    vehicles = [HolderKind.VEHICLE]
    moved = Q(events__act__request_key__in=list(acts), events__destination__kind__in=vehicles)
    return list(Kit.objects.filter(moved).order_by("pk"))


def keys(request_key):
    """A key for the act of each vehicle: the request's own, and others that follow from it."""
    yield request_key
    yield from (uuid.uuid5(request_key, str(number)) for number in count(1))


def needed_at(vehicle, leaving, today):
    """How many go into a vehicle for those that leave it: up to its par, at least one, never more than left it."""
    before = Kit.objects.filter(holder=vehicle).serviceable(today).count()
    wanted = min(before, max(vehicle.par_min or 0, 1))
    return max(0, wanted - (before - len(leaving)))
