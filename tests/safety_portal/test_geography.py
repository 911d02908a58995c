"""Where stations can be: every state and territory, and every clock they have."""

from zoneinfo import available_timezones

import pytest

from safety_portal.geography import STATES, clocks, in_words


def test_states_and_territories_have_two_letters_and_a_name_each():
    assert len(STATES) == 50 + 1 + 5
    assert all(len(code) == 2 and code.isupper() for code in STATES)
    assert len(set(STATES.values())) == len(STATES)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("America/New_York", "Eastern (most areas): New York"),
        ("America/Phoenix", "MST - AZ (except Navajo): Phoenix"),
        ("Pacific/Honolulu", "Hawaii: Honolulu"),
        ("America/Puerto_Rico", "Puerto Rico"),
        ("America/St_Thomas", "Virgin Islands: St Thomas"),
        ("Pacific/Guam", "Guam"),
        ("Pacific/Saipan", "Northern Mariana Islands: Saipan"),
        ("Pacific/Pago_Pago", "American Samoa: Pago Pago"),
    ],
)
def test_a_clock_is_named_by_where_it_is(zone, words):
    assert clocks()[zone] == words


def test_every_clock_is_known_here_and_none_is_foreign():
    assert clocks().keys() <= available_timezones()
    assert "America/Toronto" not in clocks()
    assert next(iter(clocks())) == "America/New_York"


def test_another_clock_is_named_by_its_city():
    assert in_words("America/Toronto") == "Toronto"
    assert in_words("UTC") == "UTC"
