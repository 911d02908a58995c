"""Stations: recorded, changed and closed; what keeps them open, what follows, and for whom."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from safety_portal import access, looking, roster
from safety_portal.access import AccessError, Grant, GrantError, Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.forms import place_choices
from safety_portal.people import Component, Person, PersonError, Region, Station
from tests.safety_portal import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    return make.station()


@pytest.fixture
def ada(at):
    return make.administrator(at)


@pytest.fixture
def den():
    """A station where nobody and nothing is."""
    return make.station("Den")


@pytest.fixture
def admin(client, ada):
    """The administrator's browser."""
    client.force_login(ada.account)
    return client


def acts(target):
    return list(AuditRow.objects.about(target).values_list("act", flat=True))


def refused(field, verb, **facts):
    with pytest.raises(PersonError) as caught, transaction.atomic():
        verb(**facts)
    assert caught.value.field == field
    return str(caught.value)


def known(at, **more):
    return {
        "code": "OS-HOU", "name": "Houston", "region": at.region, "facility_type": "laboratory",
        "state": "TX", "time_zone": "America/Chicago",
    } | more  # fmt: skip


def close(station, by, reason="Moved to the new port", now=None):
    return roster.close_station(station=station, reason=reason, now=now or timezone.now(), by=by)


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def errors(answer):
    assert answer.status_code == 200
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


# --- recorded ------------------------------------------------------------------------------------
def test_a_station_is_recorded_once_however_often_the_form_is_sent(ada, at):
    first, second = (roster.record_station(**known(at), by=ada) for _ in range(2))

    assert first == second
    assert (first.name, first.region, first.zone.key) == ("Houston", at.region, "America/Chicago")
    assert acts("OS-HOU") == ["station.recorded"]


@pytest.mark.parametrize(
    "code", ["", "os-hou", "OS HOU", "OS--HOU", "-HOU", "HOU/1", "HÔU", "HOU\n"]
)
def test_a_code_is_written_in_one_way_only(ada, at, code):
    said = refused("code", roster.record_station, **known(at, code=code), by=ada)

    assert "capitals, digits and single hyphens" in said
    with pytest.raises(IntegrityError, match="station_code"), transaction.atomic():
        Station.objects.create(**known(at, code=code))


def test_a_code_is_that_of_one_station_for_good(ada, at, den):
    taken = refused("code", roster.record_station, **known(at, code=at.code), by=ada)
    close(den, ada)
    closed = refused("code", roster.record_station, **known(at, code=den.code), by=ada)

    assert taken == f"{at.code} is the code of {at}."
    assert closed == f"{den.code} is the code of Den, which is closed."


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": ""}),
        ("region", {"region": None}),
        ("facility_type", {"facility_type": "castle"}),
        ("state", {"state": "ZZ"}),
        ("time_zone", {"time_zone": "Mars/Base"}),
    ],
)
def test_what_a_station_can_not_be_is_said_at_its_field(ada, at, field, wrong):
    refused(field, roster.record_station, **known(at, **wrong), by=ada)
    facts = {name: value for name, value in wrong.items()}

    refused(field, roster.change_station, station=at, version=1, **facts, by=ada)

    assert not Station.objects.filter(code="OS-HOU").exists()


# --- changed -------------------------------------------------------------------------------------
def test_a_change_is_written_with_what_was_before(ada, at):
    other = Region.objects.create(component=at.region.component, name="Tucson Field Office")

    roster.change_station(
        station=at, version=1, name="Nogales", region=other, facility_type="seaport", state="AZ",
        time_zone="America/Phoenix", by=ada,
    )  # fmt: skip

    at.refresh_from_db()
    assert (at.region, at.facility_type, at.state, at.version) == (other, "seaport", "AZ", 2)
    told = AuditRow.objects.get(act="station.changed").facts.splitlines()
    assert "region: Laredo Field Office → Tucson Field Office" in told
    assert "time zone: America/Chicago → America/Phoenix" in told
    assert "kind: land_port → seaport" in told


