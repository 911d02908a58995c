"""How ready places and stations are by the database, what is written down of them, and who hears of it."""

import datetime as dt

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from naloxone import actions, changes, readiness, transfers
from naloxone.models import Drill, DrillRequest, Holder, Kit, OrderLine, ParChange
from naloxone.readiness_rules import DrillResult, Lack
from naloxone.rules import CustodyError
from safety_portal.access import AccessError
from safety_portal.audit import AuditRow
from tests.naloxone import make
from tests.naloxone.orders import order

pytestmark = pytest.mark.django_db

NIGHT = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)  # two in the morning in Laredo


def line_of(station, now=None):
    [line] = readiness.of_stations(now or timezone.now(), [station.pk])
    return line


def place_line(place, now=None):
    return readiness.of_place(place, now or timezone.now())


def audited(target):
    return list(AuditRow.objects.about(target).values_list("act", flat=True))


# --- figures ------------------------------------------------------------------------------------------
def test_a_place_has_three_figures_and_doses_are_counted(by, store):
    make.delivery(by, store, cartons=2)
    make.expired(by, store)
    [held] = make.delivery(by, store)
    actions.hold_kits(
        kits=[held], note="Blister torn", occurred_at=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    line = place_line(store)

    assert (line.serviceable, line.doses, line.in_need) == (2, 4, 2)
    assert place_line(make.place(by)).worst == Lack.NONE


def test_kits_on_the_belt_count_for_the_station_and_not_for_a_place(by, store, officer):
    kits = make.delivery(by, store, cartons=3)
    make.hand(kits[:1], officer, by=by)

    line = line_of(by.station)

    assert place_line(store).serviceable == 2
    assert (line.serviceable, line.doses, line.carried) == (3, 6, 1)


def test_a_storerooms_stock_is_in_nobodys_reach(by, store):
    make.delivery(by, store)
    room = make.storeroom(by)
    make.delivery(by, room, cartons=5)

    line = line_of(by.station)

    assert (line.serviceable, line.in_store, line.points) == (1, 5, 1)
    assert place_line(room).lacks == []


def test_a_station_is_ready_when_everything_is_shown(by, store):
    make.delivery(by, store, cartons=3)
    make.at_risk(by, people=9)
    make.at_risk(by, people=9, place=store)
    make.drilled(store, by)

    assert line_of(by.station).lacks == []
    assert place_line(store).lacks == []


def test_unknown_says_unknown(by, store):
    make.delivery(by, store, cartons=3)
    make.drilled(store, by)

    line = line_of(by.station)

    assert line.need is None
    assert line.lacks == [Lack.UNKNOWN]


def test_a_shift_that_nobody_told_is_unknown_too(by, store):
    make.delivery(by, store, cartons=3)
    make.drilled(store, by)
    make.at_risk(by, shifts=(1, 2))

    assert line_of(by.station).lacks == [Lack.UNKNOWN]


def test_nobody_at_risk_is_a_number(by, store):
    make.delivery(by, store, cartons=2)
    make.drilled(store, by)
    make.at_risk(by, people=0)

    assert line_of(by.station).lacks == []


def test_the_largest_shift_says_what_is_needed_and_the_newest_word_counts(by, store):
    make.at_risk(by, people=40)
    make.at_risk(by, people=9, dogs=2, shifts=(3,))
    make.at_risk(by, people=4, shifts=(1, 2))

    line = line_of(by.station)

    assert (line.people, line.dogs, line.need) == (9, 2, 5)


def test_a_number_is_out_of_date_after_its_days(by, store, settings):
    settings.AT_RISK_DAYS = 10
    make.delivery(by, store, cartons=2)
    make.drilled(store, by)
    today = by.station.today()
    make.at_risk(by, people=4, counted_on=today - dt.timedelta(days=10))
    assert not line_of(by.station).is_stale

    make.at_risk(by, people=4, shifts=(2,), counted_on=today - dt.timedelta(days=11))

    assert line_of(by.station).lacks == [Lack.STALE]


def test_too_few_at_one_place_is_too_few_at_the_station(by, store):
    other = make.place(by)
    make.delivery(by, store, cartons=6)
    make.delivery(by, other, cartons=2)
    for place in (store, other):
        make.drilled(place, by)
    make.at_risk(by, people=4)
    make.at_risk(by, people=12, place=other)

    assert place_line(other).lacks == [Lack.SHORT]
    assert line_of(by.station).lacks == [Lack.SHORT]


def test_a_place_below_its_par_makes_the_station_wrong(by, store):
    make.delivery(by, store)
    make.at_risk(by, people=1)
    make.drilled(store, by)

    assert line_of(by.station).lacks == [Lack.BELOW_PAR]


def test_figures_go_by_each_stations_own_day(by, store):
    honolulu = make.coordinator(make.station(zone="Pacific/Honolulu"))
    there = make.place(honolulu)
    now = dt.datetime(
        2026, 11, 25, 7, tzinfo=dt.UTC
    )  # past midnight in Laredo, evening in Honolulu
    for who, place in ((by, store), (honolulu, there)):
        make.delivery(
            who, place, expires_on=dt.date(2026, 11, 24), occurred_at=NIGHT - dt.timedelta(days=9)
        )

    found = {line.key: line for line in readiness.of_stations(now)}

    assert found[by.station_id].serviceable == 0
    assert found[honolulu.station_id].serviceable == 1


def test_what_is_left_ahead_is_what_has_not_expired_by_then(by, store):
    for days in (10, 40, 70, 200):
        make.delivery(by, store, expires_on=by.station.today() + dt.timedelta(days=days))
    make.at_risk(by, people=12)

    line = line_of(by.station)

    assert list(line.ahead()) == [(30, 3, False), (60, 2, True), (90, 1, True)]


def test_too_few_at_one_place_ahead_is_too_few_at_the_station(by, store):
    other = make.place(by)
    make.delivery(by, store, cartons=9)
    make.delivery(by, other, cartons=2, expires_on=by.station.today() + dt.timedelta(days=40))
    make.at_risk(by, people=4)

    assert list(line_of(by.station).ahead()) == [(30, 11, False), (60, 9, True), (90, 9, True)]


def test_a_station_says_of_a_place_what_it_lacks_itself_not(by, store):
    make.delivery(by, make.place(by), cartons=3)

    assert line_of(by.station).words[0] == "A place has none"
    assert place_line(store).words[0] == "Nothing to give"


def test_what_is_on_its_way_stands_beside_and_is_not_added_in(by, store):
    sender = make.coordinator(make.station())
    actions.send_kits(
        kits=make.delivery(sender, make.storeroom(sender), cartons=3), destination=by.station,
        carrier="Courier", expected_on=make.day(3), occurred_at=timezone.now(), request_key=make.key(),
        by=sender,
    )  # fmt: skip

    line = line_of(by.station)

    assert (line.coming, line.serviceable) == (3, 0)


def test_what_is_on_order_stands_beside_in_doses(by, store):
    order(by)

    line = line_of(by.station)

    lines = OrderLine.objects.filter(station=by.station).with_figures()
    assert line.doses_on_order == sum(one.to_come for one in lines) > 0
    assert line.serviceable == line.coming == 0


def test_all_stations_cost_one_statement(by, store, django_assert_num_queries):
    for _ in range(3):
        other = make.coordinator(make.station())
        make.delivery(other, make.place(other))

    with django_assert_num_queries(1):
        assert len(readiness.of_stations(timezone.now())) >= 4
    with django_assert_num_queries(1):
        readiness.of_places(timezone.now(), [by.station_id])


def test_the_statement_agrees_with_the_querysets(by, store, officer):
    make.hand(make.delivery(by, store, cartons=2)[:1], officer, by=by)
    make.expired(by, store)

    line, today = line_of(by.station), by.station.today()

    mine = Kit.objects.filter(station=by.station)
    assert line.serviceable == mine.serviceable(today).count()
    assert line.in_need == mine.usable_in_need(today).count()


def test_a_closed_place_is_no_line(by):
    place = make.place(by)
    actions.close_place(place=place, now=timezone.now(), by=by)

    assert place_line(place) is None


# --- who is at risk -------------------------------------------------------------------------------------
def test_the_same_numbers_sent_twice_are_written_once(by):
    facts = {
        "station": by.station, "told": [actions.InShift(1, 9, 1)], "source": "Roster",
        "counted_on": by.station.today(), "now": timezone.now(), "request_key": make.key(), "by": by,
    }  # fmt: skip

    first, second = (actions.record_at_risk(**facts) for _ in range(2))

    assert first == second
    assert audited(by.station.code) == ["at_risk.recorded"]


def test_a_number_of_no_shift_or_of_tomorrow_is_refused(by):
    tomorrow = by.station.today() + dt.timedelta(days=1)
    with pytest.raises(CustodyError, match="at least one shift"):
        make.at_risk(by, shifts=())
    with pytest.raises(CustodyError, match="has not come"):
        make.at_risk(by, counted_on=tomorrow)


def test_who_gives_nothing_there_says_no_number(by, officer):
    with pytest.raises(AccessError):
        make.at_risk(officer)


@pytest.mark.parametrize(
    "table",
    ["atrisk", "parchange", "drill", "programmedecision", "authority", "trainingconfirmation"],
)
def test_what_was_said_is_only_ever_added_to(by, store, table):
    make.at_risk(by)
    make.drill(store, by)
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"delete from naloxone_{table}")


