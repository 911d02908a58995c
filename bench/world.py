"""Stations, people, places and lots of the bench; and how it knows a database as its own."""

import datetime as dt

from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from bench.environment import BenchError
from bench.plan import Site, World
from naloxone.models import AccessMode, Holder, Kit, Lot, LotRecall, PlaceType, Product
from naloxone.rules import HolderKind
from safety_portal.access import Grant, Role, Scope, rights
from safety_portal.people import Account, Kind, Person, Station

BUSY_CODE = "2304"  # a land port of a middling region; nothing depends on which
MARK = "BENCH"  # the badge of a person that only the bench makes
BUSY_PEOPLE, BUSY_PLACES = 300, 60
PEOPLE, PLACES = 8, 4  # at each other station
LOTS = 400
RECALLED = 4


def is_ours():
    """Whether the bench filled this database."""
    return Person.objects.filter(badge=MARK).exists()


def clear():
    """Takes everything away, but only what the bench made itself."""
    if not is_ours():
        raise BenchError("This database holds something that the bench did not make; it stays.")
    connections["default"].close()
    with connections["owner"].cursor() as cursor:
        cursor.execute("drop schema public cascade")
        cursor.execute("create schema public")


def make_world():
    """Reference data, people, places and lots in an empty portal."""
    call_command("migrate", interactive=False, verbosity=0)
    if is_ours():
        return
    if Account.objects.exists() or Kit.objects.exists():
        raise BenchError("This database is in use. The bench fills an empty one, or its own.")
    with open("/dev/null", "w") as silence:
        call_command("load_reference", stdout=silence)
    make_people()
    make_places()
    make_lots()
    # Last, so that a run that was interrupted before is not taken for a whole one.
    Person.objects.create(
        kind=Kind.CONTRACTOR, given_name="Bench", badge=MARK, station=busy_station()
    )


def who_is(role):
    """The person of the busy station with a role, as a request finds them: their rights are known by then."""
    grant = Grant.objects.filter(role=role, person__station__code=BUSY_CODE).first()
    person = Person.objects.with_station().select_related("account").get(pk=grant.person_id)
    rights(person)
    return person


def busy_station():
    return Station.objects.get(code=BUSY_CODE)


def make_people():
    """Each station's people with accounts; the first of a station is its coordinator, the second its supervisor."""
    stations = list(Station.objects.order_by("pk"))
    people = Person.objects.bulk_create(
        Person(
            kind=Kind.EMPLOYEE,
            given_name="Robin",
            family_name=f"Example{station.pk}-{number}",
            badge=f"X{station.pk:04}{number:04}",
            station=station,
        )
        for station in stations
        for number in range(BUSY_PEOPLE if station.code == BUSY_CODE else PEOPLE)
    )
    Account.objects.bulk_create(
        Account(person=person, email=f"{person.badge.lower()}@portal.example", password="!")
        for person in people
    )
    Holder.objects.bulk_create(
        Holder(kind=HolderKind.PERSON, person=person, name=person.name, station=person.station)
        for person in people
    )
    since, giver = timezone.now() - dt.timedelta(days=500), Person.objects.portal()
    Grant.objects.bulk_create(
        Grant(
            person=person,
            role=role,
            scope=Scope.STATION,
            station=person.station,
            starts_at=since,
            given_by=giver,
        )
        for number, role in ((0, Role.COORDINATOR), (1, Role.SUPERVISOR))
        for person in people
        if person.badge.endswith(f"{number:04}")
    )
    auditor = Person.objects.filter(station=busy_station()).order_by("-pk").first()
    Grant.objects.create(
        person=auditor,
        role=Role.AUDITOR,
        scope=Scope.EVERYWHERE,
        starts_at=since,
        given_by=giver,
    )


def make_places():
    Holder.objects.bulk_create(
        Holder(
            kind=HolderKind.VEHICLE if number % 5 == 4 else HolderKind.STORAGE,
            name=f"{'Vehicle' if number % 5 == 4 else 'Cabinet'} {number + 1}",
            station=station,
            place_type=PlaceType.VEHICLE_CAB if number % 5 == 4 else PlaceType.CABINET,
            access_mode=AccessMode.KEY,
            par_min=4,
        )
        for station in Station.objects.order_by("pk")
        for number in range(BUSY_PLACES if station.code == BUSY_CODE else PLACES)
    )


def make_lots():
    """Lots of all products, from expired two months ago to good for three years; the last few are recalled."""
    products = list(Product.objects.order_by("pk"))
    today = timezone.now().date()
    lots = Lot.objects.bulk_create(
        Lot(
            product=products[number % len(products)],
            number=f"X{number:05}",
            expires_on=today + dt.timedelta(days=number * 3 - 60),
        )
        for number in range(LOTS)
    )
    LotRecall.objects.bulk_create(
        LotRecall(lot=lot, notice="Fictitious notice", by=Person.objects.portal())
        for lot in lots[-RECALLED:]
    )


def read_world():
    """The keys that plans are made of."""
    coordinators = dict(Grant.objects.of_role(Role.COORDINATOR).values_list("station", "person"))
    sites = {
        key: Site(key, [], [], [], coordinators[key])
        for key in Station.objects.order_by("pk").values_list("pk", flat=True)
    }
    for holder in Holder.objects.exclude(station=None).order_by("pk"):
        site = sites[holder.station_id]
        if holder.kind == HolderKind.PERSON:
            site.carriers.append((holder.pk, holder.person_id))
            continue
        site.places.append(holder.pk)
        if holder.kind == HolderKind.STORAGE:
            site.stores.append(holder.pk)
    lots = list(Lot.objects.order_by("pk").values_list("pk", flat=True))
    return World(
        sites=list(sites.values()),
        busy=list(sites).index(busy_station().pk),
        supplier=Holder.objects.get(kind=HolderKind.SUPPLIER).pk,
        lots=lots[:-RECALLED],
        recalled_lots=lots[-RECALLED:],
    )


def counts():
    """(units, events) now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from naloxone_kit), (select count(*) from naloxone_custodyevent)"
        )
        return cursor.fetchone()
