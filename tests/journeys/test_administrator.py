"""An administrator invites somebody, who follows the mailed link and signs in; a stranger finds nothing."""

import re
import time

import pytest
from playwright.sync_api import expect

from safety_portal.people import Person
from tests.journeys.people import SECRET, sign_in_as
from tests.naloxone import make
from tests.safety_portal import make as core

pytestmark = pytest.mark.journey
NEW_SECRET = "oranges climb blue ladders"
WIDE, NARROW = (1280, 900), (390, 844)


@pytest.fixture
def station(live_portal):
    return make.station("Laredo Bridge")


@pytest.fixture
def administrator(station):
    return with_password(core.administrator(station))


@pytest.fixture
def look(axe):
    """look(page): axe at a desk's width and a telephone's, and nothing wider than the screen."""

    def at_both(page):
        for width, height in (NARROW, WIDE):
            page.set_viewport_size({"width": width, "height": height})
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
                page.url
            )

    return at_both


def with_password(person):
    person.account.set_password(SECRET)
    person.account.save()
    return person


def choose(page, label, words):
    """Pick from a combo box by typing."""
    box = page.get_by_role("combobox", name=re.compile(label))
    box.fill(words)
    page.get_by_role("option", name=re.compile(words)).first.click()


def tick(page, label):
    page.get_by_text(label, exact=True).click()


def link_in(sink):
    """The path of the link in the only mail."""
    end = time.monotonic() + 30
    while not sink.mails:
        assert time.monotonic() < end, "no mail came"
        time.sleep(0.1)
    (mail,) = sink.mails
    return re.search(r"https?://[^/]+(/accounts/\S+)", mail.get_content())[1]


def test_an_invited_person_chooses_a_password_and_is_at_home(
    open_page, administrator, station, worker, sink, look
):
    desk = open_page(*WIDE)
    sign_in_as(desk, administrator.account.email)
    expect(desk.get_by_role("heading", name="Can everybody sign in?")).to_be_visible()
    look(desk)

    desk.get_by_role("link", name="Record a person").click()
    look(desk)
    desk.get_by_label("Given name").fill("Noa")
    desk.get_by_label("Family name").fill("Fictitious")
    tick(desk, "Employee")
    desk.get_by_label("Badge number").fill("N70001")
    choose(desk, "Home station", "Laredo Bridge")
    tick(desk, "Mail and express-consignment examination")
    desk.get_by_label("E-mail address").fill("noa@portal.example")
    desk.get_by_role("button", name="Record this person").click()
    expect(desk.get_by_text("The invitation goes to noa@portal.example.")).to_be_visible()
    expect(desk.get_by_text("Invited", exact=True)).to_be_visible()
    look(desk)

    phone = open_page(*NARROW)
    phone.goto(link_in(sink))
    look(phone)
    for field in phone.locator("input[type=password]").all():
        field.fill(NEW_SECRET)
    phone.get_by_role("button", name="Set password").click()
    phone.wait_for_url("**/done/")
    sign_in_as(phone, "noa@portal.example", NEW_SECRET)

    expect(phone.get_by_role("heading", name="What needs you now")).to_be_visible()
    expect(phone.get_by_text("You have no kit.")).to_be_visible()
    look(phone)
    desk.reload()
    expect(desk.get_by_text("Signs in", exact=True)).to_be_visible()


def test_roles_are_given_and_ended_and_every_page_is_in_order(
    open_page, administrator, station, look
):
    core.canine(administrator, core.recorded(administrator))
    uma = make.person(station, name="Uma")
    desk = open_page(*WIDE)
    sign_in_as(desk, administrator.account.email)
    where = f"/people/P-{uma.pk}/"

    desk.goto(where)
    desk.get_by_role("link", name="Give a role").click()
    desk.get_by_label("Role").select_option("Station supervisor")
    choose(desk, "Where", "Laredo Bridge")
    look(desk)
    desk.get_by_role("button", name="Give the role").click()
    expect(desk.get_by_text("has the role: Station supervisor, Laredo Bridge.")).to_be_visible()
    desk.get_by_role("link", name=re.compile("End Station supervisor")).click()
    desk.get_by_label("Why").fill("Moved to another station")
    look(desk)
    desk.get_by_role("button", name="End the role").click()
    expect(desk.get_by_text("Employee, as everybody with an account")).to_be_visible()

    for path in ("/people/", "/people/?q=nobody", f"{where}left/", f"{where}change/", "/people/dogs/",
                 "/people/dogs/new/", "/people/stations/", f"/people/stations/{station.code}/",
                 f"/people/stations/{station.code}/change/", f"/people/stations/{station.code}/close/",
                 "/people/stations/new/", "/people/stations/?shown=closed", "/roles/"):  # fmt: skip
        assert desk.goto(path).status == 200
        look(desk)


def test_a_station_is_recorded_and_closed_again(open_page, administrator, station, look):
    desk = open_page(*WIDE)
    sign_in_as(desk, administrator.account.email)

    desk.goto("/people/stations/")
    desk.get_by_role("link", name="Record a station").click()
    desk.get_by_label("Name").fill("Christiansted")
    desk.get_by_label("Code").fill("5104")
    desk.get_by_label("Kind").select_option("Seaport")
    choose(desk, "Region", "Laredo Field Office")
    choose(desk, "State or territory", "Virgin Islands")
    choose(desk, "Clock", "St Thomas")
    look(desk)
    desk.get_by_role("button", name="Record this station").click()
    expect(desk.get_by_text("Christiansted is recorded.")).to_be_visible()
    look(desk)

    desk.get_by_role("link", name="Close", exact=True).click()
    look(desk)
    desk.get_by_label("Why").fill("Recorded by mistake")
    desk.get_by_role("button", name="Close the station").click()
    expect(desk.get_by_text("“Recorded by mistake”")).to_be_visible()
    look(desk)
    desk.goto("/people/stations/")
    expect(desk.get_by_role("link", name="Christiansted")).to_have_count(0)
    desk.get_by_label("Which").select_option("Closed")
    desk.get_by_role("button", name="Show").click()
    expect(desk.get_by_role("link", name="Christiansted")).to_be_visible()


def test_a_stranger_finds_nothing(open_page, administrator, station):
    stranger = with_password(make.person(station, name="Stan"))
    page = open_page(*WIDE)
    sign_in_as(page, stranger.account.email)

    for path in (
        "/people/",
        "/people/new/",
        f"/people/P-{administrator.pk}/",
        "/roles/",
        "/audit/",
    ):
        assert page.goto(path).status == 404
    assert Person.objects.filter(given_name="Noa").count() == 0
