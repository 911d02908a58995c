"""Which places are to be looked at now, and how a round went: each a query or two, whatever the number of rounds."""

import datetime as dt

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from naloxone.actions.rounds import kind_after, shift_of
from naloxone.models import Holder, Kit, Round, RoundResult, Walk
from naloxone.round_rules import DOCUMENTED, RoundKind
from naloxone.rules import PLACES


def with_rounds(places):
    """Places with the moments of their newest round (`last_at`) and documented check (`documented_at`)."""
    documented = [kind.value for kind in DOCUMENTED]
    return places.annotate(
        last_at=Round.objects.newest(), documented_at=Round.objects.newest(documented)
    )


def with_numbers(places):
    """Places with how many units are recorded there (`expected`)."""
    here = Kit.objects.stocked().filter(holder=OuterRef("pk")).order_by().values("holder")
    number = Subquery(here.annotate(n=Count("pk")).values("n"))
    return places.annotate(expected=Coalesce(number, 0))


def look_at(place, now, shift=None):
    """Sets what a place waits for (`todo`, a RoundKind or None), and whether its documented check is late.

    A place that nobody ever looked at waits for it, but is not late: nobody knows since when.
    """
    shift = shift or shift_of(place.station, now)
    place.shift = shift
    kind = kind_after(place.documented_at, place.station, now)
    missed = place.last_at is None or place.last_at < shift.began_at
    place.todo = kind
    if kind == RoundKind.SHIFT and not (place.every_shift and missed):
        place.todo = None
    place.due_on = None
    if place.documented_at:
        first = place.station.today(place.documented_at)
        place.due_on = first + dt.timedelta(days=settings.ROUND_DAYS)
    place.late = place.due_on is not None and place.due_on < place.station.today(now)
    return place


def look_at_all(places, now):
    """The same for many, with one shift worked out a station."""
    shifts = {}
    for place in places:
        if place.station_id not in shifts:
            shifts[place.station_id] = shift_of(place.station, now)
        look_at(place, now, shifts[place.station_id])
    return places


def places_to_walk(condition, now):
    """Places in use that fit a condition, each with what it waits for: what is late first, then by name."""
    places = Holder.objects.in_use().filter(condition, kind__in=PLACES).select_related("station")
    found = list(with_numbers(with_rounds(places)).order_by("station__name", "name"))
    return sorted(look_at_all(found, now), key=lambda place: (place.todo is None, not place.late))


def under_way(person, station, now):
    """The walk that a person has begun at a station in this shift and not finished, or None."""
    shift = shift_of(station, now)
    return (
        Walk.objects.filter(
            by=person, station=station, began_at__gte=shift.began_at, drawn=None, at_terminal=False
        )
        .order_by("-pk")
        .first()
    )


def with_counts(walks):
    """Walks with how many places they were of, where something differed, kits asked for and scanned."""
    rounds = Round.objects.filter(walk=OuterRef("pk")).order_by().values("walk")
    differs = Count("pk", filter=Q(result=RoundResult.DIFFERS))
    drawn = Walk.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
    return walks.annotate(
        places=Subquery(rounds.annotate(n=Count("pk")).values("n")),
        differing=Subquery(rounds.annotate(n=differs).values("n")),
        asked=Subquery(drawn.annotate(n=Count("drawn")).values("n")),
        scanned=Subquery(drawn.annotate(n=Count("drawn__scan")).values("n")),
    )
