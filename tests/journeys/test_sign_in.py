"""Signing in, in Chromium: with a password, with a code, after forgetting the password; nobody signs up."""

import re
import time

import pytest
from allauth.mfa.totp.internal import auth

from safety_portal.people import Person
from tests.naloxone import make

PASSWORD = "correct horse battery staple"
pytestmark = pytest.mark.journey


@pytest.fixture
def person(live_portal):
    found = make.person()
    found.account.set_password(PASSWORD)
    found.account.save()
    return found


def sign_in(page, person, password=PASSWORD):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.account.email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def send(page):
    page.locator("main form button[type=submit]").first.click()


def sign_out(page):
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()


def code_of(secret):
    """The present code; not in the last seconds of its half minute."""
    if (left := 30 - time.time() % 30) < 5:
        time.sleep(left)
    return auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30))


def test_who_signs_in_comes_to_the_page_they_wanted(page, person, axe):
    page.goto("/alerts/")
    assert "/accounts/login/?next=/alerts/" in page.url
    page.get_by_label("Email").fill(person.account.email.upper())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/alerts/")
    axe(page)

    sign_out(page)
    page.goto("/alerts/")
    assert "/accounts/login/" in page.url


def test_a_wrong_password_is_said_in_a_sentence(page, person, axe):
    sign_in(page, person, "wrong horse")

    assert "not correct" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Email").input_value() == person.account.email
    axe(page)


def test_after_many_wrong_passwords_one_is_told_to_wait(page, person, axe):
    for _ in range(5):
        sign_in(page, person, "wrong horse")
    sign_in(page, person)

    assert "Too many" in page.get_by_role("alert").inner_text()
    axe(page)


def test_two_step_sign_in_is_set_up_and_used(page, person, axe):
    sign_in(page, person)
    page.goto("/accounts/2fa/")
    axe(page)
    page.get_by_role("link", name="Set up two-step sign-in").click()
    # What changes how one signs in asks anew, and leads back.
    page.wait_for_url("**/reauthenticate/**")
    axe(page)
    page.get_by_label("Password").fill(PASSWORD)
    send(page)
    page.wait_for_url("**/totp/activate/")
    secret = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("Code").fill("000000")
    send(page)
    assert "Incorrect code" in page.locator("main").inner_text()
    axe(page)
    page.get_by_label("Code").fill(code_of(secret))
    send(page)
    page.wait_for_url("**/recovery-codes/")
    axe(page)

    sign_out(page)
    sign_in(page, person)
    page.wait_for_url("**/2fa/authenticate/")
    axe(page)
    page.goto("/alerts/")
    page.wait_for_url("**/2fa/authenticate/**")  # the password alone opens nothing
    page.get_by_label("Code").fill(code_of(secret))
    send(page)

    page.goto("/alerts/")
    assert "/alerts/" in page.url


def test_a_forgotten_password_is_chosen_anew_by_a_link_in_a_mail(page, person, worker, sink, axe):
    page.goto("/accounts/password/reset/")
    axe(page)
    page.get_by_label("Email").fill(person.account.email)
    send(page)
    page.wait_for_url("**/password/reset/done/")
    axe(page)

    (mail,) = mails(sink, 1)
    assert mail["To"] == person.account.email
    assert mail["Subject"] == "Choose a new password for the safety portal"
    page.goto(re.search(r"http://\S+", mail.get_content()).group())
    axe(page)
    for field in page.locator("main input[type=password]").all():
        field.fill("staple battery horse correct")
    send(page)
    page.wait_for_url("**/password/reset/key/done/")
    axe(page)
    sign_in(page, person)
    assert "not correct" in page.get_by_role("alert").inner_text()
    sign_in(page, person, "staple battery horse correct")
    page.goto("/alerts/")

    assert page.url.endswith("/alerts/")
    assert "reset" in mails(sink, 2)[1].get_content()  # and the owner is told that it happened
    page.goto(re.search(r"http://\S+", mail.get_content()).group())
    assert "This link does not work any more" in page.locator("main").inner_text()
    axe(page)


def mails(sink, count):
    deadline = time.monotonic() + 15
    while len(sink.mails) < count:
        assert time.monotonic() < deadline, f"{len(sink.mails)} mails of {count}"
        time.sleep(0.05)
    return sink.mails


def test_nobody_signs_up(page, live_portal, axe):
    page.goto("/accounts/signup/")

    assert "invitation" in page.locator("main").inner_text()
    assert page.locator("main input").count() == 0
    axe(page)


def test_who_left_is_signed_out_and_told(page, person, axe):
    sign_in(page, person)
    page.goto("/alerts/")
    Person.objects.filter(pk=person.pk).update(left_on="2026-01-01")
    page.reload()
    assert "/accounts/login/" in page.url

    sign_in(page, person)
    page.wait_for_url("**/accounts/inactive/")
    axe(page)
