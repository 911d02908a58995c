"""What expires at nine stations is one line on the front page, one order, silence until its day, and then what is lacking."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from naloxone import notices
from naloxone.models import Holder, Order
from safety_portal.access import Role, Scope
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make
from tests.naloxone.orders import order

pytestmark = pytest.mark.journey

YEAR = timezone.now().year + 1
MARCH = dt.date(YEAR, 3, 31)
DUE = max(dt.date(YEAR, 1, 20), timezone.now().date() + dt.timedelta(days=1))


def noon(day):
    return dt.datetime.combine(day, dt.time(18), dt.UTC)


@pytest.fixture
def world(live_portal):
    """412 kits at nine stations that end on 31 March, and who coordinates them."""
    national = make.person(make.station("Office"), Role.COORDINATOR, scope=Scope.EVERYWHERE)
    product, stores = make.product(name="Nasal spray"), []
    for number in range(9):
        keeper = make.person(make.station(f"Gate {number}"), Role.SUPERVISOR)
        stores.append(
            Holder.objects.create(kind="storage", name="Cabinet", station=keeper.station, par_min=0)
        )
        make.delivery(
            national, stores[-1], product=product, cartons=46 if number < 8 else 44,
            expires_on=MARCH, lot_number="EXAMPLE-M", occurred_at=timezone.now() - dt.timedelta(days=1),
        )  # fmt: skip
    may_sign_in(national)
    notices.sweep_expiries(noon(MARCH - dt.timedelta(days=120)))
    return national, product, stores


def test_412_kits_at_nine_stations_are_one_order(open_page, axe, world):
    national, product, stores = world
    desk = open_page(1280, 900)
    sign_in(desk, national)
    first = desk.get_by_role("link", name=f"412 kits expire in March {YEAR} at 9 stations")
    expect(first).to_have_count(1)
    first.click()
    fits(desk)
    axe(desk)
    expect(desk.get_by_label(re.compile("Cartons for Gate"))).to_have_count(9)
    desk.get_by_label(re.compile("From whom")).fill("Fictitious Supply")
    desk.get_by_label(re.compile("Due on")).fill(f"{DUE:%m/%d/%Y}")
    desk.get_by_role("button", name="Record the order").click()
    made = Order.objects.with_figures().get()
    expect(desk.get_by_text(f"{made.reference} is recorded.")).to_be_visible()
    assert made.ordered == 824
    fits(desk)
    axe(desk)

    notices.sweep_expiries(noon(DUE - dt.timedelta(days=1)))
    desk.goto("/")
    expect(desk.get_by_text(f"March {YEAR}")).to_have_count(0)

    # 276 come to six stations, and 24 to the seventh, by telephone.
    for store in stores[:6]:
        make.delivery(
            national, store, product=product, cartons=46, lot_number="EXAMPLE-N",
            expires_on=dt.date(YEAR + 2, 3, 31), order_line=made.lines.get(station=store.station),
        )  # fmt: skip
    telephone = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(telephone, national)
    telephone.goto(made.get_absolute_url())
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("link", name="Receive a delivery").click()
    line = made.lines.with_figures().get(station=stores[6].station)
    facts = {
        "product": str(product.pk), "lot": "EXAMPLE-N", "expires_on": f"{dt.date(YEAR + 2, 3, 31):%m/%d/%Y}",
        "cartons": "24", "place": str(stores[6].pk),
    }  # fmt: skip
    telephone.evaluate(
        "([facts]) => { for (const [name, value] of Object.entries(facts)) {"
        " const field = document.querySelector(`[name='${name}']`); field.value = value;"
        " field.dispatchEvent(new Event('change', {bubbles: true})); } }",
        [facts],
    )
    telephone.locator("label[for='id_checked_0']").click()
    telephone.locator("[name='order_line']").select_option(str(line.pk))
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("button", name="Receive the delivery").click()
    expect(telephone.get_by_text("24 units received")).to_be_visible()
    telephone.goto(made.get_absolute_url())
    expect(telephone.get_by_text("600 received")).to_be_visible()

    notices.sweep_expiries(noon(DUE))
    desk.goto("/")
    expect(
        desk.get_by_role("link", name=f"Short by 112 for March {YEAR} at 3 stations")
    ).to_have_count(1)
    axe(desk)


def test_an_order_is_put_off_and_ended_on_a_telephone(open_page, axe, live_portal):
    by = make.coordinator(make.station())
    make.storeroom(by)
    may_sign_in(by)
    telephone = open_page(390, 844, has_touch=True, is_mobile=True)
    sign_in(telephone, by)
    telephone.goto("/orders/")
    expect(telephone.get_by_text("Nothing is on order for your stations.")).to_be_visible()
    axe(telephone)
    made = order(by)
    telephone.goto("/orders/")
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("link", name=made.reference).click()
    telephone.get_by_role("link", name="It comes on another day").click()
    telephone.get_by_label(re.compile("Due on")).fill(f"{make.day(60):%m/%d/%Y}")
    telephone.get_by_label(re.compile("Why")).fill("The maker is out of stock")
    axe(telephone)
    telephone.get_by_role("button", name="Change the day").click()
    expect(telephone.get_by_text("The maker is out of stock")).to_be_visible()
    telephone.get_by_role("link", name="The rest does not come").click()
    telephone.get_by_label(re.compile("Why")).fill("Ordered twice")
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("button", name="End the order").click()
    expect(telephone.get_by_text("Cancelled").first).to_be_visible()
    fits(telephone)
    axe(telephone)
