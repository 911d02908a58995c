"""Documents on paper: tagged PDF (PDF/UA-1) from Typst templates. What people wrote goes in as data, never as markup."""

import json
import re
import subprocess
import sys
import unicodedata

from django.conf import settings
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from safety_portal.page import Page
from safety_portal.widgets.words import show_moment

TEMPLATES = settings.BASE_DIR / "templates" / "documents"
FONTS = settings.BASE_DIR / "safety_portal" / "static" / "built" / "documents"
TYPESETTER = settings.BASE_DIR / "safety_portal" / "typeset.py"
MOST_SECONDS = 20  # five times what 3,000 events take, and less than gunicorn waits for its worker

# PDF/UA allows no character without a glyph, so what our fonts don't draw, or draw as nothing, is told in words.
NOT_DRAWN = re.compile(
    "[^\n -~\xa0-\xac\xae-\u0131\u0134-\u0148\u014a-\u017e\u0218-\u021b\u1e80-\u1e85\u1ea0-\u1ef9"
    "\u0300-\u0304\u0306-\u030c\u0323\u0326-\u0328–—‘’‚“”„†‡•…‰‹›€™−≠≤≥≈]"
)


class DocumentError(Exception):
    """A document that could not be set; the text says where in the template, for its maker."""


def named(match):
    """A character as its number and name: [U+1F525 fire]."""
    character = match.group()
    name = unicodedata.name(character, "").lower()
    return f"[U+{ord(character):04X}{name and ' '}{name}]"


def drawable(facts):
    """The same facts, with every text made of characters that the fonts draw."""
    if isinstance(facts, str):
        return NOT_DRAWN.sub(named, unicodedata.normalize("NFC", facts))
    if isinstance(facts, dict):
        return {name: drawable(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [drawable(value) for value in facts]
    return facts


def told(facts, *, title, by, at):
    """What a template is given, as JSON: facts in characters that the fonts draw, and who prints them when."""
    given = {
        "portal": Page.name,
        "is_demo": Page.is_demo,
        "title": title,
        "printed_by": by.name,
        "printed_at": f"{show_moment(at, by.zone)} ({by.zone.key})",
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
        "facts": facts,
    }
    return json.dumps(drawable(given)).encode()


def render(template, facts, *, title, by, at):
    """templates/documents/<template>.typ as PDF bytes, printed by a person at a UTC moment.

    `facts` are texts, numbers, lists and dictionaries; the template finds them under that name. The
    same facts, person and moment give the same bytes. Raises DocumentError, and TimeoutExpired after
    MOST_SECONDS.
    """
    done = subprocess.run(
        [sys.executable, "-I", TYPESETTER, TEMPLATES, FONTS, template],
        input=told(facts, title=title, by=by, at=at),
        capture_output=True,
        env={},
        timeout=MOST_SECONDS,
        check=False,
    )
    if done.returncode:
        raise DocumentError(done.stderr.decode())
    return done.stdout


def answer(pdf, file_name):
    """The response that shows a document in the browser, and names it when it is saved."""
    headers = {"Content-Disposition": content_disposition_header(False, file_name)}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)
