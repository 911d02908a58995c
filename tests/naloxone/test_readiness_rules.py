"""What is needed, what is lacking, what a drill shows, who sends whom what, how far a programme is."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naloxone.readiness_rules import (
    NEED_WORDS,
    DrillResult,
    Giver,
    Lack,
    Need,
    Reach,
    Spare,
    Stage,
    Stand,
    Taker,
    check_authority,
    check_no_code,
    check_par_change,
    check_seconds,
    drill_result,
    kits_needed,
    lacks,
    may_lose,
    propose,
    reach_of,
    stage_of,
)
from naloxone.rules import CustodyError

TODAY = dt.date(2026, 11, 24)
SINCE = TODAY - dt.timedelta(days=90)
FINE = Stand(serviceable=4, need=3, shifts_known=3, counted_on=TODAY, shown=3, asked=3)


@pytest.mark.parametrize(
    ("people", "dogs", "kits"), [(0, 0, 0), (1, 0, 1), (4, 0, 1), (5, 0, 2), (4, 1, 2), (9, 2, 5)]
)
def test_one_kit_is_enough_for_so_many_and_a_dog_has_its_own(people, dogs, kits):
    assert kits_needed(people=people, dogs=dogs, people_a_kit=4, dogs_a_kit=1) == kits


# --- what is lacking ----------------------------------------------------------------------------------


def lack(**facts):
    return lacks(Stand(**{**vars(FINE), **facts}), shifts=3, fresh_since=SINCE)


def test_what_is_shown_lacks_nothing():
    assert lack() == []


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"none": 1}, Lack.NONE),
        ({"in_need": 1}, Lack.IN_NEED),
        ({"serviceable": 2}, Lack.SHORT),
        ({"short": 1}, Lack.SHORT),
        ({"below_par": 1}, Lack.BELOW_PAR),
        ({"shown": 2, "not_opened": 1}, Lack.NOT_OPENED),
        ({"need": None, "shifts_known": 0}, Lack.UNKNOWN),
        ({"shifts_known": 2}, Lack.UNKNOWN),
        ({"counted_on": SINCE - dt.timedelta(days=1)}, Lack.STALE),
        ({"shown": 2}, Lack.NOT_SHOWN),
    ],
)
def test_each_lack_is_named(facts, found):
    assert lack(**facts) == [found]


def test_the_last_day_of_a_number_still_counts():
    assert lack(counted_on=SINCE) == []


def test_unknown_is_never_nobody():
    assert Lack.UNKNOWN in lacks(Stand(serviceable=9), shifts=3, fresh_since=SINCE)
    assert lack(need=0) == []


def test_the_worst_is_told_first():
    assert lack(none=1, below_par=1, shown=0)[:2] == [Lack.NONE, Lack.BELOW_PAR]


# --- what somebody writes down --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["Opened with 4711", "code 12", "The code is 9-3-1-7", "PIN: 88", "4 7 1 1", "combination was 31"]
)  # fmt: skip
def test_what_may_be_a_code_is_refused(text):
    with pytest.raises(CustodyError, match="Codes are never kept"):
        check_no_code(text)


@pytest.mark.parametrize(
    "text", ["", "K-10115 was in front", "The duty officer knew the code", "Key hung in lane 3", "Took 2 tries"]
)  # fmt: skip
def test_what_tells_how_it_opened_is_kept(text):
    check_no_code(text)


@pytest.mark.parametrize(("old", "new"), [(6, 4), (6, None), (1, 0)])
def test_a_par_is_not_lowered_without_a_reason(old, new):
    with pytest.raises(CustodyError, match="Say why"):
        check_par_change(old, new, "")
    check_par_change(old, new, "Two lanes are closed")


@pytest.mark.parametrize(("old", "new"), [(None, 4), (4, 6), (4, 4), (None, None)])
def test_a_par_that_rises_or_stays_needs_none(old, new):
    check_par_change(old, new, "")


# --- drills --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "result"),
    [(None, DrillResult.NO_ACCESS), (74, DrillResult.IN_HAND), (120, DrillResult.IN_HAND), (121, DrillResult.LATE)],
)  # fmt: skip
def test_a_drill_shows_whether_it_was_in_hand_in_time(seconds, result):
    assert drill_result(seconds, limit=120) == result


@pytest.mark.parametrize(
    ("seconds", "opened", "said"),
    [(74, False, "Leave the seconds out"), (None, True, "after how many"), (0, True, "Between"), (3601, True, "Between")],
)  # fmt: skip
def test_seconds_and_result_must_agree(seconds, opened, said):
    with pytest.raises(CustodyError, match=said):
        check_seconds(seconds, opened=opened)


def test_seconds_that_agree_are_taken():
    check_seconds(74, opened=True)
    check_seconds(None, opened=False)


@pytest.mark.parametrize(
    ("result", "on", "reach"),
    [
        (None, None, Reach.NEVER),
        (DrillResult.IN_HAND, TODAY, Reach.SHOWN),
        (DrillResult.IN_HAND, SINCE, Reach.SHOWN),
        (DrillResult.IN_HAND, SINCE - dt.timedelta(days=1), Reach.STALE),
        (DrillResult.LATE, dt.date(2020, 1, 1), Reach.LATE),
        (DrillResult.NO_ACCESS, TODAY, Reach.NO_ACCESS),
    ],
)
def test_what_the_newest_drill_says_today(result, on, reach):
    assert reach_of(result, on, fresh_since=SINCE) == reach


# --- transfers -----------------------------------------------------------------------------------------


def giver(station, most, *kits, region=1, component=1, places=None):
    """A giver with kits that expire so many days from today, in one place unless (place, days) is told."""
    spares = tuple(
        Spare(station * 100 + n, TODAY + dt.timedelta(days=days), 1)
        for n, days in enumerate(kits, 1)
    )
    return Giver(station, region, component, most, places or {1: most}, spares)


def taker(station, lack, region=1, component=1):
    return Taker(station, region, component, lack)


def sent(givers, takers, not_before=TODAY):
    return [(t.giver, t.taker, t.kits) for t in propose(givers, takers, not_before=not_before)]


def test_what_expires_first_goes_first():
    assert sent([giver(1, 2, 300, 100, 200)], [taker(9, 2)]) == [(1, 9, (102, 103))]


def test_the_same_region_gives_before_another_component():
    far, mid, near = (
        giver(1, 5, 100, region=3, component=2),
        giver(2, 1, 100, region=2),
        giver(3, 1, 100),
    )
    found = propose([far, mid, near], [taker(9, 3)], not_before=TODAY)

    assert [(one.giver, one.nearness) for one in found] == [(3, 0), (2, 1), (1, 2)]


def test_nobody_gives_more_than_it_may_lose():
    assert sent([giver(1, 1, 100, 200)], [taker(9, 2)]) == [(1, 9, (101,))]
    assert sent([giver(1, 2, 100, 200, places={1: 1})], [taker(9, 2)]) == [(1, 9, (101,))]


def test_what_is_about_to_expire_is_not_worth_sending():
    near = TODAY + dt.timedelta(days=60)

    assert sent([giver(1, 3, 59, 60)], [taker(9, 2)], not_before=near) == [(1, 9, (102,))]


def test_the_greatest_shortage_is_served_first_and_no_kit_goes_twice():
    found = sent([giver(1, 3, 100, 200, 300)], [taker(8, 1), taker(9, 3)])

    assert found == [(1, 9, (101, 102, 103))]


def test_a_station_sends_nothing_to_itself():
    assert sent([giver(9, 3, 100)], [taker(9, 1)]) == []


@pytest.mark.parametrize(
    ("par", "need", "is_point", "most"),
    [(2, None, True, 3), (2, 4, True, 1), (9, 4, False, 0), (None, None, False, 5), (None, None, True, 4)],
)  # fmt: skip
def test_a_place_keeps_its_par_what_those_at_risk_need_and_a_point_its_last(
    par, need, is_point, most
):
    assert may_lose(5, par=par, need=need, is_point=is_point) == most


@given(
    st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 400), max_size=6), st.integers(1, 3)), max_size=5),
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 3)), max_size=5),
)  # fmt: skip
def test_whatever_is_proposed_nobody_is_disarmed_and_nothing_goes_twice(gives, takes):
    givers = [
        giver(n, most, *kits, region=region) for n, (most, kits, region) in enumerate(gives, 1)
    ]
    takers = [taker(n, lack, region) for n, (lack, region) in enumerate(takes, 50)]
    not_before = TODAY + dt.timedelta(days=60)
    found = propose(givers, takers, not_before=not_before)

    kits = [kit for one in found for kit in one.kits]
    expiry = {spare.kit: spare.expires_on for one in givers for spare in one.spares}
    assert len(kits) == len(set(kits))
    assert all(expiry[kit] >= not_before for kit in kits)
    for one in givers:
        assert sum(len(t.kits) for t in found if t.giver == one.station) <= one.most
    for one in takers:
        assert sum(len(t.kits) for t in found if t.taker == one.station) <= one.lack


# --- programmes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("should", "done", "stage"),
    [
        (None, [], Stage.UNDECIDED),
        (None, [Need.AUTHORITY, Need.COORDINATOR], Stage.UNDECIDED),
        (None, [Need.KITS], Stage.GOING_LIVE),
        (False, [Need.KITS], Stage.NOT_ASKED),
        (True, [Need.DECISION], Stage.SHOULD),
        (True, [Need.DECISION, Need.COORDINATOR, Need.DEPUTY], Stage.SHOULD),
        (True, [Need.DECISION, Need.AUTHORITY], Stage.GOING_LIVE),
        (True, list(Need), Stage.RUNNING),
    ],
)
def test_how_far_a_programme_is(should, done, stage):
    assert stage_of(should, done) == stage


def test_every_line_of_the_checklist_has_words():
    assert set(NEED_WORDS) == set(Need)


def test_an_order_is_written_for_a_time():
    with pytest.raises(CustodyError, match="until when"):
        check_authority(since=TODAY, until=None, needs_end=True)
    with pytest.raises(CustodyError, match="before it begins"):
        check_authority(since=TODAY, until=SINCE, needs_end=True)
    check_authority(since=TODAY, until=None, needs_end=False)
    check_authority(since=TODAY, until=TODAY, needs_end=True)
