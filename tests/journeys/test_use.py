"""At three in the morning: a dose is recorded on a telephone; the coordinator binds another; the medical officer reads why."""

import re

import pytest
from playwright.sync_api import expect

from naloxone.models import Kit, UseReport
from safety_portal.access import Role
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey


@pytest.fixture
def world(live_portal):
    station = make.station("Laredo Bridge")
    people = {
        "coordinator": make.coordinator(station, name="Carla"),
        "officer": make.person(station, name="Olive"),
        "doctor": make.person(station, Role.MEDICAL_OFFICER, name="Dana"),
        "stranger": make.coordinator(make.station(), name="Stan"),
    }
    may_sign_in(*people.values())
    place = make.place(people["coordinator"], "Lane 3 cabinet")
    own, spare = make.delivery(people["coordinator"], place, cartons=2)
    make.hand([own], people["officer"], by=people["coordinator"])
    return people | {"place": place, "own": own, "spare": spare}


def record(page, axe, world):
    """Two taps from the front page: the kit's own answer stands already."""
    page.get_by_role("link", name="Record a use").click()
    expect(page.get_by_label(re.compile(f"My {world['own'].reference}"))).to_be_checked()
    expect(page.get_by_label("Its number, seal or serial")).to_be_hidden()
    axe(page)
    page.get_by_role("button", name="Save: a dose was given").click()
    expect(page.get_by_role("heading", name="1 dose given")).to_be_visible()
    axe(page)


def test_two_doses_are_one_tap_more_for_a_gloved_thumb(open_page, world):
    page = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(page, world["officer"])
    page.goto("/uses/new/")

    more = page.get_by_role("button", name="One more")
    box = more.bounding_box()
    assert min(box["height"], box["width"]) >= 44
    more.tap()
    page.get_by_role("button", name="Save: a dose was given").tap()

    expect(page.get_by_role("heading", name="2 doses given")).to_be_visible()
    assert Kit.objects.get(pk=world["own"].pk).doses == 0


def tell_more(page, axe):
    page.get_by_role("link", name="About who was given it").click()
    axe(page)
    page.get_by_text("A person in custody").click()
    page.get_by_text("Could not be woken").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("Kept.")).to_be_visible()
    page.get_by_role("button", name="Ask for a kit in its place").click()
    expect(page.get_by_text("Asked for.")).to_be_visible()


def test_an_officer_records_a_use_on_a_telephone(open_page, axe, world):
    page = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(page, world["officer"])
    record(page, axe, world)
    tell_more(page, axe)

    page.goto("/uses/new/")
    page.get_by_text("One of a place, not known which").click()
    expect(page.get_by_role("combobox", name=re.compile("Of which place"))).to_be_visible()
    page.get_by_role("button", name="Save: a dose was given").click()
    expect(page.get_by_text("Not known yet", exact=True)).to_be_visible()
    fits(page)


def test_coordinator_and_medical_officer_each_see_their_half(open_page, axe, world):
    phone = open_page(390, 844)
    sign_in(phone, world["officer"])
    record(phone, axe, world)
    tell_more(phone, axe)
    phone.goto("/uses/new/")
    phone.get_by_text("One of a place, not known which").click()
    phone.get_by_role("button", name="Save: a dose was given").click()
    expect(phone.get_by_text("Not known yet", exact=True)).to_be_visible()
    first, second = UseReport.objects.order_by("pk")

    desk = open_page(1280, 900)
    sign_in(desk, world["coordinator"])
    axe(desk)
    desk.get_by_role("link", name=f"{second.reference}: which kit was it?").click()
    desk.get_by_role("link", name="Which kit was it?").click()
    axe(desk)
    desk.get_by_label("Number, seal or serial").fill(world["spare"].reference)
    desk.get_by_role("button", name="It was this kit").click()
    expect(desk.get_by_text("Bound.")).to_be_visible()
    assert Kit.objects.get(pk=world["spare"].pk).doses == 1
    desk.goto(f"/uses/{first.reference}/")
    expect(desk.get_by_text("The clinical part")).to_have_count(0)
    desk.get_by_role("button", name="It is seen to").click()
    expect(desk.get_by_text("Seen to by")).to_be_visible()

    doctor = open_page(1280, 900)
    sign_in(doctor, world["doctor"])
    doctor.goto(f"/uses/{first.reference}/")
    axe(doctor)
    doctor.get_by_label("Why do you read it?").fill("Care of the person")
    doctor.get_by_role("button", name="Read it").click()
    expect(doctor.get_by_text("A person in custody")).to_be_visible()
    axe(doctor)

    stranger = open_page(1280, 900)
    sign_in(stranger, world["stranger"])
    assert stranger.goto(f"/uses/{first.reference}/").status == 404
