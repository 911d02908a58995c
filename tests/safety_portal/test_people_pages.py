"""Pages of people, roles, dogs, stations and the audit: what they show, to whom, and what they do."""

import datetime as dt

import pytest
from django.utils import timezone

from safety_portal import access, audit
from safety_portal.access import Grant, Role, Scope
from safety_portal.outbox import Message
from safety_portal.people import Account, Canine, Person
from tests.safety_portal import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    return make.station()


@pytest.fixture
def ada(at):
    return make.administrator(at)


@pytest.fixture
def admin(client, ada):
    """The administrator's browser."""
    client.force_login(ada.account)
    return client


def browse(client, person, where):
    client.force_login(person.account)
    return client.get(where)


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def errors(answer):
    assert answer.status_code == 200
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


def person_facts(at, **more):
    return {
        "given_name": "Noa", "family_name": "Fictitious", "kind": "employee", "badge": "N70001",
        "telephone": "555-0123", "station": at.pk, "work": ["mail_exam"],
        "work_since": f"{at.today():%m/%d/%Y}", "email": "", "request_key": make.key(),
    } | more  # fmt: skip


# --- the list ------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [1, 3])
def test_a_list_of_people_costs_the_same_however_long(
    admin, ada, number, django_assert_max_num_queries
):
    for _ in range(number):
        make.recorded(ada)

    with django_assert_max_num_queries(10):
        answer = admin.get("/people/")

    assert text_of(answer).count("Fictitious, Noa") == number


def test_the_list_is_searched_and_filtered_in_words(admin, ada, at):
    noa, ira = make.recorded(ada), make.recorded(ada, make.station("Den"), given_name="Ira")
    make.person(at, name="Uma")

    found = admin.get("/people/", {"q": noa.badge})
    elsewhere = admin.get("/people/", {"station": ira.station.code, "shown": "no_account"})
    nobody = admin.get("/people/", {"q": "Nobody at all"})

    assert [one.pk for one in found.context["people"]] == [noa.pk]
    assert [one.pk for one in elsewhere.context["people"]] == [ira.pk]
    assert [word.text for word in elsewhere.context["words"]] == ["At Den", "Without an account"]
    assert "Nobody fits this." in text_of(nobody)


def test_pages_of_people_follow_one_another_by_name(admin, ada):
    for n in range(30):
        make.recorded(ada, family_name=f"Name{n:02}")

    first = admin.get("/people/")
    second = admin.get(f"/people/{first.context['pager'].next}")

    names = [one.family_name for page in (first, second) for one in page.context["people"]]
    assert len(names) == 31
    assert names == sorted(names, key=str.lower)
    assert first.context["pager"].sentence == "1 to 25 of 31 people"


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.COORDINATOR])
def test_who_answers_for_a_station_sees_its_people_and_changes_none(client, ada, at, role):
    noa, other = make.recorded(ada), make.recorded(ada, make.station("Den"), given_name="Ira")
    chief = make.person(at, role)

    listed = text_of(browse(client, chief, "/people/"))
    page = client.get(f"/people/P-{noa.pk}/")

    assert "Fictitious, Noa" in listed
    assert "Ira" not in listed
    assert "Record a person" not in listed
    assert page.context["acts"] == []
    for where in (f"/people/P-{other.pk}/", "/people/new/", f"/people/P-{noa.pk}/change/",
                  f"/people/P-{noa.pk}/give-role/", "/roles/", "/audit/"):  # fmt: skip
        assert client.get(where).status_code == 404


def test_a_station_in_the_address_that_is_not_ones_own_is_left_out_and_said(client, ada, at):
    make.recorded(ada)
    elsewhere = make.station("Den")
    make.recorded(ada, elsewhere, given_name="Ira")
    chief = make.person(at, Role.SUPERVISOR)

    foreign = text_of(browse(client, chief, f"/people/?station={elsewhere.code}"))
    own = text_of(client.get(f"/people/?station={at.code}"))

    assert "The station in this address is not one of yours" in foreign
    assert "Fictitious, Noa" in foreign
    assert "Ira" not in foreign
    assert "not one of yours" not in own


