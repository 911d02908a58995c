"""What the codes on a maker's pack say: GTIN, expiry, lot and serial of GS1 codes, retail numbers, NDCs (domain B.3)."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_element_strings import GS1ElementString

from naloxone.rules import CustodyError
from safety_portal.scanner_rules import SEPARATOR, plain

GTIN, EXPIRY, LOT, SERIAL, MADE = "01", "17", "10", "21", "11"
# Where a lost separator may have stood, one of these follows: what a pack of medicine carries.
ON_PACKS = (GTIN, EXPIRY, LOT, SERIAL, MADE)
NAMES = {GTIN: "product number", EXPIRY: "expiry", LOT: "lot", SERIAL: "serial"}
LONGEST = 20  # characters of a lot or a serial
RETAIL = (12, 13, 14)  # digits of a UPC-A, an EAN-13 and a GTIN-14
US_DRUG = "03"  # what a GTIN of an American medicine has between its level and the NDC
NDC_SHAPES = ((4, 4, 2), (5, 3, 2), (5, 4, 1))  # 10 digits, until March 2033
NDC_12 = (6, 4, 2)  # from 7 March 2033 (91 FR 10749)

_BRACKETS = re.compile(r"[(\[](\d{2,4})[)\]]")
# No data of a GS1 code holds these, so where they stand a scanner sent them for the separator.
_FOR_SEPARATOR = re.compile(r"[|~^#]")


class CodeError(CustodyError):
    """Why a code says nothing about a pack; the text is fit to show."""

    def __init__(self, message: str, field: str = "scan") -> None:
        super().__init__(message, field)


@dataclass(frozen=True)
class Pack:
    """What a code says of a pack. Empty is what it does not say."""

    gtin: str = ""  # 14 digits
    expires_on: dt.date | None = None
    lot: str = ""
    serial: str = ""

    @property
    def parts(self) -> int:
        """How many of the four it says."""
        return sum(map(bool, (self.gtin, self.expires_on, self.lot, self.serial)))


# --- check digits ------------------------------------------------------------------------------------
def checked_gtin(digits: str) -> str:
    """A UPC-A, EAN-13 or GTIN-14 as 14 digits. Raises CodeError when its check digit is another."""
    if len(digits) not in RETAIL or not (digits.isascii() and digits.isdecimal()):
        raise CodeError(f"“{digits}” is no product number: it must have 12, 13 or 14 digits.")
    expected = gs1_standard_check_digit(digits[:-1])
    if int(digits[-1]) != expected:
        raise CodeError(
            f"The product number {digits} ends with the wrong check digit: {digits[-1]} where {expected} "
            "belongs, so a digit was misread. Scan it again, or choose the product yourself."
        )
    return digits.zfill(14)


# --- GS1 codes -----------------------------------------------------------------------------------------
def is_retail_code(text: str) -> bool:
    """Whether a text is the number below a retail barcode: right length, right check digit."""
    try:
        return checked_gtin(plain(text)) != ""
    except CodeError:
        return False


def is_pack_code(text: str) -> bool:
    """Whether a text is surely a GS1 code of a pack: it begins with a product number that has its check digit."""
    code = _unbracketed(plain(text))
    return code.startswith(GTIN) and len(code) >= 16 and is_retail_code(code[2:16])


def readings(text: str) -> tuple[Pack, ...]:
    """All that a scanned or typed code can mean, the likeliest first; more than one when a separator was lost.

    Takes element strings with and without FNC1, with AIs in brackets, and the digits of a retail code.
    Never guesses: where lot and serial run together, each way to part them is a reading of its own.
    Raises CodeError with what is wrong.
    """
    code = plain(text)
    if len(code) in RETAIL and code.isascii() and code.isdecimal():
        return (Pack(gtin=checked_gtin(code)),)
    bare = _FOR_SEPARATOR.sub(SEPARATOR, _unbracketed(code)).strip(SEPARATOR)
    lost = SEPARATOR not in bare and not _BRACKETS.match(code)
    found: list[Pack] = []
    faults: list[CodeError] = []
    for elements in _partings(bare, lost=lost):
        try:
            pack = _pack(elements)
        except CodeError as fault:
            faults.append(fault)
        else:
            found += [pack] if pack not in found else []
    if not found:
        raise faults[0] if faults else _unknown(text)
    # Most parts first; of two that part lot and serial otherwise, the shorter lot: serials are long.
    return tuple(sorted(found, key=lambda pack: (-pack.parts, len(pack.lot))))


def pack_readings(text: str) -> tuple[Pack, ...]:
    """The readings of what is surely a pack's code and whole; none of a seal, a number, or a code that was misread."""
    try:
        return readings(text) if is_pack_code(text) else ()
    except CodeError:
        return ()


