"""Documents: tagged as PDF/UA wants it, and whatever people wrote stands in them as they wrote it."""

import datetime as dt
import shutil
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from safety_portal import documents
from safety_portal.page import Page
from tests import paper

NOON = dt.datetime(2026, 11, 24, 18, 5, tzinfo=dt.UTC)
ROBIN = SimpleNamespace(name="Robin Example", zone=ZoneInfo("America/Chicago"))
TEMPLATE = """
#import "_frame.typ": *
#show: frame
= A heading
#facts.note
"""


@pytest.fixture
def letter(tmp_path, monkeypatch):
    """letter(note, …): a document with a heading and a note, as PDF bytes."""
    shutil.copy(documents.TEMPLATES / "_frame.typ", tmp_path)
    (tmp_path / "letter.typ").write_text(TEMPLATE)
    monkeypatch.setattr(documents, "TEMPLATES", tmp_path)

    def make(note="", *, by=ROBIN, at=NOON, template="letter"):
        return documents.render(template, {"note": note}, title="Letter L-1", by=by, at=at)

    return make


def test_a_document_is_tagged_and_says_its_title_and_language(letter):
    pdf, root = paper.read(letter("A note."))

    assert pdf.Root.MarkInfo.Marked
    assert pdf.Root.Lang == "en-US"
    assert pdf.docinfo.Title == "Letter L-1"
    assert pdf.Root.ViewerPreferences.DisplayDocTitle
    with pdf.open_metadata() as known:
        assert known["pdfuaid:part"] == "1"
    assert [part.text for part in root.all("H1")] == ["A heading"]
    assert [part.text for part in root.all("P")][-1] == "A note."


@pytest.mark.parametrize(
    "text",
    [
        '#eval("1+1") #import "x" #panic()', "*bold* _slanted_ `code` $x^2$ <label> @ref", "= Heading",
        "\\ // /* ~ -- --- ... 'single' \"double\"", "]) } #[", "Ñandú Đặng Łukasz “quoted” – 4 °C ½",
        "two  spaces", "W" * 500,
    ],
)  # fmt: skip
def test_what_people_wrote_stands_as_they_wrote_it(letter, text):
    _, root = paper.read(letter(text))

    assert [part.text for part in root.all("P")][-1] == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\U0001f525", "[U+1F525 fire]"),
        ("a\u202eb", "a[U+202E right-to-left override]b"),
        ("\u05d0", "[U+05D0 hebrew letter alef]"),
        ("\x07", "[U+0007]"),
        ("\ufeff", "[U+FEFF zero width no-break space]"),
        ("\ufffe", "[U+FFFE]"),
        ("\ue000", "[U+E000]"),
        ("soft\xadhyphen", "soft[U+00AD soft hyphen]hyphen"),
        ("e\u0301", "é"),
    ],
)
def test_what_can_not_be_drawn_is_told_by_number_and_name(letter, text, told):
    _, root = paper.read(letter(text))

    assert [part.text for part in root.all("P")][-1] == told


def test_whatever_counts_as_drawn_is_drawn(letter):
    drawn = [chr(n) for n in range(0x21, 0x10000) if not documents.NOT_DRAWN.match(chr(n))]

    _, root = paper.read(letter(" ".join(drawn)))

    assert len(drawn) > 400
    assert [part.text for part in root.all("P")][-1].split() == " ".join(drawn).split()


def margins(pdf):
    """What header and footer of the first page say; they are not tagged."""
    opened, _ = paper.read(pdf)
    return paper.texts(opened.pages[0])[None]


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("America/Chicago", "24 Nov 2026, 12:05 CST (America/Chicago)"),
        ("America/New_York", "24 Nov 2026, 13:05 EST (America/New_York)"),
    ],
)
def test_the_foot_says_who_printed_it_and_when_by_their_clock(letter, zone, told):
    said = margins(letter(by=SimpleNamespace(name="Robin Example", zone=ZoneInfo(zone))))

    assert f"Printed by Robin Example on {told}" in said
    assert "Page 1 of 1" in said


def test_a_demonstration_says_so_in_the_head_and_production_does_not(letter, monkeypatch):
    assert "DEMONSTRATION" in margins(letter())

    monkeypatch.setattr(Page, "is_demo", False)

    assert "DEMONSTRATION" not in margins(letter())
    assert "Safety portal" in margins(letter())


def test_the_same_moment_gives_the_same_bytes(letter):
    assert letter("x") == letter("x")
    assert letter("x") != letter("x", at=NOON + dt.timedelta(seconds=1))


def test_a_template_that_fails_says_where(letter, tmp_path):
    (tmp_path / "broken.typ").write_text('#import "_frame.typ": *\n#show: frame\n#facts.nothing\n')

    with pytest.raises(documents.DocumentError, match=r"nothing[^$]*broken\.typ:3"):
        letter(template="broken")


def test_without_the_fonts_it_says_how_to_get_them(letter, tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "FONTS", tmp_path)

    with pytest.raises(documents.DocumentError, match="make static"):
        letter()
