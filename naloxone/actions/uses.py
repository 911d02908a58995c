"""Doses that were given. Recording one is never refused for what the ledger says: that is kept as told and flagged."""

import json
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from naloxone import ledger, notices, rules
from naloxone.actions import discrepancies
from naloxone.actions.custody import carries
from naloxone.actions.life import choose_doses, take_doses, touches
from naloxone.actions.stock import open_act_once
from naloxone.models import (
    OUTSIDE,
    ClosingCode,
    CustodyEvent,
    DiscrepancyKind,
    DoseDetail,
    Kit,
    Lot,
    Replacement,
    UseBinding,
    UseDose,
    UseReport,
)
from naloxone.rules import UNBOUND, CustodyError, EventKind, Flag, State
from safety_portal import access, audit, medical
from safety_portal.access import AccessError, Permission

MOST_DOSES = 20
CLINICAL = "use.clinical"


@dataclass(frozen=True)
class Told:
    """Doses of one kit as somebody told them: a unit, or what was typed when there is none of that number."""

    kit: Kit | None = None
    code: str = ""
    doses: int = 1
    lot: Lot | None = None


@transaction.atomic
def record_use(*, told, station, given_at, now, place=None, request_key, by):
    """Record that doses were given. `told` is a list of Told, moments are UTC. Returns the UseReport.

    Whatever the state of a kit, whoever has it and wherever: it is recorded. What fits the ledger takes the
    doses out of their kits at once; the rest is flagged and bound later. Raises CustodyError only for a
    moment in the future or a number of doses that is none.
    """
    access.check(by, Permission.OWN_THINGS, at=access.ANYWHERE)
    keys = [one.kit.pk for one in told if one.kit]
    ledger.lock_kits(keys)
    if known := UseReport.objects.filter(request_key=request_key).first():
        return known
    check_doses(told, given_at, now)
    report = make_report(
        request_key=request_key, by=by, station=station, place=place, given_at=given_at
    )
    units = write_doses(report, told, keys, given_at=given_at, request_key=request_key, now=now)
    tell_of_doses("use.recorded", report, units, by=by)
    notices.tell_used(report, units, now=now)
    return report


@transaction.atomic
def add_doses(*, report, told, given_at, now, request_key, by):
    """Add doses to one's own report within a day, as record_use does. Returns the report. Raises CustodyError."""
    keys = [one.kit.pk for one in told if one.kit]
    ledger.lock_kits(keys)
    if report.doses.filter(request_key=request_key).exists():
        return report
    check_add(by, report, now)
    check_doses(told, given_at, now)
    units = write_doses(report, told, keys, given_at=given_at, request_key=request_key, now=now)
    tell_of_doses("use.dose_added", report, units, by=by)
    if units:
        notices.tell_used(report, units, now=now)
    return report


def check_doses(told, given_at, now):
    """Raise CustodyError for a moment in the future, or no dose or far too many."""
    rules.check_told(given_at, now=now, field="given_at")
    if not 1 <= sum(one.doses for one in told) <= MOST_DOSES:
        raise CustodyError(f"Say how many doses, 1 to {MOST_DOSES}.", "doses")


def tell_of_doses(act, report, units, *, by):
    kits = ", ".join(unit.reference for unit in units)
    audit.record(act, by=by, target=report, station=report.station, kits=kits)


def make_report(**facts):
    try:
        return UseReport.objects.create(**facts)
    except IntegrityError as error:  # the caller's transaction ends with it
        raise CustodyError("This was sent twice at once; the first one counts.") from error


def write_doses(report, told, keys, *, given_at, request_key, now):
    """One row a dose, with what does not fit; those that fit leave their units at once. Returns the units."""
    units = {unit.pk: unit for unit in ledger.fresh_kits(keys)}
    rows = []
    for one in told:
        unit = units.get(one.kit.pk) if one.kit else None
        flags = flags_of(report, one, unit, given_at)
        for n in range(one.doses):
            too_many = unit and n >= unit.doses and not {Flag.EMPTY, Flag.TRAINER} & set(flags)
            rows.append((one, unit, [*flags, Flag.EMPTY] if too_many else flags))
    doses = UseDose.objects.bulk_create(
        UseDose(
            report=report, position=position, given_at=given_at, kit=unit, told_code=one.code,
            lot=one.lot, flags=[flag.value for flag in flags], request_key=request_key,
        )
        for position, (one, unit, flags) in enumerate(rows, start=report.doses.count() + 1)
    )  # fmt: skip
    fitting = {}
    for dose, (_, unit, flags) in zip(doses, rows, strict=True):
        if unit and not UNBOUND & set(flags):
            fitting.setdefault(unit.pk, []).append(dose)
    bind_now(report, fitting, units, given_at=given_at, request_key=request_key, now=now)
    return list(units.values())


def flags_of(report, one, unit, given_at):
    """What does not fit about doses told of one kit."""
    if unit is None:
        if one.code == OUTSIDE:
            return [Flag.OUTSIDE]
        return [Flag.UNKNOWN_KIT if one.code else Flag.UNCLEAR]
    if unit.is_trainer:
        return [Flag.TRAINER]
    received = CustodyEvent.objects.select_related("act").get(kit=unit, sequence=1)
    return rules.use_flags(
        state=State(unit.state),
        expires_on=unit.expires_on,
        given_at=given_at,
        on=report.station.today(given_at),
        received_at=received.act.occurred_at,
        theirs=is_theirs(unit, report),
    )


def is_theirs(unit, report):
    """Whether the record says so: with the writer, or in a place or vehicle of the station."""
    if carries(unit.holder, report.by):
        return True
    return unit.holder.kind in rules.PLACES and unit.station_id == report.station_id


