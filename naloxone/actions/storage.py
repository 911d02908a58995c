"""Temperatures recorded and taken back, labels of lots, decisions by a named person. Nothing here disposes of a kit."""

import hashlib
import zlib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from naloxone import loggers, rules, storage
from naloxone.models import (
    Holder,
    KitStorage,
    LabelVersion,
    LotLabel,
    RecordSource,
    RecordWithdrawal,
    StorageDecision,
    StorageDecisionLine,
    TemperatureRecord,
    TemperatureUpload,
)
from naloxone.rules import STOCKED
from naloxone.storage_rules import Decision, StorageError
from safety_portal import access, audit
from safety_portal.access import ANYWHERE, AccessError, Permission
from safety_portal.audit import AuditRow
from safety_portal.tables import Limits, TableError, read_rows
from safety_portal.versions import one_at_a_time

UPLOADS_STAY = timedelta(days=1)  # a file that nobody imported


def may_read(person, place):
    """Whether a person may record temperatures at a place: who gives from it, or keeps it."""
    return access.may(person, Permission.CUSTODY_GIVE, at=place.station_id) or access.may(
        person, Permission.PLACES_KEEP, at=place.station_id
    )


def begin(place, by):
    """The right, and then the only one at this place. Raises AccessError, CustodyError."""
    if not may_read(by, place):
        raise AccessError(f"{by} records nothing at {place}")
    place = (
        Holder.objects.select_for_update(of=("self",), no_key=True).with_names().get(pk=place.pk)
    )
    rules.check_open(place.name, closed_on=place.closed_on)
    return place


# --- labels ------------------------------------------------------------------------------------------------


@transaction.atomic
def add_label(*, product, name, by, **facts):
    """Note what another edition of a product's label says. Returns it. Raises StorageError when the name is taken.

    `facts` are the bands in °C, do_not_freeze, protect_from_light and source; who receives stock anywhere may say so.
    """
    access.check(by, Permission.STOCK_RECEIVE, at=ANYWHERE)
    known = LabelVersion.objects.filter(product=product, name__iexact=name).first()
    if known and all(getattr(known, field) == value for field, value in facts.items()):
        return known
    if known:
        raise StorageError(
            f"{product} already has a label of this name, and it says otherwise. It stays as it is: give this one "
            "another name.",
            "name",
        )  # fmt: skip
    label = LabelVersion.objects.create(product=product, name=name, by=by, **facts)
    audit.record("label.added", by=by, target=label.name, product=product, says=label.words)
    return label


@transaction.atomic
def set_label(*, lot, label, by):
    """Note which version of its product's label a lot carries; None: the product's own. What was measured is judged anew."""
    access.check(by, Permission.STOCK_RECEIVE, at=ANYWHERE)
    if label is not None and label.product_id != lot.product_id:
        raise StorageError(f"This is not a label of {lot.product}.", "label")
    newest = LotLabel.objects.filter(lot=lot).order_by("-pk").first()
    if (newest and newest.label_id) == (label and label.pk):
        return newest
    said = LotLabel.objects.create(lot=lot, label=label, by=by)
    told = label.name if label else "the product’s own"
    audit.record("lot.label_set", by=by, target=lot, label=told)
    storage.evaluate(kits_measured_of(lot))
    return said


def kits_measured_of(lot):
    held = KitStorage.objects.filter(kit__devices__lot=lot, kit__state__in=storage.WATCHED)
    return sorted(set(held.values_list("kit", flat=True)))


# --- readings ----------------------------------------------------------------------------------------------


def newest_by_hand(place):
    """The newest reading by hand at a place that nobody took back."""
    return (
        TemperatureRecord.objects.in_force()
        .filter(place=place, source=RecordSource.HAND)
        .order_by("-until_at")
        .first()
    )


