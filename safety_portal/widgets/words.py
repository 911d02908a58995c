"""What typed text may hold, and the sentences for what it may not; days as people write them."""

import datetime as dt
import re
import unicodedata

from django.core.exceptions import ValidationError

# They turn the direction of the text after them, so that a line can read otherwise than it is stored.
DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_NUMBERS = re.compile(r"^(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})$")
_WORDS = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


def tidy(text, *, lines=False):
    """Composed (NFC), one kind of line end, tabs as spaces; outer white space off. One line unless `lines`."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\t", " ")
    return (text if lines else text.replace("\n", " ")).strip()


def check_characters(text, *, allowed="\n"):
    """Raise ValidationError for a character that can't be seen but would be stored."""
    for place, character in enumerate(text):
        hidden = unicodedata.category(character) == "Cc" or character in DIRECTION_MARKS
        if hidden and character not in allowed:
            before = text[max(0, place - 15) : place].replace("\n", " ")
            where = f"after “{before}”" if before else "at the beginning"
            raise ValidationError(
                f"There is an invisible control character {where}. Delete it and type that part again.",
                code="control_character",
            )


def check_length(text, most):
    """Raise ValidationError when the text is longer than `most` characters."""
    if most is not None and len(text) > most:
        over = len(text) - most
        raise ValidationError(
            f"At most {most:,} characters; this is {over:,} over. Shorten it.", code="max_length"
        )


def show_day(day):
    return f"{day.day} {day:%b} {day.year}"


def show_moment(moment, zone):
    """24 Nov 2026, 14:05 CST: the time in the zone, with its name."""
    local = moment.astimezone(zone)
    return f"{show_day(local)}, {local:%H:%M %Z}"


def read_day(text):
    """A day from 2026-11-24, 11/24/2026 or 24 Nov 2026. Raises ValidationError with a sentence."""
    numbers = _NUMBERS.match(text)
    if numbers:
        return _from_numbers(text, *numbers.groups())
    plain = text.replace(",", " ").replace(".", " ")
    for form in _WORDS:
        try:
            return dt.datetime.strptime(" ".join(plain.split()), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise ValidationError(
        f"“{text}” is not a day. Write month/day/year, like 11/24/2026.", code="not_a_day"
    )


def _from_numbers(text, first, second, third):
    if len(first) == 4:
        year, month, day = first, second, third
    else:
        month, day, year = first, second, third
    if len(year) != 4:
        raise ValidationError(
            f"Give the year of “{text}” with four digits, like 11/24/2026.", code="short_year"
        )
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        raise ValidationError(
            f"“{text}” is not in the calendar. Write month/day/year, like 11/24/2026.",
            code="no_such_day",
        ) from None
