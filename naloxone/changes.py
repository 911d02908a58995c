"""Changes of par and of the numbers at risk: they stay visible for some time, with who made them and why."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from naloxone.models import AtRisk, ParChange

MOST = 30


@dataclass(frozen=True)
class Change:
    """What changed where, when, by whom; `lowered` where less is asked for than before."""

    at: dt.datetime
    station: object
    where: str
    place: object | None
    what: str
    why: str
    by: object
    lowered: bool


def shown(number):
    return "none" if number is None else number


def of_par(condition, since):
    """Changes of par at places that fit a condition (`station`, …) since a moment."""
    rows = ParChange.objects.filter(condition, at__gte=since).order_by("-at", "-pk")
    for row in rows.select_related("place__station", "by")[: MOST + 1]:
        verb = "lowered" if row.was_lowered else "raised" if row.old is not None else "set"
        yield Change(
            row.at, row.place.station, row.place.name, row.place,
            f"Par {verb} from {shown(row.old)} to {shown(row.new)}", row.why, row.by, row.was_lowered,
        )  # fmt: skip


def of_risk(condition, since):
    """Numbers at risk that are not what they were, since a moment."""
    place = Coalesce("place", 0)
    before = AtRisk.objects.annotate(where=place).filter(
        station=OuterRef("station"), where=OuterRef("where"), shift=OuterRef("shift"), pk__lt=OuterRef("pk")
    )  # fmt: skip
    before = before.order_by("-pk")
    rows = (
        AtRisk.objects.filter(condition, at__gte=since)
        .annotate(where=place)
        .annotate(
            old_people=Subquery(before.values("people")[:1]),
            old_dogs=Subquery(before.values("dogs")[:1]),
        )
        .filter(old_people__isnull=False)
        .exclude(old_people=F("people"), old_dogs=F("dogs"))
        .select_related("station", "place", "by")
        .order_by("-at", "-pk")
    )
    for row in rows[: MOST + 1]:
        yield Change(
            row.at, row.station, row.place.name if row.place else "The station", row.place,
            f"At risk in shift {row.shift}: {in_words(row.old_people, row.old_dogs)} before, "
            f"{in_words(row.people, row.dogs)} now",
            row.source, row.by, (row.people, row.dogs) < (row.old_people, row.old_dogs),
        )  # fmt: skip


def in_words(people, dogs):
    """“9 people and 1 dog”."""
    said = "1 person" if people == 1 else f"{people} people"
    return f"{said} and {'1 dog' if dogs == 1 else f'{dogs} dogs'}" if dogs else said


def recent(now, *, of_places, of_stations):
    """Both, newest first, at most so many; two queries. The conditions are on a place, and on a row with a station."""
    since = now - dt.timedelta(days=settings.CHANGES_SHOWN_DAYS)
    found = [*of_par(of_places, since), *of_risk(of_stations, since)]
    return sorted(found, key=lambda change: change.at, reverse=True)[:MOST]
