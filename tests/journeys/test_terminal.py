"""A night at the muster room's counter: a browser enrolled, badges and kits scanned, nothing left for the next person."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from naloxone import actions
from naloxone.models import Act, HandOver, Kit
from safety_portal import pins
from safety_portal.access import Role
from safety_portal.terminals import Turn
from tests.journeys.people import SECRET, fits, sign_in
from tests.naloxone import make
from tests.naloxone.test_views_hand_overs import offered

pytestmark = pytest.mark.journey
PINS = {"Sam": "274913", "Olive": "835026"}
SIZES = pytest.mark.parametrize("size", [(1280, 800), (390, 800)])


@pytest.fixture
def world(live_portal):
    """A station's supervisor and officer, both with a PIN, and four kits in a cabinet."""
    station = make.station("Laredo Bridge")
    people = {
        "coordinator": make.coordinator(station, name="Carla"),
        "supervisor": make.person(station, Role.SUPERVISOR, name="Sam"),
        "officer": make.person(station, name="Olive"),
    }
    for person in people.values():
        person.account.set_password(SECRET)
        person.account.save()
        if person.given_name in PINS:
            pins.set_pin(pin=PINS[person.given_name], now=timezone.now(), by=person)
    place = make.place(people["coordinator"], "Lane 3 cabinet")
    kits = make.delivery(people["coordinator"], place, cartons=4)
    return people | {"place": place, "kits": kits}


def scan(page, *codes):
    """What a scanner does: keys, then Enter."""
    for code in codes:
        page.keyboard.type(code)
        page.keyboard.press("Enter")


def who(person):
    return person.badge, PINS[person.given_name]


def enrol(page, world, axe=None):
    """The supervisor makes this browser a terminal, and is signed out of it."""
    sign_in(page, world["supervisor"])
    page.goto("/terminals/")
    if axe:
        axe(page)
    page.get_by_role("link", name="Make this browser a terminal").first.click()
    page.wait_for_url("**/enrol/")
    if axe:
        fits(page)
        axe(page)
    page.locator("[name=name]").fill("Muster room counter")
    page.get_by_role("button", name="Make this browser a terminal").click()
    expect(page.get_by_role("heading", name="What would you do?")).to_be_visible()


def choose(page, act):
    """A tile of the empty page; its first field waits for the scanner."""
    page.get_by_role("link", name=re.compile(act)).click()
    expect(page.locator("main input:focus, main textarea:focus")).to_have_count(1)


def look_at(page, axe):
    fits(page)
    axe(page)


def next_person(page):
    page.get_by_role("button", name="Done, next person").click()
    empty = page.get_by_role("heading", name="What would you do?")
    expect(empty).to_be_visible(timeout=15_000)


@SIZES
def test_a_night_at_the_counter(open_page, axe, world, size):
    page, kits = open_page(*size), world["kits"]
    supervisor, officer = world["supervisor"], world["officer"]
    offered(kits[:2], officer, world["coordinator"])
    enrol(page, world, axe)
    look_at(page, axe)
    assert page.locator(".terminal-act").first.bounding_box()["height"] >= 64
    assert not Session.objects.exists()

    # The officer takes what waits for them, after a slip of the finger.
    choose(page, "Take what is offered")
    scan(page, officer.badge, "111222")
    expect(page.get_by_text("do not go together").first).to_be_visible()
    expect(page.locator("[name=pin]")).to_be_focused()
    look_at(page, axe)
    scan(page, PINS["Olive"])
    expect(page.get_by_role("heading", name="2 kits for you")).to_be_visible()
    look_at(page, axe)
    page.get_by_role("button", name="Take all 2 kits").click()
    expect(page.get_by_text("With you now")).to_be_visible()
    look_at(page, axe)
    next_person(page)

    # The supervisor hands a third over; the officer is there and types their own PIN.
    choose(page, "Hand over kits")
    look_at(page, axe)
    scan(page, kits[2].reference, "K-999", "", officer.badge, *who(supervisor))
    expect(page.get_by_role("heading", name=re.compile(f"{kits[2].reference} to Olive"))).to_be_visible()  # fmt: skip
    expect(page.get_by_text("not known, or not yours to see")).to_be_visible()
    look_at(page, axe)
    scan(page, PINS["Olive"])
    expect(page.get_by_text("With Olive")).to_be_visible()
    next_person(page)

    # Of the fourth the supervisor only says that the officer has it.
    choose(page, "Hand over kits")
    scan(page, kits[3].reference, "", officer.badge, *who(supervisor))
    page.get_by_role("button", name="Leave it as an offer").click()
    # The page before says nearly the same.
    expect(page.get_by_role("heading", name="Done", exact=True)).to_be_visible()
    expect(page.get_by_text("attested by you")).to_be_visible()
    next_person(page)

    # One kit goes back, the officer looks at what is left.
    choose(page, "Return kits")
    look_at(page, axe)
    page.get_by_text("Lane 3 cabinet").click()
    page.locator("[name=kits]").focus()
    scan(page, kits[0].reference, "", *who(officer))
    expect(page.get_by_role("heading", name="Nobody is here to confirm")).to_be_visible()
    look_at(page, axe)
    page.get_by_role("button", name="Leave it as an offer").click()
    expect(page.get_by_text("until whoever keeps it accepts")).to_be_visible()
    next_person(page)
    choose(page, "What do I have")
    scan(page, *who(officer))
    expect(page.get_by_text("who has not answered yet")).to_be_visible()
    look_at(page, axe)
    next_person(page)

    assert Kit.objects.held_by(officer).count() == 3
    assert set(Act.objects.filter(proof="pin").values_list("second", flat=True)) == {officer.pk}
    assert HandOver.objects.filter(note__startswith="Attested by").count() == 2
    assert not Session.objects.exists()
    assert not Turn.objects.exists()


