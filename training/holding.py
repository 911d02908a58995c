"""Which protocol holds where: the nearest of each kind at a station on a day, and what is missing."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef

from safety_portal.people import Canine
from training import rules
from training.models import ProtocolVersion
from training.rules import KIND_WORDS, Kind


@dataclass
class Answer:
    """For one kind at one station: the version in force, or None; whether the station must have one."""

    kind: Kind
    version: ProtocolVersion | None
    asked_for: bool

    @property
    def words(self):
        return KIND_WORDS[self.kind]


def in_force(on, *, with_doses=False):
    """Every version in force on a day, with its names; protocols are few, so all of them at once."""
    found = ProtocolVersion.objects.in_force(on).with_names().order_by("protocol__title", "pk")
    return list(found.prefetch_related("doses") if with_doses else found)


def nearest(versions, kind, station, work=""):
    """Of versions in force, the one that is followed at a station (its region is at hand), or None."""
    place = {"component": station.region.component_id, "station": station.pk, "work": work}
    found = [
        version
        for version in versions
        if version.protocol.kind == kind and rules.covers(version.protocol.reach, **place)
    ]
    # Of two that are equally near the later one: somebody wrote it knowing of the other.
    return max(found, key=lambda v: (rules.nearness(v.protocol.reach), v.protocol_id), default=None)


def reaches(version, station):
    """Whether a version is for some of those who work at a station."""
    reach = version.protocol.reach
    place = {"component": station.region.component_id, "station": station.pk}
    return rules.covers(reach, **place, work=reach.work)


def review_horizon():
    """How long before its day a review is said to be due."""
    return dt.timedelta(days=max(settings.PROTOCOL_REVIEW_DAYS))


def kinds_asked_for():
    """What a station is asked to have a protocol for, in the order of the setting."""
    return [Kind(name) for name in settings.PROTOCOLS_ASKED_FOR]


def with_dogs(stations):
    """Stations, each saying whether dogs work there."""
    working = Canine.objects.serving().filter(station=OuterRef("pk"))
    return stations.select_related("region__component").annotate(has_dogs=Exists(working))


def answers_at(station, on):
    """What holds at a station on a day: one Answer for each kind that is asked for, with dogs only where they work."""
    versions, dogs = in_force(on), Canine.objects.serving().filter(station=station).exists()
    return [
        Answer(kind, nearest(versions, kind, station), kind != Kind.CANINE_DOSE or dogs)
        for kind in kinds_asked_for()
    ]


@dataclass
class Gap:
    """One kind of protocol over several stations: where none holds, and which review is overdue."""

    words: str
    missing: list
    overdue: list
    asked: int


def gaps(stations, on):
    """For each kind that is asked for, those of the stations (`with_dogs`) without one in force on a day; one query."""
    versions, found = in_force(on), []
    for kind in kinds_asked_for():
        asked = [s for s in stations if kind != Kind.CANINE_DOSE or s.has_dogs]
        if not asked:
            continue
        held = {station: nearest(versions, kind, station) for station in asked}
        late = {v.pk: v for v in held.values() if v and v.review_due_on < on}
        missing = [station for station, version in held.items() if version is None]
        found.append(Gap(KIND_WORDS[kind], missing, list(late.values()), len(asked)))
    return found
