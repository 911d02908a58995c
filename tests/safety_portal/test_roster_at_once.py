"""Two forms about one person at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections

from safety_portal import roster
from tests.safety_portal import make


def test_two_forms_with_one_badge_at_once_make_one_person(committed):
    ada = make.administrator()
    facts, barrier = make.facts(ada.station), Barrier(4)

    def record(_):
        try:
            barrier.wait()
            return roster.record_person(**facts, by=ada).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(record, range(4)))

    assert len(found) == 1
