"""Stocks of labels that one buys, and where on a sheet each label stands. Sizes in millimetres."""

from dataclasses import dataclass

from naloxone.rules import CustodyError

INCH = 25.4
POINT = INCH / 72
LETTER, A4 = (8.5 * INCH, 11 * INCH), (210.0, 297.0)
# Templates of the free label program gLabels (avery-us-templates.xml, avery-iso-templates.xml), which its users
# measured; the label printer's from the name of its stock, with a page a label.
GLABELS = "gLabels' template"


@dataclass(frozen=True)
class Stock:
    """A sheet of equal labels in columns and rows, or a roll: then a page is a label."""

    key: str
    name: str
    hint: str
    source: str
    page: tuple[float, float]  # width, height
    label: tuple[float, float]
    columns: int = 1
    rows: int = 1
    corner: tuple[float, float] = (0.0, 0.0)  # left and top edge of the first label
    pitch: tuple[float, float] = (
        0.0,
        0.0,
    )  # from one label's edge to the next one's, across and down

    @property
    def a_page(self) -> int:
        return self.columns * self.rows

    def edge(self, place: int) -> tuple[float, float]:
        """Left and top edge of the label at a place on its page, counted row by row from 0."""
        row, column = divmod(place, self.columns)
        return (
            self.corner[0] + column * self.pitch[0],
            self.corner[1] + row * self.pitch[1],
        )


STOCKS = {
    stock.key: stock
    for stock in (
        Stock(
            "5160", "Avery 5160, US Letter", "30 labels of 2⅝ × 1 inch; 8160, 5260 and 18160 are cut the same",
            GLABELS, LETTER, (2.625 * INCH, INCH), 3, 10,
            (0.15625 * INCH, 0.5 * INCH), (2.78125 * INCH, INCH),
        ),
        Stock(
            "5163", "Avery 5163, US Letter", "10 labels of 4 × 2 inches; 8163, 5263 and 18163 are cut the same",
            GLABELS, LETTER, (4 * INCH, 2 * INCH), 2, 5,
            (0.1625 * INCH, 0.5 * INCH), (4.1875 * INCH, 2 * INCH),
        ),
        Stock(
            "L7160", "Avery L7160, A4", "21 labels of 63.5 × 38.1 mm; J8160 is cut the same",
            GLABELS, A4, (63.5, 38.1), 3, 7,
            (21.2 * POINT, 43.9 * POINT), (187.2 * POINT, 108.0 * POINT),
        ),
        Stock(
            "62x29", "Label printer, 62 × 29 mm", "One label a page, as Brother DK-11209",
            "name of the stock", (62.0, 29.0), (62.0, 29.0),
        ),
    )
}  # fmt: skip


def check_first(stock: Stock, first: int) -> None:
    """Raise CustodyError unless a sheet of the stock has a label no. `first`, counted from 1."""
    if not 1 <= first <= stock.a_page:
        raise CustodyError(
            f"A sheet of {stock.name} has {stock.a_page} labels; there is no {first}."
            if stock.a_page > 1
            else "On a roll every label is the first.",
            "first",
        )


def pages(stock: Stock, count: int, *, first: int = 1) -> list[list[tuple[float, float]]]:
    """Page by page the left and top edges of so many labels, beginning at the label `first` of the first page."""
    check_first(stock, first)
    places = range(first - 1, first - 1 + count)
    found: dict[int, list[tuple[float, float]]] = {}
    for place in places:
        found.setdefault(place // stock.a_page, []).append(stock.edge(place % stock.a_page))
    return list(found.values())
