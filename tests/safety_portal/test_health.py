"""What /healthz and /readyz say, and to whom."""

import datetime as dt

import pytest
from django.db import connections
from django.utils import timezone

from safety_portal import alerts, health
from safety_portal.alerts import SweepRun


@pytest.mark.django_db
def test_the_process_answers_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_all_parts_are_named_when_all_is_well(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    facts = answer.json()
    assert set(facts) == {"ready", "faults", "database", "broker", "pending_migrations", "sweeps"}
    assert facts["pending_migrations"] == facts["faults"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "origin",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_READYZ_TOKEN": "wrong"},
    ],
)
def test_strangers_do_not_learn_that_the_page_is_there(client, settings, origin):
    settings.READYZ_TOKEN = "right"

    assert client.get("/readyz", **origin).status_code == 404


@pytest.mark.django_db
def test_the_token_opens_it_to_another_machine(client, settings):
    settings.READYZ_TOKEN = "right"

    answer = client.get("/readyz", REMOTE_ADDR="192.0.2.7", HTTP_X_READYZ_TOKEN="right")

    assert answer.status_code == 200


@pytest.mark.django_db
def test_no_token_is_not_an_empty_token(client, settings):
    settings.READYZ_TOKEN = ""

    answer = client.get("/readyz", REMOTE_ADDR="192.0.2.7", HTTP_X_READYZ_TOKEN="")

    assert answer.status_code == 404


def run_of(name, *, minutes_ago, error=""):
    at = timezone.now() - dt.timedelta(minutes=minutes_ago)
    return SweepRun.objects.create(name=name, started_at=at, ended_at=at, error=error)


@pytest.mark.django_db
def test_a_sweep_that_only_fails_is_silent(client):
    run_of("expiry", minutes_ago=40)
    run_of("expiry", minutes_ago=1, error="broken")
    run_of("digest", minutes_ago=20)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["faults"] == ["The sweep expiry has not ended well for too long."]
    assert answer.json()["sweeps"]["digest"] == pytest.approx(1200, abs=5)


@pytest.mark.django_db
def test_a_lost_broker_is_named_without_its_address(client, settings):
    settings.CELERY_BROKER_URL = "redis://:secret@127.0.0.1:1/0"

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["faults"] == ["broker: ConnectionError"]


def test_a_pending_migration_is_named(committed, client):
    with connections["owner"].cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'sessions'")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["pending_migrations"] == ["sessions.0001_initial"]


@pytest.mark.django_db
def test_a_sweep_that_never_ran_is_named_once_it_should_have():
    now = timezone.now()

    ages, faults = health.sweeps(now)
    later, overdue = health.sweeps(now + dt.timedelta(days=1))

    assert ages == later == dict.fromkeys(alerts.sweeps)
    assert faults == []
    assert overdue == [
        f"The sweep {name} has never run. Are worker and beat started?"
        for name in sorted(alerts.sweeps)
    ]
