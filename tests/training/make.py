"""Makes protocols for tests, through the actions."""

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from safety_portal import roster
from safety_portal.access import Role, Scope
from tests.naloxone.make import canine, day, grant, key, person, station
from training import actions
from training.rules import Dosing, Kind, Step, Unit

__all__ = [
    "author",
    "canine",
    "card",
    "day",
    "draft",
    "grant",
    "in_force",
    "key",
    "newer",
    "person",
    "station",
    "weigh",
]

STEPS = [Step("Leave the area", 0, "Whoever was exposed"), Step("Wash with soap and water", 10)]
SPRAY = Dosing("Naloxone 4 mg nasal spray", Unit.DEVICE, Decimal(4), Decimal("0.04"), "in the nose")


def author(at=None, *, name="Wren", scope=Scope.EVERYWHERE):
    return person(at, Role.HEALTH_OFFICE, scope=scope, name=name)


def said(kind=Kind.POST_EXPOSURE, **more):
    """What a version says."""
    return {
        "owner_post": "Chief, Occupational Health",
        "source": "NIOSH",
        "starts_on": day(0),
        "review_due_on": day(365),
        "steps": STEPS,
        "dosings": [SPRAY] if kind == Kind.CANINE_DOSE else [],
        "now": timezone.now(),
        "request_key": key(),
    } | more


def draft(by, kind=Kind.POST_EXPOSURE, **more):
    """A protocol's first version, not approved."""
    facts = {"kind": kind, "title": "Fictitious protocol"} | said(kind) | more
    return actions.write_protocol(**facts, by=by)


def newer(version, by, **more):
    """The next version, not approved."""
    kind = Kind(version.protocol.kind)
    facts = {"protocol": version.protocol, "shown": version.number, "what_changed": "Read again"}
    return actions.write_version(**facts | said(kind) | more, by=by)


def in_force(by, kind=Kind.POST_EXPOSURE, *, days_ago=0, **more):
    """An approved version; written and approved so many days ago."""
    then = timezone.now() - dt.timedelta(days=days_ago)
    known = {"now": then, "starts_on": day(-days_ago)} | more
    version = draft(by, kind, **known)
    actions.approve_version(version=version, now=then, by=author(by.station, name="Approver"))
    return again(version)


def again(version):
    return type(version).objects.with_names().get(pk=version.pk)


def weigh(dog, by, kg="31.5", *, on=None):
    return roster.record_weight(
        canine=dog, weight_kg=Decimal(kg), weighed_on=on or day(-1), request_key=key(), by=by
    )


def card(dog, by, now=None):
    return actions.make_dose_card(
        canine=type(dog).objects.get(pk=dog.pk), now=now or timezone.now(), request_key=key(), by=by
    )
