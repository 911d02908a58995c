"""Rounds of places: one row a place, nothing about kits unless something differs."""

import datetime as dt

import pytest
from django.conf import settings as portal_settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from naloxone import actions, round_summary
from naloxone.actions import CustodyError, binding, rounds
from naloxone.actions.rounds import Told
from naloxone.models import (
    CustodyEvent,
    Discrepancy,
    DrawnKit,
    Holder,
    Inspection,
    Kit,
    KitScan,
    Round,
    Search,
    UseBinding,
    Walk,
)
from naloxone.round_rules import RoundKind, Seen
from safety_portal.access import AccessError
from safety_portal.audit import AuditRow
from safety_portal.settings import ImproperlyConfigured, env_times
from tests.naloxone import make

pytestmark = pytest.mark.django_db
SHIFT, DOCUMENTED, COUNT = RoundKind


def go(by, *told, key=None, at=None, **facts):
    """A walk past places."""
    now = timezone.now()
    return actions.record_rounds(
        told=list(told), occurred_at=at or now, now=now, request_key=key or make.key(), by=by, **facts
    )  # fmt: skip


def seal(place, number="A-1"):
    """The outer seal put on a place now."""
    Holder.objects.filter(pk=place.pk).update(seal=number, sealed_at=timezone.now())
    place.refresh_from_db()
    return place


def named(place, **seen):
    return Told(place, SHIFT, Seen(**seen))


def kinds():
    return sorted(Discrepancy.objects.open().values_list("kind", flat=True))


# --- all right -----------------------------------------------------------------------------------


def test_eight_places_all_right_are_eight_rows_and_no_event(by):
    places = [make.place(by) for _ in range(8)]
    for place in places:
        make.delivery(by, place, cartons=2)
    events = CustodyEvent.objects.count()

    walk = go(by, *(Told(place, SHIFT) for place in places))

    assert Round.objects.filter(walk=walk, result="right", differences__isnull=True).count() == 8
    assert CustodyEvent.objects.count() == events
    assert not Inspection.objects.exists()
    assert not Discrepancy.objects.exists()
    assert list(walk.rounds.values_list("expected", flat=True)) == [2] * 8


def test_the_same_form_sent_twice_is_one_walk(by, store, kits):
    key = make.key()

    assert go(by, Told(store, SHIFT), key=key) == go(by, Told(store, SHIFT), key=key)
    assert Round.objects.count() == 1


def test_a_place_is_in_a_walk_once(by, store, kits):
    walk = go(by, Told(store, SHIFT))

    go(by, Told(store, SHIFT), walk=walk)
    go(by, Told(make.place(by), SHIFT), walk=walk)

    assert walk.rounds.count() == 2
    assert Walk.objects.count() == 1


def test_a_walk_is_ones_own_at_one_station(by, store, kits):
    walk, other = go(by, Told(store, SHIFT)), make.coordinator(by.station)
    elsewhere = make.place(make.coordinator(make.station()))

    with pytest.raises(AccessError):
        go(other, Told(make.place(by), SHIFT), walk=walk)
    with pytest.raises(CustodyError, match="not a place of"):
        go(by, Told(store, SHIFT), Told(elsewhere, SHIFT))
    with pytest.raises(AccessError):
        go(make.person(by.station), Told(store, SHIFT))
    with pytest.raises(CustodyError, match="at least one"):
        go(by)
    with pytest.raises(CustodyError, match="future"):
        go(by, Told(store, SHIFT), at=timezone.now() + dt.timedelta(hours=1))


def test_a_shift_check_looks_at_no_kit_and_a_documented_one_at_all(by, store):
    then = timezone.now() - dt.timedelta(days=40)
    kit = make.sealed_kit(by, store, occurred_at=then)
    old = kit.checked_on

    go(by, Told(store, SHIFT))
    kit.refresh_from_db()
    assert kit.checked_on == old
    go(by, Told(store, DOCUMENTED))

    kit.refresh_from_db()
    assert kit.checked_on == by.station.today()
    go(by, Told(store, DOCUMENTED), at=then)  # told late: it takes back nothing
    kit.refresh_from_db()
    assert kit.checked_on == by.station.today()


def test_what_was_absent_or_damaged_was_not_looked_at(by, store):
    then = timezone.now() - dt.timedelta(days=40)
    absent, damaged, there = (make.sealed_kit(by, store, occurred_at=then) for _ in range(3))
    seen = Seen(counted=2, absent=frozenset({absent.pk}), damaged=frozenset({damaged.pk}))

    go(by, Told(store, COUNT, seen))

    for kit in (absent, damaged, there):
        kit.refresh_from_db()
    today = by.station.today()
    assert [kit.checked_on == today for kit in (absent, damaged, there)] == [False, False, True]


