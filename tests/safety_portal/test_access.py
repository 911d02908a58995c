"""Who may do what, where: grants in force, their scopes, giving, ending and lending them."""

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, connections, transaction
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from safety_portal import access
from safety_portal.access import (
    ANYWHERE,
    EVERYONE,
    EVERYWHERE,
    LENDING_DAYS,
    PERMITS,
    PUBLIC,
    AccessError,
    Grant,
    GrantError,
    Permission,
    Role,
    Scope,
)
from safety_portal.audit import AuditRow
from safety_portal.people import Component, Person, Region, Station
from tests.naloxone import make

DAY = dt.timedelta(days=1)
SEE = Permission.KITS_SEE


@pytest.fixture
def now(db):
    return timezone.now()


@pytest.fixture
def laredo(db):
    return make.station()


@pytest.fixture
def chief(laredo):
    """An administrator."""
    return make.person(laredo, Role.ADMINISTRATOR, scope=Scope.EVERYWHERE)


def elsewhere(*, code="USBP", region="Tucson Sector"):
    component, _ = Component.objects.get_or_create(code=code, name=f"Component {code}")
    found, _ = Region.objects.get_or_create(component=component, name=region)
    station = make.station()
    station.region = found
    station.save()
    return station


def again(person):
    """The same person as the next request meets them, without remembered rights."""
    return Person.objects.get(pk=person.pk)


def granted(
    person, now, *, starts=-1, ends=None, scope=Scope.STATION, role=Role.COORDINATOR, **more
):
    places = {
        Scope.STATION: {"station": person.station},
        Scope.REGION: {"region": person.station.region},
        Scope.COMPONENT: {"component": person.station.region.component},
        Scope.EVERYWHERE: {},
    }
    return Grant.objects.create(
        **{
            "person": person,
            "role": role,
            "scope": scope,
            "starts_at": now + starts * DAY,
            "ends_at": None if ends is None else now + ends * DAY,
            "given_by": Person.objects.portal(),
        }
        | places[scope]
        | more
    )


# --- in force -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts", "ends", "holds"),
    [(-1, None, True), (-1, 1, True), (0, None, True), (1, None, False), (-2, -1, False), (-1, 0, False)],
)  # fmt: skip
def test_a_grant_holds_from_its_start_and_up_to_its_end(now, starts, ends, holds):
    person = make.person()
    grant = granted(person, now, starts=starts, ends=ends)

    assert Grant.objects.in_force(now).filter(pk=grant.pk).exists() is holds
    assert grant.is_in_force(now) is holds
    assert access.may(again(person), SEE, at=person.station) is holds


def test_who_has_left_may_nothing_not_even_what_everybody_may(now):
    person = make.person()
    granted(person, now, scope=Scope.EVERYWHERE)
    person.left_on = now.date()
    person.save()

    assert not Grant.objects.in_force(now).filter(person=person).exists()
    assert not access.may(again(person), SEE, at=ANYWHERE)
    assert not access.may(again(person), Permission.OWN_THINGS, at=ANYWHERE)
    assert person not in access.holders_of([Role.COORDINATOR], person.station, now)


def test_rights_are_remembered_until_forgotten(now, django_assert_num_queries):
    person = make.person()
    assert not access.may(person, SEE, at=ANYWHERE)
    granted(person, now)

    with django_assert_num_queries(0):
        assert not access.may(person, SEE, at=ANYWHERE)
    access.forget(person)
    with django_assert_num_queries(1):
        assert access.may(person, SEE, at=ANYWHERE)
    access.forget(make.person())  # nothing remembered, nothing to forget


# --- scope ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "here", "same_region", "same_component", "other_component"),
    [
        (Scope.STATION, True, False, False, False),
        (Scope.REGION, True, True, False, False),
        (Scope.COMPONENT, True, True, True, False),
        (Scope.EVERYWHERE, True, True, True, True),
    ],
)
def test_a_grant_reaches_as_far_as_its_scope(
    now, laredo, scope, here, same_region, same_component, other_component
):
    stations = [laredo, make.station(), elsewhere(code="OFO2"), elsewhere()]
    stations[2].region = Region.objects.create(component=laredo.region.component, name="El Paso")
    stations[2].save()
    person = make.person(laredo)
    grant = granted(person, now, scope=scope)
    expected = [here, same_region, same_component, other_component]

    assert [access.may(person, SEE, at=station) for station in stations] == expected
    assert [access.may(person, SEE, at=station.pk) for station in stations] == expected
    reaching = [grant in Grant.objects.reaching(station) for station in stations]
    assert reaching == expected
    found = access.stations_where(person, SEE)
    assert [station in found for station in stations] == expected
    assert access.may(person, SEE, at=ANYWHERE)
    assert access.may(person, SEE, at=EVERYWHERE) is (scope == Scope.EVERYWHERE)
    assert not access.may(person, SEE, at=None)
    assert not access.may(person, Permission.MEDICAL_READ, at=ANYWHERE)


