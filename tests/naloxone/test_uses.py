"""A use can always be recorded: what fits leaves its kit at once, the rest is kept as told, flagged and bound later."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from naloxone import actions, rules
from naloxone.actions import CustodyError, Told, uses
from naloxone.models import (
    OUTSIDE,
    CustodyEvent,
    Discrepancy,
    DoseDetail,
    Kit,
    UseBinding,
    UseDose,
    UseReport,
)
from naloxone.rules import EventKind, Flag, State
from naloxone.verify import verify_ledger
from safety_portal import medical
from safety_portal.access import AccessError, Role
from safety_portal.medical import MedicalEntry, MedicalRead
from safety_portal.outbox import Message
from tests.naloxone import make

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
CANARY = "canary-recipient-words"


@pytest.fixture
def kit(by, store, officer):
    """Two doses in an officer's hands."""
    return make.hand(make.delivery(by, store), officer, by=by)[0]


def fresh(kit):
    return Kit.objects.with_names().get(pk=kit.pk)


def use(by, *told, at=None, key=None, **facts):
    now = timezone.now()
    return actions.record_use(
        told=list(told), station=facts.pop("station", by.station), given_at=at or now, now=now,
        request_key=key or make.key(), by=by, **facts,
    )  # fmt: skip


def flags(report):
    return [dose.flags for dose in report.doses.order_by("position")]


def bound(report):
    return UseBinding.objects.filter(dose__report=report, undone_at=None).count()


# --- it is recorded ------------------------------------------------------------------------------
def test_ones_own_kit_loses_the_dose_at_once(kit, officer):
    report = use(officer, Told(kit=kit))

    assert flags(report) == [[]]
    assert (fresh(kit).state, fresh(kit).doses) == (State.OPENED, 1)
    event = CustodyEvent.objects.get(kind=EventKind.USED)
    assert event.act.occurred_at == report.given_at
    assert UseBinding.objects.get().event == event
    assert verify_ledger().intact


def in_state(state, kit, by, store, officer):
    """Brings the officer's kit into a state by the acts that do."""
    told = {"occurred_at": timezone.now(), "by": by}
    one = {"kits": [fresh(kit)], "request_key": make.key()}
    if state == "held":
        actions.hold_kits(note="Sun", **one, **told | {"by": officer})
    elif state == "recalled":
        national = make.coordinator(by.station)
        make.grant(national, Role.COORDINATOR, scope="everywhere")
        actions.recall_lot(lot=kit.lot, notice="Maker", request_key=make.key(), **told | {"by": national})  # fmt: skip
    elif state in ("missing", "written_off"):
        actions.report_missing(**one, **told | {"by": officer})
        if state == "written_off":
            one = {"kits": [fresh(kit)], "request_key": make.key(), "note": "Searched"}
            actions.write_off(**one, **told)
    elif state == "offered":
        other = make.holder(make.person(by.station))
        actions.offer_kits(receiver=other, now=timezone.now(), **one, by=officer)
    elif state == "opened":
        actions.open_kits(**one, **told | {"by": officer})
    return fresh(kit)


@pytest.mark.parametrize(
    ("state", "flagged", "after"),
    [
        ("in_service", [], "opened"),
        ("opened", [], "opened"),
        ("offered", [], "opened"),
        ("held", ["held"], "held"),
        ("recalled", ["recalled"], "recalled"),
        ("missing", ["missing", "not_theirs"], "missing"),
        ("written_off", ["missing", "not_theirs"], "written_off"),
    ],
)
def test_from_any_state_it_is_recorded_and_flagged(kit, by, store, officer, state, flagged, after):
    kit = in_state(state, kit, by, store, officer)

    report = use(officer, Told(kit=kit))

    assert flags(report) == [flagged]
    assert bound(report) == 1
    assert (fresh(kit).state, fresh(kit).doses) == (after, 1)
    assert verify_ledger().intact


def test_quarantined_and_another_stations_kits_are_no_different(by, store, officer):
    [carton] = make.delivery(by, store, checked=False)
    stranger = make.person(make.station("Nogales"))

    report = use(stranger, Told(kit=carton))

    assert flags(report) == [["quarantine", "not_theirs"]]
    assert fresh(carton).doses == 1


def test_expired_stock_is_flagged_by_the_day_of_the_place(by, store, officer):
    [carton] = make.delivery(by, store, expires_on=make.day(0))
    later = timezone.now()

    report = use(officer, Told(kit=carton), at=later)

    assert flags(report) == [[]]
    assert rules.use_flags(
        state=State.IN_SERVICE, expires_on=make.day(0), given_at=later, on=make.day(1),
        received_at=later - HOUR, theirs=True,
    ) == [Flag.EXPIRED]  # fmt: skip


