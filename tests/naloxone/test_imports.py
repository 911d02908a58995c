"""Importing: every row is done by the action of the screen, or none is; what is wrong is said beside its row."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.actions import imports
from naloxone.import_rules import RunError, RunState
from naloxone.models import (
    Act,
    CustodyEvent,
    Device,
    Holder,
    ImportRow,
    ImportRun,
    Kit,
    Lot,
    Product,
)
from naloxone.verify import verify_kit
from safety_portal import sealed_files
from safety_portal.access import AccessError
from safety_portal.audit import AuditRow
from safety_portal.tables import TableError
from tests.naloxone import make
from tests.naloxone.imports import (
    as_csv,
    as_xlsx,
    checked,
    effects,
    faults,
    imported,
    upload,
    work,
)

pytestmark = pytest.mark.django_db
KITS = ("Place", "Product", "Lot", "Expiry", "Serials")
LATER = f"{make.day(400):%Y-%m-%d}"


@pytest.fixture
def product():
    return make.product(name="Spray", ndc="69547-627-02", gtin="00369547627027")


def row(store, product, lot="A1", day=LATER, serial="", *more):
    return [store.name, product.name, lot, day, serial, *more]


# --- kits -----------------------------------------------------------------------------------------------
def test_like_rows_are_one_receipt_as_on_the_screen(by, store, product):
    other = make.place(by)
    run = imported(by, "kits", as_csv(KITS, *[row(store, product)] * 3, row(other, product)))

    assert (run.state, run.said) == (RunState.DONE, "")
    assert run.figures["units"] == 4
    acts = Act.objects.order_by("pk")
    assert [(act.verb, act.events.count(), act.by) for act in acts] == [("receive", 3, by), ("receive", 1, by)]  # fmt: skip
    assert {k.state for k in Kit.objects.all()} == {"in_service"}
    assert Kit.objects.filter(holder=store).count() == 3
    assert all(verify_kit(kit).intact for kit in Kit.objects.all())
    assert [one["words"] for one in run.results] == [f"3 of lot A1 at {store}", f"1 of lot A1 at {other}"]  # fmt: skip
    assert AuditRow.objects.filter(act="custody.received").count() == 2
    assert AuditRow.objects.filter(act="import.done", target=run.reference).count() == 1


def test_nothing_is_written_before_it_is_confirmed(by, store, product):
    run = checked(by, "kits", as_csv(KITS, row(store, product)))

    assert run.state == RunState.PREVIEWED
    assert effects(run) == [
        (
            "new",
            f"1 new carton of lot A1 at {store}; Spray; new lot, expires {make.day(400).day} {make.day(400):%b %Y}",
        )
    ]
    assert not Kit.objects.exists()
    assert not Lot.objects.exists()


def test_a_lot_that_is_there_is_said_to_agree(by, store, product):
    make.delivery(by, store, product=product, lot_number="A1", expires_on=make.day(400))

    run = checked(by, "kits", as_csv(KITS, row(store, product)))

    assert effects(run)[0][1].endswith("lot is there, expiry agrees")


def test_a_kit_is_assembled_from_its_carton_and_sealed(by, store, product):
    headings = (*KITS, "Kind", "Seal")
    rows = [row(store, product, "A1", LATER, f"S{n}", "Kit", f"SEAL-{n}") for n in (1, 2)]

    imported(by, "kits", as_csv(headings, *rows))

    kits = Kit.objects.filter(kind="kit").order_by("pk")
    assert [(k.seal, k.doses, k.state, k.holder) for k in kits] == [
        ("SEAL-1", 2, "in_service", store),
        ("SEAL-2", 2, "in_service", store),
    ]
    assert [d.serial for d in Device.objects.filter(kit=kits[0]).order_by("pk")] == ["S1", ""]
    assert list(Act.objects.order_by("pk").values_list("verb", flat=True)) == ["receive", "assemble"]  # fmt: skip


def test_a_seal_that_is_on_a_kit_already_is_an_error_of_its_row(by, store, product):
    headings = (*KITS, "Kind", "Seal")
    first = row(store, product, "A1", LATER, "S1", "Kit", "SEAL-1")
    imported(by, "kits", as_csv(headings, first))
    [kit] = Kit.objects.filter(seal="SEAL-1")

    run = checked(by, "kits", as_csv(headings, first, row(store, product, "A1", LATER, "S2", "Kit", "SEAL-1")))  # fmt: skip

    assert effects(run)[0][0] == "nothing"  # the same kit again
    assert faults(run) == {"Seal": f"Seal SEAL-1 is on {kit.reference} already. Look at its number again."}  # fmt: skip


def test_a_sealed_kit_without_serials_is_known_by_its_seal(by, store, product):
    headings = (*KITS, "Kind", "Seal")
    first = row(store, product, "A1", LATER, "", "Kit", "SEAL-1")
    imported(by, "kits", as_csv(headings, first))
    [kit] = Kit.objects.filter(seal="SEAL-1")
    other = row(store, product, "A2", LATER, "", "Kit", "SEAL-1")

    again = checked(by, "kits", as_csv(headings, first))
    another = checked(by, "kits", as_csv(headings, other))

    assert effects(again) == [("nothing", f"Nothing: {kit.reference} is there already, at {store}")]
    assert faults(another)["Seal"].startswith(f"Seal SEAL-1 is on {kit.reference} already.")


def test_the_seal_of_another_stations_kit_is_not_told(by, store, product):
    headings = (*KITS, "Kind", "Seal")
    other = make.coordinator(make.station("Elsewhere"))
    there = make.place(other, "Cabinet there")
    imported(
        other, "kits", as_csv(headings, row(there, product, "A1", LATER, "S9", "Kit", "SEAL-9"))
    )

    run = checked(
        by, "kits", as_csv(headings, row(store, product, "A1", LATER, "S1", "Kit", "SEAL-9"))
    )

    assert run.errors == 0


def test_what_was_not_checked_waits_in_quarantine_and_the_day_is_kept(by, store, product):
    headings = (*KITS, "Condition", "Received on", "Cartons")
    day = make.day(-10)

    run = imported(
        by, "kits", as_csv(headings, row(store, product, "A1", LATER, "", "Not checked", str(day), "5"))
    )  # fmt: skip

    assert run.figures["units"] == 5
    assert set(Kit.objects.values_list("state", flat=True)) == {"quarantine"}
    at = Act.objects.get().occurred_at.astimezone(by.station.zone)
    assert (at.date(), at.time()) == (day, dt.time(12))


def test_serials_may_be_one_a_dose(by, store, product):
    imported(by, "kits", as_csv(KITS, row(store, product, "A1", LATER, "D1 D2")))

    assert list(Device.objects.order_by("pk").values_list("serial", flat=True)) == ["D1", "D2"]


def test_a_receipt_holds_no_more_than_a_delivery_may(by, store, product):
    headings = (*KITS, "Cartons")

    imported(by, "kits", as_csv(headings, *[row(store, product, "A1", LATER, "", "600")] * 2))

    assert [act.events.count() for act in Act.objects.order_by("pk")] == [600, 600]


def test_a_code_on_the_pack_says_the_rest(by, store, product):
    until = make.day(400)
    code = f"(01)00369547627027(17){until:%y%m%d}(10)A1(21)77"

    run = imported(by, "kits", as_csv(("Place", "Code on the pack"), [store.name, code]))

    assert run.state == RunState.DONE, run.said
    device = Device.objects.select_related("lot").first()
    assert (device.serial, device.lot.number, device.lot.expires_on) == ("77", "A1", until)


def test_a_code_and_its_columns_must_agree(by, store, product):
    code = f"(01)00369547627027(17){make.day(400):%y%m%d}(10)A1"
    headings = ("Place", "Code on the pack", "Product", "Lot", "Expiry")
    other = make.product(name="Other")

    run = checked(by, "kits", as_csv(headings, [store.name, code, "Other", "A2", make.day(401)]))

    assert set(faults(run)) == {"Product", "Lot", "Expiry"}
    assert faults(run)["Product"].startswith("The code on the pack says Spray.")
    assert other


def test_a_code_that_lost_its_separator_is_never_guessed(by, store, product):
    code = f"0100369547627027{make.day(400):17%y%m%d}10A2121B7"
    headings = ("Place", "Code on the pack", "Lot")

    lost = checked(by, "kits", as_csv(headings, [store.name, code, ""]))
    told = checked(by, "kits", as_csv(headings, [store.name, code, "A21"]))

    assert "The sign between lot and serial is lost" in faults(lost)["Code on the pack"]
    assert told.errors == 0, faults(told)


def test_the_code_of_an_unknown_product_asks_for_its_name(by, store):
    code = "(01)00311917040332(10)A1"

    run = checked(
        by, "kits", as_csv(("Place", "Code on the pack", "Expiry"), [store.name, code, LATER])
    )

    assert "Nobody has said yet" in faults(run)["Code on the pack"]


@pytest.mark.parametrize(
    ("changed", "heading", "sentence"),
    [
        ({"Place": ""}, "Place", "Fill this in."),
        ({"Place": "Nowhere"}, "Place", "is no place in use at"),
        ({"Product": "Nothing"}, "Product", "is no product here"),
        ({"Product": "369547627028"}, "Product", "ends with the wrong check digit"),
        ({"Product": "69547-999-02"}, "Product", "is no product here"),
        ({"Product": "695476-27-02"}, "Product", "hyphens"),
        ({"Lot": "x" * 21}, "Lot", "At most 20 characters"),
        ({"Lot": "A\u202e1"}, "Lot", "invisible sign after “A”"),
        ({"Lot": "=A1"}, "Lot", "formula whose value was never worked out"),
        ({"Expiry": "2027-02-31"}, "Expiry", "is not in the calendar"),
        ({"Expiry": "13/2/27"}, "Expiry", "four digits"),
        ({"Expiry": "46387"}, "Expiry", "how Excel counts 31 Dec 2026"),
        ({"Expiry": "soon"}, "Expiry", "is not a day"),
        ({"Expiry": "2020-01-31"}, "Expiry", "Expired stock is not received"),
        ({"Expiry": "2827-01-31"}, "Expiry", "Look at the year again"),
        ({"Serials": "A1"}, "Lot", "is told as lot and as serial"),
        ({"Serials": "S1 S1"}, "Serials", "stands twice in this cell"),
        ({"Serials": "S1 S2 S3"}, "Serials", "3 serials for 1 cartons of 2 doses"),
        ({"Cartons": "none"}, "Cartons", "is not a whole number"),
        ({"Cartons": "1001"}, "Cartons", "From 1 to 1,000; this is 1,001."),
        ({"Kind": "Trunk"}, "Kind", "is none of: Carton, Kit, Canine kit."),
        ({"Seal": "S1"}, "Seal", "A seal is of a kit"),
        ({"Seal": "S1", "Kind": "Kit", "Cartons": "2"}, "Seal", "One seal is of one kit"),
        ({"Condition": "No", "Kind": "Kit"}, "Condition", "assembled from what was checked"),
        ({"Condition": "fine"}, "Condition", "is none of: Checked, Not checked."),
        ({"Received on": f"{make.day(3)}"}, "Received on", "is in the future"),
        ({"Station": "Elsewhere"}, "Station", "is none of the stations where you may do this"),
    ],
)
def test_what_is_wrong_is_said_at_its_column(by, store, product, changed, heading, sentence):
    told = dict(zip(KITS, row(store, product), strict=True)) | changed

    run = checked(by, "kits", as_csv(told.keys(), told.values()))

    assert sentence in faults(run)[heading]
    assert run.errors == 1
    with pytest.raises(RunError, match="Correct the errors first"):
        imports.confirm_import(run=run, now=timezone.now(), by=by)


def test_rows_that_contradict_each_other_are_errors(by, store, product):
    rows = [
        row(store, product, "A1", LATER, "S1"),
        row(store, product, "A1", f"{make.day(500)}", ""),
        row(store, product, "A1", LATER, "S1"),
    ]

    run = checked(by, "kits", as_csv(KITS, *rows))

    assert [outcome for outcome, _ in effects(run)] == ["new", "error", "error"]
    assert "in row 2. A lot has one expiry." in effects(run)[1][1]
    assert "Serial S1 of lot A1 is in row 2 too." in effects(run)[2][1]


def test_what_the_ledger_has_is_not_received_twice(by, store, product):
    [kit] = make.delivery(
        by, store, product=product, lot_number="A1", expires_on=make.day(400), carton_serials=["S1"]
    )
    other = make.place(by)

    run = checked(
        by, "kits", as_csv(KITS, row(store, product, serial="S1"), row(other, product, serial="S1 S2"))
    )  # fmt: skip

    assert effects(run)[0] == ("nothing", f"Nothing: {kit} is there already, at {store}")
    assert "Serial S1 of this lot is recorded already" in effects(run)[1][1]


def test_a_lot_with_another_expiry_is_an_error_by_the_rule_of_the_screen(by, store, product):
    make.delivery(by, store, product=product, lot_number="A1", expires_on=make.day(400))

    run = checked(by, "kits", as_csv(KITS, row(store, product, day=str(make.day(401)))))

    assert "A1" in faults(run)["Expiry"]


def test_a_serial_known_as_a_lot_is_an_error(by, store, product):
    make.delivery(by, store, product=product, lot_number="A1", expires_on=make.day(400))

    run = checked(by, "kits", as_csv(KITS, row(store, product, lot="S9", serial="A1")))

    assert "Lot and serial look swapped" in faults(run)["Lot"]


def test_a_lot_known_as_a_serial_is_an_error(by, store, product):
    make.delivery(by, store, product=product, lot_number="A1", carton_serials=["S1"])

    run = checked(by, "kits", as_csv(KITS, row(store, product, lot="S1", serial="")))

    assert "Lot and serial look swapped" in faults(run)["Lot"]


def test_kits_of_a_recalled_lot_come_in_recalled_and_are_not_assembled(by, store, product):
    chief = make.person(by.station, "naloxone_coordinator", scope="everywhere")
    make.delivery(by, store, product=product, lot_number="A1", expires_on=make.day(400))
    actions.recall_lot(
        lot=Lot.objects.get(), notice="FDA", occurred_at=timezone.now(), request_key=make.key(), by=chief
    )  # fmt: skip
    headings = (*KITS, "Kind")

    run = checked(
        by, "kits", as_csv(headings, row(store, product, "A1", LATER, "", "Carton"), row(store, product, "A1", LATER, "", "Kit"))
    )  # fmt: skip

    assert "recalled as its lot is" in effects(run)[0][1]
    assert "nothing is assembled of it" in effects(run)[1][1]


def test_a_vehicle_receives_nothing(by, product):
    car = make.place(by, "Patrol 12", kind="vehicle")

    run = checked(by, "kits", as_csv(KITS, row(car, product)))

    assert "Patrol 12 is a vehicle." in faults(run)["Place"]


def test_a_row_of_another_station_says_nothing_of_what_is_there(by, store, product):
    theirs = make.place(make.coordinator(make.station("Nogales")), "Their cabinet")
    headings = (*KITS, "Station")

    named = checked(by, "kits", as_csv(headings, row(theirs, product, "A1", LATER, "", "Nogales")))
    unknown = checked(by, "kits", as_csv(headings, row(theirs, product, "A1", LATER, "", "Nowhere")))  # fmt: skip

    assert faults(named)["Station"].replace("Nogales", "") == faults(unknown)["Station"].replace("Nowhere", "")  # fmt: skip
    assert set(faults(named)) == {"Station"}


def test_a_place_goes_by_its_reference_and_a_station_by_its_code(by, store, product):
    headings = (*KITS, "Station")
    told = [store.reference, product.ndc, "A1", LATER, "", by.station.code.lower()]

    assert imported(by, "kits", as_csv(headings, told)).state == RunState.DONE
    assert Kit.objects.get().holder == store


def test_stations_of_one_name_are_told_by_code(by, store, product):
    twin = make.station(by.station.name)
    twin.name = by.station.name
    twin.save()
    chief = make.person(by.station, "naloxone_coordinator", scope="everywhere")

    run = checked(
        chief, "kits", as_csv((*KITS, "Station"), row(store, product, "A1", LATER, "", by.station.name))
    )  # fmt: skip

    assert "Use its code" in faults(run)["Station"]


@pytest.mark.parametrize(
    "number", ["69547-627-02", "6954762702", "00369547627027", "369547627027", "SPRAY"]
)
def test_a_product_goes_by_any_of_its_numbers(by, store, product, number):
    told = [store.name, number, "A1", LATER, ""]

    assert imported(by, "kits", as_csv(KITS, told)).state == RunState.DONE


def test_a_product_goes_by_a_number_that_somebody_has_named(by, store, product):
    actions.remember_code(code="00311917040332", product=product, by=by)

    run = imported(by, "kits", as_csv(KITS, [store.name, "311917040332", "A1", LATER, ""]))

    assert run.state == RunState.DONE


# --- days and swapped columns ---------------------------------------------------------------------------------
def test_a_day_that_can_be_read_in_two_ways_is_asked_about(by, store, product):
    year = make.day(400).year + 1
    content = as_csv(KITS, row(store, product, day=f"03/04/{year}"))

    run = checked(by, "kits", content)

    assert (run.state, run.questions) == (RunState.UPLOADED, {"days": f"03/04/{year}"})
    imports.name_columns(run=run, mapping=run.mapping, day_order="dmy", by=by)
    work(run)
    assert f"expires 3 Apr {year}" in effects(run)[0][1]


def test_another_day_of_the_column_tells_the_order(by, store, product):
    year = make.day(400).year + 1
    rows = [
        row(store, product, "A1", f"03/04/{year}"),
        row(store, product, "A2", f"25/04/{year}"),
    ]

    run = checked(by, "kits", as_csv(KITS, *rows))

    assert run.state == RunState.PREVIEWED
    assert f"expires 3 Apr {year}" in effects(run)[0][1]


def test_swapped_lot_and_serial_are_noticed_and_swapped_in_one_tap(by, store, product):
    rows = [row(store, product, f"10{n}", LATER, "A1") for n in range(6)]
    run = checked(by, "kits", as_csv(KITS, *rows))

    assert run.questions == {"swapped": True}
    with pytest.raises(RunError, match="Say first whether"):
        imports.confirm_import(run=run, now=timezone.now(), by=by)

    work(imports.swap_lot_and_serial(run=run, by=by))
    assert run.refresh_from_db() is None
    assert (run.questions, run.figures["units"]) == ({}, 6)
    assert "of lot A1" in effects(run)[0][1]


def test_who_says_that_they_are_right_is_believed(by, store, product):
    rows = [row(store, product, f"10{n}", LATER, "") for n in range(6)]
    for told in rows:
        told[4] = "A1"
    run = checked(by, "kits", as_csv(KITS, *rows), swap_denied=True)

    assert run.questions == {}


# --- all or nothing -----------------------------------------------------------------------------------------
def test_one_row_that_fails_takes_all_back(by, store, product, monkeypatch):
    other = make.place(by)
    run = checked(by, "kits", as_csv(KITS, row(store, product), row(other, product)))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    real = actions.receive_delivery

    def second_fails(**facts):
        if facts["place"] == other:
            raise actions.CustodyError("The shelf broke.")
        return real(**facts)

    monkeypatch.setattr(actions, "receive_delivery", second_fails)
    work(run)

    assert (run.state, run.said) == (RunState.REFUSED, "The shelf broke. Nothing was imported.")
    assert not Kit.objects.exists()
    assert not Lot.objects.exists()


def test_what_changed_since_the_preview_is_shown_again_instead(by, store, product):
    run = checked(by, "kits", as_csv(KITS, row(store, product)))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    make.delivery(by, store, product=product, lot_number="A1", expires_on=make.day(400))

    work(run)

    assert run.state == RunState.PREVIEWED
    assert "Look at them again; nothing was imported." in run.said
    assert effects(run)[0][1].endswith("lot is there, expiry agrees")
    assert Kit.objects.count() == 1


def test_a_right_that_ended_meanwhile_ends_the_import(by, store, product):
    run = checked(by, "kits", as_csv(KITS, row(store, product)))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    by.grants.update(ends_at=timezone.now())

    work(run)

    assert run.state in (RunState.REFUSED, RunState.PREVIEWED)
    assert not Kit.objects.exists()


def test_the_same_file_is_recognised_and_done_again_only_when_it_is_meant(by, store, product):
    content = as_csv(KITS, row(store, product))
    first = imported(by, "kits", content)

    again = checked(by, "kits", content)
    with pytest.raises(RunError, match=f"imported with {first.reference}"):
        imports.confirm_import(run=again, now=timezone.now(), by=by)
    assert Kit.objects.count() == 1

    imports.confirm_import(run=again, now=timezone.now(), again=True, by=by)
    work(again)
    assert Kit.objects.count() == 2


def test_confirmed_twice_or_given_to_two_workers_it_is_done_once(by, store, product):
    run = checked(by, "kits", as_csv(KITS, row(store, product)))
    for _ in range(2):
        imports.confirm_import(run=run, now=timezone.now(), by=by)
    work(run)
    work(run)

    assert (run.state, run.tries, Kit.objects.count()) == (RunState.DONE, 1, 1)
    assert imports.confirm_import(run=run, now=timezone.now(), by=by).state == RunState.DONE


def test_a_file_with_nothing_to_do_is_not_confirmed(by):
    place = make.place(by)
    content = as_csv(("Name", "Kind of place", "Opens"), [place.name, "Cabinet", "Open"])

    run = checked(by, "places", content)

    assert effects(run) == [("nothing", f"Nothing: {place} is so already")]
    with pytest.raises(RunError, match="nothing to import"):
        imports.confirm_import(run=run, now=timezone.now(), by=by)


# --- cancelling, stopping, dropping ---------------------------------------------------------------------------
@pytest.mark.parametrize("state", ["uploaded", "previewed", "running"])
def test_what_nobody_works_at_is_cancelled_at_once(by, store, product, state):
    content = as_csv(KITS, row(store, product))
    run = upload(by, "kits", content) if state == "uploaded" else checked(by, "kits", content)
    if state == "running":
        imports.confirm_import(run=run, now=timezone.now(), by=by)

    imports.cancel_import(run=run, now=timezone.now(), by=by)
    work(run)

    assert (run.state, run.said) == (RunState.CANCELLED, "You cancelled it; nothing was imported.")
    assert not Kit.objects.exists()
    again = imports.cancel_import(run=run, now=timezone.now(), by=by)
    assert again.state == RunState.CANCELLED


def test_a_cancel_that_was_asked_of_a_killed_worker_still_counts(by, store, product):
    run = checked(by, "kits", as_csv(KITS, row(store, product)))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    ImportRun.objects.update(cancel_asked=True)

    work(run)

    assert run.state == RunState.CANCELLED


def test_a_run_that_is_stopped_again_and_again_is_given_up(by, store, product, monkeypatch):
    run = checked(by, "kits", as_csv(KITS, row(store, product)))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    with monkeypatch.context() as broken:
        broken.setattr(imports, "planned", lambda run: 1 / 0)
        for _ in range(imports.MOST_TRIES):
            with pytest.raises(ZeroDivisionError):
                work(run)

    work(run)

    assert run.state == RunState.REFUSED
    assert "stopped 3 times" in run.said


def test_what_takes_too_long_is_given_up(by, store, product):
    run = checked(by, "kits", as_csv(KITS, row(store, product)))
    imports.confirm_import(run=run, now=timezone.now(), by=by)

    imports.give_up(run.pk, now=timezone.now())
    imports.give_up(run.pk, now=timezone.now())

    run.refresh_from_db()
    assert (run.state, run.said[:20]) == (RunState.REFUSED, "It took too long and")


def test_the_schedule_takes_up_what_waits(by, store, product, monkeypatch):
    rung = []
    monkeypatch.setattr(imports, "ring", rung.append)
    run = checked(by, "kits", as_csv(KITS, row(store, product)))
    upload(by, "kits", as_csv(KITS, row(store, product, "A2")))
    imports.confirm_import(run=run, now=timezone.now(), by=by)

    assert imports.take_up(now=timezone.now()) == 1
    assert rung[-1] == run.pk


def test_files_and_rows_are_dropped_after_their_days(by, store, product, settings, media):
    done = imported(by, "kits", as_csv(KITS, row(store, product)))
    waiting = checked(by, "kits", as_csv(KITS, row(store, product, "A2")))
    later = timezone.now() + dt.timedelta(days=settings.IMPORT_KEEP_DAYS)
    assert len([p for p in media.rglob("imports/*/*") if p.is_file()]) == 2

    imports.drop_old_imports(now=timezone.now())
    assert ImportRow.objects.count() == 2
    imports.drop_old_imports(now=later)

    done.refresh_from_db()
    waiting.refresh_from_db()
    assert (done.state, waiting.state) == (RunState.DONE, RunState.CANCELLED)
    assert done.dropped_at
    assert not ImportRow.objects.exists()
    assert [p for p in media.rglob("imports/*/*") if p.is_file()] == []
    assert Kit.objects.count() == 1


def test_files_that_no_row_names_are_dropped_too(by, store, product, media):
    run = upload(by, "kits", as_csv(KITS, row(store, product)))
    sealed_files.write("ab" * 16, b"left over", kind=sealed_files.IMPORT)

    imports.drop_old_imports(now=timezone.now() + dt.timedelta(days=2))

    assert [p.name for p in media.rglob("imports/*/*")] == [run.token]


# --- uploading ------------------------------------------------------------------------------------------
def test_the_file_is_sealed_on_the_disk(by, store, product, media):
    run = upload(by, "kits", as_csv(KITS, row(store, product)))

    [path] = [p for p in media.rglob("*") if p.is_file()]
    assert b"Spray" not in path.read_bytes()
    assert b"Spray" in run.content()
    assert run.samples[1] == ["Spray"]


def test_sent_twice_it_is_one_run(by, store, product):
    key, content = make.key(), as_csv(KITS, row(store, product))
    facts = {"what": "kits", "station": by.station, "name": "a.csv", "content": content, "now": timezone.now(), "request_key": key, "by": by}  # fmt: skip

    assert imports.upload_list(**facts) == imports.upload_list(**facts)
    assert ImportRun.objects.count() == 1


def test_headings_alone_are_no_list(by):
    with pytest.raises(TableError, match="Under the headings there is no row"):
        upload(by, "kits", as_csv(KITS))


def test_a_full_disk_is_said_and_leaves_nothing(by, store, product, monkeypatch):
    def full(*args, **kwargs):
        raise OSError

    monkeypatch.setattr(sealed_files, "write", full)
    with pytest.raises(TableError, match="can’t be stored"):
        upload(by, "kits", as_csv(KITS, row(store, product)))
    assert not ImportRun.objects.exists()


def test_a_row_that_can_not_be_written_leaves_no_file(by, store, product, media, monkeypatch):
    monkeypatch.setattr(imports.audit, "record", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upload(by, "kits", as_csv(KITS, row(store, product)))
    assert [p for p in media.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("what", ["kits", "places", "lots", "products"])
def test_only_who_may_do_it_on_the_screen_imports(by, officer, store, product, what):
    with pytest.raises(AccessError):
        upload(officer, what, as_csv(KITS, row(store, product)))
    with pytest.raises(AccessError):
        upload(by, what, as_csv(KITS, row(store, product)), station=make.station())


def test_columns_are_named_once_and_by_rules(by, store, product):
    run = upload(by, "kits", as_csv(KITS, row(store, product)))
    for mapping, sentence in (
        ({"place": 0, "product": 1, "lot": 2}, "Which column is “Expiry”?"),
        ({"place": 0, "product": 1, "lot": 2, "expires_on": 2}, "is chosen for “Lot” already"),
    ):
        with pytest.raises(RunError, match=sentence):
            imports.name_columns(run=run, mapping=mapping, by=by)

    mapping = {"place": 0, "product": 1, "lot": 2, "expires_on": 3}
    imports.name_columns(run=run, mapping=mapping, by=by)
    assert imports.name_columns(run=run, mapping=mapping, by=by).state == RunState.CHECKING
    with pytest.raises(RunError, match="is “being checked” by now"):
        imports.name_columns(run=run, mapping=mapping | {"serials": 4}, by=by)


# --- places, lots, products -------------------------------------------------------------------------------
PLACES = ("Name", "What it is", "Kind of place", "Opens", "Par", "Outer seal", "Every shift")


def test_places_are_opened_and_changed(by):
    known = make.place(by, "Cabinet B")
    rows = [
        ["Lane 3", "Storage point", "Cabinet", "Key", "4", "S-1", "no"],
        ["Patrol 12", "Vehicle", "Vehicle cab", "Open", "", "", ""],
        ["cabinet b", "", "Cabinet", "Badge", "6", "", ""],
    ]

    run = imported(by, "places", as_csv(PLACES, *rows))

    assert effects(run) == [
        ("new", f"New storage point Lane 3 at {by.station}, par 4"),
        ("new", f"New vehicle Patrol 12 at {by.station}"),
        ("change", "Cabinet B: name Cabinet B → cabinet b, opens Open → Badge, par 2 → 6"),
    ]
    lane = Holder.objects.get(name="Lane 3")
    assert (lane.par_min, lane.seal, lane.every_shift, lane.kind) == (4, "S-1", False, "storage")
    known.refresh_from_db()
    assert (known.access_mode, known.par_min, known.version) == ("badge", 6, 2)
    assert set(AuditRow.objects.filter(act__startswith="place.").values_list("act", flat=True)) == {"place.opened", "place.changed"}  # fmt: skip


def test_what_a_place_can_not_be_is_said(by):
    make.place(by, "Cabinet B")
    rows = [
        ["Cabinet B", "Vehicle", "Cabinet", "Key", "", "", ""],
        ["Lane 3", "", "Shed", "Magic", "2000", "", "perhaps"],
        ["Lane 4", "", "Cabinet", "Key", "", "", ""],
        ["LANE 4", "", "Cabinet", "Key", "", "", ""],
    ]

    run = checked(by, "places", as_csv(PLACES, *rows))

    said = [text for _, text in effects(run)]
    assert "Cabinet B is a storage point, and stays one" in said[0]
    assert "is none of: Vault, Cabinet" in said[1]
    assert "is none of: Open, Tamper seal" in said[1]
    assert "From 0 to 1,000; this is 2,000." in said[1]
    assert "neither yes nor no" in said[1]
    assert "is in row 4 too" in said[3]


def test_lots_are_recorded_once(by, product):
    Lot.objects.create(product=product, number="A1", expires_on=make.day(400))
    headings = ("NDC", "Lot number", "Exp date")
    rows = [[product.ndc, "A1", LATER], [product.ndc, "A2", "2028-06"], [product.ndc, "A2", LATER], [product.ndc, "A1", "2031-01-01"]]  # fmt: skip

    run = checked(by, "lots", as_csv(headings, *rows))

    said = effects(run)
    assert said[0] == ("nothing", "Nothing: lot A1 is there, and its expiry agrees")
    assert said[1] == ("new", "New lot A2 of Spray, expires 30 Jun 2028")
    assert [outcome for outcome, _ in said[2:]] == ["error", "error"]
    done = imported(by, "lots", as_csv(headings, *rows[:2]))
    assert done.state == RunState.DONE
    assert Lot.objects.get(number="A2").expires_on == dt.date(2028, 6, 30)
    assert AuditRow.objects.filter(act="lot.recorded").count() == 1


def test_an_ambiguous_day_of_a_lot_is_asked_about(by, product):
    run = checked(by, "lots", as_csv(("NDC", "Lot", "Expiry"), [product.ndc, "A1", "03/04/2028"]))

    assert run.questions == {"days": "03/04/2028"}


PRODUCTS = ("Product", "NDC", "GTIN", "Manufacturer", "Antagonist", "Strength", "Route", "Supply", "Doses", "Min C")  # fmt: skip


def told_product(**changed):
    facts = {"Product": "New spray", "NDC": "11111-222-01", "GTIN": "", "Manufacturer": "Example", "Antagonist": "naloxone", "Strength": "4", "Route": "intranasal", "Supply": "otc", "Doses": "2", "Min C": "2"}  # fmt: skip
    return [*(facts | changed).values()]


def test_products_are_added_and_changed(by, product):
    rows = [told_product(), told_product(Product="Spray", NDC="69547-627-02", Doses="6")]

    run = imported(by, "products", as_csv(PRODUCTS, *rows))

    assert effects(run)[0] == ("new", "New product: New spray")
    assert "Spray: doses in a carton 2 → 6" in effects(run)[1][1]
    added = Product.objects.get(ndc="11111-222-01")
    assert (added.storage_min_c, added.supply, added.fact_status) == (2, "OTC", "told by a station")
    product.refresh_from_db()
    assert (product.devices_per_carton, product.version) == (6, 2)
    again = checked(by, "products", as_csv(PRODUCTS, *rows))
    assert [outcome for outcome, _ in effects(again)] == ["nothing", "nothing"]


def test_what_a_product_can_not_be_is_said(by, store, product):
    make.delivery(by, store, product=product)
    make.product(name="Third", gtin="00311917040332")
    make.product(name="Fourth", ndc="69547-353-02")
    rows = [
        told_product(NDC="1-2-3"),
        told_product(GTIN="00369547627028", Strength="much", Supply="stolen", **{"Min C": "9999"}),
        told_product(Product="Spray", NDC="69547-627-02", Doses="6"),
        told_product(Product="Third", NDC="69547-353-02"),
        told_product(NDC="11111-333-01"),
        told_product(NDC="11111-444-01"),
    ]

    run = checked(by, "products", as_csv(PRODUCTS, *rows))

    said = [text for _, text in effects(run)]
    assert "hyphens" in said[0]
    assert "wrong check digit" in said[1]
    assert "no number of milligrams" in said[1]
    assert "is none of: OTC, Rx." in said[1]
    assert "Lots of Spray are recorded, so its doses in a carton stays" in said[2]
    assert "those of several products" in said[3]
    assert "is in row 6 too" in said[5]


def test_a_product_is_kept_by_its_action(by, officer, store, product):
    facts = {"manufacturer": "E", "antagonist": "naloxone", "strength_mg": 4, "route": "im", "supply": "Rx", "devices_per_carton": 1, "fact_status": "label"}  # fmt: skip
    made = actions.record_product(name="Vial", ndc="", gtin="311917040332", **facts, by=by)

    assert (made.ndc, made.gtin) == (None, "00311917040332")
    assert actions.record_product(name="Vial", ndc="", gtin="311917040332", **facts, by=by) == made
    with pytest.raises(actions.CustodyError, match="is Vial already"):
        actions.record_product(name="vial", **facts, by=by)
    with pytest.raises(AccessError):
        actions.record_product(name="Other", **facts, by=officer)
    actions.change_product(product=made, version=1, name="Vial 4 mg", by=by)
    actions.change_product(product=made, version=2, name="Vial 4 mg", by=by)
    make.delivery(by, store, product=made)
    with pytest.raises(actions.CustodyError, match="mg a dose stays"):
        actions.change_product(product=made, version=2, strength_mg=8, by=by)
    assert AuditRow.objects.filter(act="product.changed").count() == 1


def test_a_lot_is_kept_by_its_action(by, officer, product):
    lot = actions.record_lot(product=product, number="A1", expires_on=make.day(9), by=by)

    assert actions.record_lot(product=product, number="A1", expires_on=make.day(9), by=by) == lot
    with pytest.raises(actions.CustodyError):
        actions.record_lot(product=product, number="A1", expires_on=make.day(8), by=by)
    with pytest.raises(AccessError):
        actions.record_lot(product=product, number="A1", expires_on=make.day(9), by=officer)


def test_a_workbook_is_imported_like_a_csv(by, store, product):
    content = as_xlsx(KITS, [store.name, product.gtin, "A1", make.day(400), "S1"])

    run = imported(by, "kits", content, name="stock.xlsx")

    assert (run.state, run.kind) == (RunState.DONE, "xlsx")
    assert CustodyEvent.objects.count() == 1
