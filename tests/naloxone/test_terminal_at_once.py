"""Two clicks in the same instant at a counter terminal: one act, one answer."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from naloxone.models import Act, HandOverLine, Outcome
from safety_portal import pins, terminals
from safety_portal.terminals import Turn
from tests.naloxone import make
from tests.naloxone.test_views_terminal import TAKERS, offered, with_pin, world

__all__ = ["world"]


@pytest.fixture
def db(committed):
    """The world is made where threads can see it."""


@pytest.mark.parametrize("answer", ["all", "ticked"])
def test_four_clicks_at_once_take_or_refuse_once_and_hear_the_same(world, answer):
    offered(world, world.kits[:2])
    browser = world.browser
    browser.post("/terminal/take/", {"badge": world.officer.badge, "pin": TAKERS})
    facts = {
        "request_key": Turn.objects.get().request_key, "answer": answer, "reason": "I have enough",
        "act": make.holder(world.officer).reference,
    }  # fmt: skip
    tokens = {name: browser.cookies[name].value for name in (settings.TERMINAL_COOKIE, settings.TURN_COOKIE)}  # fmt: skip

    def click(_):
        mine = Client()
        for name, token in tokens.items():
            mine.cookies[name] = token
        try:
            found = mine.post("/terminal/take/check/", facts)
            return found.status_code, found.url
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(click, range(4)))

    assert answers == {(302, "/terminal/said/")}
    assert Act.objects.filter(verb="accept").count() == (answer == "all")
    wanted = Outcome.ACCEPTED if answer == "all" else Outcome.REFUSED
    assert set(HandOverLine.objects.values_list("outcome", flat=True)) == {wanted}


def test_two_who_prove_at_once_leave_one_turn(world):
    other = with_pin(make.person(world.station), "481205")
    people = {world.officer: TAKERS, other: "481205"}

    def prove(person):
        try:
            return terminals.begin_turn(
                terminal=world.terminal, badge=person.badge, pin=people[person], purpose="look",
                now=timezone.now(),
            )  # fmt: skip
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        tokens = list(pool.map(prove, people))

    live = [terminals.turn_of(world.terminal, token, timezone.now()) for token in tokens]
    assert [turn is None for turn in live].count(True) == 1
    assert pins.Pin.objects.count() == 3
