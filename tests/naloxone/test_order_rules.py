"""What becomes of an order and of the shortage that it covers: no database."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naloxone.order_rules import (
    Cover,
    CoverLine,
    Ending,
    OrderError,
    OrderState,
    check_cartons,
    check_due,
    check_products,
    check_running,
    ending_for,
    state_of,
    still_to_come,
)

DAY = dt.date(2027, 1, 20)
BEFORE = DAY - dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("received", "ending", "state"),
    [
        (0, None, OrderState.OPEN),
        (1, None, OrderState.PART_DELIVERED),
        (10, None, OrderState.DELIVERED),
        (11, None, OrderState.DELIVERED),
        (0, Ending.CANCELLED, OrderState.CANCELLED),
        (4, Ending.CLOSED_SHORT, OrderState.CLOSED_SHORT),
        (10, Ending.CLOSED_SHORT, OrderState.CLOSED_SHORT),
    ],
)
def test_the_state_follows_from_what_came_and_from_an_end(received, ending, state):
    assert state_of(ordered=10, received=received, ending=ending) == state


def test_what_came_beyond_an_order_is_not_owed_back():
    assert (still_to_come(ordered=10, received=4), still_to_come(ordered=10, received=11)) == (6, 0)


def test_an_end_is_called_after_what_came():
    assert (ending_for(0), ending_for(1)) == (Ending.CANCELLED, Ending.CLOSED_SHORT)


@pytest.mark.parametrize("state", OrderState)
def test_only_what_is_expected_can_change(state):
    if state in (OrderState.OPEN, OrderState.PART_DELIVERED):
        check_running(state, "OR-1")
    else:
        with pytest.raises(OrderError, match="OR-1 has ended"):
            check_running(state, "OR-1")


def test_any_of_these_holds_for_cartons_of_the_same_number_of_doses():
    assert check_products([2, 2]) == 2
    with pytest.raises(OrderError, match="different numbers of doses"):
        check_products([2, 6])
    with pytest.raises(OrderError, match="at least one product"):
        check_products([])


@pytest.mark.parametrize("cartons", [0, 10_001])
def test_a_slip_of_the_finger_orders_nothing(cartons):
    with pytest.raises(OrderError, match="From 1 to 10,000"):
        check_cartons(cartons, "cartons")
    check_cartons(10_000, "cartons")


def test_nothing_is_due_before_today():
    check_due(DAY, on=DAY)
    with pytest.raises(OrderError, match="past"):
        check_due(BEFORE, on=DAY)


# --- covers --------------------------------------------------------------------------------------
def line(**facts):
    return CoverLine(**{"ordered": 824, "received": 0, "shortage": 824, "due_on": DAY, "ended": False} | facts)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "on", "covered", "late"),
    [
        ({}, BEFORE, 824, False),
        ({}, DAY, 0, True),
        ({"received": 600}, BEFORE, 824, False),
        ({"received": 600}, DAY, 600, True),
        ({"received": 824}, DAY, 824, False),
        ({"received": 900}, BEFORE, 900, False),
        ({"received": 600, "ended": True}, BEFORE, 600, True),
    ],
)
def test_a_line_covers_what_was_ordered_until_its_day_and_then_what_came(facts, on, covered, late):
    cover = Cover().and_of(line(**facts), on)

    assert (cover.doses, cover.late) == (covered, late)


def test_two_lines_for_one_shortage_add_up():
    cover = Cover().and_of(line(ordered=400), BEFORE).and_of(line(ordered=424), BEFORE)

    assert cover.silent(824) == 824


@pytest.mark.parametrize(
    ("covered", "remaining", "silent"),
    [
        (600, 824, 600),  # nothing swapped yet
        (600, 424, 200),  # 400 swapped for what came: 224 still lack
        (600, 224, 0),
        (600, 100, 0),
        (824, 824, 824),
        (824, 10, 10),
        (600, 900, 600),  # more came to the station than there was
    ],
)
def test_what_was_swapped_is_not_taken_off_twice(covered, remaining, silent):
    assert Cover(covered, 824).silent(remaining) == silent


numbers = st.integers(0, 900)


@given(numbers, numbers, numbers, st.booleans(), numbers)
def test_silence_is_never_more_than_there_is_and_never_grows_when_the_day_comes(
    ordered, received, shortage, ended, remaining
):
    one = line(ordered=ordered, received=received, shortage=shortage, ended=ended)

    before = Cover().and_of(one, BEFORE).silent(remaining)
    after = Cover().and_of(one, DAY).silent(remaining)

    assert 0 <= after <= before <= remaining
    # What lacks of the shortage is told from the day on, as far as it is still there.
    assert remaining - after == min(remaining, max(max(shortage, remaining) - received, 0))
