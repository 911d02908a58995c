"""How an act reaches the ledger: lock, look for the same request, write the events, read a refusal in words."""

import hashlib
import json
import os

from django.db import DatabaseError, connection
from django.utils import timezone

from naloxone.models import Act, ActNote, CustodyEvent, HandOverLine, Holder, Kit, Outcome
from naloxone.rules import STATE_WORDS, CustodyError, State

REFUSED = "SP100"  # the SQLSTATE of the ledger's trigger


def lock_kits(keys):
    """Lock units in the order of their keys, so that two acts on the same fifty never wait for each other in a ring."""
    with connection.cursor() as cursor:
        cursor.execute("select id from lock_kits(%s)", [sorted(keys)])
        return [row[0] for row in cursor.fetchall()]


def known_act(request_key):
    """The act that this form already made: a double click gets the same answer."""
    return Act.objects.filter(request_key=request_key).first()


def open_act(*, request_key, verb, occurred_at, note="", second=None, proof="", hand_over=None, by):
    """Write the header that the events of one act share; the note only as a salted commitment."""
    salt = os.urandom(16)
    act = Act.objects.create(
        request_key=request_key,
        verb=verb,
        by=by,
        second=second,
        proof=proof,
        occurred_at=occurred_at,
        commitment=hashlib.sha256(salt + note.encode()).digest() if note else None,
        hand_over=hand_over,
    )
    if note:
        ActNote.objects.create(act=act, salt=salt, text=note)
    return act


def event(act, kit, kind, destination, state=None, source=None, devices=None, units=None):
    """An unsaved event of a unit as the application expects it; the trigger checks every word of it."""
    return CustodyEvent(
        act=act,
        kit=kit,
        sequence=kit.last_sequence + 1,
        kind=kind,
        source_id=source.pk if source else kit.holder_id,
        destination=destination,
        state=state or kit.state,
        devices=devices,
        units=units,
    )


def write(events):
    """Insert events, at most one a unit, in one statement. Raises CustodyError in words."""
    try:
        CustodyEvent.objects.bulk_create(events)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) != REFUSED:
            raise
        raise CustodyError(in_words(json.loads(error.__cause__.diag.message_detail))) from error
    lapse_offers(events)


def in_words(facts):
    """The trigger's refusal as a sentence; asks no query, the transaction is already broken."""
    name = f"K-{facts['kit']}"
    words = {
        "unknown": f"There is no {name}.",
        "stale": f"{name} has moved meanwhile. Look at its page for what happened, then try again.",
        "holder": f"{name} is with another holder by now. Look at its page for who has it.",
        "future": "This moment is in the future. When did it happen?",
        "empty": f"{name} would be empty.",
    }
    state = facts.get("state")
    if facts["problem"] == "move" and state:
        return f"{name} is {STATE_WORDS[State(state)].lower()}; this can't be done with it now."
    return words.get(
        facts["problem"], f"The contents of {name} don't add up; nothing was recorded."
    )


def lapse_offers(events):
    """A unit that moved takes its open offer with it, unless the move is that offer's own end."""
    moved = [e.kit_id for e in events]
    own = {e.act.hand_over_id for e in events}
    HandOverLine.objects.filter(kit__in=moved, outcome=None).exclude(
        hand_over__in=own - {None}
    ).update(outcome=Outcome.LAPSED, reason="Moved meanwhile", ended_at=timezone.now())


def supplier():
    """The one holder every delivery comes from."""
    return Holder.objects.get(kind="supplier")


def fresh_kits(keys):
    """The units as they stand after the lock, in key order."""
    return list(Kit.objects.filter(pk__in=keys).with_names().order_by("pk"))
