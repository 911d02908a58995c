"""Bands, minutes and what follows, at every boundary."""

import datetime as dt

import pytest

from naloxone import storage_rules as rules
from naloxone.storage_rules import (
    Bands,
    Course,
    Decision,
    Extreme,
    Limits,
    Mark,
    Measured,
    Phase,
    Season,
    Seen,
    StorageError,
    StorageState,
)

HOUR = rules.HOUR
LIMITS = Limits(
    gap=HOUR, outside=24 * HOUR, hot=40_00, hot_time=8 * HOUR, freezing=-15_00, freezes=1
)
GEN_I = Bands(15_00, 25_00, 4_00, 40_00)
GEN_II = Bands(20_00, 25_00, 5_00, 40_00)
OTC = Bands(2_00, 25_00, None, 40_00)
NOTHING = Bands()


def course(*values, bands=GEN_I, every=600, start=0, extremes=()):
    times = [start + n * every for n in range(len(values))]
    return Course(times, values, bands, LIMITS, extremes)


def measured(*values, bands=GEN_I, every=600):
    return course(*values, bands=bands, every=every).between(0, len(values) * every)


# --- bands -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bands", "centi", "allowed", "outside"),
    [
        (GEN_I, 15_00, 0, 0),
        (GEN_I, 25_00, 0, 0),
        (GEN_I, 14_99, 600, 0),
        (GEN_I, 25_01, 600, 0),
        (GEN_I, 4_00, 600, 0),
        (GEN_I, 40_00, 600, 0),
        (GEN_I, 3_99, 0, 600),
        (GEN_I, 40_01, 0, 600),
        (GEN_II, 4_50, 0, 600),
        (GEN_II, 17_00, 600, 0),
        (OTC, 1_99, 0, 600),
        (OTC, 2_00, 0, 0),
        (OTC, 40_00, 600, 0),
        (NOTHING, 40_00, 0, 0),
        (NOTHING, 40_01, 0, 600),
        (NOTHING, -14_99, 0, 0),
        (NOTHING, -15_00, 0, 600),
    ],
)
def test_each_edge_of_a_band_belongs_to_it(bands, centi, allowed, outside):
    found = measured(centi, 20_00, bands=bands)

    assert (found.allowed, found.outside) == (allowed, outside)


def test_generations_one_and_two_judge_the_same_cold_night_differently():
    night = [4_50] * 6

    assert rules.state_of(measured(*night, bands=GEN_I), LIMITS) == StorageState.ALLOWED
    assert rules.state_of(measured(*night, bands=GEN_II), LIMITS) == StorageState.REVIEW


# --- time --------------------------------------------------------------------------------------------------


def test_a_reading_stands_until_the_next_one_and_the_last_for_nothing():
    found = measured(30_00, 20_00, 41_00)

    assert (found.known, found.allowed, found.outside) == (1200, 600, 0)
    assert found.seen_outside


@pytest.mark.parametrize(("gap", "known"), [(HOUR, HOUR), (HOUR + 1, 0)])
def test_between_readings_too_far_apart_nothing_is_known(gap, known):
    found = Course([0, gap], [41_00, 20_00], GEN_I, LIMITS).between(0, gap)

    assert (found.known, found.outside, found.seen_outside) == (known, known, True)


def test_only_the_time_of_the_stay_counts():
    hot = course(*[41_00] * 13)

    assert hot.between(1500, 4000).outside == 2500
    assert hot.between(-5000, 300).outside == 300
    assert hot.between(7200, 9000).outside == 0
    assert hot.between(300, 300) == Measured()


def test_who_comes_into_heat_between_two_readings_has_stood_in_it():
    found = course(41_00, 20_00, 20_00).between(300, 1200)

    assert (found.outside, found.outside_from) == (300, 300)


def test_no_readings_say_nothing():
    found = Course([], [], GEN_I, LIMITS).between(0, HOUR)

    assert found == Measured()
    assert rules.state_of(found, LIMITS) == StorageState.IN_RANGE


def test_stays_add_up():
    one = measured(41_00, 41_00)

    assert (one + one).outside == 1200
    assert (one + Measured()).outside_from == 0
    assert (Measured() + Measured()).outside_from is None


# --- frost -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "times"),
    [
        ([-14_99] * 3, 0),
        ([-15_00] * 3, 1),
        ([-15_00, -20_00, 1_00, -15_00], 2),
        ([-15_00, -14_99, -15_00], 2),
    ],
)
def test_each_run_of_frost_is_one_freezing(values, times):
    assert measured(*values).frozen == times


