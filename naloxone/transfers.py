"""Which kits might go from a station with surplus to one with a shortage: the figures and kits behind the proposals."""

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from naloxone import readiness
from naloxone.models import HandOverLine, Kit, UnitKind
from naloxone.readiness_rules import Giver, Spare, Taker, may_lose, propose

# A dog's kit is made for its dog.
SENT = (UnitKind.CARTON, UnitKind.KIT)
NEARNESS = ("Same region", "Same component", "Another component")


@dataclass
class Proposal:
    """A transfer as a page shows it; `url` is the consignment's form, filled in."""

    giver: readiness.StationLine
    taker: readiness.StationLine
    kits: tuple
    first_expires_on: dt.date
    nearness: str
    may_send: bool = False  # the reader may

    @property
    def references(self):
        return [f"K-{key}" for key in self.kits]

    @property
    def url(self):
        told = [("kits", reference) for reference in self.references]
        return f"{reverse('naloxone:send')}?{urlencode([*told, ('destination', self.taker.key)])}"


@dataclass(frozen=True)
class Found:
    """What is proposed, which shortages nobody can fill, and where a surplus can't be told because nobody said who is at risk."""

    proposals: list
    unfilled: list
    unknown: list


def find(now):
    """Proposals over the whole agency; four statements, however many stations."""
    lines = readiness.of_stations(now)
    takers = [
        Taker(line.key, line.region_id, line.component_id, line.lacking)
        for line in lines
        if line.points and line.lacking
    ]
    surplus = [line for line in lines if line.spare > 0]
    known = {line.key: line for line in surplus if line.is_known}
    by_key = {line.key: line for line in lines}
    wanted = sum(taker.lack for taker in takers)
    givers = givers_of(known, wanted, now) if takers and known else []
    not_before = now.date() + dt.timedelta(days=settings.TRANSFER_DAYS_LEFT)
    made = propose(givers, takers, not_before=not_before)
    filled = {taker.station: 0 for taker in takers}
    for one in made:
        filled[one.taker] += len(one.kits)
    return Found(
        [
            Proposal(
                by_key[one.giver], by_key[one.taker], one.kits, one.first_expires_on, NEARNESS[one.nearness]
            )
            for one in made
        ],
        [
            (by_key[taker.station], taker.lack - filled[taker.station])
            for taker in takers
            if taker.lack > filled[taker.station]
        ],
        [line for line in surplus if not line.is_known],
    )  # fmt: skip


def givers_of(lines, wanted, now):
    """A Giver of each line: what its places may lose, and the kits that expire first in each."""
    most_of = {}
    for place in readiness.of_places(now, list(lines)):
        spare = may_lose(place.serviceable, par=place.par, need=place.need, is_point=place.is_point)
        if spare:
            most_of.setdefault(place.station_id, {})[place.key] = spare
    spares = spares_in([key for places in most_of.values() for key in places], wanted, now)
    for station, places in most_of.items():
        line = lines[station]
        yield Giver(
            station, line.region_id, line.component_id, line.spare, places,
            tuple(spare for key in places for spare in spares.get(key, ())),
        )  # fmt: skip


def spares_in(places, most, now):
    """{place key: its kits that may be sent, the first to expire first, at most so many}; one query."""
    turn = Window(RowNumber(), partition_by=[F("holder")], order_by=[F("expires_on"), F("pk")])
    offered = HandOverLine.objects.filter(outcome=None).values("kit")
    first = now.date() + dt.timedelta(days=settings.TRANSFER_DAYS_LEFT)
    kits = (
        Kit.objects.serviceable(first)
        .filter(holder__in=places, kind__in=SENT)
        .exclude(pk__in=offered)
        .annotate(turn=turn)
        .filter(turn__lte=most)
        .order_by("holder", "turn")
    )
    found = {}
    for key, expires_on, place in kits.values_list("pk", "expires_on", "holder"):
        found.setdefault(place, []).append(Spare(key, expires_on, place))
    return found