# --- changes ------------------------------------------------------------------------------------------
def recent(station, now=None):
    return changes.recent(
        now or timezone.now(), of_places=Q(place__station=station), of_stations=Q(station=station)
    )


def test_a_lowered_par_keeps_who_when_and_why(by, store):
    with pytest.raises(CustodyError, match="Say why"):
        actions.change_place(place=store, version=1, par_min=1, by=by)
    then = timezone.now() - dt.timedelta(days=21)
    actions.change_place(place=store, version=1, par_min=1, why="Lane 3 is closed", now=then, by=by)

    [change] = recent(by.station)

    assert change.what == "Par lowered from 2 to 1"
    assert (change.why, change.by, change.at, change.lowered) == (
        "Lane 3 is closed",
        by,
        then,
        True,
    )
    assert str(ParChange.objects.get()) == f"{store}: 2 to 1"


def test_a_par_that_is_raised_set_or_stays(by, store):
    bare = make.storeroom(by)
    actions.change_place(place=store, version=1, par_min=5, by=by)
    actions.change_place(place=bare, version=1, par_min=3, by=by)
    actions.change_place(place=bare, version=2, name="Room 9", by=by)

    assert [c.what for c in recent(by.station)] == [
        "Par set from none to 3", "Par raised from 2 to 5",
    ]  # fmt: skip
    assert not any(c.lowered for c in recent(by.station))


