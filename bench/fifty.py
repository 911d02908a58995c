"""Fifty kits accepted in one act: as a form that is sent, as an action, and as bare statements."""

import os
import time
import uuid

import psycopg
from django.db import connection
from django.utils import timezone

from bench.environment import times
from bench.plan import LONG
from bench.web import Time
from bench.world import busy_station
from naloxone.actions import answer_offer, offer_kits
from naloxone.models import Holder, Kit
from naloxone.rules import HolderKind, State

KITS, ACTS = 50, 20

LOCK = "select id, holder_id, last_sequence from lock_kits(%s)"
ACT = """
insert into naloxone_act (request_key, verb, by_id, proof, occurred_at) values (%s, 'move', %s, '', %s) returning id
"""
EVENTS = """
insert into naloxone_custodyevent (act_id, kit_id, sequence, kind, source_id, destination_id, state)
select %s, k.id, k.next, 'moved', %s, %s, 'in_service' from unnest(%s::bigint[], %s::int[]) as k(id, next) returning id, hash
"""


class Pile:
    """Fifty kits that go to and fro between two places of the busy station."""

    def __init__(self, giver, taker):
        self.giver, self.taker = giver, taker
        here = Holder.objects.filter(station=busy_station(), kind=HolderKind.STORAGE)
        self.places = list(here.with_names().order_by("pk")[2:4])
        self.keys = self.in_one_place()
        self.turn = 0

    def in_one_place(self):
        """Kits of the second place; where it has too few, of others that are moved there first."""
        kits = Kit.objects.filter(
            station=busy_station(),
            state=State.IN_SERVICE,
            holder__kind=HolderKind.STORAGE,
            expires_on__gt=timezone.now().date(),
        ).exclude(holder=self.places[0])
        kits = kits.exclude(last_sequence=LONG)
        keys = list(kits.order_by("pk").values_list("pk", flat=True)[:KITS])
        elsewhere = [k.pk for k in Kit.objects.filter(pk__in=keys).exclude(holder=self.places[1])]
        if elsewhere:
            self.accept(self.offer(elsewhere, self.places[1]))
        return keys

    def next_place(self):
        self.turn += 1
        return self.places[(self.turn + 1) % 2]

    def offer(self, keys=None, place=None):
        """An offer of all fifty to the other place."""
        return offer_kits(
            kits=[Kit(pk=key) for key in keys or self.keys],
            receiver=place or self.next_place(),
            now=timezone.now(),
            request_key=uuid.uuid4(),
            by=self.giver,
        )

    def accept(self, offer):
        return answer_offer(
            offer=offer, now=timezone.now(), request_key=uuid.uuid4(), by=self.taker
        )


def by_form(pile, visitor):
    """The answer's form, sent; its page is fetched before and not timed."""
    seconds = []
    for _ in range(times(ACTS)):
        path = f"/hand-overs/{pile.offer().reference}/"
        facts = visitor.form(path, "answer-form") | {"answer": "all"}
        began = time.perf_counter()
        visitor.post(path, facts)
        seconds.append(time.perf_counter() - began)
    return Time.of(seconds)


def by_action(pile):
    """(Time, queries) of the action alone."""
    seconds, queries = [], []
    for _ in range(times(ACTS)):
        offer, asked = pile.offer(), []

        def count(execute, text, *rest, asked=asked):
            asked.append(text)
            return execute(text, *rest)

        with connection.execute_wrapper(count):
            began = time.perf_counter()
            pile.accept(offer)
            seconds.append(time.perf_counter() - began)
        queries.append(len(asked))
    return Time.of(seconds), max(queries)


def by_psycopg(pile):
    """Lock, act and fifty events, the least there is; no rights, no offer, no audit."""
    seconds = []
    with psycopg.connect(os.environ["DATABASE_URL"]) as server:
        for _ in range(times(ACTS)):
            place = pile.next_place()
            began = time.perf_counter()
            with server.transaction(), server.cursor() as cursor:
                rows = cursor.execute(LOCK, [sorted(pile.keys)]).fetchall()
                values = [uuid.uuid4(), pile.taker.pk, timezone.now()]
                (act,) = cursor.execute(ACT, values).fetchone()
                cursor.execute(
                    EVENTS,
                    # All lie in one place, so one source does for all.
                    [act, rows[0][1], place.pk, [r[0] for r in rows], [r[2] + 1 for r in rows]],
                ).fetchall()
            seconds.append(time.perf_counter() - began)
    return Time.of(seconds)
