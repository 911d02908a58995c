"""A gunicorn as in production, and clients that cost the machine as little as can be."""

import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from signal import SIGTERM
from urllib.parse import urlencode

from django.conf import settings
from django.core.management import call_command
from django.test import Client

from bench.environment import HOST, OWN_STATIC, ROOT, BenchError, times
from tools import servers

WORKERS = 2
WARM = 6  # requests that are not counted: each worker must have seen the page
REQUESTS = 60
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    status: int
    head: bytes
    body: bytes

    def cookie(self, name):
        """A cookie that the answer sets, or nothing."""
        for line in self.head.split(b"\r\n"):
            if line.lower().startswith(b"set-cookie: " + name.lower().encode() + b"="):
                return line.split(b"=", 1)[1].split(b";")[0].decode()
        return ""


@dataclass(frozen=True)
class Time:
    """Milliseconds of a number of requests."""

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds):
        values = sorted(1000 * s for s in seconds)
        return cls(statistics.median(values), values[min(len(values) - 1, int(len(values) * 0.95))])


class Fields(HTMLParser):
    """The hidden fields of a page's forms, by the form's id."""

    def __init__(self, text, form_id):
        super().__init__()
        self.form_id, self.inside, self.found = form_id, False, {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        if tag == "form":
            self.inside = facts.get("id") == self.form_id
        elif tag == "input" and self.inside and facts.get("type") == "hidden":
            self.found[facts["name"]] = facts.get("value", "")


@dataclass
class Visitor:
    """Somebody signed in, as seen by the portal on a port."""

    port: int
    session: str

    def __post_init__(self):
        self.csrf = ""

    def ask(self, method, path, body=b"", more=""):
        """One request over a connection of its own, as a sync worker wants it; `more` are header lines."""
        cookies = f"{settings.SESSION_COOKIE_NAME}={self.session}"
        if self.csrf:
            cookies += f"; {settings.CSRF_COOKIE_NAME}={self.csrf}"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-Proto: https\r\nCookie: {cookies}\r\n"
            f"Referer: https://{HOST}{path}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n{more}Connection: close\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.port), 30) as talk:
            talk.sendall(head.encode() + body)
            parts = []
            while part := talk.recv(65536):
                parts.append(part)
        head, _, body = b"".join(parts).partition(HEAD_END)
        return Answer(int(head[9:12] or 0), head, body)

    def get(self, path, expected=200):
        answer = self.ask("GET", path)
        if answer.status != expected:
            raise BenchError(f"{path} answered {answer.status}, not {expected}.")
        return answer

    def form(self, path, form_id):
        """The hidden fields of a form; its token's cookie is kept."""
        answer = self.get(path)
        self.csrf = answer.cookie(settings.CSRF_COOKIE_NAME) or self.csrf
        return Fields(answer.body.decode(), form_id).found

    def post(self, path, facts):
        answer = self.ask("POST", path, urlencode(facts).encode())
        if answer.status != 302:
            raise BenchError(f"A form sent to {path} was answered {answer.status}, not taken.")
        return answer

    def post_part(self, path, facts):
        """As htmx sends a form: a part of the page comes back, whether the form was taken or not."""
        answer = self.ask("POST", path, urlencode(facts).encode(), "HX-Request: true\r\n")
        if answer.status != 200:
            raise BenchError(f"A part of {path} was answered {answer.status}, not 200.")
        return answer

    def time(self, path, expected=200):
        """(Time, bytes of the page) of one client that asks again and again."""
        for _ in range(WARM):
            size = len(self.get(path, expected).body)
        found = []
        for _ in range(times(REQUESTS)):
            began = time.perf_counter()
            self.get(path, expected)
            found.append(time.perf_counter() - began)
        return Time.of(found), size

    def rate(self, path, clients, seconds):
        """Requests a second of many clients at once."""
        done, until = [0] * clients, time.monotonic() + seconds

        def ask(number):
            while time.monotonic() < until:
                self.get(path)
                done[number] += 1

        began = time.monotonic()
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(done) / (time.monotonic() - began)


@dataclass
class Portal:
    """The running web server."""

    process: subprocess.Popen
    port: int

    def visitor(self, person):
        """Signs a person in; how long that takes is not measured here."""
        client = Client()
        client.force_login(person.account)
        return Visitor(self.port, client.cookies[settings.SESSION_COOKIE_NAME].value)

    def worker_mb(self):
        """Resident memory of the largest worker, in MB; shared pages count in full."""
        found = []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            except OSError:
                continue  # it ended meanwhile
            if int(lines["PPid"]) == self.process.pid and "VmRSS" in lines:
                found.append(int(lines["VmRSS"].split()[0]) / 1024)
        return max(found)


def collect():
    """Static files under their hashed names, as a release has them; a folder that was given has them."""
    if Path(settings.STATIC_ROOT) != OWN_STATIC:
        return
    OWN_STATIC.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)


@contextmanager
def portal():
    """Gunicorn with two sync workers around the block."""
    port, log = servers.free_port(), OWN_STATIC.with_suffix(".log")
    log.parent.mkdir(exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_OWNER_URL"}
    command = [
        sys.executable, "-m", "gunicorn", "safety_portal.wsgi", f"--bind=127.0.0.1:{port}",
        f"--workers={WORKERS}", "--preload",
    ]  # fmt: skip
    with log.open("w") as output:
        process = subprocess.Popen(
            servers.tied(command), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        servers.wait_until(lambda: answers(port), process, "The web server", log)
        yield Portal(process, port)
    finally:
        servers.end(process, SIGTERM)


def answers(port):
    try:
        return Visitor(port, "").ask("GET", "/healthz").status == 200
    except OSError:
        return False
