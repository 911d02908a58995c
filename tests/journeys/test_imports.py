"""A coordinator brings in what the station has already: at a desk with a mistake in it, and on a telephone."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from naloxone.actions import imports
from naloxone.models import ImportRun, Kit
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make
from tests.naloxone.imports import as_csv

pytestmark = pytest.mark.journey
KITS = ("Where", "Product", "Lot", "Expiry", "Serials")
LATER = f"{make.day(400):%Y-%m-%d}"


@pytest.fixture
def by(live_portal):
    found = make.coordinator(make.station("Laredo Bridge"), name="Keeper")
    make.place(found, "Lane 3 cabinet")
    make.product(name="Spray")
    may_sign_in(found)
    return found


def row(n, lot="A1"):
    return ["Lane 3 cabinet", "Spray", lot, LATER, f"S{n}"]


def send(page, axe, content):
    """From the list of kits to the check of a file's rows."""
    page.goto("/kits/")
    page.get_by_role("link", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Import a list")).to_be_visible()
    fits(page)
    axe(page)
    page.locator("label[for$='what_0'], label[for$='what_1']").first.click()
    page.locator("input[type=file]").set_input_files(
        {"name": "stock.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_role("heading", name="Which column is which?")).to_be_visible()
    fits(page)
    axe(page)
    page.locator("select[name=place]").select_option(label="Where: Lane 3 cabinet")
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("heading", name="Being checked")).to_be_visible()
    fits(page)
    axe(page)
    run = ImportRun.objects.latest("pk")
    imports.work_at(run.pk, now=timezone.now())
    # The page finds out by itself.
    expect(page.get_by_role("link", name=re.compile(r"^All \("))).to_be_visible()
    fits(page)
    axe(page)
    return run


def test_a_mistake_is_corrected_and_the_file_imported(open_page, axe, by):
    desk = open_page(1280, 900)
    sign_in(desk, by)
    send(desk, axe, as_csv(KITS, row(1), row(2, lot="")))
    expect(desk.get_by_text("1 row has an error")).to_be_visible()
    with desk.expect_download() as download:
        desk.get_by_role("link", name="File to correct").click()
    assert "What is wrong" in download.value.path().read_text("utf-8-sig")

    run = send(desk, axe, as_csv(KITS, row(1), row(2)))
    desk.get_by_role("link", name="Import", exact=True).click()
    axe(desk)
    desk.get_by_role("button", name="Import 2 kits").click()
    expect(desk.get_by_role("heading", name="Being imported")).to_be_visible()
    imports.work_at(run.pk, now=timezone.now())
    expect(desk.get_by_role("link", name="2 of lot A1 at Lane 3 cabinet")).to_be_visible()
    fits(desk)
    axe(desk)
    assert Kit.objects.count() == 2


def test_on_a_telephone_an_import_is_cancelled(phone, axe, by):
    sign_in(phone, by)
    send(phone, axe, as_csv(KITS, row(1)))
    phone.get_by_role("button", name=re.compile("Cancel the import")).click()
    expect(phone.get_by_text("You cancelled it; nothing was imported.")).to_be_visible()
    axe(phone)
    phone.goto(reverse("naloxone:kits"))
    with phone.expect_download() as download:
        phone.get_by_role("button", name=re.compile("Download CSV")).click()
    assert download.value.suggested_filename.startswith("Kits ")
    fits(phone)
    axe(phone)
    assert not Kit.objects.exists()
