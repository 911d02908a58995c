"""A kit goes from receipt into an officer's hands: coordinator at a desk, officer on a telephone, auditor, stranger."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from naloxone.models import Kit, Lot
from safety_portal.access import Role, Scope
from tests.journeys.people import SECRET, fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey


@pytest.fixture
def world(live_portal):
    """A station with a coordinator, an officer, and a cabinet; an auditor; a coordinator of another station."""
    station = make.station("Laredo Bridge")
    people = {
        "coordinator": make.coordinator(station, name="Carla"),
        "officer": make.person(station, name="Olive"),
        "auditor": make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE, name="Audrey"),
        "stranger": make.coordinator(make.station(), name="Stan"),
    }
    may_sign_in(*people.values())
    make.product(name="Example nasal spray 4 mg")
    return people | {"place": make.place(people["coordinator"], "Lane 3 cabinet")}


@pytest.fixture
def desk(open_page):
    return open_page(1280, 900)


@pytest.fixture
def telephone(open_page):
    return open_page(390, 844, has_touch=True, is_mobile=True)


def choose(page, label, words):
    """Pick from a combo box by typing."""
    box = page.get_by_role("combobox", name=re.compile(label))
    box.fill(words)
    page.get_by_role("option", name=re.compile(words)).first.click()


def gap(above, below):
    """Pixels between two things that stand under each other."""
    box = above.bounding_box()
    return below.bounding_box()["y"] - box["y"] - box["height"]


def receive(page, axe, cartons):
    page.goto("/kits/")
    page.get_by_role("link", name="Receive a delivery").click()
    axe(page)
    choose(page, "Product", "Example nasal")
    page.get_by_role("textbox", name=re.compile("^Lot")).fill("LOT-A1")
    page.get_by_role("textbox", name=re.compile("Expiry")).fill(f"{make.day(400):%m/%d/%Y}")
    page.get_by_role("textbox", name=re.compile("^Cartons")).fill(str(cartons))
    page.get_by_text("Seals, lot, expiry and count agree").click()
    page.get_by_role("button", name="Receive the delivery").click()
    expect(page.get_by_text(f"{cartons} units received")).to_be_visible()
    axe(page)


def offer(page, axe, count):
    page.get_by_role("link", name="See them in the list").click()
    axe(page)
    for box in page.locator("tbody .usa-checkbox__label").all()[:count]:
        box.click()
    page.get_by_role("button", name="Hand over").click()
    axe(page)
    page.get_by_role("searchbox", name=re.compile("To whom")).fill("olive")
    page.get_by_text(re.compile("Olive Example")).click()
    page.get_by_role("button", name="Check the list").click()
    expect(
        page.get_by_role("heading", name=re.compile(f"Hand {count} kits to Olive"))
    ).to_be_visible()
    axe(page)
    page.get_by_role("button", name=re.compile(f"Offer {count} kits to Olive")).click()
    expect(page.get_by_text("Until they accept, the kits stay with the giver.")).to_be_visible()
    axe(page)


def test_from_receipt_into_an_officers_hands(desk, telephone, axe, world):
    sign_in(desk, world["coordinator"])
    receive(desk, axe, 3)
    offer(desk, axe, 2)

    sign_in(telephone, world["officer"])
    telephone.goto("/hand-overs/")
    fits(telephone)
    axe(telephone)
    button = telephone.get_by_role("button", name="Accept 2 kits")
    assert button.bounding_box()["height"] >= 44
    look = telephone.get_by_role("link", name="Look first")
    assert gap(telephone.locator(".kits-references"), button) >= 8
    assert gap(button, look) >= 8
    button.tap()
    expect(telephone.get_by_text("They are with you now")).to_be_visible()
    telephone.goto("/my-kits/")
    fits(telephone)
    axe(telephone)
    expect(telephone.get_by_role("link", name=re.compile(r"^K-\d+$"))).to_have_count(2)

    assert Kit.objects.filter(holder__person=world["officer"]).count() == 2


def test_a_place_is_closed_once_its_kits_have_moved(telephone, axe, world):
    make.delivery(world["coordinator"], world["place"], cartons=2)
    make.place(world["coordinator"], "Vault")
    sign_in(telephone, world["coordinator"])
    where = world["place"].get_absolute_url()

    telephone.goto(where)
    telephone.get_by_text("How is this place closed?").click()
    axe(telephone)
    telephone.get_by_role("link", name="What stands in the way").click()
    expect(telephone.get_by_text("2 kits are still in Lane 3 cabinet.")).to_be_visible()
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("link", name="Move them to another place").click()
    choose(telephone, "To", "Vault")
    telephone.get_by_role("button", name="Move", exact=True).click()
    expect(telephone.get_by_text("Moved to Vault")).to_be_visible()

    telephone.goto(where)
    telephone.get_by_role("link", name="Close", exact=True).click()
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("button", name="Close the place").click()
    expect(telephone.get_by_text("Closed on")).to_be_visible()
    fits(telephone)
    axe(telephone)
    telephone.goto("/places/")
    expect(telephone.get_by_text("Lane 3 cabinet")).to_have_count(0)


def test_at_the_counter_the_officer_types_their_own_secret(desk, axe, world):
    [kit] = make.delivery(world["coordinator"], world["place"])
    sign_in(desk, world["coordinator"])
    desk.goto(f"/kits/hand-over/?kits={kit.reference}")
    desk.get_by_role("searchbox", name=re.compile("To whom")).fill(world["officer"].badge)
    desk.get_by_text(re.compile("Olive Example")).click()
    desk.get_by_role("button", name="Check the list").click()
    secret = desk.get_by_label(re.compile("Olive.*password or one-time code"))
    secret.fill("not the secret")
    desk.get_by_role("button", name="Hand over K-").click()
    expect(desk.get_by_text("not the password or code").first).to_be_visible()
    axe(desk)
    secret.fill(SECRET)
    desk.get_by_role("button", name="Hand over K-").click()

    expect(desk.get_by_text("proved by password")).to_be_visible()
    axe(desk)


def show_code(page, axe, world):
    """The coordinator at the desk offers two kits to the officer beside them. Returns the code's address."""
    kits = make.delivery(world["coordinator"], world["place"], cartons=2)
    page.goto("/kits/hand-over/?" + "&".join(f"kits={kit.reference}" for kit in kits))
    page.get_by_role("searchbox", name=re.compile("To whom")).fill(world["officer"].badge)
    page.get_by_text(re.compile("Olive Example")).click()
    page.get_by_role("button", name="Check the list").click()
    axe(page)
    page.get_by_role("button", name="Offer 2 kits and show the QR code").click()
    expect(page.get_by_role("img", name="QR code of this hand-over")).to_be_visible()
    fits(page)
    axe(page)
    return page.get_by_role("link", name=re.compile("^http")).inner_text()


