"""Rounds of places: one row a place with what was seen; only a difference makes events and discrepancies."""

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now

from naloxone import ledger, round_rules, rules
from naloxone.actions import discrepancies, life, searches
from naloxone.actions.custody import move_kits
from naloxone.actions.inspections import tell_no_access
from naloxone.models import (
    CustodyEvent,
    DiscrepancyKind,
    DrawnKit,
    Holder,
    Kit,
    KitScan,
    Round,
    RoundResult,
    Search,
    Walk,
)
from naloxone.round_rules import KIND_WORDS, RoundKind, Seen, difference_in_count
from naloxone.rules import PLACES, STOCKED, CustodyError, EventKind, HolderKind, State
from safety_portal import access, audit
from safety_portal.access import AccessError, Permission
from safety_portal.versions import one_at_a_time

K = DiscrepancyKind
chance = secrets.SystemRandom()  # what nobody can foresee


@dataclass(frozen=True)
class Told:
    """What somebody says of one place: what the round is for, what was seen, the seal that is on it if not the recorded one."""

    place: Holder
    kind: RoundKind
    seen: Seen = field(default_factory=Seen)
    seal_seen: str = ""
    note: str = ""


@transaction.atomic
def record_rounds(
    *, told, walk=None, second=None, proof="", at_terminal=False, occurred_at, now, request_key, by
):
    """Record what was seen at places of one station, a row each (`told`: a list of Told). Returns the Walk.

    `walk` goes on with one that is under way. `second` is who proved to be there too, and how. Raises CustodyError.
    """
    places = begin([one.place for one in told])
    station = next(iter(places.values())).station
    access.check(by, Permission.CUSTODY_GIVE, at=station)
    if known := Walk.objects.filter(request_key=request_key).first():
        return known
    rules.check_told(occurred_at, now=now)
    check_places(told, places, station)
    check_second(places.values(), second or (walk and walk.second), by)
    if walk is None:
        walk = begin_walk(
            station, second, proof, at_terminal=at_terminal, occurred_at=occurred_at,
            request_key=request_key, by=by,
        )  # fmt: skip
    check_walk(walk, station, by)
    seen_before = set(Round.objects.filter(walk=walk).values_list("place", flat=True))
    told = [one for one in told if one.place.pk not in seen_before]
    made = write_rounds(walk, told, places, occurred_at)
    for row, one in zip(made, told, strict=True):
        follow(row, one, places[one.place.pk], now=now, by=by)
    differing = [str(row.place) for row in made if row.result == RoundResult.DIFFERS]
    audit.record(
        "round.recorded", by=by, target=walk, station=station, places=len(made),
        differences=", ".join(differing) or "none", second=walk.second or "nobody",
    )  # fmt: skip
    return walk


def begin(places):
    """The places as they are now, this caller alone at them: {key: Holder}. Raises CustodyError."""
    if not places:
        raise CustodyError("Name at least one place.", "places")
    found = Holder.objects.filter(pk__in=[place.pk for place in places], kind__in=PLACES)
    locked = found.select_for_update(of=("self",), no_key=True).select_related("station__region")
    return {place.pk: place for place in locked.order_by("pk")}


def check_places(told, places, station):
    """Raise CustodyError unless the places are open, of one station, and enough was looked at in each."""
    for one in told:
        place = places.get(one.place.pk)
        if place is None or place.station_id != station.pk:
            raise CustodyError(f"{one.place} is not a place of {station}.", "places")
        rules.check_open(place.name, closed_on=place.closed_on)
        round_rules.check_seen(one.seen, kind=one.kind, seal=place.seal)
        if place.seal and one.seen.seal_whole and is_touched(place):
            raise CustodyError(
                f"Kits went into {place} or out of it since it was sealed: its seal says nothing of them. "
                "Count them and put a new seal on it.",
                "seal",
            )


