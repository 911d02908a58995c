"""Serviceable, usable in need, neither: every state, in date or not, with or without a word against it."""

import datetime as dt
from itertools import product

import pytest

from naloxone.need_rules import TRAINER, Worth, check_word, worth_of
from naloxone.rules import STOCKED, CustodyError, State

TODAY = dt.date(2026, 11, 24)
DAY = dt.timedelta(days=1)


def worth(**facts):
    told = {
        "kind": "kit", "state": State.IN_SERVICE, "doses": 2, "expires_on": TODAY, "works": True,
    }  # fmt: skip
    return worth_of(**told | facts, on=TODAY)


def test_in_service_on_its_last_day_is_serviceable_and_the_day_after_usable_in_need():
    assert worth() == Worth.SERVICEABLE
    assert worth(expires_on=TODAY - DAY) == Worth.IN_NEED


@pytest.mark.parametrize(("state", "works"), list(product(State, [True, False])))
def test_every_state_counts_as_one_thing_or_as_nothing(state, works):
    found = worth(state=state, works=works)

    if state not in STOCKED:
        assert found is None
    elif not works:
        assert found == Worth.NEITHER
    else:
        assert found == (Worth.SERVICEABLE if state == State.IN_SERVICE else Worth.IN_NEED)


def test_what_is_empty_and_what_is_for_lessons_never_counts():
    assert worth(doses=0) is None
    assert worth(kind=TRAINER) is None
    assert worth(kind=TRAINER, state=State.HELD) is None


@pytest.mark.parametrize("state", State)
def test_one_says_of_what_holds_a_dose_whether_it_works_and_says_why(state):
    def say(doses=1, why="Plunger broken"):
        check_word("K-1", state=state, doses=doses, why=why)

    if state not in STOCKED:
        with pytest.raises(CustodyError, match="not asked any more"):
            say()
        return
    say()
    with pytest.raises(CustodyError, match="not asked any more"):
        say(doses=0)
    with pytest.raises(CustodyError, match="Say why") as told:
        say(why=" ")
    assert told.value.field == "why"