def scan(page, address, person):
    """Open a code's address on a telephone on which nobody is signed in, and sign in there."""
    page.goto(address)
    page.get_by_label("Email").fill(person.account.email)
    page.get_by_label("Password", exact=False).first.fill(SECRET)
    page.get_by_role("button", name="Sign in").tap()
    page.wait_for_url(address)


def test_the_receiver_accepts_on_their_own_phone_and_the_desk_hears_of_it(
    desk, telephone, axe, world
):
    sign_in(desk, world["coordinator"])
    address = show_code(desk, axe, world)
    asked = []
    desk.on("request", lambda request: asked.append(request.url))
    desk.evaluate("window.isTheSamePage = true")

    scan(telephone, address, world["officer"])
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("button", name="Accept all 2 kits").tap()
    expect(telephone.get_by_role("status")).to_contain_text("2 kits are with you now.")
    fits(telephone)
    axe(telephone)

    heard = desk.get_by_role("status")
    expect(heard).to_contain_text(f"Accepted by {world['officer']} at ")
    expect(heard).to_contain_text("2 kits are with them now.")
    assert desk.evaluate("window.isTheSamePage")
    expect(desk.get_by_text("Accepted", exact=True)).to_have_count(2)
    expect(desk.get_by_role("img", name="QR code of this hand-over")).to_have_count(0)
    axe(desk)
    asked.clear()
    desk.wait_for_timeout(3500)
    assert asked == []  # it has heard what it waited for


