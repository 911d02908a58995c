"""Codes read by a telephone's camera, through the reader that we serve, under the policy that every page has."""

import re

import chromium
import pytest
from playwright.sync_api import expect

from naloxone.models import Kit
from tests.browser import watched
from tests.journeys import film
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey
PHONE = {"has_touch": True, "is_mobile": True}
GTIN = "00369547627027"
FILMED = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture
def coordinator(live_portal):
    person = make.coordinator(make.station("Laredo Bridge"), name="Carla")
    may_sign_in(person)
    return person


@pytest.fixture
def store(coordinator):
    return make.place(coordinator, "Storeroom")


@pytest.fixture
def filmed(browser, live_portal, tmp_path):
    """filmed(codes): a telephone that holds these codes before its camera, one after the other."""
    opened, faults = [], []

    def open_one(codes, arguments=FILMED):
        path = tmp_path / "codes.y4m"
        film.write(path, codes)
        more = [*chromium.arguments(), *arguments, f"--use-file-for-fake-video-capture={path}"]
        own = browser.browser_type.launch(executable_path=chromium.installed(), args=more)
        opened.append(own)
        return watched(own, live_portal, faults, 390, 844, **PHONE)

    yield open_one
    for one in opened:
        one.close()
    assert faults == []


def test_the_search_field_reads_our_label_and_opens_the_kit(filmed, axe, coordinator, store):
    kit = make.delivery(coordinator, store)[0]
    phone = filmed([kit.reference])
    asked = []
    phone.on("request", lambda request: asked.append(request.url))
    sign_in(phone, coordinator)
    assert not [url for url in asked if "camera" in url or ".wasm" in url]

    phone.get_by_role("button", name=re.compile("Scan with the camera.*Search")).tap()

    phone.wait_for_url(f"**/kits/{kit.reference}/")
    expect(phone.get_by_role("heading", name=kit.reference)).to_be_visible()
    assert all("localhost" in url or url.startswith("data:") for url in asked)
    assert [url for url in asked if ".wasm" in url]
    assert phone.evaluate("typeof BarcodeDetector") == "undefined"  # so it was ours that read


def test_several_codes_in_a_row_go_into_a_list_each_once(filmed, axe, coordinator, store):
    kits = make.delivery(coordinator, store, cartons=3)
    phone = filmed([kit.reference for kit in kits])
    sign_in(phone, coordinator)
    phone.goto("/kits/move/")
    fits(phone)

    phone.get_by_role("button", name=re.compile("Scan with the camera.*Kits")).tap()
    expect(phone.locator("dialog [data-said]")).to_contain_text("3 taken", timeout=20_000)
    axe(phone)
    fits(phone)
    video = phone.locator("dialog video")
    assert video.evaluate("one => one.srcObject.active")
    track = video.evaluate_handle("one => one.srcObject.getVideoTracks()[0]")
    phone.get_by_role("button", name="Done").tap()

    expect(phone.locator("dialog")).to_have_count(0)
    assert track.evaluate("one => one.readyState") == "ended"
    lines = phone.get_by_label("Kits").input_value().split()
    assert sorted(lines) == sorted(kit.reference for kit in kits)
    expect(phone.get_by_text("3 codes so far")).to_be_visible()


def test_a_cartons_code_fills_in_the_delivery(filmed, axe, coordinator, store):
    make.product(name="Spray", gtin=GTIN)
    phone = filmed([f"(01){GTIN}(17)311231(10)ABC(21)S1"])
    sign_in(phone, coordinator)
    phone.goto("/kits/receive/")
    phone.get_by_role("textbox", name="Cartons").fill("1")

    phone.locator("main [data-camera]").first.tap()

    expect(phone.get_by_text("Read: Spray, lot ABC, expires 31 Dec 2031, serial S1.")).to_be_visible(timeout=20_000)  # fmt: skip
    assert phone.get_by_role("textbox", name="Lot").input_value() == "ABC"
    assert phone.get_by_role("textbox", name="Cartons").input_value() == "1"
    fits(phone)
    axe(phone)
    phone.get_by_text("Seals, lot, expiry and count agree").tap()
    phone.get_by_role("button", name="Receive the delivery").tap()
    expect(phone.get_by_text("What next")).to_be_visible()
    assert Kit.objects.get().lot.number == "ABC"


def test_no_camera_is_said_and_the_field_is_still_there(phone, axe, coordinator):
    sign_in(phone, coordinator)
    phone.goto("/kits/move/")

    phone.locator("main [data-camera]").first.tap()

    expect(phone.get_by_text("This device has no camera.")).to_be_visible()
    axe(phone)
    phone.keyboard.press("Escape")
    expect(phone.locator("dialog")).to_have_count(0)
    expect(phone.get_by_label("Kits")).to_be_focused()


def test_a_refused_camera_is_said(filmed, coordinator):
    phone = filmed(["K-1"], arguments=FILMED[:1])
    sign_in(phone, coordinator)
    phone.goto("/kits/move/")

    phone.locator("main [data-camera]").first.tap()

    expect(phone.get_by_text("Allow it in the address bar’s settings")).to_be_visible()


def test_a_part_that_does_not_load_is_said(phone, coordinator):
    sign_in(phone, coordinator)
    phone.goto("/kits/move/")
    phone.route("**/camera*.js", lambda route: route.abort())

    phone.locator("main [data-camera]").first.tap()

    expect(phone.get_by_role("alert")).to_contain_text("could not be loaded")


def test_there_is_no_camera_button_at_a_desk(page, coordinator):
    sign_in(page, coordinator)
    page.goto("/kits/move/")

    expect(page.locator("main [data-camera]").first).to_be_hidden()
