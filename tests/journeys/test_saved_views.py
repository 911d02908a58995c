"""A coordinator keeps a view of the kits at the desk, opens it on the telephone, and lets it go again."""

import pytest
from playwright.sync_api import expect

from naloxone.models import Kit
from safety_portal.access import Role
from safety_portal.saved_filters import MOST, SavedFilter, save_filter
from tests.journeys.people import SECRET, fits, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey
SOON = "Expiring within 30 days"


@pytest.fixture
def carla(live_portal):
    """A coordinator with a kit that expires soon and one that does not."""
    person = make.person(make.station(), Role.COORDINATOR, name="Carla")
    person.account.set_password(SECRET)
    person.account.save()
    cabinet = make.place(person, "Lane 3 cabinet")
    make.delivery(person, cabinet, expires_on=make.day(20))
    make.delivery(person, cabinet, expires_on=make.day(50))
    return person


def narrow(page, expiry):
    page.goto("/kits/")
    page.get_by_label("Expiry", exact=True).select_option(expiry)
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**expiry=**")


def rows(page):
    return page.locator("tbody tr").count()


def mine(page):
    return page.get_by_role("navigation", name="My views of this list").get_by_role("link")


def test_a_view_is_saved_replaced_opened_elsewhere_and_removed(open_page, carla, axe):
    desk, telephone = open_page(1280, 900), open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(desk, carla)
    narrow(desk, "Within 30 days")
    here = desk.url

    desk.get_by_text("Save this view").click()
    expect(desk.get_by_label("Name of this view")).to_be_focused()
    expect(desk.get_by_label("Name of this view")).to_have_value(SOON)
    axe(desk)
    desk.get_by_label("Name of this view").fill("My morning")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Saved as “My morning”.")).to_be_visible()
    assert desk.url == here
    expect(mine(desk)).to_have_attribute("aria-current", "page")
    axe(desk)

    narrow(desk, "Within 60 days")
    assert rows(desk) == 2
    desk.get_by_text("Save this view").click()
    desk.get_by_label("Name of this view").fill("my morning")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_label("Name of this view")).to_be_focused()
    expect(desk.get_by_text("You have a view “My morning” already")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="Replace “My morning”").click()
    expect(desk.get_by_text("Saved as “my morning”.")).to_be_visible()

    sign_in(telephone, carla)
    telephone.goto("/kits/?expiry=30")
    assert rows(telephone) == 1
    mine(telephone).click()
    telephone.wait_for_url("**/kits/?expiry=60")
    assert rows(telephone) == 2
    axe(telephone)
    fits(telephone)
    telephone.get_by_role("button", name="Remove the view “my morning”").click()
    expect(telephone.get_by_text("“my morning” is removed.")).to_be_visible()
    expect(mine(telephone)).to_have_count(0)
    assert Kit.objects.count() == 2

    telephone.get_by_text("Save this view", exact=True).click()
    expect(telephone.get_by_label("Name of this view")).to_have_value("my morning")
    axe(telephone)
    fits(telephone)
    telephone.get_by_role("button", name="Save", exact=True).click()
    expect(mine(telephone)).to_have_text(["my morning"])


def test_twenty_views_stand_in_one_line_of_a_telephone_with_the_present_one_in_sight(
    phone, carla, axe
):
    for n in range(MOST):
        save_filter(page="naloxone:kits", name=f"View number {n}", query=f"lot={n}", by=carla)
    sign_in(phone, carla)

    phone.goto(f"/kits/?lot={MOST - 1}")

    expect(mine(phone).last).to_be_in_viewport(ratio=1)
    expect(mine(phone).first).not_to_be_in_viewport()
    assert phone.locator(".portal-saved").bounding_box()["height"] < 100
    axe(phone)
    fits(phone)


def test_without_javascript_a_view_is_saved_and_an_error_stands_open_at_its_name(open_page, carla):
    page = open_page(java_script_enabled=False)
    sign_in(page, carla)
    page.goto("/kits/?expiry=30")

    page.get_by_text("Save this view").click()
    page.get_by_label("Name of this view").fill("x" * 41)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("this is 1 over")).to_be_visible()
    page.get_by_label("Name of this view").fill("Short")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Saved as “Short”.")).to_be_visible()
    assert SavedFilter.objects.get().query == "expiry=30"
