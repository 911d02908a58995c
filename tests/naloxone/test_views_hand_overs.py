"""Hand-overs through their pages: offer, accept, leave some out, both at the counter, return."""

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.models import Act, HandOver, HandOverLine, Holder, Kit
from safety_portal.access import Role, Scope
from tests.naloxone import make
from tests.naloxone.test_views_stock import errors, moment, ticked

pytestmark = pytest.mark.django_db
SECRET = "four words that nobody guesses"


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
    return with_secret(make.person(by.station, name="Olive"))


def with_secret(person):
    person.account.set_password(SECRET)
    person.account.save()
    return person


def offered(kits, to, by):
    receiver = to if isinstance(to, Holder) else make.holder(to)
    return actions.offer_kits(
        kits=kits, receiver=receiver, now=timezone.now(), request_key=make.key(), by=by
    )


def give(client, kits, receiver, **more):
    told = ticked(kits) | {"receiver": receiver.reference, "note": "For the night shift"} | more
    return client.post("/kits/hand-over/", told)


# --- giving ---------------------------------------------------------------------------------------------
def test_the_list_is_checked_before_anything_happens(client, by, store, officer):
    kits = make.delivery(by, store, cartons=2)

    answer = give(client, kits, officer)

    assert answer.context["title"] == f"Hand 2 kits to {officer}?"
    assert f"Offer 2 kits to {officer}" in answer.content.decode()
    assert not HandOver.objects.exists()
    assert not Holder.objects.filter(person=officer).exists()


def test_an_offer_waits_for_the_receiver_and_is_made_once(client, by, store, officer):
    kits = make.delivery(by, store, cartons=2)
    key = str(make.key())

    answers = [give(client, kits, officer, act="offer", request_key=key) for _ in range(2)]

    offer = HandOver.objects.get()
    assert {a.url for a in answers} == {f"/hand-overs/{offer.reference}/"}
    assert offer.note == "For the night shift"
    assert "Waiting for" in client.get(answers[0].url).content.decode()
    assert set(Kit.objects.values_list("holder", flat=True)) == {store.pk}


def test_the_code_for_their_phone_and_the_offer_are_one_act(client, by, store, officer):
    kits = make.delivery(by, store, cartons=2)

    checked = give(client, kits, officer)

    ways = [checked.context[name] for name in ("offer_form", "phone_form")]
    assert "Offer 2 kits and show the QR code" in checked.content.decode()
    for way in ways:
        answer = client.post("/kits/hand-over/", {name: way[name].value() for name in way.fields})
        assert b'aria-label="QR code' in client.get(answer.url).content
    assert HandOver.objects.count() == 1


def test_a_refused_offer_keeps_what_was_typed(client, by, store, officer):
    kits = make.delivery(by, store)
    offered(kits, officer, by)

    answer = give(client, kits, officer, act="offer")

    assert "already offered" in errors(answer)["kits"][0]
    assert answer.context["form"]["note"].value() == "For the night shift"


@pytest.mark.parametrize(
    ("receiver", "words"), [("P-999999", "can no longer"), ("S-1", "can no longer")]
)
def test_an_unknown_receiver_is_said_at_the_field(client, by, store, receiver, words):
    told = ticked(make.delivery(by, store)) | {"receiver": receiver}

    assert words in errors(client.post("/kits/hand-over/", told))["receiver"][0]


def test_what_somebody_else_carries_is_refused_before_the_list_is_checked(
    client, by, store, officer
):
    kits = make.hand(make.delivery(by, store), officer, by=by)

    answer = give(client, kits, make.person(by.station))

    words = f"Only who carries it hands it on: {kits[0].reference} (with {officer})."
    assert answer.context["form"].errors["kits"] == [words]


def test_kits_with_another_are_not_mine_to_give(client, by, store, officer):
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)

    answer = give(client, [kit], by)

    assert errors(answer)["kits"] == [f"Not yours to give: {kit.reference} (with {officer})."]