def test_a_database_takes_no_lowered_par_without_a_reason(by, store):
    with pytest.raises(IntegrityError), transaction.atomic():
        ParChange.objects.create(place=store, old=4, new=2, why="", by=by, at=timezone.now())


def test_a_number_at_risk_that_changed_is_shown_and_the_first_or_the_same_is_not(by):
    make.at_risk(by, people=9, dogs=1, shifts=(3,))
    make.at_risk(by, people=9, dogs=1, shifts=(3,))
    make.at_risk(by, people=1, shifts=(3,))

    [change] = recent(by.station)

    assert change.what == "At risk in shift 3: 9 people and 1 dog before, 1 person now"
    assert change.lowered


def test_a_change_is_one_however_old_the_number_before_it_is(by):
    now = timezone.now()
    make.at_risk(by, people=9, shifts=(3,), now=now - dt.timedelta(days=200))
    make.at_risk(by, people=4, shifts=(3,), now=now)

    assert [change.what for change in recent(by.station)] == [
        "At risk in shift 3: 9 people before, 4 people now"
    ]


def test_a_number_of_a_place_is_not_compared_with_its_stations(by, store):
    make.at_risk(by, people=9, shifts=(3,))
    make.at_risk(by, people=4, shifts=(3,), place=store)

    assert recent(by.station) == []


def test_changes_are_shown_for_their_days(by, store, settings):
    settings.CHANGES_SHOWN_DAYS = 90
    now = timezone.now()
    actions.change_place(
        place=store, version=1, par_min=9, now=now - dt.timedelta(days=91), by=by
    )  # fmt: skip

    assert recent(by.station) == []
    assert len(recent(by.station, now - dt.timedelta(days=2))) == 1


