"""The database is the notary: what it refuses the application, and what the verifier finds when its owner cheats."""

import datetime as dt
import threading

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from naloxone import actions, ledger
from naloxone.actions import CustodyError
from naloxone.models import CustodyEvent, CustodyLine, CustodyMove, Device, Holder, Kit
from naloxone.rules import MOVES, stays
from naloxone.verify import verify_kit, verify_ledger
from tests.naloxone import make


def history():
    """A small history: two deliveries, kits assembled, one in an officer's hands and back."""
    by = make.coordinator(make.station())
    store = make.place(by)
    officer = make.person(by.station)
    cartons = make.delivery(by, store, cartons=3)
    actions.assemble_kits(
        cartons=cartons[:2],
        kind="kit",
        doses_per_kit=2,
        place=store,
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=by,
    )
    kit = Kit.objects.filter(kind="kit").with_names().first()
    make.hand([kit], officer, by=by)
    offer = actions.offer_kits(
        kits=[kit], receiver=store, now=timezone.now(), request_key=make.key(), by=officer
    )
    actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=by)
    return Kit.objects.with_names().get(pk=kit.pk)


# --- what the application's role is refused ------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "update naloxone_custodyevent set state = 'spent'",
        "update naloxone_custodyevent set hash = '\\x00'",
        "delete from naloxone_custodyevent",
        "truncate naloxone_custodyevent cascade",
        "copy naloxone_custodyevent (hash) from stdin",
        "alter table naloxone_custodyevent disable trigger all",
        "alter table naloxone_custodyevent add column x int",
        "drop trigger custody_checked on naloxone_custodyevent",
        "set session_replication_role = replica",
        "insert into naloxone_custodyevent (hash) values ('\\x00')",
        "insert into naloxone_custodyevent (recorded_at) values (now())",
        "insert into naloxone_custodyevent (id) values (1)",
        "update naloxone_kit set holder_id = 1",
        "update naloxone_kit set last_sequence = 0",
        "insert into naloxone_kit (kind, seal, state) values ('kit', '', 'in_service')",
        "select * from naloxone_kit for update",
        "delete from naloxone_kit",
        "update naloxone_device set kit_id = 1",
        "update naloxone_lot set expires_on = '2099-01-01'",
        "update naloxone_act set by_id = 1",
        "insert into naloxone_custodyline values (1, 1, 1, 1)",
        "insert into naloxone_custodymove (kind) values ('x')",
        "create temporary table naloxone_kit (id int)",
        "create table x (id int)",
        "delete from safety_portal_auditrow",
        "update safety_portal_auditrow set act = 'x'",
    ],
)
def test_the_application_is_refused(statement):
    history()

    with pytest.raises(DatabaseError) as told, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert told.value.__cause__.sqlstate == "42501"  # insufficient privilege


@pytest.fixture
def kit(db):
    return history()


def raw_event(kit, **wrong):
    act = ledger.open_act(
        request_key=make.key(), verb="move", occurred_at=timezone.now(), by=kit.holder_person
    )
    facts = {
        "act": act,
        "kit": kit,
        "sequence": kit.last_sequence + 1,
        "kind": "moved",
        "source_id": kit.holder_id,
        "destination_id": kit.other_place.pk,
        "state": "in_service",
    } | wrong
    return CustodyEvent(**facts)


@pytest.fixture
def movable(kit):
    by = make.coordinator(kit.station)
    kit.holder_person = by
    kit.other_place = make.place(by)
    return kit


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sequence": 99}, "moved meanwhile"),
        ({"sequence": 1}, "moved meanwhile"),
        ({"source": "other"}, "another holder"),
        ({"kind": "handed_over"}, "can't be done"),
        ({"state": "recalled"}, "can't be done"),
        ({"destination": "same"}, "can't be done"),
        ({"kind": "parted", "state": "spent", "destination": "same"}, "don't add up"),
        ({"devices": [1]}, "don't add up"),
    ],
)
def test_the_trigger_refuses_what_could_not_have_happened(movable, wrong, words):
    if wrong.pop("source", None):
        wrong = {**wrong, "source_id": movable.other_place.pk}
    if wrong.get("destination"):
        wrong = {**{k: v for k, v in wrong.items() if k != "destination"}}
        wrong["destination_id"] = movable.holder_id
    before = CustodyEvent.objects.count()

    with pytest.raises(CustodyError, match=words), transaction.atomic():
        ledger.write([raw_event(movable, **wrong)])

    assert CustodyEvent.objects.count() == before
    assert verify_ledger().intact


