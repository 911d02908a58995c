"""Finds a Chromium for the browser journeys and the guide's pictures, or gets one."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
]


class NoChromium(Exception):
    """A sentence that says what to do."""


def arguments():
    """What to start it with; Chromium refuses its sandbox to root."""
    return [*QUIET, *(["--no-sandbox"] if os.getuid() == 0 else [])]


def installed():
    """The path of a Chromium the system has, or None."""
    chosen = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ([chosen] if chosen else NAMES))
    return next(filter(None, found), None)


def fetched(playwright):
    """The path of Playwright's own Chromium, if it has been fetched."""
    path = playwright.chromium.executable_path
    return path if path and os.path.exists(path) else None


def tried(*command):
    """Runs a command that may be refused; its words go to stderr."""
    return subprocess.run(command, check=False, stdout=sys.stderr).returncode == 0


def find(playwright):
    """A path to start: the system's, Playwright's, Debian's package, Playwright's download."""
    if path := installed() or fetched(playwright):
        return path
    if os.getuid() == 0 and shutil.which("apt-get"):
        install = ("apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium")
        if (tried(*install) or (tried("apt-get", "update", "-q") and tried(*install))) and (
            path := installed()
        ):
            return path
    if tried(sys.executable, "-m", "playwright", "install", "chromium") and (
        path := fetched(playwright)
    ):
        return path
    raise NoChromium(
        "The browser journeys need Chromium: install your system's package of it, or set CHROMIUM to "
        "its path."
    )
