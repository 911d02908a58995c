"""How ready 227 stations are, beside five years of numbers at risk and drills: the page, and its statement alone."""

from django.db import connections

from bench import pages
from naloxone.rules import PLACES

YEARS = 5
READINESS = "/readiness/"
# At each station and each point, in three shifts, told anew each quarter.
NUMBERS = """
insert into naloxone_atrisk (request_key, station_id, place_id, shift, people, dogs, source, counted_on, by_id, at)
select gen_random_uuid(), place.station_id, place.id, shift, 4 + (place.station_id + shift) %% 9, place.station_id %% 2,
    'Roster', at::date, %(by)s, at
from generate_series(%(years)s * 4, 1, -1) as n
cross join lateral (select now() - n * interval '90 days' + interval '89 days') as moment(at)
cross join generate_series(1, 3) as shift
cross join (
    select station_id, id from naloxone_holder where kind = any(%(kinds)s) and closed_on is null
    union all
    select distinct station_id, null::bigint from naloxone_holder where kind = any(%(kinds)s)
) place
"""
# Each place by each shift, once a quarter.
DRILLS = """
insert into naloxone_drill (request_key, place_id, station_id, drilled_by_id, by_id, occurred_at, shift_on, shift,
    unannounced, access_mode, seconds, timed, "limit", result, note)
select gen_random_uuid(), place.id, place.station_id, %(by)s, %(by)s, at, at::date, shift, n %% 2 = 0,
    place.access_mode, 20 + (place.id + shift) %% 90, true, 120, 'in_hand', ''
from generate_series(%(years)s * 4, 1, -1) as n
cross join lateral (select now() - n * interval '90 days' + interval '80 days') as moment(at)
cross join generate_series(1, 3) as shift
cross join (select * from naloxone_holder where kind = any(%(kinds)s) and closed_on is null) place
"""


def seed(by):
    """Makes the numbers and drills, if there are none yet. Returns how many rows there are."""
    facts = {"by": by.pk, "years": YEARS, "kinds": [kind.value for kind in PLACES]}
    made = 0
    with connections["owner"].cursor() as cursor:
        for table, insert in (("naloxone_atrisk", NUMBERS), ("naloxone_drill", DRILLS)):
            cursor.execute(f"select count(*) from {table}")
            [[there]] = cursor.fetchall()
            if not there:
                cursor.execute(insert, facts)
                there = cursor.rowcount
                cursor.execute(f"vacuum (analyze) {table}")
            made += there
    return made


def page(visitor, person):
    """The page of all stations, as somebody sees it who sees every one."""
    return pages.measure("readiness of all stations", visitor, person, READINESS)
