"""The 23:00 round: on the counter terminal in ten scans, on a phone place by place, and what follows a difference."""

import re
import time

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from naloxone import actions
from naloxone.models import (
    CustodyEvent,
    Discrepancy,
    DrawnKit,
    Holder,
    Kit,
    KitScan,
    Round,
    Search,
    Walk,
)
from safety_portal import pins
from safety_portal.access import Role
from tests.journeys.people import fits, may_sign_in, sign_in
from tests.journeys.test_terminal import PINS, choose, enrol, look_at, next_person, scan
from tests.naloxone import make

pytestmark = pytest.mark.journey
PLACES, KITS = 8, 60
BOTH = pytest.mark.parametrize("size", [(1280, 800), (390, 800)])


@pytest.fixture
def world(live_portal):
    """A station with sixty sealed kits in eight places, two of them behind an outer seal."""
    station = make.station("Laredo Bridge")
    keeper = make.coordinator(station, name="Carla")
    supervisor = make.person(station, Role.SUPERVISOR, name="Sam")
    officer = make.person(station, name="Olive")
    may_sign_in(keeper, supervisor, officer)
    for person in (supervisor, officer):
        pins.set_pin(pin=PINS[person.given_name], now=timezone.now(), by=person)
    places = [make.place(keeper, f"Lane {number} cabinet") for number in range(1, PLACES + 1)]
    fill(keeper, places)
    return {
        "coordinator": keeper, "supervisor": supervisor, "officer": officer, "places": places,
    }  # fmt: skip


def fill(keeper, places):
    """Sixty kits, each with its seal; then two places get one of their own."""
    for number, place in enumerate(places):
        count = KITS // PLACES + (number < KITS % PLACES)
        actions.assemble_kits(
            cartons=make.delivery(keeper, place, cartons=count), kind="kit", doses_per_kit=2,
            place=place, seals=[f"SEAL-{number}{n:02}" for n in range(count)],
            occurred_at=timezone.now(), request_key=make.key(), by=keeper,
        )  # fmt: skip
    for place in places[:2]:
        Holder.objects.filter(pk=place.pk).update(
            seal=f"OUTER-{place.pk}", sealed_at=timezone.now()
        )
        place.refresh_from_db()


@BOTH
def test_sixty_kits_in_eight_places_take_ten_scans(open_page, axe, world, size):
    page, supervisor, places = open_page(*size), world["supervisor"], world["places"]
    assert Kit.objects.filter(state="in_service").count() == KITS
    events = CustodyEvent.objects.count()
    enrol(page, world)

    began, scans = time.monotonic(), 0
    choose(page, "Make a round")
    for place in places:
        scan(page, place.seal or place.reference)
        scans += 1
    scan(page, "", supervisor.badge, PINS["Sam"])
    page.get_by_role("button", name="All right at all 8 places").click()
    expect(page.get_by_role("heading", name=re.compile("Now scan"))).to_be_visible()
    drawn = list(DrawnKit.objects.select_related("kit").order_by("position"))
    for one in drawn:
        scan(page, one.kit.seal)
        scans += 1
    expect(page.get_by_text("8 places looked at")).to_be_visible()
    print(f"\nThe round took {time.monotonic() - began:.1f} s, {scans} scans.")  # noqa: T201

    assert scans <= 10
    assert KitScan.objects.count() == len(drawn) == 2
    assert Round.objects.count() == 8
    assert CustodyEvent.objects.count() == events
    look_at(page, axe)


@BOTH
def test_each_step_of_a_round_at_the_counter_can_be_read_by_everybody(open_page, axe, world, size):
    page, supervisor, places = open_page(*size), world["supervisor"], world["places"]
    enrol(page, world)
    choose(page, "Make a round")
    look_at(page, axe)
    scan(page, places[2].reference, places[3].reference, "", supervisor.badge, PINS["Sam"])
    expect(page.get_by_role("heading", name=re.compile("is everything right"))).to_be_visible()
    look_at(page, axe)
    page.get_by_text("Lane 4 cabinet").last.click()
    page.get_by_role("button", name="All right at all 2 places").click()
    expect(page.get_by_role("heading", name="What is not right: Lane 4 cabinet")).to_be_visible()
    look_at(page, axe)
    absent = Kit.objects.filter(holder=places[3], state="in_service").order_by("expires_on", "pk")[
        0
    ]
    page.get_by_label(f"{absent.reference},").select_option("absent")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Count the kits").first).to_be_visible()
    look_at(page, axe)
    page.get_by_label(re.compile("Kits counted")).fill("7")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name=re.compile("Now scan"))).to_be_visible()
    look_at(page, axe)
    drawn = DrawnKit.objects.select_related("kit")
    scan(page, *(one.kit.reference for one in drawn))
    expect(page.get_by_text("Not all right: Lane 4 cabinet")).to_be_visible()
    next_person(page)

    assert Search.objects.get().kit == absent
    assert list(Round.objects.order_by("pk").values_list("result", flat=True)) == ["right", "differs"]  # fmt: skip


def test_an_officer_makes_no_round(open_page, axe, world):
    page = open_page(390, 800)
    enrol(page, world)
    choose(page, "Make a round")
    scan(page, world["places"][2].reference, "", world["officer"].badge, PINS["Olive"])
    expect(page.get_by_text("Supervisors and coordinators of the station")).to_be_visible()
    look_at(page, axe)

    assert not Walk.objects.exists()


