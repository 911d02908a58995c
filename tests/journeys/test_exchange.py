"""Old kit for new at a desk, and one after the other at a muster on a telephone; the swap of a place's last kit."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from naloxone.models import Exchange, Kit
from tests.journeys.people import SECRET, fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey


@pytest.fixture
def world(live_portal):
    station = make.station("Laredo Bridge")
    coordinator = make.coordinator(station, name="Casey")
    officers = [make.person(station, name=f"Alder{n}") for n in range(3)]
    witness = make.person(station, name="Wren")
    may_sign_in(coordinator, witness, officers[0])
    room = make.storeroom(coordinator)
    old = make.delivery(coordinator, room, cartons=3, lot_number="A", expires_on=make.day(30))
    for kit, officer in zip(old, officers, strict=True):
        make.hand([kit], officer, by=coordinator)
    return {
        "coordinator": coordinator, "officers": officers, "witness": witness, "room": room, "old": old,
        "new": make.delivery(coordinator, room, cartons=3, lot_number="B"),
    }  # fmt: skip


@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_two_of_three_are_exchanged_at_a_muster_and_one_is_absent(open_page, axe, world, size):
    page = open_page(*size)
    sign_in(page, world["coordinator"])
    page.goto("/hand-overs/")
    page.get_by_role("link", name="Exchange at muster").click()
    axe(page)
    fits(page)
    expect(page.get_by_role("radio", name=re.compile("Lot A"))).to_be_checked()
    expect(page.get_by_text("3 carried")).to_be_visible()
    expect(page.get_by_label(re.compile("The day"))).to_be_hidden()
    page.get_by_text("All that expire by a day").click()
    expect(page.get_by_label(re.compile("The day"))).to_be_visible()
    axe(page)
    page.get_by_text("Lot A").click()
    page.get_by_role("searchbox", name=re.compile("Witness")).fill("wren")
    page.get_by_text(re.compile("Wren Example")).click()
    page.get_by_label(re.compile("Their password")).fill(SECRET)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("0 of 3 exchanged")).to_be_visible()
    axe(page)
    fits(page)

    for old, new in zip(world["old"][:2], world["new"], strict=False):
        # As a scanner does: into the field that has the focus, with Enter.
        expect(page.get_by_label(re.compile("Scan the old kit"))).to_be_focused()
        page.keyboard.type(old.reference)
        page.keyboard.press("Enter")
        expect(page.get_by_label(re.compile("Now the new kit for"))).to_be_focused()
        axe(page)
        page.keyboard.type(new.reference)
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"for {old.reference}")).to_be_visible()
    page.reload()
    expect(page.get_by_text("2 of 3 exchanged")).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_role("button", name=re.compile("End it: 1 keeps the old one")).click()
    expect(page.get_by_text("Absent, with their old kit: 1")).to_be_visible()
    axe(page)
    assert Exchange.objects.count() == 2

    telephone = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(telephone, world["officers"][0])
    telephone.goto("/my-kits/")
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("link", name=re.compile("That is not right")).click()
    telephone.get_by_label(re.compile("What is not right")).fill("I was not there")
    axe(telephone)
    telephone.get_by_role("button", name="Say so").click()
    expect(telephone.get_by_text("your station sees to it")).to_be_visible()


def test_one_is_exchanged_with_both_here(open_page, axe, world):
    desk = open_page(1280, 900)
    sign_in(desk, world["coordinator"])
    old, new = world["old"][0], world["new"][0]
    desk.goto(old.get_absolute_url())
    desk.get_by_role("link", name="Exchange for a new one").click()
    expect(desk.get_by_label(re.compile("The new kit"))).to_have_value(new.reference)
    axe(desk)
    fits(desk)
    desk.get_by_label(re.compile("password or one-time code")).fill(SECRET)
    desk.get_by_role("button", name="Exchange", exact=True).click()
    expect(desk.get_by_text(f"gave {old.reference} back")).to_be_visible()
    axe(desk)


@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_a_hold_leads_to_the_swap_and_one_button_does_it(open_page, axe, world, size):
    coordinator = world["coordinator"]
    cabinet = make.place(coordinator, "Lane 3 cabinet")
    [last] = make.delivery(coordinator, cabinet, expires_on=make.day(90))
    page = open_page(*size)
    sign_in(page, coordinator)
    page.goto(f"/kits/hold/?kits={last.reference}")
    axe(page)
    page.locator("[name=note]").fill("Left in the sun")
    page.get_by_role("button", name="Put on hold").click()
    expect(page.get_by_text("The page of Lane 3 cabinet does it in one tap.")).to_be_visible()
    page.goto("/")
    page.get_by_role("link", name=re.compile("Lane 3 cabinet has 1 kit usable in need")).click()
    expect(page.get_by_text("A swap is needed")).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_role("button", name=re.compile("Swap now")).click()
    expect(page.get_by_text(re.compile("Lane 3 cabinet has K-"))).to_be_visible()
    axe(page)
    assert Kit.objects.get(pk=last.pk).holder == world["room"]
    assert cabinet.kits.serviceable(coordinator.station.today(timezone.now())).count() == 1
