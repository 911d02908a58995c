"""Storage points and vehicles: opened, changed, closed when nothing is in them any more."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from naloxone import rules
from naloxone.models import HandOver, Holder, Kit, ParChange, PlaceType
from naloxone.readiness_rules import check_par_change
from naloxone.rules import GONE, PLACES, CustodyError
from safety_portal import access, audit
from safety_portal.access import Permission
from safety_portal.people import Station
from safety_portal.versions import change_row

WORDS = {
    "place_type": "kind of place", "access_mode": "how it opens", "par_min": "par",
    "seal": "outer seal", "reach_seconds": "seconds to hand", "every_shift": "looked at every shift", "two_people": "a round takes two",
    "outdoors": "out of doors", "overnight": "may stay over night", "sensor": "temperature logger",
}  # fmt: skip


def begin(station, by):
    """The right, and then the only one at it there: a name is looked up before it is written.

    Raises CustodyError when the station is closed.
    """
    access.check(by, Permission.PLACES_KEEP, at=station)
    station = Station.objects.select_for_update(no_key=True).get(pk=station.pk)
    if station.closed_on is not None:
        raise CustodyError(station.closed_words, "station")


def check_name(station, name, but=None):
    """Raise CustodyError when another place in use at the station has the name, whatever the capitals."""
    same = Holder.objects.in_use().filter(station=station, kind__in=PLACES, name__iexact=name)
    if same.exclude(pk=but and but.pk).exists():
        raise CustodyError(f"{station} already has a place of this name.", "name")


@transaction.atomic
def open_place(
    *, kind, name, station, place_type, access_mode, par_min=None, seal="", reach_seconds=None,
    every_shift=None, two_people=False, outdoors=False, overnight=True, sensor="", by,
):  # fmt: skip
    """Open a storage point or vehicle at a station. Returns it. Raises CustodyError when the name is taken there.

    Every place but a storeroom is looked at every shift, unless `every_shift` says otherwise. The same facts again give the same place: the name tells that it is one form sent twice.
    """
    begin(station, by)
    facts = {
        "kind": kind, "name": name, "station": station, "place_type": place_type,
        "access_mode": access_mode, "par_min": par_min, "seal": seal, "two_people": two_people,
        "outdoors": outdoors, "overnight": overnight, "sensor": sensor,
        "reach_seconds": reach_seconds,
        "every_shift": place_type != PlaceType.STOREROOM if every_shift is None else every_shift,
    }  # fmt: skip
    if known := Holder.objects.in_use().filter(**facts).first():
        return known
    check_name(station, name)
    place = Holder.objects.create(**facts, sealed_at=Now() if seal else None)
    audit.record("place.opened", by=by, target=place, station=station, name=name)
    return place


@transaction.atomic
def change_place(*, place, version, why="", now=None, by, **facts):
    """Change a place's name, place_type, access_mode, par_min (kits; None for no par), seal, seconds to hand, what its
    rounds take, or what the weather does to it.

    `why` is asked for where the par is lowered, and kept with it; `now` (UTC) is the present unless it is told.
    Kind and station stand in the ledger and stay. Raises CustodyError, StaleError.
    """
    begin(place.station, by)
    rules.check_open(place.name, closed_on=place.closed_on)
    check_name(place.station, facts.get("name", place.name), but=place)
    resealed = facts.get("seal", place.seal) != place.seal
    old = place.par_min
    if place.version == version:  # else they read first what somebody else wrote
        check_par_change(old, facts.get("par_min", old), why)
    if told := change_row(place, version, facts, WORDS):
        keep_par_change(place, old, why, now=now or timezone.now(), by=by)
        if resealed:
            Holder.objects.filter(pk=place.pk).update(sealed_at=Now())
        audit.record("place.changed", by=by, target=place, station=place.station, **told)
    return place


def keep_par_change(place, old, why, *, now, by):
    """Write down a par that is not what it was: who changed it, when and why."""
    if place.par_min != old:
        ParChange.objects.create(place=place, old=old, new=place.par_min, why=why, by=by, at=now)


def what_keeps_open(place):
    """How many units are in a place, and how many open hand-overs go to it. What is emptied doesn't count."""
    return {
        "kits": Kit.objects.filter(holder=place).exclude(state__in=GONE).count(),
        "offers": HandOver.objects.open().filter(receiver=place).count(),
    }


@transaction.atomic
def close_place(*, place, now, by):
    """Close an empty place on its station's day; sent twice, it closes once. Returns it. Raises CustodyError."""
    access.check(by, Permission.PLACES_KEEP, at=place.station)
    # The full lock: acts that bring something into the place hold a share of it until they are over.
    place = Holder.objects.select_for_update(of=("self",)).with_names().get(pk=place.pk)
    if place.closed_on is not None:
        return place
    rules.check_closable(place.name, **what_keeps_open(place))
    return shut(place, on=place.station.today(now), by=by)


def shut(place, *, on, by):
    """Write down that a place, which the caller has locked and found empty, is closed."""
    Holder.objects.filter(pk=place.pk).update(closed_on=on, version=F("version") + 1)
    place.refresh_from_db(fields=["closed_on", "version"])
    audit.record("place.closed", by=by, target=place, station=place.station, name=place.name)
    return place
