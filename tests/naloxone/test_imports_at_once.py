"""An import and somebody else in the same moment: a second worker, a cancel, a worker that is killed."""

import os
import subprocess
import sys
import threading
import time

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from naloxone import actions
from naloxone.actions import imports
from naloxone.import_rules import RunState
from naloxone.models import Kit
from tests.naloxone import make
from tests.naloxone.imports import as_csv, checked, work
from tests.parts import url_of

KITS = ("Place", "Product", "Lot", "Expiry", "Serials")
LATER = f"{make.day(400):%Y-%m-%d}"


def row(store, product):
    return [store.name, product.name, "A1", LATER, ""]


def test_cancelled_while_the_worker_is_at_it_everything_is_taken_back(committed, monkeypatch):
    by = make.coordinator(make.station())
    store, other, product = make.place(by), make.place(by), make.product()
    run = checked(by, "kits", as_csv(KITS, row(store, product), row(other, product)))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    real, said = actions.receive_delivery, []

    def cancelled_meanwhile(**facts):
        def cancel():
            said.append(imports.cancel_import(run=run, now=timezone.now(), by=by).state)
            connection.close()

        act = real(**facts)
        if not said:
            thread = threading.Thread(target=cancel)
            thread.start()
            thread.join()
        return act

    monkeypatch.setattr(actions, "receive_delivery", cancelled_meanwhile)
    work(run)

    assert said == [RunState.RUNNING]  # asked for; the worker rolls back
    assert run.state == RunState.CANCELLED
    assert not Kit.objects.exists()


def test_a_second_worker_leaves_what_the_first_is_at(committed):
    by = make.coordinator(make.station())
    run = checked(by, "kits", as_csv(KITS, row(make.place(by), make.product())))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    locked, go_on = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            assert imports.nobody_at_work(run)
            locked.set()
            go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(10)
    try:
        work(run)
        assert (run.state, run.tries) == (RunState.RUNNING, 0)
    finally:
        go_on.set()
        thread.join()


KILLED = """
import sys, time
import django
django.setup()
from django.utils import timezone
from naloxone import actions
from naloxone.actions import imports
real = actions.receive_delivery
def slow(**facts):
    real(**facts)
    print("received", flush=True)
    time.sleep(60)
actions.receive_delivery = slow
imports.work_at(int(sys.argv[1]), now=timezone.now())
"""


def test_a_worker_killed_half_way_leaves_nothing_and_the_next_one_does_it_all(committed, media):
    by = make.coordinator(make.station())
    run = checked(by, "kits", as_csv(KITS, row(make.place(by), make.product())))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    environment = {
        **os.environ, "DATABASE_URL": url_of("default"), "MEDIA_ROOT": str(media),
        "DJANGO_SETTINGS_MODULE": "safety_portal.settings",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(run.pk)], stdout=subprocess.PIPE, env=environment,
        cwd=settings.BASE_DIR,
    )  # fmt: skip
    assert process.stdout.readline() == b"received\n"
    # It holds the run, so nobody else begins it.
    assert work(run).tries == 1
    process.kill()
    process.wait()
    process.stdout.close()
    run.refresh_from_db()
    assert (run.state, Kit.objects.count()) == (RunState.RUNNING, 0)

    deadline = time.monotonic() + 10
    while work(run).state == RunState.RUNNING:  # until the server has noticed the lost connection
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert (run.state, run.tries, Kit.objects.count()) == (RunState.DONE, 2, 1)
