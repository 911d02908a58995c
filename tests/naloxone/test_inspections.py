"""Inspections: one tap for an unbroken seal, a discrepancy for each difference, and the day of the next one."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from naloxone import actions
from naloxone.actions import CustodyError
from naloxone.inspection_rules import Seen
from naloxone.models import (
    CustodyEvent,
    Discrepancy,
    Holder,
    Inspection,
    InspectionLine,
    Kit,
    NeedWord,
)
from naloxone.need_rules import Worth
from naloxone.rules import State
from naloxone.verify import verify_kit
from safety_portal import photos
from safety_portal.access import AccessError, Role
from safety_portal.audit import AuditRow
from tests.naloxone import make
from tests.safety_portal.picture import upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def kit(by, store):
    """A carton of two doses without a seal."""
    return fresh(make.delivery(by, store)[0])


@pytest.fixture
def sealed(by, store):
    """A kit of two doses with its seal."""
    return make.sealed_kit(by, store)


def fresh(kit):
    return Kit.objects.with_names().get(pk=kit.pk)


def inspect(kit, by, seen=Seen(), **facts):  # noqa: B008 - frozen
    told = {"sequence": kit.last_sequence, "occurred_at": timezone.now(), "request_key": make.key()}
    return actions.inspect_kit(kit=kit, seen=seen, by=by, **told | facts)


def counted(kit, number=2, matches=True):
    return {"counts": {kit.lot_id: (number, matches)}}


def kinds():
    return sorted(Discrepancy.objects.open().values_list("kind", flat=True))


# --- all is well ---------------------------------------------------------------------------------
def test_an_unbroken_seal_answers_for_what_is_in_a_kit(sealed, by):
    found = inspect(sealed, by, Seen(seal_intact=True))

    assert (found.result, found.findings, found.lines.count()) == ("ok", "", 0)
    assert found.next_due_on == by.station.today() + dt.timedelta(days=30)
    assert fresh(sealed).inspection_due_on == found.next_due_on
    row = AuditRow.objects.get(act="kit.inspected")
    assert row.target == sealed.reference
    assert f"inspection: {found.reference}" in row.facts


def test_when_all_is_well_no_event_and_no_discrepancy_follows(kit, by):
    inspect(kit, by, **counted(kit))

    assert CustodyEvent.objects.filter(kit=kit).count() == 1
    assert kinds() == []
    line = InspectionLine.objects.get()
    assert (line.lot_id, line.expected, line.counted, line.matches) == (kit.lot_id, 2, 2, True)


def test_the_same_form_twice_is_one_inspection(kit, by):
    key = make.key()

    first, again = (inspect(kit, by, request_key=key, **counted(kit, 1)) for _ in range(2))

    assert first == again
    assert Inspection.objects.count() == Discrepancy.objects.count() == 1


def test_the_day_is_the_stations_own_and_a_late_word_takes_no_newer_one_back(by, store):
    by.station.time_zone = "Pacific/Honolulu"
    by.station.save()
    [kit] = make.delivery(by, store)
    night = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)  # still the first of March there

    late = inspect(kit, by, occurred_at=night, **counted(kit))

    assert late.next_due_on == dt.date(2026, 3, 31)
    assert fresh(kit).checked_on == by.station.today()


def test_a_new_kit_is_due_thirty_days_after_it_was_received_or_assembled(sealed, by):
    today = by.station.today()
    assert sealed.checked_on == today
    for days, due in ((29, 0), (30, 1)):
        on = today + dt.timedelta(days=days)
        assert Kit.objects.inspection_due(on).filter(pk=sealed.pk).count() == due


def test_a_carton_in_a_storeroom_is_stock_and_one_in_a_cabinet_is_not(kit, store):
    soon = timezone.now().date() + dt.timedelta(days=31)
    assert list(Kit.objects.inspection_due(soon)) == [kit]

    Holder.objects.filter(pk=store.pk).update(place_type="storeroom")

    assert list(Kit.objects.inspection_due(soon)) == []


# --- differences ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("number", "matches", "result", "opened"),
    [
        (1, True, "short", ["short"]),
        (3, True, "extra", ["extra"]),
        (2, False, "replace", ["mismatch"]),
        (0, False, "replace", ["mismatch", "short"]),
    ],
)
def test_a_count_that_differs_opens_its_discrepancies(kit, by, number, matches, result, opened):
    found = inspect(kit, by, note="Counted twice", **counted(kit, number, matches))

    assert found.result == result
    assert kinds() == opened
    assert "Counted twice" in Discrepancy.objects.first().told
    assert fresh(kit).state == State.IN_SERVICE


def test_what_is_damaged_is_one_discrepancy_that_names_each(kit, by):
    seen = Seen(package_intact=False, device_sound=False, liquid_clear=False, accessories_there=False)  # fmt: skip

    found = inspect(kit, by, seen, **counted(kit))

    assert found.result == "replace"
    assert found.found == [
        "Blister or package damaged", "A device damaged",
        "Liquid coloured, cloudy or with particles", "Gloves or mask missing",
    ]  # fmt: skip
    assert Discrepancy.objects.get().told == ". ".join(found.found)


def test_the_same_difference_found_again_is_the_same_discrepancy(kit, by):
    for _ in range(2):
        inspect(kit, by, **counted(kit, 1))

    assert Discrepancy.objects.count() == 1
    assert Inspection.objects.count() == 2


def test_a_broken_seal_opens_the_kit_in_the_same_act(sealed, by):
    found = inspect(sealed, by, Seen(seal_intact=False), seal_seen="SEAL-9", **counted(sealed))

    assert fresh(sealed).state == State.OPENED
    assert kinds() == ["seal"]
    newest = CustodyEvent.objects.filter(kit=sealed).latest("sequence")
    assert newest.act.note.text == f"{found.reference}: Seal broken, gone or another number"
    assert verify_kit(sealed).intact
    with pytest.raises(CustodyError, match="Count the doses"):  # its seal answers no longer
        inspect(fresh(sealed), by, Seen())


def test_nothing_of_an_inspection_stays_when_its_event_is_refused(sealed, by, monkeypatch):
    def refuse(*args, **facts):
        raise CustodyError("Refused")

    monkeypatch.setattr("naloxone.actions.life.record", refuse)
    with pytest.raises(CustodyError), transaction.atomic():
        inspect(sealed, by, Seen(seal_intact=False), **counted(sealed))

    assert Inspection.objects.count() == Discrepancy.objects.count() == 0


def test_a_kit_goes_on_hold_only_when_the_inspector_says_so(sealed, kit, by):
    inspect(sealed, by, Seen(seal_intact=False), hold=True, **counted(sealed))
    inspect(kit, by, hold=True, **counted(kit))  # nothing is wrong: there is nothing to hold

    assert fresh(sealed).state == State.HELD
    assert [e.kind for e in CustodyEvent.objects.filter(kit=sealed).order_by("sequence")] == [
        "assembled", "opened", "held",
    ]  # fmt: skip
    assert fresh(kit).state == State.IN_SERVICE
    assert verify_kit(sealed).intact


def test_who_holds_it_says_that_it_does_not_even_work_and_why(sealed, by):
    seen = Seen(seal_intact=False, device_sound=False)
    told = {"hold": True, "works": False, **counted(sealed)}
    with pytest.raises(CustodyError, match="Say why"), transaction.atomic():
        inspect(sealed, by, seen, **told)

    inspect(sealed, by, seen, why="The plunger is broken off", **told)

    word = NeedWord.objects.get(kit=sealed)
    assert (word.works, word.why, word.by) == (False, "The plunger is broken off", by)
    assert word.act.events.get().kind == "held"
    assert fresh(sealed).worth(by.station.today()) == Worth.NEITHER


def test_what_is_found_right_is_not_said_to_be_broken(kit, by):
    with pytest.raises(CustodyError, match="Say above what is wrong"), transaction.atomic():
        inspect(kit, by, hold=True, works=False, why="Crushed", **counted(kit))

    assert not Inspection.objects.exists()


def test_an_expired_kit_is_replaced_and_its_own_alert_tells_of_it(by, store):
    [kit] = make.delivery(by, store, expires_on=by.station.today())
    found = inspect(kit, by, **counted(kit))
    assert found.result == "ok"

    [old] = make.expired(by, store)
    found = inspect(old, by, **counted(old))

    assert (found.result, found.found) == ("replace", ["Expired"])
    assert kinds() == []


# --- photos ----------------------------------------------------------------------------------------
def test_a_photo_is_kept_with_the_inspection_and_shown_to_who_sees_it(kit, by, media):
    held = photos.hold_photo(file=upload(), now=timezone.now(), by=by)

    found = inspect(kit, by, Seen(device_sound=False), photos=[held], **counted(kit))

    [kept] = found.photos
    assert kept.token == held.token
    assert photos.may_see(make.person(by.station, Role.AUDITOR), kept)
    assert not photos.may_see(make.coordinator(make.station()), kept)
    assert not photos.may_see(make.person(by.station), kept)


def test_a_photo_that_is_held_no_longer_leaves_no_inspection(kit, by, media):
    held = photos.hold_photo(file=upload(), now=timezone.now(), by=by)
    photos.let_go(tokens=[held.token], by=by)

    with pytest.raises(photos.PhotoError), transaction.atomic():
        inspect(kit, by, photos=[held], **counted(kit))

    assert Inspection.objects.count() == 0


# --- access --------------------------------------------------------------------------------------
def test_a_place_that_opened_is_timed_and_one_that_did_not_is_told_once(kit, by, store):
    timed = inspect(kit, by, Seen(opened=True), access_seconds=14, **counted(kit))
    for _ in range(2):
        shut = inspect(kit, by, Seen(opened=False), note="Code changed", **counted(kit))

    assert (timed.access_seconds, timed.result) == (14, "ok")
    assert (shut.result, shut.found) == ("ok", ["Could not be opened by who came for it"])
    found = Discrepancy.objects.get()
    assert (found.kind, found.place, found.kit, found.told) == (
        "no_access", store, None, "Code changed",
    )  # fmt: skip
    with pytest.raises(CustodyError, match="only where it opened"):
        inspect(kit, by, Seen(opened=False), access_seconds=3, **counted(kit))


def test_who_cannot_open_at_all_says_so_and_the_kits_stay_due(kit, by, store):
    now = timezone.now()

    first = actions.report_no_access(place=store, note="Nobody knows the code", now=now, by=by)

    assert actions.report_no_access(place=store, now=now, by=by) == first
    assert Inspection.objects.count() == 0
    carrier = make.holder(make.person(by.station))
    with pytest.raises(CustodyError, match="no place that opens"):
        actions.report_no_access(place=carrier, now=now, by=by)
    with pytest.raises(AccessError):
        actions.report_no_access(place=store, now=now, by=make.person(by.station))


# --- what is refused -----------------------------------------------------------------------------
def test_who_carries_a_kit_inspects_it_and_who_only_sees_it_does_not(sealed, by):
    officer = make.person(by.station)
    auditor = make.person(by.station, Role.AUDITOR)
    [sealed] = make.hand([sealed], officer, by=by)

    inspect(sealed, officer, Seen(seal_intact=True))

    for stranger in (auditor, make.person(by.station), make.coordinator(make.station())):
        with pytest.raises(AccessError):
            inspect(sealed, stranger, Seen(seal_intact=True))


def test_a_kit_used_meanwhile_is_not_what_was_inspected(kit, by):
    seen_at = kit.last_sequence
    actions.waste_doses(
        kit=kit, count=1, note="Fired", occurred_at=timezone.now(), request_key=make.key(), by=by
    )

    with pytest.raises(CustodyError, match="while you looked"):
        inspect(kit, by, sequence=seen_at, **counted(kit))

    assert Inspection.objects.count() == 0


def test_enough_must_have_been_looked_at(sealed, kit, by):
    with pytest.raises(CustodyError, match="Count the doses"):
        inspect(kit, by)
    with pytest.raises(CustodyError, match="Say how the seal is") as refused:
        inspect(sealed, by, **counted(sealed))
    assert refused.value.field == "seal"
    with pytest.raises(CustodyError, match="in the future"):
        inspect(kit, by, occurred_at=timezone.now() + dt.timedelta(hours=1), **counted(kit))


def test_what_is_missing_is_not_inspected(kit, by):
    actions.report_missing(kits=[kit], occurred_at=timezone.now(), request_key=make.key(), by=by)

    with pytest.raises(CustodyError, match="missing"):
        inspect(fresh(kit), by, **counted(kit))


@pytest.mark.parametrize(
    "table", ["naloxone_inspection", "naloxone_inspectionline", "naloxone_inspectionphoto"]
)
def test_an_inspection_is_never_changed(kit, by, media, table):
    held = photos.hold_photo(file=upload(), now=timezone.now(), by=by)
    inspect(kit, by, photos=[held], **counted(kit))

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"update {table} set id = id")
