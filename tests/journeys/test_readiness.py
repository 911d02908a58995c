"""Is an antagonist in reach of everybody at risk? A drill on a phone at night, numbers, a transfer, a programme that goes live."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from naloxone.models import AtRisk, Authority, Consignment, Drill
from safety_portal.access import Role
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey
BOTH = pytest.mark.parametrize("size", [(1280, 800), (390, 800)])


@pytest.fixture
def world(live_portal):
    """A station with more than it needs, and one that lacks two kits."""
    keeper = make.coordinator(make.station("Laredo Bridge"), name="Carla")
    supervisor = make.person(keeper.station, Role.SUPERVISOR, name="Sam")
    officer = make.person(keeper.station, name="Olive")
    store = make.place(keeper, "Lane 3 cabinet")
    make.delivery(keeper, store, cartons=6, expires_on=make.day(300))
    make.delivery(keeper, store, expires_on=make.day(100))
    poor = make.coordinator(make.station("Nogales Gate"), name="Paul")
    make.place(poor, "Gate cabinet")
    may_sign_in(keeper, supervisor, officer, poor)
    return {
        "keeper": keeper,
        "supervisor": supervisor,
        "officer": officer,
        "store": store,
        "poor": poor,
    }


@BOTH
def test_an_officer_shows_on_the_page_itself_how_fast_a_dose_is_in_hand(
    open_page, axe, world, size
):
    page, store = open_page(*size), world["store"]
    sign_in(page, world["officer"])
    page.goto("/my-kits/")
    page.get_by_role("link", name=store.name).click()
    fits(page)
    axe(page)
    page.get_by_role("button", name="Start").click()
    page.wait_for_timeout(1200)
    page.get_by_role("button", name="Stop: it is in my hand").click()
    assert 1 <= int(page.get_by_label(re.compile("Seconds until")).input_value()) <= 5
    page.get_by_role("button", name="Record the drill").click()

    expect(page.get_by_text(re.compile(r"In hand in time: \d s"))).to_be_visible()
    made = Drill.objects.get()
    assert (made.timed, made.drilled_by, made.result) == (True, world["officer"], "in_hand")


@BOTH
def test_a_place_that_does_not_open_stands_first_for_the_supervisor(open_page, axe, world, size):
    page, store = open_page(*size), world["store"]
    make.drill(store, world["officer"], None)
    sign_in(page, world["supervisor"])
    expect(page.get_by_text("could not be opened in a drill").first).to_be_visible()
    fits(page)
    axe(page)

    page.goto("/readiness/drills/")
    fits(page)
    axe(page)
    page.get_by_role("link", name=re.compile("Ask for a drill")).first.click()
    axe(page)
    page.get_by_text("Shift 3, from 23:00").click()
    due = world["keeper"].station.today() + dt.timedelta(days=3)
    page.get_by_label(re.compile("Until")).fill(f"{due:%m/%d/%Y}")
    page.get_by_role("button", name="Ask for the drill").click()
    expect(page.get_by_role("heading", name="Asked for")).to_be_visible()
    page.get_by_role("button", name=re.compile("Call it off")).click()
    expect(page.get_by_role("heading", name="Asked for")).to_have_count(0)


@BOTH
def test_a_number_that_nobody_knew_is_told_and_a_surplus_goes_where_it_lacks(
    open_page, axe, world, size
):
    page = open_page(*size)
    sign_in(page, world["keeper"])
    page.goto("/readiness/")
    expect(page.get_by_text("Number at risk unknown").first).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_role("link", name="Say who is at risk", exact=True).click()
    axe(page)
    for shift, people in (("07:00", 4), ("15:00", 4), ("23:00", 2)):
        page.get_by_label(re.compile(f"{shift}: people")).fill(str(people))
        page.get_by_label(re.compile(f"{shift}: dogs")).fill("0")
    page.get_by_label(re.compile("Where the numbers come from")).fill("Roster")
    page.get_by_role("button", name="Record the numbers").click()
    expect(page.get_by_text("the numbers are recorded")).to_be_visible()
    assert AtRisk.objects.count() == 3

    page.goto("/readiness/ahead/")
    fits(page)
    axe(page)
    page.goto("/readiness/transfers/")
    fits(page)
    axe(page)
    page.get_by_role("link", name=re.compile("Send 2 kits")).click()
    page.get_by_label(re.compile("Carrier")).fill("Fictitious courier")
    page.get_by_label(re.compile("Expected there on")).fill(f"{make.day(3):%m/%d/%Y}")
    page.get_by_role("button", name="Send them off").click()
    expect(page.get_by_text("is on its way. Put its packing list")).to_be_visible()
    assert Consignment.objects.get().destination == world["poor"].station


@BOTH
def test_a_programme_goes_live_and_the_map_leads_to_it(open_page, axe, world, size):
    page = open_page(*size)
    sign_in(page, world["keeper"])
    page.goto("/readiness/go-live/")
    fits(page)
    axe(page)
    page.get_by_role("link", name="Laredo Bridge").click()
    fits(page)
    axe(page)
    page.get_by_role("link", name=re.compile(r"^Do it\s*:\s*Authority")).click()
    axe(page)
    page.get_by_label(re.compile("What it is")).select_option("standing_order")
    page.get_by_label(re.compile("Its number or title")).fill("SO-12")
    page.get_by_label(re.compile("Who issued it")).fill("Medical Director")
    page.get_by_label(re.compile(r"\bFrom\b")).fill(f"{make.day(-3):%m/%d/%Y}")
    page.get_by_label(re.compile(r"\bUntil\b")).fill(f"{make.day(300):%m/%d/%Y}")
    page.get_by_role("button", name="Record the authority").click()
    expect(page.get_by_text("the authority is recorded")).to_be_visible()
    assert Authority.objects.get().station == world["keeper"].station

    page.goto("/readiness/map/")
    fits(page)
    shapes = page.locator(".kits-legend svg").all()
    assert all(shape.bounding_box()["height"] < 20 for shape in shapes)
    axe(page)
    page.get_by_role("link", name=re.compile("Texas:")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("rowheader", name=re.compile("Laredo Bridge"))).to_be_visible()
    assert world["keeper"].family_name not in page.locator("main").inner_text()
