"""Temperatures, labels and decisions through the actions, on a real ledger."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions, storage
from naloxone.actions import storage as storage_actions
from naloxone.models import (
    Kit,
    KitStorage,
    LabelVersion,
    Reading,
    RecordSource,
    StorageDecision,
    TemperatureRecord,
    TemperatureUpload,
)
from naloxone.rules import CustodyError
from naloxone.storage_rules import Decision, Mark, StorageError, StorageState
from safety_portal.access import AccessError, Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.tables import TableError
from tests.naloxone import make

pytestmark = pytest.mark.django_db
AGO = dt.timedelta
BANDS = {"storage_min_c": 15, "storage_max_c": 25, "excursion_min_c": 4, "excursion_max_c": 40}


class Yuma:
    """A station in the desert: a vehicle with a kit that came there ten days ago, and a cabinet."""

    def __init__(self):
        self.station = make.station("Yuma", "America/Phoenix")
        self.by = make.coordinator(self.station)
        self.began = timezone.now().replace(second=0, microsecond=0) - AGO(days=10)
        self.cabinet, self.cab = make.place(self.by), make.place(self.by, kind="vehicle")
        self.product = make.product(**BANDS)
        self.kit = make.sealed_kit(
            self.by, self.cabinet, occurred_at=self.began, product=self.product
        )
        self.move(self.kit, self.cab, self.began)

    def move(self, kit, place, at):
        actions.move_kits(
            kits=[kit],
            place=place,
            occurred_at=at,
            why_empty="A test",
            request_key=make.key(),
            by=self.by,
        )

    def log(self, values, *, days_ago=7, every=10, place=None, header="Time (UTC);Temp (C)"):
        """Import a logger's file of these temperatures."""
        return load(place or self.cab, self.file(values, days_ago, every, header), self.by)

    def file(self, values, days_ago=7, every=10, header="Time (UTC);Temp (C)"):
        first = timezone.now().replace(second=0, microsecond=0) - AGO(days=days_ago)
        lines = [
            f"{first + AGO(minutes=n * every):%Y-%m-%d %H:%M};{value}"
            for n, value in enumerate(values)
        ]
        return "\n".join([header, *lines]).encode()

    def read(self, celsius, *, days_ago=0, **facts):
        return actions.record_temperature(
            place=facts.pop("place", self.cab), centi=round(celsius * 100),
            occurred_at=timezone.now() - AGO(days=days_ago),
            **{"request_key": make.key(), "by": self.by} | facts,
        )  # fmt: skip

    def decide(self, decision=Decision.REPLACE, **facts):
        return actions.decide_storage(
            **{
                "place": self.cab, "kits": [self.kit], "decision": decision, "reason": "Nine hours in the sun",
                "request_key": make.key(), "by": self.by,
            } | facts
        )  # fmt: skip


def load(place, content, by, key=None):
    upload = actions.keep_upload(place=place, name="cab.csv", content=content, by=by)
    mapping = storage_actions.loggers.guess(storage_actions.rows_of(content))
    return actions.import_readings(
        upload=upload, mapping=mapping, request_key=key or make.key(), by=by
    )


def state_of(kit):
    return KitStorage.objects.get(kit=kit)


HOT_WEEK = [*[30] * 20, *[41.5] * 55, *[30] * 20]  # nine hours and ten minutes


@pytest.fixture
def yuma():
    return Yuma()


# --- the acceptance line -----------------------------------------------------------------------------------


def test_nine_hours_over_forty_degrees_mark_the_kit_and_leave_it_in_service(yuma):
    today = yuma.station.today()
    assert list(Kit.objects.filter(holder=yuma.cab).serviceable(today)) == [yuma.kit]

    yuma.log(HOT_WEEK)

    found = state_of(yuma.kit)
    assert (found.state, found.mark, found.waiting) == (StorageState.REPLACE, Mark.REPLACE, True)
    assert found.hot == 55 * 600
    assert list(Kit.objects.filter(holder=yuma.cab).serviceable(today)) == [yuma.kit]