def test_an_officer_sees_none_of_it(client, ada, at):
    officer = make.person(at)

    for where in ("/people/", f"/people/P-{ada.pk}/", "/people/stations/", "/people/dogs/"):
        assert browse(client, officer, where).status_code == 404


# --- recording and inviting ----------------------------------------------------------------------
def test_a_person_is_recorded_and_invited_in_one_form(admin, at):
    answer = admin.post("/people/new/", person_facts(at, email="noa@portal.example"), follow=True)

    noa = Person.objects.get(badge="N70001")
    assert "The invitation goes to noa@portal.example." in text_of(answer)
    assert answer.context["sign_in"] == ("Invited", "watch")
    assert noa.account.email == "noa@portal.example"
    assert Message.objects.get().recipient == noa


def test_the_form_sent_twice_records_one_and_mails_once(admin, at):
    facts = person_facts(at, email="noa@portal.example")

    for _ in range(2):
        admin.post("/people/new/", facts)

    assert Person.objects.filter(badge="N70001").count() == 1
    assert Message.objects.count() == 1


def test_an_address_already_used_records_nobody_and_keeps_what_was_typed(admin, ada, at):
    answer = admin.post("/people/new/", person_facts(at, email=ada.account.email))

    assert "signs in with this address already" in errors(answer)["email"][0]
    assert 'value="Noa"' in text_of(answer)
    assert not Person.objects.filter(badge="N70001").exists()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("given_name", {"given_name": "No\x07a"}),
        ("family_name", {"family_name": "x" * 81}),
        ("station", {"station": 0}),
        ("work_since", {"work_since": "01/01/2099"}),
        ("email", {"email": "noa"}),
        ("kind", {"kind": "portal"}),
        ("badge", {"badge": " "}),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(admin, at, field, wrong):
    answer = admin.post("/people/new/", person_facts(at, **wrong))

    assert list(errors(answer)) == [field]


def test_an_invitation_is_sent_again_to_a_better_address(admin, ada):
    noa = make.recorded(ada)
    for email in ("mistyped@portal.example", "noa@portal.example"):
        admin.post(f"/people/P-{noa.pk}/invite/", {"email": email, "request_key": make.key()})

    page = admin.get(f"/people/P-{noa.pk}/")

    assert Account.objects.get(person=noa).email == "noa@portal.example"
    assert page.context["acts"][0].label == "Invite again"


# --- changing ------------------------------------------------------------------------------------
def test_a_change_of_a_stale_page_shows_what_the_other_wrote_and_goes_through_once_more(
    admin, ada, at
):
    noa = make.recorded(ada)
    where = f"/people/P-{noa.pk}/change/"
    admin.post(where, person_facts(at, version=1, telephone="555-0100", badge=noa.badge))

    stale = admin.post(where, person_facts(at, version=1, telephone="555-0199", badge=noa.badge))

    assert "telephone: 555-0100" in errors(stale)["__all__"][0]
    assert 'value="555-0199"' in text_of(stale)
    version = stale.context["form"]["version"].value()
    admin.post(where, person_facts(at, version=version, telephone="555-0199", badge=noa.badge))
    noa.refresh_from_db()
    assert noa.telephone == "555-0199"


def test_the_change_page_begins_with_what_is_known(admin, ada):
    noa = make.recorded(ada, work=["trainer"])

    form = admin.get(f"/people/P-{noa.pk}/change/").context["form"]

    assert form["given_name"].value() == "Noa"
    assert form["work"].value() == ["trainer"]
    assert form["version"].value() == 1


def test_who_left_is_said_to_have_left_and_no_act_remains(admin, ada):
    noa = make.recorded(ada)

    answer = admin.post(
        f"/people/P-{noa.pk}/left/", {"on": f"{make.day(-1):%m/%d/%Y}"}, follow=True
    )

    assert answer.context["sign_in"] == ("Left", "quiet")
    assert answer.context["acts"] == []
    assert admin.get(f"/people/P-{noa.pk}/left/").status_code == 404
    assert admin.get(f"/people/P-{ada.pk}/left/").status_code == 404
    assert "on" in errors(admin.post(f"/people/P-{noa.pk}/left/", {"on": "01/01/2099"}))