def test_wide_grants_cost_one_query_more_however_many(now, django_assert_num_queries):
    person = make.person()
    granted(person, now, scope=Scope.REGION)
    granted(person, now, scope=Scope.COMPONENT, role=Role.SUPERVISOR)
    granted(person, now, role=Role.AUDITOR)

    with django_assert_num_queries(2):
        access.rights(person)


def test_two_roles_give_what_both_permit_and_the_role_can_be_asked_for(now):
    person = make.person()
    granted(person, now, role=Role.AUDITOR)
    granted(person, now, role=Role.MEDICAL_OFFICER, scope=Scope.EVERYWHERE)

    assert access.may(person, Permission.AUDIT_SEE, at=person.station)
    assert access.may(person, Permission.MEDICAL_READ, at=EVERYWHERE)
    assert not access.may(person, Permission.AUDIT_SEE, at=EVERYWHERE)
    assert access.rights(person).roles == {Role.EMPLOYEE, Role.AUDITOR, Role.MEDICAL_OFFICER}


def test_nobody_may_nothing_and_the_portal_everything(laredo):
    assert not access.may(None, Permission.OWN_THINGS, at=ANYWHERE)
    assert access.rights(None).roles == frozenset()
    assert access.may(Person.objects.portal(), Permission.GRANTS_KEEP, at=EVERYWHERE)
    assert list(access.stations_where(Person.objects.portal(), SEE)) == list(Station.objects.all())
    assert not Person.objects.filter(access.within(None, SEE)).exists()


def test_check_says_who_may_not_what_and_where(laredo):
    person = make.person(laredo)

    with pytest.raises(AccessError, match=f"{person} may not “Receive deliveries.*” at {laredo}"):
        access.check(person, Permission.STOCK_RECEIVE, at=laredo)
    with pytest.raises(AccessError, match="at ANYWHERE"):
        access.check(person, Permission.STOCK_RECEIVE, at=ANYWHERE)
    access.check(person, Permission.OWN_THINGS, at=ANYWHERE)


def test_holders_of_a_role_at_a_station_have_an_account_in_use(now, laredo):
    holder = make.person(laredo, Role.SUPERVISOR)
    make.person(laredo, Role.SUPERVISOR, account=False)
    inactive = make.person(laredo, Role.SUPERVISOR)
    inactive.account.is_active = False
    inactive.account.save()
    make.person(make.station(), Role.SUPERVISOR)
    make.person(laredo, Role.AUDITOR)

    assert list(access.holders_of([Role.SUPERVISOR, Role.COORDINATOR], laredo, now)) == [holder]


def test_every_role_has_its_permissions_and_every_permission_a_role():
    assert set(PERMITS) == set(Role)
    assert set().union(*PERMITS.values()) == set(Permission)


def test_grants_are_named_in_words(now, laredo):
    person = make.person(laredo)
    grant = granted(person, now)
    whole = granted(person, now, scope=Scope.EVERYWHERE, role=Role.AUDITOR)

    assert str(grant) == f"Naloxone coordinator, {laredo}"
    assert str(whole) == "Auditor, The whole agency"
    assert grant.reference == f"G-{grant.pk}"
    assert list(Grant.objects.with_names().newest_first()) == [whole, grant]


# --- doors ----------------------------------------------------------------------------------------


def test_a_door_opens_to_who_may_somewhere_and_is_not_there_for_others(laredo):
    @access.needs(SEE)
    def page(request, number):
        return HttpResponse(number)

    request = RequestFactory().get("/")
    request.person = make.person(laredo, Role.COORDINATOR)
    assert page(request, 7).content == b"7"
    for stranger in (make.person(laredo), None):
        request.person = stranger
        with pytest.raises(Http404):
            page(request, 7)
    assert (page.needs, page.__name__) == (SEE, "page")


def test_a_door_for_the_whole_agency_does_not_open_to_one_station(laredo):
    page = access.needs(Permission.GRANTS_KEEP, at=EVERYWHERE)(lambda request: HttpResponse("ok"))
    request = RequestFactory().get("/")

    request.person = make.person(laredo, Role.ADMINISTRATOR, scope=Scope.EVERYWHERE)
    assert page(request).content == b"ok"
    request.person = make.person(laredo, Role.ADMINISTRATOR)
    with pytest.raises(Http404):
        page(request)


