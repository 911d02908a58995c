"""The verbs of dogs: recorded, changed, weighed. Their dose of naloxone is worked out from the weight (training)."""

import uuid

from django.db import transaction
from django.db.models import Q

from safety_portal import access, audit
from safety_portal.access import AccessError, Permission
from safety_portal.people import Canine, CanineWeight, PersonError
from safety_portal.roster.people import begin, check_day, check_in_use
from safety_portal.versions import change_row


def canines_seen(person):
    return Canine.objects.filter(access.within(person, Permission.PEOPLE_SEE))


def own_or_seen(person):
    """Dogs that the person leads, or sees with the people of a station."""
    return Canine.objects.filter(Q(handler=person) | access.within(person, Permission.PEOPLE_SEE))


def may_weigh(person, canine):
    """Whether a person records weights of a dog: its handler, and who keeps dogs of its station."""
    return canine.handler_id == person.pk or access.may(
        person, Permission.CANINES_KEEP, at=canine.station_id
    )


def check_canine(*, microchip, handler, weight_kg, weighed_on, born_on, but=None):
    """Raise PersonError unless a dog may stand so: chip of its own, serving handler, weight with a day."""
    if handler is None or handler.left_on is not None or handler.station is None:
        raise PersonError("Choose a handler who serves at a station.", "handler")
    check_in_use(handler.station, "handler")
    if not microchip:
        raise PersonError("Write the chip’s number; it tells dogs of one name apart.", "microchip")
    other = Canine.objects.filter(microchip=microchip).exclude(pk=but and but.pk).first()
    if other:
        raise PersonError(f"This chip is that of {other}, {other.reference}.", "microchip")
    if (weight_kg is None) != (weighed_on is None):
        field = "weighed_on" if weighed_on is None else "weight_kg"
        raise PersonError("A weight and the day it was taken go together.", field)
    if weight_kg is not None and weight_kg <= 0:
        raise PersonError("A weight is more than nothing.", "weight_kg")
    check_day(weighed_on, handler.station, "weighed_on")
    check_day(born_on, handler.station, "born_on")


def keep_weight(canine, *, kg, weighed_on, request_key=None, by):
    """Add a weight; the dog's own columns are its newest. In the caller's act."""
    CanineWeight.objects.create(
        canine=canine, kg=kg, weighed_on=weighed_on, by=by, request_key=request_key or uuid.uuid4()
    )
    Canine.objects.filter(pk=canine.pk).update(weight_kg=kg, weighed_on=weighed_on)


CANINE_WORDS = {
    "weight_kg": "weight in kg", "weighed_on": "weighed on", "born_on": "born on",
    "retired_on": "retired on", "station": "home station",
}  # fmt: skip


@transaction.atomic
def record_canine(
    *, name, microchip, handler, discipline, breed="", born_on=None, weight_kg=None, weighed_on=None,
    veterinarian="", veterinarian_telephone="", by,
):  # fmt: skip
    """Record a dog at its handler's station. The same facts again give the same dog. Raises PersonError."""
    begin(by)
    facts = {
        "name": name, "handler": handler, "discipline": discipline, "breed": breed,
        "born_on": born_on, "weight_kg": weight_kg, "weighed_on": weighed_on,
        "veterinarian": veterinarian, "veterinarian_telephone": veterinarian_telephone,
    }  # fmt: skip
    if microchip and (known := Canine.objects.filter(microchip=microchip, **facts).first()):
        return known
    check_canine(
        microchip=microchip, handler=handler, weight_kg=weight_kg, weighed_on=weighed_on,
        born_on=born_on,
    )  # fmt: skip
    canine = Canine.objects.create(microchip=microchip, station=handler.station, **facts)
    if weight_kg is not None:
        keep_weight(canine, kg=weight_kg, weighed_on=weighed_on, by=by)
    audit.record(
        "canine.recorded", by=by, target=canine, station=canine.station, handler=handler.reference
    )
    return canine


@transaction.atomic
def change_canine(*, canine, version, by, **facts):
    """Change what is known of a dog: name, chip, handler (the station follows), weight with its day, retirement.

    Raises PersonError, StaleError.
    """
    begin(by)
    checked = ("microchip", "handler", "weight_kg", "weighed_on", "born_on")
    wanted = {name: facts.get(name, getattr(canine, name)) for name in checked}
    check_canine(**wanted, but=canine)
    facts["station"] = wanted["handler"].station
    check_day(facts.get("retired_on"), facts["station"], "retired_on")
    told = change_row(canine, version, facts, CANINE_WORDS)
    if canine.weight_kg is not None and told.keys() & {"weight in kg", "weighed on"}:
        keep_weight(canine, kg=canine.weight_kg, weighed_on=canine.weighed_on, by=by)
    if told:
        audit.record("canine.changed", by=by, target=canine, station=canine.station, **told)
    return canine


@transaction.atomic
def record_weight(*, canine, weight_kg, weighed_on, request_key, by):
    """Record what a dog weighed on a day: its handler, or who keeps dogs there. Returns the row. Raises PersonError.

    Not for a day before the newest weight's; what was typed wrongly then is changed by an administrator.
    """
    if not may_weigh(by, canine):
        raise AccessError(f"{by} does not weigh {canine.reference}")
    # Two at once are answered one after the other.
    canine = Canine.objects.select_for_update(of=("self",), no_key=True).get(pk=canine.pk)
    if known := CanineWeight.objects.filter(request_key=request_key, canine=canine, by=by).first():
        return known
    if weight_kg is None or weight_kg <= 0:
        raise PersonError("A weight is more than nothing.", "weight_kg")
    check_day(weighed_on, canine.station, "weighed_on")
    if canine.weighed_on is not None and weighed_on < canine.weighed_on:
        raise PersonError(
            f"It was weighed on {canine.weighed_on:%d %b %Y} already, after this day.", "weighed_on"
        )
    keep_weight(canine, kg=weight_kg, weighed_on=weighed_on, request_key=request_key, by=by)
    audit.record(
        "canine.weighed", by=by, target=canine, station=canine.station, kg=weight_kg, on=weighed_on
    )
    return canine.weights.first()