def test_the_decision_is_recorded_by_a_named_person(yuma):
    yuma.log(HOT_WEEK)

    made = yuma.decide()

    found = state_of(yuma.kit)
    assert (found.mark, found.waiting, found.decided.decision) == (Mark.REPLACE, False, made)
    assert made.by == yuma.by
    assert AuditRow.objects.filter(act="storage.decided", target=yuma.kit.reference).count() == 1
    yuma.kit.refresh_from_db()
    assert yuma.kit.state == "in_service"


# --- readings ----------------------------------------------------------------------------------------------


def test_the_same_file_again_changes_nothing_and_says_so(yuma):
    content = yuma.file(HOT_WEEK)
    load(yuma.cab, content, yuma.by)

    with pytest.raises(StorageError, match="All 95 readings of this file are on record already"):
        load(yuma.cab, content, yuma.by)

    assert Reading.objects.count() == 95


def test_overlapping_files_do_not_double(yuma):
    first = timezone.now().replace(second=0, microsecond=0) - AGO(days=7)
    lines = [f"{first + AGO(minutes=n * 10):%Y-%m-%d %H:%M};41" for n in range(60)]
    load(yuma.cab, "\n".join(["Time (UTC);Temp", *lines[:40]]).encode(), yuma.by)

    record = load(yuma.cab, "\n".join(["Time (UTC);Temp", *lines[20:]]).encode(), yuma.by)

    assert (record.readings, record.known) == (20, 20)
    assert state_of(yuma.kit).outside == 59 * 600


def test_one_form_sent_twice_imports_once(yuma):
    key, content = make.key(), yuma.file(HOT_WEEK)

    assert load(yuma.cab, content, yuma.by, key) == load(yuma.cab, content, yuma.by, key)
    assert TemperatureRecord.objects.count() == 1


def test_an_imported_file_is_not_kept_any_longer(yuma):
    yuma.log(HOT_WEEK)

    assert not TemperatureUpload.objects.exists()


def test_only_the_newest_file_of_a_person_waits_at_a_place_and_old_ones_go(yuma):
    old = actions.keep_upload(
        place=yuma.cabinet, name="a.csv", content=yuma.file([20, 20]), by=yuma.by
    )
    TemperatureUpload.objects.filter(pk=old.pk).update(made_at=timezone.now() - AGO(days=2))
    for _ in range(2):
        actions.keep_upload(place=yuma.cab, name="b.csv", content=yuma.file([20, 20]), by=yuma.by)

    assert TemperatureUpload.objects.get().name == "b.csv"


@pytest.mark.parametrize(
    ("encode", "header"),
    [
        (lambda text: text.encode("utf-16"), "Time (UTC);Temp °C"),
        (lambda text: text.encode("utf-8-sig"), "Time (UTC);Temp °C"),
        (lambda text: text.encode("cp1252"), "Time (UTC);Temp °C"),
        (lambda text: text.replace(";", "\t").encode(), "Time (UTC);Temp °C"),
        (lambda text: text.replace(".5", ",5").encode(), "Time (UTC);Temp °C"),
        (lambda text: ("Logger;X-77\nOwner;Yuma\n\n" + text).encode(), "Time (UTC);Temp °C"),
    ],
)
def test_files_of_every_dialect_bring_the_same_readings(yuma, encode, header):
    text = yuma.file([41.5] * 60, header=header).decode()

    record = load(yuma.cab, encode(text), yuma.by)

    assert (record.readings, record.lowest, record.highest) == (60, 41_50, 41_50)


