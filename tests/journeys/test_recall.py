"""A recall: recorded for the agency, heard of by who carries a kit of it, followed until the last is back."""

import pytest
from playwright.sync_api import expect

from naloxone.models import Lot
from safety_portal.access import Role, Scope
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey


@pytest.fixture
def world(live_portal):
    """An officer carries two of three cartons of a lot."""
    by = make.coordinator(make.station("Laredo Bridge"))
    people = {
        "coordinator": by,
        "officer": make.person(by.station, name="Olive"),
        "national": make.person(by.station, Role.COORDINATOR, scope=Scope.EVERYWHERE, name="Nat"),
        "stranger": make.coordinator(make.station(), name="Stan"),
    }
    may_sign_in(*people.values())
    kits = make.delivery(by, make.place(by), cartons=3, lot_number="BAD-1")
    make.hand(kits[:2], people["officer"], by=by)
    return people | {"kits": kits, "lot": Lot.objects.get()}


def recall(page, axe, world):
    page.goto(f"/lots/{world['lot'].reference}/")
    page.get_by_role("link", name="Recall this lot").click()
    axe(page)
    page.get_by_label("Notice").fill("FDA 2026-11-20")
    page.get_by_role("button", name="Record the recall").click()
    expect(page.get_by_text("The recall is recorded. Kits recalled: 3.")).to_be_visible()


def test_a_recall_reaches_who_carries_a_kit_and_is_followed(open_page, axe, world):
    desk = open_page(1280, 900)
    sign_in(desk, world["national"])
    recall(desk, axe, world)
    expect(desk.get_by_text("1 of 3 kits are back or gone for good")).to_be_visible()
    axe(desk)

    telephone = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(telephone, world["officer"])
    telephone.goto(world["kits"][0].get_absolute_url())
    expect(telephone.get_by_text("It goes back and is not handed out")).to_be_visible()
    axe(telephone)
    telephone.get_by_role("link", name="BAD-1").first.click()
    expect(telephone.get_by_text("Give them back to your station")).to_be_visible()
    fits(telephone)
    axe(telephone)

    pocket = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(pocket, world["coordinator"])
    for path in (f"/lots/{world['lot'].reference}/", "/stock/"):
        pocket.goto(path)
        fits(pocket)
        axe(pocket)


def test_a_stranger_finds_no_page_of_the_lot(open_page, world):
    page = open_page(390, 844)
    sign_in(page, world["stranger"])

    for path in ("", "recall/"):
        answer = page.goto(f"/lots/{world['lot'].reference}/{path}")
        assert answer.status == 404
        expect(page.get_by_text("BAD-1")).to_have_count(0)
