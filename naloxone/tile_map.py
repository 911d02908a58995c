"""A tile for each state and territory: stations have no coordinates here, so nothing is drawn that nobody knows."""

from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from safety_portal.geography import STATES

SIDE = 44
# Column and row, roughly where they lie; the territories stand apart below.
PLACES = {
    "AK": (0, 0), "ME": (10, 0), "VT": (9, 1), "NH": (10, 1),
    "WA": (0, 2), "ID": (1, 2), "MT": (2, 2), "ND": (3, 2), "MN": (4, 2), "IL": (5, 2), "WI": (6, 2),
    "MI": (7, 2), "NY": (8, 2), "RI": (9, 2), "MA": (10, 2),
    "OR": (0, 3), "NV": (1, 3), "WY": (2, 3), "SD": (3, 3), "IA": (4, 3), "IN": (5, 3), "OH": (6, 3),
    "PA": (7, 3), "NJ": (8, 3), "CT": (9, 3),
    "CA": (0, 4), "UT": (1, 4), "CO": (2, 4), "NE": (3, 4), "MO": (4, 4), "KY": (5, 4), "WV": (6, 4),
    "VA": (7, 4), "MD": (8, 4), "DE": (9, 4),
    "AZ": (1, 5), "NM": (2, 5), "KS": (3, 5), "AR": (4, 5), "TN": (5, 5), "NC": (6, 5), "SC": (7, 5),
    "DC": (8, 5),
    "OK": (3, 6), "LA": (4, 6), "MS": (5, 6), "AL": (6, 6), "GA": (7, 6),
    "HI": (0, 7), "TX": (3, 7), "FL": (8, 7),
    "GU": (0, 8), "MP": (1, 8), "AS": (2, 8), "PR": (9, 8), "VI": (10, 8),
}  # fmt: skip
SIZE = (SIDE * 11, SIDE * 9)


@dataclass(frozen=True)
class Tile:
    """One state: where it is drawn, how its stations stand, in words and by shape."""

    code: str
    x: int
    y: int
    number: int
    ready: int
    wrong: int
    tone: str
    current: bool
    linked: bool = True  # the reader has a station there

    @property
    def name(self):
        return STATES[self.code]

    @property
    def words(self):
        """What is read aloud."""
        if not self.number:
            return f"{self.name}: no station that should have a programme"
        said = f"{self.name}: {self.ready} of {self.number} ready"
        return f"{said}, something wrong at {self.wrong}" if self.wrong else said

    @property
    def url(self):
        return f"{reverse('naloxone:station_map')}?{urlencode({'state': self.code})}"

    @property
    def middle(self):
        return self.x + SIDE // 2

    @property
    def shape(self):
        """The outline of the badge of the same tone, in the tile's lower half."""
        x, y = self.middle - 18, self.y + 23
        return {
            "good": f"M{x} {y + 6}a6 6 0 1 0 12 0a6 6 0 1 0-12 0",
            "watch": f"M{x + 6} {y}l6 11h-12z",
            "bad": f"M{x + 3.5} {y}h5l3.5 3.5v5l-3.5 3.5h-5l-3.5-3.5v-5z",
        }.get(self.tone, "")


def tiles(programmes, *, chosen=""):
    """A Tile of each state; those where the person sees a station (`programmes`: all that they see) lead to them."""
    by_state = defaultdict(list)
    for one in programmes:
        by_state[one.station.state].append(one)
    return [tile(code, by_state.get(code), code == chosen) for code in PLACES]


def tile(code, programmes, current):
    expected = [one for one in programmes or () if one.is_expected]
    ready = sum(one.is_ready for one in expected)
    wrong = sum(not one.is_ready and one.is_wrong for one in expected)
    tone = "quiet"
    if expected:
        tone = "bad" if wrong else "good" if ready == len(expected) else "watch"
    column, row = PLACES[code]
    return Tile(
        code,
        column * SIDE,
        row * SIDE,
        len(expected),
        ready,
        wrong,
        tone,
        current,
        programmes is not None,
    )
