"""A supervisor inspects a cabinet with one thumb: a whole seal, a count that differs, the next kit of the place."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from naloxone.models import Discrepancy, Inspection
from safety_portal.access import Role
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey


@pytest.fixture
def telephone(open_page):
    return open_page(390, 844, has_touch=True, is_mobile=True)


@pytest.fixture
def world(live_portal):
    """A cabinet with a sealed kit and one without a seal, both long unseen; an officer with a sealed kit."""
    station = make.station("Laredo Bridge")
    keeper = make.coordinator(station, name="Carla")
    people = {
        "supervisor": make.person(station, Role.SUPERVISOR, name="Sam"),
        "officer": make.person(station, name="Olive"),
    }
    may_sign_in(*people.values())
    place = make.place(keeper, "Lane 3 cabinet")
    then = timezone.now() - dt.timedelta(days=40)
    loose = make.delivery(keeper, place, occurred_at=then)[0]
    sealed = make.sealed_kit(keeper, place, occurred_at=then)
    make.hand([make.sealed_kit(keeper, place)], people["officer"], by=keeper)
    return people | {"place": place, "loose": loose, "sealed": sealed}


def large(thing):
    """Fit for a gloved thumb."""
    box = thing.bounding_box()
    return box["height"] >= 48 and box["width"] >= 48


def test_a_cabinet_is_walked_with_one_thumb(telephone, axe, world):
    sign_in(telephone, world["supervisor"])
    expect(telephone.get_by_text("overdue at Laredo Bridge")).to_be_visible()
    telephone.goto("/inspections/")
    fits(telephone)
    axe(telephone)
    telephone.get_by_role("link", name="Lane 3 cabinet").tap()
    expect(telephone.get_by_role("heading", name="Inspections: Lane 3 cabinet")).to_be_visible()
    fits(telephone)
    axe(telephone)

    telephone.get_by_role("link", name=re.compile("Begin with")).tap()
    count_one_too_few(telephone, axe, world["loose"])
    telephone.get_by_role("link", name=re.compile("Next: K-")).tap()
    expect(telephone.get_by_role("heading", name=re.compile(world["sealed"].seal))).to_be_visible()
    fits(telephone)
    axe(telephone)
    yes = telephone.get_by_role("button", name="Yes, all is well")
    assert large(yes)
    yes.tap()
    expect(telephone.get_by_text(re.compile("^Next due"))).to_be_visible()
    axe(telephone)

    assert [one.result for one in Inspection.objects.order_by("pk")] == ["short", "ok"]
    assert Discrepancy.objects.get().kind == "short"


def count_one_too_few(page, axe, kit):
    expect(page.get_by_role("heading", name=f"Inspect {kit.reference}")).to_be_visible()
    fits(page)
    axe(page)
    more = page.get_by_role("button", name="One more")
    assert large(more)
    assert large(page.get_by_role("button", name="One less"))
    more.tap()
    page.locator("label", has_text=re.compile(r"^\s*Yes\s*$")).first.tap()
    # Worked out by the server while one types.
    expect(page.get_by_role("status").filter(has_text="Result so far")).to_contain_text("Short")
    expect(page.get_by_text("Fewer doses than recorded")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Record what I saw").tap()
    expect(page.get_by_text("Not as it should be")).to_be_visible()
    fits(page)
    axe(page)


def test_what_a_whole_seal_answers_is_not_asked(telephone, axe, world):
    sign_in(telephone, world["supervisor"])
    telephone.goto(f"/kits/{world['sealed'].reference}/inspect/")
    telephone.get_by_role("link", name="No, or look closer").tap()
    count = telephone.get_by_role("heading", name="Count", exact=True)
    expect(count).to_be_visible()
    axe(telephone)

    telephone.locator("label", has_text="Unbroken").tap()

    expect(count).to_be_hidden()
    expect(telephone.get_by_role("status").filter(has_text="Result so far")).to_contain_text("OK")


def test_an_officer_taps_once_at_the_start_of_the_shift(telephone, axe, world):
    sign_in(telephone, world["officer"])
    telephone.goto("/my-kits/")
    fits(telephone)
    axe(telephone)

    button = telephone.get_by_role("button", name=re.compile("Checked: sealed and with me"))
    assert large(button)
    button.tap()

    expect(telephone.get_by_text(re.compile("^Next due"))).to_be_visible()
    axe(telephone)
    assert Inspection.objects.get().by == world["officer"]


def test_each_figure_of_the_stock_stands_beside_its_label_on_a_telephone(telephone, world):
    sign_in(telephone, world["supervisor"])
    telephone.goto("/stock/")

    hidden = telephone.evaluate(
        """() => [...document.querySelectorAll("tbody [data-label]:not([data-label=''])")].filter((cell) =>
            parseFloat(getComputedStyle(cell).paddingLeft) <
            parseFloat(getComputedStyle(cell, "::before").width)).map((cell) => cell.dataset.label)"""
    )

    assert hidden == []


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_stock_and_its_places_fit(open_page, axe, world, size):
    screen = open_page(*size)
    sign_in(screen, world["supervisor"])

    for where in ("/stock/", "/inspections/", f"/kits/{world['sealed'].reference}/",
                  f"/places/{world['place'].reference}/no-access/"):  # fmt: skip
        screen.goto(where)
        fits(screen)
        axe(screen)