def test_no_unit_goes_into_a_closed_place(movable):
    Holder.objects.filter(pk=movable.other_place.pk).update(closed_on=make.day(0))

    with pytest.raises(CustodyError) as told, transaction.atomic():
        ledger.write([raw_event(movable)])

    assert str(told.value) == (
        f"{movable.other_place} has been closed, so {movable.reference} can't be there. "
        "Choose another place."
    )
    assert verify_ledger().intact


def test_an_act_of_the_future_is_refused_by_the_database_too(movable):
    act = ledger.open_act(
        request_key=make.key(),
        verb="move",
        occurred_at=timezone.now() + dt.timedelta(hours=1),
        by=movable.holder_person,
    )

    with pytest.raises(CustodyError, match="future"), transaction.atomic():
        ledger.write([raw_event(movable, act=act)])


def test_no_dose_is_added_to_a_unit_that_is_on_the_ledger(kit):
    with pytest.raises(DatabaseError, match="received before"), transaction.atomic():
        Device.objects.create(origin=kit, lot=kit.lot)


def test_an_ignored_conflict_moves_nothing(movable):
    event = CustodyEvent.objects.filter(kit=movable).last()

    CustodyEvent.objects.bulk_create(
        [raw_event(movable, sequence=movable.last_sequence + 1)], ignore_conflicts=True
    )

    assert verify_ledger().intact
    assert CustodyEvent.objects.filter(kit=movable).count() == event.sequence + 1


def test_what_the_trigger_fills_is_left_out_of_the_insert(movable, django_assert_num_queries):
    event = raw_event(movable)

    with django_assert_num_queries(1) as queries:
        CustodyEvent.objects.bulk_create([event])

    columns = queries.captured_queries[0]["sql"].split("RETURNING")[0]
    assert not any(name in columns for name in ("hash", "recorded_at", "station_id"))
    assert len(bytes(event.hash)) == 32


def test_the_table_of_moves_is_the_rules(db):
    rows = {
        (m.kind, m.old_state, m.new_state, m.source_kind, m.destination_kind, m.stays)
        for m in CustodyMove.objects.all()
    }

    assert rows == {(*move, stays(move[0])) for move in MOVES}


# --- what the verifier finds -----------------------------------------------------------------------


def test_an_honest_ledger_is_intact(kit):
    found = verify_ledger()

    assert found.intact
    assert found.events == CustodyEvent.objects.count()
    assert found.kits == Kit.objects.count()
    assert verify_kit(kit).sentence == "Chain intact: 3 events checked."


