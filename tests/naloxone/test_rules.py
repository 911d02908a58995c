"""The rules of custody, without a database."""

import datetime as dt
from itertools import product

import pytest

from naloxone import rules
from naloxone.rules import CARRIERS, CustodyError, EventKind, HolderKind, State

DAY = dt.date(2026, 11, 24)
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_has_a_move(kind):
    assert any(move[0] == kind for move in rules.MOVES)


def test_all_moves_and_no_others_are_legal():
    possible = product(EventKind, State, State, HolderKind, HolderKind)

    assert {move for move in possible if rules.is_legal(*move)} == rules.MOVES


def moves(*kinds):
    """Moves but corrections, or those of some kinds."""
    return [m for m in rules.MOVES if (m[0] in kinds if kinds else m[0] != EventKind.CORRECTED)]


def test_nothing_leaves_the_supplier_but_by_receipt_and_goes_back_only_when_passed_on():
    for kind, _, _, source, destination in moves():
        if kind == EventKind.NOTED:
            continue
        assert (source == HolderKind.SUPPLIER) == (kind == EventKind.RECEIVED)
        assert destination != HolderKind.SUPPLIER or kind == EventKind.PASSED_ON


def test_only_what_is_in_service_comes_into_hands():
    into_hands = [m for m in moves() if m[4] in CARRIERS and m[3] not in CARRIERS]

    assert into_hands
    assert {m[2] for m in into_hands if m[0] != EventKind.FOUND} == {State.IN_SERVICE}


def test_a_use_can_be_recorded_wherever_doses_can_be():
    """Of every state that holds doses, but for what has left the agency, and at whoever has it."""
    holding = {
        (m[2], m[4]) for m in moves() if m[2] not in (State.SPENT, State.DESTROYED, State.PASSED_ON)
    }
    used = {(m[1], m[3]) for m in moves(EventKind.USED)}

    assert holding == used


def test_nothing_comes_back_from_where_it_is_gone_for_good():
    outside = (HolderKind.DESTROYED, HolderKind.RECIPIENT)

    assert {m[0] for m in moves() if m[3] in outside} == {EventKind.NOTED}


def test_an_emptied_unit_is_only_brought_away_found_or_noted():
    kinds = {m[0] for m in moves() if m[1] == State.SPENT}

    assert kinds == {
        EventKind.MOVED, EventKind.RETURNED, EventKind.ARRIVED, EventKind.FOUND, EventKind.DISPOSED,
        EventKind.PASSED_ON, EventKind.NOTED,
    }  # fmt: skip


def test_each_correction_mirrors_a_move_that_can_be_undone():
    mirrored = {
        (new, old, destination, source)
        for kind, old, new, source, destination in moves(*rules.UNDOABLE)
        # What was not in its box is found; the journey is over.
        if (kind, source) != (EventKind.MISSED, HolderKind.IN_TRANSIT)
    }

    assert {m[1:] for m in moves(EventKind.CORRECTED)} == mirrored
    assert all(rules.stays(kind) is None for kind in [EventKind.CORRECTED])


@pytest.mark.parametrize(
    ("state", "left", "after"),
    [("in_service", 1, "opened"), ("in_service", 0, "spent"), ("held", 2, "held"), ("missing", 0, "spent")],
)  # fmt: skip
def test_a_dose_opens_a_whole_unit_and_the_last_one_empties_it(state, left, after):
    assert rules.after_dose(State(state), left=left) == after


def test_what_is_found_is_looked_at_first():
    assert rules.state_when_found(is_empty=False, recalled=False) == State.HELD
    assert rules.state_when_found(is_empty=False, recalled=True) == State.RECALLED
    assert rules.state_when_found(is_empty=True, recalled=True) == State.SPENT


@pytest.mark.parametrize("state", [s for s in State if s != State.IN_SERVICE])
def test_what_is_not_in_service_is_not_issued(state):
    with pytest.raises(CustodyError, match="K-7 is not in service"):
        rules.check_issuable("K-7", state=state, expires_on=DAY, on=DAY)


def test_a_unit_is_issued_on_its_last_day_and_not_after():
    rules.check_issuable("K-7", state=State.IN_SERVICE, expires_on=DAY, on=DAY)
    rules.check_issuable("K-7", state=State.IN_SERVICE, expires_on=None, on=DAY)

    with pytest.raises(CustodyError, match="expired on 24 Nov 2026"):
        rules.check_issuable(
            "K-7", state=State.IN_SERVICE, expires_on=DAY, on=DAY + dt.timedelta(days=1)
        )


def test_two_minutes_ahead_are_a_clock_and_more_is_the_future():
    rules.check_told(NOON + dt.timedelta(minutes=2), now=NOON)

    with pytest.raises(CustodyError, match="future"):
        rules.check_told(NOON + dt.timedelta(minutes=2, seconds=1), now=NOON)


def test_stock_is_received_until_its_last_day():
    rules.check_receipt(expires_on=DAY, on=DAY)

    with pytest.raises(CustodyError, match="before the receipt"):
        rules.check_receipt(expires_on=DAY - dt.timedelta(days=1), on=DAY)


def test_a_lot_keeps_its_expiry():
    rules.check_lot("A1", known=DAY, told=DAY)

    with pytest.raises(CustodyError, match="not 25 Nov 2026"):
        rules.check_lot("A1", known=DAY, told=DAY + dt.timedelta(days=1))


@pytest.mark.parametrize("count", [0, -1, rules.MOST_UNITS + 1])
def test_an_act_has_one_to_a_thousand_units(count):
    with pytest.raises(CustodyError):
        rules.check_count(count)


def test_every_state_has_words():
    assert set(rules.STATE_WORDS) == set(State)


@pytest.mark.parametrize(
    ("kits", "offers", "words"),
    [
        (1, 0, "1 kit is left in Lane 3: move it first."),
        (1200, 2, "1,200 kits are left in Lane 3: move them first."),
        (0, 1, "1 hand-over to Lane 3 is still open: answer or withdraw it first."),
        (0, 2, "2 hand-overs to Lane 3 are still open: answer or withdraw them first."),
    ],
)
def test_a_place_says_what_keeps_it_open(kits, offers, words):
    with pytest.raises(CustodyError) as told:
        rules.check_closable("Lane 3", kits=kits, offers=offers)

    assert str(told.value) == words


def test_an_empty_place_may_be_closed_and_a_closed_one_says_since_when():
    rules.check_closable("Lane 3", kits=0, offers=0)
    rules.check_open("Lane 3", closed_on=None)

    with pytest.raises(CustodyError, match="Lane 3 was closed on 03 Nov 2026") as told:
        rules.check_open("Lane 3", closed_on=dt.date(2026, 11, 3), field="receiver")

    assert told.value.field == "receiver"
