"""A handler weighs the dog, makes its dose card and prints it; the canine programme sees which cards hold no more."""

import re

import pytest
from playwright.sync_api import expect

from safety_portal.access import Role, Scope
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.training import make
from training.models import DoseCard
from training.rules import Kind

pytestmark = pytest.mark.journey


@pytest.fixture
def world(live_portal):
    station = make.station("Laredo Bridge")
    handler = make.person(station, name="Hazel")
    programme = make.person(station, Role.CANINE_PROGRAMME, scope=Scope.EVERYWHERE, name="Jasmine")
    may_sign_in(handler, programme)
    make.in_force(make.author(station), Kind.CANINE_DOSE)
    return {"handler": handler, "programme": programme, "dog": make.canine(handler)}


@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_a_dog_is_weighed_and_its_card_is_made_and_printed(open_page, axe, world, size):
    screen = open_page(*size)
    sign_in(screen, world["handler"])
    expect(screen.get_by_role("heading", name="My dogs")).to_be_visible()
    axe(screen)
    screen.get_by_role("link", name=re.compile("dose and card")).click()
    expect(screen.get_by_text("No dose can be worked out")).to_be_visible()
    fits(screen)
    axe(screen)
    screen.get_by_role("link", name=re.compile("^Weigh")).click()
    fits(screen)
    axe(screen)
    screen.get_by_label("Weight in kilograms").fill("31.5")
    screen.get_by_role("button", name="Record the weight").click()
    expect(screen.get_by_text("1 dose of Naloxone 4 mg nasal spray")).to_be_visible()
    axe(screen)
    screen.get_by_role("button", name="Make the dose card").click()
    expect(screen.get_by_role("link", name="Print the card")).to_be_visible()
    fits(screen)
    axe(screen)
    card = DoseCard.objects.get()
    answer = screen.request.get(f"/dose-cards/{card.reference}/card.pdf")
    assert answer.body().startswith(b"%PDF")

    make.weigh(world["dog"], world["handler"], "33", on=card.weight.weighed_on)
    other = open_page(*size)
    sign_in(other, world["programme"])
    other.goto("/dose-cards/?show=stale")
    expect(other.get_by_text("it was weighed again since")).to_be_visible()
    fits(other)
    axe(other)
