"""Who a request is, for how long, and what becomes of one that is refused."""

import datetime as dt

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, transaction
from django.http import HttpResponse
from django.urls import path
from redis import RedisError

from safety_portal import audit
from safety_portal.access import AccessError, everyone, public
from safety_portal.audit import AuditRow
from safety_portal.htmx import unattended
from safety_portal.people import Account
from tests.naloxone import make

FAULTS = {"access": AccessError, "redis": RedisError, "database": OperationalError}


@everyone
def who(request):
    return HttpResponse(f"{request.person} at {request.person.station.region.component}")


@unattended
@everyone
def asks_itself(request):
    return HttpResponse(status=204)


@everyone
def act(request, fault):
    """An action that writes, then raises."""
    with transaction.atomic():
        audit.record("something.done", by=request.person, target="K-1")
        raise FAULTS[fault]("may not do this")


@public
def refuses_strangers(request):
    raise AccessError("no")


@everyone
def keeps_itself(request):
    return HttpResponse("a picture", headers={"Cache-Control": "private, max-age=60"})


urlpatterns = [
    path("who/", who),
    path("asks-itself/", asks_itself),
    path("act/<str:fault>/", act),
    path("open/", refuses_strangers),
    path("picture/", keeps_itself),
    path("accounts/login/", refuses_strangers, name="account_login"),
    path("", who, name="home"),
]


@pytest.fixture(autouse=True)
def own_urls(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def person(db, client):
    """Somebody signed in, whose session has begun."""
    found = make.person()
    client.force_login(found.account)
    client.get("/who/")
    return found


def is_signed_out(client):
    """Whether the next request is a stranger's, and nothing of the session is left."""
    return client.get("/who/").status_code == 302 and not Session.objects.exists()


def set_session(client, **changes):
    session = client.session
    for name, shift in changes.items():
        session[name] += shift
    session.save()


def test_person_and_station_come_with_the_account_in_one_query(
    client, person, django_assert_num_queries
):
    with django_assert_num_queries(2):  # the session, then account, person and station
        answer = client.get("/who/")

    assert answer.content.decode() == f"{person} at Office of Field Operations"


def test_a_session_that_was_silent_too_long_ends(client, person, settings):
    set_session(client, seen_at=-settings.SESSION_IDLE_SECONDS)
    assert client.get("/who/").status_code == 200

    set_session(client, seen_at=-settings.SESSION_IDLE_SECONDS - 1)
    assert is_signed_out(client)


def test_a_session_ends_after_its_longest_time_however_busy(client, person, settings):
    set_session(client, begun_at=-settings.SESSION_COOKIE_AGE - 1)

    assert is_signed_out(client)


def test_activity_is_saved_at_most_once_a_minute(client, person, django_assert_num_queries):
    set_session(client, seen_at=-50)
    before = client.session["seen_at"]
    client.get("/who/")
    assert client.session["seen_at"] == before

    set_session(client, seen_at=-20)
    client.get("/who/")
    assert client.session["seen_at"] > before


def test_what_a_page_asks_by_itself_keeps_no_session_alive(client, person, settings):
    set_session(client, seen_at=-settings.SESSION_IDLE_SECONDS + 5)
    assert client.get("/asks-itself/").status_code == 204
    set_session(client, seen_at=-10)

    answer = client.get("/asks-itself/", headers={"HX-Request": "true"})

    assert answer["HX-Redirect"].startswith("/accounts/login/")
    assert is_signed_out(client)


def test_an_account_out_of_use_is_signed_out_at_once(client, person):
    Account.objects.filter(person=person).update(is_active=False)

    assert is_signed_out(client)


def test_who_has_left_is_signed_out_at_once(client, person):
    person.left_on = dt.date(2026, 1, 1)
    person.save()

    assert is_signed_out(client)


def test_pages_of_the_signed_in_are_kept_by_nobody(client, person):
    assert client.get("/who/")["Cache-Control"] == "no-store, private"
    assert client.get("/picture/")["Cache-Control"] == "private, max-age=60"


def test_a_page_may_use_no_device_but_the_camera_that_reads_codes(client, person):
    policy = client.get("/who/")["Permissions-Policy"].split(", ")

    assert {"camera=(self)", "microphone=()", "geolocation=()"} <= set(policy)
    assert not [line for line in policy if "*" in line]
    assert [line for line in policy if "self" in line] == ["camera=(self)"]


def test_a_page_runs_our_own_scripts_and_webassembly_and_nothing_else(client, person):
    policy = client.get("/who/")["Content-Security-Policy"]
    directives = {name: sources for name, *sources in (d.split() for d in policy.split(";"))}

    assert directives["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
    assert directives["connect-src"] == ["'self'"]
    assert directives["default-src"] == ["'none'"]


def test_an_action_that_refuses_is_404_and_a_row_and_nothing_else(client, person):
    answer = client.post("/act/access/")

    assert answer.status_code == 404
    assert "This page is not here" in answer.content.decode()
    row = AuditRow.objects.get()
    assert (row.act, row.by, row.target, row.facts, row.origin) == (
        "access.refused", person, "/act/access/", "why: may not do this", "127.0.0.1",
    )  # fmt: skip


def test_a_refused_stranger_is_noted_as_the_portals_row(client, db):
    assert client.get("/open/").status_code == 404
    assert AuditRow.objects.get().by.name == "The portal"


@pytest.mark.parametrize("fault", ["redis", "database"])
def test_a_part_that_does_not_answer_is_said_in_words(client, person, fault, caplog):
    answer = client.post(f"/act/{fault}/")

    assert answer.status_code == 503
    assert "Try again in a minute" in answer.content.decode()
    assert not AuditRow.objects.exists()
    assert "A part does not answer" in caplog.text


def test_where_a_request_came_from_is_forgotten_after_it(client, person):
    assert audit.request_origin.get() == ""
