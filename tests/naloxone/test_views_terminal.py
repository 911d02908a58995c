"""Kits at the counter terminal: taken, handed over, returned, looked at; by badge and PIN, one act each."""

from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from naloxone import actions
from naloxone.models import Act, HandOver, HandOverLine, Kit, Outcome
from safety_portal import pins, terminals
from safety_portal.access import Role
from safety_portal.audit import AuditRow
from safety_portal.terminals import Turn
from tests.naloxone import make

GIVERS, TAKERS = "274913", "835026"


def with_pin(person, pin):
    pins.set_pin(pin=pin, now=timezone.now(), by=person)
    return person


@pytest.fixture
def world(db):
    """A station's counter, a coordinator and an officer with PINs, and five kits in a cabinet."""
    station = make.station()
    keeper = with_pin(make.coordinator(station, name="Carla"), GIVERS)
    officer = with_pin(make.person(station, name="Olive"), TAKERS)
    terminal, token = terminals.enrol_terminal(
        station=station, name="Muster room counter", now=timezone.now(), by=keeper
    )
    browser = Client()
    browser.cookies[settings.TERMINAL_COOKIE] = token
    place = make.place(keeper, "Lane 3 cabinet")
    kits = make.delivery(keeper, place, cartons=5)
    return SimpleNamespace(
        station=station, keeper=keeper, officer=officer, terminal=terminal, browser=browser,
        place=place, kits=kits,
    )  # fmt: skip


def offered(world, kits, to=None):
    receiver = to or make.holder(world.officer)
    facts = {"kits": kits, "receiver": receiver, "now": timezone.now()}
    return actions.offer_kits(**facts, request_key=make.key(), by=world.keeper)


def begin(world, act, person, pin, **more):
    """Prove, and the page that follows."""
    facts = {"badge": person.badge, "pin": pin} | more
    answer = world.browser.post(f"/terminal/{act}/", facts)
    assert answer.status_code == 302, answer.content.decode()
    return world.browser.get(answer.url).content.decode()


def confirm(world, page, /, **facts):
    """The turn's act; the page that says what was done, or the same page with its errors."""
    key = facts.pop("request_key", None) or Turn.objects.get().request_key
    return world.browser.post(f"/terminal/{page}/check/", {"request_key": key} | facts, follow=True)


def text(answer):
    """What the page says, without its head."""
    return " ".join(answer.content.decode().partition("<main")[2].split())


def held_by(person):
    return set(Kit.objects.held_by(person).values_list("pk", flat=True))


def keys(kits):
    return {kit.pk for kit in kits}


def give(world, kits=None, receiver=None):
    """The check page of a hand-over from the cabinet."""
    codes = "\n".join(kit.reference for kit in kits or world.kits[:2])
    to = receiver or world.officer.badge
    return begin(world, "hand-over", world.keeper, GIVERS, kits=codes, receiver=to)


# --- looking and taking --------------------------------------------------------------------------------


def test_what_one_has_is_shown_to_who_proves_it(world):
    make.hand(world.kits[:2], world.officer, by=world.keeper)
    page = begin(world, "look", world.officer, TAKERS)

    assert "Olive" in page
    assert [kit.reference in page for kit in world.kits[:3]] == [True, True, False]
    assert "You have no kit" in begin(world, "look", world.keeper, GIVERS)


def test_all_that_is_offered_is_taken_with_one_press(world):
    first, second = offered(world, world.kits[:2]), offered(world, world.kits[2:3])
    page = begin(world, "take", world.officer, TAKERS)
    assert "Take all 3 kits" in " ".join(page.split())
    answer = confirm(world, "take", act=make.holder(world.officer).reference, answer="all")

    assert "With you now: " in text(answer)
    assert held_by(world.officer) == keys(world.kits[:3])
    assert {act.hand_over for act in Act.objects.filter(verb="accept")} == {first, second}
    assert {act.by for act in Act.objects.filter(verb="accept")} == {world.officer}
    row = AuditRow.objects.filter(act="hand_over.answered").last()
    assert row.origin == f"127.0.0.1 at {world.terminal.reference} Muster room counter"


@pytest.fixture
def exchanged(world):
    """An exchange that is offered to the officer: (old, new, storeroom)."""
    room = make.storeroom(world.keeper)
    [old] = make.delivery(world.keeper, room, expires_on=make.day(30))
    make.hand([old], world.officer, by=world.keeper)
    new = world.kits[0]
    actions.offer_exchange(
        new=new, old=old, to=room, now=timezone.now(), request_key=make.key(), by=world.keeper
    )
    return old, new, room