def test_a_station_goes_to_no_other_component(ada, at):
    patrol = Component.objects.create(code="USBP", name="U.S. Border Patrol")
    sector = Region.objects.create(component=patrol, name="Tucson Sector")

    said = refused("region", roster.change_station, station=at, version=1, region=sector, by=ada)

    assert said == f"{at} stays in the Office of Field Operations: choose a region of it."


def test_another_region_lets_its_own_people_in_and_the_former_ones_out(ada, at):
    other = Region.objects.create(component=at.region.component, name="Tucson Field Office")
    chiefs = [make.person(make.station()) for _ in range(2)]
    for chief, region in zip(chiefs, (at.region, other), strict=True):
        access.give_grant(
            person=chief, role=Role.SUPERVISOR, scope=Scope.REGION, place=region,
            starts_at=timezone.now() - dt.timedelta(hours=1), by=ada,
        )  # fmt: skip

    roster.change_station(station=at, version=1, region=other, by=ada)

    see = access.Permission.PEOPLE_SEE
    again = [Person.objects.get(pk=chief.pk) for chief in chiefs]
    assert [access.may(chief, see, at=at) for chief in again] == [False, True]


# --- closed --------------------------------------------------------------------------------------
def test_a_station_is_closed_on_its_own_day(ada, den):
    late = dt.datetime(2026, 11, 4, 3, tzinfo=dt.UTC)  # still the third there

    closed = close(den, ada, now=late)

    assert (closed.closed_on, closed.closing_reason) == (
        dt.date(2026, 11, 3), "Moved to the new port",
    )  # fmt: skip
    assert acts(den.code) == ["station.closed"]
    assert "reason: Moved to the new port" in AuditRow.objects.get(act="station.closed").facts


def test_closed_twice_is_closed_once(ada, den):
    first = close(den, ada)

    assert close(den, ada).closed_on == first.closed_on
    assert "was closed on" in refused(
        None, roster.close_station, station=den, reason="Other", now=timezone.now(), by=ada
    )
    assert acts(den.code) == ["station.closed"]


@pytest.mark.parametrize(("number", "words"), [(1, "1 person serves"), (2, "2 people serve")])
def test_a_station_stays_open_while_somebody_serves_there(ada, at, den, number, words):
    people = [make.recorded(ada, den) for _ in range(number)]

    said = refused(None, close, station=den, by=ada)
    roster.change_person(person=people[0], version=1, station=at, by=ada)
    for person in people[1:]:
        roster.record_left(person=person, on=den.today(), by=ada)

    assert said.startswith(f"{words} at Den: give them another home station")
    assert close(den, ada).closed_on


def test_a_station_stays_open_while_a_dog_stands_there(ada, at, den):
    noa = make.recorded(ada, den)
    rex = make.canine(ada, noa)
    roster.change_person(person=noa, version=1, station=at, by=ada)

    said = refused(None, close, station=den, by=ada)
    roster.change_canine(canine=rex, version=1, by=ada)  # the dog follows its handler

    assert said.startswith("1 dog stands at Den: give it a handler elsewhere")
    assert close(den, ada).closed_on


def test_roles_for_a_closed_station_end_and_wider_ones_stay(ada, at, den):
    chief, wide, deputy = make.person(at), make.person(at), make.person(at)
    now = timezone.now()
    told = {"role": Role.SUPERVISOR, "starts_at": now - dt.timedelta(hours=1), "by": ada}
    mine = access.give_grant(person=chief, scope=Scope.STATION, place=den, **told)
    access.give_grant(person=wide, scope=Scope.REGION, place=den.region, **told)
    access.lend_role(
        grant=mine, to=deputy, starts_at=now, ends_at=now + dt.timedelta(days=2), by=chief
    )
    later = make.person(at)
    access.give_grant(
        person=later, scope=Scope.STATION, place=den, **told | {"starts_at": now + dt.timedelta(days=5)}
    )  # fmt: skip

    follows = list(roster.what_follows(den, timezone.now()))
    close(den, ada)

    after = timezone.now() + dt.timedelta(days=6)
    holding = Grant.objects.in_force(after) | Grant.objects.in_force(timezone.now())
    assert follows == ["3 roles given for Den alone end."]
    assert set(holding.exclude(person=ada).values_list("person", flat=True)) == {wide.pk}
    assert "roles_ended: 3" in AuditRow.objects.get(act="station.closed").facts


