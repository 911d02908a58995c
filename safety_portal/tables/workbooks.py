"""XLSX, read as a stream: refused before it is unpacked when it would be too much; values only, never a formula."""

import datetime as dt
import io
import itertools
import re
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from safety_portal.tables.cells import (
    FORMULA_SIGNS,
    GUARD,
    NO_VALUE,
    Limits,
    Row,
    TableError,
    check_width,
    checked_cell,
)

EMPTY_ROWS = 10_000  # so many rows without a word end a sheet

_NOT_XLSX = (
    "This is no XLSX file that can be read. Open it in a spreadsheet and save it as XLSX or CSV."
)
_FAULTS = (
    zipfile.BadZipFile, InvalidFileException, DefusedXmlException, ParseError, KeyError, ValueError, TypeError,
    AttributeError, IndexError, OSError, EOFError, RuntimeError, NotImplementedError, SyntaxError, OverflowError,
)  # fmt: skip


def check_package(content: bytes, limits: Limits) -> None:
    """Raise TableError for a packed file that would unpack to more than is read: looked up in its list, not unpacked.

    What the list says is what can come out: zipfile stops there.
    """
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except zipfile.BadZipFile as error:
        raise TableError(_NOT_XLSX) from error
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise TableError(
            "This is an OpenDocument table. Save it as XLSX or CSV."
            if "content.xml" in names
            else _NOT_XLSX
        )
    if any(part.flag_bits & 1 for part in parts):
        raise TableError("The file has a password. Save it without one.")
    unpacked = sum(part.file_size for part in parts)
    packed = max(sum(part.compress_size for part in parts), 1)
    if unpacked > limits.unpacked or unpacked > limits.ratio * packed or len(parts) > 1000:
        raise TableError(
            f"Unpacked, this file would have {unpacked / 1e6:,.0f} MB, {unpacked // packed:,} times its size. That is no "
            "table as people make them, so it was not opened. Copy the rows into a new file, or save it as CSV."
        )


def read_workbook(content: bytes, limits: Limits) -> tuple[Iterator[Row], list[str]]:
    """The rows of the first sheet one sees, as one goes, and how it was read. Raises TableError."""
    check_package(content, limits)
    if _has_doctype(content):
        raise TableError(_NOT_XLSX)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = book.worksheets
        visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    except _FAULTS as error:
        raise TableError(_NOT_XLSX) from error
    if len(sheets) > limits.sheets:
        raise TableError(f"The file has more than {limits.sheets} sheets. Leave only the one to import.")  # fmt: skip
    if not visible:
        raise TableError("The file has no sheet that can be seen. Unhide the one to import.")
    sheet = visible[0]
    formulas = iter(())
    try:
        marks = _marks_of(sheet)
        if FORMULAS in marks:
            again = load_workbook(io.BytesIO(content), read_only=True).worksheets
            formulas = _cells_of(again[sheets.index(sheet)], limits)
    except _FAULTS as error:
        raise TableError(_NOT_XLSX) from error
    rows = _rows(_cells_of(sheet, limits), formulas, limits)
    return rows, [*_said_of_sheets(sheets, sheet), *marks]


def _cells_of(sheet, limits: Limits):
    """The values of a sheet, row by row."""
    sheet.reset_dimensions()  # what the file says of its own size may be wrong
    return sheet.iter_rows(values_only=True, max_col=limits.columns + 1)


def _has_doctype(content: bytes) -> bool:
    """Whether a part declares entities, which no spreadsheet does."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                try:
                    with package.open(name) as part:
                        if b"<!DOCTYPE" in part.read(4000).upper().replace(b"\x00", b""):
                            return True
                except _FAULTS as error:
                    raise TableError(_NOT_XLSX) from error
    return False


def _said_of_sheets(sheets, chosen) -> list[str]:
    hidden = [s.title for s in sheets if s.sheet_state != "visible"]
    others = [s.title for s in sheets if s is not chosen and s.title not in hidden]
    notes = [f"The sheet “{chosen.title}” was read."]
    if others:
        notes.append(f"Not read: {_named(others)}. Only the first sheet is.")
    if hidden:
        notes.append(f"Hidden, so not read: {_named(hidden)}.")
    return notes


def _named(titles: list[str], most: int = 5) -> str:
    more = len(titles) - most
    return ", ".join(f"“{t}”" for t in titles[:most]) + (f" and {more} more" if more > 0 else "")


FORMULAS = "Of formulas, the values that were last worked out are read."
MARKS = {
    b"<f[ >/]": FORMULAS,
    b"<mergeCell[ s>]": "Of merged cells, only the first one has a value; the others are read as empty.",
    rb'<(?:row|col) [^>]*hidden="(?:1|true)"': "Hidden rows and columns are read too.",
}
LONGEST_MARK = 500  # bytes


def _marks_of(sheet) -> list[str]:
    """What openpyxl does not say when it streams: formulas, merged and hidden cells, each as a sentence."""
    found = set()
    tail = b""
    with sheet._get_source() as part:
        while chunk := part.read(1 << 20):
            window = tail + chunk
            found |= {mark for mark in MARKS.keys() - found if re.search(mark, window)}
            tail = chunk[-LONGEST_MARK:]
    return [said for mark, said in MARKS.items() if mark in found]


def _rows(rows, formulas, limits: Limits) -> Iterator[Row]:
    pairs = itertools.zip_longest(rows, formulas, fillvalue=())
    number = empty = 0
    while True:
        number += 1
        try:
            values, formulas = next(pairs)
        except StopIteration:
            return
        except _FAULTS as error:
            raise TableError(_NOT_XLSX) from error
        texts = [
            text_of(value, formula)
            for value, formula in itertools.zip_longest(values or (), formulas or ())
        ]
        while texts and not texts[-1]:
            texts.pop()
        check_width(texts, limits, number)
        empty = 0 if texts else empty + 1
        if empty > EMPTY_ROWS:
            return
        if texts:
            yield Row(number, tuple(checked_cell(text, number) for text in texts))


def text_of(value, formula=None) -> str:
    """A cell's value as text: days as 2026-11-24, whole numbers without a point, a formula without a value as NO_VALUE."""
    if value is None:
        return NO_VALUE if isinstance(formula, str) and formula.startswith("=") else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        if value.time() == dt.time():
            return value.date().isoformat()
        return value.isoformat(sep=" ", timespec="seconds" if value.second else "minutes")
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    text = str(value).strip()
    # A text cell is no formula, whatever it begins with: it was typed so.
    return GUARD + text if text.startswith(FORMULA_SIGNS) else text
