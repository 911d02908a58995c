"""One offer through its page: answered, shown to a phone, looked at again, withdrawn."""

import datetime as dt
import re

import pytest
from django.db.models import F
from django.utils import timezone
from django.utils.html import strip_tags

from naloxone import actions
from naloxone.models import HandOver, HandOverLine, Kit
from safety_portal import qr
from safety_portal.access import Role, Scope
from tests.naloxone import make
from tests.naloxone.test_views_hand_overs import offered
from tests.naloxone.test_views_stock import ZONE, errors

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(client):
    person = make.coordinator(make.station())
    client.force_login(person.account)
    return person


@pytest.fixture
def store(by):
    return make.place(by, "Cabinet A")


@pytest.fixture
def officer(by):
    return make.person(by.station, name="Olive")


def said(answer):
    """What an offer's page, or the part that is swapped into it, says of the answer."""
    part = re.split(r'<div id="answer"[^>]*>', answer.content.decode())[-1]
    return " ".join(strip_tags(part.split('<div id="offer"')[0]).split())


def clock(offer):
    """When it was answered, as a clock at Laredo showed it."""
    return f"{offer.lines.first().ended_at.astimezone(ZONE):%H:%M %Z}"


def days_later(offer, days=2):
    """The same offer, but answered that long ago."""
    offer.lines.update(ended_at=F("ended_at") - dt.timedelta(days=days))


# --- answering ------------------------------------------------------------------------------------------
def test_one_may_leave_some_out_with_a_reason(client, by, store, officer):
    kits = make.delivery(by, store, cartons=3)
    offer = offered(kits, officer, by)
    page = f"/hand-overs/{offer.reference}/"
    client.force_login(officer.account)
    told = {"answer": "ticked", "take": [kits[0].reference], "request_key": str(make.key())}

    silent = client.post(page, told)
    assert "Say why you do not take" in errors(silent)["reason"][0]
    assert [line.ticked for line in silent.context["lines"]] == [True, False, False]
    answer = client.post(page, told | {"reason": "Seal is broken"}, follow=True)

    assert said(answer).endswith("1 kit is with you now. Not taken: 2.")
    assert "Seal is broken" in answer.content.decode()
    assert Kit.objects.filter(holder__person=officer).get() == kits[0]
    another = told | {"reason": "x", "request_key": str(make.key())}
    again = client.post(page, another, follow=True)
    assert "has already been answered" in again.content.decode()


def test_all_are_accepted_by_the_large_button_whatever_is_ticked(client, by, store, officer):
    kits = make.delivery(by, store, cartons=2)
    offer = offered(kits, officer, by)
    client.force_login(officer.account)

    told = {"answer": "all", "request_key": str(make.key())}
    for _ in range(2):
        answer = client.post(f"/hand-overs/{offer.reference}/", told, follow=True)
        assert said(answer) == f"Accepted by you at {clock(offer)}; 2 kits are with you now."
        assert not list(answer.context["messages"])

    assert Kit.objects.filter(holder__person=officer).count() == 2


