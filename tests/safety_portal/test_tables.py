"""Files that people send as tables: every dialect is read and said, everything else is refused in a sentence."""

import datetime as dt
import io
import zipfile

import pytest
from openpyxl import Workbook
from openpyxl.chart import PieChart, Reference

from safety_portal import tables
from safety_portal.tables import NO_VALUE, Limits, TableError, delimited, read_table
from safety_portal.tables.delimited import decoded
from safety_portal.tables.workbooks import text_of

LIMITS = Limits(size=1_000_000, unpacked=5_000_000, ratio=100, rows=20, columns=10, sheets=3)
ROWS = "Lot;Place\nA1;Café\n"


def read(content, **limits):
    """Headings, rows as (number, cells), and what was said."""
    content = content.encode() if isinstance(content, str) else content
    table = read_table(content, Limits(**{**vars(LIMITS), **limits}))
    return table.headings, [(row.number, row.cells) for row in table.rows], " ".join(table.notes)


def refused(content, **limits):
    with pytest.raises(TableError) as caught:
        read(content, **limits)
    return str(caught.value)


def moment(*parts):
    """A day and a time as a spreadsheet has them: in no zone."""
    return dt.datetime(*parts)  # noqa: DTZ001


def workbook(*rows, change=lambda book: None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def package(**parts):
    """A packed file of such parts; “__” in a name is a slash."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in parts.items():
            target.writestr(name.replace("__", "/") + ".xml", text)
    return written.getvalue()


# --- CSV ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_a_file_is_read_in_whatever_encoding_it_comes(codec, name):
    headings, rows, notes = read(ROWS.encode(codec))

    assert headings == ("Lot", "Place")
    assert rows == [(2, ("A1", "Café"))]
    assert notes == f"Read as {name}, columns parted by semicolons."


@pytest.mark.parametrize(
    ("sign", "name"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "upright strokes")]
)  # fmt: skip
def test_the_separator_is_found_out_and_said(sign, name):
    text = ROWS.replace(";", sign)

    assert read(text)[1:] == ([(2, ("A1", "Café"))], f"Read as UTF-8, columns parted by {name}.")


def test_a_comma_within_a_cell_is_not_the_separator():
    assert read("Lot;Place\nA1;Laredo, bridge 2\n")[1] == [(2, ("A1", "Laredo, bridge 2"))]


def test_the_line_that_excel_writes_for_its_separator_counts_as_a_row_and_is_believed():
    headings, rows, notes = read("sep=;\nLot;A,B\n1;2\n")

    assert headings == ("Lot", "A,B")
    assert rows == [(3, ("1", "2"))]
    assert "semicolons" in notes


def test_a_separator_that_nobody_uses_is_found_out_anew():
    assert read("sep=#\nLot,Place\n1,2\n")[1] == [(3, ("1", "2"))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_one(end):
    assert read(f"Lot,Place{end}{end}1,2{end}")[1] == [(3, ("1", "2"))]


def test_a_cell_may_hold_lines_and_its_row_counts_once():
    assert read('Lot,Note\n1,"a\r\nb"\n2,c\n')[1] == [(2, ("1", "a\nb")), (3, ("2", "c"))]


def test_one_column_is_a_table_too():
    assert read("Lot\nA1\n")[:2] == (("Lot",), [(2, ("A1",))])


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        (" A1\u00a0", "A1"),
        ("A\u200b1\ufeff", "A1"),
        ("e\u0301", "é"),
        ('"=""00123"""', "00123"),
        ("'=1+1", "=1+1"),
        ("'-3", "-3"),
        ("'tis", "'tis"),
        ("=1+1", NO_VALUE),
        ("-3.5", "-3.5"),
    ],
)
def test_a_cell_is_its_plain_text(typed, read_as):
    assert read(f"Lot,Other\n{typed},x\n")[1] == [(2, (read_as, "x"))]


def test_rows_are_as_wide_as_the_headings():
    assert read("Lot,Place,,\n1,,,\n1,2\n")[:2] == (
        ("Lot", "Place"),
        [(2, ("1", "")), (3, ("1", "2"))],
    )


