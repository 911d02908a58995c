"""Nil reports: due each month though nothing changed, confirmed by kits that anybody can draw again."""

import datetime as dt
import hashlib

import pytest
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, notices, round_rules
from naloxone.actions import CustodyError
from naloxone.actions.nil_reports import publish_seed, publish_seeds
from naloxone.models import KitScan, MonthSeed, NilReport, report_due_on
from safety_portal import alerts
from safety_portal.access import AccessError, Role
from safety_portal.alerts import Alert, run_sweeps
from safety_portal.audit import AuditRow
from tests.naloxone import make

pytestmark = pytest.mark.django_db
MONTH = dt.date(2026, 10, 1)


def url(name, *args):
    return reverse(f"naloxone:{name}", args=args)


def last_month():
    return round_rules.month_to_report(timezone.now())


def report(by, **facts):
    told = {"station": by.station, "month": last_month(), "now": timezone.now(), "request_key": make.key()}  # fmt: skip
    return actions.make_nil_report(**told | facts, by=by)


# --- rules ---------------------------------------------------------------------------------------


def test_a_seed_is_fixed_before_and_the_draw_can_be_worked_out_by_anybody():
    kits = [f"K-{number}" for number in range(1, 40)]

    drawn = round_rules.draw("abc", MONTH, "2304", kits, count=3)

    by_hand = sorted(kits, key=lambda k: hashlib.sha256(f"abc|2026-10|2304|{k}".encode()).hexdigest())  # fmt: skip
    assert drawn == by_hand[:3]
    assert drawn == round_rules.draw("abc", MONTH, "2304", reversed(kits), count=3)
    assert drawn != round_rules.draw("abd", MONTH, "2304", kits, count=3)
    assert round_rules.commitment_of("abc") == hashlib.sha256(b"abc").hexdigest()


def test_a_month_is_over_once_it_is_over_on_the_last_clock():
    over = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)

    assert round_rules.is_over(MONTH, over)
    assert not round_rules.is_over(MONTH, over - dt.timedelta(seconds=1))
    assert round_rules.month_to_report(over) == MONTH
    assert round_rules.month_to_report(over - dt.timedelta(hours=1)) == dt.date(2026, 9, 1)
    assert round_rules.month_before(dt.date(2027, 1, 31)) == dt.date(2026, 12, 1)
    assert round_rules.month_after(dt.date(2026, 12, 31)) == dt.date(2027, 1, 1)


# --- seeds ---------------------------------------------------------------------------------------


def test_the_sweep_publishes_this_month_and_the_next_once():
    now = dt.datetime(2026, 11, 24, 18, tzinfo=dt.UTC)
    publish_seeds(now)
    publish_seeds(now + dt.timedelta(days=1))
    run_sweeps(now=now)

    found = MonthSeed.objects.order_by("month")
    assert [seed.month for seed in found] == [dt.date(2026, 11, 1), dt.date(2026, 12, 1)]
    assert all(seed.in_time for seed in found)
    assert AuditRow.objects.filter(act="seed.published").count() == 2
    assert found[0].seed not in AuditRow.objects.values_list("facts", flat=True)[0]


def test_a_seed_that_came_too_late_says_so():
    late = publish_seed(MONTH, dt.datetime(2026, 11, 24, tzinfo=dt.UTC))

    assert not late.in_time


def test_the_page_shows_the_commitment_before_and_the_seed_once_reports_are_due(client, officer):
    now = timezone.now()
    coming, past = publish_seed(now.date().replace(day=1), now), publish_seed(dt.date(2026, 1, 1), now)  # fmt: skip
    client.force_login(officer.account)

    page = client.get(url("seeds")).content.decode()

    assert coming.commitment in page
    assert coming.seed not in page
    assert past.seed in page
    assert "After its month" in page


# --- the report ----------------------------------------------------------------------------------


def test_a_report_tells_what_is_there_and_draws_three(by, store):
    make.delivery(by, store, cartons=9)
    make.expired(by, store)

    made = report(by, note="Nothing to add")

    assert (len(made.kits), made.usable, made.doses) == (10, 9, 20)
    drawn = [one.kit.reference for one in made.drawn.select_related("kit")]
    names = [f"K-{key}" for key in made.kits]
    assert drawn == round_rules.draw(made.seed.seed, made.month, by.station.code, names, count=3)
    assert made.due_at - made.made_at == dt.timedelta(hours=24)