def test_an_exchange_says_which_kit_goes_back_before_and_after_it_is_taken(world, exchanged):
    old, new, room = exchanged
    page = begin(world, "take", world.officer, TAKERS)
    assert f"In exchange for {old.reference}, which goes back to {room}" in page

    answer = confirm(world, "take", act=make.holder(world.officer).reference, answer="all")

    assert f"In exchange, leave at {room}: <span class=\"portal-reference\">{old.reference}" in text(answer)  # fmt: skip
    assert held_by(world.officer) == keys([new])
    assert Kit.objects.get(pk=old.pk).holder == room
    assert Act.objects.get(verb="accept", hand_over__lines__replaces=old).exchanges.get().new == new


def test_who_leaves_an_exchange_out_keeps_the_old_kit(world, exchanged):
    old, _, _ = exchanged
    begin(world, "take", world.officer, TAKERS)
    holder = make.holder(world.officer).reference

    answer = confirm(world, "take", act=holder, answer="ticked", reason="I have enough")

    assert "In exchange" not in text(answer)
    assert held_by(world.officer) == keys([old])


def test_some_are_left_out_with_a_reason(world):
    offered(world, world.kits[:2])
    begin(world, "take", world.officer, TAKERS)
    facts = {"act": make.holder(world.officer).reference, "answer": "ticked"}
    facts["take"] = [world.kits[0].reference]

    assert "Say why you do not take" in text(confirm(world, "take", **facts))
    answer = confirm(world, "take", **facts, reason="Its seal is broken")

    assert f"With you now: <span class=\"portal-reference\">{world.kits[0].reference}" in text(answer)  # fmt: skip
    assert "Not taken" in text(answer)
    line = HandOverLine.objects.get(kit=world.kits[1])
    assert (line.outcome, line.reason) == (Outcome.REFUSED, "Its seal is broken")
    assert held_by(world.officer) == keys(world.kits[:1])


def test_none_is_taken_with_a_reason_and_a_second_click_gets_the_same_answer(world):
    offered(world, world.kits[:1])
    begin(world, "take", world.officer, TAKERS)
    facts = {"act": make.holder(world.officer).reference, "answer": "ticked",
             "reason": "I have enough", "request_key": Turn.objects.get().request_key}  # fmt: skip
    first = confirm(world, "take", **facts)
    second = confirm(world, "take", **facts)

    assert "Not taken" in text(first)
    assert "With you now" not in text(first)
    assert first.redirect_chain == second.redirect_chain
    assert not held_by(world.officer)


def test_who_keeps_a_place_takes_for_it_apart_from_what_is_theirs(world):
    make.hand(world.kits[:1], world.officer, by=world.keeper)
    facts = {"kits": world.kits[:1], "receiver": world.place, "now": timezone.now()}
    actions.offer_kits(**facts, request_key=make.key(), by=world.officer)
    actions.offer_kits(
        kits=world.kits[1:2], receiver=make.holder(world.keeper), now=timezone.now(),
        request_key=make.key(), by=make.person(world.station, Role.SUPERVISOR),
    )  # fmt: skip
    page = " ".join(begin(world, "take", world.keeper, GIVERS).split())
    assert page.index("1 kit for you") < page.index("1 kit for Lane 3 cabinet")

    answer = confirm(world, "take", act=world.place.reference, answer="all")

    assert "With Lane 3 cabinet now" in text(answer)
    assert Kit.objects.get(pk=world.kits[0].pk).holder == world.place
    assert not held_by(world.keeper)


def test_a_place_of_another_station_is_not_taken_for_here(world):
    elsewhere = make.coordinator(make.station())
    far = make.place(elsewhere, "Far cabinet")
    make.grant(world.keeper, Role.COORDINATOR, scope="everywhere")
    offered(world, world.kits[:1], to=far)

    assert "Nothing is offered to you" in begin(world, "take", world.keeper, GIVERS)


def test_the_handler_takes_for_their_dog(world):
    dog = make.canine(world.officer, "Biscuit")
    holder = actions.custody.holder_of(canine=dog)
    offered(world, world.kits[:1], to=holder)
    assert "1 kit for Biscuit" in " ".join(begin(world, "take", world.officer, TAKERS).split())

    confirm(world, "take", act=holder.reference, answer="all")

    assert held_by(world.officer) == keys(world.kits[:1])


# --- handing over ----------------------------------------------------------------------------------------


