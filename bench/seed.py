"""Fills the portal through the ledger's own trigger, as the application's role, in large statements."""

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

import psycopg
from django.db import connections
from django.utils import timezone
from psycopg.types.json import Jsonb

from bench import plan, world

TOGETHER = 20  # blocks in one transaction
UNITS_AN_ACT = 50
SPOILED = 1.1  # what earlier runs added; beyond that the figures would be of another size

KITS = """
insert into naloxone_kit (kind, seal)
select * from unnest(%s::text[], %s::text[]) returning id
"""
DEVICES = """
insert into naloxone_device (origin_id, lot_id, serial)
select * from unnest(%s::bigint[], %s::bigint[], %s::text[]) returning id
"""
OFFERS = """
insert into naloxone_handover (by_id, receiver_id, station_id, note, offered_at, due_at, request_key)
select by_id, receiver_id, station_id, '', at, at + interval '24 hours', gen_random_uuid()
from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[]) as o(by_id, receiver_id, station_id, at)
returning id
"""
OFFER_LINES = """
insert into naloxone_handoverline (hand_over_id, kit_id, sequence, outcome, reason, ended_at)
select hand_over_id, kit_id, sequence, 'accepted', '', at
from unnest(%s::bigint[], %s::bigint[], %s::int[], %s::timestamptz[]) as l(hand_over_id, kit_id, sequence, at)
"""
ACTS = """
insert into naloxone_act (request_key, verb, by_id, proof, occurred_at, hand_over_id)
select request_key, verb, by_id, '', at, hand_over_id
from unnest(%s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[], %s::bigint[])
    as a(request_key, verb, by_id, at, hand_over_id)
returning id
"""
AUDIT = """
insert into safety_portal_auditrow (act, by_id, on_behalf_of, target, station_code, facts, origin)
select 'custody.' || verb, by_id, '', target, '', facts, '127.0.0.1'
from unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) as a(verb, by_id, target, facts)
"""
EVENTS = """
insert into naloxone_custodyevent (act_id, kit_id, sequence, kind, source_id, destination_id, state, devices, units)
select * from unnest(%s::bigint[], %s::bigint[], %s::int[], %s::text[], %s::bigint[], %s::bigint[], %s::text[],
    %s::jsonb[], %s::jsonb[])
"""


@dataclass
class Happening:
    """An act and what it does to its units."""

    steps: list  # (unit, its next sequence, step)
    at: object
    hand_over: int | None = None
    key: int | None = None

    @property
    def first(self):
        return self.steps[0][2]

    @property
    def station(self):
        return self.steps[0][0].site.station