def test_nothing_begins_at_a_closed_station(ada, at, den):
    noa = make.recorded(ada, den)
    stale = Person.objects.select_related("station").get(pk=noa.pk)
    roster.change_person(person=noa, version=1, station=at, by=ada)
    close(den, ada)

    assert "Den was closed on" in refused("station", make.recorded, by=ada, at=den)
    refused("handler", make.canine, by=ada, handler=stale)  # as a form that waited would have it
    refused(None, roster.change_station, station=Station.objects.get(pk=den.pk), version=2, name="x", by=ada)  # fmt: skip
    with pytest.raises(GrantError, match="Den was closed on"):
        access.give_grant(
            person=noa, role=Role.SUPERVISOR, scope=Scope.STATION,
            place=Station.objects.get(pk=den.pk), starts_at=timezone.now(), by=ada,
        )  # fmt: skip


def test_an_app_has_its_say_and_its_part(ada, den, monkeypatch):
    seen, closings = [], roster.stations.closings
    part = roster.Closing(
        keeps_open=lambda station: [roster.Hindrance("A crate is there.")] if not seen else [],
        follows=lambda station: ["The lights go out."],
        close=lambda station, on, by: seen.append((station, on, by)),
    )
    monkeypatch.setattr(roster.stations, "closings", [*closings])
    roster.register_closing(part)
    roster.register_closing(part)

    assert refused(None, close, station=den, by=ada) == "A crate is there."
    assert list(roster.what_follows(den, timezone.now())) == ["The lights go out."]
    seen.append("taken away")
    close(den, ada)
    assert seen[1:] == [(den, den.today(), ada)]


# --- for whom ------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.COORDINATOR, Role.ADMINISTRATOR, None])
def test_only_an_administrator_of_the_whole_agency_keeps_stations(at, den, role):
    other = make.person(at, *([role] if role else []))

    for verb, facts in (
        (roster.record_station, known(at)),
        (roster.change_station, {"station": at, "version": 1, "name": "x"}),
        (close, {"station": den}),
    ):
        with pytest.raises(AccessError):
            verb(**facts, by=other)


# --- pages ---------------------------------------------------------------------------------------
def typed(at, **more):
    return known(at, region=at.region.pk, code="os-hou") | more


def test_a_station_is_recorded_on_its_page(admin, at):
    assert "Record a station" in text_of(admin.get("/people/stations/"))
    assert "Virgin Islands: St Thomas" in text_of(admin.get("/people/stations/new/"))

    wrong = admin.post("/people/stations/new/", typed(at, code="os hou", state=""))
    taken = admin.post("/people/stations/new/", typed(at, code=at.code.lower()))
    answer = admin.post("/people/stations/new/", typed(at), follow=True)

    assert errors(wrong) == {"state": ["Choose one."]}
    assert errors(taken) == {"code": [f"{at.code} is the code of {at}."]}
    assert "Houston is recorded." in text_of(answer)
    assert answer.request["PATH_INFO"] == "/people/stations/OS-HOU/"


def test_a_clock_that_a_station_has_is_a_choice_wherever_it_is(admin, at):
    make.station("Preclearance", zone="America/Toronto")

    choices = dict(admin.get("/people/stations/new/").context["form"].fields["time_zone"].choices)

    assert choices["America/Toronto"] == "Toronto"
    assert "America/New_York" in choices


