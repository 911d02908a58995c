"""What a station's programme stands on and nothing else says: a decision, an authority, that people are trained."""

from django.db import transaction

from naloxone import readiness_rules
from naloxone.models import ENDS, Authority, ProgrammeDecision, TrainingConfirmation
from naloxone.rules import CustodyError
from safety_portal import access, audit
from safety_portal.access import EVERYWHERE, Permission
from safety_portal.versions import one_at_a_time

KEEP = Permission.PROGRAMMES_KEEP


def check_past(day, station, now, field):
    """Raise CustodyError when something is said to have happened on a day that has not come."""
    if day > station.today(now):
        raise CustodyError("That day has not come yet.", field)


@transaction.atomic
def decide_programme(*, station, should, post, source, decided_on, now, request_key, by):
    """Record that a station should have a programme, or need have none: which post decided it. Returns the row."""
    access.check(by, KEEP, at=station)
    one_at_a_time(f"programme {station.code}")
    if known := ProgrammeDecision.objects.filter(request_key=request_key).first():
        return known
    check_past(decided_on, station, now, "decided_on")
    made = ProgrammeDecision.objects.create(
        request_key=request_key, station=station, should=should, post=post, source=source,
        decided_on=decided_on, by=by, at=now,
    )  # fmt: skip
    said = "should have one" if should else "needs none"
    audit.record(
        "programme.decided", by=by, target=station.code, station=station, decision=said, post=post, source=source
    )  # fmt: skip
    return made


@transaction.atomic
def record_authority(
    *, station=None, component=None, kind, reference, post, since, until=None, now, request_key, by
):
    """Record by what right antagonists are given: at a station, in a component, or (neither) everywhere. Returns the row.

    A later row of the same reference and reach takes the older one's place: so it is prolonged, or ended early.
    """
    access.check(by, KEEP, at=EVERYWHERE if station is None else station)
    one_at_a_time("authorities")
    if known := Authority.objects.filter(request_key=request_key).first():
        return known
    readiness_rules.check_authority(since=since, until=until, needs_end=kind in ENDS)
    made = Authority.objects.create(
        request_key=request_key, station=station, component=component, kind=kind, reference=reference,
        post=post, since=since, until=until, by=by, at=now,
    )  # fmt: skip
    audit.record(
        "authority.recorded", by=by, target=station.code if station else made.where, station=station,
        authority=made, until=until or "no end",
    )  # fmt: skip
    return made


@transaction.atomic
def confirm_training(*, station, record, confirmed_on, now, request_key, by):
    """Say that a station's people are trained, and where the proof lies. Returns the row. Raises CustodyError."""
    access.check(by, KEEP, at=station)
    one_at_a_time(f"programme {station.code}")
    if known := TrainingConfirmation.objects.filter(request_key=request_key).first():
        return known
    check_past(confirmed_on, station, now, "confirmed_on")
    made = TrainingConfirmation.objects.create(
        request_key=request_key, station=station, record=record, confirmed_on=confirmed_on, by=by, at=now
    )  # fmt: skip
    audit.record(
        "training.confirmed", by=by, target=station.code, station=station, record=record, on=confirmed_on
    )  # fmt: skip
    return made
