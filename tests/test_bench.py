"""The bench at its smallest: that it measures, and that what it fills is an honest ledger. No time is judged."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings as portal_settings

from naloxone.verify import verify_ledger
from tests.parts import url_of


def bench(**more):
    """Runs the bench on the present test's database."""
    environment = {
        "DATABASE_URL": url_of("default"),
        "DATABASE_OWNER_URL": url_of("owner"),
        "STATIC_ROOT": str(portal_settings.STATIC_ROOT),
        "SCALE": "0.005",
        "BENCH_EFFORT": "0.03",
        # A whole run would take a minute; a page of each kind will do.
        "BENCH_ONLY": "kits, first page|kit with|look-up: seal|custody record",
    }
    return subprocess.run(
        [sys.executable, "-m", "bench"], cwd=portal_settings.BASE_DIR, text=True, timeout=120,
        env={**os.environ, **environment, **more}, capture_output=True, check=False,
    )  # fmt: skip


def test_the_bench_measures_a_ledger_that_verifies(committed, django_db_blocker, static_files):
    done = bench()

    assert done.returncode == 0, done.stderr
    for name in (
        "seed, through the trigger", "custody act, 2 writers", "kits, first page", "look-up: seal",
        "custody record of 40 events, PDF", "scan to kit page: a pack’s code", "labels of", "accept 50 kits, form sent", "pair of a muster, form sent", "kit list, 8 clients", "web worker's memory",
    ):  # fmt: skip
        assert f"| {name}" in done.stdout
    with django_db_blocker.unblock():
        found = verify_ledger()
    assert found.intact
    assert found.kits == 250
    assert found.events > 1000


def test_the_bench_leaves_a_database_alone_that_it_did_not_fill(committed):
    with psycopg.connect(url_of("owner"), autocommit=True) as owner:
        owner.execute("insert into naloxone_kit (kind, seal) values ('kit', '')")

    done = bench()

    assert done.returncode == 1
    assert "This database is in use" in done.stderr


@pytest.mark.parametrize("scale", ["much", "-1", "1000"])
def test_a_scale_that_is_none_is_told(scale):
    done = bench(SCALE=scale)

    assert done.returncode == 1
    assert f"SCALE is “{scale}”" in done.stderr