class Loader:
    """Writes blocks of the plan by one connection."""

    def __init__(self, cursor, planner, now):
        self.cursor, self.planner, self.now = cursor, planner, now
        self.keys, self.sequences, self.doses = {}, {}, {}

    def keys_of(self, statement, *columns):
        self.cursor.execute(statement, columns)
        return [key for (key,) in self.cursor.fetchall()]

    def load(self, blocks):
        """Units, doses, then round by round, because a statement may hold one event of each unit."""
        units = [unit for number in blocks for unit in self.planner.block(number)]
        kits = self.keys_of(KITS, [u.kind for u in units], [u.seal for u in units])
        self.keys = {id(unit): key for unit, key in zip(units, kits, strict=True)}
        self.sequences = dict.fromkeys(self.keys, 0)
        self.make_doses(units)
        for number in range(max(len(unit.steps) for unit in units)):
            self.make_round(units, number, plan.told_at(self.now, blocks[0], number))

    def make_doses(self, units):
        owners = [(unit, number) for unit in units for number in range(unit.doses)]
        rows = [(self.keys[id(u)], u.lot, f"{u.serial}{n}" if u.serial else "") for u, n in owners]
        self.doses = {}
        for (unit, _), dose in zip(owners, self.keys_of(DEVICES, *columns(rows)), strict=True):
            self.doses.setdefault(id(unit), []).append(dose)

    def make_round(self, units, number, at):
        steps = [
            (unit, unit.steps[number])
            for unit in units
            if number < len(unit.steps) and unit.steps[number] is not None
        ]

        def together(pair):
            step = pair[1]
            return step.verb, step.kind, step.by, step.destination

        happenings = []
        for _, found in groupby(sorted(steps, key=together), key=together):
            found = [(u, self.next_sequence(u), s) for u, s in found]
            happenings += [
                Happening(found[n : n + UNITS_AN_ACT], at)
                for n in range(0, len(found), UNITS_AN_ACT)
            ]
        self.make_offers([h for h in happenings if h.first.verb == "accept"])
        self.make_acts(happenings)
        self.make_events(happenings)

    def next_sequence(self, unit):
        self.sequences[id(unit)] += 1
        return self.sequences[id(unit)]

    def make_offers(self, happenings):
        if not happenings:
            return
        found = self.keys_of(
            OFFERS,
            [h.steps[0][0].site.coordinator for h in happenings],
            [h.first.destination for h in happenings],
            [h.station for h in happenings],
            [h.at for h in happenings],
        )
        lines = []
        for happening, key in zip(happenings, found, strict=True):
            happening.hand_over = key
            lines += [(key, self.keys[id(u)], n - 1, happening.at) for u, n, _ in happening.steps]
        self.cursor.execute(OFFER_LINES, columns(lines))

    def make_acts(self, happenings):
        rows = [(uuid.uuid4(), h.first.verb, h.first.by, h.at, h.hand_over) for h in happenings]
        for happening, key in zip(happenings, self.keys_of(ACTS, *columns(rows)), strict=True):
            happening.key = key
        self.cursor.execute(AUDIT, columns([self.audit_row(h) for h in happenings]))

    def audit_row(self, happening):
        names = [f"K-{self.keys[id(unit)]}" for unit, _, _ in happening.steps]
        target = names[0] if len(names) == 1 else f"{len(names)} kits"
        return happening.first.verb, happening.first.by, target, "kits: " + ", ".join(names)

    def make_events(self, happenings):
        rows = []
        for happening in happenings:
            for unit, number, step in happening.steps:
                rows.append(
                    (happening.key, self.keys[id(unit)], number, step.kind, step.source, step.destination,
                     step.state, *self.doses_of(unit, step))
                )  # fmt: skip
        self.cursor.execute(EVENTS, columns(rows))

    def doses_of(self, unit, step):
        """The doses that an event names, and where each goes."""
        if step.kind not in ("received", "parted"):
            return None, None
        doses = self.doses[id(unit)]
        if step.gives_to is None:
            return Jsonb(doses), None
        return Jsonb(doses), Jsonb([self.keys[id(step.gives_to)]] * len(doses))


def columns(rows):
    """Rows as one list a column."""
    return [list(column) for column in zip(*rows, strict=True)]


def load(blocks, found):
    """Writes the blocks by two connections at once, each with every other portion."""
    portions = [blocks[n : n + TOGETHER] for n in range(0, len(blocks), TOGETHER)]
    now = timezone.now()

    def work(mine):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            loader = Loader(connection.cursor(), plan.Planner(found), now)
            for portion in mine:
                with connection.transaction():
                    loader.load(portion)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, portions[n::2]) for n in range(2)]:
            done.result()


def tidy():
    """As autovacuum would leave it: fresh statistics, dead rows gone."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("vacuum (analyze)")


@dataclass(frozen=True)
class Seeded:
    """What is there now, and what it took to make what was not."""

    kits: int
    events: int
    made: int
    seconds: float


def seed(scale):
    """Brings the database to a scale: kept when it has it, continued when it has less, made anew when spoiled."""
    blocks = max(1, round(plan.KITS / plan.BLOCK * scale))
    world.make_world()
    kits, events = world.counts()
    done = kits // plan.BLOCK
    if done > blocks or events > done * 4 * plan.BLOCK * SPOILED or kits % plan.BLOCK:
        world.clear()
        world.make_world()
        kits, events, done = 0, 0, 0
    before, started = events, time.monotonic()
    if done < blocks:
        load(list(range(done, blocks)), world.read_world())
    seconds = time.monotonic() - started
    if done < blocks:
        tidy()
    kits, events = world.counts()
    return Seeded(kits, events, events - before, seconds)