TAMPERINGS = {
    "changes the state": (
        "update naloxone_custodyevent set destination_id = {store} where kit_id = {kit} and sequence = 2", "changed"),
    "changes the time by a microsecond": (
        ("update naloxone_custodyevent set recorded_at = recorded_at + interval '1 microsecond' "
        "where kit_id = {kit} and sequence = 2"), "no. 2 was changed"),
    "changes who did it": (
        ("update naloxone_act set by_id = (select min(id) from safety_portal_person) "
        "where id = (select act_id from naloxone_custodyevent where kit_id = {kit} and sequence = 2)"), "was changed"),
    "removes a middle event": (
        "delete from naloxone_custodyevent where kit_id = {kit} and sequence = 2", "missing before no. 3"),
    "cuts the end": (
        "delete from naloxone_custodyevent where kit_id = {kit} and sequence = 3", "cut off the end"),
    "removes all events of a kit": (
        "delete from naloxone_custodyevent where kit_id = {kit}", "holds no event"),
    "swaps two events": (
        ("update naloxone_custodyevent set sequence = sequence + 100 where kit_id = {kit} and sequence in (2, 3);"
        "update naloxone_custodyevent set sequence = 105 - sequence where kit_id = {kit} and sequence > 100"),
        "K-{kit}"),
    "inserts an event": (
        ("insert into naloxone_custodyevent (act_id, kit_id, sequence, kind, source_id, destination_id, state, "
        "station_id, recorded_at, previous_hash, hash) select act_id, kit_id, 4, 'moved', destination_id, "
        "destination_id, state, station_id, recorded_at, hash, sha256('x') from naloxone_custodyevent "
        "where kit_id = {kit} and sequence = 3"), "no. 4"),
    "edits the holder in the projection": (
        "update naloxone_kit set holder_id = (select min(id) from naloxone_holder) where id = {kit}",
        "row was edited"),
    "edits the state in the projection": (
        "update naloxone_kit set state = 'spent' where id = {kit}", "row was edited"),
    "edits the expiry in the projection": (
        "update naloxone_kit set expires_on = '2099-01-01' where id = {kit}", "does not fit the doses"),
    "edits a lot's expiry": (
        "update naloxone_lot set expires_on = '2099-01-01'", "K-"),
    "adds a dose": (
        ("insert into naloxone_device (origin_id, lot_id, serial, kit_id) "
        "select {kit}, min(id), '', {kit} from naloxone_lot"), "K-{kit}"),
    "moves a dose": (
        "update naloxone_device set kit_id = {kit} where id = (select max(id) from naloxone_device)", "K-"),
    "allows another move": (
        "delete from naloxone_custodymove where kind = 'returned'", "rules do not allow"),
    "changes what kind of unit it is": (
        "update naloxone_kit set kind = 'canine_kit' where id = {kit}", "was changed"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_verifier_names_what_the_owner_did(committed, django_db_blocker, name, capsys):
    statement, words = TAMPERINGS[name]
    with django_db_blocker.unblock():
        kit = history()
        assert verify_ledger().intact
        store = kit.holder_id
        with connections["owner"].cursor() as cursor:
            for table in ("kit", "custodyevent", "act", "device", "lot"):
                cursor.execute(f"alter table naloxone_{table} disable trigger user")
            cursor.execute(statement.format(kit=kit.pk, store=store))
            assert cursor.rowcount > 0

        with pytest.raises(SystemExit) as ended:
            call_command("verify_custody")

    assert ended.value.code == 1
    printed = capsys.readouterr().out
    assert "BROKEN" in printed
    assert words.format(kit=kit.pk) in printed


def test_the_command_prints_what_it_checked(kit, capsys):
    call_command("verify_custody")

    assert f"{CustodyEvent.objects.count()} events of {Kit.objects.count()} kits" in (
        capsys.readouterr().out
    )
    assert CustodyLine.objects.count() == 6 + 4


# --- many at once ------------------------------------------------------------------------------------


def test_of_eight_who_take_one_kit_at_once_one_succeeds(committed, django_db_blocker):
    with django_db_blocker.unblock():
        by = make.coordinator(make.station())
        kits = make.delivery(by, make.place(by))
        people = [make.person(by.station) for _ in range(8)]
        holders = [make.holder(p) for p in people]
        start, answers = threading.Barrier(8), []

        def take(officer, holder):
            try:
                start.wait()
                actions.hand_over_here(
                    kits=kits,
                    receiver=holder,
                    second=officer,
                    proof="password",
                    occurred_at=timezone.now(),
                    request_key=make.key(),
                    by=by,
                )
                answers.append(None)
            except CustodyError as error:
                answers.append(error)
            finally:
                connections.close_all()

        # One coordinator at eight terminals: all see the kit in the store, one is first.
        threads = [
            threading.Thread(target=take, args=pair) for pair in zip(people, holders, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        told = [str(answer) for answer in answers if answer]
        assert len(answers) == 8
        assert len(told) == 7
        winner = Kit.objects.with_names().get().holder
        assert set(told) == {f"{kits[0].reference} is with {winner} now. Only they can hand it on."}
        assert CustodyEvent.objects.filter(kind="handed_over").count() == 1
        assert verify_ledger().intact


def test_a_withdrawal_waits_for_an_answer_under_way(committed, django_db_blocker):
    with django_db_blocker.unblock():
        by = make.coordinator(make.station())
        officer = make.person(by.station)
        kits = make.delivery(by, make.place(by))
        now = timezone.now()
        offer = actions.offer_kits(
            kits=kits, receiver=make.holder(officer), now=now, request_key=make.key(), by=by
        )
        told = []

        def withdraw():
            try:
                actions.withdraw_offer(offer=offer, now=now, by=by)
            except CustodyError as error:
                told.append(str(error))
            finally:
                connections.close_all()

        thread = threading.Thread(target=withdraw)
        with transaction.atomic():
            ledger.lock_kits([kits[0].pk])  # as an answer does first
            thread.start()
            thread.join(0.3)
            actions.answer_offer(offer=offer, now=now, request_key=make.key(), by=officer)
        thread.join()

        assert told == [f"Nothing of {offer.reference} is open any more."]
        assert Kit.objects.with_names().get().holder == make.holder(officer)


def test_the_whole_life_of_a_kit_can_be_taken_back_and_made_again(committed, django_db_blocker):
    with django_db_blocker.unblock():
        call_command("migrate", "naloxone", "0008_who_answered", verbosity=0)
        moves = CustodyMove.objects.filter(kind="corrected").count()
        call_command("migrate", verbosity=0)
        history()

        assert moves == 0
        assert CustodyMove.objects.filter(kind="corrected").exists()
        assert verify_ledger().intact
