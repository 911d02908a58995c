"""The list of kits: whose, which, in what order, and at what cost."""

import pytest
from django.urls import reverse

from naloxone import actions
from naloxone.models import Holder, Kit
from safety_portal.access import Role, Scope
from tests.naloxone import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(by):
    return make.place(by, "Cabinet A")


def references(answer):
    return [kit.reference for kit in answer.context["kits"]]


def listed(client, person, **query):
    client.force_login(person.account)
    return client.get(reverse("naloxone:kits"), query)


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_however_long_it_is(
    client, by, store, number, django_assert_max_num_queries
):
    for _ in range(number):
        make.delivery(by, store, cartons=number)
    client.force_login(by.account)
    client.get("/")  # a new session is written down once; that is no part of the page

    with django_assert_max_num_queries(10):
        answer = client.get(reverse("naloxone:kits"))

    assert len(references(answer)) == number**2
    assert len(answer.content) < 60_000


def test_only_kits_of_my_stations_are_listed(client, by, store):
    [kit] = make.delivery(by, store)
    stranger = make.coordinator(make.station())
    make.delivery(stranger, make.place(stranger))

    assert references(listed(client, by)) == [kit.reference]
    assert len(references(listed(client, auditor(by)))) == 2


def auditor(by):
    return make.person(by.station, Role.AUDITOR, scope=Scope.EVERYWHERE)


def test_an_auditor_of_the_whole_agency_sees_every_kit_and_place(by, store):
    kits = make.delivery(by, store)

    assert set(Kit.objects.visible_to(auditor(by))) == set(kits)
    assert store in Holder.objects.visible_to(auditor(by))


def test_who_may_not_see_kits_gets_404(client, by):
    assert listed(client, make.person(by.station)).status_code == 404


def test_each_filter_leaves_what_it_says(client, by, store):
    [soon] = make.delivery(by, store, expires_on=make.day(20), lot_number="SOON")
    [late] = make.delivery(by, make.place(by, "Vault"), expires_on=make.day(80), checked=False)
    for query in (
        {"expiry": "30"},
        {"state": "in_service"},
        {"place": store.pk},
        {"lot": "soon"},
        {"product": soon.lot.product_id},
        {"q": soon.reference},
        {"q": "soon"},
        {"q": soon.lot.reference},
    ):
        answer = listed(client, by, **query)
        assert references(answer) == [soon.reference], query
        assert len(answer.context["words"]) == 1
    assert references(listed(client, by, expiry="90")) == [soon.reference, late.reference]
    assert references(listed(client, by, expiry="expired")) == []


def test_a_seal_and_a_serial_find_their_kit(client, by, store):
    [carton] = make.delivery(by, store, serials=["SN1", "SN2"])
    make.delivery(by, store)
    assert references(listed(client, by, q="sn2")) == [carton.reference]

    actions.assemble_kits(
        cartons=[carton], kind="kit", doses_per_kit=2, place=store, seals=["TS-7"],
        occurred_at=carton_time(), request_key=make.key(), by=by,
    )  # fmt: skip

    kit = Kit.objects.get(seal="TS-7")
    assert references(listed(client, by, q="ts-7")) == [kit.reference]
    # The emptied carton is out of sight until asked for.
    assert carton.reference not in references(listed(client, by))
    assert references(listed(client, by, state="spent")) == [carton.reference]
    assert references(listed(client, by, q=carton.reference)) == [carton.reference]


def carton_time():
    from django.utils import timezone

    return timezone.now()


def test_an_unknown_filter_is_left_out_and_said(client, by, store):
    make.delivery(by, store)

    for query in ({"place": "999999"}, {"state": "lost"}, {"q": "a\x00b"}, {"station": "x"}):
        answer = listed(client, by, **query)
        assert len(references(answer)) == 1
    for query in ({"state": "lost"}, {"station": make.station().pk}):
        assert b"not known here" in listed(client, by, **query).content