def test_an_account_is_ended_with_a_reason(admin, at):
    uma = make.person(at)

    nothing = admin.post(f"/people/P-{uma.pk}/end-account/", {"reason": ""})
    admin.post(f"/people/P-{uma.pk}/end-account/", {"reason": "Long leave"})

    assert errors(nothing) == {"reason": ["Fill this in."]}
    assert not Account.objects.get(person=uma).is_active
    page = admin.get(f"/people/P-{uma.pk}/")
    assert page.context["sign_in"] == ("Account ended", "bad")
    assert page.context["acts"][0].label == "Invite"


# --- roles ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("place", "where"),
    [("everywhere", "The whole agency"), ("component", "Office of Field Operations"),
     ("region", "Laredo Field Office"), ("station", "Laredo")],
)  # fmt: skip
def test_a_role_is_given_in_a_place(admin, at, place, where):
    uma = make.person(at)
    keys = {"component": at.region.component_id, "region": at.region_id, "station": at.pk}
    value = f"{place}-{keys[place]}" if place in keys else place

    admin.post(
        f"/people/P-{uma.pk}/give-role/",
        {"role": Role.SUPERVISOR, "place": value, "starts_on": f"{at.today():%m/%d/%Y}",
         "ends_on": f"{at.today() + dt.timedelta(days=2):%m/%d/%Y}", "reason": "New here"},
    )  # fmt: skip

    grant = Grant.objects.get(person=uma)
    assert grant.where.startswith(where)
    assert grant.is_in_force(timezone.now() + dt.timedelta(days=2))
    assert not grant.is_in_force(timezone.now() + dt.timedelta(days=3))


def test_a_role_that_can_not_be_given_says_why(admin, ada, at):
    uma = make.person(at, Role.SUPERVISOR)
    where = f"/people/P-{uma.pk}/give-role/"
    facts = {
        "role": Role.SUPERVISOR,
        "place": f"station-{at.pk}",
        "starts_on": f"{at.today():%m/%d/%Y}",
    }

    assert "already has this role there" in errors(admin.post(where, facts))["role"][0]
    assert "place" in errors(admin.post(where, facts | {"place": "station-0"}))
    assert admin.get(f"/people/P-{ada.pk}/give-role/").status_code == 404


def test_a_role_is_ended_with_a_reason(admin, at):
    uma = make.person(at, Role.SUPERVISOR)
    grant = uma.grants.get()

    asked = admin.get(f"/roles/G-{grant.pk}/end/")
    admin.post(f"/roles/G-{grant.pk}/end/", {"reason": "Moved"})

    assert "Station supervisor, " in text_of(asked)
    assert not Grant.objects.in_force(timezone.now()).filter(person=uma).exists()
    assert admin.get(f"/roles/G-{grant.pk}/end/").status_code == 404
    assert [one.pk for one in admin.get(f"/people/P-{uma.pk}/").context["past_roles"]] == [grant.pk]


def test_an_administrator_does_not_end_their_own_role(admin, ada):
    assert admin.get(f"/roles/G-{ada.grants.get().pk}/end/").status_code == 404
    assert not admin.get(f"/people/P-{ada.pk}/").context["can_end"]


def test_a_supervisor_lends_their_role_and_takes_it_back(client, at):
    chief, deputy = make.person(at, Role.SUPERVISOR), make.person(at)
    client.force_login(chief.account)
    today = at.today()
    facts = {"grant": chief.grants.get().pk, "to": deputy.reference, "starts_on": f"{today:%m/%d/%Y}",
             "ends_on": f"{today + dt.timedelta(days=13):%m/%d/%Y}", "reason": "Leave"}  # fmt: skip

    too_long = client.post(
        "/roles/lend/", facts | {"ends_on": f"{today + dt.timedelta(days=20):%m/%d/%Y}"}
    )
    page = client.post("/roles/lend/", facts, follow=True)
    loan = Grant.objects.get(lent_from__person=chief)
    assert access.may(Person.objects.get(pk=deputy.pk), access.Permission.PEOPLE_SEE, at=at)
    client.post(f"/roles/G-{loan.pk}/end/", {"reason": "Back"})

    assert errors(too_long) == {"ends_on": ["A role is lent for one to 14 days."]}
    assert deputy.name in text_of(page)
    assert not Grant.objects.in_force(timezone.now()).filter(person=deputy).exists()