def test_the_last_dose_can_be_told_twice(kit, officer, by):
    first = use(officer, Told(kit=kit, doses=2))
    second = use(by, Told(kit=kit))

    assert (bound(first), bound(second)) == (2, 0)
    assert flags(second) == [["empty", "not_theirs"]]
    assert fresh(kit).state == State.SPENT
    assert verify_ledger().intact


def test_more_doses_than_there_are_are_kept_and_those_too_many_flagged(kit, officer):
    report = use(officer, Told(kit=kit, doses=3))

    assert flags(report) == [[], [], ["empty"]]
    assert bound(report) == 2
    assert fresh(kit).doses == 0


@pytest.mark.parametrize(
    ("told", "flag", "unbound"),
    [
        (Told(code="K-99999"), "unknown_kit", True),
        (Told(), "unclear", True),
        (Told(code=OUTSIDE), "outside", False),
    ],
)
def test_a_dose_of_no_known_kit_stands_by_itself(officer, told, flag, unbound):
    report = use(officer, told)

    assert flags(report) == [[flag]]
    assert not CustodyEvent.objects.filter(kind=EventKind.USED).exists()
    assert UseDose.objects.unbound().filter(report=report).exists() == unbound
    assert UseReport.objects.with_unbound().get(pk=report.pk).is_unbound == unbound


def test_a_use_before_the_kit_was_received_is_kept_and_not_bound(kit, officer):
    report = use(officer, Told(kit=kit), at=timezone.now() - dt.timedelta(days=30))

    assert flags(report) == [["before_receipt"]]
    assert bound(report) == 0
    assert fresh(kit).doses == 2


def test_what_was_destroyed_by_its_record_is_flagged_gone():
    flags = rules.use_flags(
        state=State.DESTROYED, expires_on=None, given_at=timezone.now(), on=make.day(0),
        received_at=timezone.now() - HOUR, theirs=False,
    )  # fmt: skip

    assert Flag.GONE in flags
    assert Flag.GONE in rules.UNBOUND


def test_only_a_future_moment_or_no_dose_is_asked_about_again(kit, officer):
    with pytest.raises(CustodyError, match="in the future") as told:
        use(officer, Told(kit=kit), at=timezone.now() + HOUR)
    assert told.value.field == "given_at"
    for doses in (0, 21):
        with pytest.raises(CustodyError, match="how many doses"):
            use(officer, Told(kit=kit, doses=doses))
    assert not UseReport.objects.exists()


def test_the_same_click_twice_is_one_use(kit, officer):
    key = make.key()
    first = use(officer, Told(kit=kit), key=key)

    assert use(officer, Told(kit=kit), key=key) == first
    assert fresh(kit).doses == 1


def test_doses_added_belong_to_the_report_and_twice_is_once(kit, officer, by):
    report = use(officer, Told(kit=kit))
    key, now = make.key(), timezone.now()
    for _ in range(2):
        actions.add_doses(
            report=report, told=[Told(kit=kit)], given_at=now, now=now, request_key=key, by=officer
        )

    assert report.doses.count() == 2
    assert fresh(kit).state == State.SPENT
    with pytest.raises(AccessError):
        actions.add_doses(report=report, told=[Told()], given_at=now, now=now, request_key=make.key(), by=by)  # fmt: skip
    with pytest.raises(CustodyError, match="24 hours old"):
        actions.add_doses(
            report=report, told=[Told()], given_at=now, now=now + 25 * HOUR,
            request_key=make.key(), by=officer,
        )  # fmt: skip


def test_a_used_kit_takes_its_offer_with_it(kit, officer, by):
    other = make.person(by.station)
    offer = actions.offer_kits(
        kits=[kit],
        receiver=make.holder(other),
        now=timezone.now(),
        request_key=make.key(),
        by=officer,
    )

    use(officer, Told(kit=kit))

    assert offer.lines.get().outcome == "lapsed"


# --- mail ----------------------------------------------------------------------------------------
def test_station_and_medical_officer_hear_at_once_without_names_or_facts(kit, officer, by):
    doctor = make.person(by.station, Role.MEDICAL_OFFICER)

    report = use(officer, Told(kit=kit))

    mails = {mail.recipient: mail for mail in Message.objects.filter(kind="kit.used")}
    assert set(mails) == {by, doctor}
    assert mails[by].subject == f"{kit.reference} was used at {by.station}"
    assert mails[doctor].subject == f"{report.reference} waits for you"
    for mail in mails.values():
        assert officer.family_name not in mail.subject + mail.body
        assert report.reference in mail.body