@pytest.mark.parametrize(
    "sort", ["reference", "-reference", "expiry", "-expiry", "place", "-place"]
)
@pytest.mark.parametrize("query", [{}, {"q": "same"}])
def test_every_sort_can_be_walked_there_and_back(client, by, store, sort, query):
    product = make.product()
    vault = make.place(by, "~Vault~")
    for days, place in ((10, store), (20, vault), (10, vault)):
        make.delivery(
            by,
            place,
            product=product,
            cartons=20,
            expires_on=make.day(days),
            lot_number=f"SAME{days}",
        )
    if query:
        query = {"q": "SAME10"}
    walked, where = [], {}
    while True:
        answer = listed(client, by, sort=sort, **query, **where)
        walked.append(references(answer))
        following = answer.context["pager"].next
        if not following:
            break
        where = dict(
            pair.split("=") for pair in following[1:].split("&") if pair.startswith("after")
        )
        where = {k: _unquote(v) for k, v in where.items()}

    whole = [r for page in walked for r in page]
    assert len(whole) == len(set(whole)) == (40 if query else 60)
    assert [len(page) for page in walked[:-1]] == [25] * (len(walked) - 1)
    back = client.get(reverse("naloxone:kits") + answer.context["pager"].previous)
    assert references(back) == walked[-2]
    last = listed(client, by, sort=sort, last=1, **query)
    assert references(last) == whole[-25:]
    assert last.context["pager"].next is None


def _unquote(text):
    from urllib.parse import unquote_plus

    return unquote_plus(text)


def test_emptied_cartons_have_no_expiry_and_still_page(client, by, store):
    product = make.product(devices_per_carton=1)
    cartons = make.delivery(by, store, product=product, cartons=30, lot_number="E1")
    for carton in cartons[:28]:
        actions.assemble_kits(
            cartons=[carton], kind="kit", doses_per_kit=1, place=store,
            occurred_at=carton_time(), request_key=make.key(), by=by,
        )  # fmt: skip

    first = listed(client, by, state="spent")
    rest = client.get(reverse("naloxone:kits") + first.context["pager"].next)
    assert len(references(first)) == 25
    assert len(references(rest)) == 3
    turned = listed(client, by, state="spent", sort="-expiry")
    rest = client.get(reverse("naloxone:kits") + turned.context["pager"].next)
    assert len(references(rest)) == 3


@pytest.mark.parametrize("cursor", ["nonsense", "2026-13-01~4", "~~~~", "x~1", "1~none"])
def test_a_made_up_place_in_the_list_shows_the_first_page(client, by, store, cursor):
    make.delivery(by, store)

    for name in ("after", "before"):
        assert len(references(listed(client, by, **{name: cursor}))) == 1


def test_an_empty_list_says_what_to_do(client, by):
    assert "No kit is at your stations yet" in listed(client, by).content.decode()
    assert "No kit fits these filters" in listed(client, by, q="K-999").content.decode()


def test_who_answers_for_several_stations_narrows_down_by_station(client, by, store):
    [here] = make.delivery(by, store)
    other = make.coordinator(make.station("Denver"))
    [there] = make.delivery(other, make.place(other, "Vault D"))
    boss = auditor(by)

    answer = listed(client, boss, station=other.station.pk)

    assert references(answer) == [there.reference]
    assert [word.text for word in answer.context["words"]] == ["At Denver"]
    assert "Vault D, Denver" in answer.content.decode()
    assert "Cabinet A" not in answer.content.decode()
    assert len(references(listed(client, boss, station=by.station.pk))) == 1
    assert references(listed(client, boss, q=here.reference)) == [here.reference]


def test_too_many_places_are_not_offered_but_one_may_be_linked(client, by, store, monkeypatch):
    [kit] = make.delivery(by, store)
    make.delivery(by, make.place(by))
    monkeypatch.setattr("naloxone.filters.MOST_PLACES", 0)

    answer = listed(client, by)
    assert b"Choose a station to choose among its places" in answer.content
    assert references(listed(client, by, place=store.pk)) == [kit.reference]
    assert len(references(listed(client, by, place="x"))) == 2
    foreign = make.place(make.coordinator(make.station()))
    assert b"not known here" in listed(client, by, place=foreign.pk).content


def test_who_can_not_act_on_kits_sees_no_boxes(client, by, store):
    make.delivery(by, store)

    assert b'type="checkbox"' in listed(client, by).content
    assert b'type="checkbox"' not in listed(client, auditor(by)).content