def _unknown(text: str) -> CodeError:
    return CodeError(
        f"“{text.strip()[:60]}” is no code of a pack: it says neither product (01), expiry (17), lot (10) nor "
        "serial (21). Scan the square code on the carton, or type what is printed."
    )


def _unbracketed(code: str) -> str:
    """(01)…(17)…(10)… as people type it, with a separator before each AI instead of brackets."""
    if not _BRACKETS.match(code):
        return code
    return _BRACKETS.sub(lambda found: SEPARATOR + found[1], code).strip(SEPARATOR)


def _partings(
    code: str, *, lost: bool, seen: frozenset[str] = frozenset()
) -> Iterator[tuple[str, ...]]:
    """Every way to part a code into element strings (AI and value).

    A scanner that sends separators is believed. With one that loses them, each part of varying length
    may end before any AI of a pack that has not been seen yet, or at the end.
    """
    code = code.lstrip(SEPARATOR)
    if not code:
        yield ()
        return
    try:
        identifier = GS1ApplicationIdentifier.extract(code)
    except ParseError:
        return
    if identifier.ai in seen:
        return
    seen |= {identifier.ai}
    ends = _ends_lost(code, identifier, seen) if lost else _ends(code, identifier)
    for end in ends:
        for rest in _partings(code[end:], lost=lost, seen=seen):
            yield (code[:end], *rest)


def _ends(code: str, identifier: GS1ApplicationIdentifier) -> Iterator[int]:
    """Where the first element string of a code ends."""
    if not identifier.separator_required:
        yield _fixed_length(identifier, code)
    else:
        yield (code + SEPARATOR).index(SEPARATOR)


def _ends_lost(
    code: str, identifier: GS1ApplicationIdentifier, seen: frozenset[str]
) -> Iterator[int]:
    """Where the first element string of a code without separators may end."""
    yield from _ends(code, identifier)
    if not identifier.separator_required:
        return
    following = tuple(ai for ai in ON_PACKS if ai not in seen)
    first = len(identifier.ai) + 1
    for end in range(first, min(len(code) - 2, len(identifier.ai) + LONGEST) + 1):
        if code.startswith(following, end):
            yield end


def _fixed_length(identifier: GS1ApplicationIdentifier, code: str) -> int:
    """Characters of an element string of fixed length, which GS1's table gives as N2+N14."""
    length = sum(int(part) for part in re.findall(r"[NX](\d+)", identifier.format))
    return min(length, len(code))


def _pack(elements: tuple[str, ...]) -> Pack:
    """What element strings say together. Raises CodeError."""
    pack = Pack()
    for element in elements:
        ai, value = element[:2], element[2:]
        if ai == GTIN:
            pack = replace(pack, gtin=checked_gtin(value))
        elif ai == EXPIRY:
            pack = replace(pack, expires_on=_day(element))
        elif ai == LOT:
            pack = replace(pack, lot=_text(ai, value))
        elif ai == SERIAL:
            pack = replace(pack, serial=_text(ai, value))
    if not pack.parts:
        raise _unknown("".join(elements))
    return pack