@transaction.atomic
def record_temperature(
    *, place, centi, occurred_at, lowest=None, highest=None, note="", request_key, by
):
    """Record a temperature that somebody read at a place, and what the thermometer kept since it was last read there.

    Hundredths °C. Returns the record. Raises StorageError, CustodyError.
    """
    place = begin(place, by)
    if known := TemperatureRecord.objects.filter(request_key=request_key).first():
        return known
    rules.check_told(occurred_at, now=timezone.now())
    wrong = {
        "lowest": lowest is not None and lowest > centi,
        "highest": highest is not None and highest < centi,
    }
    if field := next((name for name, is_wrong in wrong.items() if is_wrong), ""):
        raise StorageError(
            "The lowest can’t be above, nor the highest below what it shows now.", field
        )
    before = newest_by_hand(place)
    kept = lowest is not None or highest is not None
    since = before.until_at if kept and before and before.until_at < occurred_at else None
    moment = int(occurred_at.timestamp())
    fresh = moment not in known_moments(place, moment, moment)
    record = TemperatureRecord.objects.create(
        request_key=request_key, place=place, station=place.station, source=RecordSource.HAND, by=by,
        from_at=occurred_at, until_at=occurred_at, readings=int(fresh), known=int(not fresh),
        lowest=centi if lowest is None else lowest, highest=centi if highest is None else highest,
        since=since, note=note,
    )  # fmt: skip
    if fresh:
        write(record, [moment], [centi])
    audit.record(
        "temperature.recorded", by=by, target=place, station=place.station, celsius=centi / 100
    )
    storage.evaluate(storage.kits_of(place, record.until_at))
    return record


def known_moments(place, first, last):
    """Moments, in seconds, of which a reading of this place is known already."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select extract(epoch from at)::bigint from naloxone_reading reading
            where place_id = %s and at between to_timestamp(%s) and to_timestamp(%s)
              and not exists (
                select from naloxone_recordwithdrawal gone where gone.record_id = reading.record_id)
            """,
            [place.pk, first, last],
        )
        return {second for (second,) in cursor.fetchall()}


def write(record, times, values):
    """Write readings in one statement: a year of a logger is a hundred thousand."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into naloxone_reading (place_id, at, record_id, centi)
            select %s, to_timestamp(one.moment), %s, one.centi
            from unnest(%s::bigint[], %s::smallint[]) as one(moment, centi)
            """,
            [record.place_id, record.pk, times, values],
        )


# --- a logger's file ----------------------------------------------------------------------------------------


def file_limits():
    return Limits(
        size=settings.LOGGER_MOST_BYTES, unpacked=settings.LOGGER_MOST_BYTES * 6, ratio=100,
        rows=settings.LOGGER_MOST_ROWS, columns=60, sheets=20,
    )  # fmt: skip


def rows_of(content):
    """The rows of a logger's file. Raises TableError."""
    limits = file_limits()
    rows = []
    for row in read_rows(content, limits)[1]:
        if len(rows) >= limits.rows:
            raise TableError(f"The file has more than {limits.rows:,} rows. Send it in parts.")
        rows.append(row)
    return rows


@dataclass(frozen=True)
class Preview:
    """What a file would bring: its readings, how many of them are known already, and what was left out."""

    times: list[int]
    values: list[int]
    fresh: list[int]  # positions of those that are not known yet
    notes: list[str]


@transaction.atomic
def keep_upload(*, place, name, content, by):
    """Keep a logger's file until somebody has looked at what it says. Returns it. Raises StorageError, TableError."""
    place = begin(place, by)
    loggers.guess(rows_of(content))
    TemperatureUpload.objects.filter(place=place, by=by).delete()
    TemperatureUpload.objects.filter(made_at__lt=timezone.now() - UPLOADS_STAY).delete()
    return TemperatureUpload.objects.create(
        place=place, by=by, name=name[-120:], content=zlib.compress(content, 6)
    )


def preview(upload, rows, mapping):
    """What a kept file brings under a mapping. Raises StorageError."""
    place = upload.place
    found = loggers.read(
        rows, mapping, zone=place.station.zone, now=int(timezone.now().timestamp()),
        since=began(place),
    )  # fmt: skip
    known = known_moments(place, found.times[0], found.times[-1])
    fresh = [index for index, time in enumerate(found.times) if time not in known]
    return Preview(found.times, found.values, fresh, found.notes)


def began(place):
    """When a place is first on record, in seconds: opened, or something came into it that was told later."""
    opened = AuditRow.objects.filter(act="place.opened", target=place.reference).aggregate(
        at=Min("recorded_at")
    )["at"]
    first = place.incoming.aggregate(at=Min("act__occurred_at"))["at"]
    moments = [moment for moment in (opened, first) if moment]
    # A logger's day begins before the key was turned: the whole day counts.
    return int((min(moments) - timedelta(days=1)).timestamp()) if moments else None


