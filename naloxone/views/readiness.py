"""Readiness: what is in reach now, in 30, 60 and 90 days, what might go from where to where, and who is at risk."""

from math import ceil

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, changes, forms, readiness, transfers
from naloxone.models import AtRisk, Holder
from naloxone.readiness_rules import STATION_LACK_WORDS, WRONG, Lack
from naloxone.rules import PLACES
from naloxone.views.stock import form_page
from safety_portal import access, looking
from safety_portal.access import Permission, needs
from safety_portal.page_parts import Column, FilterWord, Pager, Tab, Table, address
from safety_portal.people import Station
from safety_portal.saved_filters import savable

SIZE = 25
TABS = (
    ("Now", "readiness"), ("30, 60, 90 days", "readiness_ahead"), ("Transfers", "transfers"),
    ("Drills", "drills"), ("Map", "station_map"), ("Go-live", "go_live"),
)  # fmt: skip
READY, NOT_READY, NOT_KNOWN = "ready", "wrong", "unknown"
SHOWN = {READY: "Ready", NOT_READY: "Something is wrong", NOT_KNOWN: "Not known"}


def tabs(current):
    return [Tab(label, reverse(f"naloxone:{name}"), name == current) for label, name in TABS]


def stations_of(person):
    """Stations in use whose readiness the person sees."""
    return access.stations_where(person, Permission.READINESS_SEE).in_use()


def seen_station(request, code):
    return get_object_or_404(stations_of(request.person).with_names(), code=code)


def asked_station(request):
    """The station that the address names, or the only one that the person has or looks at; else None."""
    mine = stations_of(request.person)
    code = request.GET.get("station", "")
    if code:
        return mine.filter(code=code[:20]).first()
    few = list(mine.filter(looking.narrowing_stations(request.person))[:2])
    return few[0] if len(few) == 1 else None


def keys_of(request):
    """Keys of the stations that the person looks at; None for all of the agency."""
    person = request.person
    everywhere = access.rights(person).stations(Permission.READINESS_SEE) is access.EVERYWHERE
    if everywhere and looking.look_of(person) is None:
        return None
    found = stations_of(person).filter(looking.narrowing_stations(person))
    return list(found.values_list("pk", flat=True))


def verdict(line):
    """Ready, something wrong, or not known to be right."""
    if not line.lacks:
        return READY
    return NOT_READY if line.is_wrong else NOT_KNOWN


def badge_of(line):
    if not line.lacks:
        return badges.badge("Ready", "good")
    return badges.badge(line.words[0], "bad" if line.worst in WRONG else "watch")


def page_of(request, rows, noun):
    """(the rows of the page that the address names, its pager): for lists that are worked out as a whole."""
    pages = max(1, ceil(len(rows) / SIZE))
    asked = request.GET.get("page", "")
    number = min(max(int(asked), 1), pages) if asked.isdecimal() and len(asked) < 6 else 1
    first = (number - 1) * SIZE
    shown = rows[first : first + SIZE]
    one, _, many = noun.partition("|")
    noun = one if len(rows) == 1 else many or f"{one}s"
    said = (
        f"{len(rows):,} {noun}"
        if pages == 1
        else f"{first + 1} to {first + len(shown)} of {len(rows):,} {noun}"
    )

    def to(other):
        return address(request.GET, page=other)

    back, on = number > 1, number < pages
    return shown, Pager(
        said, to(None) if back else None, to(number - 1) if back else None, to(number + 1) if on else None, to(pages) if on else None
    )  # fmt: skip


class Asked:
    """What the address narrows the list of stations down to: words of a name, and how ready they are."""

    def __init__(self, request):
        self.request = request
        self.q = request.GET.get("q", "").replace("\x00", "").strip()[:40]
        show = request.GET.get("show", "")
        self.show = show if show in SHOWN or show in set(Lack) else ""

    def fits(self, line):
        if (
            self.q
            and self.q.lower() not in f"{line.name} {line.code} {line.state} {line.region}".lower()
        ):
            return False
        if self.show in SHOWN:
            return verdict(line) == self.show
        return not self.show or self.show in line.lacks

    @property
    def words(self):
        said = SHOWN.get(self.show) or (self.show and STATION_LACK_WORDS[Lack(self.show)])
        for name, text in (("q", self.q and f"“{self.q}”"), ("show", said)):
            if text:
                yield FilterWord(text, address(self.request.GET, page=None, **{name: None}))

    @property
    def choices(self):
        options = [*SHOWN.items(), *((lack.value, STATION_LACK_WORDS[lack]) for lack in Lack)]
        return [(value, label, value == self.show) for value, label in options]


