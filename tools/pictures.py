"""Takes the guide's pictures from a running demo, so that they show the pages as they are.

make demo &        and then
python tools/pictures.py [http://localhost:8000]
"""

import sys
from pathlib import Path

import chromium
from playwright.sync_api import sync_playwright

TARGET = Path(__file__).resolve().parent.parent / "docs" / "guide" / "pictures"
PASSWORD = "demo safety portal 2026"
# Numbers of kits differ from demo to demo: these pictures are of the first one on their page.
KIT = "main a[href^='/kits/K-']"
FOLLOWED = {"kit": [KIT], "inspect": [KIT, "main a[href$='/inspect/']"]}
# This one is of what the browser shows once it is a terminal.
ENROLLED = {"counter"}
DESK, PHONE = {"width": 1100, "height": 760}, {"width": 390, "height": 760}
# name of the picture, who looks, which page, on what
PICTURES = [
    ("sign-in", None, "/accounts/login/", DESK),
    ("home-officer", "officer", "/", PHONE),
    ("hand-overs", "officer", "/hand-overs/", PHONE),
    ("record-use", "officer", "/uses/new/", PHONE),
    ("inspect", "officer", "/my-kits/", PHONE),
    ("home-supervisor", "supervisor", "/", DESK),
    ("counter", "supervisor", "/terminals/enrol/", DESK),
    ("home-coordinator", "coordinator", "/", DESK),
    ("kits", "coordinator", "/kits/", DESK),
    ("receive", "coordinator", "/kits/receive/", DESK),
    ("kit", "officer", "/my-kits/", DESK),
    ("people", "admin", "/people/", DESK),
]


def sign_in(page, address, who):
    page.goto(f"{address}/accounts/login/")
    page.fill("[name=login]", f"{who}@portal.example")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{address}/")


def enrol(page):
    page.fill("[name=name]", "Muster room counter")
    page.click("main button[type=submit]")
    page.wait_for_url("**/terminal/")


def revoke(page, address, who):
    """The name is free again for the next pictures."""
    sign_in(page, address, who)
    page.goto(f"{address}/terminals/")
    page.locator("tr", has_text="Muster room counter").locator("a[href$='/revoke/']").click()
    page.wait_for_url("**/revoke/")
    page.click("main button[type=submit]")
    page.wait_for_url("**/terminals/")


def take(browser, address):
    for name, who, path, size in PICTURES:
        page = browser.new_page(viewport=size)
        if who:
            sign_in(page, address, who)
        answer = page.goto(address + path)
        if answer.status != 200:
            sys.exit(f"{path} answers {answer.status}; no picture taken.")
        for link in FOLLOWED.get(name, ()):
            where = page.locator(link).first.get_attribute("href")
            page.locator(link).first.click()
            page.wait_for_url(f"**{where}")
        if name in ENROLLED:
            enrol(page)
        page.screenshot(path=TARGET / f"{name}.png")
        if name in ENROLLED:
            revoke(page, address, who)
        page.close()
        print(name)


def main():
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium.find(play), args=chromium.arguments()
        )
        take(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