def test_receivers_are_people_places_and_dogs_nearby_and_badges_anywhere(
    client, by, store, officer
):
    rex = make.canine(officer)
    far = make.person(make.station("Faraway"), name="Olive")

    def found(text):
        answer = client.get("/options/receivers/", {"field": "receiver", "receiver_text": text})
        return answer.content.decode()

    assert officer.reference in found("olive")
    assert far.reference not in found("olive")
    assert far.reference in found(far.badge)
    assert rex.reference in found("rex")
    assert store.reference in found("cabinet")
    assert by.reference not in found("robin")


# --- both here ------------------------------------------------------------------------------------------
def here(client, kits, receiver, **more):
    return give(client, kits, receiver, act="here", **({"secret": SECRET} | moment() | more))


def test_at_the_counter_the_receiver_proves_it_and_has_the_kits(client, by, store, officer):
    kits = make.delivery(by, store, cartons=2)
    key = str(make.key())

    for _ in range(2):
        answer = here(client, kits, officer, request_key=key)

    assert answer.status_code == 302
    act = Act.objects.get(verb="counter")
    assert (act.second, act.proof, act.by) == (officer, "password", by)
    assert set(Kit.objects.values_list("holder__person", flat=True)) == {officer.pk}
    # The session is still the giver's.
    assert client.get("/kits/").context["page"].person == by


def test_a_wrong_secret_hands_nothing_over_and_is_not_shown_again(client, by, store, officer):
    kits = make.delivery(by, store)

    answer = here(client, kits, officer, secret="a wrong guess")

    assert "not the password or code" in errors(answer)["secret"][0]
    assert "a wrong guess" not in answer.content.decode()
    assert Kit.objects.get().holder == store


def test_a_dog_takes_kits_by_its_handler(client, by, store, officer):
    kits = make.delivery(by, store)
    rex = make.canine(officer)

    here(client, kits, rex)

    assert Kit.objects.get().holder.canine == rex
    assert Act.objects.get(verb="counter").second == officer


def test_a_place_takes_kits_by_who_keeps_it(client, by, store, officer):
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    with_secret(by)
    client.force_login(officer.account)

    asked = give(client, [kit], store)
    assert "Who takes them for Cabinet A" in asked.content.decode()
    wrong = here(client, [kit], store, second=make.person(by.station).reference)
    assert "not the password" in errors(wrong)["secret"][0]
    other = with_secret(make.person(by.station))
    refused = here(client, [kit], store, second=other.reference)
    assert "can't accept for" in errors(refused)["second"][0]
    here(client, [kit], store, second=by.reference)

    assert Kit.objects.get().holder == store


def test_who_has_no_account_takes_kits_before_a_witness_only(client, by, store, officer):
    kits = make.delivery(by, store)
    contractor = make.person(by.station, account=False)

    asked = give(client, kits, contractor)
    assert "Offer" not in asked.content.decode()
    assert b"Before a witness" in asked.content
    refused = give(client, kits, contractor, act="offer")
    assert "no account" in errors(refused)["receiver"][0]
    here(client, kits, contractor, second=officer.reference)

    assert Act.objects.get(verb="witness").second == officer
    options = client.get("/options/seconds/", {"field": "second", "second_text": "robin"})
    assert contractor.reference not in options.content.decode()


# --- answering ------------------------------------------------------------------------------------------
def test_a_card_for_each_giver_accepts_all_in_one_tap(client, by, store, officer):
    supervisor = make.person(by.station, Role.SUPERVISOR)
    for giver in (by, by, supervisor):
        offered(make.delivery(by, store, cartons=2), officer, giver)
    client.force_login(officer.account)

    cards = client.get("/hand-overs/").context["cards"]
    assert sorted((str(giver), number) for giver, _, number, _ in cards) == sorted(
        [(str(by), 4), (str(supervisor), 2)]
    )
    assert client.get("/my-kits/").context["waiting"] == 3
    form = next(form for giver, _, _, form in cards if giver == by)
    told = {"offers": form["offers"].value(), "request_key": str(make.key())}
    for _ in range(2):
        answer = client.post("/hand-overs/accept/", told, follow=True)
        assert b"They are with you now" in answer.content

    assert Kit.objects.filter(holder__person=officer).count() == 4


