"""Lists that come as files: which columns there are, which of a file's columns each is, what its cells mean. Pure.

Source: design section 3 (the same actions as on the screens); domain B.3 for numbers on packs.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from naloxone.rules import CustodyError


class RunError(CustodyError):
    """Why a file, a mapping or a cell can't be taken; the text is fit to show."""


class CellError(RunError):
    """What is wrong with one cell, and the way out."""


class What(StrEnum):
    """What a file is a list of."""

    KITS = "kits"
    PLACES = "places"
    LOTS = "lots"
    PRODUCTS = "products"


class RunState(StrEnum):
    """How far an import has come."""

    UPLOADED = "uploaded"
    CHECKING = "checking"
    PREVIEWED = "previewed"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


S = RunState
NEXT: Mapping[RunState, frozenset[RunState]] = {
    S.UPLOADED: frozenset({S.CHECKING, S.CANCELLED}),
    S.CHECKING: frozenset({S.UPLOADED, S.PREVIEWED, S.REFUSED, S.CANCELLED}),
    S.PREVIEWED: frozenset({S.CHECKING, S.RUNNING, S.CANCELLED}),
    S.RUNNING: frozenset({S.PREVIEWED, S.DONE, S.REFUSED, S.CANCELLED}),
    S.DONE: frozenset(),
    S.REFUSED: frozenset(),
    S.CANCELLED: frozenset(),
}
STATE_WORDS: Mapping[RunState, str] = {
    S.UPLOADED: "Columns to be named",
    S.CHECKING: "Being checked",
    S.PREVIEWED: "To be confirmed",
    S.RUNNING: "Being imported",
    S.DONE: "Imported",
    S.REFUSED: "Not imported",
    S.CANCELLED: "Cancelled",
}
AT_WORK = (S.CHECKING, S.RUNNING)
OVER = (S.DONE, S.REFUSED, S.CANCELLED)
MOST_TRIES = 3  # a run that was stopped so often is not begun again (ours)


def check_step(old: RunState, new: RunState) -> None:
    """Raise RunError when an import can't become this now."""
    if new not in NEXT[old]:
        raise RunError(
            f"This import is “{STATE_WORDS[old].lower()}” by now. Look at its page for what happened."
        )


class Outcome(StrEnum):
    """What comes of a row."""

    NEW = "new"
    CHANGE = "change"
    NOTHING = "nothing"
    ERROR = "error"


# --- columns --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Field:
    """One column that can be read: its key, name, meaning, an example, other headings it goes by."""

    key: str
    name: str
    meaning: str
    example: str = ""
    required: bool = False
    also: tuple[str, ...] = ()
    day: bool = False


PRODUCT = Field(
    "product", "Product", "Its name, NDC, GTIN or UPC, or a number on packs that somebody has named.",
    "69547-627-02", True, ("ndc", "gtin", "upc", "item", "drug", "medication", "product name", "barcode"),
)  # fmt: skip
LOT = Field(
    "lot", "Lot", "As printed on the carton.", "A23F01", True,
    ("lot number", "lot no", "batch", "batch number", "lot #"),
)  # fmt: skip
EXPIRY = Field(
    "expires_on", "Expiry", "A day, or a month, which means its last day.", "2028-06-30", True,
    ("expiry date", "expires", "expiration", "expiration date", "exp", "exp date", "expires on", "use by"),
    day=True,
)  # fmt: skip
STATION = Field(
    "station", "Station", "Its code or name; without this column it is the station chosen above.", "LRD",
    also=("station code", "site", "port", "location code"),
)  # fmt: skip

