"""What is recorded in need and swept at night: a use as a form that is sent, and the expiry sweep over all kits."""

import time

from django.db import connection
from django.utils import timezone

from bench.environment import times
from bench.plan import LONG
from bench.web import Time
from bench.world import busy_station
from naloxone import notices
from naloxone.models import Kit
from naloxone.rules import UNUSED, HolderKind, State

USES = 20
# The least that a sweep must read.
EXPIRING = """
select id, station_id, expires_on from naloxone_kit
where state = any(%s) and doses > 0 and expires_on <= current_date + %s
"""


def by_form(visitor, person):
    """One dose each of kits in storage, recorded by somebody who types their numbers."""
    kits = Kit.objects.filter(
        station=busy_station(), state=State.IN_SERVICE, holder__kind=HolderKind.STORAGE, doses__gt=1
    ).exclude(last_sequence=LONG)
    seconds = []
    for kit in kits.order_by("-pk")[: times(USES)]:
        local = timezone.now().astimezone(person.zone)
        facts = visitor.form("/uses/new/", "use-form") | {
            "given_at_0": f"{local:%m/%d/%Y}", "given_at_1": f"{local:%H:%M}", "which": "another",
            "unit": kit.reference, "doses": 1, "station": person.station_id,
        }  # fmt: skip
        began = time.perf_counter()
        visitor.post("/uses/new/", facts)
        seconds.append(time.perf_counter() - began)
    return Time.of(seconds)


def sweep():
    """Seconds of one sweep of all expiries as it runs each ten minutes, and of its bare query."""
    now = timezone.now()
    notices.sweep_expiries(now)  # the first one opens what later ones find open
    began = time.perf_counter()
    notices.sweep_expiries(now)
    took = time.perf_counter() - began
    states = [state.value for state in UNUSED]
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(EXPIRING, [states, notices.horizons()[0] + 1])
        cursor.fetchall()
    return took, time.perf_counter() - began
