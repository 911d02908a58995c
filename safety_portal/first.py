"""What is to be done first, the nearest clock on top: for those who answer for stations."""

import datetime as dt
from copy import copy
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import (
    BigIntegerField,
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    Min,
    Q,
    TextField,
    Value,
    Window,
)
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse

from naloxone import swaps
from naloxone.inspection_rules import inspection_due_on
from naloxone.models import (
    Consignment,
    Discrepancy,
    DiscrepancyKind,
    Disposal,
    DrillRequest,
    HandOver,
    Holder,
    Kit,
    Search,
    UseReport,
)
from naloxone.rules import PLACES, RECONCILE_HOURS
from safety_portal import access, alerts, looking
from safety_portal.access import Permission
from safety_portal.alerts import Alert
from safety_portal.panels import A_DAY, at, here, still_open

MOST_FIRST = 7
BIND_WITHIN = dt.timedelta(hours=RECONCILE_HOURS)  # which kit it was is found out in that time
SEARCH, BOX, SWAP, DRILL = "search", "box", "swap", "drill"  # among the kinds of what has a clock


@dataclass(frozen=True)
class Item:
    """One line of “Do first”: what, by when, and where one does it."""

    text: str
    due_on: dt.date | None
    url: str
    late: bool


def late_offers(person, now):
    """Offers from one's stations that nobody answered in time."""
    late = HandOver.objects.filter(here(person, Permission.CUSTODY_GIVE), due_at__lt=now)
    for offer in still_open(late).select_related("receiver")[:MOST_FIRST]:
        noun = "kit" if offer.number == 1 else "kits"
        text = f"{offer.receiver} has not answered {offer.reference}: {offer.number} {noun}"
        day = person.station.today(offer.due_at)
        yield Item(text, day, reverse("naloxone:hand_over", args=[offer.pk]), late=True)


def kits_of_leavers(person):
    """Kits of one's stations in the hands of people who have left."""
    left = Kit.objects.filter(
        here(person, Permission.CUSTODY_GIVE), holder__person__left_on__isnull=False
    )
    for kit in left.select_related("holder__person").order_by("pk")[:MOST_FIRST]:
        text = f"{kit.reference} is still with {kit.holder}, who has left"
        yield Item(text, kit.holder.person.left_on, kit.get_absolute_url(), late=True)


def noon_of(day):
    """Noon of the day in a column: that day by every clock here."""
    noon = Cast(day, DateTimeField()) + dt.timedelta(hours=12)
    return ExpressionWrapper(noon, output_field=DateTimeField())


def asked_drills(person):
    """Drills that were asked for at places of one's stations, as rows of the clocks: about is the shift, the key its place's."""
    mine = access.within(person, Permission.CUSTODY_GIVE, field="place__station")
    found = DrillRequest.objects.open().filter(mine, looking.narrowing(person, "place__station"))
    text = TextField()
    return (
        found.filter(place__closed_on=None)
        .order_by()
        .values_list(
            noon_of("due_on"), "place", Cast(Value(DRILL), text), Cast("shift", BigIntegerField()),
            Cast("place__name", text),
        )
    )  # fmt: skip


def coming(person, now):
    """Boxes on their way to one's stations, as rows of the clocks."""
    theirs = access.within(person, Permission.CUSTODY_TAKE, field="destination")
    text, none = TextField(), Cast(Value(None), BigIntegerField())
    return (
        Consignment.objects.open()
        .filter(theirs, looking.narrowing(person, "destination"))
        .filter(expected_on__gte=person.station.today(now))
        .order_by()
        .values_list(
            noon_of("expected_on"), "pk", Cast(Value(BOX), text), none, Cast("station__name", text)
        )
    )


def bare_places(person, now):
    """Places of one's own that have kits usable in need and none serviceable, as rows of the clocks: theirs is now."""
    text = TextField()
    mine = Holder.objects.filter(here(person, Permission.CUSTODY_GIVE))
    return (
        swaps.bare(mine, now)
        .filter(in_need__gt=0)
        .order_by()
        .values_list(
            Value(now, DateTimeField()), "pk", Cast(Value(SWAP), text),
            Cast(Value(None), BigIntegerField()), Cast("name", text),
        )
    )  # fmt: skip


def swaps_at(keys, now):
    """A line for each place: what could go there before its last goes."""
    places = Holder.objects.filter(pk__in=keys).select_related("station").order_by("pk")
    for swap in swaps.swaps(places, now):
        url = f"{swap.place.get_absolute_url()}#swap"
        yield Item(swap.sentence, swap.place.station.today(now), url, late=False)