def test_who_answers_for_a_kit_hears_of_its_use_at_another_station(kit, officer, by):
    there = make.station("Nogales")
    keeper = make.coordinator(there, name="Nora")

    report = use(officer, Told(kit=kit), station=there)

    mails = {mail.recipient: mail for mail in Message.objects.filter(kind="kit.used")}
    assert {mail.subject for mail in mails.values()} == {f"{kit.reference} was used at Nogales"}
    assert f"/uses/{report.reference}/" in mails[keeper].body
    assert kit.get_absolute_url() in mails[by].body  # the report is not theirs to see
    assert set(mails) == {keeper, by}


def test_a_second_kit_of_the_same_emergency_is_told_too_and_the_first_not_again(
    kit, officer, by, store
):
    doctor = make.person(by.station, Role.MEDICAL_OFFICER)
    other = make.delivery(by, store)[0]
    report = use(officer, Told(kit=kit))
    now = timezone.now()

    for told in (kit, other):
        actions.add_doses(
            report=report, told=[Told(kit=told)], given_at=now, now=now, request_key=make.key(), by=officer
        )  # fmt: skip

    mails = Message.objects.filter(kind="kit.used").order_by("pk")
    assert [(mail.recipient, mail.subject) for mail in mails] == [
        (by, f"{kit.reference} was used at {by.station}"),
        (doctor, f"{report.reference} waits for you"),
        (by, f"{other.reference} was used at {by.station}"),
    ]


# --- which kit was it? ---------------------------------------------------------------------------
def bind(dose, kit, by, key=None):
    return actions.bind_use(
        dose=dose, kit=kit, now=timezone.now(), request_key=key or make.key(), by=by
    )


def test_a_use_of_a_place_is_bound_to_a_kit_later_as_of_when_it_was_given(by, store, officer):
    [carton] = make.delivery(by, store, occurred_at=timezone.now() - 5 * HOUR)
    report = use(officer, Told(), place=store, at=timezone.now() - HOUR)
    dose = report.doses.get()

    act = bind(dose, carton, by)

    assert act.occurred_at == report.given_at
    assert fresh(carton).doses == 1
    assert not UseDose.objects.unbound().exists()
    assert flags(report) == [["unclear"]]  # as it was told
    with pytest.raises(CustodyError, match="said meanwhile"):
        bind(dose, carton, by)


def test_binding_twice_by_the_same_click_takes_one_dose(by, store, officer):
    [carton] = make.delivery(by, store)
    dose = use(officer, Told()).doses.get()
    key = make.key()

    assert bind(dose, carton, by, key) == bind(dose, carton, by, key)
    assert fresh(carton).doses == 1


def test_binding_has_its_refusals(by, store, officer, kit):
    [carton] = make.delivery(by, store)
    outside = use(officer, Told(code=OUTSIDE)).doses.get()
    dose = use(officer, Told()).doses.get()
    with pytest.raises(AccessError):
        bind(dose, carton, officer)
    with pytest.raises(CustodyError, match="not of our stock"):
        bind(outside, carton, by)
    use(officer, Told(kit=kit, doses=2))
    with pytest.raises(CustodyError, match="no dose of it can have been this one"):
        bind(dose, kit, by)
    foreign = make.coordinator(make.station("Nogales"))
    [theirs] = make.delivery(foreign, make.place(foreign))
    with pytest.raises(AccessError):
        bind(dose, theirs, by)


def test_a_missing_kit_whose_last_dose_was_given_is_not_searched_for_any_more(kit, by, officer):
    in_state("missing", kit, by, None, officer)

    use(officer, Told(kit=kit))
    assert Discrepancy.objects.open().filter(kit=kit).exists()  # one of two is still out there

    report = use(officer, Told(kit=kit))

    [closed] = Discrepancy.objects.filter(kit=kit)
    assert (closed.closing_code, closed.closed_by) == ("used", officer)
    assert report.reference in closed.closing_note


def test_a_dose_bound_to_a_missing_kit_ends_its_search_and_its_undoing_takes_it_up_again(
    kit, by, officer
):
    in_state("missing", kit, by, None, officer)
    use(officer, Told(kit=kit))
    dose = use(officer, Told()).doses.get()

    bind(dose, kit, by)
    assert not Discrepancy.objects.open().filter(kit=kit).exists()

    actions.undo_newest(
        kit=kit, sequence=fresh(kit).last_sequence, note="It was another", request_key=make.key(), by=by
    )  # fmt: skip
    assert Discrepancy.objects.open().filter(kit=kit, kind="missing").exists()