def test_accepting_what_was_withdrawn_meanwhile_is_said(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    actions.withdraw_offer(offer=offer, now=timezone.now(), by=by)
    client.force_login(officer.account)

    answer = client.post("/hand-overs/accept/", {"offers": offer.reference}, follow=True)
    assert "has already been answered" in answer.content.decode()
    answer = client.post("/hand-overs/accept/", {"offers": "H-999999"}, follow=True)
    assert "answered or withdrawn meanwhile" in answer.content.decode()


# --- mine -----------------------------------------------------------------------------------------------
def test_an_officer_returns_a_kit_and_the_place_accepts(client, by, store, officer):
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    client.force_login(officer.account)
    assert kit.reference in client.get("/my-kits/").content.decode()

    told = ticked([kit]) | {"place": store.pk}
    answers = [client.post("/my-kits/return/", told) for _ in range(2)]
    offer = HandOver.objects.latest("pk")
    assert {a.url for a in answers} == {f"/hand-overs/{offer.reference}/"}
    assert f"H-{offer.pk}" in client.get("/my-kits/").content.decode()

    client.force_login(by.account)
    client.post(f"/hand-overs/{offer.reference}/", {"answer": "all"})
    assert Kit.objects.get().holder == store


def test_what_one_does_not_have_can_not_be_returned(client, by, store, officer):
    [kit] = make.delivery(by, store)
    offered([kit], officer, by)
    client.force_login(officer.account)

    answer = client.post("/my-kits/return/", ticked([kit]) | {"place": store.pk})

    assert errors(answer)["kits"] == [f"Not with you: {kit.reference} (with Cabinet A)."]


def test_without_kits_the_page_says_how_they_come(client, by, officer):
    client.force_login(officer.account)

    assert b"You have no kit." in client.get("/my-kits/").content
    assert b"Nothing waits for your answer." in client.get("/hand-overs/").content


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("page", ["", "sent/", "all/"])
def test_lists_of_hand_overs_cost_the_same_however_long(
    client, by, store, officer, number, page, django_assert_max_num_queries
):
    for _ in range(number):
        offered(make.delivery(by, store, cartons=number), officer, by)
    actions.answer_offer(
        offer=HandOver.objects.latest("pk"),
        refused={HandOverLine.objects.latest("pk").kit_id: "No"},
        now=timezone.now(),
        request_key=make.key(),
        by=officer,
    )
    extra = offered(make.delivery(by, store, cartons=2), officer, by)

    for person in (by, officer):
        client.force_login(person.account)
        with django_assert_max_num_queries(10):
            answer = client.get(f"/hand-overs/{page}")
        if page == "all/":
            assert extra.reference in answer.content.decode()
            assert "2 open" in answer.content.decode()
            assert "1 refused" in answer.content.decode()


def test_hand_overs_of_others_are_not_in_my_lists(client, by, store, officer):
    offer = offered(make.delivery(by, store), officer, by)
    client.force_login(make.coordinator(make.station()).account)

    for page in ("", "sent/", "all/"):
        assert offer.reference not in client.get(f"/hand-overs/{page}").content.decode()


def test_the_bell_leads_to_what_waits_for_an_answer(client):
    by = make.coordinator(make.station())
    officer = make.person(by.station)
    actions.offer_kits(
        kits=make.delivery(by, make.place(by)),
        receiver=make.holder(officer),
        now=timezone.now(),
        request_key=make.key(),
        by=by,
    )
    client.force_login(officer.account)

    shown = client.get("/alerts/").content.decode()

    assert "1 hand-over waiting for your answer" in shown
    assert 'href="/hand-overs/"' in shown
