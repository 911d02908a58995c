"""Kits that expire. Thresholds are days before the expiry (domain C.1)."""

import datetime as dt
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from naloxone.models import Kit
from naloxone.notices.letters import standing_in
from naloxone.rules import UNUSED
from safety_portal import access, alerts
from safety_portal.access import Role
from safety_portal.people import Station

KIND = "naloxone.kit_expiry"
OVERDUE = -1  # the horizon past the last day


def horizons():
    """Days before expiry at which somebody hears of it, the furthest first; the last is past it."""
    return sorted({*settings.EXPIRY_ORDER_DAYS, *settings.EXPIRY_SWAP_DAYS, OVERDUE}, reverse=True)


def expiring_kits(now):
    """(key, station key, expiry) of units with doses that reach the first horizon on their station's day.

    One day is added for the zones east of UTC; the local day decides in `dues`.
    """
    last = now.date() + dt.timedelta(days=horizons()[0] + 1)
    return Kit.objects.filter(state__in=UNUSED, doses__gt=0, expires_on__lte=last).values_list(
        "pk", "station_id", "expires_on"
    )


def dues(now):
    """What is due on each station's own day: one Due a kit, at the nearest horizon it has reached."""
    stations = {station.pk: station for station in Station.objects.all()}
    days = {key: station.today(now) for key, station in stations.items()}
    steps = horizons()
    for key, station, expires_on in expiring_kits(now).iterator():
        left = (expires_on - days[station]).days
        if left <= steps[0]:
            yield alerts.Due(
                kind=KIND,
                subject=f"K-{key}",
                station_id=station,
                due_on=expires_on,
                threshold=alerts.threshold_for(left, steps),
                group=f"{f'{expires_on:%Y-%m}' if left >= 0 else 'expired'} {stations[station].code}",
            )


sweep_expiries = alerts.sweep_of(KIND, dues, how="Replaced, emptied or no longer in service")


def recipients(station, threshold, now):
    """The station's coordinators, who order; from the first day to swap on its supervisors too."""
    roles = [Role.COORDINATOR]
    if threshold <= max(settings.EXPIRY_SWAP_DAYS):
        roles.append(Role.SUPERVISOR)
    return access.holders_of(standing_in(roles, station, now), station, now)


def line(found):
    """One line of a digest for kits that expire in one month at one station, or have expired there."""
    count = len(found)
    month = f"{found[0].due_on:%B %Y}"
    first = min(found, key=lambda alert: alert.due_on)
    if found[0].threshold == OVERDUE:
        noun = "kit has" if count == 1 else "kits have"
        return f"{count} {noun} expired at {first.station}, the first on {first.due_on:%d %b %Y}"
    noun = "kit expires" if count == 1 else "kits expire"
    return f"{count} {noun} in {month} at {found[0].station}, the first on {first.due_on:%d %b %Y}"


def url(found):
    """The list of the station's kits, those that expire first on top."""
    return f"{reverse('naloxone:kits')}?{urlencode({'station': found[0].station_id, 'sort': 'expiry'})}"


alerts.register_kind(
    alerts.Kind(name=KIND, title="Kits that expire", recipients=recipients, line=line, url=url)
)
alerts.register_sweep("naloxone.expiries", sweep_expiries)