def test_a_row_stays_as_it_was_written(by, store, kits):
    walk = go(by, Told(store, SHIFT))

    for change in (lambda: Round.objects.update(note="x"), lambda: walk.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        Round.objects.create(
            walk=walk, place=make.place(by), kind="shift", occurred_at=timezone.now(), expected=0,
            result="right", differences={"absent": [1]},
        )  # fmt: skip


# --- seals ---------------------------------------------------------------------------------------


def test_a_whole_outer_seal_stands_for_what_is_behind_it(by, store, kits):
    seal(store)

    walk = go(by, named(store, seal_whole=True))

    row = walk.rounds.get()
    assert (row.seal_recorded, row.seal_whole, row.counted, row.result) == (
        "A-1",
        True,
        None,
        "right",
    )


def test_a_broken_outer_seal_forces_the_count_and_a_new_one(by, store, kits):
    seal(store)
    with pytest.raises(CustodyError, match="Count the kits"):
        go(by, named(store, seal_whole=False, seal_new="A-2"))
    with pytest.raises(CustodyError, match="new seal"):
        go(by, named(store, seal_whole=False, counted=2))

    go(by, named(store, seal_whole=False, counted=2, seal_new="A-2"))

    store.refresh_from_db()
    assert store.seal == "A-2"
    assert kinds() == ["seal"]
    assert Discrepancy.objects.get().owner == by
    go(by, named(store, seal_whole=True))  # the new one stands for it


def test_a_seal_says_nothing_of_kits_that_came_or_went_since(by, store, kits):
    seal(store)
    actions.hold_kits(
        kits=kits[:1], note="Sun", occurred_at=timezone.now(), request_key=make.key(), by=by
    )
    assert not rounds.is_touched(store)  # a hold needs no hand
    actions.move_kits(
        why_empty="On purpose", kits=kits[1:], place=make.place(by), occurred_at=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    with pytest.raises(CustodyError, match="since it was sealed"):
        go(by, named(store, seal_whole=True))
    go(by, named(store, seal_whole=False, counted=1, seal_new="A-2"))

    store.refresh_from_db()
    assert not rounds.is_touched(store)


# --- two people ----------------------------------------------------------------------------------


def test_a_second_person_only_where_policy_says_so(by, store, kits):
    Holder.objects.filter(pk=store.pk).update(two_people=True)
    officer = make.person(by.station)
    with pytest.raises(CustodyError, match="takes two people"):
        go(by, Told(store, SHIFT))
    with pytest.raises(CustodyError, match="another than yourself"):
        go(by, Told(store, SHIFT), second=by)

    walk = go(by, Told(store, SHIFT), second=officer, proof="pin")

    assert (walk.second, walk.proof) == (officer, "pin")
    other = make.place(by)
    Holder.objects.filter(pk=other.pk).update(two_people=True)
    assert go(by, Told(other, SHIFT), walk=walk) == walk


# --- differences ---------------------------------------------------------------------------------


def test_a_count_that_differs_opens_a_discrepancy_with_clock_and_owner(by, store, kits):
    go(by, named(store, counted=1))
    go(by, Told(store, COUNT, Seen(counted=3)))

    found = Discrepancy.objects.open().order_by("pk")
    assert [one.kind for one in found] == ["fewer", "more"]
    assert {one.owner for one in found} == {by}
    assert "1 counted, 2 recorded" in found[0].told
    assert found[0].due_at == found[0].opened_at + dt.timedelta(hours=24)
    actions.close_discrepancy(
        discrepancy=found[0], code="recounted", note="Behind the door", now=timezone.now(), by=by
    )
    assert kinds() == ["more"]


def test_an_absent_kit_is_searched_for_and_not_missing_yet(by, store, kits):
    go(by, named(store, counted=1, absent=frozenset({kits[0].pk})))

    search = Search.objects.get()
    assert (search.kit, search.holder, search.round) == (kits[0], store, Round.objects.get())
    kits[0].refresh_from_db()
    assert kits[0].state == "in_service"
    assert kinds() == []


def test_a_kit_with_fewer_doses_is_opened_and_does_not_add_up(by, store):
    kit = make.sealed_kit(by, store)
    go(by, named(store, counted=1, short={kit.pk: 1}))

    kit.refresh_from_db()
    assert kit.state == "opened"
    assert kinds() == ["short"]
    with pytest.raises(CustodyError, match="2 doses by the record"):
        go(by, named(store, counted=1, short={kit.pk: 2}))
    go(by, named(store, counted=1, short={kit.pk: 0}))  # opened already
    assert kit.events.filter(kind="opened").count() == 1


def test_a_damaged_kit_is_to_be_replaced(by, store, kits):
    go(by, named(store, counted=2, damaged=frozenset({kits[0].pk})))

    assert kinds() == ["replace"]


def test_a_kit_that_is_seen_here_is_moved_found_or_told_of(by, store, kits, officer):
    other = make.place(by)
    [moved] = make.delivery(by, other)
    [lost] = make.delivery(by, other)
    [theirs] = make.hand(make.delivery(by, store), officer, by=by)
    actions.report_missing(kits=[lost], occurred_at=timezone.now(), request_key=make.key(), by=by)

    go(by, named(store, counted=5, extra=frozenset({moved.pk, lost.pk, theirs.pk})))

    for kit in (moved, lost, theirs):
        kit.refresh_from_db()
    assert [moved.holder, lost.holder, lost.state] == [store, store, "held"]
    assert theirs.holder.person == officer
    assert kinds() == ["stray"]
    with pytest.raises(CustodyError, match="recorded here"):
        go(by, named(store, counted=5, extra=frozenset({moved.pk})))


def test_a_kit_that_left_since_the_page_was_shown_is_not_absent(by, store, kits):
    actions.move_kits(
        why_empty="On purpose", kits=kits[:1], place=make.place(by), occurred_at=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    with pytest.raises(CustodyError, match="Look once more"):
        go(by, named(store, counted=1, absent=frozenset({kits[0].pk})))
    assert not Round.objects.exists()


def test_a_place_that_does_not_open_is_no_documented_check(by, store, kits):
    go(by, Told(store, DOCUMENTED, Seen(no_access=True), note="Lock jammed"))

    assert kinds() == ["no_access"]
    assert Round.objects.get().result == "differs"
    kits[0].refresh_from_db()


# --- drawn kits ----------------------------------------------------------------------------------


def test_two_kits_of_the_places_walked_are_drawn_by_chance_and_kept(by, store):
    make.delivery(by, store, cartons=9)
    make.delivery(by, make.place(by), cartons=3)
    walk = go(by, Told(store, SHIFT))

    drawn = actions.finish_walk(walk=walk, by=by)

    assert len(drawn) == portal_settings.ROUND_DRAWN
    assert {one.kit.holder for one in drawn} == {store}
    assert actions.finish_walk(walk=walk, by=by) == drawn  # asked again, the same
    assert AuditRow.objects.filter(act="round.drawn").count() == 1
    with pytest.raises(CustodyError, match="finished"):
        go(by, Told(make.place(by), SHIFT), walk=walk)
    with pytest.raises(AccessError):
        actions.finish_walk(walk=walk, by=make.coordinator(by.station))


def test_over_many_rounds_every_kit_is_asked_for(by, store):
    make.delivery(by, store, cartons=4)
    for _ in range(25):
        actions.finish_walk(walk=go(by, Told(store, SHIFT)), by=by)

    assert DrawnKit.objects.values("kit").distinct().count() == 4


def test_nothing_is_drawn_from_behind_a_seal_or_of_what_is_absent(by, store, kits):
    seal(store)
    open_place = make.place(by)
    [there, absent] = make.delivery(by, open_place, cartons=2)

    walk = go(
        by,
        named(store, seal_whole=True),
        named(open_place, counted=1, absent=frozenset({absent.pk})),
    )

    assert [one.kit for one in actions.finish_walk(walk=walk, by=by)] == [there]


def test_a_scan_counts_for_what_was_asked_and_in_time(by, store, kits):
    walk = go(by, Told(store, SHIFT))
    [first, second] = actions.finish_walk(walk=walk, by=by)
    now = timezone.now()
    other = make.delivery(by, make.place(by))[0]
    with pytest.raises(CustodyError, match="not one of those"):
        actions.scan_drawn(walk=walk, codes={"X": other}, now=now, by=by)

    left = actions.scan_drawn(walk=walk, codes={"K-1": first.kit}, now=now, by=by)
    again = actions.scan_drawn(walk=walk, codes={"K-1": first.kit}, now=now, by=by)

    assert left == again == [second]
    assert KitScan.objects.get().code == "K-1"
    late = now + dt.timedelta(minutes=portal_settings.ROUND_SCAN_MINUTES + 1)
    with pytest.raises(CustodyError, match="is over"):
        actions.scan_drawn(walk=walk, codes={"K-2": second.kit}, now=late, by=by)


# --- what waits ----------------------------------------------------------------------------------


def waiting(by, at):
    found = round_summary.places_to_walk(Q(station=by.station), at)
    return {place.pk: place.todo for place in found}


def test_a_place_waits_once_a_shift_and_once_in_thirty_days(by, store):
    room = actions.open_place(
        kind="storage", name="Storeroom", station=by.station, place_type="storeroom",
        access_mode="key", by=by,
    )  # fmt: skip
    now = timezone.now()
    assert waiting(by, now) == {store.pk: DOCUMENTED, room.pk: DOCUMENTED}

    go(by, Told(store, DOCUMENTED), Told(room, DOCUMENTED))

    assert waiting(by, now) == {store.pk: None, room.pk: None}
    assert waiting(by, now + dt.timedelta(hours=9)) == {store.pk: SHIFT, room.pk: None}
    assert waiting(by, now + dt.timedelta(days=31)) == {store.pk: DOCUMENTED, room.pk: DOCUMENTED}
    later = round_summary.places_to_walk(Q(station=by.station), now + dt.timedelta(days=32))
    assert [place.late for place in later] == [True, True]
    assert rounds.kind_due(store, now) == SHIFT


def test_shifts_are_times_in_order(monkeypatch):
    monkeypatch.setenv("SHIFT_STARTS", "23:00,07:00")
    with pytest.raises(ImproperlyConfigured, match="SHIFT_STARTS must be times in order"):
        env_times("SHIFT_STARTS", "07:00")
    monkeypatch.setenv("SHIFT_STARTS", "half past six")
    with pytest.raises(ImproperlyConfigured):
        env_times("SHIFT_STARTS", "07:00")


# --- which kit was it? ---------------------------------------------------------------------------


def use_of(by, place, doses=1):
    """“One of this cabinet”, by an officer of the station."""
    now = timezone.now()
    return actions.record_use(
        told=[actions.Told(doses=doses)], station=by.station, place=place, given_at=now, now=now,
        request_key=make.key(), by=make.person(by.station),
    )  # fmt: skip


def test_the_next_count_binds_a_use_to_the_one_kit_that_is_short(by, store):
    four = [make.sealed_kit(by, store) for _ in range(4)]
    report = use_of(by, store)
    walk = go(by, Told(store, COUNT, Seen(counted=4, short={four[2].pk: 1})))
    row = walk.rounds.get()

    assert binding.explained_by(row).kit == four[2]
    actions.bind_round(row=row, by=by)

    assert UseBinding.objects.get().event.kit == four[2]
    four[2].refresh_from_db()
    assert four[2].doses == 1
    assert kinds() == []
    closed = Discrepancy.objects.get()
    assert (closed.closing_code, closed.closed_by) == ("used", by)
    assert report.reference in closed.closing_note
    with pytest.raises(CustodyError, match="Nothing is left"):
        actions.bind_round(row=row, by=by)


def test_an_absent_kit_that_a_use_empties_is_looked_for_no_more(by, store):
    kit, other = make.sealed_kit(by, store), make.sealed_kit(by, store)
    use_of(by, store, doses=2)
    walk = go(by, named(store, counted=1, absent=frozenset({kit.pk})))

    actions.bind_round(row=walk.rounds.get(), by=by)

    assert Search.objects.get().end == "used"
    kit.refresh_from_db()
    other.refresh_from_db()
    assert (kit.state, other.doses) == ("spent", 2)


def test_an_absent_kit_with_a_dose_left_is_still_looked_for(by, store):
    kit = make.sealed_kit(by, store)
    use_of(by, store)
    walk = go(by, named(store, counted=0, absent=frozenset({kit.pk})))

    actions.bind_round(row=walk.rounds.get(), by=by)

    assert Search.objects.get().ended_at is None


def test_what_is_not_certain_is_not_offered(by, store):
    kit, other = make.sealed_kit(by, store), make.sealed_kit(by, store)

    def explained(**seen):
        return binding.explained_by(go(by, named(store, counted=2, **seen)).rounds.get())

    assert explained(short={kit.pk: 1}) is None  # no use
    use_of(by, make.place(by))
    assert explained(short={kit.pk: 1}) is None  # of another place
    use_of(by, store)
    assert explained(short={kit.pk: 1}).kit == kit
    assert explained(short={kit.pk: 0}) is None  # two doses are gone, one was given
    assert explained(short={kit.pk: 1, other.pk: 1}) is None  # either of two
    use_of(by, store)
    assert explained(short={kit.pk: 1}) is None  # two uses


def test_a_round_costs_the_same_however_many_kits_there_are(by, django_assert_max_num_queries):
    place = make.place(by)
    make.delivery(by, place, cartons=60)

    with django_assert_max_num_queries(20):
        go(by, Told(place, SHIFT))


def test_the_newest_round_of_a_place_is_one_step_down_an_index(by, store, kits):
    go(by, Told(store, SHIFT))
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(
            "explain select occurred_at from naloxone_round where place_id = %s "
            "order by occurred_at desc limit 1",
            [store.pk],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "round_newest" in plan
    assert Kit.objects.filter(holder=store).count() == 2
