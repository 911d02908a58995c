"""Places: opened, changed and closed, by whom, and what a close that comes at the wrong moment meets."""

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from naloxone import actions
from naloxone.actions import CustodyError
from naloxone.models import CustodyEvent, Holder, Kit
from naloxone.verify import verify_ledger
from safety_portal.access import AccessError, Role
from safety_portal.audit import AuditRow
from safety_portal.people import PersonError
from safety_portal.versions import StaleError
from tests.naloxone import make


@pytest.fixture
def by(db):
    return make.coordinator(make.station())


@pytest.fixture
def cabinet(by):
    return make.place(by, "Lane 3 cabinet")


def close(place, by, now=None):
    return actions.close_place(place=place, now=now or timezone.now(), by=by)


def move(kits, place, by):
    return actions.move_kits(
        why_empty="On purpose",
        kits=kits,
        place=place,
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=by,
    )


def refused(verb, *given, **facts):
    with pytest.raises(CustodyError) as told, transaction.atomic():
        verb(*given, **facts)
    return str(told.value)


def acts(place):
    return list(AuditRow.objects.about(place.reference).values_list("act", flat=True))


# --- changed -------------------------------------------------------------------------------------
def test_a_change_is_written_with_what_was_before(by, cabinet):
    actions.change_place(
        place=cabinet, version=1, name="Lane 4 cabinet", access_mode="key", par_min=None,
        why="The lane is closed", by=by,
    )  # fmt: skip

    cabinet.refresh_from_db()
    assert (cabinet.name, cabinet.access_mode, cabinet.par_min) == ("Lane 4 cabinet", "key", None)
    told = AuditRow.objects.get(act="place.changed").facts.splitlines()
    assert told == [
        "name: Lane 3 cabinet → Lane 4 cabinet",
        "how it opens: open → key",
        "par: 2 → nothing",
    ]


def test_who_changes_a_stale_page_reads_what_the_other_wrote(by, cabinet):
    actions.change_place(place=cabinet, version=1, par_min=7, by=by)

    with pytest.raises(StaleError, match="They wrote: par: 7"):
        actions.change_place(place=cabinet, version=1, par_min=3, by=by)

    assert Holder.objects.get(pk=cabinet.pk).par_min == 7


def test_one_change_sent_twice_is_one_change(by, cabinet):
    for _ in range(2):
        found = Holder.objects.with_names().get(pk=cabinet.pk)
        actions.change_place(place=found, version=1, par_min=7, by=by)

    assert acts(cabinet) == ["place.opened", "place.changed"]


def test_a_name_is_that_of_one_place_in_use_at_a_station(by, cabinet):
    other = make.place(by, "Vault")
    elsewhere = make.coordinator(make.station())

    said = refused(actions.change_place, place=other, version=1, name="LANE 3 cabinet", by=by)
    refused(make.place, by, "lane 3 Cabinet")
    make.place(elsewhere, "Lane 3 cabinet")
    actions.change_place(place=cabinet, version=1, name="Lane 3 Cabinet", by=by)
    close(cabinet, by)
    again = make.place(by, "Lane 3 cabinet")

    assert said == f"{by.station} already has a place of this name."
    assert again.pk != cabinet.pk


def test_the_same_form_sent_twice_opens_one_place(by):
    first, second = (make.place(by, "Vault") for _ in range(2))

    assert first == second
    assert acts(first) == ["place.opened"]


# --- closed --------------------------------------------------------------------------------------
def test_an_empty_place_is_closed_on_its_stations_day(by, cabinet):
    late = dt.datetime(2026, 11, 4, 3, tzinfo=dt.UTC)  # still the third in Laredo

    closed = close(cabinet, by, now=late)

    assert closed.closed_on == dt.date(2026, 11, 3)
    assert Holder.objects.get(pk=cabinet.pk).version == 2
    assert acts(cabinet) == ["place.opened", "place.closed"]


def test_closed_twice_is_closed_once(by, cabinet):
    first = close(cabinet, by)

    assert close(cabinet, by).closed_on == first.closed_on
    assert acts(cabinet) == ["place.opened", "place.closed"]


@pytest.mark.parametrize(
    ("cartons", "words"),
    [
        (1, "1 kit is left in Lane 3 cabinet: move it first."),
        (3, "3 kits are left in Lane 3 cabinet: move them first."),
    ],
)
def test_a_place_with_kits_stays_open_and_says_how_many(by, cabinet, cartons, words):
    kits = make.delivery(by, cabinet, cartons=cartons)

    said = refused(close, cabinet, by)
    move(kits, make.place(by), by)

    assert said == words
    assert close(cabinet, by).closed_on