def test_other_doors_say_whom_they_are_for():
    for door, word in ((access.everyone, EVERYONE), (access.public, PUBLIC)):
        view = door(lambda request: None)
        assert view.needs == word
        assert getattr(view, "login_required", True) is (word != PUBLIC)


# --- giving and ending ------------------------------------------------------------------------------


def give(chief, now, **changes):
    facts = {"person": make.person(chief.station), "role": Role.COORDINATOR, "scope": Scope.STATION,
             "place": chief.station, "starts_at": now, "reason": "new post", "by": chief}  # fmt: skip
    return access.give_grant(**facts | changes)


def test_an_administrator_gives_a_role_and_it_is_noted(now, chief, laredo):
    person = make.person(laredo)
    assert not access.may(person, SEE, at=laredo)

    give(chief, now, person=person)

    assert access.may(person, SEE, at=laredo)
    row = AuditRow.objects.get(act="role.given")
    assert (row.by, row.target) == (chief, person.reference)
    assert row.facts == f"role: naloxone_coordinator\nwhere: {laredo}\nreason: new post"


def test_only_an_administrator_of_the_whole_agency_gives(now, laredo):
    local = make.person(laredo, Role.ADMINISTRATOR)

    with pytest.raises(AccessError):
        give(local, now)


def test_nobody_gives_a_role_to_themselves(now, chief):
    with pytest.raises(GrantError, match="to themselves") as error:
        give(chief, now, person=chief)
    assert error.value.field == "person"


def test_the_database_refuses_a_role_given_to_oneself_too(now, chief):
    with pytest.raises(IntegrityError, match="grant_not_to_oneself"), transaction.atomic():
        granted(chief, now, given_by=chief)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"role": Role.EMPLOYEE}, "nothing to give"),
        ({"scope": Scope.REGION}, "Say which region"),
        ({"place": None}, "Say which station"),
    ],
)
def test_a_senseless_grant_is_refused_with_a_sentence(now, chief, changes, sentence):
    with pytest.raises(GrantError, match=sentence):
        give(chief, now, **changes)


def test_an_end_before_the_start_is_refused_by_both(now, chief):
    with pytest.raises(GrantError, match="before the start"):
        give(chief, now, ends_at=now)
    with pytest.raises(IntegrityError, match="grant_ends_after_start"), transaction.atomic():
        granted(chief, now, starts=1, ends=0)


def test_the_same_role_twice_is_refused_and_after_its_end_is_not(now, chief, laredo):
    person = make.person(laredo)
    first = give(chief, now, person=person)
    with pytest.raises(GrantError, match="already has this role"):
        give(chief, now, person=person)
    give(chief, now, person=person, scope=Scope.EVERYWHERE, place=None)

    access.end_grant(grant=first, reason="moved", now=now, by=chief)
    give(chief, now, person=person)


@pytest.mark.parametrize(
    "changes", [{"station": None}, {"scope": Scope.EVERYWHERE, "station": "x"}]
)
def test_the_database_wants_exactly_the_place_of_the_scope(now, chief, laredo, changes):
    changes = {name: laredo if value == "x" else value for name, value in changes.items()}

    with pytest.raises(IntegrityError, match="names_one_thing"), transaction.atomic():
        granted(chief, now, **changes)


def test_a_grant_is_ended_once_and_noted(now, chief, laredo):
    person = make.person(laredo)
    grant = give(chief, now, person=person)
    assert access.may(person, SEE, at=laredo)

    access.end_grant(grant=grant, reason="moved", now=now + DAY, by=chief)

    grant.refresh_from_db()
    assert (grant.ends_at, grant.ended_by) == (now + DAY, chief)
    assert (
        AuditRow.objects.get(act="role.ended").facts == "role: naloxone_coordinator\nreason: moved"
    )
    with pytest.raises(GrantError, match="already ended"):
        access.end_grant(grant=grant, reason="again", now=now + 2 * DAY, by=chief)


def test_a_grant_that_has_not_begun_ends_when_it_begins(now, chief):
    grant = give(chief, now, starts_at=now + DAY)

    access.end_grant(grant=grant, reason="changed our mind", now=now, by=chief)

    grant.refresh_from_db()
    assert grant.ends_at == grant.starts_at
    assert not grant.is_in_force(now + 2 * DAY)


