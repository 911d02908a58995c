"""What is known of who is at risk, who opened which place how fast, and what each programme stands on: good and bad of each."""

import datetime as dt

from django.conf import settings

from naloxone import actions
from naloxone.models import AuthorityKind
from safety_portal.access import Role
from safety_portal.people import Component, Station

LAREDO, BADLY_KNOWN, UNKNOWN, UNDRILLED = "2304", "2604", "3801", "LSS-CHICAG"
NIGHT = 3
DIRECTOR = "Executive Director, Office of Field Operations"
DIRECTIVE = "Fictitious Directive 5410-003B, section 6"
# Stations without a programme yet: what was decided of them.
TO_BEGIN = ("2302", "2404", "3004", "2801")
NEED_NONE = ("5203",)
# Seconds by station, place and shift where a drill did not go well; None: it did not open.
BAD = {
    (LAREDO, "Vehicle 12", NIGHT): None, ("2504", "Primary lanes cabinet", 2): 310,
    ("BP-RGV-FALFUR", "Checkpoint cabinet", NIGHT): None,
}  # fmt: skip


def show_readiness(world):
    """Numbers at risk, a par that was lowered, drills, programmes."""
    for code, station in world.stations.items():
        if code != UNKNOWN:
            tell_at_risk(world, station, days_ago=130 if code == BADLY_KNOWN else 40)
        if code != UNDRILLED:
            drill_all(world, station)
    change_numbers(world)
    ask_for_drill(world)
    begin_programmes(world)


# --- who is at risk -------------------------------------------------------------------------------------
def tell_at_risk(world, station, *, days_ago):
    """By shift: a roster of the station, and a part of it at each of its points."""
    moment = world.moment(station, days_ago)
    people = len(world.cast.at(station))
    dogs = sum(one.station_id == station.pk for one in world.cast.canines)
    for place, many, led in [
        (None, people, dogs),
        *((point, 2, 0) for point in world.points[station.code]),
    ]:
        at_risk(world, station, place, moment, [max(many - n, 1) for n in range(3)], led)


def at_risk(world, station, place, moment, people, dogs):
    actions.record_at_risk(
        station=station, place=place, source="Roster of the month",
        told=[actions.InShift(n, number, dogs) for n, number in enumerate(people, 1)],
        counted_on=station.today(moment), now=moment, request_key=world.key(), by=world.coordinator(station),
    )  # fmt: skip


def change_numbers(world):
    """What stays visible for some time: a par that was lowered, and nights with more people."""
    code = "BP-LAR-LAREDN"
    station = world.stations[code]
    [cabinet] = [place for place in world.points[code] if "cabinet" in place.name]
    cabinet.refresh_from_db()
    actions.change_place(
        place=cabinet, version=cabinet.version, par_min=1, why="One lane is closed at night until spring",
        now=world.moment(station, 21), by=world.coordinator(station),
    )  # fmt: skip
    laredo = world.stations[LAREDO]
    at_risk(world, laredo, None, world.moment(laredo, 9), [12, 10, 9], 2)


# --- drills ---------------------------------------------------------------------------------------------
def drill_all(world, station):
    """Each point by each shift, once in the last weeks."""
    people = world.cast.at(station)
    for turn, place in enumerate(world.points[station.code]):
        for shift in range(1, len(settings.SHIFT_STARTS) + 1):
            seconds = BAD.get((station.code, place.name, shift), 25 + 17 * turn + 9 * shift)
            moment = in_shift(world, station, shift, days_ago=4 + 7 * turn + shift)
            actions.record_drill(
                place=place, drilled_by=people[(turn + shift) % len(people)], opened=seconds is not None,
                seconds=seconds, timed=seconds is not None, unannounced=shift == NIGHT,
                note="" if seconds else "The key was not on its hook, and nobody on duty knew where it was",
                occurred_at=moment, now=moment, request_key=world.key(), by=world.supervisor(station),
            )  # fmt: skip


def in_shift(world, station, shift, *, days_ago):
    """An hour into a shift, so many days ago, on the station's clock."""
    day = station.today(world.now) - dt.timedelta(days=days_ago)
    begin = dt.datetime.combine(day, settings.SHIFT_STARTS[shift - 1], station.zone)
    return begin.astimezone(dt.UTC) + dt.timedelta(hours=1)


def ask_for_drill(world):
    """The supervisor of Laredo wants the night shift drilled, unannounced."""
    station = world.stations[LAREDO]
    place = world.points[LAREDO][0]
    actions.ask_drill(
        place=place, shift=NIGHT, due_on=station.today(world.now) + dt.timedelta(days=6),
        note="After the lock was changed", now=world.now - dt.timedelta(hours=3), request_key=world.key(),
        by=world.supervisor(station),
    )  # fmt: skip


# --- programmes -----------------------------------------------------------------------------------------
def begin_programmes(world):
    """Decisions, authorities that hold, end soon or have ended, and who says that people are trained."""
    office = world.cast.in_charge(Role.HEALTH_OFFICE, world.officer.station)
    for codes, should in (((*world.stations, *TO_BEGIN), True), (NEED_NONE, False)):
        for station in Station.objects.filter(code__in=codes).order_by("code"):
            actions.decide_programme(
                station=station, should=should, post=DIRECTOR, source=DIRECTIVE,
                decided_on=station.today(world.now) - dt.timedelta(days=400), now=world.now,
                request_key=world.key(), by=office,
            )  # fmt: skip
    for code, kind, reference, left in (
        ("OFO", AuthorityKind.STANDING_ORDER, "Standing order 2026-04", 190),
        ("USBP", AuthorityKind.AGREEMENT, "Agreement with the county, 2024", -12),
    ):
        component = Component.objects.get(code=code)
        authorise(world, office, kind, reference, left, component=component)
    authorise(
        world, world.coordinator(world.stations[LAREDO]), AuthorityKind.STANDING_ORDER, "Webb County order 17",
        25, station=world.stations[LAREDO],
    )  # fmt: skip
    for code, days_ago in ((LAREDO, 60), ("2504", 120), ("2604", 420), ("1012", 30)):
        station = world.stations[code]
        actions.confirm_training(
            station=station, record="Course 71, administration of an antagonist; list with the training unit",
            confirmed_on=station.today(world.now) - dt.timedelta(days=days_ago), now=world.now,
            request_key=world.key(), by=world.supervisor(station),
        )  # fmt: skip


def authorise(world, by, kind, reference, left, **reach):
    """An authority of a year that ends in so many days."""
    until = world.now.date() + dt.timedelta(days=left)
    actions.record_authority(
        kind=kind, reference=reference, post="Medical Director", since=until - dt.timedelta(days=365),
        until=until, now=world.now, request_key=world.key(), by=by, **reach,
    )  # fmt: skip