def test_a_preface_of_single_cells_does_not_hide_the_separator(yuma):
    text = "Serial number 77\nExported by Yuma\n" + yuma.file([41.5] * 30).decode()

    assert load(yuma.cab, text.encode(), yuma.by).readings == 30


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"x" * 30_000_000, "At most 10 MB"),
        (b"\x00\x01\x02" * 99, "no table"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_no_loggers_file_is_refused_in_a_sentence(yuma, content, said):
    with pytest.raises((TableError, StorageError), match=said):
        actions.keep_upload(place=yuma.cab, name="x", content=content, by=yuma.by)

    assert not TemperatureUpload.objects.exists()


def test_a_file_of_too_many_rows_is_refused(yuma, settings):
    settings.LOGGER_MOST_ROWS = 10

    with pytest.raises(TableError, match="more than 10 rows"):
        yuma.log([20] * 11)


def test_a_file_with_a_fault_leaves_nothing_behind(yuma):
    future = timezone.now() + AGO(days=3)
    content = (
        f"t;v\n{future - AGO(days=5):%Y-%m-%d %H:%M}Z;20\n{future:%Y-%m-%d %H:%M}Z;20".encode()
    )

    with pytest.raises(StorageError, match="in the future"):
        load(yuma.cab, content, yuma.by)

    assert not Reading.objects.exists()


def test_readings_older_than_the_place_are_refused(yuma):
    with pytest.raises(StorageError, match="older than this place"):
        yuma.log([20] * 10, days_ago=400)


def test_a_place_without_any_record_takes_what_comes(yuma):
    AuditRow.objects.none()
    assert storage_actions.began(yuma.cab) is not None


def test_a_reading_by_hand_is_outside_for_no_time_and_asks_for_a_review(yuma):
    yuma.read(52)

    found = state_of(yuma.kit)
    assert (found.state, found.outside, found.readings) == (StorageState.REVIEW, 0, 1)


def test_what_the_thermometer_kept_counts_since_it_was_last_read(yuma):
    yuma.read(
        24, days_ago=3, lowest=10_00, highest=50_00
    )  # since when is not known: it counts for nobody
    assert state_of(yuma.kit).state == StorageState.IN_RANGE

    record = yuma.read(24, highest=45_00)

    assert (record.lowest, record.since is not None) == (24_00, True)
    assert state_of(yuma.kit).state == StorageState.REVIEW


@pytest.mark.parametrize("facts", [{"lowest": 25_00}, {"highest": 23_00}])
def test_a_lowest_above_or_a_highest_below_the_present_is_refused(yuma, facts):
    with pytest.raises(StorageError, match="lowest can’t be above") as refused:
        yuma.read(24, **facts)
    assert refused.value.field in facts


def test_a_reading_by_hand_sent_twice_is_one(yuma):
    key = make.key()

    assert yuma.read(24, request_key=key) == yuma.read(24, request_key=key)


def test_a_reading_of_a_moment_that_is_known_is_noted_and_not_doubled(yuma):
    moment = timezone.now().replace(second=0, microsecond=0) - AGO(hours=1)
    for _ in range(2):
        actions.record_temperature(
            place=yuma.cab, centi=20_00, occurred_at=moment, request_key=make.key(), by=yuma.by
        )

    assert (TemperatureRecord.objects.count(), Reading.objects.count()) == (2, 1)


def test_a_reading_in_the_future_is_refused(yuma):
    with pytest.raises(CustodyError):
        yuma.read(24, days_ago=-1)


def test_who_has_nothing_to_do_with_a_place_records_nothing_there(yuma):
    stranger = make.coordinator(make.station("Elsewhere"))

    with pytest.raises(AccessError):
        yuma.read(24, by=stranger)


def test_a_supervisor_reads_a_thermometer_too(yuma):
    assert yuma.read(24, by=make.person(yuma.station, Role.SUPERVISOR)).source == RecordSource.HAND


# --- taking back -------------------------------------------------------------------------------------------


def test_a_file_of_another_place_is_taken_back_and_its_readings_count_no_more(yuma):
    record = yuma.log(HOT_WEEK)

    gone = actions.withdraw_record(record=record, reason="Vehicle 32’s logger", by=yuma.by)

    assert (state_of(yuma.kit).readings, state_of(yuma.kit).mark) == (0, Mark.NONE)
    assert actions.withdraw_record(record=record, reason="Again", by=yuma.by) == gone
    assert yuma.log(HOT_WEEK).readings == 95


def test_who_neither_recorded_it_nor_keeps_the_place_takes_nothing_back(yuma):
    record = yuma.read(24)

    with pytest.raises(AccessError):
        actions.withdraw_record(
            record=record, reason="Mine", by=make.person(yuma.station, Role.SUPERVISOR)
        )


# --- where kits were ---------------------------------------------------------------------------------------


def test_heat_counts_only_while_the_kit_was_there(yuma):
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - AGO(days=8))

    yuma.log(HOT_WEEK)

    assert (state_of(yuma.kit).readings, state_of(yuma.kit).hot) == (0, 0)