def test_emptied_cartons_keep_no_place_open(by, cabinet):
    cartons, store = make.delivery(by, cabinet), make.place(by)
    actions.assemble_kits(
        cartons=cartons, kind="kit", doses_per_kit=2, place=cabinet, occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    move(list(Kit.objects.filter(kind="kit").with_names()), store, by)

    assert close(cabinet, by).closed_on


def emptied_in(place, by):
    """A kit whose last dose was wasted where it lies, and the place closed since."""
    [kit] = make.delivery(by, place, cartons=1)
    actions.waste_doses(
        kit=kit, count=2, occurred_at=timezone.now(), note="Fired by mistake",
        request_key=make.key(), by=by,
    )  # fmt: skip
    close(place, by)
    return Kit.objects.with_names().get(pk=kit.pk)


def test_a_note_is_taken_about_what_was_emptied_in_a_closed_place(by, cabinet):
    kit = emptied_in(cabinet, by)

    actions.note_event(kit=kit, about=2, note="Batch 7 fires early", request_key=make.key(), by=by)

    assert CustodyEvent.objects.filter(kit=kit).last().kind == "noted"
    assert verify_ledger().intact


def test_what_would_fill_a_closed_place_again_is_not_undone(by, cabinet):
    kit = emptied_in(cabinet, by)

    said = refused(
        actions.undo_newest, kit=kit, sequence=2, note="Another kit", request_key=make.key(), by=by
    )

    assert said == f"Lane 3 cabinet has been closed, so {kit.reference} can't be there. Choose another place."  # fmt: skip
    assert Kit.objects.get(pk=kit.pk).state == "spent"


def test_a_place_stays_open_while_a_hand_over_to_it_waits(by, cabinet):
    officer = make.person(by.station)
    kits = make.hand(make.delivery(by, make.place(by)), officer, by=by)
    offer = actions.offer_kits(
        kits=kits, receiver=cabinet, now=timezone.now(), request_key=make.key(), by=officer
    )

    said = refused(close, cabinet, by)
    actions.withdraw_offer(offer=offer, now=timezone.now(), by=officer)

    assert said == "1 hand-over to Lane 3 cabinet is still open: answer or withdraw it first."
    assert close(cabinet, by).closed_on


def test_a_closed_place_is_neither_changed_nor_moved_into(by, cabinet):
    kits = make.delivery(by, make.place(by))
    closed = close(cabinet, by, now=dt.datetime(2026, 11, 3, 18, tzinfo=dt.UTC))

    changed = refused(actions.change_place, place=closed, version=2, name="Lane 4", by=by)
    moved = refused(move, kits, cabinet, by)
    refused(make.delivery, by, cabinet)

    assert changed == "Lane 3 cabinet was closed on 03 Nov 2026."
    assert "Lane 3 cabinet has been closed" in moved
    assert Kit.objects.filter(holder=cabinet).count() == 0


def test_nobody_but_a_place_is_closed_not_even_past_the_actions(by):
    officer = make.holder(make.person(by.station))

    with pytest.raises(IntegrityError, match="holder_only_places_close"), transaction.atomic():
        Holder.objects.filter(pk=officer.pk).update(closed_on=make.day(0))


# --- by whom -------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR, None])
def test_only_the_coordinator_there_keeps_places(by, cabinet, role):
    strangers = [make.coordinator(make.station())]
    strangers.append(make.person(by.station, *([role] if role else [])))

    for stranger in strangers:
        with pytest.raises(AccessError):
            actions.change_place(place=cabinet, version=1, par_min=1, by=stranger)
        with pytest.raises(AccessError):
            close(cabinet, stranger)


# --- at once -------------------------------------------------------------------------------------
def together(*works):
    """What each work gave, its error or None, in an order of the database's choosing."""
    start, answers = threading.Barrier(len(works)), [None] * len(works)

    def run(number, work):
        try:
            start.wait()
            work()
        except CustodyError as error:
            answers[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def somebody_waits(cursor):
    cursor.execute("select exists (select 1 from pg_locks where not granted)")
    return cursor.fetchone()[0]


def while_it_waits(first, second):
    """Does `first` without ending its transaction, starts `second`, ends the first; the second one's error or None."""
    answers = []

    def run():
        try:
            second()
            answers.append(None)
        except (CustodyError, PersonError) as error:
            answers.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        with connections["owner"].cursor() as cursor:
            while not somebody_waits(cursor):
                assert thread.is_alive(), "it did not wait"
    thread.join()
    return answers[0]


@pytest.fixture
def moving(committed, django_db_blocker):
    """A kit, a place it may go to, and who does it, in a database that may commit."""
    with django_db_blocker.unblock():
        by = make.coordinator(make.station())
        yield make.delivery(by, make.place(by, "Vault")), make.place(by, "Lane 3 cabinet"), by


def test_a_place_is_not_closed_behind_a_kit_on_its_way_into_it(moving):
    kits, cabinet, by = moving

    error = while_it_waits(lambda: move(kits, cabinet, by), lambda: close(cabinet, by))

    assert str(error) == "1 kit is left in Lane 3 cabinet: move it first."
    assert Kit.objects.get().holder.closed_on is None


def test_a_kit_does_not_slip_into_a_place_that_is_being_closed(moving):
    kits, cabinet, by = moving

    error = while_it_waits(lambda: close(cabinet, by), lambda: move(kits, cabinet, by))

    assert str(error) == (
        f"Lane 3 cabinet has been closed, so {kits[0].reference} can't be there. "
        "Choose another place."
    )
    assert Kit.objects.get().holder.name == "Vault"
    assert verify_ledger().intact


def test_nothing_is_offered_to_a_place_that_is_being_closed(moving):
    kits, cabinet, by = moving

    def offer():
        actions.offer_kits(
            kits=kits, receiver=cabinet, now=timezone.now(), request_key=make.key(), by=by
        )

    error = while_it_waits(lambda: close(cabinet, by), offer)

    assert "was closed on" in str(error)


def test_moves_into_one_place_do_not_wait_for_each_other(moving):
    [kit], cabinet, by = moving
    other = make.delivery(by, make.place(by))
    done = threading.Event()

    def second():
        move(other, cabinet, by)
        done.set()
        connections.close_all()

    with transaction.atomic():
        move([kit], cabinet, by)
        thread = threading.Thread(target=second)
        thread.start()
        assert done.wait(20)
    thread.join()

    assert CustodyEvent.objects.filter(destination=cabinet).count() == 2


def test_of_two_places_with_one_name_opened_at_once_one_is_refused(committed, django_db_blocker):
    with django_db_blocker.unblock():
        by = make.coordinator(make.station())

        answers = together(
            lambda: make.place(by, "Vault"), lambda: make.place(by, "VAULT"),
        )  # fmt: skip

        assert sum(answer is None for answer in answers) == 1
        assert Holder.objects.filter(name__iexact="vault").count() == 1
