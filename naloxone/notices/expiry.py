"""Kits that expire: first the coordinator hears, who orders; then the station, which swaps. Thresholds are days before the expiry (domain C.1)."""

import datetime as dt
from collections import Counter
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from naloxone import covers
from naloxone.models import Kit
from naloxone.notices.letters import standing_in
from naloxone.rules import PLACES, UNUSED, HolderKind
from safety_portal import access, alerts
from safety_portal.access import Role
from safety_portal.alerts import Alert
from safety_portal.people import Station

GROUP = Alert._meta.get_field("group").max_length
KIND = "naloxone.kit_expiry"
OVERDUE = -1  # the horizon past the last day


def horizons():
    """Days before expiry at which somebody hears of it, the furthest first; the last is past it."""
    return sorted({*settings.EXPIRY_ORDER_DAYS, *settings.EXPIRY_SWAP_DAYS, OVERDUE}, reverse=True)


def expiring_kits(now):
    """(key, station, holder and its kind, expiry, doses) of units with doses that reach the first horizon on their station's day.

    Those that expire first stand first. One day is added for the zones east of UTC; the local day decides in `dues`.
    """
    last = now.date() + dt.timedelta(days=horizons()[0] + 1)
    found = Kit.objects.filter(state__in=UNUSED, doses__gt=0, expires_on__lte=last)
    return found.order_by("expires_on", "pk").values_list(
        "pk", "station_id", "holder_id", "holder__kind", "holder__name", "expires_on", "doses"
    )


def first_of(day):
    return day.replace(day=1)


def silenced(kits, covered):
    """{(station key, month): doses nobody need hear of} for what is covered; no order, no pass over the kits."""
    remaining = Counter()
    for _, station, _, _, _, expires_on, doses in kits if covered else ():
        if (station, first_of(expires_on)) in covered:
            remaining[station, first_of(expires_on)] += doses
    return {key: covered[key].silent(number) for key, number in remaining.items()}


def take(silent, key, doses):
    """Whether all doses of a unit are among those nobody need hear of; they are no longer, for the next unit."""
    spared = silent.get(key, 0)
    if spared:
        silent[key] = max(spared - doses, 0)
    return spared >= doses


def dues(now):
    """What is due on each station's own day: one Due a kit, at the nearest horizon it has reached.

    At the horizons at which one orders, doses that an order or a booking covers are left out, those that expire first
    before others: what comes replaces them first. At those at which one swaps, only a booked swap day does that.
    """
    stations = {station.pk: station for station in Station.objects.all()}
    days = {key: station.today(now) for key, station in stations.items()}
    steps = horizons()
    kits = list(expiring_kits(now))
    covered = covers.of_expiries(days, now)
    silent, booked = silenced(kits, covered), covers.of_swaps(days, now)
    for key, station, holder, kind, name, expires_on, doses in kits:
        left = (expires_on - days[station]).days
        at = (station, first_of(expires_on))
        spared = take(silent, at, doses)
        if left > steps[0]:
            continue
        threshold = alerts.threshold_for(left, steps)
        if spared and is_order(threshold):
            continue
        if threshold > OVERDUE and not is_order(threshold) and take(booked, at, doses):
            continue
        late = is_order(threshold) and at in covered and covered[at].late
        yield alerts.Due(
            kind=KIND,
            subject=f"K-{key}",
            station_id=station,
            due_on=expires_on,
            threshold=threshold,
            group=group_of(threshold, at[1], stations[station], (holder, kind, name), late=late),
        )


def is_order(threshold):
    """Whether this horizon asks for an order; the nearer ones ask for a swap."""
    return threshold > max(settings.EXPIRY_SWAP_DAYS)


def group_of(threshold, month, station, at, *, late):
    """What is one line: an order for a month, whatever the stations; a swap at a place, or of what a station's people carry.

    A place's name is in it, so that no line asks for one; a person's never is.
    """
    holder, kind, name = at
    if threshold == OVERDUE:
        return f"expired {station.code}"
    if is_order(threshold):
        return f"order {month:%Y-%m}{' late' if late else ''}"
    if kind in PLACES:
        return f"swap {month:%Y-%m} S-{holder} {name}"[:GROUP]
    return f"swap {month:%Y-%m} {'under way' if kind == HolderKind.IN_TRANSIT else 'carried'} {station.code}"


sweep_expiries = alerts.sweep_of(
    KIND, dues, how="Replaced, covered by an order or a plan, emptied or no longer in service"
)


def recipients(station, threshold, now):
    """The station's coordinators, who order; from the first day to swap on its supervisors too."""
    roles = [Role.COORDINATOR]
    if not is_order(threshold):
        roles.append(Role.SUPERVISOR)
    return access.holders_of(standing_in(roles, station, now), station, now)


def line(found):
    """One line of a digest: what is to be ordered for a month, what is to be swapped at a place, what has expired."""
    count = len(found)
    first = min(found, key=lambda alert: alert.due_on)
    last_words = f"the first on {first.due_on:%d %b %Y}"
    what, *rest = first.group.split()
    where = stations_in_words(found)
    if what == "expired":
        noun = "kit has" if count == 1 else "kits have"
        return f"{count} {noun} expired at {where}, {last_words}"
    noun = "kit expires" if count == 1 else "kits expire"
    expire = f"{count:,} {noun} in {first.due_on:%B %Y}"
    if what == "order" and rest[1:] == ["late"]:
        return f"Short by {count:,} for {first.due_on:%B %Y} at {where}: what was ordered or planned has not all come, {last_words}"
    if what == "order":
        return f"{expire} at {where}, {last_words}"
    return f"{expire} {place_in_words(rest[1:], where)}, {last_words}"


def stations_in_words(found):
    """The one station of some alerts, or how many they are."""
    number = len({alert.station_id for alert in found})
    return str(found[0].station) if number == 1 else f"{number} stations"


def place_in_words(words, station):
    """Where kits of a swap are, without a name of a person."""
    word, *name = words or [""]
    if word.startswith("S-"):
        return f"in {' '.join(name)}, {station}"
    said = {"carried": f"with people of {station}", "under": f"on their way from {station}"}
    # An alert from before groups told the place is shown too, until the next sweep names it.
    return said.get(word, f"at {station}")


def url(found):
    """Where one acts: an order for the month; for a swap the list of the place's kits, those that expire first on top."""
    what, *rest = found[0].group.split()
    if what == "order":
        return f"{reverse('naloxone:new_order')}?{urlencode({'month': rest[0]})}"
    asked = {"station": found[0].station_id}
    if what == "swap" and rest[1:] and rest[1].startswith("S-"):
        asked = {"place": rest[1].removeprefix("S-")}
    return f"{reverse('naloxone:kits')}?{urlencode({**asked, 'sort': 'expiry'})}"


alerts.register_kind(
    alerts.Kind(name=KIND, title="Kits that expire", recipients=recipients, line=line, url=url)
)
alerts.register_sweep("naloxone.expiries", sweep_expiries)
