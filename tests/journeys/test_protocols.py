"""A protocol is written, approved by another person, read by an officer, and answers the supervisor's question."""

import re

import pytest
from playwright.sync_api import expect

from safety_portal.access import Role, Scope
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.training import make
from training.models import ProtocolVersion

pytestmark = pytest.mark.journey
SIZES = pytest.mark.parametrize("size", [(1280, 900), (390, 844)])


@pytest.fixture
def world(live_portal):
    station = make.station("Laredo Bridge")
    people = {
        "author": make.person(station, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE, name="Holly"),
        "approver": make.person(station, Role.MEDICAL_OFFICER, scope=Scope.EVERYWHERE, name="Cy"),
        "supervisor": make.person(station, Role.SUPERVISOR, name="Sam"),
    }
    may_sign_in(*people.values())
    return people


def write(screen, axe):
    screen.goto("/protocols/")
    fits(screen)
    axe(screen)
    screen.get_by_role("link", name="Write a protocol").click()
    axe(screen)
    screen.get_by_role("link", name="Naloxone for dogs").click()
    expect(screen.get_by_role("heading", name="Doses by weight")).to_be_visible()
    fits(screen)
    axe(screen)
    fill = {
        "Title": "Naloxone for working dogs", "Review due": "11/24/2027", "Owner, by post": "Canine Programme",
        "Source": "Veterinary group", "Product 1: name and strength": "Naloxone 4 mg nasal spray",
        "Product 1: mg in a device or mL": "4", "Product 1: mg per kg": "0.04",
        "Step 1: what is done": "Gloves on", "Step 1: within minutes": "0",
        "Step 2: what is done": "To a veterinarian", "Step 2: within minutes": "60",
    }  # fmt: skip
    for label, value in fill.items():
        screen.get_by_label(label).first.fill(value)


@SIZES
def test_a_protocol_is_written_approved_and_in_force(open_page, axe, world, size):
    desk = open_page(*size)
    sign_in(desk, world["author"])
    write(desk, axe)
    desk.get_by_role("button", name="Insert a row above step 2").click()
    expect(desk.get_by_label(re.compile("Step 3: what is done"))).to_have_value("To a veterinarian")
    desk.get_by_label(re.compile("Step 2: what is done")).fill("Give the dose on the card")
    desk.get_by_role("button", name="Write this draft").click()
    # Where it is for was forgotten: nothing else is lost.
    expect(desk.get_by_role("alert")).to_contain_text("For")
    axe(desk)
    combo = desk.get_by_role("combobox", name=re.compile("^For"))
    combo.fill("The whole")
    desk.get_by_role("option", name="The whole agency").click()
    desk.get_by_role("button", name="Write this draft").click()
    expect(desk.get_by_text("It does not hold")).to_be_visible()
    fits(desk)
    axe(desk)

    other = open_page(*size)
    sign_in(other, world["approver"])
    other.goto("/protocols/?show=drafts")
    axe(other)
    other.get_by_role("link", name="Naloxone for working dogs").click()
    fits(other)
    axe(other)
    other.get_by_role("button", name="Approve it").click()
    expect(other.get_by_text("is approved")).to_be_visible()
    axe(other)
    version = ProtocolVersion.objects.get()
    assert [step.what for step in version.steps.all()] == [
        "Gloves on", "Give the dose on the card", "To a veterinarian",
    ]  # fmt: skip

    chief = open_page(*size)
    sign_in(chief, world["supervisor"])
    expect(chief.get_by_role("heading", name="Is a protocol in force?")).to_be_visible()
    expect(chief.get_by_text("Not for everything")).to_be_visible()
    fits(chief)
    axe(chief)
    chief.get_by_role("link", name="All protocols").click()
    expect(chief.get_by_text("Safe handling: no protocol is in force.")).to_be_visible()
    fits(chief)
    axe(chief)
