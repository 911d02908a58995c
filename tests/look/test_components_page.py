"""The page of building blocks in Chromium: axe, the Content-Security-Policy, and what needs JavaScript."""

import pytest
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.utils import timezone

from safety_portal.access import Grant, Role, Scope
from safety_portal.people import Account, Component, Person, Region, Station

PASSWORD = "four words that nobody guesses"

pytestmark = pytest.mark.journey


def administrator():
    """Somebody who may see the page of building blocks."""
    component = Component.objects.create(code="OFO", name="Field operations")
    region = Region.objects.create(component=component, name="Laredo")
    station = Station.objects.create(
        region=region, code="LRD", name="Laredo", facility_type="land_port", state="TX",
        time_zone="America/Chicago",
    )  # fmt: skip
    person = Person.objects.create(
        kind="employee", given_name="Ana", family_name="Ortiz", station=station
    )
    account = Account(person=person, email="ana@agency.example")
    account.set_password(PASSWORD)
    account.save()
    Grant.objects.create(
        person=person, role=Role.ADMINISTRATOR, scope=Scope.EVERYWHERE,
        starts_at=timezone.now(), given_by=Person.objects.portal(),
    )  # fmt: skip
    return person


def sign_in(page, password=PASSWORD):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("ana@agency.example")
    page.get_by_label("Password", exact=False).first.fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture(params=["page", "phone"])
def screen(request, live_portal):
    """A desk and a telephone."""
    administrator()
    return request.getfixturevalue(request.param)


def test_every_building_block_passes_axe_and_the_policy(screen, axe):
    sign_in(screen)
    screen.goto("/components/")
    screen.wait_for_selector(".usa-combo-box--pristine, .usa-combo-box__input")

    axe(screen)

    width = screen.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, "the page is wider than the screen"


def test_a_wrong_password_is_said_at_the_top_with_focus(screen, axe):
    sign_in(screen, password="wrong")

    assert screen.locator("[data-error-summary]").evaluate("e => e === document.activeElement")
    axe(screen)


def test_the_look_up_finds_while_one_types(page, live_portal):
    administrator()
    sign_in(page)
    page.goto("/components/")

    page.locator("#id_receiver").press_sequentially("nog")
    page.locator("#id_receiver_options").get_by_text("Nogales, kennel").click()

    assert page.locator("#id_receiver_options input").is_checked()


def test_a_part_that_htmx_swaps_in_comes_alive(page, live_portal):
    administrator()
    sign_in(page)
    page.goto("/components/")

    page.evaluate("""() => {
        const part = document.createElement("div");
        part.id = "swapped";
        document.querySelector("main").append(part);
        htmx.swap(part, '<div class="usa-combo-box"><label for="z">Z</label><select class="usa-select" id="z"><option value="1">One</option></select></div>', {swapStyle: "innerHTML"});
    }""")

    page.wait_for_selector("#swapped .usa-combo-box__input")


def test_ticked_rows_bring_the_bulk_acts(page, live_portal):
    administrator()
    sign_in(page)
    page.goto("/components/")

    page.locator("label[for=all_kits-form]").click()

    assert page.locator("[data-ticked]").inner_text() == "4 kits chosen"
    assert page.get_by_role("button", name="Hand over").is_visible()


def test_now_fills_day_and_time_of_the_stations_clock(page, live_portal):
    administrator()
    sign_in(page)
    page.goto("/components/")
    page.locator("#id_at_0, #id_at_1").last.fill("")

    page.get_by_role("button", name="Now").first.click()

    assert page.locator("#id_at_1").input_value() != ""
    assert page.locator("#id_at_0").input_value().count("/") == 2


def test_without_javascript_the_form_finds_and_keeps_what_was_typed(open_page):
    administrator()
    page = open_page(java_script_enabled=False)
    sign_in(page)
    page.goto("/components/")

    page.locator("#id_name").fill("Kennel 4")
    page.locator("#id_receiver").fill("nog")
    page.locator("form:has(#id_receiver) [data-find]").first.click()

    assert page.locator("#id_name").input_value() == "Kennel 4"
    assert page.locator("#id_receiver_options").get_by_text("Nogales, kennel").is_visible()


def code_for(secret):
    """The six digits that an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_two_step_sign_in_is_set_up_used_and_turned_off(screen, axe):
    sign_in(screen)
    screen.wait_for_url(lambda url: "login" not in url)

    screen.goto("/accounts/2fa/")
    axe(screen)
    screen.get_by_role("link", name="Set up two-step sign-in").click()
    if screen.get_by_role("heading", name="Is it still you?").is_visible():
        axe(screen)
        screen.get_by_label("Password", exact=False).first.fill(PASSWORD)
        screen.get_by_role("button", name="It is me").click()
    axe(screen)
    screen.get_by_label("Authenticator code").fill("000")
    screen.get_by_role("button", name="Turn on").click()
    axe(screen)
    secret = screen.locator(".portal-copy__text").inner_text()
    screen.get_by_label("Authenticator code").fill(code_for(secret))
    screen.get_by_role("button", name="Turn on").click()

    assert screen.get_by_role("heading", name="Your recovery codes").is_visible()
    assert screen.locator(".portal-code-list li").count() == 10
    axe(screen)
    for address in ("", "recovery-codes/generate/", "totp/deactivate/"):
        screen.goto(f"/accounts/2fa/{address}")
        axe(screen)


@pytest.mark.parametrize(
    "address",
    [
        "login/",
        "signup/",
        "password/reset/",
        "password/reset/done/",
        "password/reset/key/1-abc/",
        "inactive/",
    ],
)
def test_pages_before_sign_in_pass_axe(phone, axe, address):
    phone.goto(f"/accounts/{address}")

    axe(phone)
