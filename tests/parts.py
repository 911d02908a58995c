"""Real parts beside the portal: a mail server that can fail, and a Celery worker."""

import asyncio
import os
import signal
import subprocess
import sys
from email import message_from_bytes, policy
from urllib.parse import quote

import pytest
import servers
from aiosmtpd.controller import Controller
from django.conf import settings as portal_settings
from django.db import connections


def url_of(alias):
    """The address of a connection's database, as a subprocess wants it."""
    found = connections[alias].settings_dict
    who = f"{quote(found['USER'])}:{quote(found['PASSWORD'], safe='')}"
    return f"postgres://{who}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


class Sink:
    """An SMTP server that keeps what it accepts, and fails as it is told.

    delay: seconds before each answer. answer: what it says to a mail ("550 no such box" refuses).
    """

    def __init__(self):
        self.mails, self.delay, self.answer = [], 0, "250 kept"
        self.port, self.controller = servers.free_port(), None

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.delay)
        if self.answer.startswith("2"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer

    def up(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def down(self):
        self.controller.stop()
        self.controller = None


@pytest.fixture
def sink(settings):
    """A mail server, up; mail sent in this process and by `worker` goes to it."""
    found = Sink()
    found.up()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
    yield found
    if found.controller:
        found.down()


def start_worker(log, environment=None, *, app="safety_portal.celery", slots=1):
    """A Celery worker as in production, but for its slots; returns it when it listens."""
    command = [
        sys.executable, "-m", "celery", "-A", app, "worker", f"--concurrency={slots}",
        "--loglevel=INFO", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    with log.open("ab") as output:
        process = subprocess.Popen(
            servers.tied(command), stdout=output, stderr=output, start_new_session=True,
            cwd=portal_settings.BASE_DIR, env={**os.environ, **(environment or {})},
        )  # fmt: skip
    servers.wait_until(lambda: b" ready." in log.read_bytes(), process, "The worker", log)
    return process


@pytest.fixture
def worker(committed, sink, tmp_path):
    """A real worker on this test's database and mail server."""
    environment = {
        "DATABASE_URL": url_of("default"),
        "EMAIL_URL": sink.url,
        "WORKER_SOFT_SHUTDOWN_SECONDS": "1",
    }
    process = start_worker(tmp_path / "worker.log", environment)
    yield process
    servers.end(process, signal.SIGTERM)
