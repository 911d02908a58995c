"""The commands of those who run the portal."""

import base64
import datetime as dt
from io import StringIO

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command

from safety_portal.alerts import WorkerHeartbeat
from safety_portal.people import Station


def output_of(*words):
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_an_unknown_task_is_answered_with_the_known_ones():
    with pytest.raises(CommandError, match=r"no task “nothing”(?s:.*)alerts\.sweep"):
        call_command("run_task", "nothing")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["beat", "alerts.heartbeat"])
def test_a_task_runs_here_at_the_moment_given(name):
    said = output_of("run_task", name, "--now", "2026-11-24T06:00:00Z")

    assert said.startswith("alerts.heartbeat done")
    assert WorkerHeartbeat.objects.get().at == dt.datetime(2026, 11, 24, 6, tzinfo=dt.UTC)


def test_what_is_no_moment_is_said():
    with pytest.raises(CommandError, match="write it like 2026-11-24T06:00:00Z"):
        call_command("run_task", "beat", "--now", "yesterday")


def test_a_new_key_fits_the_ring():
    _, _, key = output_of("make_key").strip().partition(":")

    assert len(base64.b64decode(key, validate=True)) == 32


@pytest.mark.django_db
def test_ended_sessions_are_cleared_and_running_ones_stay():
    for days in (-1, 1):
        session = SessionStore()
        session.set_expiry(dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
        session.save()

    output_of("run_task", "sessions")

    assert Session.objects.get().expire_date > dt.datetime.now(dt.UTC)


@pytest.mark.django_db
def test_reference_data_leave_alone_what_was_changed_here():
    output_of("load_reference")
    changed = {"name": "San Ysidro, new building", "version": 2}
    Station.objects.filter(code="2504").update(**changed)
    Station.objects.filter(code="2506").update(name="Overtaken")

    output_of("load_reference")

    assert Station.objects.get(code="2504").name == "San Ysidro, new building"
    assert Station.objects.get(code="2506").name == "Otay Mesa"
