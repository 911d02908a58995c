"""What relies on swaps and exchanges: a cabinet with nothing serviceable, a muster with absentees, receipts owed and come."""

import datetime as dt

from naloxone import actions
from naloxone.models import Disposal, Holder, Kit
from naloxone.rules import HolderKind

LAREDO = "2304"
AT_MUSTER = 3  # exchanged at most; who carries the last of the lot was absent


def tell_needs(world):
    station = world.stations[LAREDO]
    leave_in_the_sun(world, station)
    hold_a_muster(world, station)
    get_a_receipt(world, world.stations["2504"])


def ago(world, hours):
    return world.now - dt.timedelta(hours=hours)


def leave_in_the_sun(world, station):
    """All that a cabinet has is on hold: usable in need, and a swap is proposed. One other kit does not work."""
    cabinet = Holder.objects.get(station=station, name="Primary lanes cabinet")
    by = world.supervisor(station)
    kits = list(Kit.objects.filter(holder=cabinet, state="in_service").order_by("pk"))
    actions.hold_kits(
        kits=kits, note="Its door stood open in the sun over noon", occurred_at=ago(world, 3), request_key=world.key(), by=by
    )  # fmt: skip
    recalled = Kit.objects.filter(
        station=station, holder__kind=HolderKind.STORAGE, state="recalled"
    )
    actions.say_works(
        kit=recalled.order_by("pk").first(), works=False, why="The plunger of one device is cracked",
        now=ago(world, 3), request_key=world.key(), by=by,
    )  # fmt: skip


def hold_a_muster(world, station):
    """The lot that ends first on people's belts is exchanged before a witness; not everybody came."""
    by, room = world.supervisor(station), world.stores[LAREDO]
    carried = Kit.objects.filter(
        station=station, holder__kind=HolderKind.PERSON, state="in_service"
    )
    others = carried.exclude(holder__person__in=[world.officer, by]).with_names()
    first = others.first_expired_first().first()
    old = list(others.filter(lot=first.lot).order_by("pk"))
    spare = room.kits.filter(state="in_service", expires_on__gt=first.expires_on)
    new = list(spare.exclude(kind="canine_kit").order_by("expires_on", "pk")[:AT_MUSTER])
    receivers = {kit.holder.person_id for kit in old}
    witness = next(
        person for person in world.cast.at(station)
        if person.has_account and person != by and person.pk not in receivers
    )  # fmt: skip
    begun = ago(world, 26)
    muster = actions.open_muster(
        source=room, back_to=room, lot=first.lot.number, second=witness, proof="password", now=begun,
        request_key=world.key(), by=by,
    )  # fmt: skip
    for minute, (mine, theirs) in enumerate(zip(old[:-1], new, strict=False), start=1):
        actions.exchange_at_muster(
            muster=muster, new=theirs, old=mine, now=begun + dt.timedelta(minutes=minute),
            request_key=world.key(), by=by,
        )  # fmt: skip
    actions.end_muster(muster=muster, now=begun + dt.timedelta(minutes=9), by=by)


def get_a_receipt(world, station):
    """What a pharmacy took was confirmed some days later; the firm that burns others still owes its receipt."""
    then = ago(world, 20)
    actions.record_receipt(
        disposal=Disposal.objects.owing().get(station=station, method="take_back"), number="TB-22-118",
        on=station.today(then), now=then, request_key=world.key(), by=world.coordinator(station),
    )  # fmt: skip
