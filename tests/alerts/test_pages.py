"""The pages of alerts and of the outbox."""

import pytest

from safety_portal import alerts
from safety_portal.access import Role, Scope
from safety_portal.outbox import Message, queue_mail
from tests.alerts.world import KIND, NOW, due, person, station


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 3])
def test_alerts_of_my_stations_only(client, django_assert_max_num_queries, number):
    mine, other = station(), station("DEN")
    ana = person(mine, role=Role.COORDINATOR)
    alerts.reach(KIND, [due(mine, n) for n in range(number)] + [due(other, 99)], NOW)
    client.force_login(ana.account)
    client.get(
        "/alerts/"
    )  # notes once a minute that the session is alive; not the page's own query

    with django_assert_max_num_queries(8):
        answer = client.get("/alerts/")

    assert answer.status_code == 200
    assert b"K-0" in answer.content
    assert b"K-99" not in answer.content


@pytest.mark.django_db
def test_no_alert_is_said_in_words(client):
    client.force_login(person(station()).account)

    assert b"No alert is open" in client.get("/alerts/").content


@pytest.mark.django_db
def test_outbox_shows_sweeps_and_mail_to_those_who_keep_it(client):
    at = station()
    admin = person(at, role=Role.ADMINISTRATOR, scope=Scope.EVERYWHERE)
    alerts.register_sweep("whole", lambda now: (3, 1, 0))
    empty = client.force_login(admin.account) or client.get("/outbox/")
    alerts.run_sweeps(now=NOW)
    alerts.beat(now=NOW)
    mail = queue_mail(key="k", kind="digest", to="a@agency.example", subject="s", body="b", now=NOW)
    type(mail).objects.update(state="failed", last_answer="550 no such box")

    full = client.get("/outbox/")

    assert b"No sweep has run yet" in empty.content
    assert b"whole" in full.content
    assert b"550 no such box" in full.content
    assert b"agency.example" not in full.content


@pytest.mark.django_db
def test_outbox_is_not_there_for_others(client):
    client.force_login(person(station()).account)

    assert client.get("/outbox/").status_code == 404


@pytest.mark.django_db
def test_every_mail_is_reached_and_one_state_can_be_looked_at(client):
    admin = person(station(), role=Role.ADMINISTRATOR, scope=Scope.EVERYWHERE)
    client.force_login(admin.account)
    for n in range(30):
        queue_mail(
            key=f"k{n}", kind="digest", to="a@agency.example", subject="s", body="b", now=NOW
        )
    Message.objects.filter(key="k3").update(state="given_up")

    first = client.get("/outbox/")
    second = client.get("/outbox/" + first.context["pager"].next)
    assert len(first.context["mails"]) + len(second.context["mails"]) == 30
    lost = client.get("/outbox/?state=given_up")

    assert [mail.key for mail in lost.context["mails"]] == ["k3"]
    assert b"Given up" in lost.content
    assert b"No mail is in this state." in client.get("/outbox/?state=sent").content
    assert len(client.get("/outbox/?state=nonsense").context["mails"]) == 25