def test_across_a_gap_nobody_saw_it_thaw():
    found = Course([0, 5 * HOUR], [-16_00, -16_00], GEN_I, LIMITS).between(0, 6 * HOUR)

    assert found.frozen == 1


def test_in_a_gap_nobody_saw_it_frozen_either():
    found = Course([0, 5 * HOUR], [-16_00, -16_00], GEN_I, LIMITS)

    assert found.between(2 * HOUR, 3 * HOUR).frozen == 0
    assert found.between(2 * HOUR, 5 * HOUR).frozen == 1


def test_what_came_before_the_frost_or_after_it_was_not_frozen():
    frost = course(20_00, -16_00, -16_00, 20_00, 20_00)

    assert frost.between(0, 599).frozen == 0
    assert frost.between(700, 1100).frozen == 1
    assert frost.between(700, 1200).frozen == 1
    assert frost.between(1201, 3000).frozen == 0


# --- what a thermometer kept -------------------------------------------------------------------------------


def test_what_a_thermometer_kept_counts_for_who_was_there_all_the_time():
    kept = course(20_00, 20_00, extremes=[Extreme(0, 600, 3_00, 41_00)])

    assert kept.between(0, 600).seen_outside
    assert kept.between(0, 600).outside == 0
    assert not kept.between(1, 600).seen_outside
    assert not kept.between(0, 599).seen_outside


def test_a_frost_that_was_read_is_not_counted_once_more_from_the_thermometers_lowest():
    seen = course(-16_00, 20_00, extremes=[Extreme(0, 600, -17_00, 21_00)])
    unseen = course(20_00, 20_00, extremes=[Extreme(0, 600, -15_00, 21_00)])

    assert seen.between(0, 600).frozen == 1
    assert unseen.between(0, 600).frozen == 1


# --- states ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, StorageState.IN_RANGE),
        ({"seen_allowed": True, "allowed": 90 * 24 * HOUR}, StorageState.ALLOWED),
        ({"seen_outside": True}, StorageState.REVIEW),
        ({"seen_outside": True, "outside": 24 * HOUR}, StorageState.REVIEW),
        ({"seen_outside": True, "outside": 24 * HOUR + 1}, StorageState.REPLACE),
        ({"seen_outside": True, "hot": 8 * HOUR}, StorageState.REVIEW),
        ({"seen_outside": True, "hot": 8 * HOUR + 1}, StorageState.REPLACE),
        ({"frozen": 1}, StorageState.REVIEW),
        ({"frozen": 2}, StorageState.REPLACE),
    ],
)
def test_what_was_measured_comes_to_a_state(facts, state):
    assert rules.state_of(Measured(**facts), LIMITS) == state


def test_nine_hours_over_forty_mean_replacement():
    assert rules.state_of(measured(*[40_10] * 55), LIMITS) == StorageState.REPLACE


def test_the_worst_of_several_states_counts():
    assert rules.worst([StorageState.ALLOWED, StorageState.REVIEW]) == StorageState.REVIEW
    assert rules.worst([]) == StorageState.IN_RANGE


# --- decisions ---------------------------------------------------------------------------------------------

HEAT = Measured(outside=600, hot=600, frozen=1, outside_until=1000)
DECIDED = Seen(outside=600, hot=600, frozen=1, outside_until=1000)


@pytest.mark.parametrize(
    ("state", "decided", "found"),
    [
        (StorageState.IN_RANGE, None, (Mark.NONE, False)),
        (StorageState.ALLOWED, None, (Mark.NONE, False)),
        (StorageState.REVIEW, None, (Mark.REVIEW, True)),
        (StorageState.REPLACE, None, (Mark.REPLACE, True)),
        (StorageState.REVIEW, Decision.KEEP, (Mark.NONE, False)),
        (StorageState.REPLACE, Decision.KEEP, (Mark.NONE, False)),
        (StorageState.IN_RANGE, Decision.REPLACE, (Mark.REPLACE, False)),
        (StorageState.REVIEW, Decision.HOLD, (Mark.REPLACE, False)),
    ],
)
def test_what_was_decided_stands(state, decided, found):
    assert rules.standing(state, HEAT, decided, decided and DECIDED) == found


