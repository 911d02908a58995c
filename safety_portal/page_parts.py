"""What pages are put together from: navigation, tables, pagers, words. Imports no model; apps register here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

# Dropped from the address when sort or filter change: they point into another order.
PLACE_IN_LIST = ("page", "after", "before", "last")


@dataclass(frozen=True)
class NavItem:
    """One line of the side navigation; shown when its URL exists and the person has the permission."""

    label: str
    url_name: str
    permission: Any = None  # None: everybody signed in
    order: int = 100


navigation: dict[str, NavItem] = {}


@dataclass(frozen=True)
class Counter:
    """What the bell counts; `noun` and `url_name` say where to answer what is not an alert."""

    count: Callable
    noun: str = ""
    url_name: str = ""


counters: list[Counter] = []


def register_navigation(*items):
    """Add lines to the side navigation; the same URL name twice replaces the first."""
    for item in items:
        navigation[item.url_name] = item


def register_counter(count, *, noun="", url_name=""):
    """count(person) → a number for the bell. One cheap query: it runs on every page.

    Things that are answered elsewhere than on the alerts page have a noun (“hand-over”) and the
    URL name of that page; the alerts page then leads there.
    """
    counter = Counter(count, noun, url_name)
    if counter not in counters:
        counters.append(counter)


class CounterAct(NamedTuple):
    """One act at a counter terminal: a large tile on its empty page."""

    label: str
    hint: str
    url_name: str
    icon: str
    order: int = 100


_counter_acts: dict[str, CounterAct] = {}


def register_counter_acts(*acts):
    """Add tiles to the terminal's page; the same URL name twice replaces the first."""
    for act in acts:
        _counter_acts[act.url_name] = act


def counter_acts():
    """The tiles in their order."""
    return sorted(_counter_acts.values(), key=lambda act: act.order)


class NavLink(NamedTuple):
    label: str
    url: str
    current: bool


class Tab(NamedTuple):
    label: str
    url: str
    current: bool = False


class Button(NamedTuple):
    label: str
    url: str
    kind: str = "primary"  # primary, outline, danger, plain


class FilterWord(NamedTuple):
    """One filter in words, and the address without it."""

    text: str
    remove_url: str


class SavedLink(NamedTuple):
    """A view of a list that the reader saved: its name, address, whether it is on show, its key."""

    name: str
    url: str
    current: bool = False
    key: int = 0


@dataclass(frozen=True)
class Pager:
    """Where one is in a list, and the addresses of the other pages (None: not there)."""

    sentence: str = ""
    first: str | None = None
    previous: str | None = None
    next: str | None = None
    last: str | None = None

    def __bool__(self):
        return bool(self.first or self.previous or self.next or self.last or self.sentence)


def address(query, **changes):
    """The present query with changes: None drops a name. Starts with “?”, to stand in an href."""
    pairs = [(k, v) for k in query for v in query.getlist(k) if k not in changes]
    pairs += [(k, v) for k, v in changes.items() if v not in (None, "")]
    return "?" + urlencode(pairs)


@dataclass
class Column:
    """A column's heading. `sort` is the word in the address, `hidden` a name only for screen readers."""

    label: str
    sort: str | None = None
    figure: bool = False
    hidden: str = ""
    tick_all: str = ""  # id of the form whose rows this column ticks
    url: str = field(default="", init=False)
    order: str = field(default="", init=False)  # ascending, descending or nothing


class Table:
    """The head of a table: caption, columns and the order asked for. Rows are a loop in the template."""

    def __init__(self, request, caption, columns, *, sort="", caption_hidden=False):
        self.caption, self.columns, self.caption_hidden = caption, columns, caption_hidden
        names = [column.sort for column in columns if column.sort]
        asked = request.GET.get("sort", "")
        # An unknown order in an old bookmark falls back instead of failing.
        self.sort = asked if asked.lstrip("-") in names else sort
        drop = dict.fromkeys(PLACE_IN_LIST)
        for column in columns:
            if column.sort:
                self._point(column, request.GET, drop)
        kept = [name for name in request.GET if name not in {"sort", *PLACE_IN_LIST}]
        self.kept = [(name, value) for name in kept for value in request.GET.getlist(name)]

    def _point(self, column, query, drop):
        by = self.sort.lstrip("-")
        down = self.sort.startswith("-")
        if column.sort == by:
            column.order = "descending" if down else "ascending"
        turned = f"-{column.sort}" if column.order == "ascending" else column.sort
        column.url = address(query, **drop, sort=turned)

    @property
    def choices(self):
        """For the phone's “Sort by”: value, label, chosen."""
        for column in self.columns:
            if column.sort:
                yield column.sort, column.label, self.sort == column.sort
                down = f"-{column.sort}"
                yield down, f"{column.label}, reversed", self.sort == down
