"""State and expiry as a word with a shape."""

import datetime as dt

from django.template import engines

from naloxone import badges
from naloxone.rules import State

DAY = dt.date(2026, 11, 24)


def test_a_badge_is_markup_on_the_page_and_not_its_text():
    page = (
        engines["django"]
        .from_string("{{ badge }}")
        .render({"badge": badges.state_badge(State.RECALLED)})
    )

    assert page.startswith("<span")
    assert "Recalled" in page


def test_expiry_speaks_only_when_it_is_near():
    assert badges.expiry_badge(None, DAY) == ""
    assert badges.expiry_badge(DAY + dt.timedelta(days=31), DAY) == ""
    assert "Expires soon" in badges.expiry_badge(DAY, DAY)
    assert "Expired" in badges.expiry_badge(DAY - dt.timedelta(days=1), DAY)
