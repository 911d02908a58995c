"""A QR code is drawn module by module as the library computed it, on white."""

import re

from django.template import Context, Template
from qrcode import QRCode

from safety_portal import qr

ADDRESS = "https://portal.agency.example/hand-overs/H-104/"


def dark_modules(path):
    """(x, y) of every module that the path fills."""
    strokes = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path)
    assert "".join(f"M{x} {y}h{w}v1h-{w}z" for x, y, w in strokes) == path
    return {(x, int(y)) for left, y, w in strokes for x in range(int(left), int(left) + int(w))}


def test_the_picture_is_the_librarys_with_a_quiet_zone():
    code = QRCode(border=0)
    code.add_data(ADDRESS)
    modules = code.get_matrix()

    side, path = qr.draw(ADDRESS)

    assert side == len(modules) + 2 * 4
    assert dark_modules(path) == {
        (x + 4, y + 4) for y, row in enumerate(modules) for x, dark in enumerate(row) if dark
    }


def test_the_tag_names_its_picture_and_escapes_the_name():
    tag = Template("{% load portal %}{% qr_code text label %}")

    shown = tag.render(Context({"text": ADDRESS, "label": "H-1 “<b>”"}))

    assert 'aria-label="H-1 “&lt;b&gt;”"' in shown
    assert f'd="{qr.draw(ADDRESS)[1]}"' in shown
