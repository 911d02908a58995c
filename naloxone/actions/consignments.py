"""Units go from one station to another in a box: sent off, received whole, short or damaged in one act, or called back."""

from django.db import transaction
from django.utils import timezone

from naloxone import ledger, notices, rules
from naloxone.actions import discrepancies, need, orders
from naloxone.actions.custody import check_giver, check_not_offered
from naloxone.actions.life import check_states
from naloxone.actions.stock import named, open_act_once, tell
from naloxone.models import (
    Arrival,
    Consignment,
    ConsignmentLine,
    DiscrepancyKind,
)
from naloxone.rules import PLACES, CustodyError, EventKind, HolderKind, State
from safety_portal import access, audit
from safety_portal.access import Permission


def in_words(consignment):
    """What stands in the custody record of each unit."""
    tracking = f", {consignment.tracking}" if consignment.tracking else ""
    return (
        f"{consignment.reference} to {consignment.destination} by {consignment.carrier}{tracking}"
    )


def check_sendable(kits, destination, by):
    """Raise CustodyError, AccessError unless all units lie in places of one station other than the destination."""
    check_giver(by, kits)
    stations = {kit.station for kit in kits}
    if len(stations) > 1:
        names = ", ".join(sorted(map(str, stations)))
        raise CustodyError(
            f"These are of several stations: {names}. Send one box from each.", "kits"
        )
    if destination in stations:
        raise CustodyError(f"They are at {destination} already.", "destination")
    for kit in kits:
        if kit.holder.kind not in PLACES:
            raise CustodyError(
                f"{kit.reference} is with {kit.holder}: they give it back first.", "kits"
            )
    check_states(kits, rules.STOCKED)
    check_not_offered(kits)


@transaction.atomic
def send_kits(
    *, kits, destination, carrier, tracking="", seal="", instead=None, why_empty="", expected_on,
    occurred_at, note="", request_key, by,
):  # fmt: skip
    """Send units of one station off to another. `expected_on` is a day there. Returns the Consignment.

    The station that sent them answers for them until they are received. What would leave a place with nothing
    that works says why (`why_empty`), or which unit comes `instead`. Raises CustodyError, AccessError.
    """
    kits, spare, _ = need.begin_leaving(kits, instead, request_key)
    if known := Consignment.objects.filter(request_key=request_key).first():
        return known
    check_sendable(kits, destination, by)
    rules.check_told(occurred_at, now=timezone.now())
    if expected_on < destination.today(occurred_at):
        raise CustodyError("It can't be there before it leaves.", "expected_on")
    if destination.closed_on is not None:
        raise CustodyError(f"{destination} is closed.", "destination")
    leaving = need.check_leaving(kits, spare=spare, why=why_empty, now=occurred_at, by=by)
    leaving.put_in(occurred_at=occurred_at, request_key=request_key, by=by)
    made = Consignment.objects.create(
        request_key=request_key, by=by, station=kits[0].station, destination=destination,
        carrier=carrier, tracking=tracking, seal=seal, note=note, sent_at=occurred_at,
        expected_on=expected_on,
    )  # fmt: skip
    act = open_act_once(
        request_key=request_key, verb="send", occurred_at=occurred_at, note=in_words(made), by=by
    )
    away = ledger.outside(HolderKind.IN_TRANSIT)
    ledger.write([ledger.event(act, kit, EventKind.SENT, away) for kit in kits])
    leaving.record(act, by=by)
    ConsignmentLine.objects.bulk_create(ConsignmentLine(consignment=made, kit=kit) for kit in kits)
    notices.tell_sent(made, len(kits), now=timezone.now())
    tell("custody.sent", kits, by=by, consignment=made.reference, to=destination)
    return made


def open_lines(consignment, request_key):
    """(units as they stand, their open lines by unit) after the lock; the units are none when this form was known."""
    keys = consignment.lines.values_list("kit", flat=True)
    ledger.lock_kits(list(keys))
    if Consignment.objects.filter(pk=consignment.pk, ended_key=request_key).exists():
        return [], {}
    lines = {line.kit_id: line for line in consignment.lines.filter(arrival=None)}
    if not lines:
        raise CustodyError(f"{consignment.reference} has been received or called back meanwhile.")
    return ledger.fresh_kits(lines), lines


def end(consignment, lines, *, place, seal_whole, now, request_key, by):
    """Write down how the box and each of its units ended."""
    ConsignmentLine.objects.bulk_update(lines.values(), ["arrival", "reason"])
    consignment.ended_by, consignment.ended_at, consignment.ended_key = by, now, request_key
    consignment.put_into, consignment.seal_whole = place, seal_whole
    consignment.save(update_fields=["ended_by", "ended_at", "ended_key", "put_into", "seal_whole"])


