"""A real worker does on a real database what the web asks of it."""

import time

import pytest

from safety_portal.alerts import WorkerHeartbeat
from safety_portal.tasks import heartbeat


@pytest.mark.fault
def test_a_task_given_to_the_broker_is_done_by_the_worker(worker):
    heartbeat.delay()

    deadline = time.monotonic() + 10
    while not WorkerHeartbeat.objects.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
