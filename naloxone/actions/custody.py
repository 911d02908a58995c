"""Units pass from hand to hand: offer and answer, both at the counter, moves between places."""

import datetime as dt
import uuid

from django.db import transaction
from django.utils import timezone

from naloxone import ledger, need_rules, rules
from naloxone.actions import need, returns
from naloxone.actions.stock import begin, open_act_once, tell
from naloxone.models import HandOver, HandOverLine, Holder, Kit, Outcome, PlaceType
from naloxone.rules import CARRIERS, CustodyError, EventKind, HolderKind, State
from safety_portal import access, audit
from safety_portal.access import AccessError, Permission
from safety_portal.people import Canine, Person


def carries(holder, person):
    """Whether this person is the holder, or leads the dog that is."""
    return holder.person_id == person.pk or (
        holder.canine is not None and holder.canine.handler_id == person.pk
    )


def holder_of(*, person=None, canine=None):
    """The holder row of a person or canine team, made at the first hand-over.

    It follows them to another station: what they take from now on counts there. What they hold
    already counts there from its next event on, because an event's station is part of the ledger.
    """
    who = person or canine
    holder, _ = Holder.objects.get_or_create(
        **{"person": person} if person else {"canine": canine},
        defaults={
            "kind": HolderKind.PERSON if person else HolderKind.CANINE_TEAM,
            "name": who.name,
            "station": who.station,
        },
    )
    if (holder.station_id, holder.name) != (who.station_id, who.name):
        holder.station, holder.name = who.station, who.name
        holder.save(update_fields=["station", "name"])
    return holder


def holder_for(thing):
    """The holder row of a person, a dog or a place."""
    if isinstance(thing, Person):
        return holder_of(person=thing)
    return holder_of(canine=thing) if isinstance(thing, Canine) else thing


def may_hand_on(person, kit):
    """Whether a person carries a unit, or may give from the place where it is. What others carry only they hand on."""
    if kit.holder is None:
        return False
    if carries(kit.holder, person):
        return True
    at_place = kit.holder.kind not in CARRIERS
    return at_place and access.may(person, Permission.CUSTODY_GIVE, at=kit.station_id)


def check_not_away(kits):
    """Raise CustodyError for a unit that is on its way to another station."""
    for kit in kits:
        if kit.holder is not None and kit.holder.kind == HolderKind.IN_TRANSIT:
            raise CustodyError(
                f"{kit.reference} is on its way to another station; it is received there first.",
                "kits",
            )


def check_not_offered(kits):
    """Raise CustodyError for a unit that waits for somebody's answer."""
    taken = HandOverLine.objects.filter(kit__in=kits, outcome=None).select_related(
        "hand_over__receiver"
    )
    for line in taken:
        raise CustodyError(
            f"K-{line.kit_id} is already offered to {line.hand_over.receiver} "
            f"({line.hand_over.reference}). Withdraw that first.",
            "kits",
        )


def check_giver(by, kits):
    """`by` carries each unit, or may give from the place where it is.

    Raises AccessError; CustodyError, naming the holder, when a unit is in somebody else's hands.
    """
    check_not_away(kits)
    for kit in kits:
        if kit.holder is not None and carries(kit.holder, by):
            continue
        access.check(by, Permission.CUSTODY_GIVE, at=kit.station)
        if kit.holder.kind in CARRIERS:
            raise CustodyError(
                f"{kit.reference} is with {kit.holder} now. Only they can hand it on.", "kits"
            )


def check_receivable(kits, receiver, *, at):
    """Raise CustodyError unless each unit may go to this receiver (moment in UTC)."""
    day = receiver.station.today(at)
    for kit in kits:
        if kit.holder_id == receiver.pk:
            raise CustodyError(f"{kit.reference} is already with {receiver}.", "receiver")
        if receiver.kind != HolderKind.STORAGE:  # back into a store goes whatever it has become
            rules.check_issuable(
                kit.reference, state=State(kit.state), expires_on=kit.expires_on, on=day
            )
        elif kit.state not in rules.MOVABLE:
            said = rules.STATE_WORDS[State(kit.state)].lower()
            raise CustodyError(f"{kit.reference} is {said}.", "kits")


def may_answer(person, receiver):
    """Whether a person may accept for this holder: themselves, their dog, or a place in their charge."""
    if receiver.kind in CARRIERS:
        return carries(receiver, person)
    return access.may(person, Permission.CUSTODY_TAKE, at=receiver.station_id)


def event_kind(kit, receiver):
    """Into a store is a return (from a place: a move), into hands a hand-over."""
    if receiver.kind != HolderKind.STORAGE:
        return EventKind.HANDED_OVER
    return EventKind.MOVED if kit.holder.kind == HolderKind.STORAGE else EventKind.RETURNED