@pytest.mark.parametrize(
    "more",
    [
        {"outside": 601},
        {"hot": 601},
        {"frozen": 2},
        {"outside_until": 1001},
    ],
)
def test_who_kept_it_is_asked_again_after_more_heat_or_frost(more):
    facts = {"outside": 600, "hot": 600, "frozen": 1, "outside_until": 1000} | more

    assert rules.standing(
        StorageState.REVIEW, Measured(**facts), Decision.KEEP, DECIDED
    ) == (Mark.REVIEW, True)  # fmt: skip


# --- units and words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("degrees", "unit", "centi"), [(31.5, "c", 31_50), (104, "f", 40_00), (-4, "f", -20_00)]
)
def test_degrees_become_hundredths_celsius(degrees, unit, centi):
    assert rules.centi_of(degrees, unit) == centi


@pytest.mark.parametrize(("degrees", "unit"), [(104, "c"), (95.01, "c"), (-60.01, "c"), (250, "f")])
def test_what_no_thermometer_in_a_store_shows_is_refused(degrees, unit):
    with pytest.raises(StorageError, match="no temperature"):
        rules.centi_of(degrees, unit)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59, "0 min"),
        (59 * 60, "59 min"),
        (HOUR, "1 h"),
        (3 * HOUR + 20 * 60 + 59, "3 h 20 min"),
        (48 * HOUR - 60, "47 h 59 min"),
        (48 * HOUR, "2 d"),
        (52 * HOUR, "2 d 4 h"),
    ],
)
def test_spans_read_as_people_say_them(seconds, words):
    assert rules.span(seconds) == words


def test_degrees_and_bands_read_in_both_units():
    assert rules.degrees(43_20) == "43.2 °C (110 °F)"
    assert rules.band_words(15_00, 25_00) == "15–25 °C (59–77 °F)"
    assert rules.band_words(None, 40_00) == "up to 40 °C (104 °F)"
    assert rules.band_words(2_00, None) == "from 2 °C (36 °F)"
    assert rules.band_words(None, None) == ""


# --- the hot season ----------------------------------------------------------------------------------------

YUMA = Season(5, 9)
TURNING = Season(11, 2)


@pytest.mark.parametrize(
    ("season", "on", "first", "last"),
    [
        (YUMA, (2026, 1, 1), (2026, 5, 1), (2026, 9, 30)),
        (YUMA, (2026, 9, 30), (2026, 5, 1), (2026, 9, 30)),
        (YUMA, (2026, 10, 1), (2027, 5, 1), (2027, 9, 30)),
        (TURNING, (2026, 1, 15), (2025, 11, 1), (2026, 2, 28)),
        (TURNING, (2026, 3, 1), (2026, 11, 1), (2027, 2, 28)),
        (Season(12, 12), (2026, 6, 1), (2026, 12, 1), (2026, 12, 31)),
        (Season(1, 12), (2026, 6, 1), (2026, 1, 1), (2026, 12, 31)),
    ],
)
def test_a_season_runs_from_the_first_day_of_its_first_month_to_the_last_of_its_last(
    season, on, first, last
):
    assert season.span(dt.date(*on)) == (dt.date(*first), dt.date(*last))


@pytest.mark.parametrize(
    ("on", "phase"),
    [
        ((2026, 4, 9), Phase.NONE),
        ((2026, 4, 10), Phase.COMING),
        ((2026, 4, 30), Phase.COMING),
        ((2026, 5, 1), Phase.RUNNING),
        ((2026, 9, 30), Phase.RUNNING),
        ((2026, 10, 1), Phase.OVER),
        ((2026, 10, 21), Phase.OVER),
        ((2026, 10, 22), Phase.NONE),
    ],
)
def test_a_station_hears_of_its_season_in_time_and_of_its_end(on, phase):
    assert rules.phase_of(YUMA, dt.date(*on), notice=21, after=21) == phase


def test_a_station_without_a_season_hears_nothing():
    assert rules.phase_of(None, dt.date(2026, 6, 1), notice=21, after=21) == Phase.NONE


@pytest.mark.parametrize(
    ("on", "before"), [((2026, 4, 20), (2026, 4, 10)), ((2026, 7, 1), (2026, 6, 1))]
)
def test_kits_are_swapped_once_before_the_season_and_then_every_so_often(on, before):
    found = rules.to_rotate_before(YUMA, dt.date(*on), notice=21, every=30)

    assert found == dt.date(*before)