def check_seen(short, damaged, seal_whole, reason):
    """Raise CustodyError when what is told of a box contradicts itself or wants words."""
    if both := sorted(set(short) & set(damaged)):
        raise CustodyError(f"K-{both[0]} can't be damaged and not there.", "reason")
    if (short or damaged or seal_whole is False) and not reason.strip():
        raise CustodyError("Say what was wrong. The sender reads it.", "reason")


def arrive(act, kit, line, place, lost, *, short, damaged):
    """The event by which one unit ends its journey, into a place or `lost`; its line says how."""
    state = State(kit.state)
    # What was emptied on the way is explained by its use, there or not.
    if short and state != State.SPENT:
        line.arrival = Arrival.SHORT
        return ledger.event(act, kit, EventKind.MISSED, lost, state=State.MISSING)
    line.arrival = Arrival.DAMAGED if damaged else Arrival.WHOLE
    state = rules.state_on_arrival(state, damaged=damaged)
    return ledger.event(act, kit, EventKind.ARRIVED, place, state=state)


@transaction.atomic
def receive_consignment(
    *, consignment, place, short=(), damaged=(), reason="", seal_whole=None, order_line=None, now,
    request_key, by,
):  # fmt: skip
    """Receive a box into a store: whole, but for the keys of units that were not there or came damaged.

    Damaged units go on hold; what was not there is missing, with a discrepancy and mail to the sender.
    `reason` says what was seen, and is needed unless all is well. What is whole is counted for `order_line`.
    Returns the Consignment, ended.
    Raises CustodyError, AccessError.
    """
    access.check(by, Permission.CUSTODY_TAKE, at=consignment.destination)
    if place.station_id != consignment.destination_id or place.kind != HolderKind.STORAGE:
        raise CustodyError(f"Choose a place at {consignment.destination}.", "place")
    ledger.hold_open(place)
    kits, lines = open_lines(consignment, request_key)
    if not kits:
        return consignment
    check_seen(short, damaged, seal_whole, reason)
    act = open_act_once(
        request_key=request_key, verb="arrive", occurred_at=now, note=in_words(consignment), by=by
    )
    lost = ledger.outside(HolderKind.MISSING)
    events = [
        arrive(
            act, kit, lines[kit.pk], place, lost, short=kit.pk in short, damaged=kit.pk in damaged
        )
        for kit in kits
    ]
    for line in lines.values():
        line.reason = "" if line.arrival == Arrival.WHOLE else reason[:200]
    ledger.write(events)
    end(
        consignment, lines, place=place, seal_whole=seal_whole, now=now, request_key=request_key,
        by=by,
    )  # fmt: skip
    if order_line:
        whole = [kit for kit in kits if lines[kit.pk].arrival == Arrival.WHOLE]
        orders.count_consignment(line=order_line, consignment=consignment, kits=whole, by=by)
    missing = [kit for kit in kits if lines[kit.pk].arrival == Arrival.SHORT]
    for kit in missing:
        discrepancies.open_once(
            kind=DiscrepancyKind.MISSING, kit=kit, station=kit.station, now=now, by=by,
            told=f"Not in {consignment.reference} when it arrived at {consignment.destination}: {reason}",
        )  # fmt: skip
    broken = sum(line.arrival == Arrival.DAMAGED for line in lines.values())
    if missing or broken or seal_whole is False:
        notices.tell_arrived(consignment, short=len(missing), damaged=broken, now=now)
    audit.record(
        "custody.arrived", by=by, target=consignment, station=consignment.destination,
        kits=named(kits), short=len(missing), damaged=broken,
    )  # fmt: skip
    return consignment


@transaction.atomic
def call_back(*, consignment, place, now, request_key, by):
    """Take a box that never left, or came back, into a store of the sender again. Raises CustodyError, AccessError."""
    access.check(by, Permission.CUSTODY_TAKE, at=consignment.station)
    if place.station_id != consignment.station_id or place.kind != HolderKind.STORAGE:
        raise CustodyError(f"Choose a place at {consignment.station}.", "place")
    ledger.hold_open(place)
    kits, lines = open_lines(consignment, request_key)
    if not kits:
        return consignment
    act = open_act_once(
        request_key=request_key, verb="call_back", occurred_at=now,
        note=f"{in_words(consignment)}, called back", by=by,
    )  # fmt: skip
    ledger.write([ledger.event(act, kit, EventKind.ARRIVED, place) for kit in kits])
    for line in lines.values():
        line.arrival = Arrival.CALLED_BACK
    end(consignment, lines, place=place, seal_whole=None, now=now, request_key=request_key, by=by)
    notices.tell_called_back(consignment, now=now)
    audit.record("consignment.called_back", by=by, target=consignment, station=consignment.station)
    return consignment
