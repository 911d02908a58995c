"""A muster: old kits for new ones, each pair scanned and sent as its page does."""

import datetime as dt
import time
import uuid

from django.db.models import Count
from django.utils import timezone

from bench.environment import BenchError, times
from bench.plan import LONG
from bench.web import Time
from bench.world import busy_station
from naloxone import actions
from naloxone.models import Holder, Kit
from naloxone.models.exchanges import carried_at
from naloxone.rules import HolderKind

PAIRS = 30
YEARS = 10  # all that people carry: the list of those who are still to come is as long as it can be


def begin(by, witness):
    """A muster of all that people of the busy station carry, from the place with most kits."""
    now, station = timezone.now(), busy_station()
    ready = Kit.objects.serviceable(station.today(now)).filter(
        holder__station=station, holder__kind=HolderKind.STORAGE
    )
    [most] = ready.order_by().values("holder").annotate(n=Count("pk")).order_by("-n")[:1]
    source = Holder.objects.with_names().get(pk=most["holder"])
    until = station.today(now) + dt.timedelta(days=365 * YEARS)
    return actions.open_muster(
        source=source, back_to=source, until=until, second=witness, proof="password", now=now,
        request_key=uuid.uuid4(), by=by,
    )  # fmt: skip


def pairs(muster, count):
    """(old, new) of some receivers: what each carries, and as many that can be given."""
    people = [muster.by_id, muster.witness_id]
    old = (
        carried_at(muster.station_id).exclude(holder__person__in=people).exclude(last_sequence=LONG)
    )
    new = Kit.objects.serviceable(muster.station.today()).filter(holder=muster.source_id)
    found = list(zip(old.order_by("pk")[:count], new.order_by("-pk")[:count], strict=False))
    if not found:
        raise BenchError("Nobody at the busy station carries a kit, or none is left to give.")
    return found


def by_form(visitor, by, witness):
    """The second scan of each pair, which makes the exchange; the first, which names the old kit, is not timed."""
    muster = begin(by, witness)
    path, seconds = muster.get_absolute_url(), []
    found = pairs(muster, times(PAIRS))
    for old, new in found:
        facts = visitor.form(path, "pair-form")
        facts |= {"old": old.reference, "code": new.reference, "sure": "on"}
        began = time.perf_counter()
        visitor.post_part(path, facts)
        seconds.append(time.perf_counter() - began)
    if muster.exchanges.count() != len(found):
        raise BenchError(f"Of {len(found)} pairs {muster.exchanges.count()} were exchanged.")
    return Time.of(seconds)