def is_touched(place):
    """Whether a kit came or went since the outer seal was put on: then it answers for nothing."""
    return bool(place.sealed_at) and (
        place_events(place, "source").exists() or place_events(place, "destination").exists()
    )


def place_events(place, end):
    """Events for which somebody had to break its seal, since it was sealed."""
    since = {f"{end}": place, "recorded_at__gt": place.sealed_at}
    found = CustodyEvent.objects.filter(**since)
    return found.exclude(kind__in=[kind.value for kind in rules.UNTOUCHED])


def check_second(places, second, by):
    """Raise CustodyError where policy wants two people and only one is there."""
    wants = [place for place in places if place.two_people]
    if second == by:
        raise CustodyError("The second person must be another than yourself.", "second")
    if wants and second is None:
        raise CustodyError(f"A round of {wants[0]} takes two people: who is with you?", "second")


def check_walk(walk, station, by):
    """Raise unless a walk is one's own, at this station, and not finished."""
    if walk.by_id != by.pk or walk.station_id != station.pk:
        raise AccessError(f"{by} did not begin {walk}")
    if walk.drawn.exists():
        raise CustodyError(f"{walk.reference} is finished. Begin another round.")


def shift_of(station, moment):
    """The shift at a station at a moment (UTC)."""
    return round_rules.shift_at(moment.astimezone(station.zone), settings.SHIFT_STARTS)


def begin_walk(station, second, proof, *, at_terminal, occurred_at, request_key, by):
    shift = shift_of(station, occurred_at)
    return Walk.objects.create(
        request_key=request_key, station=station, by=by, second=second, proof=proof,
        at_terminal=at_terminal, shift_on=shift.on, shift=shift.number, began_at=occurred_at,
    )  # fmt: skip


def expected_at(places):
    """{place key: how many units with doses are recorded there}; one query."""
    rows = Kit.objects.stocked().filter(holder__in=places).order_by().values_list("holder")
    return dict(rows.annotate(n=Count("pk")))


def write_rounds(walk, told, places, occurred_at):
    """One row a place."""
    expected = expected_at(places)
    return Round.objects.bulk_create(
        row_of(walk, one, places[one.place.pk], expected.get(one.place.pk, 0), occurred_at)
        for one in told
    )


def row_of(walk, one, place, expected, occurred_at):
    """The row of one place. Nobody counts what is as recorded; where no seal stands for it, it was seen all the same."""
    seen, right = one.seen, round_rules.is_as_recorded(one.seen, expected=expected)
    return Round(
        walk=walk, place=place, kind=one.kind, occurred_at=occurred_at, seal_recorded=place.seal,
        seal_whole=seen.seal_whole if place.seal else None, seal_seen=one.seal_seen,
        seal_new=seen.seal_new, expected=expected, counted=seen.counted,
        result=RoundResult.RIGHT if right else RoundResult.DIFFERS,
        differences=differences(seen) if seen.names_units else None,
        no_access=seen.no_access, note=one.note,
    )  # fmt: skip


def differences(seen):
    found = {name: sorted(getattr(seen, name)) for name in ("absent", "extra", "damaged")}
    found["short"] = {str(key): doses for key, doses in seen.short.items()}
    return {name: units for name, units in found.items() if units}


# --- what follows a difference -----------------------------------------------------------------------


def follow(row, one, place, *, now, by):
    """What a round of a place brings about: nothing where all is right, but that a search may end."""
    if one.seen.no_access:
        tell_no_access(place, place.station, one.note, now=now, by=by)
        return
    named = (*one.seen.absent, *one.seen.extra)
    if Search.objects.open().filter(kit__holder=place).exists():
        seen = Kit.objects.filter(holder=place).exclude(pk__in=named)
        searches.end_those_seen(seen, now=now, by=by)
    if row.result == RoundResult.DIFFERS:
        tell_of_place(row, one, place, now=now, by=by)
        tell_of_units(row, one, place, now=now, by=by)
    if one.seen.seal_new:  # by the database's clock: what was recorded in this act was before it
        Holder.objects.filter(pk=place.pk).update(seal=one.seen.seal_new, sealed_at=Now())