def test_both_at_the_counter_change_hands_by_two_pins(world):
    page = give(world)
    assert "Olive" in page
    answer = confirm(world, "hand-over", act="here", pin=TAKERS)

    assert "With Olive" in text(answer)
    assert held_by(world.officer) == keys(world.kits[:2])
    act = Act.objects.get(verb="counter")
    assert (act.by, act.second, act.proof) == (world.keeper, world.officer, "pin")
    row = AuditRow.objects.get(act="custody.handed_over")
    assert row.origin == f"127.0.0.1 at {world.terminal.reference} Muster room counter"
    signed_in = Client()
    signed_in.force_login(world.keeper.account)
    assert "proved by badge and PIN" in signed_in.get(f"/kits/{world.kits[0].reference}/").content.decode()  # fmt: skip


def test_a_second_click_hands_over_once_and_gets_the_same_answer(world):
    give(world)
    facts = {"act": "here", "pin": TAKERS, "request_key": Turn.objects.get().request_key}
    first, second = (confirm(world, "hand-over", **facts) for _ in range(2))

    assert text(first) == text(second)
    assert Act.objects.filter(verb="counter").count() == 1


def test_one_turn_does_not_hand_over_and_then_offer(world):
    give(world)
    key = Turn.objects.get().request_key
    confirm(world, "hand-over", act="here", pin=TAKERS)
    confirm(world, "hand-over", act="attest", request_key=key)

    assert not HandOver.objects.exists()


@pytest.mark.parametrize("pin", [GIVERS, "", "000000"])
def test_without_the_receivers_own_pin_nothing_changes_hands(world, pin):
    give(world)
    page = text(confirm(world, "hand-over", act="here", pin=pin))

    assert "Not done yet" in page
    assert not held_by(world.officer)
    assert not Act.objects.filter(verb="counter").exists()


def test_a_wrong_pin_of_the_receiver_stays_in_the_audit(world):
    give(world)
    confirm(world, "hand-over", act="here", pin="000001")

    row = AuditRow.objects.get(act="pin.refused")
    assert (row.by, row.target) == (world.keeper, world.officer.reference)


def test_what_is_said_of_somebody_absent_is_attested_and_stays_an_offer(world):
    page = give(world)
    assert "is not here" in page
    answer = confirm(world, "hand-over", act="attest")

    offer = HandOver.objects.get()
    assert "attested by you" in text(answer)
    assert f"Attested by {world.keeper} at Muster room counter" in offer.note
    assert (offer.by, offer.receiver.person) == (world.keeper, world.officer)
    assert offer.lines.filter(outcome=None).count() == 2
    assert {kit.holder for kit in Kit.objects.filter(pk__in=keys(world.kits))} == {world.place}
    assert not Act.objects.filter(verb__in=["accept", "counter"]).exists()
    row = AuditRow.objects.get(act="hand_over.attested")
    assert (row.by, row.target) == (world.keeper, offer.reference)
    assert "Muster room counter" in row.origin


def test_a_second_click_attests_once(world):
    give(world)
    key = Turn.objects.get().request_key
    for _ in range(2):
        confirm(world, "hand-over", act="attest", request_key=key)
    same = actions.attest_kits(
        kits=world.kits[:2], receiver=make.holder(world.officer), terminal=world.terminal,
        now=timezone.now(), request_key=key, by=world.keeper,
    )  # fmt: skip

    assert HandOver.objects.get() == same
    assert AuditRow.objects.filter(act="hand_over.attested").count() == 1


def test_what_is_offered_already_is_refused_at_the_counter_too(world):
    offered(world, world.kits[:1])
    give(world, world.kits[:1])

    assert "already offered to" in text(confirm(world, "hand-over", act="attest"))


def test_what_is_not_ones_own_is_left_out_and_said(world):
    other = make.person(world.station)
    make.hand(world.kits[:1], world.officer, by=world.keeper)
    codes = f"{world.kits[0].reference}\n{world.kits[1].reference}\nK-999999"
    facts = {"kits": codes, "receiver": other.badge}
    page = " ".join(begin(world, "hand-over", world.officer, TAKERS, **facts).split())

    assert f"{world.kits[0].reference} to {other}?" in page
    assert page.count("not known, or not yours to see") == 2


def test_what_another_holds_is_left_out_for_who_may_give_here_too(world):
    auditor = with_pin(make.person(world.station, Role.AUDITOR), "481205")
    codes = world.kits[0].reference
    facts = {"kits": codes, "receiver": world.officer.badge}
    page = begin(world, "hand-over", auditor, "481205", **facts)

    assert "not yours to give: it is with Lane 3 cabinet" in page
    assert "Nothing of what you scanned can be handed over" in page


def test_what_somebody_else_carries_is_left_out_and_the_rest_goes_on(world):
    carrier = make.person(world.station)
    make.hand(world.kits[:1], carrier, by=world.keeper)

    page = give(world)

    assert f"not yours to give: it is with {carrier}" in page
    assert "Hand over now" in page
    confirm(world, "hand-over", act="here", pin=TAKERS)
    assert held_by(world.officer) == keys(world.kits[1:2])


