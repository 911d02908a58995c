"""The other half of an exchange: what comes back when a unit that replaces it is taken."""

from naloxone import exchange_rules, ledger
from naloxone.models import Exchange
from naloxone.rules import EventKind


def units_named(lines):
    """Keys of all units that lines of an offer are about: those offered, and those they replace."""
    return {line.kit_id for line in lines} | {line.replaces_id for line in lines} - {None}


def check_back(lines, units, receiver):
    """Raise CustodyError unless the receiver still has each unit that is replaced."""
    for line in lines:
        if line.replaces_id is not None:
            exchange_rules.check_back(
                f"K-{line.replaces_id}",
                f"K-{line.kit_id}",
                holder_is_receiver=units[line.replaces_id].holder_id == receiver.pk,
                receiver=str(receiver),
            )


def back_events(act, lines, units):
    """The events by which what is replaced goes back; written after those by which the new ones come."""
    return [
        ledger.event(act, units[line.replaces_id], EventKind.RETURNED, line.returns_to)
        for line in lines
        if line.replaces_id is not None
    ]


def keep_pairs(act, lines, receiver):
    """Which unit was taken for which."""
    for line in lines:
        if line.replaces_id is not None:
            Exchange.objects.create(
                act=act, receiver=receiver, old_id=line.replaces_id, new_id=line.kit_id
            )
