"""Who hears of an expiry, and when."""

import csv
import datetime as dt

import pytest
from django.core.management import call_command
from django.utils import timezone

from naloxone import actions, notices, rules
from naloxone.management.commands.load_products import SOURCE
from naloxone.models import Product
from safety_portal.access import Role
from safety_portal.alerts import Alert, SweepRun, run_sweeps
from tests.naloxone import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def by():
    return make.coordinator(make.station())


def test_an_expiry_opens_one_alert_that_rises_and_ends_with_its_cause(by):
    store = make.place(by)
    [kit] = make.delivery(by, store, expires_on=make.day(170))
    make.delivery(by, store, expires_on=make.day(400))
    now = timezone.now()

    run_sweeps(now=now)
    run_sweeps(now=now + dt.timedelta(days=85))
    alert = Alert.objects.get()
    assert (alert.subject, alert.threshold, alert.due_on) == (kit.reference, 90, kit.expires_on)
    assert list(alert.steps.order_by("pk").values_list("threshold", flat=True)) == [180, 90]

    actions.assemble_kits(
        cartons=[kit],
        kind="kit",
        doses_per_kit=2,
        place=store,
        occurred_at=now,
        request_key=make.key(),
        by=by,
    )
    run_sweeps(now=now + dt.timedelta(days=85))

    alert.refresh_from_db()
    assert alert.resolved_at
    assert Alert.objects.open().get().subject != kit.reference


def test_the_sweep_counts_what_an_independent_query_counts(by):
    store = make.place(by)
    for days in (1, 100, 179, 200):
        make.delivery(by, store, expires_on=make.day(days))

    run_sweeps(now=timezone.now())

    run = SweepRun.objects.get(name="naloxone.expiries")
    local = by.station.today()
    assert (
        run.looked_at
        == run.opened
        == len([d for d in (1, 100, 179, 200) if (make.day(d) - local).days <= 180])
    )


def test_the_station_decides_what_day_it_is(by):
    [kit] = make.delivery(by, make.place(by), expires_on=make.day(200))
    # 03:00 UTC is still the evening before at the station, 181 days before the expiry.
    early = dt.datetime.combine(kit.expires_on - dt.timedelta(days=180), dt.time(3), tzinfo=dt.UTC)

    assert list(notices.dues(early)) == []
    assert len(list(notices.dues(early + dt.timedelta(hours=6)))) == 1


def test_orders_go_to_the_coordinator_and_swaps_to_the_station(by):
    supervisor = make.person(by.station, Role.SUPERVISOR)
    make.coordinator(make.station())
    now = timezone.now()

    assert set(notices.recipients(by.station, 60, now)) == {by}
    assert set(notices.recipients(by.station, 30, now)) == {by, supervisor}


def test_the_shipped_products_load_twice_and_their_codes_agree(capsys):
    call_command("load_products")
    call_command("load_products")

    with SOURCE.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert Product.objects.count() == len(rows)
    known = Product.objects.exclude(ndc=None)
    assert known.count() == len([row for row in rows if row["ndc"]])
    assert all(p.gtin == rules.gtin_of_ndc(p.ndc) for p in known)
