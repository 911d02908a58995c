"""Where somebody of several stations looks: it narrows lists and the front page, and never a right."""

import pytest
from django.utils import timezone

from safety_portal import alerts, looking
from safety_portal.access import Role, Scope, forget, rights
from safety_portal.people import Person, Region
from tests.naloxone import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def laredo():
    return make.station("Laredo")


@pytest.fixture
def nogales():
    return make.station("Nogales")


@pytest.fixture
def both(laredo, nogales):
    """A coordinator of two stations."""
    person = make.coordinator(laredo)
    person.station = nogales
    make.grant(person, Role.COORDINATOR)
    person.station = laredo
    forget(person)
    return person


@pytest.fixture
def signed_in(client, both):
    client.force_login(both.account)
    return client


def look(client, place, **more):
    value = place if isinstance(place, str) else f"station-{place.pk}"
    return client.post("/look-at/", {"at": value, **more})


def kits_at_both(both, laredo, nogales):
    [here] = make.delivery(both, make.place(both))
    both.station = nogales
    [there] = make.delivery(both, make.place(both))
    both.station = laredo
    return here, there


def listed(answer):
    return [kit.pk for kit in answer.context["kits"]]


def test_lists_of_kits_and_places_show_what_one_looks_at(signed_in, both, laredo, nogales):
    here, there = kits_at_both(both, laredo, nogales)

    assert sorted(listed(signed_in.get("/kits/"))) == [here.pk, there.pk]
    look(signed_in, nogales)

    kits = signed_in.get("/kits/")
    assert listed(kits) == [there.pk]
    assert "Only <strong>Nogales</strong>" in kits.content.decode()
    assert [place.station for place in signed_in.get("/places/").context["places"]] == [nogales]
    look(signed_in, "all")
    assert sorted(listed(signed_in.get("/kits/"))) == [here.pk, there.pk]


@pytest.mark.parametrize("address", ["/kits/?q=K-{here}", "/kits/?station={station}", "/kits/K-{here}/"])  # fmt: skip
def test_a_code_an_address_and_a_link_reach_beyond_it(signed_in, both, laredo, nogales, address):
    here, _ = kits_at_both(both, laredo, nogales)
    look(signed_in, nogales)

    answer = signed_in.get(address.format(here=here.pk, station=laredo.pk))

    assert answer.status_code == 200
    assert here.reference in answer.content.decode()
    assert "Only <strong>" not in answer.content.decode()


def test_front_page_alerts_people_and_hand_overs_follow(signed_in, both, laredo, nogales):
    make.person(laredo, name="Sage")
    make.person(nogales, name="Thistle")
    for station in (laredo, nogales):
        alerts.Alert.objects.create(
            kind="naloxone.kit_expiry", subject=f"K-{station.pk}", station=station, group="x",
            threshold=30, due_on=make.day(20), opened_at=timezone.now(),
        )  # fmt: skip
    assert "Thistle" in signed_in.get("/people/").content.decode()
    look(signed_in, laredo)

    people = signed_in.get("/people/").content.decode()
    assert "Sage" in people
    assert "Thistle" not in people
    assert "Thistle" in signed_in.get(f"/people/?station={nogales.code}").content.decode()
    assert [row.station for row in signed_in.get("/alerts/").context["alerts"]] == [laredo]
    panels = dict(signed_in.get("/").context["panels"])
    assert len(panels["home/_do_first.html"]["items"]) == 1
    assert signed_in.get("/hand-overs/all/").status_code == 200


def test_a_region_is_looked_at_as_a_whole(client, laredo, nogales):
    far = make.station("Detroit")
    far.region = Region.objects.create(component=far.region.component, name="Far away")
    far.save()
    person = make.person(laredo, Role.AUDITOR, scope=Scope.EVERYWHERE)
    keepers = {station: make.coordinator(station) for station in (laredo, nogales, far)}
    kits = {station: make.delivery(by, make.place(by))[0].pk for station, by in keepers.items()}
    client.force_login(person.account)

    page = client.get("/look-at/").content.decode()
    assert f'value="region-{laredo.region_id}"' in page
    assert f'value="region-{far.region_id}"' not in page  # of one station: the same as the station
    look(client, f"region-{laredo.region_id}")

    assert sorted(listed(client.get("/kits/"))) == sorted([kits[laredo], kits[nogales]])


@pytest.mark.parametrize("value", ["station-0", "station-x", "region-99999", "", "station-²", "station-9999999999"])  # fmt: skip
def test_what_is_not_there_can_not_be_looked_at(signed_in, value):
    assert look(signed_in, value).status_code == 404


def test_nobody_looks_at_a_station_that_is_not_theirs(signed_in):
    foreign = make.station("Detroit")

    assert look(signed_in, foreign).status_code == 404
    assert signed_in.get("/look-at/?q=Detroit").context["stations"] == []


def test_who_has_one_station_has_no_switch(client, laredo):
    client.force_login(make.coordinator(laredo).account)

    assert client.get("/look-at/").status_code == 404
    assert "Looking at" not in client.get("/kits/").content.decode()


def test_a_station_whose_role_has_ended_is_looked_at_no_more(signed_in, both, nogales):
    look(signed_in, nogales)
    grant = both.grants.get(station=nogales)
    grant.ends_at = grant.starts_at
    grant.save()

    assert "Only <strong>" not in signed_in.get("/kits/").content.decode()


def test_the_switch_leads_back_without_the_place_in_the_list_and_the_station_named(signed_in, laredo, nogales):  # fmt: skip
    back = look(signed_in, laredo, next=f"/kits/?sort=place&after=x&station={nogales.pk}")

    assert back.url == "/kits/?sort=place"
    assert look(signed_in, laredo, next="https://elsewhere.example/").url == "/"
    assert look(signed_in, laredo, next="kits").url == "/"


def test_the_switch_names_a_few_stations_and_leads_to_the_page_for_many(
    client, signed_in, laredo, django_assert_num_queries
):
    text = signed_in.get("/kits/").content.decode()
    assert "All my stations" in text
    assert f'value="station-{laredo.pk}"' in text
    for number in range(looking.MOST_IN_MENU):
        make.station(f"Station {number}")
    auditor = make.person(laredo, Role.AUDITOR, scope=Scope.EVERYWHERE)
    auditor = Person.objects.get(pk=auditor.pk)
    rights(auditor)

    with django_assert_num_queries(0):
        assert [line.label for line in looking.menu(auditor)] == ["All my stations"]


def test_the_page_of_choices_finds_by_words(signed_in):
    page = signed_in.get("/look-at/?q=noga&next=/places/")

    assert [choice.label for choice in page.context["stations"]] == ["Nogales"]
    assert page.context["next"] == "/places/"
    assert "No station or region of yours is called so." in signed_in.get("/look-at/?q=zzz").content.decode()  # fmt: skip