@SIZES
def test_an_old_kit_goes_back_where_the_new_one_is_taken(open_page, axe, world, size):
    page, officer, by = open_page(*size), world["officer"], world["coordinator"]
    room = make.storeroom(by)
    [old] = make.delivery(by, room, expires_on=make.day(30))
    make.hand([old], officer, by=by)
    new = world["kits"][0]
    actions.offer_exchange(
        new=new, old=old, to=room, now=timezone.now(), request_key=make.key(), by=by
    )
    enrol(page, world)

    choose(page, "Take what is offered")
    scan(page, *who(officer))
    expect(page.get_by_text(f"In exchange for {old.reference}, which goes back to {room}")).to_be_visible()  # fmt: skip
    look_at(page, axe)
    page.get_by_role("button", name="Take 1 kit").click()
    expect(page.get_by_text(f"In exchange, leave at {room}: {old.reference}.")).to_be_visible()
    look_at(page, axe)
    next_person(page)

    assert [kit.holder for kit in Kit.objects.filter(pk=old.pk)] == [room]
    assert list(Kit.objects.held_by(officer)) == [new]


def test_done_counts_while_an_act_is_still_under_way(open_page, world):
    """Both are sent, “Done” last; the act's answer comes first and must not bring its page back."""
    page, supervisor, officer = open_page(1280, 800), world["supervisor"], world["officer"]
    enrol(page, world)
    choose(page, "Hand over kits")
    scan(page, world["kits"][3].reference, "", officer.badge, *who(supervisor))
    leave = page.get_by_role("button", name="Leave it as an offer")
    expect(leave).to_be_visible()
    held = []
    page.route(
        lambda url: "/terminal/" in url,
        lambda route: held.append(route) if route.request.method == "POST" else route.continue_(),
    )
    leave.click()
    page.get_by_role("button", name="Done, next person").click(no_wait_after=True)
    while len(held) < 2:
        page.wait_for_timeout(50)
    act, done = held
    assert done.request.url.endswith("/next/")

    with page.expect_response(lambda answer: answer.url.endswith("/said/")):
        act.continue_()
    page.wait_for_timeout(300)  # what the page would do with that answer
    done.continue_()

    expect(page.get_by_role("heading", name="What would you do?")).to_be_visible()
    assert HandOver.objects.filter(note__startswith="Attested by").count() == 1
    assert not Turn.objects.exists()


