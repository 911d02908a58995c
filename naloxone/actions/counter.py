"""What a giver says at a counter terminal of a receiver who is not there."""

from django.db import transaction

from naloxone.actions.custody import offer_kits
from naloxone.models import HandOver
from safety_portal import audit


@transaction.atomic
def attest_kits(*, kits, receiver, terminal, now, request_key, by):
    """The giver says that the receiver has these units. It stays an open offer: only the receiver accepts.

    Returns the HandOver. Raises CustodyError.
    """
    if known := HandOver.objects.filter(request_key=request_key).first():
        return known
    offer = offer_kits(
        kits=kits,
        receiver=receiver,
        note=f"Attested by {by} at {terminal} ({terminal.reference})",
        now=now,
        request_key=request_key,
        by=by,
    )
    station = terminal.station
    audit.record("hand_over.attested", by=by, target=offer, station=station, of=receiver)
    return offer
