"""What a station lacks, who may sign, and what a count comes to; without a database."""

import itertools

import pytest

from naloxone.liaison_rules import THRESHOLDS, Lack, check_pair, difference_words, lacks
from naloxone.rules import CustodyError


@pytest.mark.parametrize(
    ("coordinators", "deputies", "theirs"),
    list(itertools.product([0, 1, 2], [0, 1], [True, False])),
)
def test_a_station_lacks_each_thing_by_itself(coordinators, deputies, theirs):
    found = lacks(coordinators=coordinators, deputies=deputies, register_is_theirs=theirs)

    assert (Lack.COORDINATOR in found) == (coordinators == 0)
    assert (Lack.DEPUTY in found) == (deputies == 0)
    assert (Lack.REGISTER in found) == (not theirs)
    assert found == sorted(found, key=THRESHOLDS.get)


@pytest.mark.parametrize(
    ("outgoing", "incoming", "signer", "fits"),
    [(1, 2, 1, True), (1, 2, 3, True), (1, 1, 3, False), (1, 2, 2, False)],
)
def test_two_different_people_sign(outgoing, incoming, signer, fits):
    if fits:
        check_pair(outgoing=outgoing, incoming=incoming, signer=signer)
    else:
        with pytest.raises(CustodyError):
            check_pair(outgoing=outgoing, incoming=incoming, signer=signer)


@pytest.mark.parametrize(
    ("recorded", "counted", "first", "words"),
    [
        (4, 4, 4, ""),
        (4, 4, 3, ""),
        (4, 3, 3, "4 recorded, 3 counted when the register passed."),
        (4, 5, 4, "4 recorded, 5 counted when the register passed. Who handed over had counted 4."),
    ],
)
def test_only_the_second_count_makes_a_difference(recorded, counted, first, words):
    assert difference_words(recorded=recorded, counted=counted, first_count=first) == words
