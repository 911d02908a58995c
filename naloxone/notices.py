"""Who must hear of what about kits: expiry for now. Thresholds are days before the expiry (domain C.1)."""

import datetime as dt
from collections import defaultdict
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from naloxone.models import HandOver, Kit
from naloxone.rules import EXPIRY_HORIZONS, State
from safety_portal import access, alerts, outbox
from safety_portal.access import Role
from safety_portal.people import Station

KIND = "naloxone.kit_expiry"
# From here on it is a swap at the station, before it an order of the coordinator.
STATION_HEARS_AT = 30


def expiring_kits(now):
    """(key, station key, expiry) of units with doses that reach the first horizon on their station's day.

    One day is added for the zones east of UTC; the local day decides in `dues`.
    """
    last = now.date() + dt.timedelta(days=EXPIRY_HORIZONS[0] + 1)
    return Kit.objects.filter(
        state__in=[State.QUARANTINE, State.IN_SERVICE], doses__gt=0, expires_on__lte=last
    ).values_list("pk", "station_id", "expires_on")


def dues(now):
    """What is due on each station's own day: one Due a kit, at the nearest horizon it has reached."""
    stations = {station.pk: station for station in Station.objects.all()}
    days = {key: station.today(now) for key, station in stations.items()}
    for key, station, expires_on in expiring_kits(now).iterator():
        left = (expires_on - days[station]).days
        if left <= EXPIRY_HORIZONS[0]:
            yield alerts.Due(
                kind=KIND,
                subject=f"K-{key}",
                station_id=station,
                due_on=expires_on,
                threshold=alerts.threshold_for(left, EXPIRY_HORIZONS),
                group=f"{expires_on:%Y-%m} {stations[station].code}",
            )


def sweep_expiries(now):
    """Open, raise and resolve the expiry alerts of all stations. Returns (looked at, opened, resolved)."""
    due = list(dues(now))
    reached = alerts.reach(KIND, due, now, how="Replaced, emptied or no longer in service")
    return len(due), reached.opened, reached.resolved


def recipients(station, threshold, now):
    """The station's coordinators; from 30 days on its supervisors too."""
    roles = [Role.COORDINATOR]
    if threshold <= STATION_HEARS_AT:
        roles.append(Role.SUPERVISOR)
    return access.holders_of(roles, station, now)


def line(found):
    """One line of a digest for kits that expire in one month at one station."""
    count = len(found)
    month = f"{found[0].due_on:%B %Y}"
    first = min(found, key=lambda alert: alert.due_on)
    noun = "kit expires" if count == 1 else "kits expire"
    return f"{count} {noun} in {month} at {found[0].station}, the first on {first.due_on:%d %b %Y}"


def url(found):
    """The list of the station's kits, those that expire first on top."""
    return f"{reverse('naloxone:kits')}?{urlencode({'station': found[0].station_id, 'sort': 'expiry'})}"


def tell_lapsed(lapsed, *, now):
    """Mail the receivers of offers that a move overtook. `lapsed`: (hand-over key, kit key) pairs."""
    kits = defaultdict(list)
    for hand_over, kit in sorted(lapsed):
        kits[hand_over].append(f"K-{kit}")
    offers = HandOver.objects.filter(pk__in=kits).select_related(
        "receiver__person__account", "receiver__canine__handler__account"
    )
    for offer in offers:
        holder = offer.receiver
        person = holder.person or (holder.canine and holder.canine.handler)
        if person and person.has_account:  # a place has nobody in particular
            tell_one(person, offer, kits[offer.pk], now)


def tell_one(person, offer, references, now):
    """One mail about one offer: references and a link, no names."""
    outbox.queue_mail(
        key=f"lapsed:{offer.reference}:{references[0]}:{person.reference}",
        kind="hand_over.lapsed",
        to=person.account.email,
        recipient=person,
        subject=f"{offer.reference}: {len(references)} no longer offered to you",
        body=f"{', '.join(references)} of {offer.reference} moved before you answered, so the offer "
        f"of it has ended. There is nothing you have to do.\n\n"
        f"{settings.PUBLIC_URL}{reverse('naloxone:hand_over', args=[offer.pk])}\n",
        now=now,
    )


alerts.register_kind(
    alerts.Kind(name=KIND, title="Kits that expire", recipients=recipients, line=line, url=url)
)
alerts.register_sweep("naloxone.expiries", sweep_expiries)
