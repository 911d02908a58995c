"""Tables that we give out, as CSV or XLSX: nothing in them is a formula, and they read back as they were."""

import codecs
import csv
import datetime as dt
import io
import itertools

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from safety_portal.tables.cells import FORMULA_SIGNS, GUARD

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
PIECE = 500  # rows a piece of CSV


def harmless(value):
    """A value for CSV: a text that a spreadsheet would work out begins with an apostrophe, which reading takes off.

    Figures and days of ours stay as they are; “-3” as a text is a text.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat(sep=" ", timespec="minutes") if isinstance(value, dt.datetime) else value.isoformat()  # fmt: skip
    text = str(value)
    return GUARD + text if text.startswith(FORMULA_SIGNS) else text


def csv_pieces(headings, rows):
    """CSV as bytes, piece by piece: UTF-8 with its mark, so that Excel knows it, commas, one kind of line end."""
    yield codecs.BOM_UTF8
    all_rows = itertools.chain([headings], rows)
    while piece := list(itertools.islice(all_rows, PIECE)):
        text = io.StringIO()
        csv.writer(text).writerows([harmless(value) for value in row] for row in piece)
        yield text.getvalue().encode()


def write_xlsx(target, sheets):
    """Write sheets {title: (headings, rows)} to an open file; each cell is a text, a figure or a day, never a formula."""
    book = Workbook(write_only=True)
    for title, (headings, rows) in sheets.items():
        sheet = book.create_sheet(title[:31])
        sheet.freeze_panes = "A2"
        for place in range(1, len(headings) + 1):
            sheet.column_dimensions[get_column_letter(place)].width = 22
        sheet.append([_cell(sheet, heading, bold=True) for heading in headings])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    book.save(target)


def _cell(sheet, value, *, bold=False):
    if isinstance(value, dt.datetime):
        value = harmless(value)  # with a zone in its heading; a spreadsheet's moments have none
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell = WriteOnlyCell(sheet, value="yes" if value is True else "no" if value is False else value)
    if isinstance(value, str):
        cell.data_type = "s"  # whatever it begins with
    if bold:
        cell.font = Font(bold=True)
    return cell


def xlsx_bytes(sheets):
    """The same in memory."""
    written = io.BytesIO()
    write_xlsx(written, sheets)
    return written.getvalue()