def bind_now(report, fitting, units, *, given_at, request_key, now):
    """Take the doses that fit out of their units: one act, an event a unit."""
    if not fitting:
        return
    act = open_act_once(request_key=request_key, verb="use", occurred_at=given_at, by=report.by)
    events = [
        take_doses(units[key], EventKind.USED, act, pick(units[key], doses))
        for key, doses in fitting.items()
    ]
    ledger.write(events)
    end_searches(events, report, now=now, by=report.by)
    made = {event.kit_id: event for event in events}
    UseBinding.objects.bulk_create(
        UseBinding(dose=dose, event=made[key], by=report.by, bound_at=now)
        for key, doses in fitting.items()
        for dose in doses
    )


def end_searches(events, report, *, now, by):
    """A missing unit whose last dose was given is not searched for any more: the use explains it."""
    emptied = [event.kit for event in events if event.state == State.SPENT]
    discrepancies.close_of(
        emptied, DiscrepancyKind.MISSING, code=ClosingCode.USED,
        note=f"Its last dose was given: {report.reference}", now=now, by=by,
    )  # fmt: skip


def pick(unit, doses):
    """Device keys for doses told of a unit: of the lot named where one was, else the first to expire."""
    return choose_doses(unit, len(doses), lot=doses[0].lot)


# --- later in the shift --------------------------------------------------------------------------


def may_add(person, report, now):
    """Whether a person may still add to a report: its writer, for a day."""
    return report.by_id == person.pk and (now - report.recorded_at).total_seconds() <= (
        medical.OWN_HOURS * 3600
    )


def check_add(by, report, now):
    """Raise AccessError for another's report, CustodyError for one's own that is a day old."""
    if report.by_id != by.pk:
        raise AccessError(f"{by} did not write {report}")
    if not may_add(by, report, now):
        raise CustodyError(
            f"{report.reference} is more than {medical.OWN_HOURS} hours old. "
            "Tell your medical officer what is to be added."
        )


@transaction.atomic
def add_detail(*, dose, given_at, giver, fault, site="", now, by):
    """Add to a dose when exactly, by whom, where and whether the device failed; earlier answers stay. Raises CustodyError."""
    check_add(by, dose.report, now)
    rules.check_told(given_at, now=now)
    made = DoseDetail.objects.create(
        dose=dose, given_at=given_at, giver=giver, site=site, fault=fault, by=by
    )
    audit.record("use.detailed", by=by, target=dose.report, station=dose.report.station)
    return made


@transaction.atomic
def tell_of_person(*, report, facts, now, by):
    """Add the clinical half: who was given it, signs, response, care. Only medical officers read it, and the writer for a day.

    `facts` are the answers by name; empty ones are left out.
    """
    check_add(by, report, now)
    told = {name: value for name, value in facts.items() if value not in ("", None, [])}
    if not told:
        raise CustodyError("Answer at least one question, or leave the page.")
    entry = medical.take_up_medical(
        about=report.reference, topic=CLINICAL, text=json.dumps(told, ensure_ascii=False),
        station=report.station, by=by,
    )  # fmt: skip
    audit.record("use.added", by=by, target=report, station=report.station)
    return entry


@transaction.atomic
def ask_replacement(*, report, now, by):
    """Ask for a kit in place of the used one; asked twice, it is asked once. Returns the Replacement."""
    if report.by_id != by.pk:
        raise AccessError(f"{by} did not write {report}")
    asked, made = Replacement.objects.get_or_create(report=report, defaults={"asked_at": now})
    if made:
        audit.record("replacement.asked", by=by, target=report, station=report.station)
    return asked


@transaction.atomic
def replacement_done(*, report, now, by):
    """Record that the replacement was seen to. Raises CustodyError when it was already, or nobody asked."""
    access.check(by, Permission.CUSTODY_GIVE, at=report.station)
    done = Replacement.objects.filter(report=report, done_at=None).update(done_at=now, done_by=by)
    if not done:
        raise CustodyError(f"The replacement for {report.reference} has been seen to already.")
    audit.record("replacement.done", by=by, target=report, station=report.station)


# --- which kit was it? ---------------------------------------------------------------------------


def may_bind(person, report):
    return access.may(person, Permission.CUSTODY_GIVE, at=report.station_id)


@transaction.atomic
def bind_use(*, dose, kit, now, request_key, by):
    """Say which kit a dose told of came from: the dose leaves it now, as of when it was given. Returns the act.

    Raises CustodyError when the kit holds none any more, or is gone by its record.
    """
    report = dose.report
    access.check(by, Permission.CUSTODY_GIVE, at=report.station)
    ledger.lock_kits([kit.pk])
    if act := ledger.known_act(request_key):
        return act
    [unit] = ledger.fresh_kits([kit.pk])
    if not touches(by, unit) and unit.holder.kind != rules.HolderKind.MISSING:
        raise AccessError(f"{by} has nothing to do with {unit.reference}")
    if dose.told_code == OUTSIDE:
        raise CustodyError("This dose was not of our stock.", "kit")
    if dose.bindings.filter(undone_at=None).exists():
        raise CustodyError("Somebody has said meanwhile which kit it was.", "kit")
    if unit.state not in (*rules.STOCKED, *rules.LOST):
        said = rules.STATE_WORDS[State(unit.state)].lower()
        raise CustodyError(
            f"{unit.reference} is {said}; no dose of it can have been this one.", "kit"
        )
    act = open_act_once(request_key=request_key, verb="bind", occurred_at=dose.given_at, by=by)
    event = take_doses(unit, EventKind.USED, act, pick(unit, [dose]))
    ledger.write([event])
    end_searches([event], report, now=now, by=by)
    UseBinding.objects.create(dose=dose, event=event, by=by, bound_at=now)
    audit.record("use.bound", by=by, target=report, station=report.station, kit=unit.reference)
    return act
