"""What a bill of materials must say, what assembly asks of it, and what may be noted about a component."""

import datetime as dt

import pytest

from naloxone import kit_type_rules as rules
from naloxone.kit_type_rules import Component, Fit, Latex
from naloxone.rules import CustodyError

TODAY = dt.date(2026, 11, 24)
MASK = Component("Mask", 1, True, True, Latex.UNKNOWN)
WIPES = Component("Wipes", 2, True, False, Latex.NO)
GLOVES = Component("Gloves", 2, False, True, Latex.YES)


def test_a_version_names_each_component_once_with_its_source():
    rules.check_version([MASK, WIPES, GLOVES], source="BJA toolkit")


@pytest.mark.parametrize(
    ("components", "source", "field"),
    [
        ([], "BJA", "name_1"),
        ([MASK, Component("mask", 1, False, True, Latex.NO)], "BJA", "name_2"),
        ([Component("Mask", 0, True, True, Latex.NO)], "BJA", "quantity_1"),
        ([Component("Mask", 101, True, True, Latex.NO)], "BJA", "quantity_1"),
        ([MASK], " ", "source"),
        ([Component(f"M{n}", 1, True, True, Latex.NO) for n in range(31)], "BJA", None),
    ],
)
def test_a_version_without_all_of_that_is_refused_at_its_field(components, source, field):
    with pytest.raises(CustodyError) as refusal:
        rules.check_version(components, source=source)
    assert refusal.value.field == field


def test_what_two_versions_tell_differently_is_listed_by_component():
    more = Component("Wipes", 4, True, False, Latex.NO)
    found = rules.changes([MASK, WIPES], [WIPES, GLOVES])
    assert [(c.name, bool(c.before), bool(c.after)) for c in found] == [
        ("Mask", True, False), ("Gloves", False, True),
    ]  # fmt: skip
    [change] = rules.changes([WIPES], [more])
    assert change.before.startswith("2 ×")
    assert change.after.startswith("4 ×")


def test_assembly_asks_for_the_expiry_of_what_is_required_and_has_one():
    asked = {1: MASK, 2: WIPES, 3: GLOVES}
    rules.check_expiries(asked, {1: TODAY}, on=TODAY)
    with pytest.raises(CustodyError, match="until when Mask") as refusal:
        rules.check_expiries(asked, {2: TODAY}, on=TODAY)
    assert refusal.value.field == "expires_1"
    with pytest.raises(CustodyError, match="Wipes expired"):
        rules.check_expiries(asked, {1: TODAY, 2: TODAY - dt.timedelta(days=1)}, on=TODAY)


@pytest.mark.parametrize("fit", [Fit.SHORT, Fit.USED, Fit.REMOVED])
def test_what_is_not_there_any_more_says_why(fit):
    rules.check_fit(MASK, fit, expires_on=None, on=TODAY, note="Given away")
    with pytest.raises(CustodyError, match="Say why"):
        rules.check_fit(MASK, fit, expires_on=None, on=TODAY, note=" ")


def test_what_is_renewed_says_until_when_where_it_has_an_expiry():
    rules.check_fit(GLOVES, Fit.RENEWED, expires_on=None, on=TODAY, note="")
    rules.check_fit(MASK, Fit.RENEWED, expires_on=TODAY, on=TODAY, note="")
    with pytest.raises(CustodyError, match="until when Mask"):
        rules.check_fit(MASK, Fit.RENEWED, expires_on=None, on=TODAY, note="")
    with pytest.raises(CustodyError, match="Mask expired"):
        rules.check_fit(MASK, Fit.RENEWED, expires_on=dt.date(2026, 1, 1), on=TODAY, note="")


def test_what_expires_first_is_the_least_day():
    assert rules.first_to_expire([]) is None
    assert rules.first_to_expire([(TODAY, "mask"), (dt.date(2026, 1, 1), "its doses")]) == (
        dt.date(2026, 1, 1), "its doses",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "doses", "full", "half"),
    [("kit", 1, 2, True), ("kit", 2, 2, False), ("kit", 0, 2, False), ("trainer", 1, 2, False)],
)
def test_half_used_is_some_gone_and_some_left(kind, doses, full, half):
    assert rules.is_half_used(kind=kind, doses=doses, doses_full=full) is half
