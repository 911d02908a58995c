"""A box goes from one coordinator's desk to the other's telephone."""

import re

import pytest
from playwright.sync_api import expect

from naloxone.models import Consignment, Kit
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey


@pytest.fixture
def world(live_portal):
    sender = make.coordinator(make.station("Laredo Bridge"), name="Sender")
    receiver = make.coordinator(make.station("Nogales Gate"), name="Receiver")
    make.place(receiver, "Shelf 4")
    may_sign_in(sender, receiver)
    return {
        "sender": sender, "receiver": receiver,
        "kits": make.delivery(sender, make.place(sender), cartons=3),
    }  # fmt: skip


def test_a_box_is_sent_and_received_one_short(open_page, axe, world):
    desk = open_page(1280, 900)
    sign_in(desk, world["sender"])
    desk.goto("/kits/")
    for kit in world["kits"]:
        desk.locator(f"label[for$='{kit.reference}']").click()
    desk.get_by_role("button", name="Send to a station").click()
    axe(desk)
    desk.get_by_role("combobox", name=re.compile("To which station")).fill("Nogales")
    desk.get_by_role("option", name=re.compile("Nogales Gate")).click()
    desk.get_by_label(re.compile("Carrier")).fill("Fictitious courier")
    desk.get_by_label(re.compile("Expected there on")).fill(f"{make.day(3):%m/%d/%Y}")
    desk.get_by_role("button", name="Send them off").click()
    # They are all that this cabinet has: said, not done.
    why = desk.get_by_label(re.compile("Why are they taken away all the same"))
    axe(desk)
    why.fill("The cabinet is given up")
    desk.get_by_role("button", name="Send them off").click()
    expect(desk.get_by_text("is on its way. Put its packing list")).to_be_visible()
    fits(desk)
    axe(desk)
    box = Consignment.objects.get()

    telephone = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(telephone, world["receiver"])
    telephone.goto("/consignments/")
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("link", name=box.reference).click()
    lost = world["kits"][2]
    telephone.locator(f"label[for='short_{lost.pk}']").click()
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("button", name="Receive 3 kits").click()
    expect(telephone.get_by_text("Say what was wrong. The sender reads it.").first).to_be_visible()
    expect(telephone.locator(f"#short_{lost.pk}")).to_be_checked()
    telephone.get_by_label(re.compile("What is wrong")).fill("Only two in the box")
    telephone.get_by_role("button", name="Receive 3 kits").click()
    expect(telephone.get_by_text(f"{box.reference} is received.")).to_be_visible()
    axe(telephone)
    states = list(Kit.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["in_service", "in_service", "missing"]