FIELDS: Mapping[What, tuple[Field, ...]] = {
    What.KITS: (
        Field("place", "Place", "The storage point that has them, by its name or S-number.", "Lane 3 cabinet", True, ("storage point", "holder", "location", "cabinet", "store", "storage")),
        STATION,
        Field("code", "Code on the pack", "The GS1 code as scanned; it says product, lot, expiry and serial.", "(01)00369547627027(17)280630(10)A23F01(21)1001", also=("gs1", "datamatrix", "scan", "udi")),
        PRODUCT,
        LOT,
        EXPIRY,
        Field("count", "Cartons", "How many the row is about; without it one.", "1", also=("count", "quantity", "qty", "number", "units", "kits")),
        Field("serials", "Serials", "One a carton or one a dose; several with a space between.", "1001", also=("serial", "serial number", "serial no", "sn", "serial #")),
        Field("kind", "Kind", "Carton, Kit or Canine kit; without it a carton. A kit is assembled from its carton.", "Kit", also=("unit kind", "type", "unit")),
        Field("seal", "Seal", "The number of a kit's seal.", "S-00412", also=("seal number", "seal no", "tamper seal")),
        Field("condition", "Condition", "“Checked”, or “Not checked”, which waits in quarantine; without it checked.", "Checked", also=("state", "status", "checked")),
        Field("occurred_on", "Received on", "The day it came; without it today.", "2026-11-02", also=("received", "date received", "receipt date", "received date", "arrived"), day=True),
    ),
    What.PLACES: (
        Field("name", "Name", "As people call it. One that is there already is changed.", "Lane 3 cabinet", True, ("place", "holder", "location", "storage point", "vehicle", "place name")),
        STATION,
        Field("kind", "What it is", "Storage point or Vehicle; without it a storage point.", "Storage point", also=("what", "holder kind", "storage or vehicle")),
        Field("place_type", "Kind of place", "Vault, Cabinet, AED box, Go-bag, Storeroom or Vehicle cab.", "Cabinet", True, ("type", "place type", "kind")),
        Field("access_mode", "Opens", "Open, Tamper seal, Key, Code or Badge.", "Key", True, ("how it opens", "access", "access mode", "lock")),
        Field("par_min", "Par", "At least so many kits.", "4", also=("par level", "minimum", "par min", "min")),
        Field("seal", "Outer seal", "The number of the seal on its door or lid.", "S-00412", also=("seal", "seal number")),
        Field("every_shift", "Looked at every shift", "Yes or no; without it yes, but for a storeroom.", "Yes", also=("every shift", "shift check")),
        Field("two_people", "A round takes two", "Yes or no; without it no.", "No", also=("two people", "dual control", "a round takes two people")),
    ),
    What.LOTS: (PRODUCT, LOT, EXPIRY),
    What.PRODUCTS: (
        Field("name", "Product", "Its name on lists. One that is there already is changed.", "NARCAN 4 mg nasal spray, 2-pack", True, ("name", "product name", "item")),
        Field("ndc", "NDC", "With its hyphens, as printed.", "69547-627-02", also=("ndc number", "ndc code")),
        Field("gtin", "GTIN", "Of the carton, 12 to 14 digits.", "00369547627027", also=("upc", "barcode", "gtin 14")),
        Field("manufacturer", "Manufacturer", "Who makes it.", "Emergent", True, ("maker", "labeler", "company")),
        Field("antagonist", "Antagonist", "Naloxone or nalmefene.", "naloxone", True, ("drug", "ingredient", "active ingredient", "substance")),
        Field("strength_mg", "Strength, mg a dose", "Milligrams of one dose.", "4", True, ("strength", "mg", "strength mg", "strength mg per dose", "dose mg")),
        Field("route", "Route", "Intranasal, intramuscular or another.", "intranasal", True, ("route of administration",)),
        Field("supply", "Supply", "OTC or Rx.", "OTC", True, ("rx otc", "legal status")),
        Field("devices_per_carton", "Doses in a carton", "A whole number.", "2", True, ("devices per carton", "doses", "pack size", "doses per carton")),
        Field("storage_min_c", "Storage from, °C", "As the label says.", "2", also=("storage min c", "min c")),
        Field("storage_max_c", "Storage to, °C", "As the label says.", "25", also=("storage max c", "max c")),
        Field("shelf_life_months", "Shelf life, months", "As the maker says.", "48", also=("shelf life", "shelf life months")),
        Field("fact_status", "Source", "Where these facts are from.", "Label, November 2026", also=("fact status", "reference")),
    ),
}  # fmt: skip

CHECKED, UNCHECKED = "checked", "unchecked"  # conditions in which units come
WRONG = "What is wrong"  # the column that an error file has beside the others; never read
NOT_IN_FILE = ""


