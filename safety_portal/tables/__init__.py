"""Tables that people send: CSV in any of its dialects and XLSX, as plain text, never trusted. No database, no request.

What a file turns out to be (its encoding, its separator, the sheet that was read) is said, so that a wrong guess is seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from openpyxl.utils import get_column_letter

from safety_portal.tables.cells import NO_VALUE, Limits, Row, TableError, plain
from safety_portal.tables.delimited import check_kind, read_delimited
from safety_portal.tables.workbooks import read_workbook

__all__ = [
    "NO_VALUE",
    "Limits",
    "Row",
    "Table",
    "TableError",
    "check_size",
    "plain",
    "read_rows",
    "read_table",
]


@dataclass(frozen=True)
class Table:
    """Headings, the rows under them (read as one goes), and what was found out about the file."""

    kind: str  # csv or xlsx
    headings: tuple[str, ...]
    rows: Iterator[Row]
    notes: tuple[str, ...] = field(default=())


def read_table(content: bytes, limits: Limits) -> Table:
    """A file whose first row that holds anything is its headings. Raises TableError, also while rows are read."""
    kind, rows, notes = read_rows(content, limits)
    head = next(rows, None)
    if head is None:
        raise TableError("The file holds no row. Fill in the template and send that.")
    headings = _headings(head.cells)
    below = _bounded(rows, width=len(headings), most=limits.rows)
    return Table(kind, headings, below, tuple(notes))


def read_rows(content: bytes, limits: Limits) -> tuple[str, Iterator[Row], list[str]]:
    """Every row that holds anything, headings or not: (csv or xlsx, rows, what was found out). Raises TableError."""
    check_size(len(content), limits)
    if not content:
        raise TableError("The file is empty. Choose it again, or another.")
    if content.startswith(b"PK"):
        return "xlsx", *read_workbook(content, limits)
    check_kind(content)
    return "csv", *read_delimited(content, limits)


def check_size(size: int, limits: Limits) -> None:
    """Raise TableError for a file of more bytes than are read."""
    if size > limits.size:
        raise TableError(
            f"At most {limits.size / 1e6:.0f} MB; this file has {size / 1e6:.0f} MB. "
            "Send it in parts, each with the headings."
        )


def _headings(cells: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the columns, each once. Raises TableError."""
    width = max((n for n, cell in enumerate(cells, start=1) if cell), default=0)
    found = tuple(
        cell or f"Column {get_column_letter(n)}" for n, cell in enumerate(cells[:width], start=1)
    )
    lower = [name.casefold() for name in found]
    twice = next((name for name in found if lower.count(name.casefold()) > 1), None)
    if twice:
        raise TableError(f"Two columns are called “{twice}”. Give each a heading of its own.")
    return found


def _bounded(rows: Iterator[Row], *, width: int, most: int) -> Iterator[Row]:
    """Rows as wide as the headings, and no more of them than are taken. Raises TableError."""
    for count, row in enumerate(rows, start=1):
        if count > most:
            raise TableError(
                f"The file has more than {most:,} rows. Send it in parts, each with the headings."
            )
        over = next((cell for cell in row.cells[width:] if cell), None)
        if over is not None:
            raise TableError(
                f"Row {row.number} has more cells than there are headings: “{over[:40]}” stands under none. "
                "Give its column a heading, or put text that holds a separator in quotation marks."
            )
        cells = row.cells[:width]
        yield Row(row.number, cells + ("",) * (width - len(cells)))
