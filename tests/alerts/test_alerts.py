"""Alerts open once, rise, end; sweeps leave a row; digests tell each step once."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from safety_portal import alerts, digests
from safety_portal.access import Role, Scope
from safety_portal.alerts import Alert, AlertStep, SweepRun
from safety_portal.outbox import Message
from tests.alerts.world import KIND, NOW, due, person, station

DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("days_left", "threshold"),
    [(181, None), (180, 180), (45, 60), (30, 30), (1, 7), (0, 0), (-5, 0)],
)
def test_threshold_is_the_worst_that_is_reached(days_left, threshold):
    assert alerts.threshold_for(days_left, (180, 90, 60, 30, 14, 7, 0)) == threshold


@pytest.mark.django_db
def test_alert_opens_once_rises_and_ends():
    at = station()

    first = alerts.reach(KIND, [due(at, threshold=30)], NOW)
    again = alerts.reach(KIND, [due(at, threshold=30)], NOW)
    worse = alerts.reach(KIND, [due(at, threshold=7)], NOW + 3 * DAY)
    ended = alerts.reach(KIND, [], NOW + 4 * DAY, how="Not in service")

    assert (first, again, worse, ended) == ((1, 0, 0), (0, 0, 0), (0, 1, 0), (0, 0, 1))
    alert = Alert.objects.get()
    assert (alert.threshold, alert.resolved_how) == (7, "Not in service")
    assert sorted(alert.steps.values_list("threshold", flat=True)) == [7, 30]


@pytest.mark.django_db
def test_another_day_is_another_alert():
    at = station()
    alerts.reach(KIND, [due(at, on=dt.date(2026, 12, 20))], NOW)

    reached = alerts.reach(KIND, [due(at, on=dt.date(2027, 1, 20), threshold=60)], NOW)

    assert reached == (1, 0, 1)


@pytest.mark.django_db
def test_act_ends_the_alert_in_the_name_of_who_did_it():
    at = station()
    ana = person(at)
    alerts.reach(KIND, [due(at)], NOW)

    ended = alerts.resolve(kind=KIND, subjects=["K-12", "K-13"], how="Returned", by=ana, now=NOW)

    assert ended == 1
    assert Alert.objects.get().resolved_by == ana


@pytest.mark.django_db
def test_sweep_that_fails_says_so_and_stops_no_other():
    def fails(now):
        raise ValueError("no such place\nsecond line")

    alerts.register_sweep("broken", fails)
    alerts.register_sweep("whole", lambda now: (3, 1, 0))

    alerts.run_sweeps(now=NOW)

    broken, whole = SweepRun.objects.order_by("name")
    assert broken.error == "ValueError: no such place"
    assert (whole.looked_at, whole.opened, whole.error) == (3, 1, "")
    assert broken.ended_at
    assert whole.ended_at


def test_ten_sweeps_at_once_open_one_alert(committed):
    at = station()
    barrier = Barrier(10)

    def sweep():
        try:
            barrier.wait()
            return alerts.reach(KIND, [due(at, number) for number in range(20)], NOW).opened
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        futures = [pool.submit(sweep) for _ in range(10)]
        opened = sorted(future.result() for future in futures)

    assert opened == [0] * 9 + [20]
    assert (Alert.objects.count(), AlertStep.objects.count()) == (20, 20)


@pytest.mark.django_db
def test_digest_tells_each_step_once():
    at = station()
    ana = person(at, role=Role.COORDINATOR)
    alerts.reach(KIND, [due(at, 12), due(at, 13), due(at, 14, group="LRD 2027-01")], NOW)

    made = [digests.make_digests(now=NOW + n * DAY) for n in (0, 0, 1)]
    alerts.reach(KIND, [due(at, 12, threshold=7)], NOW + 2 * DAY)
    made.append(digests.make_digests(now=NOW + 2 * DAY))

    assert made == [1, 0, 0, 1]
    first, second = Message.objects.order_by("pk")
    assert first.key == f"digest:2026-11-24:{ana.reference}"
    assert (first.subject, second.subject) == (
        "Safety portal: 3 new alerts",
        "Safety portal: 1 new alert",
    )
    assert "2 kits, first K-12" in first.body
    assert "/kits/?code=K-14" in first.body
    assert "Ortiz" not in first.body


@pytest.mark.django_db
def test_digest_names_each_kind_once_above_its_lines():
    person(at := station(), role=Role.COORDINATOR)
    alerts.reach(KIND, [due(at, 12), due(at, 14, group="LRD 2027-01")], NOW)

    digests.make_digests(now=NOW)

    body = Message.objects.get().body
    assert body.count("Kits expire") == 1
    assert body.count("/kits/?code=") == 2


@pytest.mark.django_db
def test_digest_waits_for_seven_at_the_station():
    person(at := station(), role=Role.COORDINATOR)
    alerts.reach(KIND, [due(at)], NOW)
    seven = dt.datetime(2026, 11, 25, 13, 0, tzinfo=dt.UTC)

    early = digests.make_digests(now=seven - dt.timedelta(minutes=1))

    assert (early, digests.make_digests(now=seven)) == (0, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.HEALTH_OFFICE, Role.ADMINISTRATOR])
def test_alert_that_would_reach_nobody_reaches_the_office(role):
    at = station()
    person(at, "Ben", role=Role.COORDINATOR, account=False)
    office = person(at, "Eve", role=role, scope=Scope.EVERYWHERE)
    alerts.reach(KIND, [due(at)], NOW)

    digests.make_digests(now=NOW)

    assert Message.objects.get().recipient == office


@pytest.mark.django_db
def test_three_missed_days_double_nothing_and_lose_nothing():
    person(at := station(), role=Role.COORDINATOR)
    alerts.reach(KIND, [due(at, threshold=14)], NOW)
    digests.make_digests(now=NOW)

    for _ in range(2):
        alerts.reach(KIND, [due(at, threshold=7), due(at, 13, threshold=7)], NOW + 3 * DAY)
        digests.make_digests(now=NOW + 3 * DAY)

    assert Message.objects.count() == 2
    assert Alert.objects.count() == 2
    assert AlertStep.objects.count() == 3
