"""How an act reaches the ledger: lock, look for the same request, write the events, read a refusal in words."""

import hashlib
import json
import os

from django.db import DatabaseError, connection
from django.utils import timezone

from naloxone import notices, rules
from naloxone.models import Act, ActNote, CustodyEvent, Holder, Kit, Outcome
from naloxone.rules import STATE_WORDS, CustodyError, State
from safety_portal.people import Canine, Station

REFUSED = "SP100"  # the SQLSTATE of the ledger's trigger


def lock_kits(keys):
    """Lock units in the order of their keys, so that two acts on the same fifty never wait for each other in a ring."""
    with connection.cursor() as cursor:
        cursor.execute("select id from lock_kits(%s)", [sorted(keys)])
        return [row[0] for row in cursor.fetchall()]


def hold_open(holder):
    """Keep a holder from being closed until this act is over. Raises CustodyError when it is closed already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select closed_on from naloxone_holder where id = %s for key share", [holder.pk]
        )
        (closed_on,) = cursor.fetchone()
    rules.check_open(holder.name, closed_on=closed_on, field="receiver")


def known_act(request_key):
    """The act that this form already made: a double click gets the same answer."""
    # Asked by every act and nearly always in vain, so by the shortest way.
    with connection.cursor() as cursor:
        cursor.execute("select id from naloxone_act where request_key = %s", [request_key])
        found = cursor.fetchone()
    return Act.objects.get(pk=found[0]) if found else None


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
        "closed": f"{facts.get('place')} has been closed, so {name} can't be there. Choose another place.",
        "mirror": f"Only the newest event of {name} can be undone, once. Add a note to an older one.",
    }
    state = facts.get("state")
    if facts["problem"] == "move" and state:
        return f"{name} is {STATE_WORDS[State(state)].lower()}; this can't be done with it now."
    return words.get(
        facts["problem"], f"The contents of {name} don't add up; nothing was recorded."
    )


LAPSE = """
update naloxone_handoverline set outcome = %s, reason = 'Moved meanwhile', ended_at = %s
where kit_id = any(%s) and outcome is null and hand_over_id <> all(%s)
returning hand_over_id, kit_id
"""


def lapse_offers(events):
    """A unit that moved takes its open offer with it, unless the move is that offer's own end; the receiver hears."""
    moved = [e.kit_id for e in events]
    own = {e.act.hand_over_id for e in events} - {None}
    with connection.cursor() as cursor:
        cursor.execute(LAPSE, [Outcome.LAPSED.value, timezone.now(), moved, list(own)])
        lapsed = cursor.fetchall()
    if lapsed:
        notices.tell_lapsed(lapsed, now=timezone.now())


def outside(kind):
    """The one holder of a kind that is no place of ours: supplier, missing, destroyed, recipient."""
    return Holder.objects.get(kind=kind)


# A unit with its holder, the holder's dog and its station. Every act reads them, and Django would spend a
# quarter of the act on putting this statement together anew.
READ = (Kit, Holder, Canine, Station)
FIELDS = [[field.attname for field in model._meta.concrete_fields] for model in READ]
FRESH = f"""
select {
    ", ".join(
        f"{model._meta.model_name}.{field.column}"
        for model in READ
        for field in model._meta.concrete_fields
    )
}
from naloxone_kit kit
left join naloxone_holder holder on holder.id = kit.holder_id
left join safety_portal_canine canine on canine.id = holder.canine_id
left join safety_portal_station station on station.id = kit.station_id
where kit.id = any(%s) order by kit.id
"""


def fresh_kits(keys):
    """The units as they stand after the lock, in key order, each with its holder and station."""
    with connection.cursor() as cursor:
        cursor.execute(FRESH, [list(keys)])
        return [whole_unit(list(row)) for row in cursor.fetchall()]


def whole_unit(row):
    """One row of FRESH as objects that know each other."""
    found = []
    for model, fields in zip(READ, FIELDS, strict=True):
        values, row = row[: len(fields)], row[len(fields) :]
        found.append(None if values[0] is None else model.from_db("default", fields, values))
    kit, holder, canine, station = found
    kit.holder, kit.station = holder, station
    if holder:
        holder.canine = canine
    return kit
