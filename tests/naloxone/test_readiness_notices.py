"""Who hears of it that nobody knows who is at risk, that kits are too few, of drills, of authorities that end."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions, notices
from naloxone.models import AuthorityKind
from naloxone.notices.readiness import (
    ENDED,
    NOBODY_KNOWS,
    OUT_OF_DATE,
    OVERDUE,
    SHUT,
    TOO_LATE,
    WANTED,
)
from safety_portal import alerts, outbox
from safety_portal.access import AccessError, Role, Scope
from safety_portal.alerts import Alert
from tests.naloxone import make

pytestmark = pytest.mark.django_db


def swept(kind, now=None):
    alerts.run_sweeps(now=now or timezone.now())
    return list(Alert.objects.open().filter(kind=kind).order_by("pk"))


def line_of(alert):
    return alerts.kinds[alert.kind].line([alert])


def url_of(alert):
    return alerts.kinds[alert.kind].url([alert])


def heard(alert, now=None):
    found = alerts.kinds[alert.kind].recipients(
        alert.station, alert.threshold, now or timezone.now()
    )
    return {getattr(one, "person", one) for one in found}


@pytest.fixture
def chief(by):
    return make.person(by.station, Role.SUPERVISOR)


def test_unknown_is_asked_for_until_somebody_says_the_number(by, store, chief):
    [alert] = swept(notices.AT_RISK)
    assert (alert.subject, alert.threshold) == (by.station.code, NOBODY_KNOWS)
    assert "Nobody has said" in line_of(alert)
    assert url_of(alert) == f"/readiness/stations/{by.station.code}/at-risk/"
    assert {by, chief} <= heard(alert)

    make.at_risk(by)

    assert swept(notices.AT_RISK) == []


def test_a_number_out_of_date_is_asked_for_again(by, store, settings):
    settings.AT_RISK_DAYS = 30
    make.at_risk(by)

    [alert] = swept(notices.AT_RISK, timezone.now() + dt.timedelta(days=40))

    assert alert.threshold == OUT_OF_DATE
    assert "older than 30 days" in line_of(alert)


def test_too_few_for_those_at_risk_is_an_alert_until_there_are_enough(by, store):
    make.at_risk(by, people=9)
    make.delivery(by, store, cartons=2)
    [alert] = swept(notices.SHORT)
    assert "Fewer kits in reach" in line_of(alert)
    assert url_of(alert) == f"/readiness/stations/{by.station.code}/"

    make.delivery(by, store)

    assert swept(notices.SHORT) == []


def test_many_stations_are_one_line_that_leads_to_their_list(by, store):
    other = make.coordinator(make.station())
    make.place(other)
    for who in (by, other):
        make.at_risk(who, shifts=(1,))
    alerts.run_sweeps(now=timezone.now())

    for kind, said, leads in (
        (notices.AT_RISK, "in each shift at 2 stations?", "/readiness/?show=unknown"),
        (notices.SHORT, "in reach at 2 stations", "/readiness/?show=short"),
        (notices.DRILLS, "the places at 2 stations", "/readiness/drills/"),
    ):
        found = list(Alert.objects.open().filter(kind=kind))
        assert said in alerts.kinds[kind].line(found)
        assert alerts.kinds[kind].url(found) == leads


def test_a_station_without_a_point_asks_for_nothing(by):
    make.storeroom(by)

    assert swept(notices.AT_RISK) == swept(notices.DRILLS) == []


def test_drills_are_due_until_each_shift_has_shown_it(by, store):
    [alert] = swept(notices.DRILLS)
    assert alert.threshold == WANTED
    assert "Not every shift" in line_of(alert)
    assert url_of(alert) == f"/readiness/drills/?station={by.station.code}"

    make.drilled(store, by)

    assert swept(notices.DRILLS) == []


def test_an_asked_drill_that_nobody_made_in_time_is_told_first(by, store):
    now = timezone.now()
    make.drilled(store, by, now=now)
    actions.ask_drill(
        place=store, shift=1, due_on=by.station.today(now), now=now, request_key=make.key(), by=by
    )
    assert swept(notices.DRILLS, now) == []

    [alert] = swept(notices.DRILLS, now + dt.timedelta(days=2))

    assert alert.threshold == OVERDUE
    assert "was not made in time" in line_of(alert)


@pytest.mark.parametrize(
    ("seconds", "threshold", "said", "mails"),
    [(None, SHUT, "could not be opened", 2), (500, TOO_LATE, "was opened too late", 0)],
)
def test_a_failed_drill_is_told_at_once(by, store, chief, seconds, threshold, said, mails):
    now = timezone.now()
    made = make.drill(store, by, seconds, now=now)

    [alert] = Alert.objects.open().filter(kind=notices.DRILL_FAILED)
    assert (alert.subject, alert.threshold) == (f"S-{store.pk} shift {made.shift}", threshold)
    assert said in line_of(alert)
    assert url_of(alert) == f"/readiness/drills/S-{store.pk}/"
    letters = outbox.Message.objects.filter(kind="place.shut")
    assert letters.count() == mails
    assert all(store.name in one.body and "4711" not in one.body for one in letters)

    make.drill(store, by, 50, now=now)
    assert not Alert.objects.open().filter(kind=notices.DRILL_FAILED).exists()


def test_several_shifts_that_failed_are_one_line(by, store):
    now = timezone.now()
    shifts = sorted(
        make.drill(store, by, 500, at=now - dt.timedelta(hours=hours), now=now).shift for hours in (0, 8)
    )  # fmt: skip

    found = list(Alert.objects.open().filter(kind=notices.DRILL_FAILED))

    said = alerts.kinds[notices.DRILL_FAILED].line(found)
    assert f"shifts {shifts[0]}, {shifts[1]}" in said


def authority(by, until, **facts):
    return actions.record_authority(
        **{
            "station": by.station, "kind": AuthorityKind.STANDING_ORDER, "reference": "SO-12",
            "post": "Medical director", "since": by.station.today() - dt.timedelta(days=300), "until": until,
            "now": timezone.now(), "request_key": make.key(), "by": by,
        }
        | facts
    )  # fmt: skip


def ahead(by, days):
    return by.station.today() + dt.timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "threshold"), [(61, None), (60, 60), (20, 30), (0, 0), (-1, ENDED)]
)
def test_an_authority_is_told_of_before_it_ends(by, chief, days, threshold):
    made = authority(by, ahead(by, days))

    found = swept(notices.AUTHORITY)

    assert [alert.threshold for alert in found] == ([] if threshold is None else [threshold])
    for alert in found:
        assert alert.subject == f"AU-{made.pk}"
        assert f"SO-12 for {by.station} {'ended' if days < 0 else 'ends'} on" in line_of(alert)
        assert url_of(alert) == f"/readiness/stations/{by.station.code}/"
        assert {by, chief} <= heard(alert)


def test_past_its_end_the_health_office_hears_of_it_too(by):
    office = make.person(by.station, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    authority(by, ahead(by, -1))

    [alert] = swept(notices.AUTHORITY)

    assert office in heard(alert)


def test_one_for_the_whole_agency_is_the_health_offices(by):
    office = make.person(by.station, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    authority(office, ahead(by, 5), station=None)

    [alert] = swept(notices.AUTHORITY)

    assert heard(alert) == {office}
    assert "the whole agency" in line_of(alert)
    assert url_of(alert) == "/readiness/go-live/"


@pytest.mark.parametrize(
    ("since", "until", "goes_on"),
    [(5, 300, True), (6, None, True), (7, 300, False), (0, 5, False)],
)
def test_one_that_is_followed_without_a_gap_is_quiet(by, since, until, goes_on):
    authority(by, ahead(by, 5))
    authority(
        by, None if until is None else ahead(by, until), reference="SO-13", since=ahead(by, since),
        kind=AuthorityKind.MEDICAL_DIRECTOR,
    )  # fmt: skip

    assert ("AU" in "".join(a.subject for a in swept(notices.AUTHORITY))) != goes_on


def test_after_a_gap_the_new_one_ends_the_alert(by):
    authority(by, ahead(by, -20))
    assert swept(notices.AUTHORITY)

    authority(by, ahead(by, 300), reference="SO-13", since=ahead(by, -2))

    assert swept(notices.AUTHORITY) == []


def test_recorded_again_under_its_number_it_is_prolonged(by):
    authority(by, ahead(by, 5))
    authority(by, ahead(by, 365))

    assert swept(notices.AUTHORITY) == []


def test_what_is_recorded_of_a_programme_comes_once_and_from_who_keeps_it(by, officer):
    key = make.key()
    assert authority(by, ahead(by, 9), request_key=key) == authority(by, None, request_key=key)
    component = by.station.region.component
    for facts in ({"station": None}, {"station": None, "component": component}):
        with pytest.raises(AccessError):
            authority(by, ahead(by, 9), **facts)
    with pytest.raises(AccessError):
        authority(officer, ahead(by, 9))
    chief = make.person(by.station, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    assert authority(chief, ahead(by, 9), station=None, component=component).where == str(component)


def test_a_decision_and_a_confirmation_come_once(by):
    now, today = timezone.now(), by.station.today()
    told = {"station": by.station, "now": now, "by": by}
    for verb, facts in (
        (actions.decide_programme, {"should": False, "post": "Director", "source": "Memo", "decided_on": today}),
        (actions.confirm_training, {"record": "Course 71", "confirmed_on": today}),
    ):  # fmt: skip
        key = make.key()
        first, second = (verb(**facts, **told, request_key=key) for _ in range(2))
        assert first == second
        assert str(by.station) in str(first)
