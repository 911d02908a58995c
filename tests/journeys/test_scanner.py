"""A scanner's keystrokes in the portal's fields, and the morning of a delivery: 500 cartons, labelled."""

import io
import re

import pikepdf
import pytest
from playwright.sync_api import expect

from naloxone.models import Kit
from tests.journeys.people import fits, sign_in
from tests.journeys.test_camera import GTIN, coordinator, store
from tests.naloxone import make

__all__ = ["coordinator", "store"]
pytestmark = pytest.mark.journey


@pytest.fixture
def spray(live_portal):
    return make.product(name="Spray", gtin=GTIN)


def scan(page, code):
    """Types as a scanner does: a separator is Ctrl and ], the end is Enter."""
    for number, part in enumerate(code.split("\x1d")):
        if number:
            page.keyboard.press("Control+]")
        page.keyboard.type(part)
    page.keyboard.press("Enter")


def filled(page):
    """What the form would send now, by field; its own works and empty fields left out."""
    sent = page.locator("main form").evaluate("one => [...new FormData(one)]")
    return {name: value for name, value in sent if value and name != "csrfmiddlewaretoken"}


def test_five_hundred_cartons_are_received_and_labelled_with_six_fields(
    page, axe, coordinator, store, spray
):
    sign_in(page, coordinator)
    page.goto("/kits/receive/")
    untouched = filled(page)

    page.get_by_label("Code on the carton").focus()
    scan(page, f"]d201{GTIN}1731123110ABC\x1d21S1")
    expect(
        page.get_by_text("Read: Spray, lot ABC, expires 31 Dec 2031, serial S1.")
    ).to_be_visible()
    axe(page)
    page.get_by_role("textbox", name="Cartons").fill("500")
    page.get_by_text("Seals, lot, expiry and count agree").click()
    changed = {name for name, value in filled(page).items() if untouched.get(name) != value}
    # The scanner and the code filled in four of them; by hand it would be one less.
    assert changed == {"scan", "product", "lot", "expires_on", "cartons", "checked"}
    page.get_by_role("button", name="Receive the delivery").click()

    expect(page.get_by_text("500 units received")).to_be_visible(timeout=30_000)
    axe(page)
    page.get_by_role("link", name="Print 500 labels").click()
    fits(page)
    axe(page)
    with page.expect_response("**/kits/labels/?made=*") as told:
        page.get_by_role("button", name="Make the labels").click()
    assert told.value.headers["content-type"] == "application/pdf"

    assert Kit.objects.count() == 500


def test_the_labels_of_a_delivery_come_as_one_document(page, coordinator, store):
    kits = make.delivery(coordinator, store, cartons=31)
    act = kits[0].events.get().act_id
    sign_in(page, coordinator)
    page.goto(f"/kits/labels/?made={act}")
    facts = page.locator("main form").evaluate("one => Object.fromEntries(new FormData(one))")

    answer = page.request.post("/kits/labels/", form=facts)

    assert len(pikepdf.open(io.BytesIO(answer.body())).pages) == 2


def test_a_lost_separator_is_chosen_by_the_person(page, axe, coordinator, store, spray):
    sign_in(page, coordinator)
    page.goto("/kits/receive/")
    page.get_by_label("Code on the carton").focus()
    scan(page, f"01{GTIN}1731123110ABC21S1")

    expect(page.get_by_text("Which is on the carton?")).to_be_visible()
    axe(page)
    assert page.get_by_role("textbox", name="Lot").input_value() == ""
    page.get_by_text("Lot ABC, serial S1").click()

    expect(page.get_by_text("Read: Spray, lot ABC")).to_be_visible()
    assert page.get_by_role("textbox", name="Lot").input_value() == "ABC"
    assert page.locator(".usa-date-picker__external-input").first.input_value() == "12/31/2031"


def test_a_scanner_in_the_search_field_opens_the_carton_of_lot_and_serial(
    page, coordinator, store, spray
):
    [kit] = make.delivery(
        coordinator, store, product=spray, lot_number="ABC", carton_serials=["S1"]
    )
    sign_in(page, coordinator)
    page.locator("#portal-search").focus()

    scan(page, f"01{GTIN}1731123110ABC\x1d21S1")

    expect(page.get_by_role("heading", name=kit.reference)).to_be_visible()


def test_a_scanner_fills_a_list_with_labels_and_packs_line_by_line(page, coordinator, store, spray):
    [ours] = make.delivery(coordinator, store)
    [packed] = make.delivery(
        coordinator, store, product=spray, lot_number="ABC", carton_serials=["S1"]
    )
    place = make.place(coordinator, "Lane 3")
    sign_in(page, coordinator)
    page.goto("/kits/move/")
    page.get_by_label("Kits").focus()
    scan(page, f"]d1{ours.reference}")
    scan(page, f"]d201{GTIN}1731123110ABC\x1d21S1")
    expect(page.get_by_text("2 codes so far")).to_be_visible()
    page.get_by_role("combobox", name="To").fill("Lane 3")
    page.get_by_role("option", name="Lane 3").click()
    page.get_by_role("button", name="Move", exact=True).click()
    page.get_by_label(re.compile("Why are they taken away")).fill("Lane 3 needs them more")
    page.get_by_role("button", name="Move", exact=True).click()

    expect(page.get_by_text("Moved to Lane 3: 2 kits.")).to_be_visible()
    assert set(Kit.objects.filter(holder=place)) == {ours, packed}