@transaction.atomic
def offer_kits(*, kits, receiver, replaces=None, returns_to=None, note="", now, request_key, by):
    """Offer units to a receiver; custody stays with the giver until accepted. Returns the HandOver.

    `replaces` is {unit's key: the receiver's old unit}: when it is accepted, that goes back to `returns_to`.
    Raises CustodyError: already offered, not issuable, receiver without an account.
    """
    kits, _ = begin(kits, request_key)
    if known := HandOver.objects.filter(request_key=request_key).first():
        return known
    check_giver(by, kits)
    check_receivable(kits, receiver, at=now)
    ledger.hold_open(receiver)
    if receiver.kind == HolderKind.PERSON and not receiver.person.has_account:
        raise CustodyError(
            f"{receiver} has no account and can't accept. Hand over with a witness instead.",
            "receiver",
        )
    check_not_offered(kits)
    offer = HandOver.objects.create(
        by=by,
        receiver=receiver,
        station=kits[0].station,
        note=note,
        offered_at=now,
        due_at=now + dt.timedelta(hours=rules.OFFER_HOURS),
        request_key=request_key,
    )
    HandOverLine.objects.bulk_create(
        HandOverLine(
            hand_over=offer, kit=kit, sequence=kit.last_sequence,
            replaces=(replaces or {}).get(kit.pk), returns_to=returns_to,
        )
        for kit in kits
    )  # fmt: skip
    tell("hand_over.offered", kits, by=by, hand_over=offer.reference)
    return offer


@transaction.atomic
def answer_offer(*, offer, refused=None, now, request_key, by):
    """Accept an offer, but for the units refused with a reason: {kit key: reason}. Returns the offer as answered.

    A unit that moved meanwhile lapses; if nothing is left, CustodyError. Known request: same answer.
    """
    if not may_answer(by, offer.receiver):
        raise AccessError(f"{by} may not answer {offer.reference}")
    lines = {line.kit_id: line for line in offer.lines.all()}
    refused = {key: reason for key, reason in (refused or {}).items() if key in lines}
    found, _ = begin([Kit(pk=key) for key in returns.units_named(lines.values())], request_key)
    units = {kit.pk: kit for kit in found}
    open_ones = offer.lines.filter(outcome=None).select_related("returns_to")
    lines = {line.kit_id: line for line in open_ones}
    kits = [kit for kit in found if kit.pk in lines]
    if not kits:
        if known := HandOver.objects.filter(pk=offer.pk, answer_key=request_key).first():
            return known
        raise CustodyError(f"{offer.reference} has already been answered, withdrawn or overtaken.")
    for key, reason in refused.items():
        if key in lines and not reason.strip():
            raise CustodyError(f"Say why you do not take K-{key}.", "reason")
    wanted = [kit for kit in kits if kit.pk not in refused]
    if wanted:
        taken = [lines[kit.pk] for kit in wanted]
        check_receivable(wanted, offer.receiver, at=now)
        returns.check_back(taken, units, offer.receiver)
        act = open_act_once(
            request_key=request_key, verb="accept", occurred_at=now, hand_over=offer, by=by
        )
        comes = [
            ledger.event(act, kit, event_kind(kit, offer.receiver), offer.receiver)
            for kit in wanted
        ]
        ledger.write([*comes, *returns.back_events(act, taken, units)])
        returns.keep_pairs(act, taken, offer.receiver)
    offer.answered_by, offer.answer_key = by, request_key
    close_offer(offer, lines, refused, now)
    tell("hand_over.answered", kits, by=by, hand_over=offer.reference, refused=len(refused))
    return offer


@transaction.atomic
def answer_offers(*, offers, refused=None, now, request_key, by):
    """Answer several offers in one tap, all or none: accepted but for units refused, {kit key: reason}.

    Returns them. Raises CustodyError, AccessError.
    """
    if not offers:
        raise CustodyError("These offers have been answered or withdrawn meanwhile.")
    return [
        answer_offer(
            offer=offer,
            refused=refused,
            now=now,
            request_key=uuid.uuid5(request_key, offer.reference),
            by=by,
        )
        for offer in offers
    ]


def close_offer(offer, lines, refused, now):
    """End the open lines of an answered offer: accepted in one statement, each refusal with its reason."""
    offer.save(update_fields=["answered_by", "answer_key"])
    accepted = [key for key in lines if key not in refused]
    offer.lines.filter(kit__in=accepted, outcome=None).update(
        outcome=Outcome.ACCEPTED, ended_at=now
    )
    for key, reason in refused.items():
        offer.lines.filter(kit=key, outcome=None).update(
            outcome=Outcome.REFUSED, reason=reason.strip(), ended_at=now
        )


@transaction.atomic
def withdraw_offer(*, offer, now, by):
    """Take back what is still open of an offer: its giver, or who may give at the station. Raises CustodyError."""
    if offer.by_id != by.pk:
        access.check(by, Permission.CUSTODY_GIVE, at=offer.station)
    # An answer under way holds these units: without waiting for it both would count.
    ledger.lock_kits(list(offer.lines.values_list("kit", flat=True)))
    ended = offer.lines.filter(outcome=None).update(outcome=Outcome.WITHDRAWN, ended_at=now)
    if not ended:
        raise CustodyError(f"Nothing of {offer.reference} is open any more.")
    audit.record("hand_over.withdrawn", by=by, target=offer, station=offer.station)