@BOTH
def test_a_round_on_foot(open_page, axe, world, size):
    page, places = open_page(*size), world["places"]
    for place in places[4:]:
        make_empty(world["coordinator"], place)
    sign_in(page, world["supervisor"])
    expect(page.get_by_text("4 places to look at in this shift")).to_be_visible()
    axe(page)
    page.goto("/rounds/")
    fits(page)
    axe(page)
    page.get_by_role("link", name="Begin with Lane 1 cabinet").click()
    expect(page.get_by_text(places[0].seal)).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_role("button", name="All right", exact=True).click()
    expect(page.get_by_role("heading", name="Lane 2 cabinet: is everything right?")).to_be_visible()

    # The second one's seal is broken: everything is counted, and a new seal goes on it.
    page.get_by_role("link", name="Something is not right").click()
    fits(page)
    axe(page)
    page.get_by_text("Broken, gone or another number").click()
    page.get_by_role("button", name="Record what I saw").click()
    expect(page.get_by_text("Count the kits").first).to_be_visible()
    axe(page)
    page.get_by_label(re.compile("Kits counted")).fill("8")
    page.get_by_label("Number of the new seal").fill("OUTER-NEW")
    page.get_by_role("button", name="Record what I saw").click()
    expect(page.get_by_role("heading", name="Lane 3 cabinet: is everything right?")).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_role("button", name="All right", exact=True).click()
    page.get_by_role("button", name="All right", exact=True).click()

    expect(page.get_by_text("Two things are left to chance")).to_be_visible()
    fits(page)
    axe(page)
    drawn = list(DrawnKit.objects.select_related("kit"))
    for one in drawn:
        page.get_by_label(f"Scan {one.kit.reference}").fill(one.kit.seal)
    page.get_by_role("button", name="Record the scans").click()
    expect(page.get_by_text("Scanned").first).to_be_visible()
    axe(page)
    page.goto("/rounds/past/")
    expect(page.get_by_text("2 of 2 scanned")).to_be_visible()
    fits(page)
    axe(page)

    assert {one.kit.holder.name for one in drawn} <= {"Lane 3 cabinet", "Lane 4 cabinet"}
    assert Discrepancy.objects.get().kind == "seal"
    assert Holder.objects.get(pk=places[1].pk).seal == "OUTER-NEW"


def make_empty(keeper, place):
    """Everything of a place goes into the first one, and the place is closed."""
    keep = Holder.objects.get(name="Lane 3 cabinet")
    kits = list(Kit.objects.filter(holder=place, state="in_service"))
    actions.move_kits(
        why_empty="On purpose",
        kits=kits,
        place=keep,
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=keeper,
    )
    actions.close_place(place=place, now=timezone.now(), by=keeper)


@BOTH
def test_whoever_carries_it_says_where_it_is(open_page, axe, world, size):
    page, officer, keeper = open_page(*size), world["officer"], world["coordinator"]
    kit = Kit.objects.filter(holder=world["places"][3], state="in_service").first()
    make.hand([kit], officer, by=keeper)
    actions.search_for_kit(kit=Kit.objects.get(pk=kit.pk), note="", now=timezone.now(), by=keeper)

    sign_in(page, officer)
    expect(page.get_by_text("Somebody did not find it with you")).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_role("link", name=re.compile("Where is it")).click()
    fits(page)
    axe(page)
    page.get_by_text("I have it").click()
    page.get_by_role("button", name="Say so").click()
    expect(page.get_by_text("It is where it belongs")).to_be_visible()
    axe(page)

    assert Search.objects.get().end == "here"


def test_a_count_finds_whose_dose_it_was(open_page, axe, world):
    page, place, keeper = open_page(390, 800), world["places"][3], world["coordinator"]
    now = timezone.now()
    actions.record_use(
        told=[actions.Told()], station=place.station, place=place, given_at=now, now=now,
        request_key=make.key(), by=world["officer"],
    )  # fmt: skip
    kit = Kit.objects.filter(holder=place, state="in_service").order_by("expires_on", "pk")[2]
    sign_in(page, keeper)
    page.goto(f"/rounds/S-{place.pk}/count/")
    axe(page)
    page.get_by_label(re.compile("Kits counted")).fill("8")
    page.get_by_label(f"{kit.reference},").select_option("1")
    page.get_by_role("button", name="Record what I saw").click()
    page.get_by_role("button", name="Finish it here").click()
    expect(page.get_by_text("A use may explain it")).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_role("button", name=f"It was {kit.reference}").click()
    expect(page.get_by_text("that explains it")).to_be_visible()

    kit.refresh_from_db()
    assert kit.doses == 1
    assert Discrepancy.objects.get().closing_code == "used"


@BOTH
def test_a_nil_report_is_confirmed_by_three_kits(open_page, axe, world, size):
    page = open_page(*size)
    sign_in(page, world["coordinator"])
    page.goto("/nil-reports/")
    fits(page)
    axe(page)
    page.get_by_role("link", name="Report for Laredo Bridge").click()
    expect(page.get_by_text("60 kits").first).to_be_visible()
    fits(page)
    axe(page)
    page.get_by_role("button", name="Confirm and draw the kits").click()
    expect(page.get_by_text("Waits for scans")).to_be_visible()
    fits(page)
    axe(page)
    drawn = list(DrawnKit.objects.select_related("kit"))
    for one in drawn:
        page.get_by_label(f"Scan {one.kit.reference}").fill(one.kit.seal)
    page.get_by_role("button", name="Record the scans").click()
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    page.get_by_role("link", name="Nil reports").last.click()
    expect(page.get_by_text("Confirmed", exact=True).first).to_be_visible()
    page.goto("/nil-reports/seeds/")
    fits(page)
    axe(page)

    assert len(drawn) == KitScan.objects.count() == 3