def tell_of_place(row, one, place, *, now, by):
    """The discrepancies of the place itself: its seal, and a count that named units don't explain."""
    facts = {"place": place, "station": place.station, "owner": by, "now": now, "by": by}
    if one.seen.seal_whole is False:
        told = f"{row.reference}: {place.seal} was recorded, {one.seal_seen or 'broken or gone'}"
        discrepancies.open_once(kind=K.SEAL, told=told, **facts)
    difference = difference_in_count(one.seen, expected=row.expected)
    if difference:
        told = f"{row.reference}: {row.counted:,} counted, {row.expected:,} recorded"
        discrepancies.open_once(kind=K.MORE if difference > 0 else K.FEWER, told=told, **facts)


def tell_of_units(row, one, place, *, now, by):
    """The searches, discrepancies and events of the units that were named."""
    seen = one.seen
    keys = {*seen.absent, *seen.extra, *seen.damaged, *seen.short}
    ledger.lock_kits(keys)
    units = {unit.pk: unit for unit in ledger.fresh_kits(keys)}
    for key in sorted(seen.absent):
        check_there(units[key], place)
        searches.open_search(units[key], told=one.note, found_in=row, now=now, by=by)
    for key in sorted(seen.damaged):
        check_there(units[key], place)
        told = f"{row.reference}: damaged or doubtful. {one.note}"
        open_of(units[key], K.REPLACE, told, now=now, by=by)
    for key, doses in sorted(seen.short.items()):
        check_there(units[key], place)
        tell_short(row, units[key], doses, one.note, now=now, by=by)
    for key in sorted(seen.extra):
        take_in(row, units[key], place, now=now, by=by)


def check_there(unit, place):
    """Raise CustodyError when a unit has left the place since its page was shown."""
    if unit.holder_id != place.pk or unit.state not in STOCKED:
        raise CustodyError(f"{unit.reference} is not recorded at {place} any more. Look once more.")


def open_of(unit, kind, told, *, now, by):
    return discrepancies.open_once(
        kind=kind, kit=unit, station=unit.station, told=told, owner=by, now=now, by=by
    )


def tell_short(row, unit, doses, note, *, now, by):
    """Fewer doses than recorded: somebody opened it."""
    if not 0 <= doses < unit.doses:
        raise CustodyError(f"{unit.reference} has {unit.doses} doses by the record.", "short")
    told = f"{row.reference}: {doses} of {unit.doses} doses. {note}"
    open_of(unit, K.SHORT, told, now=now, by=by)
    if unit.state == State.IN_SERVICE:
        life.record(
            [unit], EventKind.OPENED, verb="open", said="custody.opened", to_state=State.OPENED,
            occurred_at=row.occurred_at, note=told, request_key=key_of(row, "opened", unit), by=by,
        )  # fmt: skip


def take_in(row, unit, place, *, now, by):
    """A unit that is seen here and recorded elsewhere: of a place in one's charge it is moved here, found if it was missing.

    What is recorded with a person stays so: that is theirs to say.
    """
    if unit.holder_id == place.pk:
        raise CustodyError(f"{unit.reference} is recorded here.", "extra")
    facts = {
        "kits": [unit], "occurred_at": row.occurred_at, "note": f"{row.reference}: seen here",
        "request_key": key_of(row, "here", unit), "by": by,
    }  # fmt: skip
    giver = access.may(by, Permission.CUSTODY_GIVE, at=unit.station_id)
    if unit.holder.kind == HolderKind.MISSING:
        life.record_found(where=place, **facts)
    elif unit.holder.kind in PLACES and giver and unit.state in rules.MOVABLE:
        move_kits(place=place, as_found=True, **facts)
    else:
        told = f"{row.reference}: seen at {place}"
        discrepancies.open_once(
            kind=K.STRAY, kit=unit, station=unit.station or place.station, told=told, owner=by, now=now, by=by
        )  # fmt: skip


