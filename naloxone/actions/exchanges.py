"""Old kit for new in one act, the new one first: at the counter, as an offer, or one after the other at a muster."""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from naloxone import exchange_rules, ledger, rules
from naloxone.actions import discrepancies
from naloxone.actions.custody import (
    carries,
    check_giver,
    check_not_away,
    check_not_offered,
    check_receivable,
    event_kind,
    may_answer,
    offer_kits,
)
from naloxone.actions.stock import begin, open_act_once, tell
from naloxone.models import DiscrepancyKind, Exchange, HandOver, Muster
from naloxone.rules import CustodyError, EventKind, HolderKind, State
from safety_portal import access, audit
from safety_portal.access import AccessError, Permission


def begin_pair(new, old, request_key):
    """Lock both: (new, old, known act or None), as they are now."""
    found, act = begin([new, old], request_key)
    units = {kit.pk: kit for kit in found}
    return units[new.pk], units[old.pk], act


def check_pair(new, old, to, *, sure, at, by):
    """Raise CustodyError, AccessError unless `new` may go to who carries `old`, and `old` back to a place (moment in UTC)."""
    exchange_rules.check_old(
        old.reference, holder=str(old.holder), holder_kind=HolderKind(old.holder.kind),
        state=State(old.state),
    )  # fmt: skip
    exchange_rules.check_new(
        new.reference, worth=new.worth(old.station.today(at)), is_same=new.pk == old.pk,
        new_kind=new.kind, old_kind=old.kind,
    )  # fmt: skip
    check_not_away([new])
    check_giver(by, [new])
    check_not_offered([new])
    check_receivable([new], old.holder, at=at)
    if to.kind != HolderKind.STORAGE:
        raise CustodyError(f"{to} is no place that kits are given back to.", "to")
    access.check(by, Permission.CUSTODY_TAKE, at=to.station)
    exchange_rules.check_later(
        new.reference,
        old.reference,
        new_expires=new.expires_on,
        old_expires=old.expires_on,
        sure=sure,
    )


def write_pair(act, kind, new, old, to, muster=None):
    """The new one comes, then the old one goes: at no event its holder holds nothing."""
    receiver = old.holder
    ledger.write(
        [
            ledger.event(act, new, kind, receiver),
            ledger.event(act, old, EventKind.RETURNED, to),
        ]
    )
    Exchange.objects.create(act=act, receiver=receiver, old=old, new=new, muster=muster)


@transaction.atomic
def exchange_here(
    *, new, old, to, second, proof, sure=False, occurred_at, note="", request_key, by
):  # fmt: skip
    """Exchange a unit at the counter: `second` proved in the page that it is them who carries the old one. Returns the act.

    Without an account they can't: then `second` is a witness, and it is never called accepted. `sure`: the new one
    need not expire later. Raises CustodyError, AccessError.
    """
    new, old, act = begin_pair(new, old, request_key)
    if act:
        return act
    rules.check_told(occurred_at, now=timezone.now())
    check_pair(new, old, to, sure=sure, at=occurred_at, by=by)
    receiver = old.holder
    witnessed = receiver.kind == HolderKind.PERSON and not receiver.person.has_account
    if second == by or (witnessed and second.pk == receiver.person_id):
        raise CustodyError("The second person is neither you nor the receiver.", "second")
    if not witnessed and not may_answer(second, receiver):
        raise CustodyError(f"{second} can't accept for {receiver}.", "second")
    act = open_act_once(
        request_key=request_key, verb="exchange", occurred_at=occurred_at, note=note, second=second,
        proof=proof, by=by,
    )  # fmt: skip
    kind = EventKind.WITNESSED if witnessed else event_kind(new, receiver)
    write_pair(act, kind, new, old, to)
    tell(
        "custody.exchanged", [new, old], by=by, receiver=receiver, proof=f"{second} by {proof}", back_to=to
    )  # fmt: skip
    return act


@transaction.atomic
def offer_exchange(*, new, old, to, sure=False, note="", now, request_key, by):
    """Offer a unit in exchange for the one that its receiver carries: acceptance does both. Returns the HandOver."""
    new, old, _ = begin_pair(new, old, request_key)
    if known := HandOver.objects.filter(request_key=request_key).first():
        return known
    check_pair(new, old, to, sure=sure, at=now, by=by)
    return offer_kits(
        kits=[new], receiver=old.holder, replaces={new.pk: old}, returns_to=to, note=note, now=now,
        request_key=request_key, by=by,
    )  # fmt: skip


