"""Trainers: received, held, handed out, sent and disposed of like kits, never used, and in no figure."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from naloxone import actions, ledger, rules, summary
from naloxone.actions import CustodyError, Told
from naloxone.actions.nil_reports import figures
from naloxone.actions.registers import recorded_in
from naloxone.actions.rounds import expected_at
from naloxone.disposal_rules import Method, Reason
from naloxone.labels import facts_of
from naloxone.models import Device, Holder, Kit, Product, UseDose, own_day
from naloxone.notices import expiry, stock
from naloxone.round_summary import with_numbers
from naloxone.rules import EventKind, HolderKind, State
from naloxone.swaps import swap_at
from naloxone.verify import verify_ledger
from naloxone.views.places import count_stock
from safety_portal import panels
from tests.naloxone import make
from tests.naloxone.test_views_stock import moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer(by, store):
    [made] = make.trainers(by, store)
    return made


def again(kit):
    return Kit.objects.with_names().get(pk=kit.pk)


# --- it is received ------------------------------------------------------------------------------


def test_trainers_are_received_without_a_dose_and_the_ledger_holds(by, store):
    kits = make.trainers(by, store, count=3)
    assert {(k.kind, k.doses, k.lot, k.expires_on) for k in kits} == {("trainer", 0, None, None)}
    assert {k.state for k in kits} == {State.IN_SERVICE}
    assert {k.holder for k in kits} == {store}
    assert verify_ledger().intact


def test_a_delivery_of_trainers_sent_twice_counts_once(by, store):
    told = {
        "what": "Spray trainer", "count": 2, "place": store, "occurred_at": timezone.now(),
        "request_key": make.key(), "by": by,
    }  # fmt: skip
    assert actions.receive_trainers(**told) == actions.receive_trainers(**told)
    assert Kit.objects.count() == 2


def test_the_database_puts_no_dose_into_a_trainer(by, store, trainer):
    [carton] = make.delivery(by, store)
    lot = carton.lot
    fresh = Kit.objects.create(kind="trainer")
    with pytest.raises(DatabaseError, match="received before"), transaction.atomic():
        Device.objects.create(origin=fresh, lot=lot)
    devices = list(Device.objects.filter(kit=carton).values_list("pk", flat=True))
    act = ledger.open_act(
        request_key=make.key(), verb="assemble", occurred_at=timezone.now(), by=by
    )
    parted = ledger.event(
        act, carton, EventKind.PARTED, store, state=State.SPENT, devices=devices,
        units=[fresh.pk] * len(devices),
    )  # fmt: skip
    with pytest.raises(CustodyError, match="don't add up"), transaction.atomic():
        ledger.write([parted])


@pytest.mark.parametrize("kind", [EventKind.USED, EventKind.WASTED])
def test_the_database_takes_no_dose_out_of_a_trainer(by, store, trainer, kind):
    act = ledger.open_act(request_key=make.key(), verb="use", occurred_at=timezone.now(), by=by)
    with pytest.raises(CustodyError, match="don't add up"), transaction.atomic():
        ledger.write([ledger.event(act, trainer, kind, store, state=State.SPENT)])


def test_a_carton_is_still_refused_without_its_doses(by, store):
    carton = Kit.objects.create(kind="carton")
    act = ledger.open_act(request_key=make.key(), verb="receive", occurred_at=timezone.now(), by=by)
    source = ledger.outside(HolderKind.SUPPLIER)
    carton = Kit.objects.get(pk=carton.pk)
    with pytest.raises(CustodyError, match="don't add up"), transaction.atomic():
        ledger.write(
            [ledger.event(act, carton, EventKind.RECEIVED, store, state=State.IN_SERVICE, source=source)]
        )  # fmt: skip


def test_it_is_received_on_a_page_that_leads_to_its_labels(signed_in, store):
    told = {
        "what": "Spray trainer", "count": "2", "place": store.pk, "request_key": str(make.key()),
        **moment(timezone.now()),
    }  # fmt: skip
    answer = signed_in.post("/kits/receive/trainers/", told, follow=True)
    assert "Print 2 labels" in answer.text
    assert Kit.objects.filter(kind="trainer").count() == 2
    assert "type=trainer" in answer.text


def test_a_box_with_a_trainer_beside_the_doses_counts_only_the_doses(signed_in, by, store):
    [box] = make.delivery(by, store, product=make.product(trainers_per_carton=1))
    assert box.doses == 2
    assert Kit.objects.count() == 1
    assert "1 trainer without medicine" in signed_in.get(box.get_absolute_url()).text


def test_the_products_that_ship_know_the_box_with_a_trainer():
    call_command("load_products", verbosity=0)
    assert list(Product.objects.filter(trainers_per_carton__gt=0).values_list("name", flat=True)) == [
        "EVZIO 2 mg auto-injector"
    ]  # fmt: skip


# --- it counts nowhere ---------------------------------------------------------------------------


@pytest.fixture
def beside(by, store, trainer):
    """One kit, and one trainer in each state in which something may be counted."""
    held, opened = make.trainers(by, store, count=2)
    facts = {"note": "Dropped", "occurred_at": timezone.now(), "by": by}
    actions.hold_kits(kits=[held], request_key=make.key(), **facts)
    actions.open_kits(kits=[opened], request_key=make.key(), **facts)
    return make.sealed_kit(by, store)


def test_stock_by_place_leaves_trainers_out(by, store, beside):
    today = store.station.today()
    [line] = summary.stock_by_place(
        Holder.objects.filter(pk=store.pk), Kit.objects.filter(holder=store), today
    )[store.station_id]
    assert (line.serviceable, line.in_need, line.neither) == (1, 0, 0)
    assert (line.opened, line.held, line.expired, line.soon, line.overdue) == (0, 0, 0, 0, 0)


def test_the_pages_of_places_leave_trainers_out(store, beside):
    [place] = count_stock([store], timezone.now())
    assert (place.n, place.serviceable) == (1, 1)
    assert (place.in_need, place.neither) == (0, 0)


def test_a_trainer_is_neither_serviceable_nor_usable_in_need(store, trainer):
    day = own_day(timezone.now())
    assert not Kit.objects.serviceable(day).exists()
    assert not Kit.objects.usable_in_need(day).exists()
    assert trainer.worth(store.station.today()) is None


def test_a_place_with_trainers_only_is_below_par(store, trainer):
    [due] = stock.below_par(timezone.now())
    assert (due.subject, due.threshold) == (store.reference, 0)
    assert swap_at(store, timezone.now()).old == []


def test_rounds_and_registers_count_no_trainer(store, beside):
    assert expected_at([store]) == {store.pk: 1}
    assert recorded_in([store]) == {store.pk: 1}
    [place] = with_numbers(Holder.objects.filter(pk=store.pk))
    assert place.expected == 1


def test_a_nil_report_knows_no_trainer(store, beside):
    found = figures(store.station, dt.date(2026, 10, 1), timezone.now())
    assert (found["usable"], found["doses"], found["kits"]) == (1, 2, [beside.pk])


def test_inspections_never_wait_for_a_trainer(store, beside):
    assert list(Kit.objects.to_inspect()) == [beside]
    assert summary.round_at(store, make.day(400)).total == 1
    assert all(k.inspection_due_on is None for k in Kit.objects.filter(kind="trainer"))


def test_no_alert_of_an_expiry_is_about_a_trainer(beside):
    found = [due.subject for due in expiry.dues(timezone.now() + dt.timedelta(days=3000))]
    assert found == [beside.reference]


def test_the_agencys_figures_know_no_trainer(beside, by):
    national = make.person(by.station)
    make.grant(national, "health_office", scope="everywhere")
    found = panels.figures(national, timezone.now())
    assert (found["serviceable"], found["expired"], found["carried"]) == (1, 0, 0)


# --- it is not used ------------------------------------------------------------------------------


def test_a_use_with_a_trainers_number_is_recorded_and_flagged(by, trainer):
    report = actions.record_use(
        told=[Told(kit=trainer, doses=2)], station=by.station, given_at=timezone.now(),
        now=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip
    assert [dose.flags for dose in report.doses.all()] == [["trainer"], ["trainer"]]
    assert UseDose.objects.unbound().count() == 2
    assert again(trainer).state == State.IN_SERVICE
    dose = report.doses.first()
    with pytest.raises(CustodyError, match="holds 0 doses"):
        actions.bind_use(dose=dose, kit=trainer, now=timezone.now(), request_key=make.key(), by=by)


def test_the_flag_is_read_on_the_page_of_the_use(signed_in, by, trainer):
    told = {
        "which": "another", "unit": trainer.reference, "doses": "1", "station": by.station_id,
        "request_key": str(make.key()),
    }  # fmt: skip
    now = moment(timezone.now())
    told |= {name.replace("occurred_at", "given_at"): value for name, value in now.items()}
    answer = signed_in.post("/uses/new/", told, follow=True)
    assert rules.FLAG_WORDS[rules.Flag.TRAINER] in answer.text


def test_its_carrier_is_told_that_it_holds_no_medicine(client, by, store, trainer):
    officer = make.person(by.station)
    make.hand([trainer], officer, by=by)
    client.force_login(officer.account)
    assert "A trainer: it holds no medicine" in client.get("/uses/new/").text


# --- it goes where kits go -----------------------------------------------------------------------


def test_it_is_handed_out_given_back_lost_found_and_disposed_of(by, store, trainer):
    officer = make.person(by.station)
    [mine] = make.hand([trainer], officer, by=by)
    assert mine.holder.person == officer
    now = {"occurred_at": timezone.now(), "by": by}
    actions.hand_over_here(
        kits=[mine], receiver=store, second=by, proof="password", occurred_at=timezone.now(),
        request_key=make.key(), by=officer,
    )  # fmt: skip
    actions.report_missing(kits=[again(trainer)], request_key=make.key(), **now)
    actions.record_found(
        kits=[again(trainer)], where=store, note="Under the seat", request_key=make.key(), **now
    )
    assert again(trainer).state == State.HELD
    actions.dispose_of_kits(
        kits=[again(trainer)], method=Method.INCINERATION, reason=Reason.DAMAGED, now=timezone.now(),
        request_key=make.key(), **now,
    )  # fmt: skip
    assert again(trainer).state == State.DESTROYED
    assert verify_ledger().intact


def test_the_last_trainer_leaves_a_place_unasked(by, store, trainer):
    shelf = make.place(by)
    actions.move_kits(
        kits=[trainer], place=shelf, occurred_at=timezone.now(), request_key=make.key(), by=by
    )
    assert again(trainer).holder == shelf


def test_no_kit_is_made_of_a_trainer(by, store, trainer):
    with pytest.raises(CustodyError, match="not a carton"):
        actions.assemble_kits(
            cartons=[trainer], kind="kit", doses_per_kit=1, place=store, occurred_at=timezone.now(),
            request_key=make.key(), by=by,
        )  # fmt: skip


def test_its_page_says_trainer_in_big_letters_and_offers_no_use(signed_in, trainer):
    page = signed_in.get(trainer.get_absolute_url()).text
    assert 'class="kits-trainer">TRAINER' in page
    assert "Record a use" not in page
    assert "A dose was wasted" not in page
    assert "/inspect/" not in page
    assert "It is missing" in page


def test_its_label_says_so_too(trainer):
    assert facts_of(trainer)["is_trainer"]
    assert facts_of(trainer)["product"] == "No medicine: for lessons only"


def test_the_list_is_narrowed_down_to_trainers(signed_in, beside, trainer):
    page = signed_in.get("/kits/", {"type": "trainer"}).text
    assert trainer.get_absolute_url() in page
    assert beside.get_absolute_url() not in page
