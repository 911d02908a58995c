"""Loggers' files: columns, units, clocks that change, and what is left out with a word."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from naloxone import loggers
from naloxone.loggers import Mapping
from naloxone.storage_rules import StorageError
from safety_portal.tables.cells import Row

LAREDO, YUMA = ZoneInfo("America/Chicago"), ZoneInfo("America/Phoenix")
NOW = int(dt.datetime(2026, 11, 24, 18, tzinfo=dt.UTC).timestamp())


def rows(*lines):
    return [
        Row(n, tuple(cell.strip() for cell in line.split(";"))) for n, line in enumerate(lines, 1)
    ]


def read(*lines, zone=YUMA, since=None, **facts):
    table = rows(*lines)
    mapping = loggers.guess(table)
    mapping = Mapping(**{**vars(mapping), **facts})
    return loggers.read(table, mapping, zone=zone, now=NOW, since=since)


def utc(seconds):
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        (["Time;Temp", "2026-07-01 10:00;31,5", "2026-07-01 10:10;31.7"], {"time": 0, "temperature": 1}),
        (["No;Date;Hour;Temp °F", "1;7/1/2026;10:00;88", "2;7/1/2026;10:10;89", "3;7/1/2026;10:20;90"],
         {"time": 1, "clock": 2, "temperature": 3, "unit": "f", "order": "mdy"}),
        (["Serial;77", "Place;Cab", "#;When (UTC);RH %;Temperature (C)", "1;2026-07-01T10:00:00;12;31.5",
          "2;2026-07-01T10:05:00;12;31.6"],
         {"time": 1, "temperature": 3, "zone": "utc", "first": 3}),
        (["t;v", "13.07.2026 10:00;31", "14.07.2026 10:00;31"], {"order": "dmy"}),
        (["t;v", "01/07/2026 10:00 AM;31", "01/07/2026 1:00 PM;31"], {"order": "mdy"}),
        (["t;v", "24 Nov 2026 10:00;20.5", "24 Nov 2026 10:10;20.5"], {"order": "dmy"}),
        (["t;v", "2026-07-01 10:00;88.1 °F", "2026-07-01 10:10;88 °F"], {"unit": "f"}),
        (["2026-07-01 10:00;20.5", "2026-07-01 10:10;20.5"], {"first": 0}),
    ],
)  # fmt: skip
def test_columns_units_and_orders_are_told_from_the_file(lines, facts):
    found = vars(loggers.guess(rows(*lines)))

    assert {name: found[name] for name in facts} == facts


@pytest.mark.parametrize(
    "lines",
    [
        ["a;b", "1;2"],
        ["Time;Temp", "2026-07-01 10:00;hot"],
        ["x"],
        ["Day;Temp", "2026-07-01;31"],
        [],
    ],
)
def test_a_file_without_times_and_temperatures_is_refused(lines):
    with pytest.raises(StorageError, match="No column with times"):
        loggers.guess(rows(*lines))


def test_readings_come_in_the_order_of_time_once_each():
    found = read("t;v", "2026-07-01 10:10;41", "2026-07-01 10:00;40,5", "2026-07-01 10:10;41")

    assert [utc(time) for time in found.times] == ["07-01 17:00", "07-01 17:10"]
    assert found.values == [40_50, 41_00]


def test_fahrenheit_becomes_celsius():
    assert read("t;Temp (F)", "2026-07-01 10:00;104", "2026-07-01 10:10;32").values == [40_00, 0]


def test_twelve_oclock_is_told_by_its_half_of_the_day():
    found = read("t;v", "7/1/2026 12:10 AM;20", "7/1/2026 12:20 PM;20")

    assert [utc(time) for time in found.times] == ["07-01 07:10", "07-01 19:20"]


def test_an_offset_in_the_cell_wins_over_the_stations_clock():
    found = read(
        "t;v",
        "2026-07-01T10:00:00+02:00;20",
        "2026-07-01T08:10:00Z;20",
        "2026-07-01T03:20:00-0500;20",
    )

    assert [utc(time) for time in found.times] == ["07-01 08:00", "07-01 08:10", "07-01 08:20"]


def test_another_clock_than_the_stations_can_be_said():
    lines = ["t;v", "2026-07-01 10:00;20", "2026-07-01 10:10;20"]

    assert utc(read(*lines, zone=LAREDO).times[0]) == "07-01 15:00"
    assert utc(read_as(lines, "standard").times[0]) == "07-01 16:00"
    assert utc(read_as(lines, "utc").times[0]) == "07-01 10:00"


def read_as(lines, clock):
    table = rows(*lines)
    mapping = Mapping(**{**vars(loggers.guess(table)), "zone": clock})
    return loggers.read(table, mapping, zone=LAREDO, now=NOW, since=None)


def test_day_and_time_of_day_may_stand_in_two_columns():
    found = read("Day;Hour;Temp", "7/1/2026;10:00;88", "7/1/2026;10:10;89", unit="f")

    assert [utc(time) for time in found.times] == ["07-01 17:00", "07-01 17:10"]


@pytest.mark.parametrize("day", ["24 Nov 2026", "2026 Nov 24", "24-November-26"])
def test_months_may_be_words(day):
    found = read("t;v", f"{day} 01:00;20", f"{day} 01:10;20")

    assert utc(found.times[0]) == "11-24 08:00"


def test_an_order_of_day_and_month_is_told_only_by_days():
    assert loggers.order_of(["no day", "07/01/2026 10:00"]) == "mdy"


# --- the two nights of a year ------------------------------------------------------------------------------


def test_times_that_the_clock_never_showed_are_left_out_and_told():
    found = read(
        "t;v", "2026-03-08 01:50;5", "2026-03-08 02:10;5", "2026-03-08 03:10;5", zone=LAREDO
    )

    assert [utc(time) for time in found.times] == ["03-08 07:50", "03-08 08:10"]
    assert "1 readings at times that the clock never showed" in found.notes[0]


def test_an_hour_that_came_twice_is_taken_in_its_order_when_the_file_has_both():
    found = read(
        "t;v", "2026-11-01 00:30;5", "2026-11-01 01:30;6", "2026-11-01 01:30;7", "2026-11-01 02:30;8",
        zone=LAREDO,
    )  # fmt: skip

    assert [utc(time) for time in found.times] == [
        "11-01 05:30",
        "11-01 06:30",
        "11-01 07:30",
        "11-01 08:30",
    ]
    assert found.values == [5_00, 6_00, 7_00, 8_00]
    assert "taken in its order" in found.notes[0]


def test_an_hour_that_came_twice_is_left_out_when_the_file_has_it_once():
    found = read(
        "t;v", "2026-11-01 00:30;5", "2026-11-01 01:30;6", "2026-11-01 02:30;8", zone=LAREDO
    )

    assert [utc(time) for time in found.times] == ["11-01 05:30", "11-01 08:30"]
    assert "which of the two it was is not known" in found.notes[0]


def test_standard_time_all_the_year_has_no_such_nights():
    lines = ["t;v", "2026-03-08 02:10;5", "2026-11-01 01:30;6"]

    found = read_as(lines, "standard")

    assert [utc(time) for time in found.times] == ["03-08 08:10", "11-01 07:30"]
    assert found.notes == []


# --- junk --------------------------------------------------------------------------------------------------


def test_a_few_rows_without_a_figure_are_left_out_and_named():
    lines = [
        "t;v",
        *(f"2026-07-01 10:{n:02};20" for n in range(39)),
        "2026-07-01 11:00;Err",
        "end of file;",
    ]

    found = read(*lines)

    assert len(found.times) == 39
    assert "row 41, 42" in found.notes[0]


@pytest.mark.parametrize("cell", ["Err", "212", "-99", ""])
def test_a_file_of_which_much_makes_no_sense_is_refused_as_a_whole(cell):
    lines = [
        "t;v",
        *(f"2026-07-01 10:{n:02};20" for n in range(5)),
        *(f"2026-07-01 11:{n:02};{cell}" for n in range(5)),
    ]

    with pytest.raises(StorageError, match=r"5 of 10 rows .*Nothing was imported"):
        read(*lines)


def test_readings_in_the_future_are_refused_as_a_whole():
    with pytest.raises(
        StorageError, match=r"1 readings lie in the future, the last on 07 Dec 2026"
    ):
        read("t;v", "07/01/2026 10:00;20", "12/07/2026 10:00;20")


def test_a_clock_that_is_some_minutes_fast_is_taken():
    assert read("t;v", "2026-11-24 18:10;20", "2026-11-24 18:15;20", zone=ZoneInfo("UTC")).times


def test_readings_from_before_the_place_was_there_are_left_out_or_refused():
    since = int(dt.datetime(2026, 7, 1, 17, 10, tzinfo=dt.UTC).timestamp())
    lines = ["t;v", "2026-07-01 10:00;20", "2026-07-01 10:10;20"]

    found = read(*lines, since=since)

    assert [utc(time) for time in found.times] == ["07-01 17:10"]
    assert "1 readings from before" in found.notes[0]
    with pytest.raises(StorageError, match="older than this place"):
        read(*lines, since=since + 1)


@pytest.mark.parametrize("cell", ["2026-13-01 10:00", "2026-02-30 10:00", "2026-07-01 25:00", "2026-07-01 10:61", "2026-07-01 13:00 PM"])  # fmt: skip
def test_impossible_days_and_times_are_no_readings(cell):
    lines = ["t;v", *(f"2026-07-01 10:{n:02};20" for n in range(20)), f"{cell};20"]

    assert len(read(*lines).times) == 20


def test_a_row_that_is_too_short_is_no_reading():
    lines = ["t;v", *(f"2026-07-01 10:{n:02};20" for n in range(20)), "2026-07-01 12:00"]

    assert len(read(*lines).times) == 20


def test_a_file_of_which_nothing_is_left_is_refused():
    with pytest.raises(StorageError, match="no reading that can be taken"):
        read("t;v", "2026-03-08 02:10;5", "2026-03-08 02:20;5", zone=LAREDO)
