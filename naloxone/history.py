"""What is in a unit and through whose hands it went, as the pages tell it."""

import datetime as dt
from itertools import groupby

from naloxone.models import CustodyEvent, Device
from naloxone.rules import EventKind, State

TOLD_LATE = dt.timedelta(minutes=10)
MOST_EVENTS = 200  # newest; the custody record in full is an export

E = EventKind
TITLES = {
    E.RECEIVED: "Received from the supplier at {destination}",
    E.RELEASED: "Released from quarantine at {destination}",
    E.PARTED: "Doses taken out at {destination}",
    E.ASSEMBLED: "Assembled at {destination}",
    E.MOVED: "Moved from {source} to {destination}",
    E.HANDED_OVER: "Handed over from {source} to {destination}",
    E.WITNESSED: "Handed from {source} to {destination} before a witness",
    E.RETURNED: "Returned from {source} to {destination}",
    E.RECALLED: "Recalled, with {destination}",
}
PROOFS = {"password": "password", "totp": "one-time code", "recovery": "recovery code"}


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


def entries(kit):
    """The custody of a unit for the timeline, newest first; one query."""
    events = (
        CustodyEvent.objects.filter(kit=kit)
        .select_related("source", "destination", "act__by", "act__second", "act__note", "station")
        .defer("devices", "units", "hash", "previous_hash", "lines_hash")
        .order_by("-sequence")[:MOST_EVENTS]
    )
    return [entry(event) for event in events]


def entry(event):
    """One event in words: both ends, who, who else and how they proved it, and when it was told late."""
    act = event.act
    return {
        "title": TITLES[EventKind(event.kind)].format(
            source=event.source, destination=event.destination
        ),
        "at": act.occurred_at,
        "by": act.by,
        "place": event.station,
        "note": act.note.text if hasattr(act, "note") else "",
        "tone": tone(event),
        "extra": second(event) or "",
        "recorded_at": told_late(event),
        "sequence": event.sequence,
    }


def tone(event):
    if event.state == State.RECALLED:
        return "bad"
    return "info" if event.kind in (E.HANDED_OVER, E.WITNESSED) else "quiet"


def second(event):
    """Who else stood by, and how they proved that it was them."""
    act = event.act
    if act.second is None:
        return "Accepted by the receiver" if act.verb == "accept" else ""
    how = PROOFS.get(act.proof, act.proof)
    word = "Witness" if event.kind == E.WITNESSED else "Received by"
    return f"{word}: {act.second}, proved by {how}"


def told_late(event):
    late = event.recorded_at - event.act.occurred_at > TOLD_LATE
    return event.recorded_at if late else None
