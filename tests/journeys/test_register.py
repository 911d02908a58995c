"""A station's register passes: counted and signed by one, counted and signed by the next, the difference with the old name."""

import re

import pytest
from playwright.sync_api import expect

from naloxone.models import Discrepancy, RegisterPassing
from safety_portal.access import Role
from tests.journeys.people import SECRET, fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey
SIZES = pytest.mark.parametrize("size", [(1280, 900), (390, 844)])


@pytest.fixture
def world(live_portal):
    """A coordinator who goes, a deputy who takes over, two places."""
    cora = make.coordinator(make.station("Laredo Bridge"), name="Cora")
    dan = make.person(cora.station, Role.DEPUTY, name="Dan")
    may_sign_in(cora, dan)
    make.delivery(cora, make.place(cora, "Cabinet"), cartons=3)
    make.place(cora, "Vault")
    return {"cora": cora, "dan": dan}


def count(screen, **figures):
    for place, figure in figures.items():
        screen.get_by_label(f"Kits and cartons in {place}").fill(str(figure))
    screen.get_by_label(re.compile("assword or one-time code")).fill(SECRET)


def begin(screen, axe, world):
    sign_in(screen, world["cora"])
    screen.goto("/liaisons/")
    fits(screen)
    axe(screen)
    screen.get_by_role("link", name="Laredo Bridge").click()
    fits(screen)
    axe(screen)
    screen.get_by_role("link", name="Hand over the register").click()
    fits(screen)
    axe(screen)
    count(screen, Cabinet=3, Vault=0)
    screen.get_by_role("button", name="Sign and hand over").click()
    expect(screen.get_by_text("What was counted is shown once both have signed.")).to_be_visible()
    fits(screen)
    axe(screen)


@SIZES
def test_the_register_passes_on_one_screen(open_page, axe, world, size):
    screen = open_page(*size)
    begin(screen, axe, world)
    count(screen, Cabinet=2, Vault=0)
    screen.get_by_role("button", name="Sign and take over").click()

    expect(screen.get_by_text(re.compile("D-[0-9]+"))).to_be_visible()
    expect(screen.get_by_text(re.compile("with Cora"))).to_be_visible()
    fits(screen)
    axe(screen)
    assert Discrepancy.objects.get().owner == world["cora"]


@SIZES
def test_the_next_one_counts_on_their_own_page(open_page, axe, world, size):
    begin(open_page(*size), axe, world)
    other = open_page(*size)
    sign_in(other, world["dan"])
    other.goto(RegisterPassing.objects.get().get_absolute_url())
    axe(other)
    count(other, Cabinet=3, Vault=0)
    other.get_by_role("button", name="Sign and take over").click()

    expect(other.get_by_text(re.compile("is Dan"))).to_be_visible()
    fits(other)
    axe(other)
    assert not Discrepancy.objects.exists()