def test_back_shows_nothing_and_sends_nothing_again(open_page, world):
    page, officer = open_page(1280, 800), world["officer"]
    make.hand(world["kits"][:1], officer, by=world["coordinator"])
    enrol(page, world)
    choose(page, "What do I have")
    scan(page, officer.badge, "111222")
    expect(page.get_by_text("do not go together").first).to_be_visible()
    scan(page, PINS["Olive"])
    expect(page.get_by_text(world["kits"][0].reference)).to_be_visible()
    next_person(page)

    for _ in range(2):
        page.go_back()
        page.wait_for_load_state()
        assert "/terminal/" in page.url
        shown = page.locator("body").inner_text()
        assert "Olive" not in shown
        assert world["kits"][0].reference not in shown
        for field in page.locator("main input:visible").all():
            assert field.input_value() == ""
    assert not Turn.objects.exists()


def test_a_page_empties_itself_after_the_last_key(open_page, world, settings):
    settings.TERMINAL_SECONDS = 3
    page, officer = open_page(1280, 800), world["officer"]
    enrol(page, world)
    choose(page, "Hand over kits")
    for _ in range(4):  # longer than three seconds, with keys in between
        scan(page, "K-214")
        page.wait_for_timeout(1000)
    assert page.locator("[name=kits]").input_value().count("K-214") == 4
    expect(page.get_by_role("heading", name="What would you do?")).to_be_visible(timeout=6000)

    choose(page, "What do I have")
    scan(page, *who(officer))
    expect(page.get_by_text("You have no kit")).to_be_visible()
    for _ in range(4):
        page.keyboard.press("Shift")
        page.wait_for_timeout(1000)
    expect(page.get_by_text("You have no kit")).to_be_visible()
    expect(page.get_by_role("heading", name="What would you do?")).to_be_visible(timeout=8000)
    assert not Turn.objects.exists()


def test_without_the_portal_what_was_typed_is_not_lost_and_the_page_still_empties(
    open_page, world, settings
):
    settings.TERMINAL_SECONDS = 4
    page, officer = open_page(1280, 800), world["officer"]
    enrol(page, world)
    choose(page, "What do I have")
    page.route("**/terminal/**", lambda route: route.abort())
    scan(page, *who(officer))
    expect(page.get_by_text("The portal does not answer")).to_be_visible()
    expect(page.locator("main input:visible")).to_have_count(0, timeout=8000)


def test_somebody_signed_in_must_sign_out_before_the_terminal_goes_on(open_page, world, axe):
    page = open_page(1280, 800)
    enrol(page, world)
    page.get_by_role("link", name="Sign in here for everything else").click()
    expect(page.get_by_text("counter terminal “Muster room counter”")).to_be_visible()
    axe(page)
    sign_in(page, world["officer"])
    page.goto("/terminal/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="What would you do?")).to_be_visible()


@SIZES
def test_a_revoked_terminal_asks_for_sign_in(open_page, axe, world, size):
    counter, desk = open_page(*size), open_page(*size)
    enrol(counter, world)
    sign_in(desk, world["coordinator"])
    desk.goto("/terminals/")
    look_at(desk, axe)
    desk.get_by_role("link", name=re.compile("^Revoke")).click()
    expect(desk.get_by_role("heading", name="Revoke Muster room counter?")).to_be_visible()
    look_at(desk, axe)
    desk.get_by_role("button", name="Revoke this terminal").click()
    expect(desk.get_by_text("is a terminal no more")).to_be_visible()

    counter.get_by_role("link", name=re.compile("What do I have")).click()
    expect(counter.get_by_role("button", name="Sign in")).to_be_visible()


@SIZES
def test_a_person_sets_their_pin_on_their_own_device(open_page, axe, world, size):
    page, person = open_page(*size), world["coordinator"]
    sign_in(page, person)
    page.goto("/accounts/counter-pin/")
    page.get_by_label("Password", exact=False).first.fill(SECRET)
    page.get_by_role("main").get_by_role("button").last.click()
    page.wait_for_url("**/counter-pin/")
    look_at(page, axe)
    page.locator("[name=pin]").fill("123456")
    page.locator("[name=pin_again]").fill("123456")
    page.get_by_role("button", name="Save my PIN").click()
    expect(page.get_by_text("first that anybody would try").first).to_be_visible()
    look_at(page, axe)
    page.locator("[name=pin]").fill("481205")
    page.locator("[name=pin_again]").fill("481205")
    page.get_by_role("button", name="Save my PIN").click()
    expect(page.get_by_text("Your PIN is saved")).to_be_visible()
    look_at(page, axe)
    page.get_by_role("button", name="Remove my PIN").click()

    expect(page.get_by_text("Your PIN is removed")).to_be_visible()
