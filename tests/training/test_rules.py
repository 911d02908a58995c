"""When a version holds, what changed, whose it is, and a dog's dose; without a database."""

import datetime as dt
import itertools
from decimal import Decimal

import pytest

from training import rules
from training.rules import (
    Card,
    Dosing,
    Kind,
    Life,
    ProtocolError,
    Reach,
    Stale,
    Standing,
    Step,
    Unit,
)

TODAY = dt.date(2026, 11, 24)
DAY = dt.timedelta(days=1)
SPRAY = Dosing("Naloxone 4 mg nasal spray", Unit.DEVICE, Decimal(4), Decimal("0.04"), "IN")
VIAL = Dosing("Naloxone 1 mg/mL", Unit.MILLILITRE, Decimal(1), Decimal("0.0400"))


# --- a version's life ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lives", "number", "standing"),
    [
        ([Life(1)], 1, Standing.DRAFT),
        ([Life(1), Life(2)], 1, Standing.SET_ASIDE),
        ([Life(1, TODAY + DAY)], 1, Standing.COMING),
        ([Life(1, TODAY)], 1, Standing.IN_FORCE),
        ([Life(1, TODAY - DAY), Life(2)], 1, Standing.IN_FORCE),
        ([Life(1, TODAY - DAY), Life(2, TODAY + DAY)], 1, Standing.IN_FORCE),
        ([Life(1, TODAY - DAY), Life(2, TODAY)], 1, Standing.SUPERSEDED),
        ([Life(1, TODAY - DAY, TODAY)], 1, Standing.WITHDRAWN),
        ([Life(1, TODAY - DAY, TODAY + DAY)], 1, Standing.IN_FORCE),
        ([Life(1, TODAY - DAY), Life(2, TODAY, TODAY)], 1, Standing.SUPERSEDED),
    ],
)
def test_what_a_version_is_follows_from_the_days_of_all(lives, number, standing):
    assert rules.standing_of(number, lives, on=TODAY) == standing


def test_never_are_two_versions_of_a_protocol_in_force_at_once():
    days = [None, TODAY - DAY, TODAY, TODAY + DAY]
    ends = [None, TODAY, TODAY + DAY]
    lives = [(begun, end if begun else None) for begun in days for end in ends]
    for chosen in itertools.product(lives, repeat=3):
        known = [Life(n, *one) for n, one in enumerate(chosen, 1)]
        found = [rules.standing_of(life.number, known, on=TODAY) for life in known]
        assert found.count(Standing.IN_FORCE) <= 1
        assert Standing.DRAFT not in found[:-1]


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("is_own", [True, False])
def test_only_a_draft_is_approved_and_only_by_another(standing, is_own):
    if standing == Standing.DRAFT and not is_own:
        rules.check_approval(standing, is_own=is_own)
    else:
        with pytest.raises(ProtocolError):
            rules.check_approval(standing, is_own=is_own)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({}, "fits"),
        ({"steps": []}, "step_1_what"),
        ({"steps": [Step("x")] * 41}, None),
        ({"starts_on": TODAY - DAY}, "starts_on"),
        ({"review_due_on": TODAY}, "review_due_on"),
        ({"kind": Kind.CANINE_DOSE}, "dose_1_product"),
        ({"kind": Kind.CANINE_DOSE, "dosings": [SPRAY]}, "fits"),
        ({"dosings": [SPRAY]}, None),
    ],
)
def test_what_a_version_must_say(more, field):
    facts = {
        "kind": Kind.POST_EXPOSURE, "steps": [Step("Wash")], "dosings": [], "starts_on": TODAY,
        "review_due_on": TODAY + DAY, "on": TODAY,
    } | more  # fmt: skip
    if field == "fits":
        assert rules.check_version(**facts) is None
    else:
        with pytest.raises(ProtocolError) as caught:
            rules.check_version(**facts)
        assert caught.value.field == field


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "at once"), (3, "within 3 min"), (60, "within 1 h"), (90, "within 1 h 30 min")],
)
def test_times_are_said_in_words(minutes, words):
    assert rules.in_time(minutes) == words
    assert str(Step("Wash", minutes)) == f"Wash, {words}"


def test_changes_name_what_came_what_went_and_another_order():
    wash, call, stay = Step("Wash", 10, "officer"), Step("Call EMS"), Step("Stay")
    old = ({"Owner": "Chief", "Source": ""}, [wash, call, stay])
    new = ({"Owner": "Chief", "Source": "NIOSH"}, [stay, Step("Wash", 5, "officer"), call])

    assert rules.changes(old, new) == [
        "Source: nothing → NIOSH",
        "Gone: Wash, within 10 min (officer)",
        "New: Wash, within 5 min (officer)",
        "The steps stand in another order.",
    ]
    assert rules.changes(old, old) == []


