"""A long note, a session that ends meanwhile: in Chromium nothing of it is lost."""

import pytest
from django.contrib.sessions.models import Session

from naloxone.models import Kit
from safety_portal.access import Role
from safety_portal.held import HeldForm
from tests.journeys.test_sign_in import PASSWORD, person, sign_in
from tests.naloxone import make
from tests.safety_portal import test_held

__all__ = ["person"]
pytestmark = pytest.mark.journey
NOTE = "\n".join(f"Line {n}: “quoted” & <marked>, for the handler's report." for n in range(40))


@pytest.fixture
def note_page(settings):
    """The portal with one page more: a note with everything a form may have."""
    settings.ROOT_URLCONF = test_held.__name__
    test_held.taken.clear()


def write(page, note=NOTE):
    page.goto("/note/")
    page.get_by_label("Note").fill(note)
    page.get_by_label("Kits").fill("K-214\nK-215")
    page.get_by_label("Your password").fill("the second person's secret")


def sign_in_again(page, person):
    """From the page one was led to, so that it leads back."""
    assert "What you typed is kept" in page.locator("main").inner_text()
    page.get_by_label("Email").fill(person.account.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/held/**")


def send_it(page):
    page.get_by_role("button", name="Send it now").click()
    page.wait_for_url("**/front/")
    return test_held.taken


def test_what_was_typed_survives_the_sessions_end(page, person, note_page, axe):
    sign_in(page, person)
    write(page)
    Session.objects.all().delete()
    page.get_by_role("button", name="Write it down").click()
    axe(page)

    sign_in_again(page, person)
    axe(page)
    shown = page.locator("main").inner_text()
    assert "Line 39: “quoted” & <marked>" in shown
    assert "Proof: passwords" in shown
    assert "second person's secret" not in page.content()
    (facts,) = send_it(page)

    assert facts["note"].splitlines() == NOTE.splitlines()
    assert facts["kits"] == ["K-214", "K-215"]
    assert facts["proof"] == ""
    assert not HeldForm.objects.exists()


def test_what_htmx_sends_survives_too(page, person, note_page):
    sign_in(page, person)
    write(page)
    Session.objects.all().delete()
    page.get_by_text("Send a part").click()
    page.wait_for_url("**/accounts/login/**")

    sign_in_again(page, person)
    (facts,) = send_it(page)

    assert facts["note"].splitlines() == NOTE.splitlines()


def test_a_form_from_before_signing_in_again_elsewhere_is_kept_too(page, person, note_page):
    sign_in(page, person)
    write(page)
    other = page.context.new_page()
    other.goto("/accounts/logout/")
    other.get_by_role("main").get_by_role("button", name="Sign out").click()
    sign_in(other, person)
    page.get_by_role("button", name="Write it down").click()
    page.wait_for_url("**/held/**")

    (facts,) = send_it(page)

    assert facts["note"].splitlines() == NOTE.splitlines()


def test_on_a_telephone_it_can_be_discarded(phone, person, note_page, axe):
    sign_in(phone, person)
    write(phone)
    Session.objects.all().delete()
    phone.get_by_role("button", name="Write it down").click()
    sign_in_again(phone, person)
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    axe(phone)
    phone.get_by_role("button", name="Discard it").click()
    phone.wait_for_url("**/front/")

    assert test_held.taken == []
    assert not HeldForm.objects.exists()


def test_a_delivery_typed_before_the_sessions_end_is_received_after_it(page, person, axe):
    make.grant(person, Role.COORDINATOR)
    make.product(name="Example nasal spray 4 mg")
    make.place(person, "Lane 3 cabinet")
    sign_in(page, person)
    page.goto("/kits/receive/")
    product = page.get_by_role("combobox", name="Product")
    product.fill("Example nasal")
    page.get_by_role("option", name="Example nasal").first.click()
    page.locator("[name=lot]").fill("LOT-A1")
    page.locator("[name=expires_on]").last.fill(f"{make.day(400):%m/%d/%Y}")
    page.locator("[name=cartons]").fill("3")
    page.get_by_text("Seals, lot, expiry and count agree").click()
    Session.objects.all().delete()
    page.get_by_role("button", name="Receive the delivery").click()

    sign_in_again(page, person)
    axe(page)
    page.get_by_role("button", name="Open it in its form").click()
    page.wait_for_url("**/kits/receive/")
    axe(page)
    assert page.locator("[name=lot]").input_value() == "LOT-A1"
    assert Kit.objects.count() == 0
    page.get_by_role("button", name="Receive the delivery").click()
    page.wait_for_url("**/kits/made/**")

    assert Kit.objects.filter(lot__number="LOT-A1").count() == 3
