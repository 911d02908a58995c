"""Pages as one client waits for them, what they ask of the database, and eight clients at once."""

import os
import statistics
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import psycopg
from django.db import connection
from django.db.models import Count
from django.test import Client

from bench.environment import HOST, BenchError, times, wanted
from bench.plan import LONG
from bench.web import WARM, Time
from bench.world import busy_station
from naloxone.models import Device, Kit

EMPTY, BARE, LIST = "/bench/empty/", "/bench/bare/", "/kits/"
CLIENTS, SECONDS, TURNS = 8, 4, 3


@dataclass(frozen=True)
class Measured:
    """One page: its time, its size, its queries and how long those alone take."""

    name: str
    time: Time
    kb: float
    queries: int
    sql: Time


def statements(person, path):
    """What a page asks of the database, counted in this process: [(text, parameters)]."""
    client = Client(SERVER_NAME=HOST, headers={"x-forwarded-proto": "https"})
    client.force_login(person.account)
    found = []

    def keep(execute, text, params, many, context):
        found.append((text, params))
        return execute(text, params, many, context)

    client.get(path)  # a new session is written down once; that is no part of the page
    with connection.execute_wrapper(keep):
        client.get(path)
    return found


def sql_time(found):
    """The same statements by psycopg alone."""
    seconds = []
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server,
        psycopg.ClientCursor(server) as cursor,
    ):
        for turn in range(WARM + times(30)):
            began = time.perf_counter()
            for text, params in found:
                cursor.execute(text, params)
                if cursor.description:
                    cursor.fetchall()
            if turn >= WARM:
                seconds.append(time.perf_counter() - began)
    return Time.of(seconds)


def measure(name, visitor, person, path, expected=200):
    """Everything about one page."""
    taken, size = visitor.time(path, expected)
    found = statements(person, path)
    return Measured(name, taken, size / 1000, len(found), sql_time(found))


def lists(visitor, person, auditor, auditor_visits):
    """Every page, sort and filter of the kit list."""
    for name, query in filter(by_name, list_queries(visitor)):
        yield measure(name, visitor, person, f"{LIST}?{urlencode(query)}")
    of_all = [
        ("kits of the whole agency", {}),
        ("filter: station, of the agency", {"station": busy_station().pk}),
    ]
    for name, query in filter(by_name, of_all):
        yield measure(name, auditor_visits, auditor, f"{LIST}?{urlencode(query)}")


def by_name(pair):
    return wanted(pair[0])


def list_queries(visitor):
    """(name, query) of each way to look at the list."""
    here = Kit.objects.filter(station=busy_station())
    some = here.filter(holder__kind="storage").select_related("lot").order_by("pk")[50]
    yield "kits, first page", {}
    yield "kits, second page", following(visitor)
    yield "kits, last page", {"last": "1"}
    for sort in ("reference", "-reference", "expiry", "-expiry", "place", "-place"):
        yield f"sort: {sort}", {"sort": sort}
    yield "sort: place, last page", {"sort": "place", "last": "1"}
    filters = {
        "code": {"q": some.reference},
        "place": {"place": some.holder_id},
        "state, recalled": {"state": "recalled"},
        "state, emptied": {"state": "spent"},
        "expired": {"expiry": "expired"},
        "expiry within 90 days": {"expiry": "90"},
        "product": {"product": some.lot.product_id},
        "lot": {"lot": some.lot.number},
        "place, product, expiry": {"place": some.holder_id, "product": some.lot.product_id, "expiry": "180"},
    }  # fmt: skip
    for name, query in filters.items():
        yield f"filter: {name}", query


def following(visitor):
    """The query of the second page, as the first one links it."""
    text = visitor.get(LIST).body.decode()
    for part in text.split('href="')[1:]:
        address = part.split('"')[0].replace("&amp;", "&")
        query = parse_qs(urlsplit(address).query)
        if "after" in query:
            return {name: values[-1] for name, values in query.items()}
    raise BenchError("The first page of kits has no link to a next one.")


def kit_with_history():
    """A unit of the busy station with forty events; the writers and the pile leave such alone."""
    return Kit.objects.filter(station=busy_station(), last_sequence=LONG).order_by("pk").first()


def codes():
    """(name, code) of what people scan: each means one unit or a lot."""
    here = Kit.objects.filter(station=busy_station())
    some = here.filter(devices__serial__gt="").order_by("pk").first()
    yield "reference", some.reference
    yield "seal", here.exclude(seal="").order_by("pk").first().seal
    yield "serial", Device.objects.filter(kit=some).exclude(serial="").first().serial
    yield "lot", some.lot.number


def others(visitor, person):
    """The kit's page and the look-ups."""
    kit = kit_with_history()
    yield measure(f"kit with {kit.last_sequence} events", visitor, person, kit.get_absolute_url())
    look_ups = [(f"look-up: {name}", code) for name, code in codes()]
    for name, code in filter(by_name, look_ups):
        path = f"/kits/find/?{urlencode({'q': code})}"
        yield measure(name, visitor, person, path, expected=302)


def traces(visitor, person):
    """A whole lot: a recalled one, of which the busy station has the most."""
    here = Kit.objects.filter(station=busy_station(), state="recalled").order_by()
    [most] = here.values("lot").annotate(n=Count("pk")).order_by("-n")[:1]
    name = f"lot trace, {most['n']:,} kits of it here"
    if wanted(name):
        yield measure(name, visitor, person, f"/lots/L-{most['lot']}/")


def records(visitor, person):
    """The custody record on paper, of the kit whose page is measured."""
    kit = kit_with_history()
    name = f"custody record of {kit.last_sequence} events, PDF"
    if wanted(name):
        yield measure(name, visitor, person, f"{kit.get_absolute_url()}custody-record.pdf")


def stations(visitor, person):
    """What one opens about a whole station: stock against par, inspections, the front page."""
    for name, path in (("station stock", "/stock/"), ("inspections by place", "/inspections/"), ("places to walk", "/rounds/"), ("front page", "/")):  # fmt: skip
        if wanted(name):
            yield measure(name, visitor, person, path)


def together(visitor):
    """Requests a second of eight clients: (kit list, empty page), medians of turns that alternate."""
    seconds = min(SECONDS, times(100 * SECONDS) / 100)
    pairs = [
        (visitor.rate(LIST, CLIENTS, seconds), visitor.rate(EMPTY, CLIENTS, seconds))
        for _ in range(TURNS)
    ]
    return tuple(statistics.median(column) for column in zip(*pairs, strict=True))
