"""The broker is killed under a running task. Run again before any bump of celery, kombu or redis."""

import signal
import time

import pytest
import servers

from safety_portal.celery import app
from tests.faults.slow_app import slow
from tests.parts import start_worker


def wait_for(path, line, seconds):
    """Seconds until the file holds the line."""
    began = time.monotonic()
    while not path.exists() or line not in path.read_text().splitlines():
        assert time.monotonic() - began < seconds, f"no “{line}” in {path} after {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture
def valkey(tmp_path):
    server = servers.Valkey(tmp_path, "word")
    server.start()
    yield server
    server.stop()


@pytest.mark.fault
def test_a_worker_consumes_again_after_valkey_was_killed_under_its_task(valkey, tmp_path):
    """One late-ack task runs and one slot is free: what makes the worker of celery 5.7.0 exit."""
    worker = start_worker(
        tmp_path / "worker.log",
        {"REDIS_URL": valkey.url, "WORKER_SOFT_SHUTDOWN_SECONDS": "1"},
        app="tests.faults.slow_app", slots=2,
    )  # fmt: skip
    running, probe = tmp_path / "running", tmp_path / "probe"

    def publish(path, seconds):
        with app.connection_for_write(valkey.url) as connection:
            slow.apply_async([str(path), seconds], connection=connection)

    try:
        publish(running, 3)
        wait_for(running, "begun", 10)
        valkey.kill()
        time.sleep(0.5)
        valkey.start()
        publish(probe, 0)

        assert wait_for(probe, "ended", 15) < 15
        wait_for(running, "ended", 10)
        assert worker.poll() is None
        assert running.read_text() == "begun\nended\n"
    finally:
        servers.end(worker, signal.SIGTERM)
