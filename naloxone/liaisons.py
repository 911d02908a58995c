"""Who keeps each station's stock: coordinators and deputies with their days, and what a station lacks.

A liaison is a grant of a role (docs/adr/0013): nobody stands on the list who may not act, or the reverse.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Max, Q

from naloxone.liaison_rules import LACK_WORDS, Lack, lacks
from naloxone.models import Holder, RegisterPassing
from naloxone.rules import PLACES
from safety_portal.access import Grant, Role, Scope
from safety_portal.people import Person, Station

LIAISONS = (Role.COORDINATOR, Role.DEPUTY)


@dataclass(frozen=True)
class Liaison:
    """That a person is a station's coordinator or deputy, from a day of its own to a last day (None: no end is set)."""

    person: Person
    since: dt.date
    until: dt.date | None
    wider: (
        str  # the region or component that the role is for; empty when it is for the station alone
    )


def liaison(grant, station):
    """A grant as a station reads it."""
    ends = grant.ends_at and (grant.ends_at - dt.timedelta(microseconds=1))
    return Liaison(
        grant.person,
        station.today(grant.starts_at),
        ends and station.today(ends),
        "" if grant.scope == Scope.STATION else grant.where,
    )


@dataclass
class Liaisons:
    """One station's: who is one now, who was the last coordinator that is none any more, the register's last passing."""

    station: Station
    coordinators: list = field(default_factory=list)
    deputies: list = field(default_factory=list)
    former: Liaison | None = None
    passing: RegisterPassing | None = None

    @property
    def people(self):
        return {one.person.pk for one in (*self.coordinators, *self.deputies)}

    @property
    def lacks(self) -> list[Lack]:
        return lacks(
            coordinators=len(self.coordinators),
            deputies=len(self.deputies),
            register_is_theirs=self.passing is None or self.passing.incoming_id in self.people,
        )

    @property
    def words(self):
        """What it lacks, in words."""
        return [LACK_WORDS[lack] for lack in self.lacks]


def with_stock(stations):
    """Stations in use that have places for kits: those must have a coordinator."""
    places = Holder.objects.in_use().filter(kind__in=PLACES)
    return stations.in_use().filter(pk__in=places.values("station"))


def own_liaisons(now):
    """Grants in force that make somebody a liaison of stations: not those for the whole agency, which answer for no one."""
    grants = Grant.objects.in_force(now).of_role(*LIAISONS).exclude(scope=Scope.EVERYWHERE)
    return grants.select_related("person", "region", "component").order_by("starts_at", "pk")


def of_stations(stations, now):
    """Liaisons of each station (`region` at hand), in their order; three queries, however many stations."""
    found = {station.pk: Liaisons(station) for station in stations}
    by_place = defaultdict(list)
    for grant in own_liaisons(now):
        by_place[grant.scope, grant.station_id or grant.region_id or grant.component_id].append(
            grant
        )
    for one in found.values():
        region = one.station.region
        for key in (
            (Scope.STATION, one.station.pk),
            (Scope.REGION, region.pk),
            (Scope.COMPONENT, region.component_id),
        ):
            for grant in by_place.get(key, ()):
                mine = one.coordinators if grant.role == Role.COORDINATOR else one.deputies
                mine.append(liaison(grant, one.station))
    add_former(found, now)
    newest = RegisterPassing.objects.complete().filter(station__in=found).order_by()
    keys = newest.values("station").annotate(key=Max("pk")).values("key")
    for passing in RegisterPassing.objects.with_names().filter(pk__in=keys):
        found[passing.station_id].passing = passing
    return list(found.values())


def add_former(found, now):
    """Of stations without a coordinator: who was the last, and when that ended."""
    bare = [key for key, one in found.items() if not one.coordinators]
    ended = Grant.objects.of_role(Role.COORDINATOR).filter(station__in=bare, starts_at__lte=now)
    for grant in ended.select_related("person").order_by("ends_at", "pk"):
        found[grant.station_id].former = liaison(grant, found[grant.station_id].station)


def liaisons_at(station, now):
    """People who may take a station's register over: its own coordinators and deputies, with an account."""
    grants = own_liaisons(now).reaching(station).order_by()
    return Person.objects.filter(pk__in=grants.values("person"), account__is_active=True).by_name()


def former_liaisons(station, now):
    """People who answered for a station's stock and do no more: by role, or because the register is in their name."""
    grants = Grant.objects.of_role(*LIAISONS).filter(station=station, starts_at__lte=now)
    newest = RegisterPassing.objects.complete().filter(station=station).newest_first()[:1]
    were = Q(pk__in=grants.values("person")) | Q(
        pk__in=list(newest.values_list("incoming", flat=True))
    )
    serving = own_liaisons(now).reaching(station).order_by()
    return Person.objects.filter(were).exclude(pk__in=serving.values("person")).by_name()
