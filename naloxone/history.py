"""What is in a unit and through whose hands it went, as the pages tell it."""

import datetime as dt
from itertools import groupby

from django.db.models import TextField, Value
from django.db.models.functions import Cast, Concat, Trim

from naloxone.models import CustodyEvent, Device, Holder
from naloxone.rules import EventKind, State
from safety_portal.people import Person, Station

TOLD_LATE = dt.timedelta(minutes=10)
MOST_EVENTS = 200  # newest; the printed custody record has all

E = EventKind
TITLES = {
    E.RECEIVED: "Received from the supplier at {destination}",
    E.RELEASED: "Released, with {destination}",
    E.PARTED: "Doses taken out at {destination}",
    E.ASSEMBLED: "Assembled at {destination}",
    E.MOVED: "Moved from {source} to {destination}",
    E.HANDED_OVER: "Handed over from {source} to {destination}",
    E.WITNESSED: "Handed from {source} to {destination} before a witness",
    E.RETURNED: "Returned from {source} to {destination}",
    E.SENT: "Sent off from {source}",
    E.ARRIVED: "Arrived at {destination}",
    E.RECALLED: "Recalled, with {destination}",
    E.OPENED: "Opened, with {destination}",
    E.HELD: "Put on hold, with {destination}",
    E.USED: "Given: {doses}, with {destination}",
    E.WASTED: "Wasted: {doses}, with {destination}",
    E.MISSED: "Reported missing; last with {source}",
    E.FOUND: "Found; now with {destination}",
    E.WRITTEN_OFF: "Written off as lost",
    E.DISPOSED: "Disposed of; last with {source}",
    E.PASSED_ON: "Passed on from {source}",
    E.CORRECTED: "No. {undone} undone: with {destination} again",
    E.NOTED: "Note",
}
PROOFS = {
    "password": "password", "totp": "one-time code", "recovery": "recovery code",
    "pin": "badge and PIN",
}  # fmt: skip


def contents(kit):
    """The doses of a unit: [(lot, count, serials)], first expiry first."""
    devices = (
        Device.objects.filter(kit=kit)
        .select_related("lot__product")
        .order_by("lot__expires_on", "lot", "serial", "pk")
    )
    found = []
    for lot, group in groupby(devices, key=lambda device: device.lot):
        doses = list(group)
        found.append((lot, len(doses), [device.serial for device in doses if device.serial]))
    return found


def events_of(kit, *, most=MOST_EVENTS):
    """The newest events of a unit, newest first, each with its act and note. `most` None: all of them."""
    return list(
        CustodyEvent.objects.filter(kit=kit)
        .select_related("act__note")
        .defer("units", "previous_hash", "lines_hash", "act__commitment")
        .order_by("-sequence")[:most]
    )


def entries(events):
    """The custody of a unit for the timeline, in the order of its events; one query."""
    names = names_in(events)
    return [entry(event, names) for event in events]


def names_in(events):
    """Names of the holders, people and stations of events: {("person", key): name}.

    One query of their own, because PostgreSQL takes longer to plan a join of eight tables than to run it.
    """
    keys = {
        Holder: {e.source_id for e in events} | {e.destination_id for e in events},
        Person: {e.act.by_id for e in events} | {e.act.second_id for e in events} - {None},
        Station: {e.station_id for e in events},
    }
    name = Cast("name", TextField())
    told = {Person: Trim(Concat("given_name", Value(" "), "family_name"), output_field=TextField())}
    parts = [
        model.objects.filter(pk__in=wanted).values_list(
            Value(model._meta.model_name, TextField()), "pk", told.get(model, name)
        )
        for model, wanted in keys.items()
    ]
    return {(kind, key): text for kind, key, text in parts[0].union(*parts[1:], all=True)}


def entry(event, names):
    """One event in words: both ends, who, who else and how they proved it, and when it was told late."""
    act = event.act
    return {
        "title": TITLES[EventKind(event.kind)].format(
            source=names["holder", event.source_id],
            destination=names["holder", event.destination_id],
            doses=doses_in_words(event),
            undone=event.sequence - 1,
        ),
        "at": act.occurred_at,
        "by": names["person", act.by_id],
        "place": names["station", event.station_id],
        "note": act.note.text if hasattr(act, "note") else "",
        "tone": tone(event),
        "extra": second(event, names.get(("person", act.second_id))),
        "recorded_at": told_late(event),
        "sequence": event.sequence,
        "hash": bytes(event.hash).hex(),
    }


def title_of(event):
    """One event's title by itself."""
    return entry(event, names_in([event]))["title"]


def doses_in_words(event):
    number = len(event.devices or ())
    return f"{number} dose" if number == 1 else f"{number} doses"


def tone(event):
    if event.state == State.RECALLED or event.kind in (E.MISSED, E.WRITTEN_OFF):
        return "bad"
    if event.kind == E.USED:
        return "good"
    return "info" if event.kind in (E.HANDED_OVER, E.WITNESSED) else "quiet"


def second(event, name):
    """Who else stood by, and how they proved that it was them."""
    if name is None:
        return "Accepted by the receiver" if event.act.verb == "accept" else ""
    how = PROOFS.get(event.act.proof, event.act.proof)
    before = event.kind in (E.WITNESSED, E.DISPOSED, E.PASSED_ON) or event.act.verb == "muster"
    word = "Witness" if before else "Received by"
    return f"{word}: {name}, proved by {how}"


def told_late(event):
    late = event.recorded_at - event.act.occurred_at > TOLD_LATE
    return event.recorded_at if late else None