def test_what_somebody_carries_is_not_measured_where_it_lay(yuma):
    holder = make.holder(make.person(yuma.station))
    offer = actions.offer_kits(
        kits=[yuma.kit], receiver=holder, now=timezone.now(), request_key=make.key(), by=yuma.by
    )
    actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=holder.person)

    [stay] = storage.stays_of([yuma.kit.pk], timezone.now())[yuma.kit.pk]
    assert stay.place == yuma.cab.pk


def test_a_move_that_was_undone_never_was(yuma):
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - AGO(days=8))
    yuma.kit.refresh_from_db()
    actions.undo_newest(
        kit=yuma.kit,
        sequence=yuma.kit.last_sequence,
        note="Another kit",
        request_key=make.key(),
        by=yuma.by,
    )

    yuma.log(HOT_WEEK)

    assert state_of(yuma.kit).state == StorageState.REPLACE


def test_minutes_add_up_over_all_places(yuma):
    yuma.log([30] * 7, days_ago=9)
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - AGO(days=6))
    yuma.log([30] * 7, days_ago=5, place=yuma.cabinet)

    assert (state_of(yuma.kit).state, state_of(yuma.kit).allowed) == (StorageState.ALLOWED, 7200)


def test_a_move_told_late_is_caught_up_by_the_sweep(yuma):
    yuma.log(HOT_WEEK)
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - AGO(days=8))
    assert state_of(yuma.kit).hot

    assert storage.keep_up(timezone.now()) == 1

    assert not KitStorage.objects.filter(hot__gt=0).exists()
    assert storage.keep_up(timezone.now()) == 0


def test_a_kit_that_comes_to_where_one_measures_is_caught_up(yuma):
    yuma.log(HOT_WEEK)
    other = make.sealed_kit(yuma.by, yuma.cabinet, occurred_at=yuma.began, product=yuma.product)
    yuma.move(other, yuma.cab, yuma.began + AGO(minutes=1))

    storage.keep_up(timezone.now())

    assert state_of(other).mark == Mark.REPLACE


# --- labels ------------------------------------------------------------------------------------------------


def test_a_products_own_label_follows_its_facts_and_keeps_what_it_said(yuma):
    yuma.product.excursion_min_c = 5
    yuma.product.save()
    yuma.product.name = "Another name"
    yuma.product.save()

    versions = LabelVersion.objects.filter(product=yuma.product).order_by("pk")
    assert [version.excursion_min_c for version in versions] == [4, 5]
    assert LabelVersion.objects.of_products().get(product=yuma.product).excursion_min_c == 5


def gen(yuma, name="Generation II", **facts):
    return actions.add_label(
        product=yuma.product, name=name, source="Carton", by=yuma.by,
        **{
            "base_min_c": 20, "base_max_c": 25, "excursion_min_c": 5, "excursion_max_c": 40,
            "do_not_freeze": True, "protect_from_light": True,
        } | facts,
    )  # fmt: skip


def test_the_label_of_a_lot_judges_what_was_measured_anew(yuma):
    yuma.log([4.5] * 10)
    assert state_of(yuma.kit).state == StorageState.ALLOWED
    lot = yuma.kit.lot

    actions.set_label(lot=lot, label=gen(yuma), by=yuma.by)
    assert state_of(yuma.kit).state == StorageState.REVIEW

    actions.set_label(lot=lot, label=None, by=yuma.by)
    assert state_of(yuma.kit).state == StorageState.ALLOWED


