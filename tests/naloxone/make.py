"""Makes kits and all they need, through the actions wherever there is one."""

import datetime as dt
import uuid
from itertools import count
from zoneinfo import ZoneInfo

from django.utils import timezone

from naloxone import actions
from naloxone.actions.custody import holder_of
from naloxone.models import AccessMode, Kit, PlaceType, Product
from safety_portal.access import Grant, Role, Scope
from safety_portal.people import Account, Canine, Component, Kind, Person, Region, Station

numbers = count(1)
ZONE = ZoneInfo("America/Chicago")


def key():
    return uuid.uuid4()


def day(days):
    """A day from now, by the clock of the stations made here: just after midnight UTC it is still yesterday there."""
    return timezone.now().astimezone(ZONE).date() + dt.timedelta(days=days)


def station(name="Laredo", zone=ZONE.key):
    component, _ = Component.objects.get_or_create(code="OFO", name="Office of Field Operations")
    region, _ = Region.objects.get_or_create(component=component, name="Laredo Field Office")
    n = next(numbers)
    return Station.objects.create(
        region=region,
        code=f"T{n}",
        name=f"{name} {n}" if name == "Laredo" else name,
        facility_type="land_port",
        state="TX",
        time_zone=zone,
    )


def person(at=None, *roles, scope=Scope.STATION, name="Robin", account=True):
    """A person with an account and, at their station (or everywhere), the roles."""
    n = next(numbers)
    made = Person.objects.create(
        kind=Kind.EMPLOYEE,
        given_name=name,
        family_name=f"Example{n}",
        badge=f"B{n:05}",
        station=at or station(),
    )
    if account:
        Account.objects.create(person=made, email=f"robin{n}@portal.example")
    for role in roles:
        grant(made, role, scope=scope)
    return made


def grant(to, role, *, scope=Scope.STATION):
    place = {"station": to.station} if scope == Scope.STATION else {}
    return Grant.objects.create(
        person=to,
        role=role,
        scope=scope,
        starts_at=timezone.now() - dt.timedelta(days=1),
        given_by=Person.objects.portal(),
        **place,
    )


def coordinator(at, **facts):
    return person(at, Role.COORDINATOR, **facts)


def canine(handler, name="Fictitious Rex"):
    return Canine.objects.create(
        name=name,
        microchip=f"9000{next(numbers):08}",
        discipline="narcotic",
        station=handler.station,
        handler=handler,
    )


def product(**facts):
    n = next(numbers)
    return Product.objects.create(
        **{
            "name": f"Nasal spray {n}",
            "manufacturer": "Example",
            "antagonist": "naloxone",
            "strength_mg": 4,
            "route": "intranasal",
            "supply": "OTC",
            "devices_per_carton": 2,
            "fact_status": "fictitious",
        }
        | facts
    )


def place(by, name=None, kind="storage"):
    return actions.open_place(
        kind=kind,
        name=name or f"Cabinet {next(numbers)}",
        station=by.station,
        place_type=PlaceType.CABINET,
        access_mode=AccessMode.OPEN,
        par_min=2,
        by=by,
    )


def storeroom(by, name="Storeroom", par=None):
    """Where stock lies that nobody relies on, unless it has a par."""
    return actions.open_place(
        kind="storage", name=name, station=by.station, place_type=PlaceType.STOREROOM,
        access_mode=AccessMode.OPEN, par_min=par, by=by,
    )  # fmt: skip


def delivery(by, at, *, cartons=1, expires_on=None, **facts):
    """The units of a delivery received by a coordinator at a place."""
    act = actions.receive_delivery(
        **{
            "product": facts.pop("product", None) or product(),
            "lot_number": f"LOT{next(numbers)}",
            "expires_on": expires_on or day(400),
            "count": cartons,
            "place": at,
            "occurred_at": timezone.now(),
            "request_key": key(),
            "by": by,
        }
        | facts
    )
    made = Kit.objects.filter(events__act=act, events__kind="received")
    return list(made.with_names().order_by("pk"))


def trainers(by, at, *, count=1):
    """Trainers that a coordinator received at a place."""
    act = actions.receive_trainers(
        what="Spray trainer", count=count, place=at, occurred_at=timezone.now(), request_key=key(), by=by
    )  # fmt: skip
    return list(Kit.objects.filter(events__act=act).with_names().order_by("pk"))


def sealed_kit(by, at, seal="SEAL-{}", occurred_at=None, **facts):
    """One kit with its seal, assembled of a new carton at a place; now, or when it is told."""
    then = occurred_at or timezone.now()
    actions.assemble_kits(
        cartons=delivery(by, at, occurred_at=then, **facts), kind="kit", doses_per_kit=2, place=at,
        seals=[seal.format(next(numbers))], occurred_at=then, request_key=key(), by=by,
    )  # fmt: skip
    return Kit.objects.filter(kind="kit").with_names().latest("pk")


def expired(by, at):
    """A unit that was received in time and has expired since."""
    long_ago = timezone.now() - dt.timedelta(days=90)
    return delivery(by, at, expires_on=day(-3), occurred_at=long_ago)


def holder(of):
    return holder_of(person=of)


def hand(kits, to, *, by):
    """The units in a person's hands, accepted."""
    offer = actions.offer_kits(
        kits=kits, receiver=holder(to), now=timezone.now(), request_key=key(), by=by
    )
    actions.answer_offer(offer=offer, now=timezone.now(), request_key=key(), by=to)
    return list(Kit.objects.filter(pk__in=[k.pk for k in kits]).with_names().order_by("pk"))


# --- readiness -----------------------------------------------------------------------------------------


def at_risk(by, *, people=4, dogs=0, place=None, shifts=(1, 2, 3), counted_on=None, now=None):
    """The number at risk in each shift, at a place or at the person's station."""
    now = now or timezone.now()
    return actions.record_at_risk(
        station=by.station, place=place, told=[actions.InShift(shift, people, dogs) for shift in shifts],
        source="Roster", counted_on=counted_on or by.station.today(now), now=now, request_key=key(), by=by,
    )  # fmt: skip


def drill(place, by, seconds=74, *, at=None, now=None, **facts):
    """A drill of the shift that is on duty at a moment; None for no access."""
    now = now or timezone.now()
    return actions.record_drill(
        place=place, drilled_by=facts.pop("drilled_by", by), opened=seconds is not None, seconds=seconds,
        occurred_at=at or now, now=now, request_key=key(), by=by, **facts,
    )  # fmt: skip


def drilled(place, by, seconds=74, now=None):
    """The place shown to open by each of the three shifts, in the last day."""
    now = now or timezone.now()
    return [
        drill(place, by, seconds, at=now - dt.timedelta(hours=hours), now=now)
        for hours in (0, 8, 16)
    ]


def nothing_to_ask(by, *places):
    """Who is at risk is told, and each shift has shown that it opens the places: nothing of readiness is to be done."""
    at_risk(by, people=0)
    for place in places:
        drilled(place, by)
