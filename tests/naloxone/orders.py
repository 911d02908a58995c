"""Orders as most tests of them begin."""

from naloxone import actions
from tests.naloxone import make


def order(by, *lines, products=None, due_on=None, **facts):
    """An order by a coordinator; without lines ten cartons for their station."""
    return actions.place_order(
        **{
            "products": products or [make.product()],
            "supplier": "Fictitious Supply",
            "due_on": due_on or make.day(30),
            "lines": list(lines) or [actions.Wanted(by.station, 10)],
            "on": make.day(-1),
            "request_key": make.key(),
            "by": by,
        }
        | facts
    )
