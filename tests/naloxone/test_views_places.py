"""Places: which there are, what is in them, whether it is enough."""

import pytest

from naloxone.models import Holder
from safety_portal.access import Role
from tests.naloxone import make
from tests.naloxone.test_views_stock import errors

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(client):
    person = make.coordinator(make.station())
    client.force_login(person.account)
    return person


@pytest.mark.parametrize("number", [1, 3])
def test_places_of_my_stations_with_what_is_usable(
    client, by, number, django_assert_max_num_queries
):
    for _ in range(number):
        place = make.place(by)
        make.delivery(by, place, cartons=2)
        make.delivery(by, place, checked=False)
    make.place(make.coordinator(make.station()))

    with django_assert_max_num_queries(10):
        answer = client.get("/places/")

    assert [(p.usable, p.n, "Enough" in p.par_badge) for p in answer.context["places"]] == [
        (2, 3, True)
    ] * number


def test_a_place_shows_what_is_in_it(client, by, monkeypatch):
    place = make.place(by, "Lane 3 cabinet")
    assert b"Nothing is in this place" in client.get(f"/places/{place.reference}/").content
    assert b"Empty" in client.get(f"/places/{place.reference}/").content
    kits = make.delivery(by, place, cartons=2)
    monkeypatch.setattr("naloxone.views.places.MOST_SHOWN", 1)

    answer = client.get(f"/places/{place.reference}/").content.decode()

    assert kits[0].reference in answer
    assert "All 2 kits here" in answer
    foreign = make.place(make.coordinator(make.station()))
    assert client.get(f"/places/{foreign.reference}/").status_code == 404


def new(by, **changes):
    return {
        "kind": "storage", "name": "Lane 3 cabinet", "station": by.station.pk,
        "place_type": "cabinet", "access_mode": "open", "par_min": "4",
    } | changes  # fmt: skip


def test_a_place_is_opened_once(client, by):
    assert b"Open a place" in client.get("/places/").content
    answer = client.post("/places/open/", new(by))
    assert answer.url == f"/places/{Holder.objects.get(name='Lane 3 cabinet').reference}/"

    again = client.post("/places/open/", new(by, name="lane 3 CABINET"))
    assert "already has a place of this name" in errors(again)["name"][0]
    foreign = client.post("/places/open/", new(by, station=make.station().pk))
    assert "station" in errors(foreign)


def test_who_may_not_open_places_is_told_who_does(client, by):
    client.force_login(make.person(by.station, Role.SUPERVISOR).account)

    assert client.get("/places/open/").status_code == 404
    assert b"The coordinator opens places" in client.get("/places/").content
