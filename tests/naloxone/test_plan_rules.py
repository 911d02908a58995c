"""What to do about doses that expire, and how many a station uses: no database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naloxone.plan_rules import (
    Cell,
    Days,
    Part,
    PlanError,
    Planner,
    Rate,
    at_most,
    check_by,
    garwood,
)

TODAY = dt.date(2027, 1, 4)
MARCH = dt.date(2027, 3, 1)
DAYS = Days(lead=30, safety=30, send=14, swap=30, good_for=90)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (0, 0, 3.69), (1, 0.03, 5.57), (2, 0.24, 7.23), (3, 0.62, 8.77), (5, 1.62, 11.67),
        (10, 4.80, 18.39), (20, 12.22, 30.89),
    ],
)  # fmt: skip
def test_the_interval_is_the_exact_one(count, low, high):
    """The values computed for domain E.4, to what their two digits say; and by its definition."""
    found = garwood(count)

    assert found == pytest.approx((low, high), abs=0.006)
    assert at_most(count, found[1]) == pytest.approx(0.025)
    assert 1 - at_most(count - 1, found[0]) == pytest.approx(0.025 if count else 0.0)


def test_a_large_count_has_its_interval_too():
    low, high = garwood(1000)

    assert (round(low), round(high)) == (939, 1064)


def test_a_rate_says_what_is_surely_used_and_what_at_the_most():
    rate = Rate.of(10)

    assert (rate.surely(365), rate.at_most(365)) == (4, 19)
    assert (rate.surely(-5), rate.at_most(-5)) == (0, 0)


def cell(station=1, *, month=MARCH, day=31, **facts):
    return Cell(station, month, month.replace(day=day), **facts)


def todo(cells, later=None, rates=None, days=DAYS):
    planner = Planner(cells, later or {}, rates or {}, on=TODAY)
    return planner.plan({(one.station, one.month): days for one in cells})


def test_what_nothing_else_sees_to_is_ordered_in_time():
    [found] = todo([cell(ready=40)])

    assert (found.swap, found.sends, found.order) == (0, (), 40)
    assert found.order_by == dt.date(2027, 1, 30)
    assert found.due_on == dt.date(2027, 3, 1)
    assert not found.is_late


def test_an_order_that_is_too_late_says_so_and_comes_as_soon_as_it_can():
    [found] = todo([cell(ready=4, month=dt.date(2027, 1, 1), day=20)])

    assert found.due_on == TODAY + dt.timedelta(days=30)
    assert found.is_late


def test_what_is_covered_needs_nothing():
    [found] = todo([cell(ready=4, covered=4)], later={1: [(dt.date(2028, 1, 1), 10)]})

    assert found.is_empty
    assert not found.is_late


def test_stock_on_hand_is_swapped_in_first_expired_first_if_it_lasts():
    later = {1: [(dt.date(2029, 1, 1), 9), (dt.date(2028, 1, 1), 4), (dt.date(2027, 5, 1), 50)]}
    april = cell(month=dt.date(2027, 4, 1), day=30, ready=20)

    first, second = todo([april, cell(ready=6)], later=later)

    assert (first.swap, first.order) == (6, 0)
    assert (second.swap, second.order) == (
        7,
        13,
    )  # 4 + 9 − 6 are left; what ends in May is too near
    assert first.swap_on == dt.date(2027, 3, 1)


@pytest.mark.parametrize(("day", "on"), [(12, TODAY + dt.timedelta(days=7)), (6, dt.date(2027, 1, 6)), (2, TODAY)])  # fmt: skip
def test_a_swap_that_presses_is_within_a_week_and_never_past(day, on):
    january = cell(month=dt.date(2027, 1, 1), day=day, ready=2)

    [found] = todo([january], later={1: [(dt.date(2028, 1, 1), 2)]})

    assert found.swap_on == on


def test_stock_that_is_swapped_in_is_not_what_expires_in_places():
    [found] = todo([cell(parts=[Part(7, 8, 10, 20)])], later={1: [(dt.date(2028, 1, 1), 50)]})

    assert (found.swap, found.order) == (0, 20)


def test_surplus_goes_where_it_is_surely_used_before_it_expires():
    parts = [Part(place=7, lot=8, kits=20, doses=40)]
    busy = Rate.of(100)  # 81 a year at the least: 16 in the 72 days after it came

    [found] = todo([cell(parts=parts)], rates={1: Rate.of(0), 2: busy})

    [send] = found.sends
    assert (send.to, send.kits, send.doses) == (2, 8, 16)
    assert send.by_on == TODAY + dt.timedelta(days=14)
    assert found.order == 24


def test_nobody_gets_more_than_they_use_from_two_stations_or_two_lots():
    two = [Part(7, 8, 5, 10), Part(7, 9, 5, 10)]

    found = todo(
        [cell(1, parts=two), cell(3, parts=two)],
        rates={1: Rate.of(0), 2: Rate.of(100), 3: Rate.of(0)},
    )

    sent = [send for one in found for send in one.sends]
    assert sum(send.doses for send in sent) == 16
    assert [(send.part.lot, send.kits) for send in sent] == [(8, 5), (9, 3)]


def test_a_station_that_may_use_its_stock_keeps_it():
    parts = [Part(7, 8, 5, 10)]

    [found] = todo([cell(parts=parts)], rates={1: Rate.of(60), 2: Rate.of(400)})

    assert found.sends == ()


def test_what_a_taker_has_of_its_own_is_used_first():
    parts = [Part(7, 8, 5, 10)]
    cells = [cell(1, parts=parts), cell(2, ready=30)]

    found = todo(cells, rates={1: Rate.of(0), 2: Rate.of(100)})

    assert [one.sends for one in found] == [(), ()]


def test_nothing_is_booked_for_a_day_that_is_past():
    check_by(TODAY, on=TODAY)
    with pytest.raises(PlanError, match="past"):
        check_by(TODAY - dt.timedelta(days=1), on=TODAY)


# --- whatever the stock --------------------------------------------------------------------------
MONTHS = [dt.date(2027, month, 1) for month in range(1, 7)]
doses = st.integers(0, 60)
parts = st.lists(
    st.builds(
        lambda place, lot, kits, each: Part(place, lot, kits, kits * each),
        st.integers(1, 2), st.integers(1, 3), st.integers(1, 12), st.integers(1, 4),
    ),
    max_size=3,
)  # fmt: skip
cells = st.lists(
    st.builds(
        cell, st.integers(1, 4), month=st.sampled_from(MONTHS), day=st.integers(5, 28), ready=doses,
        parts=parts, covered=doses,
    ),
    unique_by=lambda one: (one.station, one.month), max_size=10,
)  # fmt: skip
stock = st.dictionaries(
    st.integers(1, 4), st.lists(st.tuples(st.dates(TODAY, dt.date(2029, 1, 1)), doses), max_size=4)
)
used = st.dictionaries(st.integers(1, 4), st.sampled_from([Rate.of(n) for n in (0, 3, 40, 400)]))


@given(cells, stock, used)
def test_every_dose_that_expires_has_one_thing_done_about_it(found, later, rates):
    had = {key: sum(number for _, number in rows) for key, rows in later.items()}

    todos = todo(found, later, rates)

    for one in todos:
        sent = sum(send.doses for send in one.sends)
        assert one.swap + sent + one.order == max(one.cell.doses - one.cell.covered, 0)
        assert sent <= one.cell.stored
        assert one.swap <= one.cell.ready
        assert min([one.swap, one.order, *(send.kits for send in one.sends)]) >= 0
        assert all(send.by_on >= TODAY and send.to != one.cell.station for send in one.sends)
        assert one.swap_on >= TODAY
        assert one.due_on > TODAY
    for key in {one.cell.station for one in todos}:
        assert sum(one.swap for one in todos if one.cell.station == key) <= had.get(key, 0)


@given(cells, used)
def test_nobody_gets_more_than_they_surely_use_in_time(found, rates):
    sends = [send for one in todo(found, {}, rates) for send in one.sends]

    for key in {send.to for send in sends}:
        last = max(one.first_on for one in found)
        assert sum(send.doses for send in sends if send.to == key) <= rates[key].surely(
            (last - TODAY).days
        )