def test_what_is_on_its_way_to_another_station_is_in_no_report_and_not_drawn(by, kits):
    there = make.coordinator(make.station())
    actions.send_kits(
        why_empty="On purpose", kits=kits[:1], destination=there.station, carrier="Courier", expected_on=make.day(3),
        occurred_at=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    made = report(by)

    assert made.kits == [kits[1].pk]
    assert [one.kit for one in made.drawn.all()] == [kits[1]]


def test_it_is_made_once_a_month_by_who_keeps_the_stock_after_its_end(by, store, kits):
    key = make.key()
    made = report(by, request_key=key)

    assert report(by, request_key=key) == made
    with pytest.raises(CustodyError, match="reported meanwhile"):
        report(by)
    with pytest.raises(CustodyError, match="not over yet"):
        report(by, month=timezone.now().date().replace(day=1))
    with pytest.raises(AccessError):
        report(make.person(by.station, Role.SUPERVISOR))


def test_a_station_without_kits_reports_none_and_is_confirmed(by):
    made = report(by)

    assert made.kits == []
    assert not NilReport.objects.with_open_draws().get().is_open


def test_scans_in_time_confirm_it_and_late_ones_do_not(by, store, kits):
    made = report(by)
    first, second = made.drawn.select_related("kit")
    other = make.delivery(by, make.place(by))[0]

    def scan(one, **later):
        now = timezone.now() + dt.timedelta(**later)
        return actions.scan_reported(report=made, codes={"X": one}, now=now, by=by)

    with pytest.raises(CustodyError, match="not one of those"):
        scan(other)
    assert scan(first.kit) == [second]
    assert NilReport.objects.with_open_draws().get().is_open
    assert scan(second.kit, hours=25) == []

    assert KitScan.objects.count() == 2
    assert NilReport.objects.with_open_draws().get().is_open  # late: it stays not confirmed
    assert scan(second.kit) == []
    with pytest.raises(AccessError):
        actions.scan_reported(report=made, codes={}, now=timezone.now(), by=make.person(by.station))


# --- due -----------------------------------------------------------------------------------------


def steps():
    return [alert.threshold for alert in Alert.objects.open().filter(kind=notices.NIL)]


@pytest.fixture
def held(by, store):
    """Kits that were there long before."""
    return make.delivery(
        by, store, cartons=3, occurred_at=timezone.now() - dt.timedelta(days=100), expires_on=make.day(900)
    )  # fmt: skip


def test_a_report_is_due_then_overdue_then_made(by, held):
    month = last_month()
    due_on = report_due_on(month)
    first = dt.datetime.combine(due_on, dt.time(15), dt.UTC)
    run_sweeps(now=first)
    assert steps() == [notices.REPORT_DUE]

    run_sweeps(now=first + dt.timedelta(days=1))
    assert steps() == [notices.REPORT_LATE]
    alert = Alert.objects.open().get(kind=notices.NIL)
    assert f"{month:%B %Y} is overdue" in notices.nil_line([alert])
    made = report(by)
    run_sweeps(now=made.made_at)

    assert steps() == []


def test_a_report_whose_kits_were_not_scanned_is_an_alert(by, held):
    made = report(by)
    run_sweeps(now=made.due_at - dt.timedelta(minutes=1))
    assert steps() == []

    run_sweeps(now=made.due_at)

    assert steps() == [notices.NOT_CONFIRMED]
    [alert] = Alert.objects.open().filter(kind=notices.NIL)
    assert "is not confirmed" in notices.nil_line([alert])
    kind = alerts.kinds[notices.NIL]
    supervisor = make.person(by.station, Role.SUPERVISOR)
    assert supervisor in kind.recipients(by.station, notices.NOT_CONFIRMED, timezone.now())
    assert supervisor not in kind.recipients(by.station, notices.REPORT_DUE, timezone.now())
    assert kind.url([alert]) == f"{url('nil_reports')}?station={by.station_id}"


def test_a_station_that_held_nothing_then_owes_none(by, store, kits):
    run_sweeps(now=timezone.now())

    assert steps() == []


# --- pages ---------------------------------------------------------------------------------------


def test_the_coordinator_makes_it_from_the_list_and_scans_it(signed_in, by, held):
    run_sweeps(now=timezone.now())
    assert "nil report" in signed_in.get("/").content.decode().lower()
    page = signed_in.get(url("nil_reports"), {"station": by.station_id}).content.decode()
    make_url = url("make_report", by.station.code)
    assert make_url in page
    asked = signed_in.get(make_url).content.decode()
    assert "Nothing changed in" in asked

    done = signed_in.post(make_url, {"request_key": make.key(), "note": "As ever"})
    made = NilReport.objects.get()
    assert done.url == made.get_absolute_url()
    assert signed_in.get(make_url).url == made.get_absolute_url()
    page = signed_in.get(done.url).content.decode()
    for text in ("As ever", made.seed.seed, made.seed.commitment, "Waits for scans", "when the month was over already"):  # fmt: skip
        assert text in page
    told = {f"scan_{one.kit_id}": one.kit.reference for one in made.drawn.select_related("kit")}
    assert "Unknown" in signed_in.post(done.url, dict.fromkeys(told, "K-999999")).content.decode()
    signed_in.post(done.url, told)

    assert "Confirmed" in signed_in.get(url("nil_reports")).content.decode()
    assert "nothing more to be scanned" in signed_in.post(done.url, follow=True).content.decode()
    listed = signed_in.get(url("drawn_from", made.pk))
    assert listed.content.decode().split() == [kit.reference for kit in held]


def test_what_was_scanned_late_or_not_at_all_is_not_confirmed(signed_in, by, held):
    made = report(by, now=timezone.now() - dt.timedelta(hours=25))
    one = made.drawn.select_related("kit").first()
    actions.scan_reported(report=made, codes={"X": one.kit}, now=timezone.now(), by=by)

    page = signed_in.get(made.get_absolute_url()).content.decode()

    for text in ("Not confirmed", "Scanned late", "Not scanned"):
        assert text in page


def test_others_see_no_report_of_the_station(client, by, held):
    made = report(by)
    client.force_login(make.coordinator(make.station()).account)

    assert client.get(made.get_absolute_url()).status_code == 404
    assert client.get(url("make_report", by.station.code)).status_code == 404
    supervisor = make.person(by.station, Role.SUPERVISOR)
    client.force_login(supervisor.account)
    assert client.get(made.get_absolute_url()).status_code == 200
    assert client.get(url("make_report", by.station.code)).status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_however_many(signed_in, by, held, number, django_assert_max_num_queries):  # fmt: skip
    month = last_month()
    for _ in range(number):
        report(by, month=month)
        month = round_rules.month_before(month)

    with django_assert_max_num_queries(14):
        signed_in.get(url("nil_reports"))