def fields_of(what: What) -> dict[str, Field]:
    return {field.key: field for field in FIELDS[what]}


def _bare(text: str) -> str:
    """A heading without capitals, accents, signs and brackets, for comparison."""
    text = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9#]+", text))


def guessed(what: What, headings: Sequence[str]) -> dict[str, int]:
    """Which column of a file each of ours is, by its heading; our own names before the others it goes by."""
    bare = [_bare(heading) for heading in headings]
    found: dict[str, int] = {}
    for names in (lambda f: (f.name, f.key.replace("_", " ")), lambda f: f.also):
        for field in FIELDS[what]:
            for name in names(field):
                place = bare.index(_bare(name)) if _bare(name) in bare else None
                if field.key not in found and place is not None and place not in found.values():
                    found[field.key] = place
    return found


def check_mapping(what: What, mapping: Mapping[str, int], headings: Sequence[str]) -> None:
    """Raise RunError unless every column that must be there is, and none is used twice."""
    fields = fields_of(what)
    for key, field in fields.items():
        from_code = "code" in mapping and key in ("product", "lot", "expires_on")
        if field.required and key not in mapping and not from_code:
            raise RunError(f"Which column is “{field.name}”? Nothing can be imported without it.", key)  # fmt: skip
    used: dict[int, str] = {}
    for key, place in mapping.items():
        if place in used:
            raise RunError(
                f"“{headings[place]}” is chosen for “{fields[used[place]].name}” already.", key
            )
        used[place] = key


# --- days -------------------------------------------------------------------------------------------------
class DayOrder(StrEnum):
    """Which of two numbers before the year is the month."""

    MONTH_FIRST = "mdy"
    DAY_FIRST = "dmy"


_PARTS = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{2}|\d{4})$")
_ISO = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]00:00(?::00)?)?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_MONTH = re.compile(r"^(?:(\d{4})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{4}))$")
_EXCEL = re.compile(r"^[2-7]\d{4}$")
_NAMED = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
_NAMED_MONTH = ("%b %Y", "%B %Y")
_EXCEL_ZERO = dt.date(1899, 12, 30)
FIRST_DAY, LAST_DAY = dt.date(1990, 1, 1), dt.date(2099, 12, 31)


def orders_of(text: str) -> frozenset[DayOrder]:
    """The orders in which a text is a day; both when it can be read in two ways that differ."""
    parts = _PARTS.match(text)
    if not parts:
        return frozenset()
    first, second = int(parts[1]), int(parts[2])
    if first == second:
        return frozenset()
    found = set()
    if first <= 12:
        found.add(DayOrder.MONTH_FIRST)
    if second <= 12:
        found.add(DayOrder.DAY_FIRST)
    return frozenset(found)


def order_in(texts: Iterable[str]) -> tuple[DayOrder | None, str]:
    """(the order that a column's days show, "") or (None, a day that can be read in two ways and nothing tells which).

    A column without such days has no order and asks nothing.
    """
    shown: set[DayOrder] = set()
    unclear = ""
    for text in texts:
        orders = orders_of(text)
        if len(orders) == 1:
            shown |= orders
        elif orders:
            unclear = unclear or text
    if len(shown) == 1:
        return shown.pop(), ""
    return None, unclear


def read_day(text: str, order: DayOrder | None, *, month_means_last: bool = False) -> dt.date:
    """A day as people and spreadsheets write it. Never a guess. Raises CellError."""
    day = _read_day(text, order) or (_read_month(text) if month_means_last else None)
    if day is None:
        if _EXCEL.match(text):
            meant = _EXCEL_ZERO + dt.timedelta(days=int(text))
            raise CellError(
                f"“{text}” is how Excel counts {meant.day} {meant:%b} {meant.year}. Format the column as a date, "
                f"or write {meant.isoformat()}."
            )
        raise CellError(f"“{text[:40]}” is not a day. Write year-month-day, like 2028-06-30.")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise CellError(f"“{text}” is in the year {day.year}. Look at the year again.")
    return day


