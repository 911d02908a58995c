"""What an inspection comes to, without a database."""

import datetime as dt

import pytest

from naloxone import inspection_rules
from naloxone.inspection_rules import Finding, LotSeen, Result, Seen
from naloxone.rules import CustodyError

DAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize("finding", Finding)
def test_every_finding_has_words_and_a_result(finding):
    assert inspection_rules.FINDING_WORDS[finding]
    expected = {
        Finding.SHORT: Result.SHORT, Finding.EXTRA: Result.EXTRA, Finding.NO_ACCESS: Result.OK,
    }.get(finding, Result.REPLACE)  # fmt: skip
    assert inspection_rules.result_of([finding]) == expected


def test_the_worst_finding_names_the_result():
    assert inspection_rules.result_of([]) == Result.OK
    assert inspection_rules.result_of([Finding.EXTRA, Finding.SHORT]) == Result.SHORT
    assert inspection_rules.result_of(Finding) == Result.REPLACE


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (Seen(), []),
        (Seen(seal_intact=True, opened=True, package_intact=True, liquid_clear=True), []),
        (Seen(seal_intact=False), [Finding.SEAL]),
        (Seen(lots=[LotSeen(2, 2), LotSeen(2, 1)]), [Finding.SHORT]),
        (Seen(lots=[LotSeen(2, 3), LotSeen(2, 1)]), [Finding.SHORT, Finding.EXTRA]),
        (Seen(lots=[LotSeen(2, 2, matches=False)]), [Finding.MISMATCH]),
        (Seen(package_intact=False, device_sound=False), [Finding.PACKAGE, Finding.DEVICE]),
        (Seen(liquid_clear=False, accessories_there=False), [Finding.LIQUID, Finding.ACCESSORIES]),
        (Seen(opened=False), [Finding.NO_ACCESS]),
    ],
)
def test_what_was_seen_tells_what_is_not_as_it_should_be(seen, found):
    assert inspection_rules.findings(seen, expires_on=DAY, on=DAY) == found


def test_a_unit_is_expired_after_its_last_day():
    after = DAY + dt.timedelta(days=1)

    assert inspection_rules.findings(Seen(), expires_on=DAY, on=after) == [Finding.EXPIRED]
    assert inspection_rules.findings(Seen(), expires_on=None, on=after) == []


def test_a_unit_is_inspected_again_after_thirty_days():
    assert inspection_rules.inspection_due_on(DAY) == dt.date(2026, 12, 24)


def test_an_unbroken_seal_or_a_whole_count_is_enough_and_nothing_less():
    whole = Seen(lots=[LotSeen(2, 1), LotSeen(1, 1)])
    inspection_rules.check_seen(Seen(seal_intact=True), sealed=True, doses=3)
    inspection_rules.check_seen(whole, sealed=False, doses=3)
    for seen, doses in ((whole, 4), (Seen(seal_intact=True), 3)):  # no seal that could answer
        with pytest.raises(CustodyError, match="Count the doses"):
            inspection_rules.check_seen(seen, sealed=False, doses=doses)
    with pytest.raises(CustodyError, match="Say how the seal is"):
        inspection_rules.check_seen(whole, sealed=True, doses=3)


@pytest.mark.parametrize("opened", [None, True, False])
@pytest.mark.parametrize("seconds", [None, 0, 3600, -1, 3601])
def test_a_time_is_told_only_of_a_place_that_opened(opened, seconds):
    if seconds is None or (opened and 0 <= seconds <= 3600):
        inspection_rules.check_access_seconds(seconds, opened=opened)
        return
    with pytest.raises(CustodyError) as refused:
        inspection_rules.check_access_seconds(seconds, opened=opened)
    assert refused.value.field == "access_seconds"
