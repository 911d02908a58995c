"""The front page: what each role finds there, and what it costs."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.models import Discrepancy, Holder
from safety_portal import alerts, roster
from safety_portal.access import Grant, Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.medical import read_medical
from safety_portal.outbox import Message, MessageState, queue_mail
from safety_portal.people import Person
from tests.naloxone import make
from tests.safety_portal import make as core

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def at():
    return make.station()


@pytest.fixture
def chief(at):
    return make.person(at, Role.SUPERVISOR)


@pytest.fixture
def keeper(at):
    return make.coordinator(at)


def home(client, person):
    """Panel → what it shows; the page's text under "text"."""
    client.force_login(Person.objects.get(pk=person.pk).account)
    answer = client.get("/")
    assert answer.status_code == 200
    shown = {name.removeprefix("home/_").removesuffix(".html"): facts for name, facts in answer.context["panels"]}  # fmt: skip
    return shown | {"text": " ".join(answer.content.decode().split())}


def offer(kits, to, by, now=None):
    return actions.offer_kits(
        kits=kits,
        receiver=make.holder(to),
        now=now or timezone.now(),
        request_key=make.key(),
        by=by,
    )


# --- everybody -----------------------------------------------------------------------------------
def test_an_officer_finds_their_kits_and_what_waits(client, at, keeper):
    officer, store = make.person(at), make.place(keeper)
    ends_on = at.today() + dt.timedelta(days=12)
    mine, offered = make.delivery(keeper, store, cartons=2, expires_on=ends_on)
    make.hand([mine], officer, by=keeper)
    waiting = offer([offered], officer, keeper)

    page = home(client, officer)

    assert list(page) == ["offers", "my_kits", "text"]
    assert [one.pk for one in page["offers"]["offers"]] == [waiting.pk]
    assert [kit.pk for kit in page["my_kits"]["kits"]] == [mine.pk]
    assert "In service" in page["text"]
    assert "in 12 days" in page["text"]
    assert f"/hand-overs/H-{waiting.pk}/" in page["text"]


def test_an_officer_with_nothing_reads_how_a_kit_comes(client, at):
    page = home(client, make.person(at))

    assert list(page) == ["my_kits", "text"]
    assert "You have no kit." in page["text"]


# --- stations ------------------------------------------------------------------------------------
def test_a_supervisor_reads_first_where_kits_are_missing(client, at, chief, keeper):
    empty, full = make.place(keeper, "Lane 1"), make.place(keeper, "Lane 2")
    make.delivery(keeper, full, cartons=3)
    make.place(make.coordinator(make.station("Den")), "Elsewhere")

    page = home(client, chief)

    assert page["reach"]["missing"] == 2
    assert [place.pk for place in page["reach"]["worst"]] == [empty.pk]
    assert "1 of 2 places below par" in page["text"]
    assert "Elsewhere" not in page["text"]


def test_expired_kits_are_in_reach_of_nobody(client, chief, keeper, at):
    make.delivery(keeper, make.place(keeper), cartons=2, expires_on=at.today())
    before = home(client, chief)["reach"]
    Holder.objects.update(par_min=3)

    assert (before["below"], before["serviceable"]) == (0, 2)
    assert home(client, chief)["reach"]["missing"] == 1


def test_the_first_question_is_answered_by_par_those_at_risk_and_drills(client, chief, keeper, at):
    store = make.place(keeper, "Lane 1")
    make.delivery(keeper, store, cartons=3)
    page = home(client, chief)
    assert "Not shown." in page["text"]
    assert "Number at risk unknown; Not shown to be in reach" in page["text"]
    assert f"/readiness/?station={at.code}" in page["text"]

    make.at_risk(keeper, people=40)
    assert "Not everywhere." in home(client, chief)["text"]

    make.nothing_to_ask(keeper, store)
    page = home(client, chief)
    assert page["reach"]["lacking"] == []
    assert "Yes." in page["text"]
    assert "each shift has opened each place" in page["text"]


