"""What all readings come to for kits: where each was and when, against the label that each of its lots carries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from naloxone.models import (
    CustodyEvent,
    Device,
    KitStorage,
    LabelVersion,
    LotLabel,
    Reading,
    RecordSource,
    RecordWithdrawal,
    StorageDecisionLine,
    TemperatureRecord,
)
from naloxone.need_rules import TRAINER
from naloxone.rules import PLACES, STOCKED, EventKind, State
from naloxone.storage_rules import (
    HOUR,
    Bands,
    Course,
    Decision,
    Extreme,
    Limits,
    Measured,
    Seen,
    standing,
    state_of,
    worst,
)
from safety_portal.versions import one_at_a_time

ONE = "storage of kits"  # who works them out waits for whoever does
MOST_AT_ONCE = 2000  # kits in one sweep
WATCHED = (*STOCKED, State.MISSING)  # what may still be given to somebody


class Stay(NamedTuple):
    """That a kit was in a place from a moment to another, seconds since 1970, UTC."""

    place: int
    start: int
    end: int


def limits():
    """The thresholds, as the settings have them."""
    return Limits(
        gap=settings.STORAGE_GAP_MINUTES * 60,
        outside=settings.STORAGE_OUTSIDE_HOURS * HOUR,
        hot=settings.STORAGE_HOT_C * 100,
        hot_time=settings.STORAGE_HOT_HOURS * HOUR,
        freezing=settings.STORAGE_FREEZING_C * 100,
        freezes=settings.STORAGE_FREEZES,
    )


def moment_of(seconds):
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def second_of(moment):
    return None if moment is None else int(moment.timestamp())


# --- where kits were -------------------------------------------------------------------------------------


def stays_of(kits, now):
    """{kit key: its stays in places}, by the ledger. What was undone never was."""
    events = (
        CustodyEvent.objects.filter(kit__in=kits)
        .order_by("kit", "sequence")
        .values_list(
            "kit", "kind", "destination", "destination__kind", "act__occurred_at", named=True
        )
    )
    by_kit = defaultdict(list)
    for event in events:
        told = by_kit[event.kit]
        if event.kind == EventKind.CORRECTED:
            told.pop()  # the newest before it is what it undoes
        else:
            told.append(event)
    return {kit: list(stays(told, int(now.timestamp()))) for kit, told in by_kit.items()}


def stays(events, now):
    """Stays of one kit, from its events in their order. A journey that is told late never ends before it began."""
    for event, after in pairwise([*events, None]):
        if event.destination__kind not in PLACES:
            continue
        start = second_of(event.act__occurred_at)
        end = second_of(after.act__occurred_at) if after else now
        if end > start:
            yield Stay(event.destination, start, end)


def kits_of(place, until):
    """Keys of kits with doses that came to a place before a moment, wherever they are now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select distinct event.kit_id
            from naloxone_custodyevent event
            join naloxone_act act on act.id = event.act_id
            join naloxone_kit kit on kit.id = event.kit_id and kit.state = any(%s) and kit.kind <> %s
            where event.destination_id = %s and act.occurred_at <= %s
            order by 1
            """,
            [[state.value for state in WATCHED], TRAINER, place.pk, until],
        )
        return [key for (key,) in cursor.fetchall()]


# --- what their labels allow -----------------------------------------------------------------------------


def labels_of(lots):
    """{lot key: the LabelVersion it carries}: what was read on the carton, else the product's own."""
    said = {
        one.lot_id: one.label
        for one in LotLabel.objects.filter(lot__in=lots).select_related("label").order_by("pk")
    }
    rest = [lot for lot in lots if said.get(lot) is None]
    own = LabelVersion.objects.of_products().filter(product__lots__in=rest)
    by_lot = dict(own.values_list("product__lots", "pk"))
    versions = LabelVersion.objects.in_bulk(set(by_lot.values()))
    found = {lot: label for lot, label in said.items() if label is not None}
    found |= {lot: versions[by_lot[lot]] for lot in rest if lot in by_lot}
    return found


# --- what was measured -----------------------------------------------------------------------------------

READINGS = """
select reading.place_id, array_agg(extract(epoch from reading.at)::bigint order by reading.at),
       array_agg(reading.centi order by reading.at)
from naloxone_reading reading
where reading.place_id = any(%s) and not exists (
    select from naloxone_recordwithdrawal gone where gone.record_id = reading.record_id)
group by reading.place_id
"""


def readings_of(places):
    """{place key: (moments, temperatures)} of all readings that nobody took back, in the order of time."""
    with connection.cursor() as cursor:
        cursor.execute(READINGS, [list(places)])
        return {place: (times, values) for place, times, values in cursor.fetchall()}