# --- musters -------------------------------------------------------------------------------------


@transaction.atomic
def open_muster(*, source, back_to, lot="", until=None, second, proof, now, request_key, by):
    """Begin to exchange the units of a lot, or that expire by a day, that people of a station carry. Returns the Muster.

    `second` is the witness, who proved once by `proof`; it stands for settings.MUSTER_MINUTES. Raises CustodyError.
    """
    access.check(by, Permission.CUSTODY_GIVE, at=source.station)
    access.check(by, Permission.CUSTODY_TAKE, at=back_to.station)
    if known := Muster.objects.filter(request_key=request_key).first():
        return known
    exchange_rules.check_muster(lot=lot, until=until)
    if second == by:
        raise CustodyError("The witness is another person than you.", "second")
    if source.station_id != back_to.station_id:
        raise CustodyError(f"{back_to} is at another station than {source}.", "back_to")
    made = Muster.objects.create(
        station=source.station, source=source, back_to=back_to, lot=lot, until=until, witness=second,
        proof=proof, by=by, opened_at=now, due_at=now + dt.timedelta(minutes=settings.MUSTER_MINUTES),
        request_key=request_key,
    )  # fmt: skip
    audit.record(
        "muster.opened", by=by, target=made, station=made.station, what=made.what,
        witness=f"{second} by {proof}",
    )  # fmt: skip
    return made


@transaction.atomic
def exchange_at_muster(*, muster, new, old, sure=False, now, request_key, by):
    """Exchange one person's unit at a muster, before its witness. Returns the act. Raises CustodyError, AccessError."""
    new, old, act = begin_pair(new, old, request_key)
    if act:
        return act
    check_at_muster(muster, old, now=now, by=by)
    check_pair(new, old, muster.back_to, sure=sure, at=now, by=by)
    if new.holder_id != muster.source_id:
        raise CustodyError(f"{new.reference} is with {new.holder}, not in {muster.source}.", "new")
    act = open_act_once(
        request_key=request_key, verb="muster", occurred_at=now, second=muster.witness,
        proof=muster.proof, by=by,
    )  # fmt: skip
    write_pair(act, EventKind.WITNESSED, new, old, muster.back_to, muster)
    tell(
        "custody.exchanged", [new, old], by=by, receiver=old.holder, muster=muster.reference,
        witness=f"{muster.witness} by {muster.proof}",
    )  # fmt: skip
    return act


def check_at_muster(muster, old, *, now, by):
    """Raise CustodyError, AccessError unless a muster of one's own runs and this old unit is among those it exchanges."""
    if by.pk != muster.by_id:
        raise AccessError(f"{muster.reference} is {muster.by}’s")
    if not muster.is_open(now):
        raise CustodyError(f"{muster.reference} is over. Begin another, with the witness’s proof.")
    exchange_rules.check_old(
        old.reference, holder=str(old.holder), holder_kind=HolderKind(old.holder.kind),
        state=State(old.state),
    )  # fmt: skip
    exchange_rules.check_listed(
        old.reference, listed=muster.left().filter(pk=old.pk).exists(), words=muster.what
    )
    exchange_rules.check_people(
        receiver=old.holder.person_id, witness=muster.witness_id, by=muster.by_id
    )


@transaction.atomic
def end_muster(*, muster, now, by):
    """End a muster; who was not there keeps their old unit. Sent twice, it ends once. Returns it."""
    if by.pk != muster.by_id:
        access.check(by, Permission.CUSTODY_GIVE, at=muster.station)
    if Muster.objects.filter(pk=muster.pk, ended_at=None).update(ended_at=now):
        audit.record(
            "muster.ended", by=by, target=muster, station=muster.station,
            exchanged=muster.exchanges.count(), absent=muster.left().count(),
        )  # fmt: skip
    return muster


@transaction.atomic
def say_not_right(*, kit, note, now, by):
    """Say that a unit recorded in one's hands before a witness is not there, or another: a discrepancy. Returns it."""
    if kit.holder is None or not carries(kit.holder, by):
        raise AccessError(f"{by} does not carry {kit.reference}")
    rules.check_reason(note)
    return discrepancies.open_once(
        kind=DiscrepancyKind.HANDS, kit=kit, station=kit.station, told=note, now=now, by=by
    )
