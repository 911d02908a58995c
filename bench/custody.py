"""Custody acts by writers at once, through the action and by the same statements without Django."""

import multiprocessing
import os
import re
import statistics
import time
import uuid
from dataclasses import dataclass, field

import psycopg
from django.db import connection, connections
from django.utils import timezone

from bench.environment import BenchError, times
from bench.plan import LONG
from bench.world import busy_station, who_is
from naloxone.actions import move_kits
from naloxone.models import Holder, Kit
from naloxone.rules import HolderKind
from safety_portal.access import Role
from safety_portal.people import Person

WRITERS = 2
KITS = 50  # of each writer, so that nobody waits for another's row
ROUNDS = 8  # of each kit in a turn; even, so that the next turn can begin with the same place
TURNS = 3  # of each way


@dataclass
class Writer:
    """What one writer moves: kits that lie neither here nor there."""

    kits: list
    places: list
    by: Person
    texts: list = field(default_factory=list)  # the statements of an act, for the floor

    def turn(self, number):
        """(kit, place) of an act; each round goes to the other place."""
        kit = self.kits[number % len(self.kits)]
        return kit, self.places[number // len(self.kits) % 2]


def writers(count=WRITERS):
    """Writers with kits and places of their own at the busy station: who takes from the same place waits for one another.

    One that works stays at each place, which no move empties.
    """
    each = times(KITS)
    station = busy_station()
    here = Kit.objects.serviceable(station.today()).filter(
        station=station, holder__kind=HolderKind.STORAGE
    )
    stay = list(here.order_by("holder", "pk").distinct("holder").values_list("pk", flat=True))
    places = list(Holder.objects.filter(kits__in=stay).with_names().order_by("pk")[: 2 * count])
    keys = list(
        here.exclude(holder__in=places)
        .exclude(pk__in=stay)
        .exclude(last_sequence=LONG)
        .order_by("-pk")
        .values_list("pk", flat=True)[: count * each]
    )
    by = who_is(Role.COORDINATOR)
    return [Writer(keys[n::count], places[n::count], by) for n in range(count)]


def by_action(writer, count, start):
    """Acts through the action, as a view makes them."""
    start.wait()
    for number in range(count):
        key, place = writer.turn(number)
        move_kits(
            kits=[Kit(pk=key)],
            place=place,
            occurred_at=timezone.now(),
            request_key=uuid.uuid4(),
            by=writer.by,
        )
    connections.close_all()


# --- the floor: the statements of one act, recorded, and sent again by psycopg alone --------------


def recorded(writer):
    """The statements of one act, as the action sent them."""
    found = []

    def keep(execute, text, params, many, context):
        found.append(text)
        return execute(text, params, many, context)

    key, place = writer.turn(0)
    with connection.execute_wrapper(keep):
        move_kits(
            kits=[Kit(pk=key)],
            place=place,
            occurred_at=timezone.now(),
            request_key=uuid.uuid4(),
            by=writer.by,
        )
    return [text for text in found if "SAVEPOINT" not in text]


NAME = re.compile(r'\s*(\w+)\b.*?\b(lock_kits|(?:naloxone|safety_portal)_\w+)"?[ (\n]', re.DOTALL)


def names_of(texts):
    """Statements in short, such as “insert naloxone_act”; the second of a name is “…, again”."""
    names = []
    for text in texts:
        verb, table = NAME.match(re.sub(r'"\w+"\."', '"', text)).groups()
        name = f"{verb.lower()} {table}"
        names.append(f"{name}, again" if name in names else name)
    return names


VALUES = {
    "select lock_kits": lambda f: [[f["kit"]]],
    "select naloxone_kit": lambda f: [[f["kit"]]],
    "select naloxone_holder": lambda f: [[f["holder"]]],  # held, so that no two take its last ones
    "select naloxone_kit, again": lambda f: [[f["holder"]], [f["kit"]]],  # what stays there
    "select naloxone_act": lambda f: [f["request"]],
    "insert naloxone_act": lambda f: [
        f["request"], "move", f["by"].pk, None, "", f["now"], None, None,
    ],
    "insert naloxone_custodyevent": lambda f: [
        f["act"], f["kit"], f["sequence"] + 1, "moved", f["holder"], f["place"].pk, "in_service", None, None,
    ],
    "update naloxone_handoverline": lambda f: ["lapsed", f["now"], [f["kit"]], []],
    "insert safety_portal_auditrow": lambda f: [
        "custody.moved", f["by"].pk, "", f"K-{f['kit']}", "2304",
        f"kits: K-{f['kit']}\nto: {f['place'].name}", "",
    ],
}  # fmt: skip


def by_psycopg(writer, count, start):
    """The same statements in the same order, one transaction an act, by psycopg as it comes."""
    texts = writer.texts
    names = names_of(texts)
    with psycopg.connect(os.environ["DATABASE_URL"]) as server:
        start.wait()
        for number in range(count):
            key, place = writer.turn(number)
            facts = {
                "kit": key,
                "place": place,
                "by": writer.by,
                "request": uuid.uuid4(),
                "now": timezone.now(),
            }
            with server.transaction(), server.cursor() as cursor:
                for text, name in zip(texts, names, strict=True):
                    send(cursor, text, name, facts)


def send(cursor, text, name, facts):
    """One statement of the act; what later ones need of its answer is added to the facts."""
    if name not in VALUES or text.count("%s") != len(VALUES[name](facts)):
        raise BenchError(f"The action now sends another “{name}”; bring bench/custody.py after it.")
    cursor.execute(text, VALUES[name](facts))
    row = cursor.fetchone() if cursor.description else None
    if name == "select naloxone_kit":
        # The unit's own columns come first; its holder's and station's repeat some names.
        for column, value in reversed(list(zip(cursor.description, row, strict=True))):
            facts[{"last_sequence": "sequence", "holder_id": "holder"}.get(column.name, "-")] = (
                value
            )
    elif name == "insert naloxone_act":
        facts["act"] = row[0]


# --- both -----------------------------------------------------------------------------------------


def rate(work, those, count):
    """Acts a second of all writers together, each a process of its own."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    start = context.Barrier(len(those) + 1)
    processes = [context.Process(target=work, args=(w, count, start)) for w in those]
    for process in processes:
        process.start()
    start.wait()
    began = time.monotonic()
    for process in processes:
        process.join()
    took = time.monotonic() - began
    if any(process.exitcode for process in processes):
        raise BenchError("A writer failed; its words are above.")
    return len(those) * count / took


def measure():
    """(acts a second by the action, the same by psycopg): medians of turns that alternate."""
    *those, spare = writers(WRITERS + 1)
    texts = recorded(spare)
    for writer in those:
        writer.texts = texts
    count = ROUNDS * len(those[0].kits)
    pairs = [(rate(by_action, those, count), rate(by_psycopg, those, count)) for _ in range(TURNS)]
    return tuple(statistics.median(column) for column in zip(*pairs, strict=True))