def test_who_is_not_the_receiver_scans_and_finds_nothing(desk, telephone, axe, world):
    sign_in(desk, world["coordinator"])
    address = show_code(desk, axe, world)

    scan(telephone, address, world["stranger"])

    expect(telephone.get_by_text("This page is not here")).to_be_visible()


def test_a_desk_that_nobody_touches_is_signed_out_while_it_waits(desk, axe, world):
    sign_in(desk, world["coordinator"])
    address = show_code(desk, axe, world)

    for session in Session.objects.all():
        kept = SessionStore(session.session_key)
        kept["seen_at"] -= settings.SESSION_IDLE_SECONDS + 1
        kept.save()

    desk.wait_for_url("**/accounts/login/**")
    assert urlsplit(address).path in unquote(desk.url)


def test_an_officer_leaves_one_out_and_returns_another_on_a_telephone(telephone, axe, world):
    officer, coordinator = world["officer"], world["coordinator"]
    kits = make.delivery(coordinator, world["place"], cartons=2)
    from tests.naloxone.test_views_hand_overs import offered

    given = offered(kits, officer, coordinator)
    sign_in(telephone, officer)
    telephone.goto(f"/hand-overs/{given.reference}/")
    fits(telephone)
    axe(telephone)
    telephone.locator(f"label[for$='{kits[1].reference}']").tap()
    telephone.get_by_role("button", name="Accept the ticked ones").tap()
    expect(telephone.get_by_text("Say why you do not take").first).to_be_visible()
    axe(telephone)
    telephone.get_by_label(re.compile("Why not the others")).fill("Seal is broken")
    telephone.get_by_role("button", name="Accept the ticked ones").tap()
    said = "1 kit is with you now. Not taken: 1."
    expect(telephone.get_by_role("status")).to_contain_text(said)

    telephone.goto("/my-kits/")
    telephone.get_by_role("link", name=re.compile("Return to a place")).tap()
    telephone.wait_for_url("**/my-kits/return/*")
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("button", name="Offer them back").tap()
    expect(telephone.get_by_text("Waiting for Lane 3 cabinet")).to_be_visible()


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_an_auditor_looks_at_everything_and_changes_nothing(open_page, axe, world, size):
    screen = open_page(*size)
    coordinator, officer = world["coordinator"], world["officer"]
    kits = make.delivery(coordinator, world["place"], cartons=30)
    make.hand(kits[:1], officer, by=coordinator)
    lot = Lot.objects.get()
    sign_in(screen, world["auditor"])

    for where in (
        "/kits/", "/kits/?state=in_service&expiry=90", "/kits/?q=nothing", "/kits/?last=1&sort=place",
        f"/kits/{kits[0].reference}/", f"/lots/{lot.reference}/", "/hand-overs/", "/hand-overs/all/",
        "/hand-overs/sent/", "/places/", f"/places/{world['place'].reference}/", "/my-kits/",
    ):  # fmt: skip
        screen.goto(where)
        fits(screen)
        axe(screen)
    screen.goto(f"/kits/{kits[0].reference}/")
    expect(screen.get_by_text("Chain intact")).to_be_visible()
    expect(screen.get_by_role("link", name="Hand over", exact=True)).to_have_count(0)


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_a_coordinators_forms_fit(open_page, axe, world, size):
    screen = open_page(*size)
    coordinator = world["coordinator"]
    kits = make.delivery(coordinator, world["place"], cartons=2, checked=False)
    make.grant(coordinator, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    lot = Lot.objects.get()
    sign_in(screen, coordinator)

    for where in (
        "/kits/receive/", "/kits/assemble/", f"/kits/release/?kits={kits[0].reference}",
        "/kits/move/", "/kits/hand-over/", "/places/", "/places/open/", f"/kits/{kits[0].reference}/",
        f"/lots/{lot.reference}/recall/", f"/kits/made/{kits[0].events.get().act_id}/",
    ):  # fmt: skip
        screen.goto(where)
        fits(screen)
        axe(screen)


def test_a_stranger_finds_no_kit_of_another_station(desk, world):
    [kit] = make.delivery(world["coordinator"], world["place"])
    sign_in(desk, world["stranger"])

    assert desk.goto(f"/kits/{kit.reference}/").status == 404
    desk.goto("/kits/")
    expect(desk.get_by_text("No kit is at your stations yet")).to_be_visible()