def _day(element: str) -> dt.date:
    """The day of an expiry (YYMMDD); 00 is the month's last. Raises CodeError."""
    try:
        day = GS1ElementString.extract(element).date
    except ParseError:
        day = None
    if day is None:
        raise CodeError(
            f"The expiry “{element[2:]}” in the code is not in the calendar (year, month, day). "
            "Scan it again, or type the expiry as printed."
        )
    return day


def _text(ai: str, value: str) -> str:
    """A lot or serial as it stands in the code. Raises CodeError for what no pack can carry."""
    try:
        read = GS1ElementString.extract(ai + value).value
    except ParseError:
        read = None
    if read != value:  # what did not fit was left out
        raise CodeError(
            f"The {NAMES[ai]} “{value[:30]}” in the code is empty, longer than {LONGEST} characters, or has a sign "
            "that a lot or serial has not. Scan it again, or type it as printed."
        )
    return value


# --- lot and serial in the right fields ------------------------------------------------------------------
def check_not_swapped(
    lot: str, serials: Iterable[str], *, known_lots: Iterable[str], known_serials: Iterable[str]
) -> None:
    """Raise CodeError when what was told as the lot is known as a serial, or a serial as a lot, of the product."""
    told = [serial.upper() for serial in serials]
    lots, dosed = {k.upper() for k in known_lots}, {k.upper() for k in known_serials}
    if lot.upper() in told:
        raise CodeError(f"“{lot}” is told as lot and as serial. Look again which is which.", "lot")
    swapped = [serial for serial in told if serial in lots]
    if swapped:
        raise CodeError(
            f"Lot and serial look swapped: “{swapped[0]}” is a lot of this product, and stands among the serials.",
            "lot",
        )
    if lot.upper() in dosed and lot.upper() not in lots:
        raise CodeError(
            f"Lot and serial look swapped: “{lot}” is a serial of this product, and stands as the lot.",
            "lot",
        )


# --- NDC and GTIN ------------------------------------------------------------------------------------------
def ndc_segments(ndc: str) -> tuple[str, ...]:
    """Labeler, product and package of a hyphenated NDC of 10 or 12 digits. Raises CodeError."""
    parts = tuple(ndc.split("-"))
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise CodeError(f"“{ndc}” is no NDC: digits with two hyphens, like 69547-627-02.")
    shape = tuple(map(len, parts))
    if shape == (5, 4, 2):
        raise CodeError(f"“{ndc}” is the 11-digit billing form. Write the NDC as printed.")
    if shape not in (*NDC_SHAPES, NDC_12):
        raise CodeError(
            f"“{ndc}” has its hyphens where no NDC has them: 4-4-2, 5-3-2 or 5-4-1 digits, or 6-4-2."
        )
    return parts


def normalised_ndc(ndc: str) -> str:
    """The NDC as 12 digits (6-4-2), whatever it is printed as: each segment filled with zeros at its left."""
    return "".join(part.zfill(n) for part, n in zip(ndc_segments(ndc), NDC_12, strict=True))


def gtin_of_ndc(ndc: str, *, level: int = 0) -> str:
    """The GTIN-14 of a 10-digit NDC: packaging level, 03, its digits, check digit. Raises CodeError.

    A 12-digit NDC is too long for that: its GTIN is the maker's own and is kept with the product.
    """
    digits = "".join(ndc_segments(ndc))
    if len(digits) != 10:
        raise CodeError(f"The 12 digits of {ndc} fit in no GTIN; take the number below the code.")
    body = f"{level}{US_DRUG}{digits}"
    return f"{body}{gs1_standard_check_digit(body)}"


def ndc_digits_of_gtin(gtin: str) -> str | None:
    """The ten digits of the NDC in a GTIN; None in one that carries none, as of store brands."""
    found = checked_gtin(gtin)
    return found[3:13] if found[1:3] == US_DRUG else None


def ndc_of_gtin(gtin: str, known: Iterable[str]) -> str | None:
    """The known NDC whose digits a GTIN carries: only a list of products says where the hyphens stand."""
    digits = ndc_digits_of_gtin(gtin)
    return next((ndc for ndc in known if ndc.replace("-", "") == digits), None)
