"""How far a station's programme is, what is told of each line of its checklist, and which post answers."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions, programmes
from naloxone.models import AuthorityKind
from naloxone.readiness_rules import Need, Stage
from safety_portal.access import Grant, Role, Scope
from safety_portal.people import Person, Station
from tests.naloxone import make

pytestmark = pytest.mark.django_db


def of(station):
    [found] = programmes.of_stations(
        [Station.objects.with_names().get(pk=station.pk)], timezone.now()
    )
    return found


def told(found):
    return {need: programmes.told_of(found, need) for need in Need}


def recorded(by, until, since=None):
    return actions.record_authority(
        station=by.station, kind=AuthorityKind.STANDING_ORDER, reference="SO-1", post="Medical director",
        since=since or make.day(-400), until=until, now=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip


def test_a_station_of_which_nothing_is_known_is_not_decided():
    found = of(make.station())

    assert (found.stage, found.done, found.official) == (Stage.UNDECIDED, [], "")
    assert (found.reach_words, found.is_wrong, found.is_expected) == (
        "No place where one is kept",
        True,
        False,
    )
    assert set(told(found).values()) == {""}


def test_one_that_needs_none_is_not_counted_as_not_ready(by, store):
    actions.decide_programme(
        station=by.station, should=False, post="Director", source="Memo 7", decided_on=by.station.today(),
        now=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    found = of(by.station)

    assert found.stage == Stage.NOT_ASKED
    assert programmes.not_ready([found]) == []
    assert "needs none. Source: Memo 7" in told(found)[Need.DECISION]


def test_an_authority_that_ended_is_told_and_is_not_there(by):
    recorded(by, make.day(-10))

    found = of(by.station)

    assert Need.AUTHORITY in found.missing
    assert "until" in told(found)[Need.AUTHORITY]


def test_the_longest_authority_in_force_is_told(by):
    recorded(by, make.day(10))
    actions.record_authority(
        station=by.station, kind=AuthorityKind.MEDICAL_DIRECTOR, reference="MD", post="Director",
        since=make.day(-3), now=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    assert "no end" in told(of(by.station))[Need.AUTHORITY]


def test_a_confirmation_of_training_grows_old(by, settings):
    settings.TRAINING_CONFIRMED_DAYS = 365
    actions.confirm_training(
        station=by.station, record="Course 71", confirmed_on=by.station.today() - dt.timedelta(days=366),
        now=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    found = of(by.station)

    assert not found.training_holds
    assert told(found)[Need.TRAINING].endswith("Out of date: confirm it again.")
    assert programmes.trained_words(found) == "Not recorded in the portal yet"


def test_the_post_that_answers_is_the_nearest_to_the_kits():
    station = make.station()
    supervisor = make.person(make.station())
    Grant.objects.create(
        person=supervisor, role=Role.SUPERVISOR, scope=Scope.REGION, region=station.region,
        starts_at=timezone.now() - dt.timedelta(days=1), given_by=Person.objects.portal(),
    )  # fmt: skip
    assert of(station).official == f"{Role.SUPERVISOR.label}, {station.region}"

    make.person(station, Role.DEPUTY)
    assert of(station).official == f"{Role.DEPUTY.label}, {station}"

    make.coordinator(station)
    assert of(station).official == f"{Role.COORDINATOR.label}, {station}"


@pytest.mark.parametrize("number", [1, 3])
def test_programmes_cost_the_same_however_many(by, number, django_assert_max_num_queries):
    stations = [make.station() for _ in range(number)]
    found = list(Station.objects.with_names().filter(pk__in=[one.pk for one in stations]))

    with django_assert_max_num_queries(9):
        programmes.of_stations(found, timezone.now())
