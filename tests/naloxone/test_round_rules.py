"""What a round must look at, what differs, and which shift it is."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from naloxone.round_rules import (
    RoundKind,
    Seen,
    check_seen,
    difference_in_count,
    is_as_recorded,
    shift_at,
)
from naloxone.rules import CustodyError

STARTS = [dt.time(7), dt.time(15), dt.time(23)]
LAREDO = ZoneInfo("America/Chicago")


def local(day, hour, minute=0):
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=LAREDO)


@pytest.mark.parametrize(
    ("moment", "on", "number", "began"),
    [
        (local(24, 23), 24, 3, local(24, 23)),
        (local(25, 6, 59), 24, 3, local(24, 23)),
        (local(25, 7), 25, 1, local(25, 7)),
        (local(25, 14, 59), 25, 1, local(25, 7)),
        (local(25, 15), 25, 2, local(25, 15)),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_began(moment, on, number, began):
    shift = shift_at(moment, STARTS)

    assert (shift.on.day, shift.number, shift.began_at) == (on, number, began)


def test_a_whole_outer_seal_is_enough():
    check_seen(Seen(seal_whole=True), kind=RoundKind.SHIFT, seal="A-1")
    check_seen(Seen(), kind=RoundKind.DOCUMENTED, seal="")
    check_seen(Seen(no_access=True), kind=RoundKind.COUNT, seal="A-1")
    check_seen(Seen(seal_whole=False, counted=4, seal_new="A-2"), kind=RoundKind.SHIFT, seal="A-1")
    check_seen(Seen(counted=4, absent=frozenset({7})), kind=RoundKind.SHIFT, seal="")


@pytest.mark.parametrize(
    ("seen", "kind", "seal", "field"),
    [
        (Seen(), RoundKind.SHIFT, "A-1", "seal"),
        (Seen(seal_whole=True, counted=3), RoundKind.COUNT, "A-1", "seal"),
        (Seen(seal_whole=True, absent=frozenset({7})), RoundKind.SHIFT, "A-1", "seal"),
        (Seen(seal_whole=False, seal_new="A-2"), RoundKind.SHIFT, "A-1", "counted"),
        (Seen(seal_whole=False, counted=3), RoundKind.SHIFT, "A-1", "seal_new"),
        (Seen(seal_whole=False, counted=3, seal_new="a-1"), RoundKind.SHIFT, "A-1", "seal_new"),
        (Seen(), RoundKind.COUNT, "", "counted"),
        (Seen(short={7: 1}), RoundKind.SHIFT, "", "counted"),
    ],
)
def test_too_little_is_refused_at_its_field(seen, kind, seal, field):
    with pytest.raises(CustodyError) as refused:
        check_seen(seen, kind=kind, seal=seal)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("seen", "difference", "right"),
    [
        (Seen(), 0, True),
        (Seen(seal_whole=True), 0, True),
        (Seen(counted=8), 0, True),
        (Seen(counted=7), -1, False),
        (Seen(counted=10), 2, False),
        (Seen(counted=7, absent=frozenset({1})), 0, False),
        (Seen(counted=8, absent=frozenset({1}), extra=frozenset({2})), 0, False),
        (Seen(counted=8, damaged=frozenset({1})), 0, False),
        (Seen(counted=8, short={1: 1}), 0, False),
        (Seen(counted=8, seal_whole=False), 0, False),
        (Seen(no_access=True), 0, False),
    ],
)
def test_what_is_named_explains_a_count(seen, difference, right):
    assert difference_in_count(seen, expected=8) == difference
    assert is_as_recorded(seen, expected=8) is right
