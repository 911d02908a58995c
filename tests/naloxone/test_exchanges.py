"""Old kit for new: both moves or neither, and nobody holds nothing at any event; forty at a muster."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from naloxone import actions
from naloxone.actions import CustodyError
from naloxone.actions.custody import holder_of
from naloxone.models import CustodyEvent, Discrepancy, Exchange, HandOver, Kit, Muster
from naloxone.rules import EventKind, State
from naloxone.verify import verify_ledger
from safety_portal.access import AccessError, Scope
from safety_portal.audit import AuditRow
from tests.naloxone import make
from tests.naloxone.test_life import do, fresh, undo

pytestmark = pytest.mark.django_db
SECRET = "four words that nobody guesses"


@pytest.fixture
def room(by):
    return make.storeroom(by)


@pytest.fixture
def old(by, room, officer):
    """What the officer carries, ending soon."""
    kits = make.delivery(by, room, lot_number="A", expires_on=make.day(30))
    return fresh(make.hand(kits, officer, by=by)[0])


@pytest.fixture
def new(by, room):
    return fresh(make.delivery(by, room, lot_number="B")[0])


@pytest.fixture
def witness(by):
    made = make.person(by.station, name="Wit")
    made.account.set_password(SECRET)
    made.account.save()
    return made


def here(new, old, to, by, second, **facts):
    return actions.exchange_here(
        **{
            "new": new, "old": old, "to": to, "second": second, "proof": "password", "by": by,
            "occurred_at": timezone.now(), "request_key": make.key(),
        } | facts
    )  # fmt: skip


def offer(new, old, to, by, **facts):
    return actions.offer_exchange(
        **{"new": new, "old": old, "to": to, "now": timezone.now(), "request_key": make.key(), "by": by}
        | facts
    )  # fmt: skip


def accept(offer, by):
    return actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=by)


def never_with_nothing(holder):
    """Whether a holder that once had a unit had one after each event since, in the order they were written."""
    has, counts = set(), []
    for event in CustodyEvent.objects.order_by("pk"):
        if event.destination_id == holder.pk:
            has.add(event.kit_id)
        else:
            has.discard(event.kit_id)
        counts.append(len(has))
    first = next(n for n, count in enumerate(counts) if count)
    return 0 not in counts[first:]


# --- one -----------------------------------------------------------------------------------------
def test_an_exchange_is_one_act_and_its_receiver_never_holds_nothing(by, old, new, room, officer):
    act = here(new, old, room, by, officer, note="Ending soon")

    assert (fresh(new).holder, fresh(old).holder) == (make.holder(officer), room)
    events = [(e.kit, e.kind) for e in act.events.order_by("pk")]
    assert events == [(new, EventKind.HANDED_OVER), (old, EventKind.RETURNED)]
    assert never_with_nothing(make.holder(officer))
    pair = Exchange.objects.get()
    assert (pair.act, pair.old, pair.new, pair.muster) == (act, old, new, None)
    assert AuditRow.objects.filter(act="custody.exchanged").count() == 1
    assert verify_ledger().intact


def test_an_exchange_sent_twice_is_one(by, old, new, room, officer):
    key = make.key()

    first, second = (here(new, old, room, by, officer, request_key=key) for _ in range(2))

    assert first == second
    assert Exchange.objects.count() == 1


def test_who_has_no_account_takes_before_a_witness_and_it_is_not_called_accepted(
    by, room, new, witness
):
    contractor = make.person(by.station, account=False)
    [old] = make.delivery(by, room, expires_on=make.day(30))
    actions.record_with_witness(
        kits=[old], receiver=make.holder(contractor), second=witness, proof="password",
        occurred_at=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    act = here(new, old, room, by, witness)

    assert [e.kind for e in act.events.order_by("pk")] == [EventKind.WITNESSED, EventKind.RETURNED]
    assert never_with_nothing(make.holder(contractor))


def test_a_dog_exchanges_a_canine_kit_by_its_handler(by, room, officer):
    dog = make.canine(officer)
    for days in (30, 300):
        do(
            actions.assemble_kits, cartons=make.delivery(by, room, expires_on=make.day(days)),
            kind="canine_kit", doses_per_kit=2, place=room, by=by,
        )  # fmt: skip
    old, new = Kit.objects.filter(kind="canine_kit").with_names().order_by("expires_on")
    team = holder_of(canine=dog)
    do(actions.hand_over_here, kits=[old], receiver=team, second=officer, proof="password", by=by)

    here(new, fresh(old), room, by, officer)

    assert fresh(new).holder == team


def test_both_moves_or_neither(by, old, new, room, officer, witness, store):
    stranger = make.coordinator(make.station("Nogales"))
    [expired] = make.expired(by, room)
    [earlier] = make.delivery(by, room, expires_on=make.day(20))
    for facts, said in (
        ({"second": by}, "neither you nor the receiver"),
        ({"second": witness}, "can't accept for"),
        ({"new": expired}, "is not serviceable"),
        ({"new": old}, "is the old one"),
        ({"new": earlier}, "not later than"),
        ({"old": new, "new": earlier}, "nobody carries it"),
        ({"to": make.place(by, kind="vehicle")}, "no place that kits are given back to"),
    ):
        told = {"new": new, "old": old, "to": room, "by": by, "second": officer} | facts
        with pytest.raises(CustodyError, match=said):
            here(**told)
    with pytest.raises(AccessError):
        here(new, old, room, stranger, officer)

    assert fresh(old).holder == make.holder(officer)
    assert fresh(new).holder == room
    here(earlier, old, room, by, officer, sure=True)
    assert fresh(earlier).holder == make.holder(officer)


def test_undoing_half_of_an_exchange_waits_for_the_other_half(by, old, new, room, officer):
    here(new, old, room, by, officer)

    with pytest.raises(CustodyError, match=f"Undo the return of {old.reference} first"):
        undo(new, by)
    undo(old, by)
    undo(new, by)

    assert (fresh(old).holder, fresh(new).holder) == (make.holder(officer), room)
    assert never_with_nothing(make.holder(officer))


def test_which_kit_was_taken_for_which_is_only_ever_added_to(by, old, new, room, officer):
    here(new, old, room, by, officer)
    for statement in (
        "update naloxone_exchange set muster_id = 1",
        "delete from naloxone_exchange",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


# --- as an offer ---------------------------------------------------------------------------------
def test_an_offer_names_what_it_replaces_and_acceptance_does_both(by, old, new, room, officer):
    made = offer(new, old, room, by)
    assert fresh(new).holder == room
    assert fresh(old).holder == make.holder(officer)

    accept(made, officer)

    assert (fresh(new).holder, fresh(old).holder) == (make.holder(officer), room)
    assert never_with_nothing(make.holder(officer))
    assert Exchange.objects.get().old == old
    assert verify_ledger().intact


def test_an_exchange_offered_twice_is_one_offer(by, old, new, room):
    key = make.key()

    first, second = (offer(new, old, room, by, request_key=key) for _ in range(2))

    assert first == second


def test_a_refused_exchange_moves_neither(by, old, new, room, officer):
    made = offer(new, old, room, by)

    actions.answer_offer(
        offer=made,
        refused={new.pk: "Seal broken"},
        now=timezone.now(),
        request_key=make.key(),
        by=officer,
    )

    assert (fresh(new).holder, fresh(old).holder) == (room, make.holder(officer))


def test_what_was_given_away_meanwhile_is_not_exchanged(by, old, new, room, officer):
    made = offer(new, old, room, by)
    do(actions.hand_over_here, kits=[old], receiver=room, second=by, proof="password", by=officer)

    with pytest.raises(CustodyError, match="no longer with"):
        accept(made, officer)

    assert fresh(new).holder == room


def test_an_emptied_kit_is_exchanged_too(by, old, new, room, officer):
    made = offer(new, old, room, by)
    do(actions.waste_doses, kit=old, count=2, note="Fired", by=officer)

    accept(made, officer)

    assert (fresh(old).holder, fresh(old).state) == (room, State.SPENT)


# --- musters -------------------------------------------------------------------------------------
@pytest.fixture
def muster(by, room, witness):
    return begin(by, room, witness)


def begin(by, room, witness, **facts):
    return actions.open_muster(
        **{
            "source": room, "back_to": room, "lot": "A", "second": witness, "proof": "password",
            "now": timezone.now(), "request_key": make.key(), "by": by,
        } | facts
    )  # fmt: skip


def pair(muster, new, old, by, **facts):
    return actions.exchange_at_muster(
        **{
            "muster": muster, "new": new, "old": old, "now": timezone.now(), "request_key": make.key(),
            "by": by,
        } | facts
    )  # fmt: skip


def belts(by, room, number):
    """So many people, each with a kit of lot A."""
    people = [make.person(by.station, name=f"Belt{n}") for n in range(number)]
    kits = make.delivery(by, room, cartons=number, lot_number="A", expires_on=make.day(30))
    for kit, person in zip(kits, people, strict=True):
        make.hand([kit], person, by=by)
    return people, [fresh(kit) for kit in kits]


def test_thirty_six_of_thirty_eight_belts_are_exchanged_and_none_ever_held_nothing(
    by, room, witness
):
    people, old = belts(by, room, 38)
    new = make.delivery(by, room, cartons=36, lot_number="B")
    muster = begin(by, room, witness)

    for mine, theirs in zip(old, new, strict=False):
        pair(muster, theirs, mine, by)

    assert muster.exchanges.count() == 36
    assert set(muster.left()) == set(old[36:])
    assert all(never_with_nothing(make.holder(person)) for person in people)
    assert CustodyEvent.objects.filter(kind=EventKind.WITNESSED).count() == 36
    assert verify_ledger().intact


def test_what_is_exchanged_is_chosen_by_the_day_too(by, room, witness, old, officer):
    [later] = make.delivery(by, room, expires_on=make.day(300))
    make.hand([later], officer, by=by)

    muster = begin(by, room, witness, lot="", until=make.day(60))

    assert list(muster.left()) == [old]


def test_a_pair_is_saved_once_however_often_it_is_sent(by, old, new, muster):
    key = make.key()

    first, second = (pair(muster, new, old, by, request_key=key) for _ in range(2))

    assert first == second
    with pytest.raises(CustodyError, match="nobody carries it"):
        pair(muster, new, old, by)
    with pytest.raises(CustodyError, match="not among those exchanged here"):
        pair(muster, old, new, by)


def test_the_new_one_comes_from_the_musters_place(by, old, muster, store):
    [elsewhere] = make.delivery(by, store)

    with pytest.raises(CustodyError, match="not in Storeroom"):
        pair(muster, elsewhere, old, by)


def test_a_musters_proof_ends_and_it_is_one_persons(by, old, new, muster, settings):
    other = make.coordinator(by.station)
    with pytest.raises(AccessError):
        pair(muster, new, old, other)
    later = timezone.now() + dt.timedelta(minutes=settings.MUSTER_MINUTES)
    with pytest.raises(CustodyError, match="is over"):
        pair(muster, new, old, by, now=later)

    actions.end_muster(muster=muster, now=timezone.now(), by=other)
    actions.end_muster(muster=muster, now=timezone.now(), by=by)

    with pytest.raises(CustodyError, match="is over"):
        pair(Muster.objects.get(), new, old, by)
    assert AuditRow.objects.filter(act="muster.ended").count() == 1
    with pytest.raises(AccessError):
        actions.end_muster(muster=muster, now=timezone.now(), by=make.person(by.station))


def test_nobody_witnesses_their_own_exchange(by, room, new, witness, muster):
    for receiver, said in ((witness, "witness’s own"), (by, "your own kit")):
        [theirs] = make.delivery(by, room, lot_number="A", expires_on=make.day(30))
        giver = by if receiver == witness else make.coordinator(by.station)
        make.hand([theirs], receiver, by=giver)
        with pytest.raises(CustodyError, match=said):
            pair(muster, new, fresh(theirs), by)


def test_a_muster_has_its_refusals(by, room, witness):
    there = make.coordinator(make.station("Nogales"))
    far = make.place(there)
    with pytest.raises(CustodyError, match="one of the two"):
        begin(by, room, witness, lot="")
    with pytest.raises(CustodyError, match="another person than you"):
        begin(by, room, by)
    with pytest.raises(AccessError):
        begin(there, room, witness)
    both = make.coordinator(by.station, scope=Scope.EVERYWHERE)
    with pytest.raises(CustodyError, match="at another station"):
        begin(both, room, witness, back_to=far)
    key = make.key()
    first, second = (begin(by, room, witness, request_key=key) for _ in range(2))
    assert first == second


def test_the_receiver_says_that_it_is_not_right(by, old, new, muster, officer):
    pair(muster, new, old, by)

    with pytest.raises(AccessError):
        actions.say_not_right(kit=fresh(new), note="Not mine", now=timezone.now(), by=by)
    with pytest.raises(CustodyError, match="Say why"):
        actions.say_not_right(kit=fresh(new), note=" ", now=timezone.now(), by=officer)
    made = actions.say_not_right(
        kit=fresh(new), note="I was not there", now=timezone.now(), by=officer
    )

    assert Discrepancy.objects.open().get() == made
    assert (made.kind, made.told, made.opened_by) == ("hands", "I was not there", officer)
    assert HandOver.objects.filter(lines__kit=new).count() == 0
