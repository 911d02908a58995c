"""A QR code as one path of an inline SVG, which needs no exception in the Content-Security-Policy."""

from itertools import groupby

from qrcode import QRCode

QUIET_ZONE = (
    4  # modules of white around it, without which a scanner may not find it (ISO/IEC 18004)
)


def draw(text):
    """(modules a side, quiet zone included; path of the dark modules, each run of a row in one stroke)."""
    code = QRCode(border=QUIET_ZONE)
    code.add_data(text)
    rows = code.get_matrix()
    strokes = [
        f"M{x} {y}h{width}v1h-{width}z"
        for y, row in enumerate(rows)
        for dark, x, width in runs(row)
        if dark
    ]
    return len(rows), "".join(strokes)


def runs(row):
    """(value, start, length) of each run of equal values."""
    start = 0
    for value, group in groupby(row):
        length = len(list(group))
        yield value, start, length
        start += length
