"""Who is at risk in each shift, and drills of access: who of which shift had the dose of a place in hand, and how fast."""

from dataclasses import dataclass

from django.db import transaction

from naloxone import notices, readiness_rules, rules
from naloxone.actions.rounds import shift_of
from naloxone.models import AtRisk, Drill, DrillRequest, Holder
from naloxone.readiness_rules import DRILL_WORDS, DrillResult
from naloxone.rules import PLACES, CustodyError
from safety_portal import access, audit
from safety_portal.access import AccessError, Permission
from safety_portal.people import Station
from safety_portal.versions import one_at_a_time


@dataclass(frozen=True)
class InShift:
    """How many people and dogs are at risk in one shift of a day (from 1)."""

    shift: int
    people: int
    dogs: int


@transaction.atomic
def record_at_risk(*, station, place=None, told, source, counted_on, now, request_key, by):
    """Write down how many are at risk (`told`: a list of InShift), at a place or the station as a whole. Returns the rows.

    Zero is a number; a shift that is left out stays as it was. Raises CustodyError.
    """
    access.check(by, Permission.CUSTODY_GIVE, at=station)
    one_at_a_time(f"at risk {station.code}")
    if known := list(AtRisk.objects.filter(request_key=request_key)):
        return known
    if not told:
        raise CustodyError("Say the number of at least one shift.")
    if counted_on > station.today(now):
        raise CustodyError("That day has not come yet.", "counted_on")
    made = AtRisk.objects.bulk_create(
        AtRisk(
            request_key=request_key, station=station, place=place, shift=one.shift, people=one.people,
            dogs=one.dogs, source=source, counted_on=counted_on, by=by, at=now,
        )
        for one in told
    )  # fmt: skip
    said = ", ".join(f"shift {one.shift}: {one.people} people, {one.dogs} dogs" for one in told)
    audit.record(
        "at_risk.recorded", by=by, target=place or station.code, station=station, told=said, source=source
    )  # fmt: skip
    return made


# --- drills ------------------------------------------------------------------------------------------


def may_drill(person, place):
    """Whether a person may drill a place: it is at their own station, or they give from it."""
    return person.station_id == place.station_id or access.may(
        person, Permission.CUSTODY_GIVE, at=place.station_id
    )


def check_drill(place, drilled_by, by):
    """Raise unless the place is one that opens, and the person may say so of whoever did it."""
    if place.kind not in PLACES or not may_drill(by, place):
        raise AccessError(f"{by} may not drill {place}")
    rules.check_open(place.name, closed_on=place.closed_on)
    if drilled_by != by and not access.may(by, Permission.CUSTODY_GIVE, at=place.station_id):
        raise AccessError(f"{by} may not record the drill of {drilled_by}")
    if drilled_by.left_on is not None:
        raise CustodyError(f"{drilled_by} has left.", "drilled_by")


@transaction.atomic
def record_drill(
    *, place, drilled_by, opened, seconds=None, timed=False, unannounced=False, note="", occurred_at, now,
    request_key, by,
):  # fmt: skip
    """Record that somebody had a dose of a place in hand after so many seconds, or not at all. Returns the Drill.

    The shift is the one under way by the station's clock at `occurred_at`. Raises CustodyError, AccessError.
    """
    place = (
        Holder.objects.select_for_update(of=("self",), no_key=True).with_names().get(pk=place.pk)
    )
    check_drill(place, drilled_by, by)
    if known := Drill.objects.filter(request_key=request_key).first():
        return known
    rules.check_told(occurred_at, now=now)
    readiness_rules.check_seconds(seconds, opened=opened)
    readiness_rules.check_no_code(note)
    shift, limit = shift_of(place.station, occurred_at), place.reach_limit
    made = Drill.objects.create(
        request_key=request_key, place=place, station=place.station, drilled_by=drilled_by, by=by,
        occurred_at=occurred_at, shift_on=shift.on, shift=shift.number, unannounced=unannounced,
        access_mode=place.access_mode, seconds=seconds, timed=timed, limit=limit,
        result=readiness_rules.drill_result(seconds, limit=limit), note=note,
    )  # fmt: skip
    audit.record(
        "place.drilled", by=by, target=place, station=place.station, drill=made.reference,
        shift=shift.number, result=DRILL_WORDS[DrillResult(made.result)],
        seconds="none" if seconds is None else seconds, drilled_by=drilled_by.reference,
    )  # fmt: skip
    notices.tell_drill(made, now=now)
    return made


@transaction.atomic
def ask_drill(*, place, shift, due_on, unannounced=True, note="", now, request_key, by):
    """Ask that a place be drilled by a shift (its number) until a day there. Returns the DrillRequest. Raises CustodyError."""
    access.check(by, Permission.CUSTODY_GIVE, at=place.station)
    Station.objects.select_for_update(no_key=True).get(pk=place.station_id)
    if known := DrillRequest.objects.filter(request_key=request_key).first():
        return known
    rules.check_open(place.name, closed_on=place.closed_on)
    readiness_rules.check_no_code(note)
    if due_on < place.station.today(now):
        raise CustodyError("That day has passed.", "due_on")
    if DrillRequest.objects.open().filter(place=place, shift=shift).exists():
        raise CustodyError("Such a drill is asked for already.", "shift")
    made = DrillRequest.objects.create(
        request_key=request_key, place=place, shift=shift, unannounced=unannounced, due_on=due_on,
        note=note, asked_by=by, asked_at=now,
    )  # fmt: skip
    audit.record(
        "drill.asked", by=by, target=place, station=place.station, shift=shift, until=due_on
    )  # fmt: skip
    return made


@transaction.atomic
def call_off_drill(*, request, now, by):
    """Call a drill off that was asked for; called off twice, it is once. Returns it. Raises CustodyError."""
    access.check(by, Permission.CUSTODY_GIVE, at=request.place.station)
    waiting = DrillRequest.objects.open().filter(pk=request.pk)
    if waiting.update(ended_by=by, ended_at=now):
        audit.record(
            "drill.called_off", by=by, target=request.place, station=request.place.station, shift=request.shift
        )  # fmt: skip
    request.refresh_from_db()
    if request.ended_at is None:
        raise CustodyError("It was drilled meanwhile.")
    return request