def lines_of(request, now):
    """Lines of the person's stations that have a point of their own: what can be ready."""
    return [line for line in readiness.of_stations(now, keys_of(request)) if line.points]


def worst_first(lines):
    order = {lack: number for number, lack in enumerate(Lack)}
    return sorted(lines, key=lambda line: order.get(line.worst, len(order)))


@needs(Permission.READINESS_SEE)
@savable("q", "show", "station")
def now(request):
    """Is an antagonist in reach of everybody at risk? By station; by the places of one."""
    moment = timezone.now()
    if station := asked_station(request):
        return place_page(request, station, moment)
    asked, lines = Asked(request), lines_of(request, moment)
    rows = worst_first([line for line in lines if asked.fits(line)])
    shown, pager = page_of(request, rows, "station")
    for line in shown:
        line.badge = badge_of(line)
    columns = [
        Column("Station"), Column("Ready?"), Column("Serviceable", figure=True),
        Column("Usable in need", figure=True), Column("Places with none", figure=True),
        Column("Par", figure=True), Column("At risk in a shift"), Column("Needed", figure=True),
    ]  # fmt: skip
    verdicts = [verdict(line) for line in lines]
    context = {
        "title": "Readiness", "tabs": tabs("readiness"), "asked": asked, "words": list(asked.words),
        "head": Table(request, "Stations, what is wrong first", columns, caption_hidden=True),
        "rows": shown, "pager": pager, "total": len(lines),
        "counts": [(SHOWN[name], name, verdicts.count(name)) for name in SHOWN],
        "changes": changes_at(request, moment), **settings_shown(),
    }  # fmt: skip
    return render(request, "naloxone/readiness.html", context)


def settings_shown():
    """The thresholds that the pages name."""
    return {
        "people_a_kit": settings.PEOPLE_PER_KIT, "dogs_a_kit": settings.DOGS_PER_KIT,
        "risk_days": settings.AT_RISK_DAYS, "changes_days": settings.CHANGES_SHOWN_DAYS,
        "drill_days": settings.DRILL_DAYS,
    }  # fmt: skip


def changes_at(request, moment, station=None):
    """What was changed of late at the stations one looks at, or at one of them."""
    if station is not None:
        places, stations = Q(place__station=station), Q(station=station)
    else:
        person = request.person
        places, stations = (
            access.within(person, Permission.READINESS_SEE, field=field) & looking.narrowing(person, field)
            for field in ("place__station", "station")
        )  # fmt: skip
    return changes.recent(moment, of_places=places, of_stations=stations)


def place_page(request, station, moment):
    """One station: its line, then each of its places."""
    [whole] = readiness.of_stations(moment, [station.pk])
    rows = readiness.of_places(moment, [station.pk])
    for line in (whole, *rows):
        line.badge = badge_of(line)
    columns = [
        Column("Place"), Column("Ready?"), Column("Serviceable", figure=True),
        Column("Usable in need", figure=True), Column("Par", figure=True), Column("At risk in a shift"),
        Column("Needed", figure=True), Column("Shown to open"),
    ]  # fmt: skip
    context = {
        "title": f"Readiness of {station}", "tabs": tabs("readiness"), "station": station, "whole": whole,
        "rows": rows, "shifts": readiness.shifts(),
        "head": Table(request, "Places", columns, caption_hidden=True),
        "changes": changes_at(request, moment, station),
        "may_say": access.may(request.person, Permission.CUSTODY_GIVE, at=station),
        "words": [FilterWord(f"At {station}", reverse("naloxone:readiness"))] if request.GET.get("station") else [],
        **settings_shown(),
    }  # fmt: skip
    return render(request, "naloxone/readiness_places.html", context)


