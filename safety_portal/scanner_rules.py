"""What scanners put around and into a code: a mark of its kind, and whatever keyboards let through of a separator."""

import re

SEPARATOR = "\x1d"  # FNC1 as GS1 codes carry it: ends a part of varying length
SHOWN = "␝"  # the same to be seen: our script writes it where a scanner's keyboard sends Ctrl and ]

# What wedges and terminals send for it: the picture, Windows' Alt+029, caret notation, words and escapes.
_SENT = re.compile(r"␝|↔|\^\]|<GS>|\{GS\}|\[GS\]|\\x1d|\\u001d|&#29;", re.IGNORECASE)
# The mark of the code's kind (ISO/IEC 15424): ]d1 a DataMatrix, ]d2 a GS1 DataMatrix, ]C1 a GS1-128.
_MARK = re.compile(r"^\s*\][A-Za-z][0-9A-Za-z]")


def plain(text: str) -> str:
    """A scanned code without the mark of its kind, with each separator as SEPARATOR, none at the ends."""
    return _SENT.sub(SEPARATOR, _MARK.sub("", text)).strip(f"{SEPARATOR} \t\r\n")


def shown(text: str) -> str:
    """The code as people see it in a field: a separator is a sign, not an invisible character."""
    return text.replace(SEPARATOR, SHOWN)
