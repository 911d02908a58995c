"""What kits are made of: a version is written, kits are assembled by it, a mask is renewed; at a desk and on a telephone."""

import re

import pytest
from playwright.sync_api import expect

from naloxone.models import Kit, KitType
from safety_portal.access import Role, Scope
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.naloxone import make

pytestmark = pytest.mark.journey


@pytest.fixture
def world(live_portal):
    """A coordinator of the agency with a carton in a cabinet of their station."""
    keeper = make.person(make.station("Laredo Bridge"), Role.COORDINATOR, scope=Scope.EVERYWHERE)
    may_sign_in(keeper)
    place = make.place(keeper, "Lane 3 cabinet")
    return keeper, make.delivery(keeper, place)[0]


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_a_version_is_written_kits_are_made_by_it_and_a_mask_is_renewed(
    open_page, axe, world, size
):
    keeper, carton = world
    screen = open_page(*size)
    sign_in(screen, keeper)

    screen.goto("/kit-types/")
    fits(screen)
    axe(screen)
    screen.get_by_role("link", name="Vehicle kit").click()
    screen.get_by_role("link", name="Write a new version").click()
    fits(screen)
    axe(screen)
    first = screen.get_by_role("group", name="Component 1", exact=True)
    first.get_by_label("Component 1").fill("Gloves as bought")
    first.get_by_label(re.compile("Latex in 1")).select_option("yes")
    screen.get_by_label(re.compile("What changes")).fill("The supplier packs latex")
    screen.get_by_role("button", name="Write this version").click()
    expect(screen.get_by_text("version 2 is written")).to_be_visible()
    expect(screen.get_by_text(re.compile("fails the nitrile rule")).first).to_be_visible()
    fits(screen)
    axe(screen)

    number = KitType.objects.get(name="Vehicle kit").pk
    screen.goto(f"/kits/assemble/?type=type-{number}&kits={carton.reference}")
    expect(screen.get_by_text(re.compile("fails the nitrile rule")).first).to_be_visible()
    fits(screen)
    axe(screen)
    mask = screen.get_by_label(re.compile("CPR or barrier mask good until"))
    mask.fill(f"{make.day(40):%m/%d/%Y}")
    screen.get_by_role("button", name="Assemble kits").click()
    expect(screen.get_by_role("heading", name="What next")).to_be_visible()
    kit = Kit.objects.get(kind="kit")
    assert kit.component_expires_on == make.day(40)

    screen.goto(kit.get_absolute_url())
    expect(screen.get_by_text("First to expire: CPR or barrier mask")).to_be_visible()
    fits(screen)
    axe(screen)
    screen.get_by_role("link", name="Renew or note CPR or barrier mask").click()
    fits(screen)
    axe(screen)
    screen.get_by_label(re.compile("Good until")).fill(f"{make.day(300):%m/%d/%Y}")
    screen.get_by_role("button", name="Note it").click()
    expect(screen.get_by_text("Noted: CPR or barrier mask, renewed.")).to_be_visible()
    fits(screen)
    axe(screen)


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_trainers_are_received_and_say_so_in_big_letters(open_page, axe, world, size):
    screen = open_page(*size)
    sign_in(screen, world[0])
    screen.goto("/kits/")
    screen.get_by_role("link", name="Receive trainers").click()
    fits(screen)
    axe(screen)
    screen.get_by_label(re.compile("Trainers of what")).fill("Spray trainer")
    screen.get_by_label(re.compile("How many")).fill("1")
    screen.get_by_role("button", name="Receive the trainers").click()
    expect(screen.get_by_role("link", name="Print 1 label")).to_be_visible()
    trainer = Kit.objects.get(kind="trainer")
    screen.goto(trainer.get_absolute_url())
    expect(screen.get_by_text("TRAINER", exact=True)).to_be_visible()
    fits(screen)
    axe(screen)
