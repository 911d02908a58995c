"""Pages of a list by where its last row stood, never by how many came before: page 900 is as quick as page 1."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q

from safety_portal.page_parts import Pager, address

SIZE = 25
MOST_COUNTED = 10_000
BETWEEN = "~"  # the parts of a cursor
EMPTY = "none"


@dataclass(frozen=True)
class By:
    """One column of an order: its name in the query, how its text in an address is read, whether it may be empty."""

    name: str
    read: Callable = int
    nullable: bool = False

    def beyond(self, value, *, down):
        """Rows strictly behind a value; empty ones come last, first when the order is turned."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if down else Q(pk__in=[])
        behind = Q(**{f"{self.name}__{'lt' if down else 'gt'}": value})
        if self.nullable and not down:
            behind |= Q(**{f"{self.name}__isnull": True})
        return behind

    def same(self, value):
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def not_before(self, value, *, down):
        """What an index can seek by; the exact condition is an OR, which it can't."""
        if self.nullable:
            return Q()
        return Q(**{f"{self.name}__{'lte' if down else 'gte'}": value})

    def text(self, row):
        value = getattr(row, self.name)
        return EMPTY if value is None else str(value)


def _beyond(order, values, *, down):
    """The condition for rows behind the one with these values, in an order of several columns."""
    condition = Q(pk__in=[])
    for column, value in reversed(list(zip(order, values, strict=True))):
        condition = column.beyond(value, down=down) | (column.same(value) & condition)
    return order[0].not_before(values[0], down=down) & condition


def cursor(order, row):
    """Where a row stands, for an address."""
    return BETWEEN.join(column.text(row) for column in order)


def read_cursor(order, text):
    """The values behind a cursor; None when it was made up or belongs to another order."""
    parts = (text or "").replace("\x00", "").rsplit(BETWEEN, len(order) - 1)
    if not text or len(parts) != len(order):
        return None
    try:
        return [
            None if column.nullable and part == EMPTY else column.read(part)
            for column, part in zip(order, parts, strict=True)
        ]
    except ValueError:
        return None


@dataclass
class Page:
    """The rows of one page, and whether there are others on either side."""

    rows: list
    is_first: bool
    is_last: bool


def _fetch(rows, order, values, *, down, back, size):
    """One row more than a page holds, in the list's own direction: (rows, whether there were more)."""
    turned = down is not back
    if values is not None:
        rows = rows.filter(_beyond(order, values, down=turned))
    found = list(rows.order_by(*(("-" if turned else "") + c.name for c in order))[: size + 1])
    page = found[:size]
    return page[::-1] if back else page, len(found) > size


def page_of(query, rows, order, *, down=False, size=SIZE):
    """The page that an address (after=, before=, last=) asks for."""
    before = read_cursor(order, query.get("before"))
    if before is not None:
        found, more = _fetch(rows, order, before, down=down, back=True, size=size)
        if more:
            return Page(found, is_first=False, is_last=False)
        # Less than a whole page lies before: show the first one, full.
    elif query.get("last"):
        found, more = _fetch(rows, order, None, down=down, back=True, size=size)
        return Page(found, is_first=not more, is_last=True)
    after = None if before is not None else read_cursor(order, query.get("after"))
    found, more = _fetch(rows, order, after, down=down, back=False, size=size)
    if after is not None and not found:
        return page_of({}, rows, order, down=down, size=size)
    return Page(found, is_first=after is None, is_last=not more)


def pieces(rows, order, *, down=False, size=SIZE):
    """All rows, a list of some at a time, each from where the last one stood."""
    values, more = None, True
    while more:
        found, more = _fetch(rows, order, values, down=down, back=False, size=size)
        if found:
            values = [getattr(found[-1], column.name) for column in order]
            yield found


def count_of(page, rows, most=MOST_COUNTED):
    """How many rows there are, counted no further than `most` + 1."""
    if page.is_first and page.is_last:
        return len(page.rows)
    return rows.order_by()[: most + 1].count()


def sentence(page, count, noun, most=MOST_COUNTED):
    """“1 to 25 of 180 kits”: the figures that are known without counting what came before. “person|people” too."""
    one, _, many = noun.partition("|")
    many = many or f"{one}s"
    shown = len(page.rows)
    whole = f"{count:,}" if count <= most else f"more than {most:,}"
    if page.is_first and page.is_last:
        return f"{shown:,} {one if shown == 1 else many}"
    if page.is_first:
        return f"1 to {shown} of {whole} {many}"
    if page.is_last and count <= most:
        return f"{max(1, count - shown + 1):,} to {count:,} of {whole} {many}"
    return f"{shown} of {whole} {many}"


def pager(query, page, order, count, noun):
    """Addresses of the first, previous, next and last page, which keep filter and order."""
    here = {"after": None, "before": None, "last": None}
    links = {}
    if not page.is_first:
        links["first"] = address(query, **here)
        links["previous"] = address(query, **{**here, "before": cursor(order, page.rows[0])})
    if not page.is_last:
        links["next"] = address(query, **{**here, "after": cursor(order, page.rows[-1])})
        links["last"] = address(query, **{**here, "last": 1})
    return Pager(sentence(page, count, noun), **links)
