"""How far each station's naloxone programme is: what follows from the records, what somebody wrote down, and which post answers."""

import datetime as dt
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Max
from django.urls import reverse

from naloxone import liaisons, readiness
from naloxone.models import Authority, ProgrammeDecision, TrainingConfirmation
from naloxone.readiness import StationLine
from naloxone.readiness_rules import NEED_WORDS, STAGE_WORDS, Need, Stage, stage_of
from safety_portal import access
from safety_portal.access import Grant, Permission, Role, Scope
from safety_portal.people import Station
from training import holding

# Who answers for it, the nearest to the kits first; told by post, never by name.
OFFICIALS = (Role.COORDINATOR, Role.DEPUTY, Role.SUPERVISOR)


@dataclass
class Programme:
    """One station's: its line of readiness, its liaisons, and the newest of what was written down."""

    station: Station
    line: StationLine
    liaisons: liaisons.Liaisons
    decision: ProgrammeDecision | None = None
    authorities: list = field(default_factory=list)  # that hold there, in force or ended
    training: TrainingConfirmation | None = None
    official: str = ""
    without_protocol: list = field(default_factory=list)  # what has none in force, in words

    @property
    def authority(self):
        """What is in force today, that which holds the longest; else None."""
        today = self.line.today
        held = [a for a in self.authorities if a.since <= today and (a.until or today) >= today]
        return max(held, key=lambda a: a.until or dt.date.max, default=None)

    @property
    def training_holds(self):
        days = dt.timedelta(days=settings.TRAINING_CONFIRMED_DAYS)
        return self.training is not None and self.training.confirmed_on >= self.line.today - days

    @property
    def done(self):
        """What of the checklist is there."""
        found = {
            Need.DECISION: self.decision is not None and self.decision.should,
            Need.AUTHORITY: self.authority is not None,
            Need.COORDINATOR: bool(self.liaisons.coordinators),
            Need.DEPUTY: bool(self.liaisons.deputies),
            Need.STORAGE: self.line.stores > 0,
            Need.TRAINING: self.training_holds,
            Need.KITS: self.line.serviceable + self.line.in_store > 0,
        }
        return [need for need, there in found.items() if there]

    @property
    def missing(self):
        done = self.done
        return [need for need in Need if need not in done]

    @property
    def missing_words(self):
        return [NEED_WORDS[need] for need in self.missing]

    @property
    def stage(self):
        return stage_of(self.decision and self.decision.should, self.done)

    @property
    def stage_words(self):
        return STAGE_WORDS[self.stage]

    @property
    def is_expected(self):
        """Whether it must be ready: it should have a programme, or has begun one."""
        return self.stage not in (Stage.UNDECIDED, Stage.NOT_ASKED)

    @property
    def is_ready(self):
        """Whether an antagonist is shown to be in reach of everybody at risk there."""
        return bool(self.line.points) and not self.line.lacks

    @property
    def reach_words(self):
        """The first inspectors' question, answered in words."""
        if not self.line.points:
            return "No place where one is kept"
        return self.line.words[0] if self.line.lacks else "Yes"

    @property
    def is_wrong(self):
        return not self.line.points or self.line.is_wrong


def of_stations(stations, now):
    """A Programme of each station (`region__component` at hand), in their order; as many queries for one as for all."""
    lines = {line.key: line for line in readiness.of_stations(now, [one.pk for one in stations])}
    known = {one.station.pk: one for one in liaisons.of_stations(stations, now)}
    decisions = newest(ProgrammeDecision.objects.filter(station__in=lines))
    trainings = newest(TrainingConfirmation.objects.filter(station__in=lines))
    authorities = list(Authority.objects.newest().with_names().order_by("pk"))
    supervised = supervisors(now)
    found = [
        Programme(
            station, lines[station.pk], known[station.pk], decisions.get(station.pk),
            [one for one in authorities if reaches(one, station)], trainings.get(station.pk),
            official_of(known[station.pk], supervised),
        )
        for station in stations
    ]  # fmt: skip
    return found


def newest(rows):
    """{station key: the row recorded last} of some rows; one query."""
    keys = rows.order_by().values("station").annotate(key=Max("pk")).values("key")
    found = rows.model.objects.filter(pk__in=keys).select_related("by")
    return {row.station_id: row for row in found}


def reaches(authority, station):
    """Whether an authority is for the whole agency, for a station's component, or for the station."""
    if authority.station_id:
        return authority.station_id == station.pk
    return authority.component_id in (None, station.region.component_id)


def supervisors(now):
    """(scope, key) of each station, region and component that has a supervisor."""
    grants = Grant.objects.in_force(now).of_role(Role.SUPERVISOR).exclude(scope=Scope.EVERYWHERE)
    rows = grants.order_by().values_list("scope", "station", "region", "component")
    return {(scope, station or region or component) for scope, station, region, component in rows}


