"""Where labels stand on the sheets one buys."""

import pytest

from naloxone.label_rules import STOCKS, check_first, pages
from naloxone.rules import CustodyError

SHEETS = [stock for stock in STOCKS.values() if stock.a_page > 1]


@pytest.mark.parametrize("stock", STOCKS.values(), ids=STOCKS)
def test_every_label_of_a_stock_stands_on_its_page_and_over_no_other(stock):
    edges = [stock.edge(place) for place in range(stock.a_page)]
    (width, height), (page_width, page_height) = stock.label, stock.page

    assert len(set(edges)) == stock.a_page
    assert all(x >= 0 and x + width <= page_width + 0.3 for x, _ in edges)
    assert all(y >= 0 and y + height <= page_height + 0.3 for _, y in edges)
    for one in edges:
        for other in edges:
            apart = (
                abs(one[0] - other[0]) >= width - 0.01 or abs(one[1] - other[1]) >= height - 0.01
            )
            assert one == other or apart


def test_the_label_after_a_rows_last_begins_the_next_row():
    stock = STOCKS["5160"]

    [page] = pages(stock, 4)

    assert page[2][1] == page[0][1]
    assert page[3][0] == page[0][0]
    assert page[3][1] == pytest.approx(page[0][1] + 25.4)


@pytest.mark.parametrize("stock", SHEETS, ids=lambda stock: stock.key)
def test_a_begun_sheet_is_used_up_first(stock):
    found = pages(stock, 3, first=stock.a_page - 1)

    assert [len(page) for page in found] == [2, 1]
    assert found[0][-1] == stock.edge(stock.a_page - 1)
    assert found[1] == [stock.edge(0)]


def test_a_roll_has_a_page_a_label():
    assert [len(page) for page in pages(STOCKS["62x29"], 3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("key", "first", "why"),
    [("5160", 31, "has 30 labels"), ("5160", 0, "there is no 0"), ("62x29", 2, "On a roll")],
)
def test_a_label_that_no_sheet_has_is_refused(key, first, why):
    with pytest.raises(CustodyError, match=why):
        check_first(STOCKS[key], first)


def test_each_stock_says_where_its_sizes_are_from():
    assert all(stock.source for stock in STOCKS.values())
