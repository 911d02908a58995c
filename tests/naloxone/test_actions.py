"""What people do with kits, and what they are told when it can't be."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.actions import CustodyError
from naloxone.models import CustodyEvent, Device, HandOverLine, Holder, Kit
from naloxone.verify import verify_ledger
from safety_portal.access import AccessError, Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.outbox import Message
from tests.naloxone import make

pytestmark = pytest.mark.django_db


def test_a_delivery_becomes_one_unit_a_carton_with_its_doses(by, store):
    kits = make.delivery(by, store, cartons=3)

    assert [(k.state, k.doses, k.holder, k.station) for k in kits] == [
        ("in_service", 2, store, by.station)
    ] * 3
    assert Device.objects.filter(kit__in=kits).count() == 6
    assert AuditRow.objects.filter(act="custody.received", by=by).count() == 1


def test_five_hundred_cartons_are_one_act(by, store):
    kits = make.delivery(by, store, cartons=500)

    assert len(kits) == 500
    assert CustodyEvent.objects.values("act").distinct().count() == 1


def test_unchecked_cartons_wait_in_quarantine_until_released(by, store):
    [kit] = make.delivery(by, store, checked=False)
    assert kit.state == "quarantine"

    actions.release_kits(kits=[kit], occurred_at=timezone.now(), request_key=make.key(), by=by)

    assert Kit.objects.get().state == "in_service"


def test_the_same_form_twice_receives_once(by, store):
    request_key, product = make.key(), make.product()

    for _ in range(2):
        make.delivery(
            by, store, product=product, lot_number="A1", cartons=2, request_key=request_key
        )

    assert Kit.objects.count() == 2


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"expires_on": make.day(-1)}, "expires_on", "before the receipt"),
        ({"occurred_at": timezone.now() + dt.timedelta(hours=1)}, "occurred_at", "future"),
        ({"cartons": 0}, "kits", "at least one"),
        ({"cartons": 1001}, "kits", "At most"),
        ({"serials": ["X1"]}, "serials", "2 doses need 2 serials"),
        ({"serials": ["X1", "X1"]}, "serials", "already recorded"),
    ],
)
def test_a_delivery_that_makes_no_sense_writes_nothing(by, store, facts, field, words):
    with pytest.raises(CustodyError, match=words) as told:
        make.delivery(by, store, **facts)

    assert told.value.field == field
    assert not Kit.objects.exists()


def test_a_lot_does_not_contradict_its_earlier_expiry(by, store):
    product = make.product()
    make.delivery(by, store, product=product, lot_number="A1", expires_on=make.day(300))

    with pytest.raises(CustodyError, match="recorded before with expiry"):
        make.delivery(by, store, product=product, lot_number="A1", expires_on=make.day(301))


def test_kits_are_assembled_from_cartons_and_no_dose_is_lost(by, store):
    cartons = make.delivery(by, store, cartons=3)

    act = actions.assemble_kits(
        cartons=cartons,
        kind="kit",
        doses_per_kit=4,
        place=store,
        occurred_at=timezone.now(),
        seals=["S-1"],
        request_key=make.key(),
        by=by,
    )

    kit = Kit.objects.get(kind="kit")
    assert (kit.doses, kit.state, kit.seal, kit.holder) == (4, "in_service", "S-1", store)
    left = Kit.objects.filter(kind="carton").order_by("pk")
    assert [(k.state, k.doses) for k in left] == [("spent", 0), ("spent", 0), ("in_service", 2)]
    assert act.events.count() == 3
    assert Device.objects.count() == 6


def test_one_seal_is_of_one_kit(by, store):
    told = {
        "kind": "kit",
        "doses_per_kit": 2,
        "place": store,
        "occurred_at": timezone.now(),
        "by": by,
    }
    actions.assemble_kits(
        cartons=make.delivery(by, store), seals=["S-1"], request_key=make.key(), **told
    )
    again = make.delivery(by, store)

    with pytest.raises(CustodyError, match="Seal S-1 is on K-") as refused:
        actions.assemble_kits(cartons=again, seals=["S-1"], request_key=make.key(), **told)

    assert refused.value.field == "seals"
    assert Kit.objects.filter(seal="S-1").count() == 1


def test_nothing_is_offered_to_a_place_that_was_closed_meanwhile(by, store):
    kits, closed = make.delivery(by, store), make.place(by, "Lane 3 cabinet")
    Holder.objects.filter(pk=closed.pk).update(closed_on=dt.date(2026, 11, 3))

    with pytest.raises(CustodyError, match="Lane 3 cabinet was closed on 03 Nov 2026") as told:
        actions.offer_kits(
            kits=kits, receiver=closed, now=timezone.now(), request_key=make.key(), by=by
        )

    assert told.value.field == "receiver"
    assert not HandOverLine.objects.exists()


def test_only_acceptance_moves_custody(by, store):
    officer = make.person(by.station)
    kits = make.delivery(by, store, cartons=2)
    offer = actions.offer_kits(
        kits=kits,
        receiver=make.holder(officer),
        now=timezone.now(),
        request_key=make.key(),
        by=by,
    )
    assert {k.holder for k in Kit.objects.all()} == {store}

    actions.answer_offer(
        offer=offer,
        refused={kits[1].pk: "Seal is broken"},
        now=timezone.now(),
        request_key=make.key(),
        by=officer,
    )

    assert [k.holder for k in Kit.objects.order_by("pk")] == [make.holder(officer), store]
    assert list(offer.lines.order_by("kit").values_list("outcome", "reason")) == [
        ("accepted", ""),
        ("refused", "Seal is broken"),
    ]


@pytest.mark.parametrize(("refusing", "events"), [(False, 1), (True, 0)])
def test_an_answer_sent_twice_is_the_same_answer(by, store, refusing, events):
    officer = make.person(by.station)
    [kit] = make.delivery(by, store)
    offer = actions.offer_kits(
        kits=[kit], receiver=make.holder(officer), now=timezone.now(), request_key=make.key(), by=by
    )
    answer = {
        "offer": offer, "refused": {kit.pk: "Not for me"} if refusing else None,
        "request_key": make.key(), "by": officer,
    }  # fmt: skip

    answered = [actions.answer_offer(now=timezone.now(), **answer) for _ in range(2)]

    assert answered == [offer, offer]
    assert answered[1].answered_by == officer
    assert CustodyEvent.objects.filter(kind="handed_over").count() == events
    assert AuditRow.objects.filter(act="hand_over.answered").count() == 1
    with pytest.raises(CustodyError, match="has already been answered"):
        actions.answer_offer(now=timezone.now(), **answer | {"request_key": make.key()})


def test_a_kit_is_offered_to_one_at_a_time(by, store):
    kits = make.delivery(by, store)
    facts = {"kits": kits, "now": timezone.now(), "by": by}
    first, second = make.person(by.station), make.person(by.station)
    actions.offer_kits(receiver=make.holder(first), request_key=make.key(), **facts)

    with pytest.raises(CustodyError, match="already offered"):
        actions.offer_kits(receiver=make.holder(second), request_key=make.key(), **facts)


def test_a_move_meanwhile_lapses_the_offer(by, store):
    kits = make.delivery(by, store)
    officer = make.person(by.station)
    offer = actions.offer_kits(
        kits=kits, receiver=make.holder(officer), now=timezone.now(), request_key=make.key(), by=by
    )
    actions.move_kits(
        why_empty="On purpose",
        kits=kits,
        place=make.place(by),
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=by,
    )

    assert HandOverLine.objects.get().outcome == "lapsed"
    told = Message.objects.get(kind="hand_over.lapsed")
    assert (told.recipient, told.subject) == (
        officer,
        f"{offer.reference}: 1 no longer offered to you",
    )
    with pytest.raises(CustodyError, match="overtaken"):
        actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=officer)


def test_an_offer_can_be_withdrawn_once(by, store):
    offer = actions.offer_kits(
        kits=make.delivery(by, store),
        receiver=make.holder(make.person(by.station)),
        now=timezone.now(),
        request_key=make.key(),
        by=by,
    )
    actions.withdraw_offer(offer=offer, now=timezone.now(), by=by)

    with pytest.raises(CustodyError, match="Nothing of"):
        actions.withdraw_offer(offer=offer, now=timezone.now(), by=by)


def test_at_the_counter_the_second_person_stands_in_the_act(by, store):
    officer = make.person(by.station)

    act = actions.hand_over_here(
        kits=make.delivery(by, store),
        receiver=make.holder(officer),
        second=officer,
        proof="password",
        occurred_at=timezone.now(),
        note="Issued at muster",
        request_key=make.key(),
        by=by,
    )

    assert (act.second, act.proof, act.note.text) == (officer, "password", "Issued at muster")
    assert Kit.objects.get().holder == make.holder(officer)


def test_nobody_is_their_own_second_person(by, store):
    with pytest.raises(CustodyError, match="another person"):
        actions.hand_over_here(
            kits=make.delivery(by, store),
            receiver=make.holder(by),
            second=by,
            proof="password",
            occurred_at=timezone.now(),
            request_key=make.key(),
            by=by,
        )


def test_who_has_no_account_takes_kits_before_a_witness(by, store):
    contractor = make.person(by.station, account=False)
    kits = make.delivery(by, store)
    with pytest.raises(CustodyError, match="no account"):
        actions.offer_kits(
            kits=kits,
            receiver=make.holder(contractor),
            now=timezone.now(),
            request_key=make.key(),
            by=by,
        )

    actions.record_with_witness(
        kits=kits,
        receiver=make.holder(contractor),
        second=make.person(by.station),
        proof="password",
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=by,
    )

    assert CustodyEvent.objects.latest("pk").kind == "witnessed"


def test_an_officer_returns_a_kit_and_the_store_accepts(by, store):
    officer = make.person(by.station)
    kits = make.hand(make.delivery(by, store), officer, by=by)

    offer = actions.offer_kits(
        kits=kits, receiver=store, now=timezone.now(), request_key=make.key(), by=officer
    )
    actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=by)

    assert Kit.objects.get().holder == store
    assert CustodyEvent.objects.latest("pk").kind == "returned"


def test_expired_stock_is_not_moved_into_a_vehicle_either(by, store):
    [old] = make.expired(by, store)
    car, room = make.place(by, "Vehicle 12", kind="vehicle"), make.storeroom(by)
    facts = {"occurred_at": timezone.now(), "by": by}

    with pytest.raises(CustodyError, match="Expired stock can't be issued"):
        actions.move_kits(
            why_empty="On purpose", kits=[old], place=car, request_key=make.key(), **facts
        )

    actions.move_kits(
        why_empty="On purpose", kits=[old], place=room, request_key=make.key(), **facts
    )
    assert Kit.objects.get(pk=old.pk).holder == room


def test_expired_stock_is_not_issued_but_goes_back_into_store(by, store):
    officer = make.person(by.station)
    kits = make.delivery(by, store, expires_on=make.day(1))
    kits = make.hand(kits, officer, by=by)
    later = timezone.now() + dt.timedelta(days=3)

    with pytest.raises(CustodyError, match="Expired stock can't be issued"):
        actions.offer_kits(
            kits=kits,
            receiver=make.holder(make.person(by.station)),
            now=later,
            request_key=make.key(),
            by=officer,
        )
    actions.offer_kits(kits=kits, receiver=store, now=later, request_key=make.key(), by=officer)


def test_a_recall_reaches_every_unit_of_the_lot_wherever_it_is(by, store):
    national = make.person(by.station, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    officer = make.person(by.station)
    kits = make.delivery(by, store, cartons=3)
    make.hand(kits[:1], officer, by=by)
    other = make.delivery(by, store)

    actions.recall_lot(
        lot=kits[0].lot,
        notice="FDA 2026-11",
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=national,
    )

    assert Kit.objects.filter(state="recalled").count() == 3
    assert Kit.objects.get(pk=other[0].pk).state == "in_service"


def test_a_stranger_can_do_nothing_with_kits_of_others(by, store):
    kits = make.delivery(by, store)
    stranger = make.coordinator(make.station())
    elsewhere = make.place(stranger)
    when = {"occurred_at": timezone.now(), "request_key": make.key(), "by": stranger}

    with pytest.raises(AccessError):
        actions.move_kits(why_empty="On purpose", kits=kits, place=elsewhere, **when)
    with pytest.raises(AccessError):
        actions.release_kits(kits=kits, **when)
    with pytest.raises(AccessError):
        actions.offer_kits(
            kits=kits,
            receiver=elsewhere,
            now=timezone.now(),
            request_key=make.key(),
            by=stranger,
        )
    with pytest.raises(AccessError):
        make.delivery(stranger, store)


def test_kits_are_visible_to_their_station_their_holder_and_whom_they_are_offered(by, store):
    officer, receiver = make.person(by.station), make.person(by.station)
    held = make.hand(make.delivery(by, store), officer, by=by)
    offered = make.delivery(by, store)
    actions.offer_kits(
        kits=offered, receiver=make.holder(receiver), now=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip

    seen = {p: set(Kit.objects.visible_to(p)) for p in (by, officer, receiver)}

    assert seen == {by: {*held, *offered}, officer: set(held), receiver: set(offered)}
    assert not Kit.objects.visible_to(make.coordinator(make.station())).exists()


def test_who_changes_station_takes_kits_there_from_now_on(by, store):
    officer = make.person(by.station)
    [before] = make.hand(make.delivery(by, store), officer, by=by)
    officer.station = make.station("El Paso", "America/Denver")
    officer.save(update_fields=["station"])

    [after] = make.hand(make.delivery(by, store), officer, by=by)

    assert Kit.objects.get(pk=before.pk).station == by.station
    assert after.station == officer.station
    assert verify_ledger().intact


def test_the_audit_names_each_unit_of_a_delivery(by, store):
    kits = make.delivery(by, store, cartons=3)

    facts = AuditRow.objects.get(act="custody.received").facts
    assert f"kits: {', '.join(kit.reference for kit in kits)}" in facts
