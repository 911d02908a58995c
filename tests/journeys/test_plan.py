"""A month's expiries are planned at a desk, and what was booked is sent from a telephone with one tap."""

import re

import pytest
from playwright.sync_api import expect

from naloxone.models import Booking, Consignment, ExpiryPlan
from safety_portal.access import Role, Scope
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make
from tests.naloxone.test_plans import busy, expires

__all__ = ["busy", "expires"]  # fixtures
pytestmark = pytest.mark.journey


@pytest.fixture
def national(live_portal):
    return make.person(make.station("Office"), Role.COORDINATOR, scope=Scope.EVERYWHERE)


def test_a_plan_is_made_at_a_desk_and_carried_out_on_a_telephone(
    open_page, axe, national, busy, expires
):
    keeper, _, _ = busy
    may_sign_in(national, keeper)
    desk = open_page(1280, 900)
    sign_in(desk, national)
    desk.goto("/stock/plan/")
    fits(desk)
    axe(desk)
    desk.get_by_role("link", name=f"Look at this plan for {expires:%B %Y}").click()
    expect(desk.get_by_text("Send 3 of lot")).to_be_visible()
    fits(desk)
    axe(desk)
    desk.get_by_label(re.compile("From whom")).fill("Fictitious Supply")
    desk.get_by_role("button", name="Make this plan").click()
    plan = ExpiryPlan.objects.get()
    expect(desk.get_by_text(f"{plan.reference} is made.")).to_be_visible()
    expect(desk.get_by_role("link", name=plan.order.reference)).to_be_visible()
    fits(desk)
    axe(desk)

    telephone = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(telephone, keeper)
    telephone.goto("/stock/plan/")
    fits(telephone)
    axe(telephone)
    send = Booking.objects.get(kind="send")
    telephone.get_by_role("link", name=send.reference).click()
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("link", name="Send them").click()
    telephone.get_by_label(re.compile("Carrier")).fill("Fictitious courier")
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("button", name="Send them off").click()
    expect(telephone.get_by_text("is on its way. Put its packing list")).to_be_visible()
    box = Consignment.objects.get()
    telephone.goto(send.get_absolute_url())
    expect(telephone.get_by_role("link", name=box.reference)).to_be_visible()
    axe(telephone)

    swap = Booking.objects.get(kind="swap")
    telephone.goto(swap.get_absolute_url())
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("link", name=re.compile("Cabinet")).click()
    expect(telephone.get_by_role("button", name="Swap")).to_be_visible()
    fits(telephone)
    telephone.goto(swap.get_absolute_url())
    telephone.locator("label[for^='id_done_0']").click()
    telephone.get_by_role("button", name="Record").click()
    expect(telephone.get_by_text(f"{swap.reference} is recorded.")).to_be_visible()
    axe(telephone)


def test_a_plan_of_nothing_on_a_telephone(open_page, axe, national):
    may_sign_in(national)
    telephone = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(telephone, national)
    telephone.goto("/stock/plan/")
    expect(telephone.get_by_text("Nothing expires at your stations")).to_be_visible()
    fits(telephone)
    axe(telephone)
