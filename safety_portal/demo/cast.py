"""Who is in the fictitious agency: people, accounts, work, roles and dogs. Every name is plainly invented."""

import csv
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth.hashers import make_password

from safety_portal import access, audit, pins, roster
from safety_portal.access import Role, Scope
from safety_portal.people import Account, Canine, Kind, Person, Station, WorkAssignment

FOLDER = Path(__file__).parent
DOMAIN = "portal.example"
PASSWORD = "demo safety portal 2026"
PINS = {"Alder": "274913", "Birch": "835026"}  # the demo's officer and supervisor, at a counter
NO_ACCOUNT = "-"
BEGAN = 460  # days ago: rights and work start before the first delivery, fourteen months back
# Who has a role nearer to a station answers for it first.
NEAREST = (Scope.STATION, Scope.COMPONENT, Scope.EVERYWHERE)


def rows(name):
    """The rows of one of our lists."""
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@dataclass
class Cast:
    """The agency's people by given name, and where to find who is in charge."""

    people: dict = field(default_factory=dict)
    canines: list = field(default_factory=list)
    roles: list = field(default_factory=list)  # (role, scope, person)

    def at(self, station):
        """Everybody of a station, in the list's order."""
        return [p for p in self.people.values() if p.station_id == station.pk]

    def in_charge(self, role, station):
        """Who has the role for a station: of the station itself, else of its component, else of all."""
        found = [
            (NEAREST.index(scope), person)
            for known, scope, person in self.roles
            if known == role and covers(scope, person, station)
        ]
        return min(found, key=lambda pair: pair[0])[1]


def covers(scope, person, station):
    """Whether a role that a person has for their own station, component or all reaches a station."""
    if scope == Scope.STATION:
        return person.station_id == station.pk
    mine, theirs = person.station.region.component_id, station.region.component_id
    return scope == Scope.EVERYWHERE or mine == theirs


def make_cast(now):
    """Everybody, with accounts of one password, work, dogs, and roles given by the portal's administrator."""
    codes = {row["station"] for row in rows("people")}
    stations = {s.code: s for s in Station.objects.with_names().filter(code__in=codes)}
    listed = rows("people")
    made = Person.objects.bulk_create(
        Person(
            kind=Kind(row["kind"]),
            given_name=row["given_name"],
            family_name=row["family_name"],
            badge=f"D{20100 + number}",
            telephone=f"555-01{number:02}",  # numbers that belong to nobody
            station=stations[row["station"]],
        )
        for number, row in enumerate(listed)
    )
    cast = Cast(people={person.given_name: person for person in made})
    make_accounts(listed, cast, now)
    make_work(listed, cast, now)
    make_canines(cast, now)
    give_roles(listed, cast, now)
    for name, pin in PINS.items():
        pins.set_pin(pin=pin, now=now, by=cast.people[name])
    return cast


def make_accounts(listed, cast, now):
    """One hash for all: it is slow on purpose, and the password is printed anyway."""
    password = make_password(PASSWORD)
    Account.objects.bulk_create(
        Account(
            person=cast.people[row["given_name"]],
            email=address_of(row),
            password=password,
            invited_at=now - dt.timedelta(days=BEGAN),
        )
        for row in listed
        if row["address"] != NO_ACCOUNT
    )
    portal = Person.objects.portal()
    for person in cast.people.values():
        audit.record("person.recorded", by=portal, target=person, station=person.station)


def address_of(row):
    """The given address, else given.family; at a domain that can never exist."""
    name = row["address"] or f"{row['given_name']}.{row['family_name']}".lower()
    return f"{name}@{DOMAIN}"


def make_work(listed, cast, now):
    WorkAssignment.objects.bulk_create(
        WorkAssignment(
            person=cast.people[row["given_name"]],
            role=role,
            started_on=now.date() - dt.timedelta(days=BEGAN + 30 * number),
        )
        for number, row in enumerate(listed)
        for role in row["work"].split()
    )


def make_canines(cast, now):
    today = now.date()
    cast.canines = Canine.objects.bulk_create(
        Canine(
            name=row["name"],
            microchip=f"999{number:012}",  # 999 marks a test transponder
            breed=row["breed"],
            discipline=row["discipline"],
            born_on=today - dt.timedelta(days=30 * int(row["age_months"])),
            weight_kg=row["weight_kg"],
            weighed_on=today - dt.timedelta(days=int(row["weighed_days_ago"])),
            handler=cast.people[row["handler"]],
            station=cast.people[row["handler"]].station,
            veterinarian="On-call veterinarian, Example Animal Hospital",
            veterinarian_telephone="555-0199",
        )
        for number, row in enumerate(rows("canines"), start=1)
    )
    for canine in cast.canines:
        roster.keep_weight(
            canine, kg=canine.weight_kg, weighed_on=canine.weighed_on, by=canine.handler
        )


def give_roles(listed, cast, now):
    """The first administrator has their role from the portal, everybody else from the administrator."""
    wanted = [
        (Role(role), Scope(scope), cast.people[row["given_name"]])
        for row in listed
        for role, scope in (pair.split(":") for pair in row["roles"].split())
    ]
    giver = Person.objects.portal()
    for role, scope, person in sorted(wanted, key=lambda role: role[0] != Role.ADMINISTRATOR):
        access.give_grant(
            person=person,
            role=role,
            scope=scope,
            place=place_of(person, scope),
            starts_at=now - dt.timedelta(days=BEGAN),
            by=giver,
        )
        if role == Role.ADMINISTRATOR:
            giver = person
    cast.roles = wanted


def place_of(person, scope):
    """A person's own station or component, as the scope wants it."""
    station = person.station
    return {Scope.STATION: station, Scope.COMPONENT: station.region.component}.get(scope)


def change_staff(cast, now):
    """What changed since: a role lent for a leave, one that ended, and somebody who left."""
    people = cast.people
    admin, oak = people["Juniper"], people["Oak"]
    day = dt.timedelta(days=1)
    old = access.give_grant(
        person=people["Laurel"],
        role=Role.SUPERVISOR,
        scope=Scope.STATION,
        place=people["Laurel"].station,
        starts_at=now - 400 * day,
        reason="Acting supervisor",
        by=admin,
    )
    access.end_grant(grant=old, reason="New supervisor in place", now=now - 240 * day, by=admin)
    access.lend_role(
        grant=oak.grants.get(role=Role.SUPERVISOR),
        to=people["Olive"],
        starts_at=now - 3 * day,
        ends_at=now + 7 * day,
        reason="Leave",
        by=oak,
    )
    left = people["Aspen"]
    left.left_on = left.station.today(now) - 40 * day
    left.save(update_fields=["left_on"])
    Account.objects.filter(person=left).update(is_active=False)
    audit.record("person.left", by=admin, target=left, station=left.station, on=left.left_on)
