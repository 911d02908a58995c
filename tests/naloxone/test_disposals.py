"""The end of stock: who may, beside whom, what is refused; the second signature and what happens without it."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from naloxone import actions, notices
from naloxone.actions import CustodyError
from naloxone.models import Act, Countersignature, Disposal, Kit
from naloxone.rules import HolderKind, State
from naloxone.verify import verify_kit
from safety_portal import alerts, photos
from safety_portal.access import AccessError, Role, Scope
from safety_portal.alerts import Alert, AlertStep
from safety_portal.audit import AuditRow
from safety_portal.pictures import PhotoError
from tests.naloxone import make
from tests.safety_portal.picture import upload

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def chief(by):
    return make.person(by.station, Role.SUPERVISOR)


def fresh(kits):
    return list(Kit.objects.with_names().filter(pk__in=[kit.pk for kit in kits]).order_by("pk"))


def end(kits, by, **facts):
    """Dispose of units now, into a sharps container, under a key of its own."""
    told = {
        "method": "sharps", "reason": "damaged", "occurred_at": timezone.now(),
        "now": timezone.now(), "request_key": make.key(),
    }  # fmt: skip
    return actions.dispose_of_kits(why_empty="On purpose", kits=kits, by=by, **told | facts)


def sign(disposal, by, **facts):
    told = {"basis": "saw_remains", "now": timezone.now(), "request_key": make.key()}
    return actions.countersign(disposal=disposal, by=by, **told | facts)


def expired_kits(by, store, count=1):
    """Units that expired yesterday, received before that."""
    return make.delivery(
        by, store, cartons=count, expires_on=make.day(-2), occurred_at=timezone.now() - 5 * DAY
    )


# --- ending ---------------------------------------------------------------------------------------
def test_a_coordinator_ends_kits_before_a_witness(by, chief, kits):
    found = end(kits, by, second=chief, proof="password", receipt="R-77", words="Bin 4")

    assert {kit.state for kit in fresh(kits)} == {State.DESTROYED}
    assert {kit.holder.kind for kit in fresh(kits)} == {HolderKind.DESTROYED}
    assert (found.act.second, found.act.proof, found.due_at) == (chief, "password", None)
    assert (found.method, found.reason, found.receipt, found.station) == ("sharps", "damaged", "R-77", by.station)  # fmt: skip
    assert found.act.note.text == "Sharps container. Damaged. Receipt R-77. Bin 4"
    assert all(verify_kit(kit).intact for kit in fresh(kits))
    row = AuditRow.objects.get(act="custody.disposed")
    assert f"witness: {chief} by password" in row.facts
    assert f"kits: {kits[0].reference}, {kits[1].reference}" in row.facts


def test_what_one_person_ends_waits_seven_days_for_another(by, kits):
    now = timezone.now()

    found = end(kits, by, now=now)

    assert found.due_at == now + 7 * DAY
    assert Disposal.objects.waiting().get() == found
    assert "witness: none yet" in AuditRow.objects.get(act="custody.disposed").facts


@pytest.mark.parametrize(
    ("method", "holder"),
    [("donation", HolderKind.RECIPIENT), ("return_to_vendor", HolderKind.SUPPLIER),
     ("evidence_hold", HolderKind.RECIPIENT)],
)  # fmt: skip
def test_what_is_passed_on_is_with_its_taker(by, kits, method, holder):
    found = end(kits, by, method=method, reason="surplus", recipient="Example County")

    assert {kit.state for kit in fresh(kits)} == {State.PASSED_ON}
    assert {kit.holder.kind for kit in fresh(kits)} == {holder}
    assert (found.act.verb, found.recipient) == ("pass_on", "Example County")


def test_a_thousand_kits_are_one_act(by, store):
    kits = make.delivery(by, store, cartons=1000)

    found = end(kits, by)

    assert Disposal.objects.with_counts().get(pk=found.pk).standing == 1000
    assert Act.objects.filter(verb="dispose").count() == 1


def test_a_form_sent_twice_is_one_disposal(by, kits):
    key = make.key()

    assert end(kits, by, request_key=key) == end(kits, by, request_key=key)
    assert Disposal.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"reason": "expired"}, "reason", "not expired"),
        ({"reason": "other"}, "words", "Say why"),
        ({"method": "donation"}, "recipient", "Say who gets them"),
        ({"occurred_at": timezone.now() + DAY}, "occurred_at", "in the future"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(by, kits, facts, field, words):
    with pytest.raises(CustodyError, match=words) as found:
        end(kits, by, **facts)

    assert found.value.field == field
    assert not Disposal.objects.exists()


def test_expired_stock_is_not_donated(by, store):
    with pytest.raises(CustodyError, match="expired stock is not donated"):
        end(
            store and make.delivery(
                by, store, expires_on=make.day(-2), occurred_at=timezone.now() - 5 * DAY
            ),
            by, method="donation", reason="surplus", recipient="Example County",
        )  # fmt: skip


def test_recalled_stock_is_neither_donated_nor_used_for_training(by, kits):
    make.grant(by, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    by.__dict__.pop("_rights", None)
    actions.recall_lot(
        lot=kits[0].lot, notice="Exercise", occurred_at=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip
    for method in ("donation", "training_use"):
        with pytest.raises(CustodyError, match="recalled, so not for"):
            end(kits, by, method=method, reason="recalled", recipient="Example County")

    end(kits, by, method="return_to_vendor", reason="recalled", recipient="Maker")

    assert {kit.state for kit in fresh(kits)} == {State.PASSED_ON}


def test_what_came_of_a_lot_after_its_recall_counts_as_recalled(by, store, kits):
    make.grant(by, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    by.__dict__.pop("_rights", None)
    lot = kits[0].lot
    actions.recall_lot(
        lot=lot, notice="Exercise", occurred_at=timezone.now(), request_key=make.key(), by=by
    )
    late = make.delivery(
        by, store, product=lot.product, lot_number=lot.number, expires_on=lot.expires_on
    )

    with pytest.raises(CustodyError, match="recalled, so not for “donation”"):
        end(late, by, method="donation", reason="surplus", recipient="Example County")


def test_expired_and_emptied_kits_go_with_their_reason(by, store, kits):
    end(expired_kits(by, store), by, method="trash", reason="expired")
    actions.waste_doses(
        kit=kits[0], count=2, note="Fired", occurred_at=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    end(fresh(kits[:1]), by, method="trash", reason="used")

    assert fresh(kits)[0].state == State.DESTROYED


def test_what_somebody_carries_is_given_back_first_unless_it_is_empty(by, kits):
    officer = make.person(by.station)
    [kit] = make.hand(kits[:1], officer, by=by)
    with pytest.raises(CustodyError, match="they give it back first"):
        end([kit], by)
    actions.waste_doses(
        kit=kit, count=2, note="Fired", occurred_at=timezone.now(), request_key=make.key(), by=by
    )

    end(fresh([kit]), by, reason="used")

    assert fresh([kit])[0].state == State.DESTROYED


def test_a_coordinator_ends_what_they_carry_themselves(by, chief, kits):
    mine = make.hand(kits[:1], by, by=chief)

    end(mine, by)

    assert fresh(mine)[0].state == State.DESTROYED


def test_each_station_ends_its_own(by, kits):
    make.grant(by, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    by.__dict__.pop("_rights", None)
    other = make.coordinator(make.station("Nogales"))
    theirs = make.delivery(other, make.place(other))

    with pytest.raises(CustodyError, match="These are of 2 stations"):
        end([*kits, *theirs], by)


def test_only_who_ends_stock_there_may(by, chief, kits):
    for nobody in (chief, make.person(by.station), make.coordinator(make.station())):
        with pytest.raises(AccessError):
            end(kits, nobody)


def test_an_open_offer_lapses_with_its_kit(by, kits):
    offer = actions.offer_kits(
        kits=kits[:1], receiver=make.holder(make.person(by.station)), now=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip

    end(fresh(kits), by)

    assert offer.lines.get().outcome == "lapsed"


# --- photos ---------------------------------------------------------------------------------------
def test_a_photo_is_kept_with_the_disposal_and_shown_to_who_sees_it(by, kits, media):
    held = photos.hold_photo(file=upload(), now=timezone.now(), by=by)

    found = end(kits, by, photos=[held])

    [kept] = found.photos
    assert (kept.purpose, kept.station, kept.taken_by) == ("naloxone.disposal", by.station, by)
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)
    assert photos.may_see(auditor, kept)
    assert not photos.may_see(make.coordinator(make.station()), kept)
    assert not photos.may_see(make.person(by.station), kept)


def test_a_photo_that_is_held_no_longer_leaves_nothing_recorded(by, kits, media):
    held = photos.hold_photo(file=upload(), now=timezone.now(), by=by)
    photos.let_go(tokens=[held.token], by=by)

    with pytest.raises(PhotoError, match="held no longer"):
        end(kits, by, photos=[held])

    assert not Disposal.objects.exists()
    assert {kit.state for kit in fresh(kits)} == {State.IN_SERVICE}


# --- the witness ----------------------------------------------------------------------------------
def test_nobody_is_their_own_witness(by, kits):
    with pytest.raises(CustodyError, match="another person than you") as found:
        end(kits, by, second=by, proof="password")

    assert found.value.field == "second"


def test_a_witness_answers_for_stock_at_the_station(by, kits):
    for other in (make.person(by.station), make.coordinator(make.station())):
        with pytest.raises(CustodyError, match="can't sign for stock at"):
            end(kits, by, second=other, proof="password")


def test_the_database_takes_no_act_witnessed_by_its_own_author(by):
    with pytest.raises(DatabaseError, match="act_second_is_another"), transaction.atomic():
        Act.objects.create(
            request_key=make.key(), verb="dispose", by=by, second=by, proof="password",
            occurred_at=timezone.now(),
        )  # fmt: skip


# --- the second signature --------------------------------------------------------------------------
def test_a_supervisor_signs_within_the_week(by, chief, kits):
    found = end(kits, by)

    signed = sign(found, chief, now=timezone.now() + 6 * DAY)

    assert (signed.by, signed.basis_words) == (chief, "I have seen what was thrown away")
    assert not Disposal.objects.waiting().exists()
    assert not Disposal.objects.past(timezone.now() + 30 * DAY).exists()
    assert "late: no" in AuditRow.objects.get(act="disposal.countersigned").facts


def test_a_late_signature_stays_late(by, chief, kits):
    found = end(kits, by)

    sign(found, chief, now=found.due_at + DAY)

    assert Disposal.objects.past(found.due_at + 2 * DAY).get() == found
    assert "late: yes" in AuditRow.objects.get(act="disposal.countersigned").facts


def test_nobody_signs_beside_themselves_not_even_past_the_application(by, kits):
    found = end(kits, by)

    with pytest.raises(CustodyError, match="another person's"):
        sign(found, by)
    with pytest.raises(DatabaseError, match="by its own signer"), transaction.atomic():
        Countersignature.objects.create(
            disposal=found, by=by, basis="saw_it", at=timezone.now(), request_key=make.key()
        )


def test_what_had_a_witness_needs_no_signature(by, chief, kits):
    found = end(kits, by, second=chief, proof="totp")
    third = make.coordinator(by.station)

    with pytest.raises(CustodyError, match="had a witness"):
        sign(found, third)
    assert not Disposal.objects.waiting().exists()


def test_only_who_answers_for_stock_there_signs(by, kits):
    found = end(kits, by)

    for nobody in (make.person(by.station), make.coordinator(make.station())):
        with pytest.raises(AccessError):
            sign(found, nobody)


def test_one_signature_is_enough_and_the_same_form_counts_once(by, chief, kits):
    found, key = end(kits, by), make.key()

    assert sign(found, chief, request_key=key) == sign(found, chief, request_key=key)
    with pytest.raises(CustodyError, match=f"{chief} has signed for {found.reference} meanwhile"):
        sign(found, make.coordinator(by.station))


def test_what_is_undone_waits_for_nobody(by, chief, kits):
    found = end(kits, by)
    for kit in fresh(kits):
        assert Disposal.objects.waiting().exists()
        actions.undo_newest(
            kit=kit, sequence=kit.last_sequence, note="Wrong box", request_key=make.key(), by=by
        )

    assert not Disposal.objects.waiting().exists()
    with pytest.raises(CustodyError, match="was undone"):
        sign(found, chief)
    again = end(fresh(kits), by)
    assert Disposal.objects.waiting().get() == again


def test_both_tables_are_only_ever_added_to(by, chief, kits):
    sign(end(kits, by), chief)

    for table in ("naloxone_disposal", "naloxone_countersignature", "naloxone_disposalphoto"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"delete from {table}")


# --- without a signature -----------------------------------------------------------------------------
def test_forty_kits_by_one_person_are_an_alert_after_seven_days_and_one_only(by, chief, store):
    found = end(make.delivery(by, store, cartons=40), by)
    early, late = found.due_at - dt.timedelta(minutes=1), found.due_at + dt.timedelta(minutes=1)
    alerts.run_sweeps(now=early)
    assert not Alert.objects.filter(kind=notices.UNSIGNED).exists()

    alerts.run_sweeps(now=late)
    alerts.run_sweeps(now=late)

    alert = Alert.objects.get(kind=notices.UNSIGNED)
    assert (alert.subject, alert.station) == (found.reference, by.station)
    assert AlertStep.objects.filter(alert=alert).count() == 1
    kind = alerts.kinds[notices.UNSIGNED]
    assert set(kind.recipients(by.station, 0, late)) == {by, chief}
    assert kind.line([alert]) == (
        f"1 disposal at {by.station} by one person: a second signature is overdue"
    )
    assert kind.line([alert] * 2).startswith("2 disposals at")
    assert kind.url([alert]) == "/disposals/unsigned/"
    assert Disposal.objects.past(late).get() == found
    assert not Disposal.objects.past(early).exists()


def test_the_signature_ends_the_alert_at_once(by, chief, kits):
    found = end(kits, by)
    late = found.due_at + DAY
    alerts.run_sweeps(now=late)

    sign(found, chief, now=late)

    alert = Alert.objects.get(kind=notices.UNSIGNED)
    assert (alert.resolved_by, alert.resolved_how) == (chief, "Signed by a second person")


def test_undoing_it_ends_the_alert_with_the_next_sweep(by, kits):
    found = end(kits[:1], by)
    alerts.run_sweeps(now=found.due_at)
    [kit] = fresh(kits[:1])
    actions.undo_newest(
        kit=kit, sequence=kit.last_sequence, note="Wrong box", request_key=make.key(), by=by
    )

    alerts.run_sweeps(now=found.due_at)

    assert Alert.objects.get(kind=notices.UNSIGNED).resolved_how == "Signed, or undone"
