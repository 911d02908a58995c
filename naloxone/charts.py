"""A course of temperatures as a small picture in the page, and as the table behind it. SVG without style or script."""

from dataclasses import dataclass

from django.db import connection
from django.utils.html import format_html, format_html_join

from naloxone.storage_rules import degrees

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 180, 44, 24
STEPS = 160  # a picture has no room for more

BUCKETS = """
select min(extract(epoch from at))::bigint, min(centi), max(centi), count(*)
from naloxone_reading reading
where place_id = %(place)s and at between %(since)s and %(until)s and not exists (
    select from naloxone_recordwithdrawal gone where gone.record_id = reading.record_id)
group by {by}
order by 1
"""
EVEN = "width_bucket(extract(epoch from at), extract(epoch from %(since)s::timestamptz), extract(epoch from %(until)s::timestamptz) + 1, %(steps)s)"
DAYS = "(at at time zone %(zone)s)::date"


@dataclass(frozen=True)
class Day:
    """One day of a place: hundredths °C."""

    day: object
    lowest: int
    highest: int
    readings: int

    @property
    def words(self):
        return degrees(self.lowest), degrees(self.highest)


def buckets(place, since, until, *, by, zone="UTC"):
    with connection.cursor() as cursor:
        facts = {"place": place.pk, "since": since, "until": until, "steps": STEPS, "zone": zone}
        cursor.execute(BUCKETS.format(by=by), facts)
        return cursor.fetchall()


def days_of(place, since, until, moment_of):
    """The table: a row for each of the station's days, newest first."""
    zone = place.station.zone
    rows = buckets(place, since, until, by=DAYS, zone=zone.key)
    return [
        Day(moment_of(first).astimezone(zone).date(), low, high, count)
        for first, low, high, count in reversed(rows)
    ]


def chart(place, since, until, *, bands=None, label):
    """The picture as SVG: a band from lowest to highest, and the label's bounds. "" when there is nothing to draw."""
    rows = buckets(place, since, until, by=EVEN)
    if len(rows) < 2:
        return ""
    return draw(rows, bands=bands, label=label)


def draw(rows, *, bands, label):
    """SVG of (moment, lowest, highest, count) rows."""
    bounds = [b for b in (bands.least, bands.most) if b is not None] if bands else []
    low = min([row[1] for row in rows] + bounds) - 2_00
    high = max([row[2] for row in rows] + bounds) + 2_00
    first, last = rows[0][0], rows[-1][0]

    def x(moment):
        return round(LEFT + (moment - first) / max(last - first, 1) * (WIDTH - LEFT - 8), 1)

    def y(centi):
        return round((HEIGHT - BOTTOM) * (high - centi) / (high - low), 1)

    upper = [f"{x(row[0])},{y(row[2]) - 1}" for row in rows]
    lower = [f"{x(row[0])},{y(row[1]) + 1}" for row in reversed(rows)]
    lines = format_html_join(
        "",
        '<line class="kits-chart__bound" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="0" y="{}">{}</text>',
        [(LEFT, WIDTH, y(b), y(b), y(b) + 4, f"{b / 100:g} °C") for b in bounds],
    )
    return format_html(
        '<svg class="kits-chart" role="img" aria-label="{}" viewBox="0 0 {} {}">{}<polygon points="{}"/>'
        '<text x="0" y="12">{} °C</text></svg>',
        label, WIDTH, HEIGHT, lines, " ".join([*upper, *lower]), f"{(high - 2_00) / 100:g}",
    )  # fmt: skip