def test_all_may_be_refused(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    client.force_login(officer.account)

    told = {"answer": "ticked", "reason": "Not for me", "request_key": str(make.key())}
    for _ in range(2):
        answer = client.post(f"/hand-overs/{offer.reference}/", told, follow=True)
        assert said(answer) == f"Refused by you at {clock(offer)}; nothing has moved."
        assert not list(answer.context["messages"])

    assert HandOverLine.objects.get().outcome == "refused"
    assert Kit.objects.get().holder == store


def test_only_the_receiver_answers_and_strangers_see_nothing(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    page = f"/hand-overs/{offer.reference}/"

    assert client.get(page).context["form"] is None
    assert client.post(page, {"answer": "all"}).status_code == 404
    client.force_login(make.coordinator(make.station()).account)
    assert client.get(page).status_code == 404
    assert client.post(page + "withdraw/").status_code == 404
    assert client.get("/hand-overs/H-0/").status_code == 404


def test_the_giver_withdraws_once(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    page = f"/hand-overs/{offer.reference}/"
    assert b"Withdraw H-" in client.get(page).content

    assert b"nothing has moved" in client.post(page + "withdraw/", follow=True).content
    assert b"Nothing of H-" in client.post(page + "withdraw/", follow=True).content


def test_a_receiver_may_not_withdraw(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    client.force_login(officer.account)

    assert client.post(f"/hand-overs/{offer.reference}/withdraw/").status_code == 404


# --- what the page says of an answer --------------------------------------------------------------------
def answer(offer, by, *refused):
    return actions.answer_offer(
        offer=offer,
        refused={kit.pk: "Seal is broken" for kit in refused},
        now=timezone.now(),
        request_key=make.key(),
        by=by,
    )


def test_until_it_is_answered_the_page_says_by_when(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    due = f"{offer.due_at.astimezone(ZONE):%H:%M %Z}"

    assert f"{due}. Until they accept, the kits stay with" in said(
        client.get(offer.get_absolute_url())
    )
    client.force_login(officer.account)
    assert f"{due}." in said(client.get(offer.get_absolute_url()))
    HandOver.objects.update(due_at=timezone.now())
    assert "This answer was due by" in said(client.get(offer.get_absolute_url()))


def test_who_gave_reads_who_accepted_and_where_the_kits_are(client, by, store, officer):
    kits = make.delivery(by, store, cartons=3)
    offer = offered(kits, officer, by)
    answer(offer, officer, kits[2])
    page = offer.get_absolute_url()

    assert said(client.get(page)) == (
        f"Accepted by {officer} at {clock(offer)}; 2 kits are with them now. Not taken: 1."
    )
    make.hand(kits[:1], make.person(by.station), by=officer)
    assert "2 kits went to them. Not taken: 1." in said(client.get(page))
    days_later(offer)
    day = offer.lines.first().ended_at.astimezone(ZONE)
    assert f"Accepted by {officer} on {day.day} {day:%b %Y}, {clock(offer)};" in said(
        client.get(page)
    )


def test_a_place_is_named_apart_from_who_accepts_for_it(client, by, store, officer):
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    offer = offered([kit], store, officer)
    answer(offer, by)
    client.force_login(officer.account)

    assert said(client.get(offer.get_absolute_url())) == (
        f"Accepted by {by} at {clock(offer)}; 1 kit is with Cabinet A now."
    )


def test_a_refusal_names_who_refused_and_a_withdrawal_nobody(client, by, store, officer):
    kits = make.delivery(by, store)
    refused = offered(kits, officer, by)
    answer(refused, officer, *kits)
    withdrawn = offered(kits, officer, by)
    actions.withdraw_offer(offer=withdrawn, now=timezone.now(), by=by)

    assert said(client.get(refused.get_absolute_url())) == (
        f"Refused by {officer} at {clock(refused)}; nothing has moved."
    )
    assert said(client.get(withdrawn.get_absolute_url())) == (
        "Nothing was accepted, and nothing is open any more."
    )


# --- on their own phone ---------------------------------------------------------------------------------
def address_shown(client, offer):
    """The address that the code on the page leads to, or None."""
    code = client.get(offer.get_absolute_url()).context["code"]
    return code and code.address


def test_the_givers_side_shows_the_public_address_as_a_code(client, by, store, officer, settings):
    settings.PUBLIC_URL = "https://portal.example"
    offer = offered(make.delivery(by, store), officer, by)
    address = f"https://portal.example/hand-overs/{offer.reference}/"

    shown = client.get(offer.get_absolute_url(), headers={"host": "localhost"}).content.decode()

    assert qr.draw(address)[1] in shown
    assert f'href="{address}"' in shown
    assert "Only this computer" not in shown
    colleague = make.coordinator(by.station)
    client.force_login(colleague.account)
    assert address_shown(client, offer) == address


def test_an_address_that_no_phone_reaches_is_said_to_be_one(client, by, store, officer, settings):
    settings.PUBLIC_URL = "http://localhost:8000"
    offer = offered(make.delivery(by, store), officer, by)

    assert (
        b"Only this computer can open this address" in client.get(offer.get_absolute_url()).content
    )


def test_neither_the_receiver_nor_who_only_looks_on_is_shown_a_code(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)

    for person in (officer, auditor):
        client.force_login(person.account)
        assert address_shown(client, offer) is None


def test_who_may_accept_for_the_place_is_shown_the_form_and_no_code(client, by, store, officer):
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    offer = offered([kit], store, officer)

    shown = client.get(offer.get_absolute_url()).context
    assert (shown["code"], shown["form"] is None) == (None, False)
    client.force_login(officer.account)
    assert address_shown(client, offer)


def test_after_the_answer_there_is_no_code(client, by, store, officer):
    offer = answer(offered(make.delivery(by, store), officer, by), officer)

    assert address_shown(client, offer) is None


# --- looking again --------------------------------------------------------------------------------------
BY_ITSELF = {"HX-Request": "true"}


def look_again(client, offer):
    return client.get(f"{offer.get_absolute_url()}look-again/", headers=BY_ITSELF)


def test_looking_again_hears_nothing_until_the_answer(client, by, store, officer):
    kits = make.delivery(by, store, cartons=2)
    offer = offered(kits, officer, by)
    waiting = look_again(client, offer)
    assert (waiting.status_code, waiting.content) == (204, b"")

    answer(offer, officer)

    told = look_again(client, offer)
    assert said(told) == f"Accepted by {officer} at {clock(offer)}; 2 kits are with them now."
    assert told.content.decode().count("Accepted</span>") == 2
    assert "look-again" not in told.content.decode()


def test_looking_again_costs_little(client, by, store, officer, django_assert_num_queries):
    offer = offered(make.delivery(by, store, cartons=3), officer, by)
    look_again(client, offer)

    with django_assert_num_queries(5):  # session, person, their grants, the offer, an open line
        look_again(client, offer)


def test_looking_again_keeps_no_session_alive(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    client.get(offer.get_absolute_url())
    session = client.session
    session["seen_at"] -= 600
    session.save()

    look_again(client, offer)
    assert client.session["seen_at"] == session["seen_at"]
    client.get(offer.get_absolute_url())
    assert client.session["seen_at"] > session["seen_at"]


def test_without_a_script_looking_again_is_the_page(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    page = offer.get_absolute_url()

    assert client.get(f"{page}look-again/").url == page
    assert f'href="{page}">Look again</a>' in client.get(page).content.decode()


def test_a_stranger_with_the_address_finds_nothing(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    client.force_login(make.coordinator(make.station()).account)

    assert client.get(offer.get_absolute_url()).status_code == 404
    assert look_again(client, offer).status_code == 404
