"""Writing, approving and withdrawing protocols, and which holds where."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError, InternalError, ProgrammingError
from django.utils import timezone

from safety_portal.access import AccessError, Grant, Role, Scope
from safety_portal.alerts import Alert, run_sweeps
from safety_portal.audit import AuditRow
from safety_portal.digests import who_hears
from safety_portal.people import Person
from tests.training import make
from training import actions, holding, notices
from training.models import ProtocolApproval, ProtocolVersion
from training.rules import Kind, ProtocolError, Standing, Step

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    return make.station()


@pytest.fixture
def wren():
    return make.author()


@pytest.fixture
def finch():
    return make.author(name="Finch")


def approve(version, by, now=None):
    return actions.approve_version(version=version, now=now or timezone.now(), by=by)


def standing(version, days=0):
    known = ProtocolVersion.objects.with_names().get(pk=version.pk)
    return known.standing(make.day(days))


def refused(verb, *args, **facts):
    with pytest.raises(ProtocolError) as caught:
        verb(*args, **facts)
    return str(caught.value)


# --- writing -------------------------------------------------------------------------------------
def test_what_is_written_is_a_draft_and_holds_nowhere(wren, at):
    version = make.draft(wren)

    assert [str(step) for step in version.steps.all()] == [
        "Leave the area, at once (Whoever was exposed)",
        "Wash with soap and water, within 10 min",
    ]
    assert standing(version) == Standing.DRAFT
    assert holding.in_force(make.day(0)) == []
    assert list(AuditRow.objects.about(version.protocol.reference).values_list("act", flat=True)) == [
        "protocol.begun", "protocol.written",
    ]  # fmt: skip


def test_the_same_form_twice_writes_one_protocol_and_one_version(wren):
    key = make.key()
    one, two = make.draft(wren, request_key=key), make.draft(wren, request_key=key)
    again = make.key()
    three, four = (make.newer(one, wren, request_key=again) for _ in range(2))

    assert one == two
    assert three == four
    assert three.number == 2


def test_a_draft_that_a_newer_one_passed_by_is_set_aside(wren, finch):
    one = make.draft(wren)
    two = make.newer(one, finch)

    assert standing(one) == Standing.SET_ASIDE
    assert list(ProtocolVersion.objects.drafts()) == [two]
    assert "no draft any more" in refused(approve, one, finch)


def test_who_writes_from_an_older_version_is_told_of_the_newer(wren, finch):
    one = make.draft(wren)
    make.newer(one, finch)

    assert "Finch" in refused(make.newer, one, wren)


def test_a_protocol_is_of_one_place(wren, at):
    said = refused(make.draft, wren, station=at, component=at.region.component)

    assert said == "A protocol is for a component or for a station."


# --- who may -------------------------------------------------------------------------------------
def test_only_who_keeps_protocols_of_that_reach_writes_them(at):
    local = make.author(at, scope=Scope.STATION)
    chief = make.person(at, Role.SUPERVISOR, scope=Scope.EVERYWHERE)
    component = at.region.component

    assert make.draft(local, station=at)
    for by, place in [
        (local, {}),
        (local, {"station": make.station()}),
        (local, {"component": component}),
        (chief, {"station": at}),
    ]:
        with pytest.raises(AccessError):
            make.draft(by, **place)


def test_who_has_the_role_for_a_component_writes_for_it(at):
    component = at.region.component
    whole, local = make.person(at), make.author(at, scope=Scope.STATION)
    Grant.objects.create(
        person=whole, role=Role.MEDICAL_OFFICER, scope=Scope.COMPONENT, component=component,
        starts_at=timezone.now(), given_by=Person.objects.portal(),
    )  # fmt: skip

    assert make.draft(whole, component=component)
    assert not actions.may_keep(whole)
    assert not actions.may_keep(local, component=component)


# --- approving -----------------------------------------------------------------------------------
def test_another_person_puts_it_in_force_and_the_one_before_is_superseded(wren, finch):
    one = make.in_force(wren, days_ago=30)
    two = make.newer(one, wren, steps=[Step("Wash", 5)])
    assert standing(one) == Standing.IN_FORCE

    approve(two, finch)
    approve(two, finch)

    assert (standing(one), standing(two)) == (Standing.SUPERSEDED, Standing.IN_FORCE)
    assert [v.pk for v in holding.in_force(make.day(0))] == [two.pk]
    assert [v.pk for v in holding.in_force(make.day(-1))] == [one.pk]


def test_nobody_approves_what_they_wrote_nor_without_the_right(wren, at):
    version = make.draft(wren)

    assert "Another person" in refused(approve, version, wren)
    with pytest.raises(AccessError):
        approve(version, make.person(at, Role.SUPERVISOR))
    with pytest.raises(DatabaseError, match="own author"), transaction.atomic():
        ProtocolApproval.objects.create(
            version=version, by=wren, in_force_on=make.day(0), at=timezone.now()
        )


def test_one_for_a_later_day_waits_for_it(wren, finch):
    one = make.in_force(wren)
    two = make.newer(one, wren, starts_on=make.day(5))
    approve(two, finch)

    assert (standing(one), standing(two)) == (Standing.IN_FORCE, Standing.COMING)
    assert (standing(one, 5), standing(two, 5)) == (Standing.SUPERSEDED, Standing.IN_FORCE)
    assert [v.pk for v in holding.in_force(make.day(5))] == [two.pk]


def test_one_approved_after_its_day_holds_from_the_approval(wren, finch):
    version = make.draft(wren)
    later = timezone.now() + dt.timedelta(days=3)

    assert approve(version, finch, now=later).in_force_on == make.day(3)


def test_one_whose_review_went_by_is_not_approved(wren, finch):
    version = make.draft(wren, review_due_on=make.day(2))

    said = refused(approve, version, finch, now=timezone.now() + dt.timedelta(days=3))
    assert "write it anew" in said


# --- withdrawing ---------------------------------------------------------------------------------
def test_a_withdrawn_one_leaves_none_in_force(wren, finch):
    one = make.in_force(wren, days_ago=9)
    two = make.newer(one, wren)
    approve(two, finch)
    facts = {"version": two, "now": timezone.now(), "by": finch}
    assert refused(actions.withdraw_version, reason="", **facts) == "Say why."

    actions.withdraw_version(reason="Wrong strength", **facts)
    actions.withdraw_version(reason="Wrong strength", **facts)

    assert standing(two) == Standing.WITHDRAWN
    assert holding.in_force(make.day(0)) == []
    assert "already" in refused(actions.withdraw_version, reason="Again", **facts)


def test_a_draft_is_not_withdrawn_and_not_by_everybody(wren, finch, at):
    version = make.draft(wren)
    facts = {"version": version, "reason": "x", "now": timezone.now()}

    assert "never approved" in refused(actions.withdraw_version, **facts, by=finch)
    with pytest.raises(AccessError):
        actions.withdraw_version(**facts, by=make.person(at, Role.COORDINATOR))


# --- only ever added to --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "table", ["protocol", "protocolversion", "protocolstep", "protocolapproval"]
)
def test_what_is_written_can_not_be_changed(wren, table):
    make.in_force(wren)

    with pytest.raises((ProgrammingError, InternalError)), transaction.atomic():
        connection.cursor().execute(f"delete from training_{table}")


def test_a_number_is_given_once(wren):
    version = make.draft(wren)
    version.pk, version.request_key = None, make.key()

    with pytest.raises(IntegrityError), transaction.atomic():
        version.save(force_insert=True)


# --- what holds where ----------------------------------------------------------------------------
def test_the_stations_own_protocol_is_followed_before_the_agencys(wren, at):
    wide = make.in_force(wren)
    local = make.in_force(wren, station=at)
    versions = holding.in_force(make.day(0))

    def followed(station, **more):
        return holding.nearest(versions, Kind.POST_EXPOSURE, station, **more)

    assert followed(at) == local
    assert followed(make.station()) == wide
    assert holding.nearest(versions, Kind.CANINE_DOSE, at) is None


def test_one_for_a_kind_of_work_does_not_answer_for_the_station(wren, at):
    mail = make.in_force(wren, work="mail_exam")
    versions = holding.in_force(make.day(0))

    assert holding.nearest(versions, Kind.POST_EXPOSURE, at) is None
    assert holding.nearest(versions, Kind.POST_EXPOSURE, at, "mail_exam") == mail
    assert holding.reaches(mail, at)


def test_a_station_is_asked_for_a_dogs_protocol_only_where_dogs_work(wren, at):
    make.in_force(wren)
    handler = make.person(make.station())
    make.canine(handler)

    def missing(station):
        return [
            str(one.kind)
            for one in holding.answers_at(station, make.day(0))
            if one.asked_for and one.version is None
        ]

    assert missing(at) == ["safe_handling", "antagonist_dose"]
    assert missing(handler.station) == ["safe_handling", "antagonist_dose", "canine_dose"]
    stations = holding.with_dogs(type(at).objects.filter(pk__in=[at.pk, handler.station_id]))
    gaps = {gap.words: gap for gap in holding.gaps(list(stations), make.day(0))}
    assert gaps["Naloxone for dogs"].missing == [handler.station]
    assert gaps["Naloxone for dogs"].asked == 1
    assert gaps["After an exposure"].missing == []


# --- reviews -------------------------------------------------------------------------------------
def test_a_review_opens_one_alert_that_rises_and_ends_with_the_new_version(wren, finch):
    one = make.in_force(wren, days_ago=300, review_due_on=make.day(50))
    make.in_force(wren, review_due_on=make.day(300))
    now = timezone.now()

    run_sweeps(now=now)
    run_sweeps(now=now + dt.timedelta(days=51))
    alert = Alert.objects.get(kind=notices.REVIEW)
    assert (alert.subject, alert.threshold, alert.station) == (one.protocol.reference, -1, None)
    hears = who_hears(notices.alerts.kinds[notices.REVIEW], None, -1, now)
    assert {wren, finch} <= set(hears)

    approve(make.newer(one, wren), finch)

    alert.refresh_from_db()
    assert alert.resolved_how == "A newer version is in force"
    run_sweeps(now=now)
    assert not Alert.objects.open().filter(kind=notices.REVIEW).exists()


def test_of_a_stations_protocol_its_own_keepers_hear(wren, at):
    make.in_force(wren, station=at, review_due_on=make.day(1))
    local = make.person(at, Role.MEDICAL_OFFICER)
    far = make.person(make.station(), Role.MEDICAL_OFFICER)

    run_sweeps(now=timezone.now())

    alert = Alert.objects.get(kind=notices.REVIEW)
    assert alert.station == at
    hears = set(who_hears(notices.alerts.kinds[notices.REVIEW], at, 1, timezone.now()))
    assert local in hears
    assert far not in hears
    assert notices.review_line([alert]).startswith("1 protocol is due for review")
