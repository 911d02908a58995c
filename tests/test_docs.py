"""What the documents say is true of the code."""

import re
from pathlib import Path

import pytest
import states

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_picture_of_states_is_drawn_from_the_rules():
    assert states.TARGET.read_text() == states.page()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_opens_with_the_two_commands():
    first = (ROOT / "README.md").read_text().split("```")[1]

    assert [line.split("#")[0].strip() for line in first.strip().splitlines()] == [
        "make demo",
        "make test",
    ]


def test_every_make_target_that_the_documents_name_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)`", page.read_text())}

    assert named <= targets


def test_the_guide_shows_each_picture_that_is_taken_and_no_other():
    named = set(
        re.findall(r"\(pictures/([\w-]+)\.png\)", (ROOT / "docs/guide/README.md").read_text())
    )
    kept = {path.stem for path in (ROOT / "docs/guide/pictures").glob("*.png")}
    taken = set(
        re.findall(
            r'^    \("([\w-]+)", (?:None|"\w+"), "/',
            (ROOT / "tools/pictures.py").read_text(),
            re.MULTILINE,
        )
    )

    assert named == kept == taken