def clocks(person, now):
    """What still has time; one query. Past its time each is an alert.

    What does not add up, what is searched for at a place, what one person ended without a second signature,
    boxes on their way here, places that need a swap, and drills that were asked for (the only ones that may be late).
    """
    where = Q(here(person, Permission.CUSTODY_GIVE), due_at__gt=now)
    text, none = TextField(), Value("")
    open_ones = Discrepancy.objects.open().filter(where).order_by()
    waiting = Disposal.objects.waiting().filter(where).order_by()
    place = Coalesce(Cast("place__name", text), none, output_field=text)
    # What somebody carries stands on their own page.
    searched = Search.objects.open().filter(where, holder__kind__in=PLACES).order_by()
    name, search = Cast("holder__name", text), Cast(Value(SEARCH), text)
    found = open_ones.values_list("due_at", "pk", Cast("kind", text), "kit", place).union(
        waiting.values_list("due_at", "pk", Cast(none, text), "act__by", Cast(none, text)),
        searched.values_list("due_at", "pk", search, "kit", name),
        coming(person, now),
        bare_places(person, now),
        asked_drills(person),
        all=True,
    )
    bare = []
    for due_at, key, kind, about, place_name in found.order_by("due_at", "pk")[: MOST_FIRST + 1]:
        if kind == SWAP:
            bare.append(key)
            continue
        if kind == SEARCH:
            what = f"K-{about} is not at {place_name}: where is it?"
            url = reverse("naloxone:search", args=[key])
        elif kind == BOX:
            what = f"CN-{key} is on its way from {place_name}"
            url = reverse("naloxone:consignment", args=[key])
        elif kind == DRILL:
            what = f"Drill {place_name} by shift {about}"
            url = reverse("naloxone:drill", args=[key])
        elif kind:
            what = f"{DiscrepancyKind(kind).label}: {f'K-{about}' if about else place_name}"
            url = reverse("naloxone:discrepancy", args=[key])
        else:
            whose = "a colleague’s" if about == person.pk else "a second person’s"
            what = f"DS-{key} waits for {whose} signature"
            url = reverse("naloxone:disposal", args=[key])
        day = person.station.today(due_at)
        yield Item(what, day, url, late=day < person.station.today(now))
    yield from swaps_at(bare, now)


def uses(person, now):
    """Uses whose kit is not known yet, and those whose writer waits for a replacement."""
    mine = UseReport.objects.filter(here(person, Permission.CUSTODY_GIVE)).with_unbound()
    waits = Q(replacement__isnull=False, replacement__done_at=None)
    found = mine.filter(Q(is_unbound=True) | waits).select_related("replacement")
    for report in found.order_by("pk")[:MOST_FIRST]:
        text = f"{report.reference}: which kit was it?"
        if not report.is_unbound:
            text = f"{report.reference}: a replacement is asked for"
        due = report.recorded_at + BIND_WITHIN
        day = person.station.today(due)
        yield Item(text, day, reverse("naloxone:use", args=[report.pk]), late=due < now)


def overdue_inspections(person, now):
    """Stations of one's own where kits were not looked at in time: a line each."""
    today = person.station.today(now)
    mine = Kit.objects.filter(here(person, Permission.CUSTODY_GIVE)).inspection_due(today - A_DAY)
    rows = mine.order_by().values("station", name=F("station__name"))
    for row in rows.annotate(n=Count("pk"), first=Min("checked_on")).order_by("first")[:MOST_FIRST]:
        noun = "inspection" if row["n"] == 1 else "inspections"
        url = f"{reverse('naloxone:rounds')}?station={row['station']}"
        text = f"{row['n']:,} {noun} overdue at {row['name']}"
        yield Item(text, inspection_due_on(row["first"]), url, late=True)


def open_alerts(person, today):
    """Alerts as one acts on them: those of a group are one line, with the nearest day, whatever their stations; one query."""
    same = {"partition_by": [F("kind"), F("group")]}
    mine = Alert.objects.visible_to(person).filter(looking.narrowing(person)).open()
    groups = mine.annotate(
        number=Window(Count("pk"), **same), nearest=Window(Min("due_on"), **same),
        first=Window(Min("pk"), **same), stations=Window(ArrayAgg("station"), **same),
    )  # fmt: skip
    ones = groups.filter(pk=F("first")).select_related("station")
    for alert in ones.order_by(F("nearest").asc(nulls_first=True), "pk")[: MOST_FIRST + 1]:
        kind = alerts.kinds.get(alert.kind)
        alert.due_on = alert.nearest  # the line tells of the nearest; the row is not saved
        found = stand_ins(alert, alert.number, list(dict.fromkeys(alert.stations)))
        text = kind.line(found) if kind else f"{alert.kind} {alert.subject}"
        url = kind.url(found) if kind else ""
        if not url or not access.opens(person, url):
            url = reverse("alerts")
        yield Item(text, alert.due_on, url, late=bool(alert.due_on) and alert.due_on < today)


def stand_ins(alert, number, stations):
    """As many alerts as a group has, at its stations, for the line that counts them; only one of them was read."""
    others = []
    for key in stations:
        if key != alert.station_id:
            other = copy(alert)
            other.station_id = key
            others.append(other)
    return [*[alert] * (number - len(others)), *others]


def do_first(person, now):
    """At most seven things, the nearest clock on top."""
    if not at(person, Permission.ALERTS_SEE):
        return None
    today = person.station.today(now)
    items = [*open_alerts(person, today)]
    if at(person, Permission.CUSTODY_GIVE):
        items += [
            *late_offers(person, now),
            *kits_of_leavers(person),
            *uses(person, now),
            *clocks(person, now),
            *overdue_inspections(person, now),
        ]
    items.sort(key=lambda item: (item.due_on or today, item.text))
    return {"items": items[:MOST_FIRST], "more": len(items) > MOST_FIRST}
