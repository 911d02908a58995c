"""Liaisons and their register: who lacks, who hears, how it passes, and with whom the difference stays."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError, ProgrammingError
from django.utils import timezone

from naloxone import actions, liaisons, notices
from naloxone.actions.registers import places_of
from naloxone.models import Discrepancy, RegisterPassing, RegisterTaking
from naloxone.rules import CustodyError
from safety_portal import access, roster
from safety_portal.access import AccessError, Grant, Permission, Role, Scope
from safety_portal.alerts import Alert, kinds, run_sweeps
from safety_portal.audit import AuditRow
from safety_portal.outbox import Message
from tests.journeys.people import SECRET, may_sign_in
from tests.naloxone import make, registers
from tests.safety_portal import make as core

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def cora():
    return make.coordinator(make.station("Laredo Bridge"), name="Cora")


@pytest.fixture
def dan(cora):
    return make.person(cora.station, Role.DEPUTY, name="Dan")


@pytest.fixture
def chief(cora):
    return make.person(cora.station, Role.SUPERVISOR, name="Sam")


@pytest.fixture
def places(cora):
    """A cabinet with three units and an empty vault."""
    cabinet, vault = make.place(cora, "Cabinet"), make.place(cora, "Vault")
    make.delivery(cora, cabinet, cartons=3)
    return cabinet, vault


def at(station, now=None):
    known = type(station).objects.select_related("region").get(pk=station.pk)
    [found] = liaisons.of_stations([known], now or timezone.now())
    return found


def leave(person):
    roster.record_left(person=person, on=make.day(0), by=core.administrator(make.station()))
    person.refresh_from_db()


# --- who keeps a station's stock -----------------------------------------------------------------
def test_a_liaison_is_a_role_with_its_days(cora, dan):
    Grant.objects.filter(person=dan).update(ends_at=timezone.now() + 5 * DAY)
    found = at(cora.station)

    assert [one.person for one in found.coordinators] == [cora]
    assert [(one.person, one.wider) for one in found.deputies] == [(dan, "")]
    assert found.deputies[0].until == cora.station.today(timezone.now() + 5 * DAY)
    assert found.lacks == []
    assert at(cora.station, timezone.now() + 6 * DAY).words == ["No deputy"]


def test_a_deputy_may_what_a_coordinator_may(dan, places):
    [carton] = make.delivery(dan, places[0])

    assert carton.holder == places[0]
    assert access.rights(dan).stations(Permission.CUSTODY_GIVE) == {dan.station_id}


def test_one_for_the_component_counts_and_one_for_the_whole_agency_does_not(cora, dan):
    other = make.station()
    make.person(other, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    assert "No coordinator" in at(other).words

    Grant.objects.create(
        person=cora, role=Role.COORDINATOR, scope=Scope.COMPONENT, given_by=dan,
        component=other.region.component, starts_at=timezone.now() - DAY,
    )  # fmt: skip
    [one] = at(other).coordinators
    assert one.wider == "Office of Field Operations"


def test_who_left_is_named_as_the_last_one(cora, dan, places):
    leave(cora)

    found = at(dan.station)
    assert found.words == ["No coordinator"]
    assert found.former.person == cora
    assert found.former.until == dan.station.today()


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_however_many_stations(number, django_assert_num_queries):
    for _ in range(number):
        cora = make.coordinator(make.station())
        make.place(cora)
        registers.take(registers.passing(cora, make.person(cora.station, Role.DEPUTY)))
    stations = list(liaisons.with_stock(type(cora.station).objects.select_related("region")))
    assert len(stations) == number

    with django_assert_num_queries(2):
        liaisons.of_stations(stations, timezone.now())


def test_a_lack_is_an_alert_to_supervisor_and_health_office_that_ends_with_it(cora, chief, places):
    office = make.person(make.station(), Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    make.station("Without stock")
    now = timezone.now()

    run_sweeps(now=now)
    alert = Alert.objects.get(kind=notices.LIAISON)
    assert (alert.subject, alert.threshold) == (cora.station.code, 2)
    assert notices.liaison_line([alert]) == "Laredo Bridge: no deputy"
    assert set(kinds[notices.LIAISON].recipients(alert.station, 2, now)) == {chief, office}

    leave(cora)
    run_sweeps(now=now)
    alert.refresh_from_db()
    assert (alert.threshold, notices.liaison_line([alert])) == (0, "Laredo Bridge: no coordinator")
    make.coordinator(chief.station)
    make.person(chief.station, Role.DEPUTY)
    run_sweeps(now=now)
    assert not Alert.objects.open().filter(kind=notices.LIAISON).exists()


def test_where_nobody_coordinates_the_deputy_hears_of_stock(cora, dan, chief):
    now = timezone.now()
    assert set(notices.in_charge(cora.station, None, now)) == {cora, chief}

    leave(cora)

    assert set(notices.in_charge(dan.station, None, now)) == {dan, chief}
    assert set(notices.recipients(dan.station, 180, now)) == {dan}


# --- the register passes -------------------------------------------------------------------------
def test_it_is_the_next_ones_once_both_have_counted_and_signed(cora, dan, places):
    waiting = registers.passing(cora, dan)
    assert at(cora.station).passing is None
    assert Message.objects.get(kind="register.waits").recipient == dan

    registers.take(waiting)

    assert at(cora.station).passing == waiting
    assert (waiting.proof, RegisterTaking.objects.get().proof) == ("password", "totp")
    assert list(waiting.counts.order_by("by", "place__name").values_list("by", "place__name", "counted", "recorded")) == [
        (cora.pk, "Cabinet", 3, 3), (cora.pk, "Vault", 0, 0), (dan.pk, "Cabinet", 3, 3), (dan.pk, "Vault", 0, 0),
    ]  # fmt: skip
    assert not Discrepancy.objects.exists()
    acts = AuditRow.objects.about(waiting.reference).values_list("act", flat=True)
    assert list(acts) == ["register.handed_over", "register.taken"]


def test_the_difference_stays_with_the_old_name(cora, dan, places):
    cabinet, vault = places
    waiting = registers.passing(cora, dan, Cabinet=3)

    registers.take(waiting, Cabinet=2, Vault=1)

    found = {one.place: one for one in Discrepancy.objects.all()}
    assert {place: one.kind for place, one in found.items()} == {cabinet: "fewer", vault: "more"}
    assert {one.owner for one in found.values()} == {cora}
    assert found[cabinet].told == (
        f"{waiting.reference}: 3 recorded, 2 counted when the register passed. Who handed over had counted 3."
    )
    assert {one.opened_by for one in found.values()} == {dan}
    linked = waiting.counts.filter(by=dan, discrepancy__isnull=False)
    assert {count.discrepancy for count in linked} == set(found.values())
    assert "differences: 2" in AuditRow.objects.get(act="register.taken").facts


def test_sent_twice_it_passes_once(cora, dan, places):
    facts = {
        "station": cora.station, "outgoing": cora, "incoming": dan, "counts": registers.right(cora.station),
        "proof": "password", "now": timezone.now(), "request_key": make.key(), "by": cora,
    }  # fmt: skip
    waiting = actions.hand_over_register(**facts)
    assert actions.hand_over_register(**facts) == waiting
    told = {"passing": waiting, "counts": registers.right(cora.station, Vault=1), "proof": "totp",
            "now": timezone.now(), "request_key": make.key(), "by": dan}  # fmt: skip
    assert actions.take_register(**told) == actions.take_register(**told)

    assert (RegisterPassing.objects.count(), Discrepancy.objects.count()) == (1, 1)
    with pytest.raises(CustodyError, match="signed by both already"):
        registers.take(waiting)


def test_a_newer_count_replaces_one_that_waited(cora, dan, places):
    old = registers.passing(cora, dan)
    new = registers.passing(cora, dan)

    assert list(RegisterPassing.objects.waiting()) == [new]
    with pytest.raises(CustodyError, match="counted anew"):
        registers.take(old)
    registers.take(new)


def test_only_a_liaison_hands_over_and_only_the_named_one_takes(cora, dan, chief, places):
    stranger = make.coordinator(make.station())
    for by in (stranger, chief):
        with pytest.raises(AccessError):
            registers.passing(by, dan)
    with pytest.raises(AccessError):
        registers.passing(cora, dan, by=make.person(cora.station))
    with pytest.raises(CustodyError, match="hands over in person"):
        registers.passing(cora, dan, by=chief)
    with pytest.raises(CustodyError, match="neither coordinator nor deputy"):
        registers.passing(cora, make.person(cora.station))
    with pytest.raises(CustodyError, match="another person"):
        registers.passing(cora, cora)
    waiting = registers.passing(cora, dan)
    waiting.incoming = cora
    with pytest.raises(AccessError):
        actions.take_register(
            passing=waiting, counts={}, proof="password", now=timezone.now(),
            request_key=make.key(), by=dan,
        )  # fmt: skip


def test_who_lost_the_role_meanwhile_does_not_take_it(cora, dan, places):
    waiting = registers.passing(cora, dan)
    Grant.objects.filter(person=dan).update(ends_at=timezone.now())

    with pytest.raises(CustodyError, match="neither coordinator nor deputy"):
        registers.take(waiting)


def test_a_supervisor_signs_in_the_place_of_one_who_left(cora, dan, chief, places):
    registers.take(registers.passing(dan, cora))
    leave(cora)
    assert at(dan.station).words == [
        "No coordinator",
        "Register in the name of somebody who is neither any more",
    ]

    waiting = registers.passing(cora, dan, by=chief)
    registers.take(waiting, Vault=2)

    assert (waiting.signed_by, waiting.in_place_of) == (chief, True)
    assert Discrepancy.objects.get().owner == cora
    assert at(dan.station).words == ["No coordinator"]


def test_a_place_that_opened_while_one_counted_is_counted_too(cora, dan, places):
    counts = registers.right(cora.station)
    make.place(cora, "New box")

    with pytest.raises(CustodyError, match="opened or closed meanwhile"):
        actions.hand_over_register(
            station=cora.station, outgoing=cora, incoming=dan, counts=counts, proof="password",
            now=timezone.now(), request_key=make.key(), by=cora,
        )  # fmt: skip


def test_the_last_lack_ends_with_the_passing(cora, dan, places):
    eve = make.person(cora.station, Role.DEPUTY)
    registers.take(registers.passing(cora, eve))
    Grant.objects.filter(person=eve).update(ends_at=timezone.now())
    run_sweeps(now=timezone.now())
    alert = Alert.objects.get(kind=notices.LIAISON)
    assert alert.threshold == 1

    registers.take(registers.passing(cora, dan, by=cora))

    alert.refresh_from_db()
    assert alert.resolved_how == "The register passed on"


@pytest.mark.parametrize("table", ["registerpassing", "registertaking", "registercount"])
def test_how_it_passed_can_not_be_changed(cora, dan, places, table):
    registers.take(registers.passing(cora, dan))

    with pytest.raises((ProgrammingError, InternalError)), transaction.atomic():
        connection.cursor().execute(f"delete from naloxone_{table}")


# --- pages ---------------------------------------------------------------------------------------
def signed_in(client, person):
    client.force_login(person.account)
    return client


def text(answer):
    return " ".join(answer.content.decode().split())


def figures(station, **other):
    return {f"place_{p.pk}": n for p, n in registers.right(station, **other).items()}


def test_the_list_names_who_and_what_lacks(client, cora, dan, chief, places):
    other = make.coordinator(chief.station)
    bare = make.coordinator(make.station("Bare"))
    make.place(bare)
    office = make.person(make.station(), Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    signed_in(client, office)

    page = text(client.get("/liaisons/"))
    assert all(one.name in page for one in (cora, dan, other, bare))
    lacking = text(client.get("/liaisons/?show=lacking"))
    assert "Bare" in lacking
    assert "Laredo Bridge" not in lacking
    assert "No deputy" in lacking

    assert "Bare" not in text(signed_in(client, chief).get("/liaisons/"))
    assert "Every station with stock has" in text(client.get("/liaisons/?show=lacking"))
    far = make.person(make.station(), Role.SUPERVISOR)
    assert "No station of yours has places" in text(signed_in(client, far).get("/liaisons/"))
    assert client.get(f"/liaisons/stations/{cora.station.code}/").status_code == 404


def test_a_register_passes_on_one_screen_with_two_secrets(client, cora, dan, places):
    may_sign_in(cora, dan)
    signed_in(client, cora)
    where = f"/liaisons/stations/{cora.station.code}/"
    assert "Hand over the register" in text(client.get(where))
    form = client.get(f"{where}hand-over/").context["form"]
    assert "outgoing" not in form.fields
    assert form.fields["incoming"].initial == dan

    facts = figures(cora.station, Cabinet=2) | {"incoming": dan.pk, "note": ""}
    missing = client.post(
        f"{where}hand-over/", facts | {"secret": "wrong"} | {f"place_{places[1].pk}": ""}
    )
    assert list(missing.context["form"].errors) == [f"place_{places[1].pk}"]
    wrong = client.post(f"{where}hand-over/", facts | {"secret": "wrong"})
    assert list(wrong.context["form"].errors) == ["secret"]
    page = client.post(f"{where}hand-over/", facts | {"secret": SECRET}, follow=True)
    waiting = RegisterPassing.objects.get()
    assert "Dan" in text(page)
    assert page.context["rows"] == []
    assert "waits for the count" in text(client.get(where))

    second = figures(cora.station, Cabinet=2) | {"secret": "wrong"}
    assert list(client.post(waiting.get_absolute_url(), second).context["form"].errors) == [
        "secret"
    ]
    page = client.post(waiting.get_absolute_url(), second | {"secret": SECRET}, follow=True)
    assert page.context["rows"][0] | {"discrepancy": None} == {
        "place": places[0], "recorded": 3, "first": 2, "second": 2, "discrepancy": None,
    }  # fmt: skip
    assert page.context["request"].person == cora  # the session stayed hers
    assert f"with {cora}" in text(page)
    again = client.post(waiting.get_absolute_url(), second | {"secret": SECRET}, follow=True)
    assert "is signed by both" in text(again)
    assert "Signed by both" in text(client.get(where))


def test_the_next_one_counts_on_their_own_page_and_others_get_no_form(
    client, cora, dan, chief, places
):
    may_sign_in(dan)
    waiting = registers.passing(cora, dan)
    signed_in(client, chief)
    page = client.get(waiting.get_absolute_url())
    assert page.context["form"] is None
    assert client.post(waiting.get_absolute_url()).status_code == 404
    assert client.get(f"/liaisons/stations/{cora.station.code}/hand-over/").status_code == 404

    signed_in(client, dan)
    make.place(cora, "Late box")
    facts = figures(cora.station) | {"secret": SECRET}
    client.post(waiting.get_absolute_url(), facts)
    assert waiting.counts.filter(by=dan).count() == places_of(cora.station).count()
    # The new box was counted by one of the two only.
    assert "Late box" in text(client.get(waiting.get_absolute_url()))
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)
    assert "Late box" in text(signed_in(client, auditor).get(waiting.get_absolute_url()))


def test_a_supervisor_is_offered_only_those_who_are_gone(client, cora, dan, chief, places):
    may_sign_in(chief)
    leave(cora)
    where = f"/liaisons/stations/{chief.station.code}/hand-over/"
    form = signed_in(client, chief).get(where).context["form"]
    assert list(form.fields["outgoing"].queryset) == [cora]

    facts = figures(chief.station) | {"incoming": dan.pk, "outgoing": cora.pk, "secret": SECRET}
    page = text(client.post(where, facts, follow=True))

    assert f"in the place of {cora}" in page
    old = RegisterPassing.objects.get()
    registers.passing(dan, make.coordinator(chief.station))
    assert "Counted anew" in text(client.get(f"/liaisons/stations/{chief.station.code}/"))
    assert "None: it was counted anew" in text(client.get(old.get_absolute_url()))


def test_what_the_rules_refuse_stands_at_its_field(client, cora, dan, places):
    may_sign_in(cora)
    signed_in(client, cora)
    facts = figures(cora.station) | {
        "incoming": make.coordinator(cora.station).pk,
        "secret": SECRET,
    }
    Grant.objects.filter(person=facts["incoming"]).update(starts_at=timezone.now() + DAY)

    answer = client.post(f"/liaisons/stations/{cora.station.code}/hand-over/", facts)

    assert list(answer.context["form"].errors) == ["incoming"]


def test_what_the_rules_refuse_to_the_second_is_said_on_the_firsts_page(client, cora, dan, places):
    may_sign_in(dan)
    waiting = registers.passing(cora, dan)
    Grant.objects.filter(person=dan).update(ends_at=timezone.now())

    facts = figures(cora.station) | {"secret": SECRET}
    answer = signed_in(client, cora).post(waiting.get_absolute_url(), facts)

    assert "neither coordinator nor deputy" in text(answer)
    assert answer.context["rows"] == []


def test_a_passing_and_a_protocol_are_found_by_their_reference(client, cora, dan, places):
    waiting = registers.passing(cora, dan)
    signed_in(client, cora)

    assert client.get("/search/", {"q": waiting.reference}).url == waiting.get_absolute_url()
    assert client.get("/search/", {"q": "pr-7"}).url == "/protocols/PR-7/"
