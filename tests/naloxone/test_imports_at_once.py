"""An import and somebody else in the same moment: a second worker, a cancel, a worker that is killed."""

import threading

from django.db import connection, transaction
from django.utils import timezone

from naloxone import actions
from naloxone.actions import imports
from naloxone.import_rules import RunState
from naloxone.models import Kit
from tests.naloxone import make
from tests.naloxone.imports import as_csv, checked, work

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