def test_a_heading_left_out_between_others_has_the_columns_letter():
    assert read("Lot,,Place\n1,2,3\n")[0] == ("Lot", "Column B", "Place")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        ("\n\n", "holds no row"),
        ("Lot,LOT\n1,2\n", "Two columns are called “Lot”"),
        ("Lot,Place\n1,2,3\n", "Row 2 has more cells than there are headings: “3”"),
        ('Lot,Place\n1,"2\n', "Row 2 can't be read"),
        ('Lot,Place\n1,"2"x\n', "Row 2 can't be read"),
        ("Lot,Place\n1," + "x" * 10_001, "A cell of row 2 has 10,001 characters"),
        ("Lot\n" + "1\n" * 21, "more than 20 rows"),
        (",".join("abcdefghijk") + "\n", "Row 1 has more than 10 columns"),
        (b"%PDF-1.7 ...", "It is a PDF"),
        (b"\xd0\xcf\x11\xe0....", "old Excel file"),
        (b"<HTML><body>", "web page"),
        (b"ab\x00\x01\x02" * 50, "no table"),
        ("Lot,Place\n" * 500 + "\x00", "no table"),
        (b"Lot,Place\n\x81,1\n", "byte 10 is none of its characters"),
        (b"\xff\xfeL\x00o", "looks like UTF-16"),
        (b"\xef\xbb\xbfLot\xff", "looks like UTF-8"),
        (b"PK and then nothing", "no XLSX file"),
    ],
)
def test_what_can_not_be_read_is_refused_in_a_sentence(content, sentence):
    assert sentence in refused(content)


def test_a_quotation_mark_left_open_in_the_headings_is_said():
    assert "Row 1 can't be read" in refused('"Lot,Place\n1,2\n')


def test_too_many_bytes_are_refused_before_any_is_looked_at():
    assert refused(b"%PDF" + b"x" * 30_000_000).startswith("At most 1 MB; this file has 30 MB.")


def test_an_encoding_is_told_from_its_first_bytes():
    assert decoded("Ünïcode, längst".encode("utf-16-be"))[1] == "UTF-16"


# --- XLSX -----------------------------------------------------------------------------------------------
def test_a_workbook_is_read_as_text():
    content = workbook(
        ["Product", "Expiry", "Count", "Seen", "Half"],
        [311917040332, dt.date(2027, 1, 31), 2.0, True, 0.5],
        [],
        ["00123", moment(2027, 1, 31, 14, 5), -3, False, None],
    )

    headings, rows, notes = read(content)

    assert headings == ("Product", "Expiry", "Count", "Seen", "Half")
    assert rows == [
        (2, ("311917040332", "2027-01-31", "2", "yes", "0.5")),
        (4, ("00123", "2027-01-31 14:05", "-3", "no", "")),
    ]
    assert notes == "The sheet “Sheet” was read."


def test_a_moment_keeps_its_seconds():
    assert text_of(moment(2027, 1, 31, 14, 5, 7)) == "2027-01-31 14:05:07"


def test_a_formula_never_worked_out_is_no_empty_cell():
    _, rows, notes = read(workbook(["Lot", "Place"], ["=A1", None], ["x", "y"]))

    assert rows == [(2, (NO_VALUE, "")), (3, ("x", "y"))]
    assert "Of formulas, the values that were last worked out are read." in notes


def test_a_text_that_looks_like_a_formula_is_that_text():
    def as_text(book):
        book.active["A2"].data_type = "s"

    assert read(workbook(["Lot"], ["=A1"], change=as_text))[1] == [(2, ("=A1",))]


def test_what_is_hidden_merged_or_left_out_is_said():
    def change(book):
        book.active.merge_cells("A2:B2")
        book.active.row_dimensions[3].hidden = True
        book.create_sheet("Old").sheet_state = "hidden"
        book.create_sheet("Second")

    notes = read(workbook(["Lot", "Place"], ["1", "2"], ["3", "4"], change=change))[2]

    assert "Not read: “Second”." in notes
    assert "Hidden, so not read: “Old”." in notes
    assert "Of merged cells, only the first one has a value" in notes
    assert "Hidden rows and columns are read too." in notes