def official_of(here, supervised):
    """The post that answers for a station's programme: of itself, its region or its component."""
    for role, people in zip(OFFICIALS, (here.coordinators, here.deputies), strict=False):
        if people:
            return f"{role.label}, {people[0].wider or here.station}"
    station = here.station
    for scope, place in (
        (Scope.STATION, station), (Scope.REGION, station.region), (Scope.COMPONENT, station.region.component),
    ):  # fmt: skip
        if (scope, place.pk) in supervised:
            return f"{Role.SUPERVISOR.label}, {place}"
    return ""


def add_protocols(programmes, on):
    """Sets what each station has no protocol in force for on a day; two queries for all."""
    keys = [one.station.pk for one in programmes]
    stations = list(holding.with_dogs(Station.objects.filter(pk__in=keys).order_by("pk")))
    without = {}
    for gap in holding.gaps(stations, on):
        for station in gap.missing:
            without.setdefault(station.pk, []).append(gap.words)
    for one in programmes:
        one.without_protocol = without.get(one.station.pk, [])
    return programmes


# --- where one does what is missing -----------------------------------------------------------------------


def address_of(need, station):
    """The page on which a line of the checklist is done."""
    code = station.code
    return {
        Need.DECISION: reverse("naloxone:decide_programme", args=[code]),
        Need.AUTHORITY: reverse("naloxone:record_authority", args=[code]),
        Need.COORDINATOR: f"{reverse('people')}?station={code}",
        Need.DEPUTY: f"{reverse('people')}?station={code}",
        Need.STORAGE: f"{reverse('naloxone:open_place')}?station={station.pk}",
        Need.TRAINING: reverse("naloxone:confirm_training", args=[code]),
        Need.KITS: reverse("naloxone:receive"),
    }[need]


# Who may do it, there.
ALLOWED = {
    Need.DECISION: Permission.PROGRAMMES_KEEP,
    Need.AUTHORITY: Permission.PROGRAMMES_KEEP,
    Need.COORDINATOR: Permission.GRANTS_KEEP,
    Need.DEPUTY: Permission.GRANTS_KEEP,
    Need.STORAGE: Permission.PLACES_KEEP,
    Need.TRAINING: Permission.PROGRAMMES_KEEP,
    Need.KITS: Permission.STOCK_RECEIVE,
}
WHO = {
    Need.COORDINATOR: "An administrator gives the role",
    Need.DEPUTY: "An administrator gives the role",
    Need.STORAGE: "The coordinator opens a place",
    Need.KITS: "The coordinator receives them",
}


@dataclass(frozen=True)
class Check:
    """A line of the checklist: whether it is there, what is known of it, where one does it or who does."""

    need: Need
    done: bool
    told: str
    url: str
    who: str

    @property
    def words(self):
        return NEED_WORDS[self.need]


def checklist(programme, person):
    """The go-live checklist of one station, as a person sees it."""
    done = programme.done
    for need in Need:
        allowed = access.may(person, ALLOWED[need], at=programme.station)
        yield Check(
            need, need in done, told_of(programme, need),
            address_of(need, programme.station) if allowed else "", WHO.get(need, ""),
        )  # fmt: skip


def told_of(programme, need):
    """What is known of one line, in words; a post and a day, no names but of who wrote it down."""
    decision, authority, training = programme.decision, programme.authority, programme.training
    line = programme.line
    if need == Need.DECISION and decision:
        said = "should have one" if decision.should else "needs none"
        return f"{decision.post}, {decision.decided_on:%d %b %Y}: {said}. Source: {decision.source}"
    if need == Need.AUTHORITY and authority:
        until = f"until {authority.until:%d %b %Y}" if authority.until else "no end"
        return f"{authority}, {authority.post}, for {authority.where}, {until}"
    if need == Need.AUTHORITY and programme.authorities:
        last = max(programme.authorities, key=lambda a: a.until or dt.date.max)
        return f"{last}: from {last.since:%d %b %Y} until {last.until:%d %b %Y}"
    if need == Need.TRAINING and training:
        stale = "" if programme.training_holds else " Out of date: confirm it again."
        return f"Confirmed by {training.by} for {training.confirmed_on:%d %b %Y}: {training.record}.{stale}"
    if need == Need.STORAGE and line.stores:
        return f"{line.stores} of its own"
    if need == Need.KITS:
        return (
            f"{line.serviceable} in reach, {line.in_store} in store"
            if programme.line.stores
            else ""
        )
    return ""


def not_ready(programmes):
    """Of those that should be ready, the ones that are not."""
    return [one for one in programmes if one.is_expected and not one.is_ready]


def trained_words(programme):
    """The second inspectors' question, as far as the portal can answer it."""
    if programme.training_holds:
        return f"Confirmed for {programme.training.confirmed_on:%d %b %Y}"
    return "Not recorded in the portal yet"