def test_more_stations_than_are_shown_are_counted(client):
    for _ in range(6):
        make.place(make.coordinator(make.station()))
    region = make.person(make.station(), Role.SUPERVISOR, scope=Scope.EVERYWHERE)

    assert "6 stations of 6 not shown to be ready" in home(client, region)["text"]


def test_the_health_office_reads_how_many_stations_are_not_ready(client, keeper, at):
    office = make.person(at, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    assert "No station keeps an antagonist in reach" in home(client, office)["text"]
    store = make.place(keeper)
    lacking = make.station()
    actions.decide_programme(
        station=lacking, should=True, post="Director", source="Memo", decided_on=lacking.today(),
        now=timezone.now(), request_key=make.key(), by=office,
    )  # fmt: skip

    text = home(client, office)["text"]
    assert "1 station not shown to be ready" in text
    assert "1 station should have a programme" in text

    make.delivery(keeper, store, cartons=2)
    make.nothing_to_ask(keeper, store)
    assert "1 station shown to be ready" in home(client, office)["text"]


def test_a_station_without_par_is_not_said_to_be_well(client, chief):
    assert "no place at your stations has a par level" in home(client, chief)["text"]


def test_do_first_has_late_offers_kits_of_leavers_and_alerts_by_their_day(
    client, at, chief, keeper
):
    store, officer, gone = make.place(keeper), make.person(at), make.person(at)
    make.person(at, Role.DEPUTY)  # or that would be one more thing to do
    make.nothing_to_ask(keeper, store)
    first, second, third, fourth = make.delivery(keeper, store, cartons=4, expires_on=make.day(20))
    make.hand([first], gone, by=keeper)
    late = offer([second], officer, keeper, now=timezone.now() - 3 * DAY)
    roster.record_left(person=gone, on=make.day(-1), by=core.administrator(at))
    alerts.run_sweeps(now=timezone.now())

    items = home(client, chief)["do_first"]["items"]

    assert [item.url for item in items[:2]] == [
        f"/hand-overs/H-{late.pk}/",
        f"/kits/{first.reference}/",
    ]
    assert f"{first.reference} is still with {gone}, who has left" in items[1].text
    assert items[2].text.startswith("1 kit expires in")
    assert "with people" in items[2].text
    assert items[3].text.startswith("3 kits expire in")
    assert [item.late for item in items] == [True, True, False, False]
    assert (third.pk, fourth.pk) != (first.pk, second.pk)


def test_do_first_says_what_does_not_add_up_at_a_place_and_of_a_kit(client, at, chief, keeper):
    store, now = make.place(keeper, "Lane 3 cabinet"), timezone.now()
    facts = {"station": at, "opened_by": keeper, "opened_at": now, "due_at": now + DAY}
    [kit] = make.delivery(keeper, store)
    of_kit = Discrepancy.objects.create(kind="short", kit=kit, **facts)
    of_place = Discrepancy.objects.create(kind="no_access", place=store, **facts)

    items = home(client, chief)["do_first"]["items"]

    assert {(item.text, item.url) for item in items} == {
        (f"Fewer doses than recorded: {kit}", f"/discrepancies/{of_kit.reference}/"),
        ("Could not be opened: Lane 3 cabinet", f"/discrepancies/{of_place.reference}/"),
    }


def test_do_first_asks_for_the_second_signature_and_the_auditor_for_none(client, at, chief, keeper):
    found = actions.dispose_of_kits(
        why_empty="On purpose", kits=make.delivery(keeper, make.place(keeper)), method="sharps", reason="damaged",
        occurred_at=timezone.now(), now=timezone.now(), request_key=make.key(), by=keeper,
    )  # fmt: skip

    [asked] = home(client, chief)["do_first"]["items"]
    [waits] = home(client, keeper)["do_first"]["items"]

    assert asked.text == f"{found.reference} waits for a second person’s signature"
    assert (asked.url, asked.due_on) == (f"/disposals/{found.reference}/", at.today(found.due_at))
    assert waits.text == f"{found.reference} waits for a colleague’s signature"
    auditor = make.person(at, Role.AUDITOR, scope=Scope.EVERYWHERE)
    assert home(client, auditor)["one_person"] == {"number": 0}
    alerts.run_sweeps(now=found.due_at + DAY)
    late = [item.text for item in home(client, chief)["do_first"]["items"]]
    assert any(text.startswith(f"1 disposal at {at} by one person") for text in late)


def test_a_line_leads_nobody_to_a_page_that_they_may_not_open(client, at, keeper):
    store = make.place(keeper)
    make.delivery(keeper, store, expires_on=make.day(20))
    make.person(at, Role.DEPUTY)
    make.nothing_to_ask(keeper, store)
    alerts.run_sweeps(now=timezone.now())
    office = make.person(at, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)

    items = home(client, office)["do_first"]["items"]

    assert {item.url for item in items} == {"/alerts/"}
    assert b"/kits/?" not in client.get("/alerts/").content
    urls = [item.url.split("?")[0] for item in home(client, keeper)["do_first"]["items"]]
    assert sorted(urls) == ["/kits/", "/places/"]


def test_do_first_has_a_line_for_each_station_with_inspections_overdue(client, at, chief, keeper):
    then = timezone.now() - 32 * DAY
    make.delivery(keeper, make.place(keeper), cartons=2, occurred_at=then)
    make.delivery(keeper, make.place(keeper), occurred_at=timezone.now() - 30 * DAY)
    other = make.coordinator(make.station("Den"))
    make.delivery(other, make.place(other), occurred_at=then)

    [item] = home(client, chief)["do_first"]["items"]

    assert (item.text, item.late) == (f"2 inspections overdue at {at}", True)
    assert item.due_on == at.today(then) + 30 * DAY
    assert client.get(item.url).status_code == 200


def test_do_first_is_seven_at_most(client, at, chief):
    now = timezone.now()
    found = [
        alerts.Due("test.thing", f"T-{n}", at.pk, at.today() + n * DAY, 30, f"group {n}")
        for n in range(9)
    ]
    alerts.reach("test.thing", found, now)

    first = home(client, chief)["do_first"]

    assert [item.text for item in first["items"]] == [f"test.thing T-{n}" for n in range(7)]
    assert first["more"]


def test_what_changed_tells_who_did_what_here_and_not_elsewhere(client, at, chief, keeper):
    make.delivery(keeper, make.place(keeper), cartons=2)
    other = make.coordinator(make.station("Den"), name="Far")
    make.delivery(other, make.place(other))

    page = home(client, chief)

    assert [(line["by"], line["done"], line["what"]) for line in page["changes"]["lines"]] == [
        (keeper, "received", "2 kits")
    ]
    assert "Far" not in page["text"]


def test_a_coordinator_sees_a_year_of_expiries(client, at, keeper):
    store = make.place(keeper)
    today = at.today()
    make.delivery(keeper, store, cartons=2, expires_on=today)
    make.delivery(keeper, store, cartons=3, expires_on=make.day(3 * 365))

    strip = home(client, keeper)["expiries"]

    assert strip["months"][0] == (today.replace(day=1), 2)
    assert len(strip["months"]) == 12
    assert [month.day for month, _ in strip["months"]] == [1] * 12
    assert (strip["expired"], strip["later"], strip["most"]) == (0, 3, 2)


# --- the agency ----------------------------------------------------------------------------------
def test_the_health_office_reads_the_agency_in_one_sentence(client, at, keeper):
    kits = make.delivery(keeper, make.place(keeper), cartons=3)
    make.hand(kits[:1], make.person(at), by=keeper)
    office = make.person(at, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    alerts.run_sweeps(now=timezone.now())
    mail = queue_mail(key="k", kind="digest", to="a@b.example", subject="s", body="b", now=timezone.now())  # fmt: skip
    Message.objects.filter(pk=mail.pk).update(state=MessageState.FAILED)

    page = home(client, office)

    assert (page["figures"]["serviceable"], page["figures"]["carried"], page["figures"]["expired"]) == (3, 1, 0)  # fmt: skip
    assert "Office of Field Operations" in page["text"]
    assert (page["sweeps"]["lost"], page["sweeps"]["waiting"]) == (1, 0)
    assert "naloxone.expiries" in page["text"]
    assert "1 mail can’t be delivered" in page["text"]


def test_the_auditor_verifies_the_ledger_and_the_finding_is_kept(client, at, keeper):
    make.delivery(keeper, make.place(keeper), cartons=2)
    auditor = make.person(at, Role.AUDITOR, scope=Scope.EVERYWHERE)
    assert "not verified from this page yet" in home(client, auditor)["text"]

    answer = client.post("/verify/", follow=True)

    assert "Chain intact: 2 events checked. 2 kits looked at" in answer.content.decode()
    row = AuditRow.objects.get(act="ledger.verified")
    assert row.by == auditor
    page = home(client, auditor)
    assert page["ledger"]["facts"]["events"] == "2"
    assert dict(page["roles"]["counts"])[Role.AUDITOR] == 1
    assert client.get("/verify/").status_code == 405


def test_only_who_may_verify_is_asked_to(client, chief):
    assert "ledger" not in home(client, chief)
    assert client.post("/verify/").status_code == 404


def test_the_administrator_sees_who_can_not_sign_in_and_what_ends(client, at, chief):
    ada = core.administrator(at)
    noa, ira = core.recorded(ada), core.recorded(ada, given_name="Ira")
    roster.invite_person(person=noa, email="noa@b.example", now=timezone.now(), by=ada)
    Grant.objects.filter(person=chief).update(ends_at=timezone.now() + 3 * DAY)

    page = home(client, ada)

    assert page["accounts"]["without"] == 1
    assert page["accounts"]["invited"] == [noa]
    assert [grant.person for grant in page["accounts"]["ending"]] == [chief]
    assert "1 person has no account" in page["text"]
    assert ira.name not in page["text"]


def test_a_medical_officer_finds_the_uses_they_have_not_read(client, at, keeper):
    doctor, officer = make.person(at, Role.MEDICAL_OFFICER), make.person(at)
    now = timezone.now()
    read, unread = (
        actions.record_use(
            told=[actions.Told()], station=at, given_at=now, now=now, request_key=make.key(), by=officer
        )
        for _ in range(2)
    )  # fmt: skip
    actions.tell_of_person(report=read, facts={"recipient": "public"}, now=now, by=officer)
    read_medical(about=read.reference, by=doctor, reason="Care")

    page = home(client, doctor)

    assert page["uses_to_read"]["reports"] == [unread]
    assert f"/uses/{unread.reference}/" in page["text"]
    assert "uses_to_read" not in home(client, keeper)
    read_medical(about=unread.reference, by=doctor, reason="Care")
    assert "None of the last 7 days." in home(client, doctor)["text"]


def test_who_must_wait_for_the_cases_is_told_so(client, at):
    page = home(client, make.person(at, Role.MEDICAL_OFFICER))

    assert "Exposure cases are not in the portal yet" in page["text"]


# --- cost ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [role for role in Role if role != Role.EMPLOYEE])
@pytest.mark.parametrize("number", [1, 3])
def test_the_front_page_is_cheap_for_every_role(client, at, keeper, role, number, django_assert_max_num_queries):  # fmt: skip
    person = make.person(at, role, scope=Scope.EVERYWHERE)
    store = make.place(keeper)
    for _ in range(number):
        mine, offered, late = make.delivery(keeper, store, cartons=3, expires_on=make.day(9))
        make.hand([mine], person, by=keeper)
        offer([offered], person, keeper)
        offer([late], make.person(at), keeper, now=timezone.now() - 3 * DAY)
        actions.dispose_of_kits(
            why_empty="On purpose", kits=make.delivery(keeper, store), method="sharps", reason="damaged",
            occurred_at=timezone.now(), now=timezone.now(), request_key=make.key(), by=keeper,
        )  # fmt: skip
    alerts.run_sweeps(now=timezone.now())
    home(client, person)

    with django_assert_max_num_queries(19):
        client.get("/")