@transaction.atomic
def import_readings(*, upload, mapping, request_key, by):
    """Keep the readings of an uploaded file: all new ones, or none. Returns the record. Raises StorageError, TableError."""
    place = begin(upload.place, by)
    if known := TemperatureRecord.objects.filter(request_key=request_key).first():
        return known
    content = zlib.decompress(upload.content)
    found = preview(upload, rows_of(content), mapping)
    if not found.fresh:
        raise StorageError(
            f"All {len(found.times):,} readings of this file are on record already. Nothing was imported.",
            "file",
        )  # fmt: skip
    times = [found.times[n] for n in found.fresh]
    values = [found.values[n] for n in found.fresh]
    record = TemperatureRecord.objects.create(
        request_key=request_key, place=place, station=place.station, source=RecordSource.LOGGER, by=by,
        from_at=storage.moment_of(found.times[0]), until_at=storage.moment_of(found.times[-1]),
        readings=len(times), known=len(found.times) - len(times), lowest=min(values), highest=max(values),
        file_name=upload.name, digest=hashlib.sha256(content).hexdigest(), note=" ".join(found.notes)[:500],
    )  # fmt: skip
    write(record, times, values)
    TemperatureUpload.objects.filter(pk=upload.pk).delete()
    audit.record(
        "temperature.imported", by=by, target=place, station=place.station, file=upload.name,
        readings=len(times), known=record.known,
    )  # fmt: skip
    storage.evaluate(storage.kits_of(place, record.until_at))
    return record


@transaction.atomic
def withdraw_record(*, record, reason, by):
    """Take back a reading or a file, with the reason; its readings no longer count. Taken back twice, it is once."""
    if record.by_id != by.pk:
        access.check(by, Permission.PLACES_KEEP, at=record.station_id)
    place = Holder.objects.select_for_update(of=("self",), no_key=True).get(pk=record.place_id)
    rules.check_reason(reason, "reason")
    if known := RecordWithdrawal.objects.filter(record=record).first():
        return known
    gone = RecordWithdrawal.objects.create(record=record, by=by, reason=reason)
    audit.record(
        "temperature.withdrawn", by=by, target=place, station=record.station, record=record.reference,
        reason=reason,
    )  # fmt: skip
    storage.evaluate(storage.kits_of(place, record.until_at))
    return gone


# --- decisions ------------------------------------------------------------------------------------------------


@transaction.atomic
def decide_storage(*, place, kits, decision, reason, request_key, by):
    """Say what becomes of kits that stood too hot or froze at a place: one decision for all of them. Returns it.

    It moves nothing and holds nothing: “replace” and “hold” mark the kits, which stay usable until another is there.
    Raises StorageError when one of them no longer is what the page showed.
    """
    access.check(by, Permission.STORAGE_DECIDE, at=place.station_id)
    one_at_a_time(storage.ONE)
    if known := StorageDecision.objects.filter(request_key=request_key).first():
        return known
    rules.check_reason(reason, "reason")
    rows = KitStorage.objects.select_related("kit").filter(
        kit__in=kits, place=place, kit__state__in=STOCKED
    )
    measured = {row.kit_id: row for row in rows.order_by("kit")}
    if not kits or len(measured) < len(kits):
        raise StorageError("Choose kits that are still to be decided on.", "kits")
    made = StorageDecision.objects.create(
        request_key=request_key, place=place, station=place.station, decision=decision, reason=reason, by=by
    )  # fmt: skip
    StorageDecisionLine.objects.bulk_create(
        StorageDecisionLine(
            decision=made, kit=row.kit, state=row.state, outside=row.outside, hot=row.hot,
            frozen=row.frozen, outside_until=row.outside_until,
        )
        for row in measured.values()
    )  # fmt: skip
    for row in measured.values():
        audit.record(
            "storage.decided", by=by, target=row.kit, station=place.station,
            decision=Decision(decision).value, reason=reason,
        )  # fmt: skip
    storage.evaluate(sorted(measured))
    return made