def test_the_days_to_a_review_go_below_nothing():
    assert rules.review_left(TODAY + 3 * DAY, on=TODAY) == 3
    assert rules.review_left(TODAY - DAY, on=TODAY) == -1


# --- whose it is ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("reach", "holds"),
    [
        (Reach(), True),
        (Reach(component=1), True),
        (Reach(component=2), False),
        (Reach(station=7), True),
        (Reach(station=8), False),
        (Reach(work="mail_exam"), False),
    ],
)
def test_a_protocol_holds_where_its_scope_reaches(reach, holds):
    assert rules.covers(reach, component=1, station=7) is holds


def test_one_for_a_kind_of_work_holds_for_those_who_do_it():
    assert rules.covers(Reach(work="mail_exam"), component=1, station=7, work="mail_exam")


def test_the_nearest_protocol_is_followed():
    near = [Reach(), Reach(work="x"), Reach(component=1), Reach(component=1, work="x"),
            Reach(station=7), Reach(station=7, work="x")]  # fmt: skip

    assert sorted(near, key=rules.nearness) == near


# --- a dog's dose --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("weight", "mg", "amount"),
    [
        ("40", "1.6", "1"),  # the reference value of domain G: half to one 4 mg spray
        ("31.5", "1.26", "1"),
        ("11.8", "0.47", "1"),
        ("100", "4", "1"),
        ("100.1", "4", "2"),
        ("0.1", "0", "1"),
    ],
)
def test_a_dose_of_sprays_is_whole_ones_that_hold_the_milligrams(weight, mg, amount):
    dose = rules.dose_of(Decimal(weight), SPRAY)

    assert (dose.mg, dose.amount) == (Decimal(mg), Decimal(amount))


def test_a_dose_tells_its_working():
    dose = rules.dose_of(Decimal("40.0"), SPRAY)

    assert dose.working == "40 kg × 0.04 mg/kg = 1.6 mg"
    assert dose.words == "1 dose of Naloxone 4 mg nasal spray"
    assert dose.part == "1.6 of the 4 mg that it gives"
    assert str(SPRAY) == "Naloxone 4 mg nasal spray: 0.04 mg/kg, 4 mg a device, IN"
    assert rules.dose_of(Decimal(120), SPRAY).words == "2 doses of Naloxone 4 mg nasal spray"


def test_a_solution_is_measured_in_millilitres():
    dose = rules.dose_of(Decimal("31.5"), VIAL)

    assert dose.words == "1.26 mL of Naloxone 1 mg/mL"
    assert dose.part == ""
    assert str(VIAL) == "Naloxone 1 mg/mL: 0.04 mg/kg, 1 mg a mL"


@pytest.mark.parametrize("wrong", ["weight", "strength_mg", "mg_per_kg"])
def test_there_is_no_dose_of_nothing(wrong):
    facts = {"strength_mg": Decimal(4), "mg_per_kg": Decimal("0.04")}
    weight = Decimal(0) if wrong == "weight" else Decimal(30)
    facts |= {wrong: Decimal(0)} if wrong in facts else {}

    with pytest.raises(ProtocolError):
        rules.dose_of(weight, Dosing("x", Unit.DEVICE, **facts))


# --- a card --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({}, []),
        ({"weighed_on": TODAY - 180 * DAY}, []),
        ({"weighed_on": TODAY - 181 * DAY}, [Stale.OLD_WEIGHT]),
        ({"card": None}, [Stale.NO_CARD]),
        ({"weight": 2}, [Stale.OTHER_WEIGHT]),
        ({"version": 2}, [Stale.OTHER_PROTOCOL]),
        ({"version": None}, [Stale.NO_PROTOCOL]),
        ({"weight": None, "weighed_on": None}, [Stale.NO_WEIGHT]),
        ({"card": None, "version": None, "weight": None, "weighed_on": None},
         [Stale.NO_PROTOCOL, Stale.NO_WEIGHT, Stale.NO_CARD]),
        ({"weight": 2, "version": 2}, [Stale.OTHER_WEIGHT, Stale.OTHER_PROTOCOL]),
    ],
)  # fmt: skip
def test_a_card_is_stale_for_each_reason_and_says_which(more, reasons):
    facts = {
        "card": Card(weight=1, version=1),
        "weight": 1,
        "weighed_on": TODAY,
        "version": 1,
    } | more

    assert rules.stale_reasons(**facts, days=180, on=TODAY) == reasons
