"""The sign-in page in Chromium, and that the journeys' own alarm rings."""

import pytest


@pytest.mark.journey
def test_a_stranger_is_asked_to_sign_in(page, axe):
    page.goto("/")

    assert "/accounts/login/" in page.url
    axe(page)


@pytest.mark.journey
def test_the_sign_in_page_fits_a_telephone(phone, axe):
    phone.goto("/")

    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    axe(phone)


@pytest.mark.journey
def test_what_the_policy_refuses_is_noticed(watched_page):
    page, faults = watched_page
    page.goto("/healthz")
    assert faults == []

    page.goto("/accounts/login/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    page.evaluate("setTimeout(() => { throw new Error('broken') })")
    page.wait_for_timeout(100)

    assert [fault.split(":")[0] for fault in faults] == ["CSP style-src-attr", "Script error"]
