"""First expired first out: what is proposed where kits are chosen, and the word where a later one is taken."""

import pytest
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, first_out
from naloxone.models import Kit
from safety_portal.access import Permission
from tests.naloxone import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(by, store):
    """Two cartons of one place: the first expires sooner."""
    return [make.delivery(by, store, expires_on=make.day(days))[0] for days in (100, 300)]


def marked(kits):
    return [kit.sooner for kit in first_out.mark(kits, timezone.now())]


def test_a_later_one_is_told_what_expires_sooner(by, two):
    first, later = two

    assert marked([later]) == [first]
    assert marked([first]) == [None]
    assert marked([first, later]) == [None, None]


def test_what_could_not_go_instead_is_not_named(by, store, two, officer):
    first, later = two
    make.expired(by, store)
    elsewhere = make.place(by)
    make.delivery(by, elsewhere, expires_on=make.day(50))
    make.sealed_kit(by, elsewhere, expires_on=make.day(40))
    actions.offer_kits(
        kits=[first], receiver=make.holder(officer), now=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    assert marked([later]) == [None]


@pytest.mark.parametrize("number", [1, 3])
def test_marking_takes_one_query(by, store, number, django_assert_num_queries):
    kits = make.delivery(by, store, cartons=number)

    with django_assert_num_queries(1):
        first_out.mark(kits, timezone.now())


def test_the_first_to_expire_is_proposed(signed_in, by, two):
    first, later = two
    other = make.coordinator(make.station())
    make.delivery(other, make.place(other), expires_on=make.day(20))

    found = first_out.propose(by, Permission.CUSTODY_GIVE, timezone.now())
    assert found == [first, later]
    for name in ("give", "assemble"):
        page = signed_in.get(reverse(f"naloxone:{name}"))
        assert page.context["first_out"] == [first, later]
        assert f"?kits={first.reference}" in page.content.decode()
    chosen = signed_in.get(reverse("naloxone:give"), {"kits": first.reference})
    assert chosen.context["first_out"] == []
    assert signed_in.get(reverse("naloxone:assemble"), {"kits": "K-1"}).context["first_out"] == []


def test_only_cartons_are_proposed_for_assembling(signed_in, by, store):
    make.sealed_kit(by, store)

    assert signed_in.get(reverse("naloxone:assemble")).context["first_out"] == []
    assert len(signed_in.get(reverse("naloxone:give")).context["first_out"]) == 1


def test_taking_a_later_one_is_noted_before_it_is_handed_over(signed_in, officer, two):
    first, later = two
    told = {
        "kits": later.reference, "receiver": officer.reference, "receiver_text": str(officer), "note": "",
        "request_key": make.key(),
    }  # fmt: skip

    answer = signed_in.post(reverse("naloxone:give"), told)

    assert f"{first.reference} expires sooner" in answer.content.decode()


def local(by):
    now = timezone.now().astimezone(by.station.zone)
    return {"occurred_at_0": f"{now:%m/%d/%Y}", "occurred_at_1": f"{now:%H:%M}"}


def test_assembling_of_a_later_one_is_noted_and_not_blocked(signed_in, by, two):
    first, later = two
    told = {
        "kits": later.reference, "kind": "kit", "doses_per_kit": "2", "seals": "", "request_key": make.key(),
        **local(by),
    }  # fmt: skip

    answer = signed_in.post(reverse("naloxone:assemble"), told, follow=True)

    assert f"{first.reference} expires sooner." in answer.content.decode()
    assert Kit.objects.filter(kind="kit").count() == 1


def test_sending_a_later_one_is_noted_and_not_blocked(signed_in, by, two):
    first, later = two
    other = make.station()
    told = {
        "kits": later.reference, "destination": str(other.pk), "carrier": "Courier", "note": "", "tracking": "",
        "expected_on": f"{make.day(3):%m/%d/%Y}", "request_key": make.key(), **local(by),
    }  # fmt: skip

    answer = signed_in.post(reverse("naloxone:send"), told, follow=True)

    assert f"{first.reference} expires sooner." in answer.content.decode()
    assert "is on its way" in answer.content.decode()