def key_of(row, what, unit):
    """The request of an event that a round makes; a walk is written once, so its events are."""
    return uuid.uuid5(row.walk.request_key, f"{what} {row.place_id} {unit.pk}")


# --- the end of a round ------------------------------------------------------------------------------


def drawable(walk):
    """Units that may be asked for: of the walk's places, but not behind an outer seal, and not told as absent."""
    rows = list(walk.rounds.filter(no_access=False).select_related("place"))
    open_places = [row.place_id for row in rows if not (row.seal_whole or row.seal_new)]
    absent = [key for row in rows for key in row.keys("absent")]
    found = Kit.objects.stocked().filter(holder__in=open_places).exclude(pk__in=absent)
    return found.order_by("pk")


@transaction.atomic
def finish_walk(*, walk, by):
    """End a walk: the portal chooses kits to be scanned, by chance, and keeps which. Returns the DrawnKits, maybe none."""
    if walk.by_id != by.pk:
        raise AccessError(f"{by} did not begin {walk}")
    one_at_a_time(walk.reference)
    if known := list(walk.drawn.select_related("kit")):
        return known
    found = drawable(walk)
    number = found.count()
    chosen = chance.sample(range(number), min(settings.ROUND_DRAWN, number))
    drawn = DrawnKit.objects.bulk_create(
        DrawnKit(walk=walk, position=position, kit=found[index])
        for position, index in enumerate(chosen, start=1)
    )
    names = ", ".join(one.kit.reference for one in drawn)
    audit.record("round.drawn", by=by, target=walk, station=walk.station, kits=names or "none")
    return drawn


def scan_until(walk):
    """Until when drawn kits may still be scanned; None when none was drawn."""
    first = walk.drawn.order_by("pk").first()
    return first and first.asked_at + dt.timedelta(minutes=settings.ROUND_SCAN_MINUTES)


@transaction.atomic
def scan_drawn(*, walk, codes, now, by):
    """Record which drawn kits were scanned. `codes` is {code: Kit}. Returns the DrawnKits that still wait. Raises CustodyError."""
    access.check(by, Permission.CUSTODY_GIVE, at=walk.station)
    one_at_a_time(walk.reference)
    until = scan_until(walk)
    if until is None or now > until:
        raise CustodyError("The time to scan them is over; it stays written that they were not.")
    return keep_scans(walk.drawn, codes, now=now, by=by)


def keep_scans(drawn, codes, *, now, by):
    """Write which of some drawn kits were scanned, each once. Returns those that still wait. Raises CustodyError."""
    asked = {one.kit_id: one for one in drawn.select_related("kit", "scan")}
    for code, kit in codes.items():
        if kit.pk not in asked:
            raise CustodyError(f"{code} is not one of those asked for.")
    waiting = {key: one for key, one in asked.items() if not hasattr(one, "scan")}
    found = {code: waiting.pop(kit.pk) for code, kit in codes.items() if kit.pk in waiting}
    KitScan.objects.bulk_create(
        KitScan(drawn=one, by=by, code=code, at=now) for code, one in found.items()
    )
    return list(waiting.values())


def kind_due(place, now):
    """What a round of a place is for now: the documented check once its day has come, else the shift's."""
    last = Round.objects.filter(place=place, kind__in=[k.value for k in round_rules.DOCUMENTED])
    newest = last.order_by("-occurred_at").values_list("occurred_at", flat=True).first()
    return kind_after(newest, place.station, now)


def kind_after(newest, station, now):
    """The same, when the newest documented check is known."""
    if newest is None:
        return RoundKind.DOCUMENTED
    due_on = station.today(newest) + dt.timedelta(days=settings.ROUND_DAYS)
    return RoundKind.DOCUMENTED if due_on <= station.today(now) else RoundKind.SHIFT


def words_of(kind):
    return KIND_WORDS[RoundKind(kind)]