def test_fourteen_days_over_the_night_of_the_longer_day_are_fourteen_days(client, at):
    chief, deputy = make.person(at, Role.SUPERVISOR), make.person(at)
    client.force_login(chief.account)
    november = dt.date(at.today().year + 1, 11, 1)
    clocks_back = november + dt.timedelta(days=6 - november.weekday())  # its first Sunday
    first = clocks_back - dt.timedelta(days=13)
    facts = {"grant": chief.grants.get().pk, "to": deputy.reference, "starts_on": f"{first:%m/%d/%Y}",
             "ends_on": f"{clocks_back:%m/%d/%Y}"}  # fmt: skip

    answer = client.post("/roles/lend/", facts)

    loan = Grant.objects.get(lent_from__person=chief)
    assert answer.status_code == 302
    assert loan.ends_at - loan.starts_at == dt.timedelta(days=14)


def test_a_role_that_was_lent_is_not_lent_on_nor_ended_by_others(client, at):
    chief, deputy, other = make.person(at, Role.SUPERVISOR), make.person(at), make.person(at)
    now = timezone.now()
    loan = access.lend_role(
        grant=chief.grants.get(), to=deputy, starts_at=now, ends_at=now + dt.timedelta(days=3), by=chief
    )  # fmt: skip

    page = browse(client, Person.objects.get(pk=deputy.pk), "/roles/lend/")

    assert "You have no role of your own to lend." in text_of(page)
    assert client.get(f"/roles/G-{loan.pk}/end/").status_code == 404
    assert browse(client, other, "/roles/lend/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_who_has_which_role_costs_the_same_however_many(
    client, at, number, django_assert_max_num_queries
):
    auditor = make.person(at, Role.AUDITOR, scope=Scope.EVERYWHERE)
    for _ in range(number):
        make.person(at, Role.SUPERVISOR)
    client.force_login(auditor.account)

    with django_assert_max_num_queries(9):
        answer = client.get("/roles/", {"role": Role.SUPERVISOR})

    assert len(answer.context["grants"]) == number
    assert len(client.get("/roles/", {"role": "none"}).context["grants"]) == number + 1


# --- dogs and stations ---------------------------------------------------------------------------
def test_a_dog_is_recorded_and_weighed(admin, ada, at):
    noa = make.recorded(ada)
    facts = {"name": "Fictitious Rex", "microchip": "9990001", "discipline": "narcotic",
             "handler": noa.reference, "weight_kg": "31,5", "weighed_on": f"{make.day(-1):%m/%d/%Y}"}  # fmt: skip

    wrong = admin.post("/people/dogs/new/", facts | {"weight_kg": "much"})
    answer = admin.post("/people/dogs/new/", facts, follow=True)
    rex = Canine.objects.get()
    later = {"microchip": "9990002", "weight_kg": "", "weighed_on": ""}
    unweighed = admin.post("/people/dogs/new/", facts | later, follow=True)
    Canine.objects.get(microchip="9990002").delete()
    assert "a dose can’t be worked out" in text_of(unweighed)
    admin.post(f"/people/dogs/C-{rex.pk}/change/", facts | {"weight_kg": "32", "version": 1})

    assert errors(wrong) == {"weight_kg": ["Write kilograms between 1 and 120, for example 31.5."]}
    assert "31.5 kg" in text_of(answer)
    assert str(Canine.objects.get().weight_kg) == "32.0"
    assert admin.get(f"/people/dogs/C-{rex.pk}/change/").context["form"]["handler"].value() == noa
    assert [dog.pk for dog in admin.get("/people/dogs/", {"q": "9990001"}).context["canines"]] == [
        rex.pk
    ]


