"""Who hears of an expiry, and when."""

import datetime as dt

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.utils import timezone

from naloxone import actions, notices
from naloxone.gs1_rules import gtin_of_ndc
from naloxone.management.commands.load_products import rows_of
from naloxone.models import Holder, Product
from safety_portal.access import Role
from safety_portal.alerts import Alert, SweepRun, run_sweeps
from safety_portal.settings import env_numbers
from tests.naloxone import make

pytestmark = pytest.mark.django_db


def test_an_expiry_opens_one_alert_that_rises_and_ends_with_its_cause(by):
    store = make.place(by)
    [kit] = make.delivery(by, store, expires_on=make.day(170))
    make.delivery(by, store, expires_on=make.day(400))
    now = timezone.now()

    run_sweeps(now=now)
    run_sweeps(now=now + dt.timedelta(days=85))
    alert = Alert.objects.get(kind=notices.KIND)
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
    assert Alert.objects.open().get(kind=notices.KIND).subject != kit.reference


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


def test_what_has_expired_is_one_line_of_its_own_and_not_said_to_expire(by):
    store = make.place(by)
    [kit] = make.delivery(by, store, expires_on=make.day(3))
    now = timezone.now()
    run_sweeps(now=now)
    assert notices.line([Alert.objects.get(kind=notices.KIND)]).startswith("1 kit expires in ")
    make.expired(by, store)

    run_sweeps(now=now + dt.timedelta(days=10))

    found = list(Alert.objects.open().filter(kind=notices.KIND).order_by("pk"))
    assert {alert.group for alert in found} == {f"expired {by.station.code}"}
    line = notices.line(found)
    assert line == f"2 kits have expired at {by.station}, the first on {make.day(-3):%d %b %Y}"
    assert notices.line(found[:1]) == (
        f"1 kit has expired at {by.station}, the first on {kit.expires_on:%d %b %Y}"
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

    assert set(notices.recipients(by.station, 90, now)) == {by}
    assert set(notices.recipients(by.station, 30, now)) == {by, supervisor}


def test_the_shipped_products_load_twice_and_their_codes_agree(capsys):
    call_command("load_products")
    call_command("load_products")

    rows = rows_of("antagonist_products.csv")
    assert Product.objects.count() == len(rows)
    known = Product.objects.exclude(ndc=None)
    assert known.count() == len([row for row in rows if row["ndc"]])
    assert all(p.gtin == gtin_of_ndc(p.ndc) for p in known)


def test_the_days_are_settings_and_past_the_last_one_is_told_once_more(by, settings):
    settings.EXPIRY_ORDER_DAYS, settings.EXPIRY_SWAP_DAYS = [100], [10]
    [kit] = make.delivery(by, make.place(by), expires_on=make.day(105))
    first = timezone.now()
    for days in (0, 6, 50, 96, 105, 106, 107, 150):
        run_sweeps(now=first + dt.timedelta(days=days))

    alert = Alert.objects.get(kind=notices.KIND, subject=kit.reference)
    assert list(alert.steps.order_by("pk").values_list("threshold", flat=True)) == [100, 10, -1]


def test_a_setting_that_is_no_number_stops_the_start(monkeypatch):
    monkeypatch.setenv("EXPIRY_SWAP_DAYS", "30,soon")

    with pytest.raises(ImproperlyConfigured, match="EXPIRY_SWAP_DAYS must be whole numbers"):
        env_numbers("EXPIRY_SWAP_DAYS", "30,7,0")


# --- stock ---------------------------------------------------------------------------------------
def stock_of(place):
    return Alert.objects.open().filter(kind=notices.STOCK, subject=place.reference).first()


def test_a_place_below_par_is_told_of_again_when_it_has_fewer_still(by):
    place, other = make.place(by), make.place(by)
    Holder.objects.filter(pk=place.pk).update(par_min=3)
    Holder.objects.filter(pk=other.pk).update(par_min=0)
    now = timezone.now()
    run_sweeps(now=now)
    assert stock_of(place).threshold == 0
    assert notices.stock_line([stock_of(place)]) == f"1 place is below par at {by.station}, 1 without any"  # fmt: skip
    kits = make.delivery(by, place, cartons=3)
    run_sweeps(now=now)
    assert stock_of(place) is None

    for kit, expected in zip(kits, (2, 1), strict=False):
        actions.hold_kits(kits=[kit], note="Sun", occurred_at=now, request_key=make.key(), by=by)
        for _ in range(3):
            run_sweeps(now=now)
        assert stock_of(place).threshold == expected
    assert list(stock_of(place).steps.order_by("pk").values_list("threshold", flat=True)) == [2, 1]
    assert stock_of(other) is None


def test_stock_counts_by_the_stations_own_day(by):
    place = make.place(by)
    Holder.objects.filter(pk=place.pk).update(par_min=1)
    [kit] = make.delivery(by, place, expires_on=make.day(10))
    # 03:00 UTC of the day after is still the last day at the station.
    early = dt.datetime.combine(kit.expires_on + dt.timedelta(days=1), dt.time(3), tzinfo=dt.UTC)

    assert list(notices.below_par(early)) == []
    assert len(list(notices.below_par(early + dt.timedelta(hours=6)))) == 1


def test_who_keeps_the_stock_hears_of_it(by):
    supervisor = make.person(by.station, Role.SUPERVISOR)

    assert set(notices.in_charge(by.station, 0, timezone.now())) == {by, supervisor}
