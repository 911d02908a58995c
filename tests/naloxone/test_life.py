"""What befalls a unit: each act's events, who may, what is refused; mistakes undone; what does not add up."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from naloxone import actions, ledger, notices, rules
from naloxone.actions import CustodyError
from naloxone.models import ClosingCode, CustodyEvent, Device, Discrepancy, Kit
from naloxone.rules import EventKind, HolderKind, State
from naloxone.verify import verify_kit, verify_ledger
from safety_portal import alerts
from safety_portal.access import AccessError, Role
from safety_portal.audit import AuditRow
from safety_portal.outbox import Message
from tests.naloxone import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def kit(by, store):
    """A carton of two doses in a store."""
    return fresh(make.delivery(by, store)[0])


def fresh(kit):
    return Kit.objects.with_names().get(pk=kit.pk)


def do(action, **facts):
    """Run an action now, under a key of its own."""
    if action not in (actions.undo_newest, actions.note_event):
        facts.setdefault("occurred_at", timezone.now())
    return action(request_key=make.key(), **facts)


def undo(kit, by, note="A mistake"):
    kit = fresh(kit)
    return do(actions.undo_newest, kit=kit, sequence=kit.last_sequence, note=note, by=by)


# --- opened, held, released ----------------------------------------------------------------------
def test_a_kit_is_opened_by_who_carries_it(kit, by, officer):
    make.hand([kit], officer, by=by)

    do(actions.open_kits, kits=[kit], by=officer)

    assert fresh(kit).state == State.OPENED
    assert verify_kit(kit).intact
    with pytest.raises(CustodyError, match="is opened"):
        do(actions.open_kits, kits=[kit], by=officer)


def test_nobody_else_touches_a_kit(kit, by, officer):
    stranger = make.person(make.station("Nogales"), Role.COORDINATOR)
    acts = [
        (actions.open_kits, {"kits": [kit]}),
        (actions.hold_kits, {"kits": [kit], "note": "wet"}),
        (actions.release_kits, {"kits": [kit]}),
        (actions.waste_doses, {"kit": kit, "count": 1, "note": "fired"}),
        (actions.report_missing, {"kits": [kit]}),
        (actions.note_event, {"kit": kit, "about": 1, "note": "x"}),
        (actions.undo_newest, {"kit": kit, "sequence": 1, "note": "x"}),
    ]
    make.hand([kit], officer, by=by)
    kit = fresh(kit)
    for action, facts in acts:
        facts = {**facts, "sequence": 2} if "sequence" in facts else facts
        with pytest.raises(AccessError):
            do(action, by=stranger, **facts)

    assert fresh(kit).last_sequence == 2


@pytest.mark.parametrize("checked", [True, False])
def test_hold_ends_where_it_began(by, store, checked):
    [kit] = make.delivery(by, store, checked=checked)
    do(actions.hold_kits, kits=[kit], note="Left in the sun", by=by)
    assert fresh(kit).state == State.HELD

    do(actions.release_kits, kits=[kit], note="Looked at", by=by)

    assert fresh(kit).state == (State.IN_SERVICE if checked else State.QUARANTINE)


def test_a_kit_used_on_hold_is_released_as_opened_unless_the_use_was_undone(kit, by):
    do(actions.hold_kits, kits=[kit], note="Sun", by=by)
    do(actions.waste_doses, kit=kit, count=1, note="Fired by mistake", by=by)
    do(actions.release_kits, kits=[kit], by=by)
    assert fresh(kit).state == State.OPENED

    undo(kit, by)
    assert fresh(kit).state == State.HELD
    assert fresh(kit).doses == 1


def test_what_is_on_hold_is_not_handed_out(kit, by, officer):
    do(actions.hold_kits, kits=[kit], note="Sun", by=by)

    with pytest.raises(CustodyError, match="not in service: on hold"):
        make.hand([kit], officer, by=by)


@pytest.mark.parametrize("act", ["hold_kits", "write_off", "waste_doses", "undo_newest", "note_event"])  # fmt: skip
def test_a_reason_is_asked_for(kit, by, act):
    facts = {
        "waste_doses": {"kit": kit, "count": 1},
        "undo_newest": {"kit": kit, "sequence": 1},
        "note_event": {"kit": kit, "about": 1},
    }.get(act, {"kits": [kit]})

    with pytest.raises(CustodyError, match="Say why") as told:
        do(getattr(actions, act), note="  ", by=by, **facts)

    assert told.value.field == "note"
    assert fresh(kit).last_sequence == 1


# --- wasted --------------------------------------------------------------------------------------
def test_wasted_doses_leave_the_kit_and_the_last_one_empties_it(kit, by):
    do(actions.waste_doses, kit=kit, count=1, note="Fired by mistake", by=by)
    assert (fresh(kit).state, fresh(kit).doses) == (State.OPENED, 1)

    do(actions.waste_doses, kit=kit, count=1, note="Training", by=by)

    assert (fresh(kit).state, fresh(kit).doses) == (State.SPENT, 0)
    assert Device.objects.filter(kit=None).count() == 2
    assert verify_ledger().intact
    with pytest.raises(CustodyError, match="is emptied"):
        do(actions.waste_doses, kit=kit, count=1, note="Again", by=by)


def test_no_more_doses_are_wasted_than_there_are(kit, by):
    with pytest.raises(CustodyError, match="holds 2 doses, not 3") as told:
        do(actions.waste_doses, kit=kit, count=3, note="All", by=by)

    assert told.value.field == "count"


def test_doses_of_the_lot_named_are_taken(by, store):
    cartons = make.delivery(by, store) + make.delivery(by, store, expires_on=make.day(900))
    do(actions.assemble_kits, cartons=cartons, kind="kit", doses_per_kit=4, place=store, by=by)
    kit = Kit.objects.get(kind="kit")
    late = cartons[1].lot

    do(actions.waste_doses, kit=kit, count=2, lot=late, note="Fired", by=by)

    assert set(Device.objects.filter(kit=kit).values_list("lot", flat=True)) == {cartons[0].lot_id}
    with pytest.raises(CustodyError, match=f"0 doses of lot {late}"):
        do(actions.waste_doses, kit=fresh(kit), count=1, lot=late, note="Fired", by=by)


# --- missing, found, written off -----------------------------------------------------------------
def test_a_missing_kit_opens_a_discrepancy_and_is_mailed_at_once_without_names(kit, by, officer):
    chief = make.person(by.station, Role.SUPERVISOR)
    make.hand([kit], officer, by=by)

    do(actions.report_missing, kits=[kit], note="Fell into the river", by=officer)

    found = Discrepancy.objects.get()
    assert (found.kit_id, found.kind, found.told) == (kit.pk, "missing", "Fell into the river")
    assert found.due_at - found.opened_at == dt.timedelta(hours=24)
    assert fresh(kit).holder.kind == HolderKind.MISSING
    assert fresh(kit).station == by.station
    mails = Message.objects.filter(kind="kit.missing")
    assert {mail.recipient for mail in mails} == {by, chief}
    for mail in mails:
        assert kit.reference in mail.body
        assert officer.family_name not in mail.body + mail.subject
        assert "river" not in mail.body + mail.subject


def test_a_kit_can_not_go_missing_twice(kit, by):
    do(actions.report_missing, kits=[kit], by=by)

    with pytest.raises(CustodyError, match="is missing"):
        do(actions.report_missing, kits=[kit], by=by)
    assert Discrepancy.objects.count() == 1


def test_who_finds_it_has_it_on_hold_and_the_search_ends(kit, by, officer):
    do(actions.report_missing, kits=[kit], by=by)

    do(actions.record_found, kits=[kit], where=officer, note="Under the seat", by=officer)

    assert (fresh(kit).state, fresh(kit).holder.person) == (State.HELD, officer)
    closed = Discrepancy.objects.get()
    assert (closed.closing_code, closed.closed_by) == (ClosingCode.FOUND, officer)
    with pytest.raises(CustodyError, match="is not missing"):
        do(actions.record_found, kits=[kit], where=officer, by=officer)


def test_nobody_finds_kits_into_somebody_elses_hands(kit, by, officer):
    do(actions.report_missing, kits=[kit], by=by)

    with pytest.raises(AccessError):
        do(actions.record_found, kits=[kit], where=make.person(by.station), by=officer)


def test_a_found_kit_of_a_recalled_lot_is_recalled(kit, by, store):
    do(actions.report_missing, kits=[kit], by=by)
    national = make.coordinator(by.station)
    make.grant(national, Role.COORDINATOR, scope="everywhere")
    do(actions.recall_lot, lot=kit.lot, notice="Maker", by=national)
    assert fresh(kit).state == State.MISSING

    do(actions.record_found, kits=[kit], where=store, by=by)

    assert fresh(kit).state == State.RECALLED


def test_a_written_off_kit_may_still_be_found(kit, by, store, officer):
    do(actions.report_missing, kits=[kit], by=by)
    with pytest.raises(AccessError):
        do(actions.write_off, kits=[kit], note="Gone", by=officer)
    do(actions.write_off, kits=[kit], note="Searched for three days", by=by)
    assert fresh(kit).state == State.WRITTEN_OFF
    assert Discrepancy.objects.get().closing_code == ClosingCode.LOST

    do(actions.record_found, kits=[kit], where=store, by=by)

    assert fresh(kit).state == State.HELD
    assert verify_ledger().intact


# --- mistakes ------------------------------------------------------------------------------------
def mistakes(kit, by, officer, store):
    """Each kind of act that can be undone, from a kit in a store."""
    other = make.place(by)
    return {
        "opened": lambda: do(actions.open_kits, kits=[kit], by=by),
        "held": lambda: do(actions.hold_kits, kits=[kit], note="x", by=by),
        "wasted": lambda: do(actions.waste_doses, kit=kit, count=1, note="x", by=by),
        "wasted all": lambda: do(actions.waste_doses, kit=kit, count=2, note="x", by=by),
        "missed": lambda: do(actions.report_missing, kits=[kit], by=by),
        "moved": lambda: do(
            actions.move_kits, why_empty="On purpose", kits=[kit], place=other, by=by
        ),
        "handed over": lambda: make.hand([kit], officer, by=by),
    }


@pytest.mark.parametrize(
    "name", ["opened", "held", "wasted", "wasted all", "missed", "moved", "handed over"]
)
def test_the_newest_event_is_undone_by_its_mirror(kit, by, officer, store, name):
    before = fresh(kit)
    mistakes(kit, by, officer, store)[name]()

    undo(kit, by, "The wrong kit")

    after = fresh(kit)
    assert (after.state, after.holder_id, after.doses, after.expires_on) == (
        before.state, before.holder_id, before.doses, before.expires_on,
    )  # fmt: skip
    assert after.last_sequence == before.last_sequence + 2
    assert CustodyEvent.objects.filter(kit=kit).latest("sequence").kind == EventKind.CORRECTED
    assert verify_ledger().intact


def test_an_undone_loss_ends_the_search_and_an_undone_find_begins_it_again(kit, by, store):
    do(actions.report_missing, kits=[kit], by=by)
    undo(kit, by)
    assert Discrepancy.objects.get().closing_code == ClosingCode.RECORDED_WRONG
    do(actions.report_missing, kits=[kit], by=by)
    do(actions.record_found, kits=[kit], where=store, by=by)

    undo(kit, by)

    assert fresh(kit).state == State.MISSING
    assert Discrepancy.objects.open().count() == 1


def test_what_can_not_be_undone_says_to_add_a_note(kit, by):
    with pytest.raises(CustodyError, match=r"can't be undone\. Add a note"):
        undo(kit, by)
    do(actions.open_kits, kits=[kit], by=by)
    undo(kit, by)
    with pytest.raises(CustodyError, match="can't be undone"):  # an undoing is not undone
        undo(kit, by)


def test_who_saw_an_older_event_is_told(kit, by):
    do(actions.open_kits, kits=[kit], by=by)

    with pytest.raises(CustodyError, match=r"no\. 1 is not its newest"):
        do(actions.undo_newest, kit=kit, sequence=1, note="x", by=by)


def test_the_recorder_undoes_and_another_officer_does_not(kit, by, officer):
    make.hand([kit], officer, by=by)
    do(actions.open_kits, kits=[kit], by=officer)
    with pytest.raises(AccessError):
        undo(kit, make.person(by.station))

    undo(kit, officer)

    assert fresh(kit).state == State.IN_SERVICE


def test_neither_side_takes_a_hand_over_back_alone_and_who_has_it_again_is_told(kit, by, officer):
    other = make.person(by.station)
    make.hand([kit], officer, by=by)
    make.hand([fresh(kit)], other, by=officer)
    for side in (officer, other):
        with pytest.raises(AccessError):
            undo(kit, side)

    undo(kit, by)

    assert fresh(kit).holder.person == officer
    mail = Message.objects.get(kind="kit.undone")
    assert mail.recipient == officer
    assert mail.subject == f"{kit.reference} is with you again"


def test_a_note_stands_in_the_record_and_moves_nothing(kit, by):
    do(actions.note_event, kit=kit, about=1, note="The lot was read by two", by=by)

    event = CustodyEvent.objects.filter(kit=kit).latest("sequence")
    assert event.kind == EventKind.NOTED
    assert event.act.note.text == "About no. 1: The lot was read by two"
    assert fresh(kit).state == kit.state
    with pytest.raises(CustodyError, match=r"has no event no\. 9"):
        do(actions.note_event, kit=kit, about=9, note="x", by=by)


def test_the_same_click_twice_does_one_thing(kit, by):
    key = make.key()
    first = actions.open_kits(kits=[kit], occurred_at=timezone.now(), request_key=key, by=by)

    again = actions.open_kits(kits=[kit], occurred_at=timezone.now(), request_key=key, by=by)

    assert again == first
    assert fresh(kit).last_sequence == 2


def test_a_missed_offer_lapses_with_the_kit(kit, by, officer):
    offer = actions.offer_kits(
        kits=[kit], receiver=make.holder(officer), now=timezone.now(), request_key=make.key(), by=by
    )

    do(actions.hold_kits, kits=[kit], note="Sun", by=by)

    assert offer.lines.get().outcome == "lapsed"


# --- the database --------------------------------------------------------------------------------
def raw(kit, by, **facts):
    act = ledger.open_act(request_key=make.key(), verb="x", occurred_at=timezone.now(), by=by)
    event = {
        "act": act, "kit": kit, "sequence": kit.last_sequence + 1, "source_id": kit.holder_id,
        "destination_id": kit.holder_id, "state": kit.state,
    }  # fmt: skip
    ledger.write([CustodyEvent(**event | facts)])


@pytest.mark.parametrize("kind", sorted(set(EventKind) - rules.UNDOABLE))
def test_the_trigger_undoes_only_what_the_rules_do(kit, by, store, kind):
    """The newest event of the kind, then a forged correction of it."""
    other = make.place(by)
    if kind == EventKind.NOTED:
        do(actions.note_event, kit=kit, about=1, note="x", by=by)
    elif kind == EventKind.CORRECTED:
        do(actions.move_kits, why_empty="On purpose", kits=[kit], place=other, by=by)
        undo(kit, by)
    elif kind == EventKind.RECALLED:
        make.grant(by, Role.COORDINATOR, scope="everywhere")
        do(actions.recall_lot, lot=kit.lot, notice="x", by=make.coordinator(by.station, scope="everywhere"))  # fmt: skip
    elif kind in (EventKind.SENT, EventKind.ARRIVED):
        there = make.coordinator(make.station())
        box = do(
            actions.send_kits, why_empty="On purpose", kits=[kit], destination=there.station, carrier="Courier",
            expected_on=make.day(3), by=by,
        )  # fmt: skip
        if kind == EventKind.ARRIVED:
            actions.receive_consignment(
                consignment=box, place=make.place(there), now=timezone.now(),
                request_key=make.key(), by=there,
            )  # fmt: skip
    elif kind in (EventKind.PARTED, EventKind.ASSEMBLED):
        do(actions.assemble_kits, cartons=[kit], kind="kit", doses_per_kit=1, place=store, by=by)
        kit = kit if kind == EventKind.PARTED else Kit.objects.filter(kind="kit").first()
    kit = fresh(kit)
    newest = CustodyEvent.objects.get(kit=kit, sequence=kit.last_sequence)
    assert newest.kind == kind
    before = CustodyEvent.objects.filter(kit=kit, sequence=kit.last_sequence - 1).first()

    with pytest.raises(CustodyError), transaction.atomic():
        raw(kit, by, kind="corrected", destination_id=newest.source_id,
            state=before.state if before else "new", devices=newest.devices)  # fmt: skip


def test_the_trigger_takes_no_crooked_mirror(kit, by, officer):
    other = make.place(by)
    do(actions.waste_doses, kit=kit, count=1, note="x", by=by)
    do(actions.move_kits, why_empty="On purpose", kits=[kit], place=other, by=by)
    kit = fresh(kit)
    newest = CustodyEvent.objects.get(kit=kit, sequence=kit.last_sequence)
    true = {"kind": "corrected", "destination_id": newest.source_id, "state": "opened"}
    wasted = Device.objects.get(kit=None).pk

    for wrong in (
        {"destination_id": make.place(by).pk},
        {"state": "in_service"},
        {"devices": [wasted]},
    ):
        with pytest.raises(CustodyError), transaction.atomic():
            raw(kit, by, **true | wrong)
    raw(kit, by, **true)
    assert verify_kit(kit).intact


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "used", "state": "opened", "devices": None}, "don't add up"),
        ({"kind": "used", "state": "spent", "devices": "one"}, "don't add up"),
        ({"kind": "used", "state": "opened", "devices": "both"}, "don't add up"),
        ({"kind": "used", "state": "opened", "devices": "another's"}, "don't add up"),
        ({"kind": "used", "state": "opened", "devices": "one", "units": True}, "don't add up"),
        ({"kind": "opened", "state": "opened", "devices": "one"}, "don't add up"),
        ({"kind": "used", "state": "in_service", "devices": "one"}, "can't be done"),
        ({"kind": "missed", "state": "missing"}, "can't be done"),
    ],
)
def test_the_trigger_refuses_doses_that_do_not_add_up(kit, by, store, wrong, words):
    [another] = make.delivery(by, store)
    mine = list(Device.objects.filter(kit=kit).values_list("pk", flat=True))
    theirs = Device.objects.filter(kit=another).values_list("pk", flat=True)
    if "devices" in wrong:
        wrong["devices"] = {"one": mine[:1], "both": mine, "another's": [theirs[0]], None: None}[
            wrong["devices"]
        ]
    if "units" in wrong:
        wrong["units"] = [another.pk]

    with pytest.raises(CustodyError, match=words), transaction.atomic():
        raw(kit, by, **wrong)

    assert verify_ledger().intact


# --- discrepancies -------------------------------------------------------------------------------
@pytest.fixture
def short(kit, by):
    now = timezone.now()
    return Discrepancy.objects.create(
        kind="short", kit=kit, station=kit.station, told="One dose", opened_by=by, opened_at=now,
        due_at=now + dt.timedelta(hours=24),
    )  # fmt: skip


def close(found, by, code="recounted", note="Counted by two"):
    return actions.close_discrepancy(
        discrepancy=found, code=code, note=note, now=timezone.now(), by=by
    )


def test_a_discrepancy_is_closed_with_a_code_once(short, by):
    close(short, by)

    short.refresh_from_db()
    assert (short.closing_code, short.closing_note, short.closed_by) == (
        "recounted", "Counted by two", by,
    )  # fmt: skip
    assert AuditRow.objects.filter(act="discrepancy.closed", target=short.reference).exists()
    with pytest.raises(CustodyError, match="was closed meanwhile"):
        close(short, by)


def test_closing_asks_for_code_reason_and_right(short, by, kit, officer):
    for code in ("", "found", "lost", "nonsense"):
        with pytest.raises(CustodyError, match="Choose how it ended"):
            close(short, by, code=code)
    with pytest.raises(CustodyError, match="Say why"):
        close(short, by, note=" ")
    with pytest.raises(AccessError):
        close(short, officer)
    do(actions.report_missing, kits=[kit], by=by)
    with pytest.raises(CustodyError, match="found, or write it off"):
        close(Discrepancy.objects.get(kind="missing"), by)


def test_what_is_not_explained_in_a_day_alerts_the_station_and_in_three_the_health_office(
    short, by
):
    office = make.person(by.station, Role.HEALTH_OFFICE, scope="everywhere")
    hour = dt.timedelta(hours=1)

    notices.sweep_discrepancies(short.opened_at + 23 * hour)
    assert not alerts.Alert.objects.exists()
    notices.sweep_discrepancies(short.opened_at + 25 * hour)
    alert = alerts.Alert.objects.get()
    assert (alert.subject, alert.threshold) == (short.reference, notices.LATE)
    assert office not in notices.discrepancy_recipients(by.station, alert.threshold, timezone.now())

    for _ in range(3):
        notices.sweep_discrepancies(short.opened_at + 73 * hour)
    alert.refresh_from_db()
    assert alert.threshold == notices.ESCALATED
    assert office in notices.discrepancy_recipients(by.station, alert.threshold, timezone.now())
    assert "1 thing does not add up" in notices.discrepancy_line([alert])
    assert "2 things do not add up" in notices.discrepancy_line([alert, alert])

    close(short, by)
    alert.refresh_from_db()
    assert alert.resolved_by == by