@pytest.mark.parametrize("number", [1, 3])
def test_dogs_cost_the_same_however_many(admin, ada, number, django_assert_max_num_queries):
    for _ in range(number):
        make.canine(ada, make.recorded(ada))

    with django_assert_max_num_queries(8):
        admin.get("/people/dogs/")


def test_a_station_shows_who_answers_for_it_and_who_is_there(admin, ada, at):
    chief = make.person(at, Role.SUPERVISOR)
    make.canine(ada, chief)

    page = text_of(admin.get(f"/people/stations/{at.code}/"))
    empty = text_of(admin.get(f"/people/stations/{make.station('Den').code}/"))

    assert f"{chief}, station supervisor" in page
    assert "Fictitious Rex" in page
    assert "Nobody is supervisor or coordinator here" in empty


def test_a_station_is_changed_by_the_administrator_only(client, admin, at):
    where = f"/people/stations/{at.code}/change/"
    known = {"region": at.region.pk, "facility_type": at.facility_type, "state": at.state,
             "time_zone": at.time_zone, "version": 1}  # fmt: skip

    admin.post(where, known | {"name": "Laredo II"})
    stale = admin.post(where, known | {"name": "Laredo III"})

    at.refresh_from_db()
    assert at.name == "Laredo II"
    assert "name: Laredo II" in errors(stale)["__all__"][0]
    assert browse(client, make.person(at, Role.SUPERVISOR), where).status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_stations_cost_the_same_however_many(admin, number, django_assert_max_num_queries):
    for n in range(number):
        make.station(f"Fictitious {n}")

    with django_assert_max_num_queries(9):
        answer = admin.get("/people/stations/", {"q": "Fictitious"})

    assert len(answer.context["stations"]) == number


# --- the audit -----------------------------------------------------------------------------------
def test_the_auditor_reads_who_did_what_by_thing_act_and_person(client, ada, at):
    noa = make.recorded(ada)
    audit.record("role.given", by=noa, target="P-1", station=at, role="auditor")
    auditor = make.person(at, Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)

    for query in (
        {"about": noa.reference.lower()},
        {"act": "person.rec"},
        {"by": ada.badge, "act": "person"},
    ):
        rows = client.get("/audit/", query).context["rows"]
        assert [(row.act, row.target) for row in rows] == [("person.recorded", noa.reference)]
    audit.record("custody.moved", by=ada, target="2 kits", kits="K-24, K-249")
    for about, number in (("k-249", 1), ("K-24", 1), ("K-2", 0)):
        assert len(client.get("/audit/", {"about": about}).context["rows"]) == number
    assert "No act fits this." in text_of(client.get("/audit/", {"about": "K-0"}))


def test_an_auditor_of_a_station_reads_of_no_other(client, at):
    other = make.station("Den")
    for station in (at, other, None):
        audit.record(
            "kit.seen", by=Person.objects.portal(), target=f"at {station}", station=station
        )

    rows = browse(client, make.person(at, Role.AUDITOR), "/audit/").context["rows"]

    assert [row.target for row in rows if row.act == "kit.seen"] == [f"at {at}"]


@pytest.mark.parametrize("number", [1, 3])
def test_the_audit_costs_the_same_however_long(client, at, number, django_assert_max_num_queries):
    auditor = make.person(at, Role.AUDITOR, scope=Scope.EVERYWHERE)
    for _ in range(number):
        audit.record("kit.seen", by=auditor, target="K-1")
    client.force_login(auditor.account)

    with django_assert_max_num_queries(9):
        answer = client.get("/audit/", {"about": "K-1"})

    assert len(answer.context["rows"]) == number


def test_look_ups_find_only_whom_one_sees(client, ada, at):
    make.recorded(ada), make.recorded(ada, make.station("Den"), given_name="Noam")
    where = "/options/people/?field=to&to_text=Noa"

    assert text_of(browse(client, ada, where)).count("Fictitious") == 2
    assert text_of(browse(client, make.person(at, Role.SUPERVISOR), where)).count("Fictitious") == 1
    assert "Fictitious" not in text_of(browse(client, make.person(at), where))
