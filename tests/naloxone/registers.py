"""Registers that pass, for tests."""

from django.utils import timezone

from naloxone import actions
from naloxone.actions.registers import places_of, recorded_in
from tests.naloxone import make


def right(station, **other):
    """The count of each place as the ledger has it; `other` by the place's name where it differs."""
    places = list(places_of(station))
    recorded = recorded_in(places)
    return {place: other.get(place.name, recorded.get(place.pk, 0)) for place in places}


def passing(outgoing, incoming, *, by=None, now=None, **other):
    """Counted and signed over; it waits for the second count."""
    return actions.hand_over_register(
        station=incoming.station, outgoing=outgoing, incoming=incoming,
        counts=right(incoming.station, **other), proof="password", now=now or timezone.now(),
        request_key=make.key(), by=by or outgoing,
    )  # fmt: skip


def take(waiting, *, now=None, **other):
    return actions.take_register(
        passing=waiting, counts=right(waiting.station, **other), proof="totp",
        now=now or timezone.now(), request_key=make.key(), by=waiting.incoming,
    )  # fmt: skip
