"""Signing in and looking at a page, as every journey does."""

from urllib.parse import urlsplit

SECRET = "four words that nobody guesses"


def may_sign_in(*people):
    """Give people the secret of the journeys."""
    for person in people:
        person.account.set_password(SECRET)
        person.account.save()


def sign_in_as(page, address, secret=SECRET):
    """Sign in with an e-mail address, and wait for the front page itself."""
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password", exact=False).first.fill(secret)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/")


def sign_in(page, person):
    sign_in_as(page, person.account.email)


# Cells of tables that have become cards whose label has no room: it would stand outside the card, or on the figure.
SQUEEZED = """
[...document.querySelectorAll(".portal-table tbody [data-label]:not([data-label=''])")].filter((cell) => {
  const label = getComputedStyle(cell, "::before");
  return label.content !== "none" && cell.offsetParent
    && parseFloat(getComputedStyle(cell).paddingLeft) < parseFloat(label.width);
}).map((cell) => cell.dataset.label)
"""


def fits(page):
    """Nothing is wider than the screen, and every figure has its name beside it."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    assert page.evaluate(SQUEEZED) == [], page.url