def _read_day(text: str, order: DayOrder | None) -> dt.date | None:
    if found := _ISO.match(text) or _COMPACT.match(text):
        return _day(text, int(found[1]), int(found[2]), int(found[3]))
    if parts := _PARTS.match(text):
        first, second = int(parts[1]), int(parts[2])
        if len(parts[3]) == 2:
            raise CellError(f"Give the year of “{text}” with four digits, like 2028-06-30.")
        orders = orders_of(text)
        if len(orders) == 2 and order is None:
            raise CellError(f"“{text}” can be read in two ways. Say which number is the month.")
        day_first = (
            order == DayOrder.DAY_FIRST
            if order in orders or not orders
            else orders == {DayOrder.DAY_FIRST}
        )
        month, day = (second, first) if day_first else (first, second)
        return _day(text, int(parts[3]), month, day)
    return _from_names(text, _NAMED)


def _read_month(text: str) -> dt.date | None:
    if found := _MONTH.match(text):
        year, month = int(found[1] or found[4]), int(found[2] or found[3])
        first: dt.date | None = _day(text, year, month, 1)
    else:
        first = _from_names(text, _NAMED_MONTH)
    if first is None:
        return None
    return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def _day(text: str, year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise CellError(
            f"“{text}” is not in the calendar. Look at the paper, and write year-month-day, like 2028-06-30."
        ) from None


def _from_names(text: str, forms: Iterable[str]) -> dt.date | None:
    plain = " ".join(re.sub(r"[-,./]", " ", text).split())
    for form in forms:
        try:
            return dt.datetime.strptime(plain, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


# --- other cells ------------------------------------------------------------------------------------------
_YES = {"yes", "y", "true", "1", "x"}
_NO = {"no", "n", "false", "0"}


def read_yes(text: str) -> bool:
    """Yes or no. Raises CellError."""
    word = text.casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise CellError(f"“{text[:40]}” is neither yes nor no. Write one of the two.")


def read_number(text: str, *, least: int = 0, most: int) -> int:
    """A whole number; “1,000” is one. Raises CellError."""
    bare = text.replace(",", "")
    if not re.fullmatch(r"[-+]?\d{1,9}", bare):
        raise CellError(f"“{text[:40]}” is not a whole number. Write digits, like 12.")
    number = int(bare)
    if not least <= number <= most:
        raise CellError(f"From {least:,} to {most:,}; this is {number:,}.")
    return number


def read_choice(text: str, choices: Mapping[str, str]) -> str:
    """The value of a choice (value → label), by either. Raises CellError with all there are."""
    word = _bare(text)
    for value, label in choices.items():
        if word in (_bare(value), _bare(label)):
            return value
    raise CellError(f"“{text[:40]}” is none of: {', '.join(choices.values())}.")


def check_text(text: str, most: int) -> str:
    """A text that may be kept. Raises CellError for one too long, or with signs that can't be seen."""
    for place, sign in enumerate(text):
        if unicodedata.category(sign) in ("Cc", "Cf"):
            before = text[max(0, place - 15) : place].replace("\n", " ")
            where = f"after “{before}”" if before else "at the beginning"
            raise CellError(f"There is a line end or an invisible sign {where}. Type the cell again.")  # fmt: skip
    if len(text) > most:
        raise CellError(f"At most {most} characters; this has {len(text)}. Shorten it.")
    return text


def read_serials(text: str, most: int) -> list[str]:
    """Serials in one cell, in capitals, each once. Raises CellError."""
    found = [part.upper() for part in re.split(r"[\s,;|]+", text) if part]
    for serial in found:
        check_text(serial, most)
    if twice := sorted({serial for serial in found if found.count(serial) > 1}):
        raise CellError(f"Serial {twice[0]} stands twice in this cell.")
    return found


# --- the file as a whole ------------------------------------------------------------------------------------
LEAST_TO_SUSPECT = 5  # rows; fewer show no pattern


def look_swapped(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether lot and serial stand in each other's column: every “lot” is another, and “serials” repeat (lot, serial).

    A lot has many units and a serial is of one, so the column with repeats is the lot's.
    """
    if len(pairs) < LEAST_TO_SUSPECT:
        return False
    lots, serials = {lot for lot, _ in pairs}, {serial for _, serial in pairs}
    return len(lots) == len(pairs) and len(serials) <= len(pairs) / 2
