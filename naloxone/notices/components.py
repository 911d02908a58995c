"""Components of kits that expire: a mask, wipes. An alert of its own, at the days of the kits themselves.

An expired component makes no kit unusable: the doses are as good as before, and the line says so.
"""

import datetime as dt
from urllib.parse import urlencode

from django.urls import reverse

from naloxone.models import Kit
from naloxone.notices import expiry
from naloxone.rules import UNUSED
from safety_portal import alerts
from safety_portal.people import Station

KIND = "naloxone.component_expiry"


def dues(now):
    """One Due a kit with a component that expires, on its station's own day, at the nearest horizon it has reached."""
    stations = {station.pk: station for station in Station.objects.all()}
    steps = expiry.horizons()
    last = now.date() + dt.timedelta(days=steps[0] + 1)
    found = Kit.objects.filter(state__in=UNUSED, component_expires_on__lte=last).order_by(
        "component_expires_on", "pk"
    )
    for key, station, day in found.values_list("pk", "station_id", "component_expires_on"):
        left = (day - stations[station].today(now)).days
        if left <= steps[0]:
            month = "expired" if left < 0 else f"{day:%Y-%m}"
            yield alerts.Due(
                kind=KIND, subject=f"K-{key}", station_id=station, due_on=day,
                threshold=alerts.threshold_for(left, steps),
                group=f"components {month} {stations[station].code}",
            )  # fmt: skip


sweep_components = alerts.sweep_of(KIND, dues, how="Renewed, taken out or no longer in service")


def line(found):
    """One line of a digest for the kits of a station with a component that expires in one month, or has."""
    count, first = len(found), min(found, key=lambda alert: alert.due_on)
    has_noun = "kit has" if count == 1 else "kits have"
    what = f"{count:,} {has_noun} a component that"
    where = f"at {first.station}, the first on {first.due_on:%d %b %Y}: renew it. The doses are not touched by this"
    if first.threshold == expiry.OVERDUE:
        return f"{what} has expired {where}"
    return f"{what} expires in {first.due_on:%B %Y} {where}"


def url(found):
    """The list of the station's kits with such a component."""
    asked = {"station": found[0].station_id, "component": "180"}
    if found[0].threshold == expiry.OVERDUE:
        asked["component"] = "expired"
    return f"{reverse('naloxone:kits')}?{urlencode(asked)}"


alerts.register_kind(
    alerts.Kind(
        name=KIND, title="Components that expire", recipients=expiry.recipients, line=line, url=url
    )
)
alerts.register_sweep("naloxone.components", sweep_components)