def newest_reading(field):
    """A column of the newest reading, which nobody took back, of the outer query's place."""
    gone = RecordWithdrawal.objects.filter(record=OuterRef("record"))
    found = Reading.objects.filter(~Exists(gone), place=OuterRef("pk")).order_by("-at")
    return Subquery(found.values(field)[:1])


def extremes_of(places):
    """{place key: what thermometers kept as lowest and highest between two readings by hand}."""
    found = defaultdict(list)
    records = TemperatureRecord.objects.in_force().filter(
        place__in=places, source=RecordSource.HAND, since__isnull=False
    )
    for record in records:
        found[record.place_id].append(
            Extreme(
                second_of(record.since), second_of(record.until_at), record.lowest, record.highest
            )
        )
    return found


class Courses:
    """The readings of places against labels, each worked out once."""

    def __init__(self, places):
        self.limits = limits()
        self.readings, self.extremes = readings_of(places), extremes_of(places)
        self.made = {}

    def of(self, place, bands):
        key = place, bands
        if key not in self.made:
            times, values = self.readings.get(place, ((), ()))
            self.made[key] = Course(times, values, bands, self.limits, self.extremes[place])
        return self.made[key]

    def measure(self, stays: Iterable[Stay], bands):
        """(what was measured in all stays, the place where it was outside last)."""
        whole, place = Measured(), None
        for stay in stays:
            one = self.of(stay.place, bands).between(stay.start, stay.end)
            if one.seen_outside or one.frozen or one.hot:
                place = stay.place
            whole = whole + one
        return whole, place


def evaluate(keys, *, now=None):
    """Work out anew what has befallen some kits; writes their KitStorage, and returns it."""
    one_at_a_time(ONE)
    stays = stays_of(keys, now or timezone.now())
    lots = defaultdict(set)
    for kit, lot in Device.objects.filter(kit__in=keys).values_list("kit", "lot").distinct():
        lots[kit].add(lot)
    labels = labels_of({lot for several in lots.values() for lot in several})
    courses = Courses({stay.place for several in stays.values() for stay in several})
    decided = {
        line.kit_id: line
        for line in StorageDecisionLine.objects.filter(kit__in=keys)
        .select_related("decision")
        .order_by("pk")
    }
    sequences = last_sequences(keys)
    rows = [
        row_of(
            kit,
            sequences[kit],
            worst_of(courses, stays.get(kit, ()), [labels.get(lot) for lot in lots[kit]]),
            decided.get(kit),
            courses.limits,
        )
        for kit in keys
    ]
    names = [f.name for f in KitStorage._meta.concrete_fields if not f.primary_key]
    KitStorage.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["kit"], update_fields=names
    )
    return rows


def last_sequences(keys):
    from_ledger = KitStorage._meta.get_field("kit").related_model
    return dict(from_ledger.objects.filter(pk__in=keys).values_list("pk", "last_sequence"))


def worst_of(courses, stays, labels):
    """(measured, place, label) of the lot that fares worst."""
    found = [
        (*courses.measure(stays, label.bands if label else Bands()), label)
        for label in labels or [None]
    ]
    states = [state_of(measured, courses.limits) for measured, _, _ in found]
    return found[states.index(worst(states))]


def row_of(kit, sequence, found, line, limits):
    measured, place, label = found
    state = state_of(measured, limits)
    mark, waiting = standing(
        state, measured, line and Decision(line.decision.decision), seen_by(line)
    )
    return KitStorage(
        kit_id=kit, sequence=sequence, state=state, mark=mark, waiting=waiting,
        readings=measured.readings, known=measured.known, allowed=measured.allowed,
        outside=measured.outside, hot=measured.hot, frozen=measured.frozen,
        outside_from=moment_of(measured.outside_from), outside_until=moment_of(measured.outside_until),
        place_id=place, label=label, decided=line,
    )  # fmt: skip


def seen_by(line):
    """What had been measured when somebody decided of a kit; None when nobody has."""
    return line and Seen(line.outside, line.hot, line.frozen, second_of(line.outside_until))


# Kits that moved since they were worked out, and kits that came to where somebody measures.
STALE = """
select kit.id
from naloxone_kit kit left join naloxone_kitstorage storage on storage.kit_id = kit.id
where kit.state = any(%s) and kit.kind <> %s and (
    storage.sequence <> kit.last_sequence
    or storage.kit_id is null and kit.holder_id in (select place_id from naloxone_temperaturerecord)
)
order by kit.id
limit %s
"""


def stale(most):
    """Keys of kits whose figures no longer fit their place in the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(STALE, [[state.value for state in WATCHED], TRAINER, most])
        return [key for (key,) in cursor.fetchall()]


def keep_up(now):
    """Work out anew what befell kits that moved since; a part at a time. Returns how many."""
    with transaction.atomic():
        return len(evaluate(stale(MOST_AT_ONCE), now=now))
