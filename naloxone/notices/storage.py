"""Kits that stood too hot or froze: whose decision waits, what is replaced next, and the hot season of a station."""

import datetime as dt

from django.conf import settings
from django.db.models import Count, Min
from django.urls import reverse

from naloxone import seasons, storage
from naloxone.models import Holder, KitStorage, StationSeason
from naloxone.notices.letters import IN_CHARGE, LATE, in_charge, kits_in_words, standing_in
from naloxone.rules import STOCKED
from naloxone.storage_rules import Phase
from safety_portal import access, alerts
from safety_portal.access import Role
from safety_portal.people import Station

REVIEW = "naloxone.temperature_review"
REPLACE = "naloxone.storage_replace"
SEASON = "naloxone.hot_season"
WAITING = 1  # a decision that still has time
COMING, RUNNING, OVER = 2, 1, 0  # of a season


def reviews(now):
    """One Due for each place with kits of which somebody is still to decide; worse once it has waited too long."""
    storage.keep_up(now)
    waiting = (
        KitStorage.objects.waiting()
        .filter(kit__state__in=STOCKED)
        .values("place", "place__station")
        .annotate(n=Count("pk"), first=Min("outside_from"))
        .order_by("place")
    )
    stations = Station.objects.in_bulk()
    for row in waiting:
        station = stations[row["place__station"]]
        due_on = station.today(row["first"] or now) + dt.timedelta(
            days=settings.STORAGE_DECIDE_DAYS
        )
        yield alerts.Due(
            kind=REVIEW, subject=f"S-{row['place']}", station_id=station.pk, due_on=due_on,
            threshold=LATE if station.today(now) > due_on else WAITING,
            group=f"temperature S-{row['place']}",
        )  # fmt: skip


def deciders(station, threshold, now):
    """The medical officers and the station's coordinator; supervisors too once it is late."""
    roles = [Role.MEDICAL_OFFICER, Role.COORDINATOR]
    if threshold <= LATE:
        roles.append(Role.SUPERVISOR)
    return access.holders_of(standing_in(roles, station, now), station, now)


def place_of(alert):
    """The key behind the alert's subject, “S-7”."""
    return int(alert.subject.removeprefix("S-"))


def review_line(found):
    """One line of a digest: how many kits of a place wait for a decision."""
    alert = found[0]
    place = Holder.objects.get(pk=place_of(alert))
    number = KitStorage.objects.waiting().filter(place=place, kit__state__in=STOCKED).count()
    return f"{kits_in_words(number)} stood too hot or too cold at {place}, {alert.station}: somebody decides"


def replacements(now):
    """One Due for each kit that is replaced in the next rotation; it stays usable until then."""
    rows = KitStorage.objects.to_replace().filter(kit__state__in=STOCKED)
    codes = dict(Station.objects.values_list("pk", "code"))
    for kit, station in rows.order_by("kit").values_list("kit", "kit__station"):
        yield alerts.Due(
            kind=REPLACE, subject=f"K-{kit}", station_id=station, due_on=None, threshold=0,
            group=f"replace {codes[station]}",
        )  # fmt: skip


def replace_line(found):
    """One line of a digest, beside those of kits to swap because they expire."""
    verb = "is" if len(found) == 1 else "are"
    return (
        f"{kits_in_words(len(found))} at {found[0].station} {verb} replaced in the next rotation after heat or frost, "
        "usable until then"
    )


def hot_seasons(now):
    """One Due for each station whose vehicles' kits are to go indoors, or whose season has just ended."""
    for word in StationSeason.objects.newest().select_related("station").order_by("station"):
        station = word.station
        today = station.today(now)
        at = seasons.now_at(word, today)
        if at.asks and not seasons.to_rotate(station, word.season, today).exists():
            continue
        step = {Phase.COMING: COMING, Phase.RUNNING: RUNNING, Phase.OVER: OVER}.get(at.phase)
        if step is not None and station.closed_on is None:
            yield alerts.Due(
                kind=SEASON, subject=f"{station.code} {'over' if step == OVER else at.begins.year}",
                station_id=station.pk, due_on=at.begins if at.asks else None, threshold=step,
                group=f"hot season {station.code}",
            )  # fmt: skip


def season_line(found):
    """One line of a digest: how many kits go indoors before which day, or that the season is over."""
    station = found[0].station
    if found[0].threshold == OVER:
        return f"The hot season at {station} is over: vehicles can have their full number of kits again"
    season = seasons.season_of(station).season
    number = seasons.to_rotate(station, season, station.today()).count()
    before = f"before {found[0].due_on:%d %b %Y}" if found[0].threshold == COMING else "now"
    return f"Move {kits_in_words(number)} from vehicles at {station} indoors {before}, and others out for them"


KINDS = (
    alerts.Kind(
        name=REVIEW,
        title="Temperature reviews waiting",
        recipients=deciders,
        line=review_line,
        url=lambda found: reverse("naloxone:review_storage", args=[place_of(found[0])]),
    ),
    alerts.Kind(
        name=REPLACE,
        title="Replace in the next rotation",
        recipients=in_charge,
        line=replace_line,
        url=lambda found: (
            f"{reverse('naloxone:storage_temperature')}?station={found[0].station_id}&worst=replace"
        ),
    ),
    alerts.Kind(
        name=SEASON,
        title="Hot seasons",
        recipients=lambda station, threshold, now: access.holders_of(
            standing_in(IN_CHARGE, station, now), station, now
        ),
        line=season_line,
        url=lambda found: reverse("naloxone:season", args=[found[0].station.code]),
    ),
)
for kind in KINDS:
    alerts.register_kind(kind)
for name, due, how in (
    (REVIEW, reviews, "Decided, or no longer within reach"),
    (REPLACE, replacements, "Another is in its place, or it was decided otherwise"),
    (SEASON, hot_seasons, "Moved indoors, or the season changed"),
):
    alerts.register_sweep(name, alerts.sweep_of(name, due, how=how))