@needs(Permission.READINESS_SEE)
@savable("q", "show", "station")
def ahead(request):
    """What is still in date in 30, 60 and 90 days if nobody acts?"""
    moment, asked, station = timezone.now(), Asked(request), asked_station(request)
    if station:
        rows = readiness.of_places(moment, [station.pk])
        [whole] = readiness.of_stations(moment, [station.pk])
    else:
        rows, whole = [line for line in lines_of(request, moment) if asked.fits(line)], None
    rows = sorted(rows, key=lambda line: [not few for _, _, few in line.ahead()])
    shown, pager = page_of(request, rows, "place" if station else "station")
    columns = [
        Column("Place" if station else "Station"), Column("Now", figure=True),
        *(Column(f"In {days} days", figure=True) for days in readiness.HORIZONS),
        Column("Needed", figure=True),
        *([] if station else [Column("On its way", figure=True), Column("On order", figure=True), Column("In store", figure=True)]),
    ]  # fmt: skip
    context = {
        "title": f"{station} ahead" if station else "Readiness ahead", "tabs": tabs("readiness_ahead"),
        "station": station, "whole": whole, "asked": asked, "words": list(asked.words),
        "head": Table(request, "Serviceable if nobody acts", columns, caption_hidden=True),
        "rows": shown, "pager": pager,
    }  # fmt: skip
    return render(request, "naloxone/readiness_ahead.html", context)


@needs(Permission.READINESS_SEE)
def transfer_list(request):
    """What might go from a surplus to a shortage of one's stations?"""
    person, keys = request.person, keys_of(request)

    def mine(line):
        return keys is None or line.key in keys

    found = transfers.find(timezone.now())
    rows = [one for one in found.proposals if mine(one.giver) or mine(one.taker)]
    for one in rows:
        one.may_send = access.may(person, Permission.CUSTODY_GIVE, at=one.giver.key)
    shown, pager = page_of(request, rows, "proposal")
    columns = [Column("From"), Column("To"), Column("Kits"), Column("First expiry"), Column("How near"), Column("Act")]  # fmt: skip
    context = {
        "title": "Transfers", "tabs": tabs("transfers"), "rows": shown, "pager": pager,
        "head": Table(request, "Proposed transfers", columns, caption_hidden=True),
        "unfilled": [(line, lack) for line, lack in found.unfilled if mine(line)],
        "unknown": [line for line in found.unknown if mine(line)],
        "days": settings.TRANSFER_DAYS_LEFT,
    }  # fmt: skip
    return render(request, "naloxone/transfers.html", context)


# --- who is at risk ---------------------------------------------------------------------------------------


def newest_numbers(**of):
    """{shift: the newest AtRisk row} of a place or of a station as a whole; one query."""
    rows = AtRisk.objects.filter(**of).order_by("shift", "-pk").distinct("shift")
    return {row.shift: row for row in rows.select_related("by")}


def risk_page(request, station, place):
    known = newest_numbers(station=station, place=place)
    form = forms.AtRiskForm(
        request.POST or None, person=request.person, station=station, known=known,
        cancel_url=f"{reverse('naloxone:readiness')}?station={station.code}",
    )  # fmt: skip
    where = place or station
    act = {"station": station, "place": place, "now": timezone.now()}
    if request.method == "POST" and form.carry_out(actions.record_at_risk, **act):
        messages.success(request, f"{where}: the numbers are recorded.")
        return redirect(f"{reverse('naloxone:readiness')}?station={station.code}")
    return form_page(
        request, form, f"Who is at risk at {where}?", template="naloxone/at_risk.html",
        station=station, place=place, known=sorted(known.items()), **settings_shown(),
    )  # fmt: skip


def given_at(request, code):
    """A station where the person gives from places: whose shifts they know."""
    mine = access.stations_where(request.person, Permission.CUSTODY_GIVE).in_use()
    return get_object_or_404(mine, code=code)


@needs(Permission.CUSTODY_GIVE)
def at_risk(request, code):
    """How many people and dogs are at risk at a station, in each shift?"""
    return risk_page(request, given_at(request, code), None)


@needs(Permission.CUSTODY_GIVE)
def place_at_risk(request, number):
    """The same at one place."""
    mine = Holder.objects.in_use().filter(
        access.within(request.person, Permission.CUSTODY_GIVE), kind__in=PLACES
    )
    place = get_object_or_404(mine.select_related("station"), pk=number)
    return risk_page(request, Station.objects.get(pk=place.station_id), place)
