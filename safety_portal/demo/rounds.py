"""The rounds of the last days, a kit that is searched for, and last month's nil reports: some made, one not confirmed, one due."""

import datetime as dt

from naloxone import actions, round_rules
from naloxone.actions.nil_reports import publish_seed, publish_seeds
from naloxone.actions.rounds import Told, is_touched
from naloxone.models import AccessMode, Holder, Kit
from naloxone.round_rules import RoundKind, Seen, month_to_report
from safety_portal.demo.world import UNSEEN

LAREDO = "2304"
DAYS = 6  # of shift checks behind today
CHECKED_DAYS_AGO = 12  # the documented check
LATE = "2504"  # where it was last made more than thirty days ago
LATE_DAYS_AGO = 34
UNCONFIRMED = "2604"


def walk_round(world):
    """Every station that has a supervisor: its places sealed where they are made for it, then walked day by day."""
    for code, station in world.stations.items():
        if world.points.get(code) and has_stock(world, station):
            places = [world.stores[code], *world.points[code]]
            seal(world, station, places)
            for days_ago in sorted(days_of(code), reverse=True):
                walk(world, station, places, days_ago)
    leave_a_search(world)


def has_stock(world, station):
    return Kit.objects.filter(station=station, holder__in=world.points[station.code]).exists()


def days_of(code):
    return [LATE_DAYS_AGO if code == LATE else CHECKED_DAYS_AGO, *range(1, DAYS + 1)]


def seal(world, station, places):
    """An outer seal on what opens by one."""
    for place in places:
        if place.access_mode == AccessMode.TAMPER_SEAL:
            actions.change_place(
                place=place, version=place.version, seal=world.new_seals(1)[0], by=world.coordinator(station)
            )  # fmt: skip


def walk(world, station, places, days_ago):
    """One walk; the first is the documented check of them all. The supervisor scans what the portal asks for."""
    moment = world.moment(station, days_ago)
    by = world.supervisor(station)
    kind = RoundKind.SHIFT if days_ago <= DAYS else RoundKind.DOCUMENTED
    told = [
        Told(place, kind, Seen(seal_whole=True if place.seal else None))
        for place in Holder.objects.filter(pk__in=[place.pk for place in places])
        if not is_touched(place)
        and (kind == RoundKind.SHIFT or (station.code, place.name) not in UNSEEN)
    ]
    made = actions.record_rounds(
        told=told, occurred_at=moment, now=moment, request_key=world.key(), by=by
    )
    drawn = actions.finish_walk(walk=made, by=by)
    seen = drawn if days_ago != 2 else drawn[:1]  # one evening the second kit was not fetched
    codes = {one.kit.seal or one.kit.reference: one.kit for one in seen}
    actions.scan_drawn(walk=made, codes=codes, now=moment + dt.timedelta(minutes=2), by=by)


def leave_a_search(world):
    """This morning a kit was not in its bag; the shift looks for it."""
    station = world.stations[LAREDO]
    bag = next(place for place in world.points[LAREDO] if "go-bag" in place.name)
    kits = Kit.objects.filter(holder=bag, state="in_service").order_by("-expires_on", "pk")
    moment = world.now - dt.timedelta(hours=5)
    seen = Seen(counted=kits.count() - 1, absent=frozenset({kits[0].pk}))
    made = actions.record_rounds(
        told=[Told(bag, RoundKind.SHIFT, seen, note="Its loop in the bag is empty")],
        occurred_at=moment, now=moment, request_key=world.key(), by=world.supervisor(station),
    )  # fmt: skip
    actions.finish_walk(walk=made, by=made.by)


def report_nothing(world):
    """Last month’s nil reports, from a seed that was published before; Laredo’s is still to be made."""
    month = month_to_report(world.now)
    publish_seed(month, world.now - dt.timedelta(days=75))
    publish_seeds(world.now)
    first = dt.datetime.combine(round_rules.month_after(month), dt.time(14), dt.UTC)
    for code in world.stock:
        if code != LAREDO and first < world.now:
            report(world, world.stations[code], month, first, confirmed=code != UNCONFIRMED)


def report(world, station, month, moment, *, confirmed):
    by = world.coordinator(station)
    made = actions.make_nil_report(
        station=station, month=month, now=moment, request_key=world.key(), by=by
    )
    drawn = list(made.drawn.select_related("kit"))
    chosen = drawn if confirmed else drawn[:2]
    codes = {one.kit.reference: one.kit for one in chosen}
    actions.scan_reported(report=made, codes=codes, now=moment + dt.timedelta(hours=3), by=by)
