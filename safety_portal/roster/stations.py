"""The verbs of stations: recorded, changed, and closed once nobody and nothing is left there."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.urls import reverse

from safety_portal import access, audit, terminals
from safety_portal.access import Grant, Permission
from safety_portal.geography import STATES
from safety_portal.people import (
    STATION_CODE,
    Canine,
    FacilityType,
    Person,
    PersonError,
    Station,
)
from safety_portal.roster.people import begin
from safety_portal.terminals import Terminal
from safety_portal.versions import change_row

WORDS = {"facility_type": "kind", "time_zone": "time zone"}


def stations_seen(person):
    """Stations where the person may see people, closed ones too: records lead to them."""
    return access.stations_where(person, Permission.PEOPLE_SEE)


# --- what other apps say to a closing ------------------------------------------------------------


@dataclass(frozen=True)
class Hindrance:
    """What keeps a station open: how many of what, and what is done about it first.

    `link` and `url` lead to where one does it; without, or for who may not open it, it is others' to do.
    """

    text: str
    link: str = ""
    url: str = ""


@dataclass(frozen=True)
class Closing:
    """An app's part in closing a station; the core asks, because it imports no app."""

    keeps_open: Callable  # station → Hindrances
    follows: Callable  # station → sentences: what is done along with it
    close: Callable  # (station, on=, by=): locks, looks again (PersonError), and does that


closings: list[Closing] = []


def register_closing(closing):
    """Let an app have a say; each app's closing.py calls this when the portal starts."""
    if closing not in closings:
        closings.append(closing)


def what_keeps_open(station):
    """Hindrances: people who serve there, dogs, and what each app names."""
    if people := Person.objects.serving().at([station]).count():
        who = "1 person serves" if people == 1 else f"{people:,} people serve"
        yield Hindrance(
            f"{who} at {station}: give them another home station, or record that they left.",
            f"People at {station}",
            f"{reverse('people')}?station={station.code}",
        )
    if dogs := Canine.objects.serving().filter(station=station).count():
        yield Hindrance(
            f"1 dog stands at {station}: give it a handler elsewhere, or record that it is retired."
            if dogs == 1
            else f"{dogs:,} dogs stand at {station}: give them handlers elsewhere, or record that "
            "they are retired.",
            f"Dogs at {station}",
            f"{reverse('station', args=[station.code])}#dogs",
        )
    for closing in closings:
        yield from closing.keeps_open(station)


def roles_for(station, now):
    """Grants that hold, or will, for this station alone."""
    return Grant.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), station=station)


def what_follows(station, now):
    """Sentences: what closing does besides."""
    if roles := roles_for(station, now).count():
        yield (
            f"1 role given for {station} alone ends."
            if roles == 1
            else f"{roles:,} roles given for {station} alone end."
        )
    if browsers := Terminal.objects.in_use().filter(station=station).count():
        yield (
            "The counter terminal there is revoked."
            if browsers == 1
            else f"The {browsers:,} counter terminals there are revoked."
        )
    for closing in closings:
        yield from closing.follows(station)


# --- verbs ---------------------------------------------------------------------------------------


def check_station(*, name, region, facility_type, state, time_zone):
    """Raise PersonError unless a station may stand so."""
    if not name:
        raise PersonError("Write the station’s name.", "name")
    if region is None:
        raise PersonError("Choose the region from the list.", "region")
    if facility_type not in FacilityType.values:
        raise PersonError("Choose what kind of station it is.", "facility_type")
    if state not in STATES:
        raise PersonError("Choose the state or territory from the list.", "state")
    if time_zone not in available_timezones():
        raise PersonError("This is no time zone that is known here.", "time_zone")


def check_code(code):
    """Raise PersonError unless a code can be a new station’s."""
    if not re.fullmatch(STATION_CODE, code):
        raise PersonError(
            "A code is made of capitals, digits and single hyphens, such as 2304 or OS-HOU.", "code"
        )
    if other := Station.objects.filter(code=code).first():
        closed = ", which is closed" if other.closed_on else ""
        raise PersonError(f"{code} is the code of {other}{closed}.", "code")


@transaction.atomic
def record_station(*, code, by, **facts):
    """Record a station: name, region, facility_type, state, time_zone, and a code that stays. Raises PersonError.

    The same facts again give the same station: the code tells that it is one form sent twice.
    """
    begin(by)
    check_station(**facts)
    if known := Station.objects.in_use().filter(code=code, **facts).first():
        return known
    check_code(code)
    station = Station.objects.create(code=code, **facts)
    audit.record(
        "station.recorded", by=by, target=code, station=station, name=station.name,
        region=station.region,
    )  # fmt: skip
    return station


@transaction.atomic
def change_station(*, station, version, by, **facts):
    """Change a station’s name, region, facility_type, state or time_zone. Raises PersonError, StaleError.

    The code stays, because the audit and addresses name the station by it. So does the component:
    regions pass stations on, chains of command don’t.
    """
    begin(by)
    if station.closed_on is not None:
        raise PersonError(station.closed_words)
    names = ("name", "region", "facility_type", "state", "time_zone")
    check_station(**{name: facts.get(name, getattr(station, name)) for name in names})
    component = station.region.component
    if facts.get("region", station.region).component_id != component.pk:
        raise PersonError(f"{station} stays in the {component}: choose a region of it.", "region")
    if told := change_row(station, version, facts, WORDS):
        audit.record("station.changed", by=by, target=station.code, station=station, **told)
    return station


@transaction.atomic
def close_station(*, station, reason, now, by):
    """Close a station on its own day. Roles for it alone end, and each app closes what is its own there.

    Sent twice, it closes once. Raises PersonError: somebody or something is still there.
    """
    begin(by)
    # Who opens a place there takes the same lock; it leaves foreign keys alone, so custody goes on meanwhile.
    station = Station.objects.select_for_update(no_key=True).get(pk=station.pk)
    if station.closed_on is not None:
        if station.closing_reason == reason:
            return station
        raise PersonError(station.closed_words)
    if found := [hindrance.text for hindrance in what_keeps_open(station)]:
        raise PersonError(" ".join(found))
    on = station.today(now)
    for closing in closings:
        closing.close(station, on=on, by=by)
    terminals.end_terminals(station, now=now, by=by)
    ended = roles_for(station, now).update(ends_at=Greatest(F("starts_at"), now), ended_by=by)
    access.forget(by)
    Station.objects.filter(pk=station.pk).update(
        closed_on=on, closing_reason=reason, version=F("version") + 1
    )
    station.refresh_from_db()
    audit.record(
        "station.closed", by=by, target=station.code, station=station, on=on, reason=reason,
        roles_ended=ended,
    )  # fmt: skip
    return station
