"""Journeys: Chromium, a portal that serves it, and what a page must never do."""

import os
from pathlib import Path

import chromium
import pytest
from django.db import connections
from django.test.testcases import LiveServerThread
from playwright.sync_api import sync_playwright

AXE = Path(__file__).parent.parent / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
# Reported through a binding, so that what happens just before the next page is not lost.
WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  window.reportFault(`CSP ${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


@pytest.fixture
def live_portal(committed, settings):
    """The portal on a port of its own; yields its address. Static files come from WhiteNoise, as always."""
    thread = LiveServerThread("localhost", static_handler=lambda handler: handler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    settings.PUBLIC_URL = f"http://localhost:{thread.port}"
    yield settings.PUBLIC_URL
    thread.terminate()


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all journeys."""
    # Playwright's loop runs in this thread; Django would refuse its own queries beside it.
    # It also hides the connections that were opened before: they are closed first, or nobody can.
    connections.close_all()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        try:
            path = chromium.find(playwright)
        except chromium.NoChromium as error:
            pytest.exit(str(error), returncode=4)
        found = playwright.chromium.launch(executable_path=path, args=chromium.arguments())
        yield found
        found.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def watched(browser, address, faults, width=1200, height=900, **options):
    """A page of a person of its own (no cookie shared) whose faults are written down."""
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, locale="en-US", **options
    )
    context.set_default_timeout(10_000)
    context.expose_binding("reportFault", lambda source, text: faults.append(text))
    context.add_init_script(WATCH)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"Script error: {error}"))
    return page


@pytest.fixture
def open_page(browser, live_portal):
    """open_page(width, height): a page of a person of its own.

    A script error, or anything the Content-Security-Policy refused, fails the test at its end.
    """
    faults, pages = [], []

    def open_one(*size, **options):
        pages.append(watched(browser, live_portal, faults, *size, **options))
        return pages[-1]

    yield open_one
    for page in pages:
        page.context.close()
    assert faults == []


@pytest.fixture
def watched_page(browser, live_portal):
    """A page and the list of its faults, for the test that the alarm rings."""
    faults = []
    page = watched(browser, live_portal, faults)
    yield page, faults
    page.context.close()


@pytest.fixture
def page(open_page):
    """A page on a desk."""
    return open_page()


@pytest.fixture
def phone(open_page):
    """A page on a telephone."""
    return open_page(390, 844, has_touch=True, is_mobile=True)


@pytest.fixture
def axe():
    """axe(page): asserts that axe finds nothing against WCAG 2.1 AA on the page as it stands."""
    source = AXE.read_text()

    def look(page):
        page.wait_for_load_state()  # a click may have only begun to lead here
        page.evaluate(source)
        found = page.evaluate(
            "(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", WCAG
        )
        assert [
            f"{page.url} {fault['id']} ({fault['help']}): {node['target']} {node['html'][:200]}"
            for fault in found["violations"]
            for node in fault["nodes"]
        ] == []

    return look
