"""Five years of rounds beside the kits, and a round saved among them: as a form that is sent, and eight places at once."""

import time
import uuid
from contextlib import contextmanager

from django.db import connections
from django.utils import timezone

from bench.environment import times
from bench.web import Time
from bench.world import busy_station
from naloxone import actions
from naloxone.actions.rounds import Told
from naloxone.models import Holder
from naloxone.round_rules import RoundKind
from naloxone.rules import PLACES

ROUNDS = 10_000_000  # from scale 1 on: some 1,800 places, three shifts a day, five years
YEARS = 5
TURNS = 20
AT_ONCE = 8

WALKS = """
insert into naloxone_walk (request_key, station_id, by_id, proof, at_terminal, shift_on, shift, began_at)
select gen_random_uuid(), station.id, %(by)s, '', false, at::date, 1 + n %% 3, at
from generate_series(1, %(walks)s) as n
cross join (select distinct station_id as id from naloxone_holder where kind = any(%(kinds)s)) station
cross join lateral (select now() - interval '1 day' - n * interval '1 year' * %(years)s / %(walks)s) as moment(at)
order by n desc
"""
# One of ninety is the documented check: once in thirty days of three shifts.
ROWS = """
insert into naloxone_round (walk_id, place_id, kind, occurred_at, seal_recorded, seal_seen, seal_new, expected,
    result, no_access, note)
select walk.id, place.id, case when walk.id %% 90 = 0 then 'documented' else 'shift' end, walk.began_at,
    '', '', '', 8, 'right', false, ''
from naloxone_walk walk
join naloxone_holder place on place.station_id = walk.station_id and place.kind = any(%(kinds)s)
"""
INDEXES = """
select format('drop index %%I', index.relname), pg_get_indexdef(index.oid)
from pg_index join pg_class index on index.oid = indexrelid
where indrelid = %(table)s::regclass
  and not exists (select from pg_constraint where conindid = indexrelid)
"""
CONSTRAINTS = """
select format('alter table %(table)s drop constraint %%I', conname),
    format('alter table %(table)s add constraint %%I %%s', conname, pg_get_constraintdef(oid))
from pg_constraint where conrelid = '%(table)s'::regclass and contype in ('u', 'f')
"""


@contextmanager
def bare(cursor, table):
    """A table without what each row would pay for: indexes, keys and triggers are put back at the end, for all rows at once."""
    cursor.execute(INDEXES, {"table": table})
    parts = cursor.fetchall()
    cursor.execute(CONSTRAINTS % {"table": table})
    # Rows that were made from the keys' own tables need no second look.
    parts += [(drop, made + " not valid" * made.count("FOREIGN KEY")) for drop, made in cursor.fetchall()]  # fmt: skip
    for drop, _ in parts:
        cursor.execute(drop)
    cursor.execute(f"alter table {table} disable trigger user")
    yield
    for _, make in parts:
        cursor.execute(make)
    cursor.execute(f"alter table {table} enable trigger user")


def seed(scale, by):
    """Makes what is not there yet of a scale's rounds. Returns (how many there are, seconds)."""
    began = time.monotonic()
    kinds = [kind.value for kind in PLACES]
    with connections["owner"].cursor() as cursor:
        cursor.execute("select count(*) from naloxone_round")
        (there,) = cursor.fetchone()
        wanted = ROUNDS * min(scale, 1)
        if there >= wanted:
            return there, 0
        places = Holder.objects.filter(kind__in=kinds).count()
        walks = max(1, round(wanted / places))
        cursor.execute("begin")
        # What an earlier, smaller run left is part of the past and made anew.
        for table in ("kitscan", "drawnkit", "round", "walk"):
            cursor.execute(f"alter table naloxone_{table} disable trigger user")
            cursor.execute(f"delete from naloxone_{table}")
            cursor.execute(f"alter table naloxone_{table} enable trigger user")
        with bare(cursor, "naloxone_walk"), bare(cursor, "naloxone_round"):
            cursor.execute(WALKS, {"by": by.pk, "walks": walks, "years": YEARS, "kinds": kinds})
            cursor.execute(ROWS, {"kinds": kinds})
        cursor.execute("commit")
        cursor.execute("vacuum (analyze) naloxone_walk, naloxone_round")
    return walks * places, time.monotonic() - began


def busy_places():
    return list(
        Holder.objects.filter(station=busy_station(), kind__in=PLACES)
        .select_related("station")
        .order_by("pk")
    )


def by_form(visitor):
    """One place after the other, all right each, as somebody on foot sends it."""
    places, seconds = busy_places(), []
    for turn in range(times(TURNS)):
        path = f"/rounds/S-{places[turn % len(places)].pk}/"
        facts = visitor.form(path, "round-form")
        began = time.perf_counter()
        visitor.post(path, facts)
        seconds.append(time.perf_counter() - began)
    return Time.of(seconds)


def by_action(by):
    """Eight places in one act, with the draw, as at the counter."""
    places, seconds = busy_places()[:AT_ONCE], []
    for _ in range(times(TURNS)):
        now = timezone.now()
        began = time.perf_counter()
        walk = actions.record_rounds(
            told=[Told(place, RoundKind.SHIFT) for place in places], occurred_at=now, now=now,
            request_key=uuid.uuid4(), by=by,
        )  # fmt: skip
        actions.finish_walk(walk=walk, by=by)
        seconds.append(time.perf_counter() - began)
    return Time.of(seconds)
