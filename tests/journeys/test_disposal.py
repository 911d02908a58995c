"""Stock ends: a coordinator disposes beside a witness, then alone; the supervisor signs on a telephone; the auditor looks."""

import re

import pytest
from playwright.sync_api import expect

from naloxone.models import Disposal, Kit
from safety_portal.access import Role, Scope
from tests.journeys.people import SECRET, fits, may_sign_in, sign_in
from tests.naloxone import make
from tests.safety_portal.picture import upload

pytestmark = pytest.mark.journey


@pytest.fixture
def world(live_portal, media):
    """A station with a coordinator, a supervisor and three kits in a cabinet; an auditor elsewhere."""
    station = make.station("Laredo Bridge")
    people = {
        "coordinator": make.coordinator(station, name="Carla"),
        "supervisor": make.person(station, Role.SUPERVISOR, name="Sam"),
        "auditor": make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE, name="Audrey"),
    }
    may_sign_in(*people.values())
    place = make.place(people["coordinator"], "Lane 3 cabinet")
    return people | {"kits": make.delivery(people["coordinator"], place, cartons=3)}


def choose_to_dispose(page, axe, kits):
    """From the list of kits to the second step: ticked, how and why."""
    page.goto("/kits/")
    for kit in kits:
        page.locator(f"label[for$='{kit.reference}']").click()
    page.get_by_role("button", name="Dispose", exact=True).click()
    expect(page.get_by_role("heading", name="Dispose of kits")).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_text("Everything with a needle").click()
    page.get_by_text("Damaged", exact=True).click()
    page.get_by_role("textbox", name=re.compile("Receipt number")).fill("R-77")
    picture = {"name": "bin.jpg", "mimeType": "image/jpeg", "buffer": upload().read()}
    page.locator("input[type=file]").set_input_files([picture])
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("img", name="Chosen photo 1")).to_be_visible()
    expect(page.get_by_text("Sharps container. Damaged. Receipt R-77.")).to_be_visible()
    fits(page)
    axe(page)


def test_a_coordinator_disposes_with_a_witness(open_page, axe, world):
    desk = open_page(1280, 900)
    sign_in(desk, world["coordinator"])
    choose_to_dispose(desk, axe, world["kits"][:2])
    desk.get_by_role("searchbox", name=re.compile("Witness")).fill("sam")
    desk.get_by_text(re.compile("Sam Example")).click()
    secret = desk.get_by_label(re.compile("Their password or one-time code"))
    secret.fill("not the secret")
    desk.get_by_role("button", name="Dispose of 2 kits before the witness").click()
    expect(desk.get_by_text("not the password or code").first).to_be_visible()
    axe(desk)
    secret.fill(SECRET)
    desk.get_by_role("button", name="Dispose of 2 kits before the witness").click()

    expect(desk.get_by_text(re.compile("Sam.*proved by password on the spot"))).to_be_visible()
    expect(desk.get_by_text("Two people", exact=True)).to_be_visible()
    expect(desk.get_by_role("img", name=re.compile("Photo PH-"))).to_be_visible()
    fits(desk)
    axe(desk)
    assert Kit.objects.filter(state="destroyed").count() == 2


def test_what_one_person_did_is_signed_by_the_supervisor_on_a_telephone(open_page, axe, world):
    desk = open_page(1280, 900)
    sign_in(desk, world["coordinator"])
    choose_to_dispose(desk, axe, world["kits"][:1])
    desk.get_by_role("button", name=re.compile("to be signed later$")).click()
    expect(desk.get_by_text("One person", exact=True).first).to_be_visible()
    axe(desk)
    found = Disposal.objects.get()

    telephone = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(telephone, world["supervisor"])
    telephone.get_by_role("link", name=re.compile(f"{found.reference} waits for")).tap()
    expect(telephone.get_by_role("button", name="Sign as the second person")).to_be_visible()
    fits(telephone)
    axe(telephone)
    telephone.get_by_text("I have seen what was thrown away").tap()
    telephone.get_by_role("button", name="Sign as the second person").tap()
    expect(telephone.get_by_text("is signed by two people")).to_be_visible()
    fits(telephone)
    axe(telephone)


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_the_auditor_reads_the_lists_and_one_disposal(open_page, axe, world, size):
    from tests.naloxone.test_disposals import end

    old = make.timezone.now() - make.dt.timedelta(days=9)
    found = end(world["kits"], world["coordinator"], occurred_at=old, now=old)
    screen = open_page(*size)
    sign_in(screen, world["auditor"])

    screen.get_by_role("link", name="1 disposal by one person").click()
    expect(screen.get_by_text("One person, overdue")).to_be_visible()
    for where in ("unsigned/", "waiting/", "", "?method=trash", f"{found.reference}/"):
        screen.goto(f"/disposals/{where}")
        fits(screen)
        axe(screen)
    expect(screen.get_by_role("button", name="Sign as the second person")).to_have_count(0)
