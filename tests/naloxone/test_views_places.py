"""Places: which there are, what is in them, whether it is enough."""

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.models import Holder, Kit
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

    assert [(p.serviceable, p.n, "Enough" in p.par_badge) for p in answer.context["places"]] == [
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


# --- changed and closed --------------------------------------------------------------------------
def page_of(place, act=""):
    return f"/places/{place.reference}/{act}"


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def changed(**changes):
    return {
        "name": "Lane 4 cabinet", "place_type": "vault", "access_mode": "key", "par_min": "", "why": "The lane is closed",
        "version": "1",
    } | changes  # fmt: skip


def test_a_place_is_changed(client, by):
    place = make.place(by, "Lane 3 cabinet")
    form = client.get(page_of(place, "change/")).context["form"]
    assert [form[name].value() for name in ("name", "par_min", "version")] == [
        "Lane 3 cabinet", 2, 1,
    ]  # fmt: skip

    answer = client.post(page_of(place, "change/"), changed(), follow=True)

    assert "Lane 4 cabinet is changed." in text_of(answer)
    place.refresh_from_db()
    assert (place.place_type, place.access_mode, place.par_min) == ("vault", "key", None)


def test_who_changes_a_stale_page_reads_what_the_other_wrote_and_may_insist(client, by):
    place = make.place(by, "Lane 3 cabinet")
    client.post(page_of(place, "change/"), changed(name="Lane 5 cabinet"))

    stale = client.post(page_of(place, "change/"), changed())
    insisted = client.post(
        page_of(place, "change/"), changed(version=stale.context["form"]["version"].value())
    )

    assert "They wrote: name: Lane 5 cabinet" in errors(stale)["__all__"][0]
    assert insisted.url == page_of(place)
    assert Holder.objects.get(pk=place.pk).name == "Lane 4 cabinet"


def test_a_name_that_is_taken_is_said_at_its_field(client, by):
    place, other = make.place(by), make.place(by)

    answer = client.post(page_of(place, "change/"), changed(name=other.name.upper()))

    assert "already has a place of this name" in errors(answer)["name"][0]


def test_an_empty_place_is_closed_after_a_page_that_says_what_follows(client, by):
    place = make.place(by, "Lane 3 cabinet")
    assert page_of(place, "close/") in text_of(client.get(page_of(place)))

    asked = text_of(client.get(page_of(place, "close/")))
    answer = client.post(page_of(place, "close/"), {"request_key": make.key()}, follow=True)

    assert "Nothing can be received, moved or returned into it any more." in asked
    assert "Lane 3 cabinet is closed." in text_of(answer)
    assert "Closed on" in text_of(answer)
    assert answer.context["acts"] == []


def test_a_closed_place_is_in_no_list_and_no_choice_but_at_its_address(client, by):
    place, other = make.place(by, "Lane 3 cabinet"), make.place(by, "Vault")
    actions.close_place(place=place, now=timezone.now(), by=by)

    assert list(client.get("/places/").context["places"]) == [other]
    for form in ("/kits/receive/", "/kits/move/"):
        assert list(client.get(form).context["form"].fields["place"].queryset) == [other]
    for page in ("/kits/", "/options/receivers/?field=receiver&receiver_text=lane"):
        assert "Lane 3" not in text_of(client.get(page))
    assert client.get("/search/", {"q": place.reference}).url == page_of(place)
    for act in ("change/", "close/"):
        assert client.get(page_of(place, act)).status_code == 404
    assert (
        "was closed on" in errors(client.post(page_of(place, "change/"), changed()))["__all__"][0]
    )
    again = client.post(page_of(place, "close/"), {"request_key": make.key()})
    assert again.url == page_of(place)


def test_a_closed_place_leads_to_the_cartons_that_were_emptied_in_it(client, by):
    place, store = make.place(by, "Lane 3 cabinet"), make.place(by)
    cartons = make.delivery(by, place)
    actions.assemble_kits(
        cartons=cartons, kind="kit", doses_per_kit=2, place=place, occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    kits = list(Kit.objects.filter(kind="kit").with_names())
    actions.move_kits(
        why_empty="On purpose",
        kits=kits,
        place=store,
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=by,
    )
    actions.close_place(place=place, now=timezone.now(), by=by)

    where = client.get(page_of(place)).context["emptied_url"]

    answer = client.get(where)
    assert [kit.pk for kit in answer.context["kits"]] == [cartons[0].pk]
    assert [word.text for word in answer.context["words"]] == ["Lane 3 cabinet", "Emptied"]


def test_a_place_that_is_not_empty_leads_to_moving_what_is_in_it(client, by):
    place = make.place(by, "Lane 3 cabinet")
    kits = make.delivery(by, place, cartons=3)
    page = client.get(page_of(place))
    assert [act.label for act in page.context["acts"]] == ["Change"]
    assert "What stands in the way" in text_of(page)

    for answer in (
        client.get(page_of(place, "close/")),
        client.post(page_of(place, "close/"), {"request_key": make.key()}),
    ):
        assert "3 kits are still in Lane 3 cabinet." in text_of(answer)
        assert f"/kits/move/?place={place.pk}" in text_of(answer)

    moving = client.get("/kits/move/", {"place": place.pk}).context["form"]
    assert moving["kits"].value() == [kit.reference for kit in kits]
    foreign = make.place(make.coordinator(make.station()))
    assert client.get("/kits/move/", {"place": foreign.pk}).context["form"]["kits"].value() == []


def test_a_hand_over_on_its_way_keeps_a_place_open(client, by):
    place, officer = make.place(by, "Lane 3 cabinet"), make.person(by.station)
    kits = make.hand(make.delivery(by, make.place(by)), officer, by=by)
    actions.offer_kits(
        kits=kits, receiver=place, now=timezone.now(), request_key=make.key(), by=officer
    )

    answer = text_of(client.get(page_of(place, "close/")))

    assert "1 hand-over to Lane 3 cabinet is still open." in answer
    assert 'name="request_key"' not in answer


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR])
def test_who_keeps_no_places_sees_them_and_changes_none(client, by, role):
    place = make.place(by)
    client.force_login(make.person(by.station, role).account)

    assert client.get(page_of(place)).context["acts"] == []
    for act in ("change/", "close/"):
        assert client.get(page_of(place, act)).status_code == 404
        assert client.post(page_of(place, act), changed()).status_code == 404
    assert Holder.objects.get(pk=place.pk).version == 1
