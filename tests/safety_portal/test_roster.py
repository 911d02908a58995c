"""The verbs of people, accounts, dogs and stations: what they do, what they refuse, and for whom."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.utils import timezone

from safety_portal import access, roster
from safety_portal.access import AccessError, Grant, Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.outbox import Message
from safety_portal.people import Account, Canine, Person, PersonError
from safety_portal.versions import StaleError
from tests.safety_portal import make

pytestmark = pytest.mark.django_db

WORDS = "oranges climb blue ladders"


@pytest.fixture
def at():
    return make.station()


@pytest.fixture
def ada(at):
    return make.administrator(at)


def acts(target):
    return list(AuditRow.objects.about(target).values_list("act", flat=True))


def refused(field, verb, **facts):
    with pytest.raises(PersonError) as caught:
        verb(**facts)
    assert caught.value.field == field
    return str(caught.value)


def invite(person, by, email="noa@portal.example", **more):
    return roster.invite_person(person=person, email=email, now=timezone.now(), by=by, **more)


def links():
    """The paths in the invitations, oldest first."""
    bodies = [message.body for message in Message.objects.order_by("pk")]
    return [re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", b)[1] for b in bodies]


# --- people --------------------------------------------------------------------------------------
def test_a_person_is_recorded_with_their_work(ada, at):
    noa = make.recorded(ada, work=["mail_exam", "trainer"], work_since=make.day(-3))

    assert noa.name == "Noa Fictitious"
    assert set(noa.work.values_list("role", "started_on")) == {
        ("mail_exam", make.day(-3)),
        ("trainer", make.day(-3)),
    }
    assert acts(noa.reference) == ["person.recorded"]


def test_the_same_form_sent_twice_records_one_person(ada, at):
    facts = make.facts(at)

    first, second = (roster.record_person(**facts, by=ada) for _ in range(2))

    assert first == second
    assert acts(first.reference) == ["person.recorded"]


def test_a_badge_belongs_to_one_person(ada, at):
    noa = make.recorded(ada, badge="N77")

    said = refused(
        "badge", roster.record_person, **make.facts(at, badge="n77", given_name="Ira"), by=ada
    )

    assert said == f"Badge n77 is that of Noa Fictitious, {noa.reference}."


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("station", {"station": None}),
        ("badge", {"badge": ""}),
        ("kind", {"kind": "portal"}),
        ("work_since", {"work_since": dt.date(2099, 1, 1)}),
    ],
)
def test_what_a_person_can_not_be_is_said_at_its_field(ada, at, field, wrong):
    refused(field, roster.record_person, **make.facts(at, **wrong), by=ada)

    assert not Person.objects.filter(given_name="Noa").exists()


def test_a_change_is_written_with_what_was_before(ada, at):
    noa, other = make.recorded(ada, work=["mail_exam"]), make.station("Den")

    roster.change_person(
        person=noa, version=1, family_name="Invented", station=other, work=["trainer"], by=ada
    )

    noa.refresh_from_db()
    assert (noa.family_name, noa.station, noa.version) == ("Invented", other, 2)
    assert list(noa.work.filter(ended_on=None).values_list("role", flat=True)) == ["trainer"]
    told = AuditRow.objects.get(act="person.changed").facts
    assert "family name: Fictitious → Invented" in told
    assert "work ended: mail_exam" in told


def test_a_change_of_nothing_leaves_no_trace(ada):
    noa = make.recorded(ada)

    roster.change_person(person=noa, version=1, family_name="Fictitious", by=ada)

    assert acts(noa.reference) == ["person.recorded"]
    assert Person.objects.get(pk=noa.pk).version == 1


def test_one_change_sent_twice_is_one_change(ada):
    noa = make.recorded(ada)
    telephone = {"version": 1, "telephone": "555-0100", "by": ada}

    roster.change_person(person=noa, **telephone)
    roster.change_person(person=Person.objects.get(pk=noa.pk), **telephone)

    assert acts(noa.reference) == ["person.recorded", "person.changed"]


def test_who_changes_a_stale_page_reads_what_the_other_wrote(ada):
    noa = make.recorded(ada)
    roster.change_person(person=noa, version=1, telephone="555-0100", by=ada)

    with pytest.raises(StaleError, match="They wrote: telephone: 555-0100"):
        roster.change_person(person=noa, version=1, telephone="555-0199", by=ada)

    noa.refresh_from_db()
    assert (noa.telephone, noa.version) == ("555-0100", 2)


def test_work_can_not_end_before_it_began(ada):
    noa = make.recorded(ada, work=["trainer"])

    refused(
        "work_since", roster.change_person,
        person=noa, version=1, work=[], work_since=make.day(-9), by=ada,
    )  # fmt: skip


def test_who_left_is_not_changed(ada):
    noa = make.recorded(ada)
    roster.record_left(person=noa, on=make.day(-1), by=ada)

    said = refused(None, roster.change_person, person=noa, version=2, badge="N1", by=ada)

    assert "left on" in said


def test_the_portal_is_no_person_to_change_or_leave(ada):
    portal = Person.objects.portal()

    refused(None, roster.change_person, person=portal, version=1, badge="N1", by=ada)
    refused(None, roster.record_left, person=portal, on=make.day(-1), by=ada)


def test_who_leaves_loses_account_roles_and_what_they_lent(ada, at):
    chief, deputy = make.person(at, Role.SUPERVISOR), make.person(at)
    now = timezone.now()
    access.lend_role(
        grant=chief.grants.get(), to=deputy, starts_at=now, ends_at=now + dt.timedelta(days=3), by=chief
    )  # fmt: skip

    roster.record_left(person=chief, on=make.day(-1), by=ada)

    assert not Grant.objects.in_force(timezone.now()).filter(station=at).exists()
    assert not Account.objects.get(person=chief).is_active
    assert acts(chief.reference)[-1] == "person.left"


def test_nobody_leaves_tomorrow_twice_or_by_their_own_hand(ada):
    noa = make.recorded(ada, work=["trainer"])

    refused("on", roster.record_left, person=noa, on=make.day(2), by=ada)
    refused(None, roster.record_left, person=ada, on=make.day(-1), by=ada)
    roster.record_left(person=noa, on=make.day(-1), by=ada)
    refused(None, roster.record_left, person=noa, on=make.day(-1), by=ada)


# --- accounts ------------------------------------------------------------------------------------
def test_the_mailed_link_chooses_a_password(ada, client):
    noa = make.recorded(ada)

    invite(noa, ada)

    form = client.get(links()[0], follow=True)
    client.post(form.request["PATH_INFO"], {"password1": WORDS, "password2": WORDS})
    assert Account.objects.get(person=noa).check_password(WORDS)
    message = Message.objects.filter(kind=roster.INVITATION).get()
    assert (message.address, message.recipient) == ("noa@portal.example", noa)
    assert message.kind.startswith("account")
    assert "account.invited" in acts(noa.reference)


def test_inviting_again_sends_a_new_link_and_ends_the_old_one(ada, client):
    noa = make.recorded(ada)
    invite(noa, ada, email="mistyped@portal.example")
    invite(noa, ada)

    old, new = links()

    assert client.get(old, follow=True).context["token_fail"]
    assert "token_fail" not in client.get(new, follow=True).context
    assert Account.objects.get(person=noa).email == "noa@portal.example"
    assert list(Message.objects.values_list("address", flat=True)) == [
        "mistyped@portal.example",
        "noa@portal.example",
    ]


def test_one_press_of_the_button_sends_one_mail(ada):
    noa, key = make.recorded(ada), make.key()

    first, second = (invite(noa, ada, request_key=key) for _ in range(2))

    assert first == second
    assert Message.objects.count() == 1


def test_an_address_belongs_to_one_person(ada):
    invite(make.recorded(ada), ada)
    ira = make.recorded(ada, given_name="Ira")

    said = refused("email", invite, person=ira, by=ada, email="NOA@portal.example")

    assert "signs in with this address already" in said
    refused("email", invite, person=ira, by=ada, email="")


def test_who_has_a_password_is_not_invited_again(ada):
    noa = make.recorded(ada)
    account = invite(noa, ada)
    account.set_password(WORDS)
    account.save()

    assert "has chosen a password" in refused(None, invite, person=noa, by=ada)


def test_who_left_is_not_invited(ada):
    noa = make.recorded(ada)
    roster.record_left(person=noa, on=make.day(-1), by=ada)

    refused(None, invite, person=noa, by=ada)


def test_an_ended_account_signs_in_no_more_until_invited_again(ada, client):
    noa = make.recorded(ada)
    account = invite(noa, ada)
    client.force_login(account)

    roster.end_account(person=noa, reason="Long leave", by=ada)

    assert client.get("/").status_code == 302
    assert "reason: Long leave" in AuditRow.objects.get(act="account.ended").facts
    refused(None, roster.end_account, person=noa, reason="", by=ada)
    refused(None, roster.end_account, person=ada, reason="", by=ada)
    assert invite(noa, ada).is_active


# --- dogs and stations ---------------------------------------------------------------------------
def test_a_dog_stands_at_its_handlers_station(ada, at):
    noa = make.recorded(ada)

    rex = make.canine(ada, noa, weight_kg=Decimal("31.5"), weighed_on=make.day(-1))
    again = make.canine(
        ada, noa, weight_kg=Decimal("31.5"), weighed_on=make.day(-1), microchip=rex.microchip
    )

    assert (rex.station, again) == (at, rex)
    assert acts(rex.reference) == ["canine.recorded"]


def test_a_dog_goes_with_its_new_handler(ada, at):
    rex = make.canine(ada, make.recorded(ada))
    ira = make.recorded(ada, make.station("Den"), given_name="Ira")

    roster.change_canine(canine=rex, version=1, handler=ira, by=ada)

    rex.refresh_from_db()
    assert (rex.handler, rex.station, rex.version) == (ira, ira.station, 2)
    assert "handler: Noa Fictitious → Ira" in AuditRow.objects.get(act="canine.changed").facts
    with pytest.raises(StaleError):
        roster.change_canine(canine=rex, version=1, name="Other", by=ada)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("microchip", {"microchip": ""}),
        ("handler", {"handler": None}),
        ("weighed_on", {"weight_kg": Decimal(30)}),
        ("weight_kg", {"weighed_on": dt.date(2026, 1, 1)}),
        ("weight_kg", {"weight_kg": Decimal(0), "weighed_on": dt.date(2026, 1, 1)}),
        ("weighed_on", {"weight_kg": Decimal(30), "weighed_on": dt.date(2099, 1, 1)}),
        ("born_on", {"born_on": dt.date(2099, 1, 1)}),
    ],
)
def test_what_a_dog_can_not_be_is_said_at_its_field(ada, field, wrong):
    facts = {"handler": make.recorded(ada)} | wrong

    refused(field, make.canine, by=ada, **facts)


def test_a_chip_belongs_to_one_dog_and_who_left_leads_none(ada):
    noa, ira = make.recorded(ada), make.recorded(ada, given_name="Ira")
    rex = make.canine(ada, noa)

    assert rex.reference in refused(
        "microchip", make.canine, by=ada, handler=ira, microchip=rex.microchip
    )
    roster.record_left(person=ira, on=make.day(-1), by=ada)
    refused("handler", make.canine, by=ada, handler=ira)
    refused(
        "retired_on", roster.change_canine,
        canine=rex, version=1, retired_on=dt.date(2099, 1, 1), by=ada,
    )  # fmt: skip
    assert Canine.objects.count() == 1


def test_a_station_gets_another_name_and_clock(ada, at):
    roster.change_station(
        station=at, version=1, name="Laredo II", time_zone="America/Denver", by=ada
    )

    at.refresh_from_db()
    assert (at.name, at.time_zone, at.version) == ("Laredo II", "America/Denver", 2)
    assert acts(at.code) == ["station.changed"]
    refused(
        "time_zone", roster.change_station,
        station=at, version=2, name="x", time_zone="Mars/Base", by=ada,
    )  # fmt: skip
    with pytest.raises(StaleError, match="name: Laredo II"):
        roster.change_station(station=at, version=1, name="x", time_zone="UTC", by=ada)


# --- for whom ------------------------------------------------------------------------------------
@pytest.mark.parametrize("scope", [Scope.STATION, None])
def test_only_an_administrator_of_the_whole_agency_keeps_people(ada, at, scope):
    noa, rex = make.recorded(ada), make.canine(ada, make.recorded(ada))
    other = make.person(at, *([Role.ADMINISTRATOR] if scope else [Role.SUPERVISOR]))

    for verb, facts in (
        (roster.record_person, make.facts(at)),
        (roster.change_person, {"person": noa, "version": 1}),
        (roster.record_left, {"person": noa, "on": make.day(-1)}),
        (roster.invite_person, {"person": noa, "email": "a@b.example", "now": timezone.now()}),
        (roster.end_account, {"person": ada, "reason": ""}),
        (make.canine, {"handler": noa}),
        (roster.change_canine, {"canine": rex, "version": 1}),
        (roster.change_station, {"station": at, "version": 1, "name": "x", "time_zone": "UTC"}),
    ):
        with pytest.raises(AccessError):
            verb(**facts, by=other)