# --- drills -------------------------------------------------------------------------------------------
def test_a_drill_on_a_night_shift_is_the_places_reach_with_date_and_shift(by, store, officer):
    made = make.drill(store, officer, 74, at=NIGHT, now=NIGHT)

    assert (made.result, made.seconds, made.shift) == (DrillResult.IN_HAND, 74, 3)
    assert made.shift_on == dt.date(2026, 11, 23)  # the night began the day before
    line = place_line(store, NIGHT)
    assert (line.shown, line.asked, line.slowest) == (1, 3, 74)
    assert Lack.NOT_SHOWN in line.lacks
    assert audited(store.reference)[-1] == "place.drilled"


def test_a_place_says_itself_how_fast_a_dose_must_be_in_hand(by, store):
    assert make.drill(store, by, 90).result == DrillResult.IN_HAND
    actions.change_place(place=store, version=1, reach_seconds=60, by=by)

    made = make.drill(Holder.objects.get(pk=store.pk), by, 90)

    assert (made.result, made.limit) == (DrillResult.LATE, 60)
    assert str(made) == made.reference


def test_what_was_shown_long_ago_is_not_shown(by, store, settings):
    settings.DRILL_DAYS = 30
    make.delivery(by, store, cartons=2)
    now = timezone.now()
    make.drilled(store, by, now=now - dt.timedelta(days=40))

    assert place_line(store, now).shown == 0
    assert place_line(store, now - dt.timedelta(days=15)).shown == 3


def test_a_door_that_did_not_open_stays_shut_until_a_later_drill(by, store):
    now = timezone.now()
    make.drill(store, by, None, now=now)
    assert Lack.NOT_OPENED in place_line(store, now).lacks

    make.drill(store, by, 50, now=now)

    assert Lack.NOT_OPENED not in place_line(store, now).lacks


def test_a_drill_recorded_late_does_not_hide_a_newer_one(by, store):
    now = timezone.now()
    make.drill(store, by, None, now=now)
    make.drill(store, by, 50, at=now - dt.timedelta(days=1), now=now)

    assert Lack.NOT_OPENED in place_line(store, now).lacks
    assert [drill.seconds for drill in Drill.objects.newest_of_shifts()] == [None]


def test_one_drill_sent_twice_is_one_drill(by, store):
    facts = {
        "place": store, "drilled_by": by, "opened": True, "seconds": 60, "occurred_at": timezone.now(),
        "now": timezone.now(), "request_key": make.key(), "by": by,
    }  # fmt: skip

    assert actions.record_drill(**facts) == actions.record_drill(**facts)
    assert Drill.objects.count() == 1


def test_who_may_drill_and_say_so_of_whom(by, store, officer):
    stranger = make.person()
    with pytest.raises(AccessError):
        make.drill(store, stranger)
    with pytest.raises(AccessError):
        make.drill(store, officer, drilled_by=by)
    with pytest.raises(AccessError):
        make.drill(make.holder(officer), officer)

    assert make.drill(store, by, drilled_by=officer).drilled_by == officer


def test_a_drill_of_somebody_who_left_at_a_closed_place_or_with_a_code_is_refused(
    by, store, officer
):
    with pytest.raises(CustodyError, match="Codes are never kept"):
        make.drill(store, by, note="code 4711")
    officer.left_on = by.station.today()
    officer.save()
    with pytest.raises(CustodyError, match="has left"):
        make.drill(store, by, drilled_by=officer)
    actions.close_place(place=store, now=timezone.now(), by=by)
    with pytest.raises(CustodyError, match="closed"):
        make.drill(store, by)


def ask(place, by, shift=3, **facts):
    today = place.station.today()
    return actions.ask_drill(
        **{"place": place, "shift": shift, "due_on": today, "now": timezone.now(), "request_key": make.key(), "by": by}
        | facts
    )  # fmt: skip


def test_a_drill_is_asked_for_once_and_answered_by_one_of_that_shift(by, store):
    now = timezone.now()
    shift = make.drill(store, by, now=now - dt.timedelta(days=1)).shift
    asked = ask(store, by, shift, now=now - dt.timedelta(hours=1))
    with pytest.raises(CustodyError, match="asked for already"):
        ask(store, by, shift)
    other = ask(store, by, shift % 3 + 1)
    assert set(DrillRequest.objects.open()) == {asked, other}

    make.drill(store, by, now=now)

    assert list(DrillRequest.objects.open()) == [other]
    assert str(asked) == f"DQ-{asked.pk}"


