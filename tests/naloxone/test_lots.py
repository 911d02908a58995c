"""A lot traced from its receipt to the last dose, and its recall followed until the last kit is back."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions, notices, trace
from naloxone.actions import Told
from naloxone.disposal_rules import Method, Reason
from naloxone.models import Kit, Lot, LotRecall
from naloxone.verify import verify_ledger
from safety_portal import alerts
from safety_portal.access import EVERYWHERE, Role, Scope
from safety_portal.alerts import Alert
from safety_portal.outbox import Message
from tests.naloxone import make

pytestmark = pytest.mark.django_db
NOTICE = "FDA 2026-11-20"


@pytest.fixture
def lot(by, store):
    """Five cartons of two doses each."""
    make.delivery(by, store, cartons=5, lot_number="TRACED")
    return Lot.objects.get(number="TRACED")


@pytest.fixture
def national(by):
    return make.person(by.station, Role.COORDINATOR, scope=Scope.EVERYWHERE)


def cartons(lot):
    return list(Kit.objects.filter(lot=lot).with_names().order_by("pk"))


def recall(lot, national):
    actions.recall_lot(
        lot=lot, notice=NOTICE, occurred_at=timezone.now(), request_key=make.key(), by=national
    )
    return LotRecall.objects.get(lot=lot)


def told(**facts):
    return {"occurred_at": timezone.now(), "request_key": make.key()} | facts


def use(by, **facts):
    return actions.record_use(
        told=[Told(**facts)], station=by.station, given_at=timezone.now(), now=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip


def dispose(kits, by):
    actions.dispose_of_kits(
        why_empty="On purpose", kits=kits, method=Method.RETURN_TO_VENDOR, reason=Reason.RECALLED, recipient="The maker",
        now=timezone.now(), by=by, **told(),
    )  # fmt: skip


# --- where its doses are -----------------------------------------------------------------------------
def test_every_dose_of_a_lot_is_told_once_wherever_it_went(by, store, officer, lot):
    first, second, third, fourth, _ = cartons(lot)
    make.hand([first], officer, by=by)
    use(officer, kit=Kit.objects.get(pk=first.pk))
    actions.waste_doses(kit=second, count=1, note="Fired", by=by, **told())
    actions.report_missing(kits=[third], by=by, **told())
    actions.hold_kits(kits=[fourth], note="Sun", by=by, **told())
    actions.dispose_of_kits(
        why_empty="On purpose", kits=[Kit.objects.with_names().get(pk=fourth.pk)], method=Method.INCINERATION,
        reason=Reason.DAMAGED, now=timezone.now(), by=by, **told(),
    )  # fmt: skip

    [row], whole = trace.doses_of(lot, EVERYWHERE)

    assert {name: getattr(row, name) for name in trace.Doses.figures} == {
        "units": 3, "carried": 1, "vehicles": 0, "places": 3, "away": 0, "missing": 2, "given": 1,
        "wasted": 1, "ended": 2,
    }  # fmt: skip
    assert whole.total == 10


def test_doses_that_went_into_a_kit_are_counted_there_and_not_in_their_empty_carton(
    by, store, lot, officer
):
    actions.assemble_kits(
        cartons=cartons(lot)[:1], kind="kit", doses_per_kit=2, place=store, by=by, **told()
    )
    vehicle = make.place(by, kind="vehicle")
    kit = Kit.objects.with_names().get(kind="kit")
    actions.move_kits(why_empty="On purpose", kits=[kit], place=vehicle, by=by, **told())

    [row], _ = trace.doses_of(lot, EVERYWHERE)

    assert (row.units, row.places, row.vehicles, row.total) == (5, 8, 2, 10)


def test_a_use_that_was_undone_is_no_dose_given(by, officer, lot):
    [kit] = make.hand(cartons(lot)[:1], officer, by=by)
    use(officer, kit=kit)
    kit.refresh_from_db()
    actions.undo_newest(
        kit=kit, sequence=kit.last_sequence, note="Not this", request_key=make.key(), by=officer
    )

    [row], _ = trace.doses_of(lot, EVERYWHERE)

    assert (row.given, row.carried) == (0, 2)


def test_who_has_one_station_gets_the_figures_of_that_one(by, lot, store):
    other = make.coordinator(make.station())
    make.delivery(
        other, make.place(other), lot_number="TRACED", product=lot.product, expires_on=lot.expires_on
    )  # fmt: skip

    [row], whole = trace.doses_of(lot, {by.station_id})
    assert (row.key, whole.total) == (by.station_id, 10)
    rows, whole = trace.doses_of(lot, EVERYWHERE)
    assert (len(rows), whole.total) == (2, 12)


# --- what failed -------------------------------------------------------------------------------------
def test_device_faults_are_collected_for_the_lot(by, officer, lot):
    kits = make.hand(cartons(lot)[:3], officer, by=by)
    for kit, faults in zip(kits, (["no_spray"], ["leaked", "none"], []), strict=True):
        dose = use(officer, kit=kit).doses.get()
        for fault in faults:  # the newest answer counts
            actions.add_detail(
                dose=dose, given_at=timezone.now(), giver="writer", fault=fault,
                now=timezone.now(), by=officer,
            )  # fmt: skip
    use(officer, lot=lot)  # of a carton of this lot, nobody knows which
    other = make.delivery(by, cartons(lot)[4].holder)
    use(by, kit=other[0])

    tally = trace.tally_of(trace.uses_of(lot))

    assert (tally.doses, tally.unbound, tally.asked) == (4, 1, 2)
    assert tally.faults == {"It did not spray or fire": 1}
    assert tally.failed == 1


# --- a recall ----------------------------------------------------------------------------------------
def test_a_recall_is_mailed_at_once_to_everybody_who_has_some_or_answers_for_it(
    by, officer, lot, national
):
    handler = make.person(by.station, name="Handler")
    dog = make.canine(handler)
    make.hand(cartons(lot)[:4], officer, by=by)
    give_to_dog(cartons(lot)[4], dog, by)
    make.person(by.station, name="Bystander")

    recall(lot, national)

    mails = Message.objects.filter(kind="lot.recalled")
    assert set(mails.values_list("recipient", flat=True)) == {
        officer.pk, handler.pk, by.pk, national.pk,
    }  # fmt: skip
    references = [kit.reference for kit in cartons(lot)]
    mine = mails.get(recipient=officer)
    assert mine.subject == f"Recalled: {', '.join(references[:3])} and more"
    assert f"/lots/{lot.reference}/" in mine.body
    assert references[3] in mine.body
    assert references[4] not in mine.body
    assert mails.get(recipient=handler).subject == f"Recalled: {references[4]}"
    assert "5 units are yours to get back" in mails.get(recipient=by).subject
    for mail in mails:
        assert officer.family_name not in mail.subject + mail.body


def give_to_dog(kit, dog, by):
    offer = actions.offer_kits(
        kits=[kit], receiver=make.holder_of(canine=dog), now=timezone.now(), request_key=make.key(),
        by=by,
    )  # fmt: skip
    actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=dog.handler)


def test_a_recall_costs_the_same_number_of_mail_statements_for_one_carrier_and_for_three(
    by, lot, national, django_assert_max_num_queries
):
    for n, kit in enumerate(cartons(lot)[:3]):
        make.hand([kit], make.person(by.station, name=f"Carrier {n}"), by=by)
    with django_assert_max_num_queries(40):
        recall(lot, national)

    assert Message.objects.filter(kind="lot.recalled").count() == 5


def test_who_holds_some_without_an_account_is_reached_through_the_station(by, lot, national):
    without = make.person(by.station, account=False, name="Contractor")
    actions.record_with_witness(
        kits=cartons(lot)[:1], receiver=make.holder(without), second=make.coordinator(by.station),
        proof="password", by=by, **told(),
    )  # fmt: skip

    recall(lot, national)

    assert Message.objects.filter(kind="lot.recalled").exclude(recipient=None).count() == 3
    assert trace.progress_of(lot, EVERYWHERE).out == 1


def test_the_progress_of_a_recall_goes_from_out_to_back_to_ended(by, store, officer, lot, national):
    carried, lost, used, kept, gone = cartons(lot)
    make.hand([carried, lost, used], officer, by=by)
    actions.report_missing(kits=[fresh(lost)], by=officer, **told())
    dispose_before(fresh(gone), by)
    recall(lot, national)
    assert figures(lot) == {"out": 2, "back": 1, "ended": 0, "missing": 1}

    use(officer, kit=fresh(used), doses=2)
    actions.hand_over_here(
        kits=[fresh(carried)], receiver=store, second=by, proof="password", by=officer, **told()
    )
    assert figures(lot) == {"out": 0, "back": 2, "ended": 1, "missing": 1}
    assert not trace.progress_of(lot, EVERYWHERE).is_over

    dispose([fresh(carried), fresh(kept)], by)
    progress = trace.progress_of(lot, EVERYWHERE)
    assert (progress.is_over, progress.done, progress.total) == (True, 3, 4)

    actions.record_found(kits=[fresh(lost)], where=store, by=by, **told())
    assert figures(lot) == {"out": 0, "back": 1, "ended": 3, "missing": 0}


def fresh(kit):
    return Kit.objects.with_names().get(pk=kit.pk)


def figures(lot):
    progress = trace.progress_of(lot, EVERYWHERE)
    return {name: getattr(progress, name) for name in ("out", "back", "ended", "missing")}


def dispose_before(kit, by):
    """Ended before the recall: it is none of its units."""
    actions.dispose_of_kits(
        why_empty="On purpose", kits=[kit], method=Method.INCINERATION, reason=Reason.DAMAGED, now=timezone.now(), by=by,
        **told(),
    )  # fmt: skip


def test_a_station_is_reminded_until_the_last_kit_is_back_and_the_health_office_once_it_is_late(
    by, store, officer, lot, national, settings
):
    health = make.person(by.station, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    make.hand(cartons(lot)[:2], officer, by=by)
    recall(lot, national)
    now = timezone.now()

    alerts.run_sweeps(now=now)
    alerts.run_sweeps(now=now + dt.timedelta(days=1))
    alert = Alert.objects.open().get(kind=notices.RECALL)
    assert (alert.subject, alert.threshold) == (
        f"{lot.reference} {by.station.code}",
        notices.RUNNING,
    )
    kind = alerts.kinds[notices.RECALL]
    assert health not in kind.recipients(by.station, alert.threshold, now)
    assert kind.line([alert]).startswith("Recalled lot TRACED is still out at")
    assert kind.url([alert]) == f"/lots/{lot.reference}/"

    late = now + dt.timedelta(days=settings.RECALL_BACK_DAYS + 2)
    alerts.run_sweeps(now=late)
    alert.refresh_from_db()
    assert alert.threshold == notices.LATE
    assert "should have been back" in kind.line([alert])
    assert health in kind.recipients(by.station, alert.threshold, late)

    actions.hand_over_here(
        kits=[fresh(kit) for kit in cartons(lot)[:2]], receiver=store, second=by, proof="password",
        by=officer, **told(),
    )  # fmt: skip
    alerts.run_sweeps(now=late)
    alert.refresh_from_db()
    assert alert.resolved_at


@pytest.mark.parametrize("checked", [True, False])
def test_a_delivery_of_a_recalled_lot_is_on_the_ledger_and_recalled_at_once(
    by, store, lot, national, checked
):
    recall(lot, national)

    [late] = make.delivery(
        by, store, lot_number="TRACED", product=lot.product, expires_on=lot.expires_on, checked=checked
    )  # fmt: skip

    assert late.state == "recalled"
    kinds = late.events.order_by("sequence").values_list("kind", "state")
    assert list(kinds) == [("received", "quarantine"), ("recalled", "recalled")]
    assert verify_ledger().intact
    assert trace.progress_of(lot, EVERYWHERE).back == 6


# --- the page ----------------------------------------------------------------------------------------
def test_the_page_tells_doses_kits_holders_uses_and_faults(signed_in, by, officer, lot):
    kits = make.hand(cartons(lot)[:2], officer, by=by)
    report = use(officer, kit=kits[0])
    actions.add_detail(
        dose=report.doses.get(), given_at=timezone.now(), giver="writer", fault="leaked",
        now=timezone.now(), by=officer,
    )  # fmt: skip

    page = signed_in.get(f"/lots/{lot.reference}/").content.decode()

    for words in (kits[0].reference, officer.name, report.reference, "1 failed", "it leaked 1"):
        assert words in page
    assert "How far the recall has come" not in page


def test_the_page_follows_a_recall(signed_in, by, officer, lot, national):
    make.hand(cartons(lot)[:2], officer, by=by)
    recall(lot, national)

    page = signed_in.get(f"/lots/{lot.reference}/").content.decode()

    assert "3 of 5 kits are back or gone for good" in page
    assert "<strong>2 kits</strong> still with people" in " ".join(page.split())
    assert 'max="5"' in page


def test_an_officer_sees_their_own_kits_of_a_lot_and_what_to_do_but_no_figures(
    client, by, officer, lot, national
):
    [kit] = make.hand(cartons(lot)[:1], officer, by=by)
    recall(lot, national)
    client.force_login(officer.account)

    page = client.get(f"/lots/{lot.reference}/").content.decode()

    assert kit.reference in page
    assert "Give them back to your station" in page
    assert cartons(lot)[1].reference not in page
    assert "Where its doses are" not in page


@pytest.mark.parametrize("cartons_of_it", [1, 3])
def test_the_page_asks_as_much_for_three_kits_as_for_one(
    signed_in, by, store, cartons_of_it, django_assert_max_num_queries
):
    kits = make.delivery(by, store, cartons=cartons_of_it)
    signed_in.get(f"/lots/{kits[0].lot.reference}/")
    with django_assert_max_num_queries(21):
        signed_in.get(f"/lots/{kits[0].lot.reference}/")