def test_the_first_sheet_that_can_be_seen_is_read():
    def change(book):
        book.active.sheet_state = "hidden"
        book.create_sheet("Seen").append(["Place"])

    assert read(workbook(["Lot"], change=change))[0] == ("Place",)


def test_a_workbook_without_a_sheet_to_see_is_refused():
    def change(book):
        chart = PieChart()
        chart.add_data(Reference(book.active, min_col=1, min_row=1))
        book.create_chartsheet().add_chart(chart)
        book.active.sheet_state = "hidden"
        book.active = 1

    assert "no sheet that can be seen" in refused(workbook(["Lot"], change=change))


def test_too_many_sheets_are_refused():
    def change(book):
        for n in range(3):
            book.create_sheet(f"S{n}")

    assert "more than 3 sheets" in refused(workbook(["Lot"], change=change))


def test_a_row_far_down_is_not_searched_for():
    def change(book):
        book.active["A1000000"] = "far"

    assert read(workbook(["Lot"], ["1"], change=change))[1] == [(2, ("1",))]


def test_a_cell_far_to_the_right_is_refused():
    def change(book):
        book.active["XFD2"] = "far"

    # Beyond the columns that are read nothing is, so only the one next to them can be noticed.
    assert read(workbook(["Lot"], change=change))[1] == []
    assert "more than 10 columns" in refused(workbook(["Lot"], [None] * 10 + ["x"]))


def test_a_bomb_is_refused_by_what_it_says_of_itself(monkeypatch):
    monkeypatch.setattr(tables.workbooks, "load_workbook", lambda *a, **k: pytest.fail("unpacked"))
    bomb = package(xl__workbook="<workbook/>", xl__worksheets__sheet1="0" * 4_000_000)

    assert len(bomb) < 10_000
    assert "Unpacked, this file would have 4 MB" in refused(bomb)
    assert "was not opened" in refused(bomb, unpacked=1_000_000)


def test_a_bomb_that_lies_about_its_size_gives_no_more_than_it_said():
    bomb = bytearray(package(xl__workbook="<workbook>" + " " * 900_000))
    real = (900_010).to_bytes(4, "little")
    while (at := bomb.find(real)) >= 0:
        bomb[at : at + 4] = (100).to_bytes(4, "little")

    assert "no XLSX file" in refused(bytes(bomb))


def test_entities_are_refused():
    laughs = '<!DOCTYPE x [<!ENTITY a "ha">]><workbook>&a;</workbook>'

    assert "no XLSX file" in refused(package(xl__workbook=laughs))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (package(content="<office/>"), "OpenDocument"),
        (package(word__document="<w/>"), "no XLSX file"),
        (package(xl__workbook="<workbook/>"), "no XLSX file"),
    ],
)
def test_another_packed_file_is_refused(content, sentence):
    assert sentence in refused(content)


def test_a_damaged_workbook_is_refused():
    content = workbook(["Lot"], *([f"a{n}"] for n in range(15)))

    for cut in range(100, len(content), 400):
        assert refused(content[:cut])


def test_a_packed_file_with_a_password_is_refused():
    content = bytearray(package(xl__workbook="<workbook/>"))
    content[content.find(b"PK\x01\x02") + 8] |= 1

    assert "password" in refused(bytes(content))


def test_ten_thousand_like_rows_are_no_bomb():
    row = ["Cabinet B", "69547-627-02", "A1", "2028-01-31"]
    content = workbook(["a", "b", "c", "d"], *([row] * 10_000))

    assert len(read(content, rows=10_000)[1]) == 10_000


def test_words_before_the_headings_do_not_hide_the_separator():
    head = "Serial number 77\nExported by Yuma\n"

    _, notes = delimited.read_delimited(
        (head + "Time;Temp\n10:00;31,5\n10:10;31,7\n10:20;32,0\n").encode(), LIMITS
    )

    assert "parted by semicolons" in notes[0]
