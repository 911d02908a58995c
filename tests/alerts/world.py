"""A small world for alerts: one station, its coordinator, and kits that are only references."""

import datetime as dt

from safety_portal import access, alerts
from safety_portal.access import Role, Scope
from safety_portal.people import Account, Component, Kind, Person, Region, Station

NOW = dt.datetime(2026, 11, 24, 18, 0, tzinfo=dt.UTC)  # noon at the station
KIND = "test.kit_expiry"


def station(code="LRD"):
    component, _ = Component.objects.get_or_create(code="OFO", name="Field operations")
    region, _ = Region.objects.get_or_create(component=component, name="Laredo field office")
    return Station.objects.create(
        region=region,
        code=code,
        name=f"Port {code}",
        facility_type="land_port",
        state="TX",
        time_zone="America/Chicago",
    )


def person(at, name="Ana", role=None, scope=Scope.STATION, account=True):
    found = Person.objects.create(given_name=name, family_name="Ortiz", station=at, kind="employee")
    if account:
        Account.objects.create(person=found, email=f"{name.lower()}@agency.example")
    if role:
        access.give_grant(
            person=found,
            role=role,
            scope=scope,
            place=at if scope == Scope.STATION else None,
            starts_at=NOW - dt.timedelta(days=400),
            by=Person.objects.get(kind=Kind.PORTAL),
        )
    return found


def known_kind():
    alerts.register_kind(
        alerts.Kind(
            name=KIND,
            title="Kits expire",
            recipients=lambda at, threshold, now: access.holders_of([Role.COORDINATOR], at, now),
            line=lambda found: f"{len(found)} kits, first {found[0].subject}",
            url=lambda found: f"/kits/?code={found[0].subject}",
        )
    )


def due(at, number=12, threshold=30, on=dt.date(2026, 12, 20), group="LRD 2026-12"):
    return alerts.Due(KIND, f"K-{number}", at.pk, on, threshold, group)
