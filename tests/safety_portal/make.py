"""Makes people with rights for the tests of the core, through the actions where there is one."""

from itertools import count

from safety_portal import roster
from safety_portal.access import Role, Scope
from safety_portal.people import Discipline, Kind
from tests.naloxone.make import day, grant, key, person, station

__all__ = [
    "administrator",
    "canine",
    "day",
    "facts",
    "grant",
    "key",
    "person",
    "recorded",
    "station",
]

numbers = count(1)


def administrator(at=None):
    return person(at, Role.ADMINISTRATOR, scope=Scope.EVERYWHERE, name="Ada")


def facts(at, **more):
    """What is known of a new person."""
    return {
        "kind": Kind.EMPLOYEE,
        "given_name": "Noa",
        "family_name": "Fictitious",
        "badge": f"N{next(numbers):05}",
        "station": at,
    } | more


def recorded(by, at=None, **more):
    """A person recorded by the administrator, without an account."""
    return roster.record_person(**facts(at or by.station, **more), by=by)


def canine(by, handler, **more):
    known = {
        "name": "Fictitious Rex",
        "microchip": f"9911{next(numbers):08}",
        "handler": handler,
        "discipline": Discipline.NARCOTIC,
    }
    return roster.record_canine(**known | more, by=by)