def test_the_same_label_said_again_is_noted_once(yuma):
    lot, label = yuma.kit.lot, gen(yuma)

    said = actions.set_label(lot=lot, label=label, by=yuma.by)

    assert actions.set_label(lot=lot, label=label, by=yuma.by) == said


def test_a_label_of_another_product_is_refused(yuma):
    other = Yuma.__new__(Yuma)
    other.product, other.by = make.product(), yuma.by

    with pytest.raises(StorageError, match="not a label of"):
        actions.set_label(lot=yuma.kit.lot, label=gen(other), by=yuma.by)


def test_a_label_is_never_rewritten(yuma):
    assert gen(yuma) == gen(yuma)
    with pytest.raises(StorageError, match="already has a label of this name"):
        gen(yuma, base_min_c=15)


def test_a_label_says_in_words_what_it_allows(yuma):
    assert (
        gen(yuma).words
        == "20–25 °C (68–77 °F); for a time 5–40 °C (41–104 °F); do not freeze; protect from light"
    )
    assert gen(yuma, "Bare", **dict.fromkeys(("base_min_c", "base_max_c", "excursion_min_c", "excursion_max_c", "do_not_freeze", "protect_from_light"))).words == "nothing on record"  # fmt: skip


def test_who_receives_nothing_says_nothing_about_labels(yuma):
    with pytest.raises(AccessError):
        actions.set_label(
            lot=yuma.kit.lot, label=None, by=make.person(yuma.station, Role.SUPERVISOR)
        )


# --- decisions ---------------------------------------------------------------------------------------------


def test_kept_in_service_it_is_asked_of_again_only_after_more_heat(yuma):
    yuma.log(HOT_WEEK)
    yuma.decide(Decision.KEEP)
    assert (state_of(yuma.kit).mark, state_of(yuma.kit).waiting) == (Mark.NONE, False)

    yuma.log([20] * 10, days_ago=3)
    assert not state_of(yuma.kit).waiting

    yuma.log([44] * 10, days_ago=2)
    assert (state_of(yuma.kit).mark, state_of(yuma.kit).waiting) == (Mark.REPLACE, True)


def test_the_newest_decision_counts(yuma):
    yuma.log(HOT_WEEK)
    yuma.decide(Decision.REPLACE)
    yuma.decide(Decision.KEEP)

    assert state_of(yuma.kit).mark == Mark.NONE
    assert StorageDecision.objects.count() == 2


def test_a_decision_sent_twice_is_one(yuma):
    yuma.log(HOT_WEEK)
    key = make.key()

    assert yuma.decide(request_key=key) == yuma.decide(request_key=key)


@pytest.mark.parametrize("facts", [{"kits": []}, {"reason": " "}])
def test_a_decision_is_about_something_and_for_a_reason(yuma, facts):
    yuma.log(HOT_WEEK)

    with pytest.raises(CustodyError):
        yuma.decide(**facts)


def test_nothing_is_decided_of_what_was_not_measured_there(yuma):
    with pytest.raises(StorageError, match="still to be decided"):
        yuma.decide()


def test_a_medical_officer_decides_and_a_supervisor_does_not(yuma):
    yuma.log(HOT_WEEK)
    doctor = make.person(yuma.station, Role.MEDICAL_OFFICER, scope=Scope.EVERYWHERE)

    assert yuma.decide(by=doctor).by == doctor
    with pytest.raises(AccessError):
        yuma.decide(by=make.person(yuma.station, Role.SUPERVISOR))


def test_the_moments_of_the_rules_and_of_the_database_are_the_same():
    now = timezone.now().replace(microsecond=0)

    assert storage.moment_of(storage.second_of(now)) == now
    assert storage.moment_of(None) is None
    assert storage.second_of(None) is None