def test_what_is_expired_or_on_hold_is_left_out_and_goes_back_into_a_store_all_the_same(world):
    [old] = make.expired(world.keeper, world.place)
    facts = {"occurred_at": timezone.now(), "request_key": make.key(), "by": world.keeper}
    actions.hold_kits(kits=world.kits[:1], note="Frozen over night", **facts)
    other = make.place(world.keeper, "Vault B")

    page = " ".join(give(world, [old, *world.kits[:2]]).split())

    assert "it expired on" in page
    assert "it is not in service: on hold" in page
    assert f"{world.kits[1].reference} to {world.officer}?" in page
    page = " ".join(give(world, [old], other.reference).split())
    assert f"{old.reference} to Vault B?" in page
    assert "Left out" not in page


def test_an_unknown_receiver_is_said(world):
    page = give(world, receiver="D99999")

    assert "Nobody and nothing here is called “D99999”" in page
    assert "Hand over now" not in page


def test_who_has_no_account_takes_before_a_witness(world):
    contractor = make.person(world.station, account=False, name="Connie")
    page = give(world, receiver=contractor.badge)
    assert "Before a witness" in page
    assert "Leave it as an offer" not in page
    confirm(world, "hand-over", act="here", badge=world.officer.badge, pin=TAKERS)

    act = Act.objects.get(verb="witness")
    assert (act.by, act.second, act.proof) == (world.keeper, world.officer, "pin")
    assert held_by(contractor) == keys(world.kits[:2])


def test_nobody_is_their_own_receiver(world):
    give(world, receiver=world.place.reference)
    page = text(confirm(world, "hand-over", act="here", badge=world.keeper.badge, pin=GIVERS))

    assert "another person than the giver" in page


def test_a_receiver_without_a_badge_number_proves_nothing(world):
    world.officer.badge = None
    world.officer.save()
    give(world, receiver=world.officer.reference)

    assert "do not go together" in text(confirm(world, "hand-over", act="here", pin=TAKERS))


# --- returning -------------------------------------------------------------------------------------------


def give_back(world):
    make.hand(world.kits[:1], world.officer, by=world.keeper)
    facts = {"kits": world.kits[0].reference, "place": world.place.pk}
    return begin(world, "return", world.officer, TAKERS, **facts)


def test_a_kit_goes_back_at_once_when_who_keeps_the_place_is_there(world):
    page = " ".join(give_back(world).split())
    assert "Who takes for Lane 3 cabinet is here" in page
    confirm(world, "return", act="here", badge=world.keeper.badge, pin=GIVERS)

    assert Kit.objects.get(pk=world.kits[0].pk).holder == world.place
    act = Act.objects.get(verb="counter")
    assert (act.by, act.second) == (world.officer, world.keeper)


def test_a_colleague_cannot_take_it_for_the_place(world):
    colleague = with_pin(make.person(world.station), "481205")
    give_back(world)
    page = text(confirm(world, "return", act="here", badge=colleague.badge, pin="481205"))

    assert "can&#x27;t accept for" in page
    assert held_by(world.officer) == keys(world.kits[:1])


def test_without_them_it_is_an_offer_to_the_place(world):
    give_back(world)
    answer = confirm(world, "return", act="attest")

    assert "until whoever keeps it accepts" in text(answer)
    assert HandOver.objects.get(receiver=world.place).lines.get().outcome is None
    assert held_by(world.officer) == keys(world.kits[:1])


def test_only_places_of_the_terminals_station_are_offered(world):
    elsewhere = make.coordinator(make.station())
    far = make.place(elsewhere, "Far cabinet")
    page = world.browser.get("/terminal/return/").content.decode()
    assert "Lane 3 cabinet" in page
    assert "Far cabinet" not in page

    facts = {"kits": "K-1", "place": far.pk, "badge": world.officer.badge, "pin": TAKERS}
    answer = world.browser.post("/terminal/return/", facts)

    assert "not among the choices" in answer.content.decode()
    assert not Turn.objects.exists()


def test_many_places_are_a_list_and_few_are_tiles(world):
    assert 'type="radio"' in world.browser.get("/terminal/return/").content.decode()
    for _ in range(6):
        make.place(world.keeper)

    page = world.browser.get("/terminal/return/").content.decode()

    assert 'type="radio"' not in page
    assert "<select" in page


def test_many_kits_are_named_by_their_number(world):
    more = make.delivery(world.keeper, world.place, cartons=20)
    give(world, more)

    assert "20 kits" in text(confirm(world, "hand-over", act="attest"))
