"""A dog's dose comes from the protocol in force and its newest weight; its card says when it holds no more."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError, ProgrammingError
from django.utils import timezone

from safety_portal import roster
from safety_portal.access import AccessError, Role, Scope
from safety_portal.alerts import Alert, kinds, run_sweeps
from safety_portal.audit import AuditRow
from safety_portal.people import Canine, CanineWeight, PersonError
from tests import paper
from tests.safety_portal import make as core
from tests.training import make
from training import actions, doses, notices, printed
from training.models import DoseCard
from training.rules import Dosing, Kind, ProtocolError, Stale, Unit

pytestmark = pytest.mark.django_db
VIAL = Dosing("Naloxone 1 mg/mL", Unit.MILLILITRE, Decimal(1), Decimal("0.04"))


@pytest.fixture
def handler():
    return make.person(make.station(), name="Hazel")


@pytest.fixture
def rex(handler):
    return make.canine(handler)


@pytest.fixture
def protocol():
    return make.in_force(make.author(), Kind.CANINE_DOSE)


def sheet(dog, now=None):
    dogs = Canine.objects.select_related("station__region", "handler").filter(pk=dog.pk)
    [found] = doses.sheets(list(dogs), now or timezone.now())
    return found


# --- weights -------------------------------------------------------------------------------------
def test_a_weight_is_a_row_with_its_day_and_teller_and_the_newest_counts(rex, handler):
    make.weigh(rex, handler, "30.1", on=make.day(-9))
    make.weigh(rex, handler, "31.5")
    rex.refresh_from_db()

    assert (rex.weight_kg, rex.weighed_on) == (Decimal("31.5"), make.day(-1))
    assert list(rex.weights.values_list("kg", "by")) == [
        (Decimal("31.5"), handler.pk), (Decimal("30.1"), handler.pk),
    ]  # fmt: skip
    assert AuditRow.objects.filter(act="canine.weighed").count() == 2
    with pytest.raises((ProgrammingError, InternalError)), transaction.atomic():
        connection.cursor().execute("delete from safety_portal_canineweight")


def test_the_same_weighing_sent_twice_is_one(rex, handler):
    facts = {"canine": rex, "weight_kg": Decimal(30), "weighed_on": make.day(0), "request_key": make.key()}  # fmt: skip

    assert roster.record_weight(**facts, by=handler) == roster.record_weight(**facts, by=handler)
    assert CanineWeight.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("weight_kg", {"weight_kg": None}),
        ("weight_kg", {"weight_kg": Decimal(0)}),
        ("weighed_on", {"weighed_on": make.day(3)}),
        ("weighed_on", {"weighed_on": make.day(-5)}),
    ],
)
def test_a_weight_that_can_not_be_is_refused_at_its_field(rex, handler, field, more):
    make.weigh(rex, handler)
    facts = {"canine": rex, "weight_kg": Decimal(30), "weighed_on": make.day(0)} | more

    with pytest.raises(PersonError) as caught:
        roster.record_weight(**facts, request_key=make.key(), by=handler)
    assert caught.value.field == field


def test_only_its_handler_and_who_keeps_dogs_there_weigh_a_dog(rex, handler):
    at = handler.station
    make.weigh(rex, make.person(at, Role.COORDINATOR))
    make.weigh(rex, make.person(at, Role.CANINE_PROGRAMME, scope=Scope.EVERYWHERE))

    for by in (make.person(at), make.person(at, Role.SUPERVISOR), make.person(make.station(), Role.COORDINATOR)):  # fmt: skip
        with pytest.raises(AccessError):
            make.weigh(rex, by)
        with pytest.raises(AccessError):
            make.card(rex, by)


def test_what_an_administrator_records_and_changes_is_a_weight_too(handler):
    ada = core.administrator(handler.station)
    dog = core.canine(ada, handler, weight_kg=Decimal(30), weighed_on=make.day(-2))
    facts = {"canine": dog, "version": 1, "by": ada}
    roster.change_canine(**facts, name="Other")
    assert dog.weights.count() == 1

    roster.change_canine(**facts | {"version": 2}, weight_kg=Decimal(31))
    dog.refresh_from_db()
    assert [w.kg for w in dog.weights.all()] == [31, 30]
    roster.change_canine(**facts | {"version": 3}, weight_kg=None, weighed_on=None)
    assert dog.weights.count() == 2
    dog.refresh_from_db()
    assert sheet(dog).weight is None


# --- the dose ------------------------------------------------------------------------------------
def test_without_a_protocol_in_force_there_is_no_dose(rex, handler):
    make.draft(make.author(), Kind.CANINE_DOSE)
    make.weigh(rex, handler)

    found = sheet(rex)
    assert found.doses == []
    assert found.stale == [Stale.NO_PROTOCOL, Stale.NO_CARD]
    assert not found.can_be_made


def test_the_dose_is_the_protocols_and_changes_with_it(rex, handler, protocol):
    make.weigh(rex, handler, "40")
    assert [dose.mg for dose in sheet(rex).doses] == [Decimal("1.6")]

    other = make.author()
    twice = Dosing("Naloxone 4 mg nasal spray", Unit.DEVICE, Decimal(4), Decimal("0.2"))
    newer = make.newer(protocol, other, dosings=[twice, VIAL])
    assert [dose.mg for dose in sheet(rex).doses] == [Decimal("1.6")]
    actions.approve_version(version=newer, now=timezone.now(), by=make.author())

    assert [dose.words for dose in sheet(rex).doses] == [
        "2 doses of Naloxone 4 mg nasal spray", "1.6 mL of Naloxone 1 mg/mL",
    ]  # fmt: skip


@pytest.mark.parametrize("number", [1, 3])
def test_sheets_cost_the_same_however_many_dogs(protocol, handler, number, django_assert_num_queries):  # fmt: skip
    for _ in range(number):
        make.weigh(make.canine(handler), handler)
    dogs = list(Canine.objects.select_related("station__region"))

    with django_assert_num_queries(4):
        assert [d.mg for s in doses.sheets(dogs, timezone.now()) for d in s.doses]


# --- cards ---------------------------------------------------------------------------------------
def test_a_card_holds_until_the_weight_or_the_protocol_changes_or_the_weight_is_old(
    rex, handler, protocol, settings
):
    make.weigh(rex, handler, on=make.day(0))
    card = make.card(rex, handler)
    assert (sheet(rex).stale, sheet(rex).badge) == ([], ("Holds", "good"))
    assert make.card(rex, handler) == card  # it holds, so no other is made

    assert sheet(rex, timezone.now() + dt.timedelta(days=180)).stale == []
    old = sheet(rex, timezone.now() + dt.timedelta(days=182))
    assert (old.stale, old.badge) == ([Stale.OLD_WEIGHT], ("Stale", "bad"))
    settings.CANINE_WEIGHT_DAYS = 200
    assert sheet(rex, timezone.now() + dt.timedelta(days=182)).stale == []

    make.weigh(rex, handler, "33", on=make.day(0))
    assert sheet(rex).stale == [Stale.OTHER_WEIGHT]
    newer = make.newer(protocol, make.author())
    actions.approve_version(version=newer, now=timezone.now(), by=make.author())
    assert sheet(rex).why == "it was weighed again since; the protocol has changed since"
    assert make.card(rex, handler) != card
    assert sheet(rex).stale == []


def test_a_card_sent_twice_is_one(rex, handler, protocol):
    make.weigh(rex, handler)
    facts = {"canine": rex, "now": timezone.now(), "request_key": make.key(), "by": handler}
    rex.refresh_from_db()
    one = actions.make_dose_card(**facts)
    make.weigh(rex, handler)

    assert actions.make_dose_card(**facts) == one
    assert DoseCard.objects.count() == 1
    with pytest.raises((ProgrammingError, InternalError)), transaction.atomic():
        connection.cursor().execute("update training_dosecard set canine_id = 1")


def test_no_card_is_made_without_a_weight_an_old_one_or_no_protocol(rex, handler):
    with pytest.raises(ProtocolError, match="no protocol"):
        make.card(rex, handler)
    make.in_force(make.author(), Kind.CANINE_DOSE)
    with pytest.raises(ProtocolError, match="not known"):
        make.card(rex, handler)
    make.weigh(rex, handler, on=make.day(-300))
    with pytest.raises(ProtocolError, match="too long ago"):
        make.card(rex, handler)


# --- who hears -----------------------------------------------------------------------------------
def test_a_stale_card_is_told_to_its_handler_and_the_canine_programme_until_it_is_made(
    rex, handler, protocol
):
    fine = make.canine(make.person(handler.station))
    make.weigh(fine, fine.handler)
    make.card(fine, fine.handler)
    programme = make.person(make.station(), Role.CANINE_PROGRAMME, scope=Scope.EVERYWHERE)
    now = timezone.now()

    run_sweeps(now=now)
    alert = Alert.objects.get(kind=notices.CARD)
    assert (alert.subject, alert.station) == (rex.reference, handler.station)
    hears = kinds[notices.CARD].recipients(alert.station, 0, now)
    assert {person.pk for person in hears} == {handler.pk, programme.pk}
    assert notices.card_line([alert]).startswith("1 dog has no dose card that holds")

    make.weigh(rex, handler)
    make.card(rex, handler)
    alert.refresh_from_db()
    assert alert.resolved_how == "A new card was made"
    run_sweeps(now=now)
    assert not Alert.objects.open().filter(kind=notices.CARD).exists()


# --- on paper ------------------------------------------------------------------------------------
def printed_text(card, by):
    card = DoseCard.objects.with_names().get(pk=card.pk)
    pdf, root = paper.read(printed.dose_card(card, by=by, now=timezone.now()))
    return pdf, root.text


def test_the_card_on_paper_is_a6_and_says_dose_steps_and_until_when(rex, handler):
    make.in_force(make.author(), Kind.CANINE_DOSE, dosings=[make_spray(), VIAL])
    Canine.objects.filter(pk=rex.pk).update(veterinarian="Example Hospital", veterinarian_telephone="555-0199")  # fmt: skip
    make.weigh(rex, handler, "31.5")

    pdf, text = printed_text(make.card(rex, handler), handler)

    width, height = (float(side) / 72 * 25.4 for side in pdf.pages[0].MediaBox[2:])
    assert (round(width), round(height)) == (105, 148)
    for words in (
        "1 dose of Naloxone 4 mg nasal spray", "31.5 kg × 0.04 mg/kg = 1.26 mg", "1.26 mL of",
        "One of these, not all", "Wash with soap and water", "Example Hospital, 555-0199",
        "Weigh again by",
    ):  # fmt: skip
        assert words in text, words
    assert "Do not use" not in text


def make_spray():
    return make.SPRAY


def test_a_card_that_holds_no_more_says_so_on_its_face(rex, handler, protocol):
    make.weigh(rex, handler)
    card = make.card(rex, handler)
    make.weigh(rex, handler, "33")

    assert "Do not use this card. It no longer holds: it was weighed again since." in printed_text(card, handler)[1]  # fmt: skip
    newer = make.card(rex, handler)
    assert f"Another card, {newer.reference}, was made since." in printed_text(card, handler)[1]
    assert "Not named in the portal" in printed_text(newer, handler)[1]


# --- pages ---------------------------------------------------------------------------------------
def signed_in(client, person):
    client.force_login(person.account)
    return client


def text(answer):
    return " ".join(answer.content.decode().split())


def test_a_handler_weighs_their_dog_makes_its_card_and_prints_it(client, rex, handler, protocol):
    where = f"/people/dogs/{rex.reference}/dose/"
    home = text(signed_in(client, handler).get("/"))
    assert "My dogs" in home
    assert where in home
    assert "No dose can be worked out" in text(client.get(where))
    assert client.post(where).status_code == 404

    weigh = f"/people/dogs/{rex.reference}/weigh/"
    assert client.get(weigh).status_code == 200
    wrong = client.post(weigh, {"weight_kg": "", "weighed_on": f"{make.day(0)}"})
    assert list(wrong.context["form"].errors) == ["weight_kg"]
    facts = {"weight_kg": "31,5", "weighed_on": f"{make.day(-1)}"}
    page = text(client.post(weigh, facts, follow=True))
    assert "weighs 31.5 kg" in page
    assert "31.5 kg × 0.04 mg/kg = 1.26 mg: 1.26 of the 4 mg that it gives" in page
    assert "No card holds" in page

    page = text(client.post(where, {}, follow=True))
    card = DoseCard.objects.get()
    assert f"{card.reference} is made" in page
    assert "Make the dose card" not in page
    answer = client.get(f"/dose-cards/{card.reference}/card.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert "Card holds" in text(client.get("/"))


def test_strangers_see_no_dose_and_no_card(client, rex, handler, protocol):
    make.weigh(rex, handler)
    card = make.card(rex, handler)
    urls = [
        f"/people/dogs/{rex.reference}/dose/", f"/people/dogs/{rex.reference}/weigh/",
        f"/dose-cards/{card.reference}/card.pdf",
    ]  # fmt: skip
    for who in (make.person(handler.station), make.person(make.station(), Role.COORDINATOR)):
        signed_in(client, who)
        assert [client.get(url).status_code for url in urls] == [404, 404, 404]
    chief = make.person(handler.station, Role.SUPERVISOR)
    signed_in(client, chief)
    assert [client.get(url).status_code for url in urls] == [200, 404, 200]
    assert "Weigh Fictitious" not in text(client.get(urls[0]))


def test_the_list_says_which_cards_do_not_hold_and_why(client, rex, handler):
    chief = make.person(handler.station, Role.SUPERVISOR)
    signed_in(client, chief)
    make.weigh(rex, handler)
    page = text(client.get("/dose-cards/"))
    assert "None in force" in page
    assert "no protocol for dogs is in force there; no card was made yet" in page
    assert "No dose can be shown" in text(client.get(f"/people/dogs/{rex.reference}/dose/"))

    make.in_force(make.author(), Kind.CANINE_DOSE)
    make.card(rex, handler)
    assert "Every dog has a card that holds." in text(client.get("/dose-cards/?show=stale"))
    assert "Holds" in text(client.get("/dose-cards/"))
    far = make.person(make.station(), Role.SUPERVISOR)
    assert "No dog works at your stations." in text(signed_in(client, far).get("/dose-cards/"))


def test_the_page_of_a_dog_lists_its_weights(client, rex, handler):
    make.weigh(rex, handler, "30.4", on=make.day(-9))
    keeper = make.person(handler.station, Role.COORDINATOR)

    page = text(signed_in(client, keeper).get(f"/people/dogs/{rex.reference}/"))

    assert "30.4 kg" in page
    assert "Hazel" in page
    assert f"/people/dogs/{rex.reference}/weigh/" in page