@transaction.atomic
def hand_over_here(*, kits, receiver, second, proof, occurred_at, note="", request_key, by):
    """Hand over at the counter: `second` proved in the page that it is them who takes for the receiver.

    `proof` is how (“password”, “totp”). Returns the act. Raises CustodyError, AccessError.
    """
    kits, act = begin(kits, request_key)
    if act:
        return act
    check_giver(by, kits)
    rules.check_told(occurred_at, now=timezone.now())
    if second == by:
        raise CustodyError("The receiver must be another person than the giver.", "second")
    if not may_answer(second, receiver):
        raise CustodyError(f"{second} can't accept for {receiver}.", "second")
    check_receivable(kits, receiver, at=occurred_at)
    act = open_act_once(
        request_key=request_key,
        verb="counter",
        occurred_at=occurred_at,
        note=note,
        second=second,
        proof=proof,
        by=by,
    )
    ledger.write([ledger.event(act, kit, event_kind(kit, receiver), receiver) for kit in kits])
    tell("custody.handed_over", kits, by=by, to=receiver, proof=f"{second} by {proof}")
    return act


@transaction.atomic
def record_with_witness(*, kits, receiver, second, proof, occurred_at, note="", request_key, by):
    """Record that a person without account took units, before a witness who proved it is them.

    Never called “accepted”: the receiver has confirmed nothing. Raises CustodyError.
    """
    kits, act = begin(kits, request_key)
    if act:
        return act
    check_giver(by, kits)
    rules.check_told(occurred_at, now=timezone.now())
    if second == by or second.pk == receiver.person_id:
        raise CustodyError("A witness is neither giver nor receiver.", "second")
    if receiver.kind != HolderKind.PERSON or receiver.person.has_account:
        raise CustodyError(f"{receiver} has an account and accepts themselves.", "receiver")
    check_receivable(kits, receiver, at=occurred_at)
    act = open_act_once(
        request_key=request_key,
        verb="witness",
        occurred_at=occurred_at,
        note=note,
        second=second,
        proof=proof,
        by=by,
    )
    ledger.write([ledger.event(act, kit, EventKind.WITNESSED, receiver) for kit in kits])
    tell("custody.witnessed", kits, by=by, to=receiver, witness=f"{second} by {proof}")
    return act


@transaction.atomic
def move_kits(
    *, kits, place, instead=None, why_empty="", in_need=False, as_found=False, occurred_at, note="",
    request_key, by,
):  # fmt: skip
    """Move units between places of stations in one's charge; both ends need the right. Raises CustodyError.

    What would leave a place with nothing that works says why (`why_empty`), or which unit comes `instead`.
    `in_need`: what has expired goes where kits stand ready, as better than none. `as_found`: they were seen there,
    so nobody takes anything away.
    """
    kits, spare, act = need.begin_leaving(kits, instead, request_key)
    if act:
        return act
    access.check(by, Permission.CUSTODY_TAKE, at=place.station)
    check_not_away(kits)
    check_movable(kits, place, in_need=in_need or as_found, at=occurred_at, by=by)
    rules.check_told(occurred_at, now=timezone.now())
    leaving = need.Leaving([], None, "")
    if not as_found:
        leaving = need.check_leaving(kits, spare=spare, why=why_empty, now=occurred_at, by=by)
    leaving.put_in(occurred_at=occurred_at, request_key=request_key, by=by)
    if in_need:
        note = f"Put there as usable in need. {note}".strip()
    act = open_act_once(
        request_key=request_key, verb="move", occurred_at=occurred_at, note=note, by=by
    )
    ledger.write([ledger.event(act, kit, EventKind.MOVED, place) for kit in kits])
    leaving.record(act, by=by)
    tell("custody.moved", kits, by=by, to=place)
    return act


def check_movable(kits, place, *, in_need, at, by):
    """Raise CustodyError, AccessError unless units may be put into a place (moment in UTC)."""
    day = place.station.today(at)
    for kit in kits:
        access.check(by, Permission.CUSTODY_GIVE, at=kit.station)
        if kit.holder.kind in CARRIERS:
            raise CustodyError(
                f"{kit.reference} is with {kit.holder}: they give it back, you accept it.", "kits"
            )
        if kit.holder_id == place.pk:
            raise CustodyError(f"{kit.reference} is already at {place}.", "kits")
        if place.keeps_ready and place.place_type != PlaceType.STOREROOM:
            need_rules.check_put_ready(
                kit.reference, expires_on=kit.expires_on, on=day, in_need=in_need
            )
        if place.kind == HolderKind.VEHICLE and not in_need:  # out into service, as by a hand-over
            rules.check_issuable(
                kit.reference, state=State(kit.state), expires_on=kit.expires_on, on=day
            )
