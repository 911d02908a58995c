"""Where somebody of several stations looks now: one region or station of theirs.

It narrows lists and the front page to what the person chose in the header. It never widens or narrows a
right: a link from a mail, a scanned code and an address that names a station work as before. The choice
is a view setting of one session, so it leaves no audit row.
"""

from dataclasses import dataclass

from django.db.models import Count, Q

from safety_portal import access
from safety_portal.access import EVERYWHERE, Permission
from safety_portal.people import Station

KEY = "looking_at"
# Whose stations there are lists of.
LISTED = (Permission.KITS_SEE, Permission.PEOPLE_SEE, Permission.ALERTS_SEE)
MOST_IN_MENU = 8
ALL = "all"


@dataclass(frozen=True)
class Choice:
    """One line of the switch: its words, the value it sends, whether it is the present one."""

    label: str
    value: str
    current: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Look:
    """A region or station, by kind and key, with its name as it was when chosen."""

    kind: str
    key: int
    name: str

    @property
    def value(self):
        return f"{self.kind}-{self.key}"


def stations_of(person):
    """Keys of the stations that the person has lists of, or EVERYWHERE."""
    found = [access.rights(person).stations(permission) for permission in LISTED]
    if any(keys is EVERYWHERE for keys in found):
        return EVERYWHERE
    return frozenset().union(*found)


def has_choice(person):
    keys = stations_of(person)
    return keys is EVERYWHERE or len(keys) > 1


def mine(person):
    """The stations in use that the person has lists of."""
    keys = stations_of(person)
    found = Station.objects.in_use()
    return found if keys is EVERYWHERE else found.filter(pk__in=keys)


def take_up(person, session):
    """Read the session's choice once, at the start of a request."""
    told = session.get(KEY)
    person.__dict__["_look"] = Look(*told) if told else None


def look_of(person):
    """Where the person looks now, or None for all their stations."""
    look = person.__dict__.get("_look")
    if look is None or not has_choice(person):
        return None
    keys = stations_of(person)
    if look.kind == "station" and keys is not EVERYWHERE and look.key not in keys:
        return None  # the role there has ended meanwhile
    return look


def narrowing(person, field="station"):
    """A condition for lists: rows of the region or station that the person looks at."""
    return _narrowed(person, station=field, region=f"{field}__region")


def narrowing_stations(person):
    """The same for lists of stations themselves."""
    return _narrowed(person, station="pk", region="region")


def _narrowed(person, **fields):
    look = look_of(person)
    if look is None:
        return ~Q(pk__in=[])  # always true, also in “this | that”
    return Q(**{fields[look.kind]: look.key})


def found(person, value):
    """The Look behind a sent value (“station-12”), if it is the person's; None when it is not."""
    kind, _, key = value.partition("-")
    if kind not in ("station", "region") or not (key.isascii() and key.isdecimal()) or len(key) > 9:
        return None
    if kind == "station":
        station = mine(person).filter(pk=key).first()
        return station and Look(kind, station.pk, station.name)
    station = mine(person).filter(region=key).select_related("region").first()
    return station and Look(kind, station.region_id, station.region.name)


def choose(session, look):
    """Keep the choice for this session; None is all stations."""
    if look is None:
        session.pop(KEY, None)
    else:
        session[KEY] = [look.kind, look.key, look.name]


def menu(person):
    """Lines of the header's switch; none for who has one station. At most one query."""
    if person is None or not has_choice(person):
        return []
    look, keys = look_of(person), stations_of(person)
    lines = [Choice("All my stations", ALL, look is None)]
    if keys is not EVERYWHERE and len(keys) <= MOST_IN_MENU:
        stations = mine(person).by_name().values_list("pk", "name")
        values = [(f"station-{key}", name) for key, name in stations]
        lines += [Choice(name, value, bool(look and look.value == value)) for value, name in values]
    if look and not any(line.current for line in lines):
        lines.append(Choice(look.name, look.value, True))
    return lines


def regions_and_stations(person, words, most):
    """What the page of choices offers: (regions, stations, whether there are more), by name.

    Without words only as many stations as one can look over: beyond that none, typing is quicker.
    """
    look = look_of(person)
    stations = mine(person)
    regions = (
        stations.order_by()
        .values("region", "region__name", "region__component__name")
        .annotate(number=Count("pk"))
        .filter(number__gt=1)
        .order_by("region__component__name", "region__name")
    )
    if words:
        regions = regions.filter(region__name__icontains=words)
        stations = stations.matching(words)
    shown = list(stations.with_names().by_name()[: most + 1])
    more = len(shown) > most
    if more and not words:
        shown = []

    def line(name, value, hint):
        return Choice(name, value, bool(look and look.value == value), hint)

    return (
        [
            line(
                row["region__name"],
                f"region-{row['region']}",
                f"{row['number']} stations, {row['region__component__name']}",
            )
            for row in regions[:most]
        ],
        [line(one.name, f"station-{one.pk}", str(one.region)) for one in shown[:most]],
        more,
    )
