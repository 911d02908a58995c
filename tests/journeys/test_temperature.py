"""A week in the desert: a logger's file, a reading on a phone, a decision by name, and the swap before the hot season."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from naloxone import actions
from naloxone.models import Kit, KitStorage, StorageDecision, TemperatureRecord
from safety_portal.access import Role, Scope
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make
from tests.naloxone.test_storage import HOT_WEEK, Yuma

pytestmark = pytest.mark.journey
BOTH = pytest.mark.parametrize("size", [(1280, 800), (390, 800)])


@pytest.fixture
def yuma(live_portal):
    found = Yuma()
    found.doctor = make.person(
        found.station, Role.MEDICAL_OFFICER, scope=Scope.EVERYWHERE, name="Dora"
    )
    may_sign_in(found.by, found.doctor)
    return found


def look(page, axe, heading):
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    fits(page)
    axe(page)


@BOTH
def test_a_loggers_week_is_imported_and_decided_by_a_named_person(open_page, axe, yuma, size):
    page = open_page(*size)
    sign_in(page, yuma.by)
    page.goto(f"/places/S-{yuma.cab.pk}/temperature/")
    look(page, axe, f"Temperature in {yuma.cab}")
    page.get_by_role("link", name="Import a logger’s file").click()
    look(page, axe, f"Import a logger’s file for {yuma.cab}")
    file = {"name": "cab.csv", "mimeType": "text/csv", "buffer": yuma.file(HOT_WEEK)}
    page.locator("input[type=file]").set_input_files([file])
    page.get_by_role("button", name="Look at the file").click()
    look(page, axe, "What “cab.csv” says")
    expect(page.get_by_text("95 readings")).to_be_visible()
    page.get_by_label("Degrees").select_option("f")
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("5.3 °C (42 °F)")).to_be_visible()
    page.get_by_label("Degrees").select_option("c")
    page.get_by_role("button", name="Import the readings").click()

    look(page, axe, f"Temperature in {yuma.cab}")
    page.get_by_text("The same as a table").click()
    axe(page)
    page.goto(yuma.kit.get_absolute_url())
    expect(
        page.get_by_text(re.compile("Replace in the next rotation, usable: 9 h 10 min"))
    ).to_be_visible()
    fits(page)
    axe(page)

    page.goto("/places/temperature/")
    look(page, axe, "Storage temperature")
    page.get_by_role("link", name="Temperature reviews").click()
    look(page, axe, "Temperature reviews")
    page.get_by_role("link", name=yuma.cab.name).click()
    look(page, axe, f"Too hot or too cold in {yuma.cab}")
    page.get_by_text("Replace in the next rotation").first.click()
    page.get_by_role("textbox", name=re.compile("Why")).fill("Nine hours in the sun")
    page.get_by_role("button", name="Record the decision").click()

    expect(page.get_by_text("Nothing waits for a decision.")).to_be_visible()
    assert StorageDecision.objects.get().by == yuma.by
    assert Kit.objects.filter(holder=yuma.cab).serviceable(yuma.station.today()).count() == 1


def test_a_thermometer_is_read_on_a_phone_in_three_taps(open_page, axe, yuma):
    phone = open_page(390, 800)
    sign_in(phone, yuma.by)
    phone.goto(yuma.cab.get_absolute_url())
    phone.get_by_role("link", name="Record a temperature").click()
    look(phone, axe, f"Temperature in {yuma.cab}")
    phone.get_by_role("textbox", name=re.compile("The thermometer shows")).fill("118")
    phone.get_by_role("button", name="Record the temperature").click()

    expect(phone.get_by_text(re.compile("47.8 °C")).first).to_be_visible()
    fits(phone)
    axe(phone)
    assert TemperatureRecord.objects.get().highest == 47_78


def test_a_medical_officer_keeps_kits_in_service(open_page, axe, yuma):
    yuma.read(48)
    page = open_page(1280, 800)
    sign_in(page, yuma.doctor)
    page.goto(f"/places/S-{yuma.cab.pk}/temperature/review/")
    look(page, axe, f"Too hot or too cold in {yuma.cab}")
    page.get_by_text("Keep in service").click()
    page.get_by_role("textbox", name=re.compile("Why")).fill("One look in passing")
    page.get_by_role("button", name="Record the decision").click()

    expect(page.get_by_text("Keep in service: 1 kit.")).to_be_visible()
    assert not KitStorage.objects.get(kit=yuma.kit).waiting


@BOTH
def test_before_the_hot_season_kits_go_indoors_and_others_out(open_page, axe, yuma, size):
    yuma.began = timezone.now() - dt.timedelta(days=60)
    old = make.sealed_kit(yuma.by, yuma.cabinet, occurred_at=yuma.began, product=yuma.product)
    yuma.move(old, yuma.cab, yuma.began)
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - dt.timedelta(days=1))
    make.sealed_kit(yuma.by, yuma.cabinet, product=yuma.product)
    page = open_page(*size)
    sign_in(page, yuma.by)
    page.goto("/places/seasons/")
    look(page, axe, "Hot seasons")
    page.get_by_role("link", name="Yuma", exact=True).click()
    page.get_by_role("link", name="Change the months").click()
    look(page, axe, "Hot months at Yuma")
    month = f"{yuma.station.today():%B}"
    page.get_by_label(re.compile("From the first day")).select_option(label=month)
    page.get_by_label(re.compile("To the last day")).select_option(label=month)
    page.get_by_role("textbox", name=re.compile("How you know")).fill("Our cabs are hot")
    page.get_by_role("button", name="These are the months").click()
    look(page, axe, "Hot season at Yuma")
    page.get_by_role("button", name="Move them indoors").click()

    expect(page.get_by_text("1 from there is in their place")).to_be_visible()
    fits(page)
    axe(page)
    assert Kit.objects.get(pk=old.pk).holder == yuma.cabinet
    assert Kit.objects.get(pk=yuma.kit.pk).holder == yuma.cab


@BOTH
def test_the_label_of_a_lot_is_read_off_the_carton(open_page, axe, yuma, size):
    page = open_page(*size)
    sign_in(page, yuma.by)
    page.goto(f"/lots/L-{yuma.kit.lot_id}/")
    fits(page)
    axe(page)
    page.get_by_role("link", name="Say which label it carries").click()
    look(page, axe, re.compile("Which label does lot"))
    page.get_by_role("link", name="It carries another one").click()
    look(page, axe, re.compile("Another label of"))
    page.get_by_role("textbox", name=re.compile("What tells it apart")).fill(
        "Generation II (red plunger)"
    )
    page.get_by_label(re.compile("Store from")).fill("20")
    page.get_by_label(re.compile("Store up to")).fill("25")
    page.get_by_role("textbox", name=re.compile("Where it stands")).fill("The carton")
    page.get_by_role("button", name="Add the label").click()
    page.get_by_text("Generation II (red plunger)").last.click()
    page.get_by_role("button", name="This is its label").click()

    expect(page.get_by_text("20–25 °C (68–77 °F)").first).to_be_visible()
    assert actions.set_label(lot=yuma.kit.lot, label=yuma.kit.lot.labels.get().label, by=yuma.by)
