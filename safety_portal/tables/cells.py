"""What every table is made of: how much is read, a row, and what a cell says as text."""

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 10_000  # characters of a cell
# A spreadsheet takes a text that begins so for a formula; what we write is kept from that by an apostrophe.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
GUARD = "'"
SPECIAL = (GUARD, "=")  # a cell that begins so is looked at closely
# A formula that was never worked out: a file shows no value of it.
NO_VALUE = "\ufffcformula without a value"

_QUOTED_TEXT = re.compile(r'^="([^"]*)"$')  # how people keep Excel from eating zeros
# What can't be seen and means nothing in a cell.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


class TableError(Exception):
    """Why a file can't be read as a table; the text is fit to show."""

    def __init__(self, message: str, field: str = "file") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Limits:
    """How much of a file is read. Beyond it a sentence is given instead."""

    size: int  # bytes, as sent
    unpacked: int  # bytes of an XLSX once unpacked
    ratio: int  # how many times smaller than its content a packed file may be
    rows: int  # below the headings
    columns: int
    sheets: int


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet counts, its cells as text."""

    number: int
    cells: tuple[str, ...]


def _one_line_end(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\u00a0", " ").strip()


def plain(text: str) -> str:
    """A cell's text: composed, without what can't be seen, outer white space and the guard against formulas."""
    if text.isascii():
        text = text.strip()
        if text[:1] not in SPECIAL and "\r" not in text:
            return text  # most cells of a large file
    text = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    if text.startswith(GUARD) and text[1:2] in FORMULA_SIGNS:
        return _one_line_end(text[1:])
    text = _one_line_end(text)
    if quoted := _QUOTED_TEXT.match(text):
        return quoted[1].strip()
    return NO_VALUE if text.startswith("=") else text


def checked_cell(text: str, number: int) -> str:
    if len(text) > LONGEST:
        raise TableError(
            f"A cell of row {number} has {len(text):,} characters. If a quotation mark was left open "
            "before it, the rest of the file ran into it: close it, and send the file again."
        )
    return plain(text)


def check_width(cells: list[str], limits: Limits, number: int) -> None:
    if len(cells) > limits.columns:
        raise TableError(
            f"Row {number} has more than {limits.columns} columns. Leave out what is not asked for."
        )
