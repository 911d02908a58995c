"""CSV in any of its dialects: which encoding and which separator is found out, and said."""

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator

from safety_portal.tables.cells import Limits, Row, TableError, check_width, checked_cell

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright strokes"}
SNIFFED = 20  # rows that are looked at to find the separator

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "It is an old Excel file (.xls), or one with a password. Save it as .xlsx without a password."),
    (b"%PDF", "It is a PDF. Send the table that it was made from, as CSV or XLSX."),
    (b"\x89PNG", "It is a picture. Send the table itself, as CSV or XLSX."),
    (b"\xff\xd8\xff", "It is a picture. Send the table itself, as CSV or XLSX."),
    (b"\x1f\x8b", "It is packed (gzip). Unpack it first."),
    (b"Rar!", "It is packed (RAR). Unpack it first."),
    (b"7z\xbc\xaf", "It is packed (7z). Unpack it first."),
    (b"{\\rtf", "It is a text document. Send the table as CSV or XLSX."),
    (b"<!DOCTYPE", "It is a web page. Save the table as CSV or XLSX."),
    (b"<html", "It is a web page. Save the table as CSV or XLSX."),
)  # fmt: skip


def check_kind(content: bytes) -> None:
    """Raise TableError for what is known to be no table."""
    for head, sentence in _OTHERS:
        if content[: len(head)].lower() == head.lower():
            raise TableError(sentence)


def decoded(content: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding. Raises TableError."""
    for bom, codec, name in _BOMS:
        if content.startswith(bom):
            return _decoded(content, codec, name)
    head = content[:4000]
    # Letters of ours have a zero byte beside each of them: where it stands says which half comes first.
    for codec, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if zeros.count(0) > len(zeros) * 0.4:
            return _decoded(content, codec, "UTF-16")
    if b"\x00" in head:
        raise TableError("This file is no table. Save it as CSV or XLSX.")
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return _decoded(content, "cp1252", "Windows-1252")


def _decoded(content: bytes, codec: str, name: str) -> tuple[str, str]:
    try:
        return content.decode(codec), name
    except UnicodeDecodeError as error:
        raise TableError(
            f"The file looks like {name}, but byte {error.start:,} is none of its characters. "
            "Save it as “CSV UTF-8” and send it again."
        ) from error


def separator_of(lines: list[str]) -> str:
    """What parts the columns: the sign that gives most cells in the first row, and as many in the others.

    A logger writes words before its headings: then it is the sign that parts most rows alike, a comma last, since it
    may stand in the figures.
    """

    def fit(sign: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=sign) if row]
        same = sum(width == widths[0] for width in widths) if widths else 0
        return (same if widths and widths[0] > 1 else 0, widths[0] if widths else 0)

    def alike(sign: str) -> int:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=sign) if len(row) > 1)
        return max(widths.values(), default=0)

    try:
        best = max(SEPARATORS, key=fit)
        if fit(best)[0] * 2 >= len(lines):
            return best
        return max((";", "\t", "|", ","), key=alike)
    except csv.Error as error:
        raise TableError(_broken(1)) from error


def _broken(number: int) -> str:
    return (
        f"Row {number} can't be read: a quotation mark is left open or stands inside a cell. "
        "Put the whole cell in quotation marks and double those inside it."
    )


def read_delimited(content: bytes, limits: Limits) -> tuple[Iterator[Row], list[str]]:
    """The rows of a CSV file as one goes, and how it was read. Raises TableError."""
    text, encoding = decoded(content)
    if "\x00" in text:
        raise TableError("This file is no table. Save it as CSV or XLSX.")
    told = re.match(r"^sep=(.)\r?\n", text)  # a line that Excel itself writes and reads
    first = 1 if told else 0
    text = text[told.end() :] if told else text
    lines = list(itertools.islice(io.StringIO(text, newline=None), SNIFFED))
    sign = told[1] if told and told[1] in SEPARATORS else separator_of(lines)
    note = f"Read as {encoding}, columns parted by {SEPARATORS[sign]}."
    return _csv_rows(text, sign, first, limits), [note]


def _csv_rows(text: str, sign: str, first: int, limits: Limits) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    number = first
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(_broken(number)) from error
        check_width(cells, limits, number)
        row = Row(number, tuple(checked_cell(cell, number) for cell in cells))
        if any(row.cells):
            yield row
