"""Mail is really delivered: worker, SMTP, a server that is down, a sender that is killed."""

import datetime as dt
import os
import subprocess
import sys
import time

import pytest
import servers
from django.conf import settings as portal_settings
from django.utils import timezone

from safety_portal import alerts, digests, outbox
from safety_portal.access import Role
from safety_portal.outbox import Message, MessageState, deliver_mail, queue_mail
from tests.alerts.world import KIND, NOW, due, person, station
from tests.parts import url_of

MINUTE = dt.timedelta(minutes=1)


def mail(key="k", now=None, kind="digest", to="ana@agency.example"):
    return queue_mail(
        key=key, kind=kind, to=to, subject="News\nhere", body="See it.", now=now or timezone.now()
    )


def until(true, seconds=15):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_expiry_reaches_a_mailbox_through_worker_and_smtp(committed, worker, sink):
    at = station()
    person(at, role=Role.COORDINATOR)
    dues = [due(at, 12), due(at, 13)]
    alerts.register_sweep("kits", lambda now: (2, *alerts.reach(KIND, dues, now)[::2]))

    alerts.run_sweeps(now=NOW)
    # Long ago, so that the worker's own clock finds it due.
    digests.make_digests(now=NOW - dt.timedelta(days=1))

    until(lambda: sink.mails)
    until(lambda: Message.objects.get().state == MessageState.SENT)
    (found,) = sink.mails
    message = Message.objects.get()
    assert found["Message-ID"] == message.message_id
    assert found["To"] == "ana@agency.example"
    assert "/kits/?code=K-12" in found.get_content()
    assert message.sent_at


@pytest.mark.django_db
def test_same_key_is_one_mail():
    assert mail() == mail()
    assert Message.objects.get().subject == "News here"


@pytest.mark.django_db
def test_server_that_is_down_loses_nothing(sink):
    sink.down()
    mail("a"), mail("b")
    now = timezone.now()

    waits = []
    for _ in range(3):
        deliver_mail(now=now)
        first = Message.objects.get(key="a")
        waits.append(round((first.next_attempt_at - now) / MINUTE))
        now = first.next_attempt_at + MINUTE
        Message.objects.filter(key="b").update(next_attempt_at=now + MINUTE)
    sink.up()
    sent = deliver_mail(now=now + 10 * MINUTE)

    assert waits == [1, 2, 5]
    assert sent == 2
    assert len(sink.mails) == 2
    assert set(Message.objects.values_list("state", "repeats")) == {("sent", 0)}


@pytest.mark.django_db
def test_two_days_down_is_given_up_where_all_can_see_it(sink):
    sink.down()
    mail()

    deliver_mail(now=timezone.now() + dt.timedelta(hours=49))

    message = Message.objects.undeliverable().get()
    assert message.state == MessageState.GIVEN_UP
    assert message.last_answer.startswith("No connection")


@pytest.mark.django_db
def test_refused_mail_keeps_the_answer_and_stops_no_other(sink):
    sink.answer = "550 no such box"
    mail("a", kind="account.invitation")

    deliver_mail(now=timezone.now())

    message = Message.objects.get()
    assert (message.state, message.last_answer) == (MessageState.FAILED, "550 no such box")


@pytest.mark.django_db
def test_put_off_mail_is_sent_later(sink):
    sink.answer = "451 busy"
    mail()
    now = timezone.now()

    deliver_mail(now=now)
    put_off = Message.objects.get()
    sink.answer = "250 kept"
    deliver_mail(now=now + 2 * MINUTE)

    assert (put_off.state, put_off.last_answer) == (MessageState.QUEUED, "451 busy")
    assert Message.objects.get().state == MessageState.SENT


@pytest.mark.django_db
def test_body_that_signs_somebody_in_goes_once_sent(sink):
    mail("a", kind="account.invitation"), mail("b")

    deliver_mail(now=timezone.now())

    bodies = dict(Message.objects.values_list("key", "sealed_body"))
    assert bodies["a"] == ""
    assert bodies["b"] != ""
    assert "See it." not in bodies["b"]


@pytest.mark.parametrize("journal", [True, False])
def test_killed_between_acceptance_and_mark(committed, sink, settings, tmp_path, journal):
    kept = tmp_path / "journal"
    kept.mkdir()

    async def keep_and_say_nothing(server, session, envelope):
        (kept / "1.eml").write_bytes(envelope.content)
        import asyncio

        await asyncio.sleep(30)

    message = mail()
    answers, sink.controller.handler.handle_DATA = sink.handle_DATA, keep_and_say_nothing
    sender = subprocess.Popen(
        servers.tied([sys.executable, "manage.py", "run_task", "alerts.deliver_mail"]),
        cwd=portal_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url_of("default"), "EMAIL_URL": sink.url},
    )
    until(lambda: list(kept.glob("*.eml")))
    sender.kill()
    sender.wait()
    sink.controller.handler.handle_DATA = answers
    settings.MAIL_JOURNAL = str(kept) if journal else ""

    early = deliver_mail(now=timezone.now())
    late = deliver_mail(now=timezone.now() + 3 * MINUTE)

    message.refresh_from_db()
    assert (early, late, message.state) == (0, 1, MessageState.SENT)
    assert message.repeats == (0 if journal else 1)
    assert len(sink.mails) == (0 if journal else 1)


def test_broker_that_is_down_fails_no_write(committed, monkeypatch):
    def nobody_home():
        raise ConnectionError("no broker")

    monkeypatch.setattr(outbox, "ring", nobody_home)

    mail()

    assert Message.objects.get().state == MessageState.QUEUED