def test_who_holds_a_role_does_not_end_it_themselves(now, chief, laredo):
    person = make.person(laredo)
    grant = give(chief, now, person=person)

    with pytest.raises(AccessError):
        access.end_grant(grant=grant, reason="tired", now=now, by=person)


# --- lending --------------------------------------------------------------------------------------


@pytest.fixture
def supervisor(laredo):
    return make.person(laredo, Role.SUPERVISOR)


def lend(supervisor, now, days=LENDING_DAYS, **changes):
    facts = {"grant": supervisor.grants.get(), "to": make.person(supervisor.station), "starts_at": now,
             "ends_at": now + days * DAY, "reason": "leave", "by": supervisor}  # fmt: skip
    return access.lend_role(**facts | changes)


def test_a_supervisor_lends_their_role_for_a_leave(now, supervisor, laredo):
    deputy = make.person(laredo)
    assert not access.may(deputy, SEE, at=laredo)

    loan = lend(supervisor, now, to=deputy)

    assert access.may(deputy, SEE, at=laredo)
    assert not access.may(deputy, SEE, at=EVERYWHERE)
    assert not Grant.objects.in_force(loan.ends_at).filter(pk=loan.pk).exists()
    row = AuditRow.objects.get(act="role.lent")
    assert (row.by, row.target) == (supervisor, deputy.reference)


@pytest.mark.parametrize("days", [0, -1, LENDING_DAYS + 0.01])
def test_a_loan_lasts_one_to_fourteen_days(now, supervisor, days):
    with pytest.raises(GrantError, match="one to 14 days"):
        lend(supervisor, now, days)


@pytest.mark.parametrize("ends", [LENDING_DAYS + 0.01, None])
def test_the_database_refuses_a_loan_longer_or_without_end(now, supervisor, ends):
    source = supervisor.grants.get()

    with pytest.raises(IntegrityError, match="grant_loan_has_an_end"), transaction.atomic():
        granted(make.person(), now, starts=0, ends=ends, lent_from=source)
    granted(make.person(), now, starts=0, ends=LENDING_DAYS, lent_from=source)


def test_a_loan_ends_with_its_source(now, supervisor, chief, laredo):
    deputy = make.person(laredo)
    lend(supervisor, now, to=deputy)
    assert access.may(again(deputy), SEE, at=laredo)

    access.end_grant(grant=supervisor.grants.get(), reason="moved", now=now, by=chief)

    assert not access.may(again(deputy), SEE, at=laredo)


def test_a_loan_ends_when_its_lender_leaves(now, supervisor, laredo):
    deputy = make.person(laredo)
    lend(supervisor, now, to=deputy)

    supervisor.left_on = now.date()
    supervisor.save()

    assert not access.may(again(deputy), SEE, at=laredo)


def test_the_lender_may_end_the_loan(now, supervisor):
    loan = lend(supervisor, now)

    access.end_grant(grant=loan, reason="back early", now=now, by=supervisor)

    assert not Grant.objects.in_force(now).filter(pk=loan.pk).exists()


def test_a_loan_is_not_lent_on_and_not_to_oneself(now, supervisor, laredo):
    deputy = make.person(laredo)
    loan = lend(supervisor, now, to=deputy)

    with pytest.raises(GrantError, match="not lent on"):
        lend(supervisor, now, grant=loan, by=deputy)
    with pytest.raises(GrantError, match="another person"):
        lend(supervisor, now, to=supervisor)


def test_only_a_role_of_ones_own_that_may_be_lent_is_lent(now, supervisor, laredo):
    with pytest.raises(AccessError):
        lend(supervisor, now, by=make.person(laredo))
    coordinator = make.coordinator(laredo)
    with pytest.raises(GrantError, match="supervisor role"):
        lend(coordinator, now)
    Grant.objects.filter(person=supervisor).update(ends_at=now)
    with pytest.raises(AccessError):
        lend(supervisor, now)


def test_two_clicks_at_once_give_a_role_once(committed, django_db_blocker):
    with django_db_blocker.unblock():
        by = make.person(None, Role.ADMINISTRATOR, scope=Scope.EVERYWHERE)
        person = make.person()
        start, answers = threading.Barrier(2), []

        def give():
            start.wait()
            try:
                access.give_grant(
                    person=person,
                    role=Role.AUDITOR,
                    scope=Scope.EVERYWHERE,
                    starts_at=timezone.now(),
                    by=by,
                )
                answers.append("given")
            except GrantError as error:
                answers.append(str(error))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=give) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert set(answers) == {"given", f"{person} already has this role there."}
        assert Grant.objects.filter(person=person, role=Role.AUDITOR).count() == 1
