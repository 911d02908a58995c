"""A summer at Laredo North: a logger's week over forty degrees, a decision, a place that waits for one, and hot months."""

import datetime as dt
import math
import uuid

from naloxone import actions, loggers
from naloxone.actions.storage import rows_of
from naloxone.models import Holder, Kit, KitStorage, LabelVersion, Lot
from naloxone.storage_rules import Decision

NORTH, LAREDO, FALFURRIAS = "BP-LAR-LAREDN", "2304", "BP-RGV-FALFUR"
HOT, FROZEN = "Vehicle 31", "Vehicle 32"
RX = "NARCAN 4 mg nasal spray (Rx, 15-25 C label)"
STEP = dt.timedelta(minutes=10)


def tell_of_heat(world):
    """Told last: it is about kits that stand where the other stories left them."""
    north = world.stations[NORTH]
    by = world.coordinator(north)
    name_months(world)
    hang_loggers(north, by)
    weeks(world, north, by)
    decide(north, by)
    read_by_hand(world)
    label_a_lot(world)


def name_months(world):
    """Two stations say their own hot months, one has them now, so that there is something to see; the others said none."""
    month = world.now.month
    for code, first, last, source in (
        (NORTH, 4, 10, "Our loggers: cabs over 40 °C from April to October"),
        (LAREDO, 5, 9, "Vehicles in the lot stood over 40 °C last summer"),
        (FALFURRIAS, month, month % 12 + 1, "Of the demonstration: around today"),
    ):
        station = world.stations[code]
        actions.set_season(
            station=station, first_month=first, last_month=last, source=source,
            by=world.coordinator(station),
        )  # fmt: skip


def hang_loggers(station, by):
    """A logger in each vehicle; nothing stays over night in the one that stands in the open."""
    for number, place in enumerate(Holder.objects.filter(station=station, kind="vehicle"), start=1):
        actions.change_place(
            place=place, version=place.version, sensor=f"EX-{number:03}", overnight=place.name != FROZEN, by=by
        )  # fmt: skip


def weeks(world, station, by):
    """A week of each vehicle: one stood nine hours over forty degrees, in the other it froze one night."""
    store = world.stores[station.code]
    for name, warmth in ((HOT, hot_week), (FROZEN, cold_week)):
        place = Holder.objects.get(station=station, name=name)
        if not Kit.objects.filter(holder=place, state="in_service").exists():
            put_one_in(world, store, place, by)
        first = world.now - dt.timedelta(days=7)
        values = [(first + STEP * n, warmth(n)) for n in range(6 * 24 * 7)]
        lines = [
            f"{moment:%Y-%m-%d %H:%M};{value:.1f}".replace(".", ",") for moment, value in values
        ]
        content = "\n".join(["Logger;EXAMPLE", "Time (UTC);Temperature °C", *lines]).encode(
            "utf-16"
        )
        upload = actions.keep_upload(place=place, name=f"{name}.csv", content=content, by=by)
        mapping = loggers.guess(rows_of(content))
        actions.import_readings(upload=upload, mapping=mapping, request_key=world.key(), by=by)


def put_one_in(world, store, place, by):
    """A kit from the store, ten days ago."""
    kit = (
        Kit.objects.filter(holder=store, state="in_service", kind="kit")
        .order_by("-expires_on", "pk")
        .first()
    )
    if kit is not None:
        actions.move_kits(
            kits=[kit], place=place, occurred_at=world.now - dt.timedelta(days=10),
            why_empty="The store’s last goes into the vehicle", request_key=world.key(), by=by,
        )  # fmt: skip


def hot_week(step):
    """°C: warm days, and nine hours over forty in all."""
    hours = step / 6
    noon = math.sin((hours % 24 - 8) / 24 * 2 * math.pi)
    return 43 if 60 <= hours < 69 else 27 + 9 * noon


def cold_week(step):
    """°C: cool days, and one night at which it froze."""
    hours = step / 6
    noon = math.sin((hours % 24 - 8) / 24 * 2 * math.pi)
    return -17 if 90 <= hours < 95 else 15 + 6 * noon


def decide(station, by):
    """The hot vehicle is decided on by name; the frozen one still waits."""
    rows = KitStorage.objects.waiting().filter(place__station=station, place__name=HOT)
    kits = [row.kit for row in rows.select_related("kit")]
    if kits:
        actions.decide_storage(
            place=rows[0].place, kits=kits, decision=Decision.REPLACE,
            reason="Nine hours over 40 °C in one week: replaced with the next delivery, usable until then",
            request_key=uuid_of(kits), by=by,
        )  # fmt: skip


def uuid_of(kits):
    """A key that the same demo always has."""
    return uuid.uuid5(uuid.NAMESPACE_OID, kits[0].reference)


def read_by_hand(world):
    """The supervisor of Laredo looked at the thermometers this morning."""
    station = world.stations[LAREDO]
    for number, place in enumerate(
        Holder.objects.filter(station=station, kind="storage").order_by("pk")[:3]
    ):
        actions.record_temperature(
            place=place, centi=2100 + 70 * number, occurred_at=world.now - dt.timedelta(hours=6 + number),
            request_key=world.key(), by=world.supervisor(station),
        )  # fmt: skip


def label_a_lot(world):
    """A lot of the prescription spray, whose cartons are of the first generation."""
    station = world.stations[LAREDO]
    by = world.coordinator(station)
    label = LabelVersion.objects.get(product__name=RX, name__startswith="Generation I ")
    lot = Lot.objects.filter(product=label.product).first()
    if lot is not None:
        actions.set_label(lot=lot, label=label, by=by)