def test_a_change_offers_the_regions_of_the_same_component(admin, at):
    other = Region.objects.create(component=at.region.component, name="Tucson Field Office")
    patrol = Component.objects.create(code="USBP", name="U.S. Border Patrol")
    foreign = Region.objects.create(component=patrol, name="Tucson Sector")
    where = f"/people/stations/{at.code}/change/"

    offered = set(admin.get(where).context["form"].fields["region"].queryset)
    answer = admin.post(where, typed(at, version=1, region=other.pk), follow=True)
    refused_there = admin.post(where, typed(at, version=2, region=foreign.pk))

    assert offered == {at.region, other}
    assert "Houston is changed." in text_of(answer)
    assert list(errors(refused_there)) == ["region"]
    at.refresh_from_db()
    assert (at.region, at.code) != (foreign, "OS-HOU")


def test_a_station_is_closed_after_a_page_that_says_what_follows(admin, ada, at, den):
    chief = make.person(at)
    access.give_grant(
        person=chief, role=Role.SUPERVISOR, scope=Scope.STATION, place=den,
        starts_at=timezone.now(), by=ada,
    )  # fmt: skip
    where = f"/people/stations/{den.code}/close/"
    assert where in text_of(admin.get(f"/people/stations/{den.code}/"))

    asked = text_of(admin.get(where))
    unsaid = admin.post(where, {"reason": ""})
    answer = text_of(admin.post(where, {"reason": "Moved to the new port"}, follow=True))

    assert "1 role given for Den alone ends." in asked
    assert errors(unsaid) == {"reason": ["Fill this in."]}
    assert "Den is closed." in answer
    assert "Moved to the new port" in answer
    assert "Nobody is supervisor or coordinator here" not in answer
    assert where not in answer


def test_what_keeps_a_station_open_is_counted_and_leads_to_the_way_out(admin, ada, den):
    make.canine(ada, make.recorded(ada, den))
    where = f"/people/stations/{den.code}/close/"

    for answer in (admin.get(where), admin.post(where, {"reason": "x"})):
        page = text_of(answer)
        assert "1 person serves at Den:" in page
        assert "1 dog stands at Den:" in page
        assert f"/people/?station={den.code}" in page
        assert 'name="reason"' not in page
    assert Station.objects.get(pk=den.pk).closed_on is None


def test_closed_stations_are_in_no_list_and_no_choice_but_under_their_filter(admin, ada, at, den):
    gone = make.recorded(ada, den)
    roster.record_left(person=gone, on=den.today(), by=ada)
    close(den, ada)

    listed = admin.get("/people/stations/")
    closed = admin.get("/people/stations/", {"shown": "closed"})
    people = admin.get("/people/")
    form = admin.get("/people/new/").context["form"]

    assert list(listed.context["stations"]) == [at]
    assert list(closed.context["stations"]) == [den]
    assert den not in people.context["filter"].stations
    assert den not in form.fields["station"].queryset
    assert f"station-{den.pk}" not in dict(place_choices())
    assert den not in looking.mine(ada)
    for act in ("change/", "close/"):
        assert admin.get(f"/people/stations/{den.code}/{act}").status_code == 404
    late = admin.post(f"/people/stations/{den.code}/close/", {"reason": "Other"})
    assert "was closed on" in text_of(late)


def test_the_page_of_a_closed_station_leads_to_those_who_left_there(admin, ada, den):
    gone = make.recorded(ada, den)
    roster.record_left(person=gone, on=den.today(), by=ada)
    close(den, ada)

    page = text_of(admin.get(f"/people/stations/{den.code}/"))
    people = admin.get("/people/", {"station": den.code, "shown": "left"})

    assert "1 person left while it was theirs" in page
    assert list(people.context["people"]) == [gone]


def test_no_closed_station_is_said_to_be_none(admin):
    assert "No station of yours is closed." in text_of(
        admin.get("/people/stations/", {"shown": "closed"})
    )


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.COORDINATOR])
def test_who_keeps_no_stations_changes_none(client, at, role):
    client.force_login(make.person(at, role).account)

    assert client.get(f"/people/stations/{at.code}/").context["acts"] == []
    assert "Record a station" not in text_of(client.get("/people/stations/"))
    for act in (at.code + "/change/", at.code + "/close/", "new/"):
        assert client.get(f"/people/stations/{act}").status_code == 404
        assert client.post(f"/people/stations/{act}", typed(at)).status_code == 404