def test_an_asked_drill_is_not_of_the_past_has_no_code_and_comes_once(by, store, officer):
    key = make.key()
    assert ask(store, by, request_key=key) == ask(store, by, request_key=key)
    with pytest.raises(CustodyError, match="has passed"):
        ask(store, by, 1, due_on=by.station.today() - dt.timedelta(days=1))
    with pytest.raises(CustodyError, match="Codes are never kept"):
        ask(store, by, 1, note="The code is 9-3-1-7")
    with pytest.raises(AccessError):
        ask(store, officer, 1)


def test_an_asked_drill_is_called_off_once_and_not_after_it_was_made(by, store):
    now = timezone.now()
    shift = make.drill(store, by, now=now - dt.timedelta(days=1)).shift
    first = ask(store, by, shift, now=now - dt.timedelta(hours=2))
    for _ in range(2):
        actions.call_off_drill(request=first, now=now - dt.timedelta(hours=1), by=by)
    assert audited(store.reference).count("drill.called_off") == 1

    second = ask(store, by, shift, now=now - dt.timedelta(minutes=30))
    make.drill(store, by, now=now)
    with pytest.raises(CustodyError, match="drilled meanwhile"):
        actions.call_off_drill(request=second, now=now, by=by)


# --- transfers ------------------------------------------------------------------------------------------
@pytest.fixture
def rich(by):
    """A station with five kits above what it needs."""
    store = make.place(by, "Rich cabinet")
    make.delivery(by, store, cartons=6, expires_on=make.day(200))
    make.delivery(by, store, expires_on=make.day(100))
    make.at_risk(by, people=4)
    return store


@pytest.fixture
def poor(db):
    """A station whose place lacks two."""
    who = make.coordinator(make.station())
    return make.place(who, "Poor cabinet")


def test_a_surplus_goes_to_a_shortage_first_expired_first(rich, poor):
    found = transfers.find(timezone.now())

    [one] = found.proposals
    first = Kit.objects.get(expires_on=make.day(100))
    assert (one.giver.key, one.taker.key) == (rich.station_id, poor.station_id)
    assert one.kits[0] == first.pk
    assert (len(one.kits), one.nearness, found.unfilled) == (2, "Same region", [])
    assert one.url.endswith(f"&destination={poor.station_id}")
    assert f"kits={first.reference}" in one.url


def test_what_expires_too_soon_or_is_offered_is_not_proposed(by, rich, poor, officer, settings):
    settings.TRANSFER_DAYS_LEFT = 150
    soon = Kit.objects.get(expires_on=make.day(100))
    offered = Kit.objects.filter(holder=rich).exclude(pk=soon.pk).earliest("pk")
    actions.offer_kits(
        kits=[offered], receiver=make.holder(officer), now=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    [one] = transfers.find(timezone.now()).proposals

    assert not {soon.pk, offered.pk} & set(one.kits)


def test_nothing_is_proposed_from_where_nobody_said_who_is_at_risk(rich, poor):
    other = make.coordinator(make.station())
    make.delivery(other, make.place(other), cartons=9)

    found = transfers.find(timezone.now())

    assert {one.giver.key for one in found.proposals} == {rich.station_id}
    assert [line.key for line in found.unknown] == [other.station_id]


def test_a_shortage_that_nobody_fills_is_named(poor):
    found = transfers.find(timezone.now())

    assert found.proposals == []
    assert [(line.key, lack) for line, lack in found.unfilled] == [(poor.station_id, 2)]


def test_proposals_cost_the_same_however_many_stations(rich, poor, django_assert_max_num_queries):
    for _ in range(3):
        make.place(make.coordinator(make.station()))

    with django_assert_max_num_queries(4):
        transfers.find(timezone.now())


def test_shifts_that_are_no_more_are_left_out(by, store, settings):
    make.at_risk(by, people=400, shifts=(3,))
    make.drill(store, by, at=NIGHT, now=timezone.now())
    settings.SHIFT_STARTS = settings.SHIFT_STARTS[:2]

    assert line_of(by.station).need is None
    assert place_line(store).shown == 0