def test_an_undone_use_asks_again_which_kit_it_was(kit, officer, by, store):
    report = use(officer, Told(kit=kit))
    actions.undo_newest(
        kit=fresh(kit), sequence=fresh(kit).last_sequence, note="The wrong kit", request_key=make.key(),
        by=officer,
    )  # fmt: skip
    assert fresh(kit).doses == 2
    assert bound(report) == 0
    [carton] = make.delivery(by, store)

    bind(report.doses.get(), carton, by)

    assert (bound(report), fresh(carton).doses) == (1, 1)
    assert verify_ledger().intact


# --- the rest of the report ----------------------------------------------------------------------
def test_details_are_added_and_earlier_answers_stay(kit, officer, by):
    dose = use(officer, Told(kit=kit)).doses.get()
    told = {"dose": dose, "given_at": timezone.now(), "giver": "ems", "now": timezone.now()}
    actions.add_detail(fault="none", by=officer, **told)
    actions.add_detail(fault="leaked", site="left_nostril", by=officer, **told)

    assert list(DoseDetail.objects.order_by("pk").values_list("fault", flat=True)) == ["none", "leaked"]  # fmt: skip
    with pytest.raises(AccessError):
        actions.add_detail(fault="none", by=by, **told)


def test_a_replacement_is_asked_once_and_seen_to_once(kit, officer, by):
    report = use(officer, Told(kit=kit))
    now = timezone.now()
    with pytest.raises(AccessError):
        actions.ask_replacement(report=report, now=now, by=by)
    assert actions.ask_replacement(report=report, now=now, by=officer) == (
        actions.ask_replacement(report=report, now=now, by=officer)
    )
    with pytest.raises(AccessError):
        actions.replacement_done(report=report, now=now, by=officer)
    actions.replacement_done(report=report, now=now, by=by)
    with pytest.raises(CustodyError, match="seen to already"):
        actions.replacement_done(report=report, now=now, by=by)


# --- the clinical half ---------------------------------------------------------------------------
def tell(report, by, **facts):
    return actions.tell_of_person(
        report=report, facts={"recipient": "employee", "words": CANARY} | facts,
        now=timezone.now(), by=by,
    )  # fmt: skip


def test_the_clinical_half_is_read_by_the_writer_for_a_day_and_by_medical_officers(kit, officer, by):  # fmt: skip
    report = use(officer, Told(kit=kit))
    entry = tell(report, officer, signs=[], vitals="")
    now = timezone.now()

    [(mine, text)] = medical.read_own(about=report.reference, by=officer, now=now)
    assert mine == entry
    assert CANARY in text
    assert "signs" not in text  # what was not answered is not kept
    assert medical.read_own(about=report.reference, by=officer, now=now + 25 * HOUR) == []
    assert medical.read_own(about=report.reference, by=by, now=now) == []
    doctor = make.person(by.station, Role.MEDICAL_OFFICER)
    assert medical.read_medical(about=report.reference, by=doctor, reason="care")[0][0] == entry
    with pytest.raises(AccessError):
        medical.read_medical(about=report.reference, by=by, reason="curious")
    assert MedicalRead.objects.filter(about=report.reference).count() == 3


def test_an_answer_of_nothing_is_not_kept(kit, officer):
    report = use(officer, Told(kit=kit))

    with pytest.raises(CustodyError, match="at least one question"):
        actions.tell_of_person(report=report, facts={"words": "", "signs": []}, now=timezone.now(), by=officer)  # fmt: skip
    with pytest.raises(AccessError):
        tell(report, make.person(officer.station))
    assert not MedicalEntry.objects.exists()


def test_no_table_shows_who_was_given_it(kit, officer):
    tell(use(officer, Told(kit=kit)), officer)

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select coalesce(string_agg(t::text, chr(10)), $$$$) from "{table}" t')
            rows = cursor.fetchone()[0]
            assert CANARY not in rows, table
            if table != "safety_portal_person":  # where everybody is an employee
                assert '"recipient"' not in rows, table


def test_two_uses_of_one_report_may_be_added_to_only_by_its_writer(kit, officer, by):
    report = use(officer, Told(kit=kit))

    assert uses.may_add(officer, report, timezone.now())
    assert not uses.may_add(by, report, timezone.now())
    assert not uses.may_add(officer, report, timezone.now() + 25 * HOUR)
