"""Rounds: which places wait, all right or not, the kits that the portal asks for at the end, past rounds."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from naloxone import actions, badges, forms, round_summary
from naloxone.actions import binding
from naloxone.actions import rounds as acts
from naloxone.forms.base import places_in_use
from naloxone.forms.rounds import kits_at, place_of
from naloxone.models import Holder, Kit, Round, Walk
from naloxone.round_rules import RoundKind
from naloxone.rules import PLACES, CustodyError
from naloxone.views.levels import asked_station
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table

MOST_PLACES = 100
NEWEST = (By("pk"),)


FILE = (
    Out("Round", "reference"), Out("Station", "station.name"), Out("When", "began_at", moment=True), Out("By", "by.name"),
)  # fmt: skip


def may_walk(person, station):
    return access.may(person, Permission.CUSTODY_GIVE, at=station)


# --- which places wait -------------------------------------------------------------------------------


@needs(Permission.KITS_SEE)
def place_rounds(request):
    """Which places are to be looked at in this shift? A scanned code leads to its place."""
    now = timezone.now()
    mine = access.within(request.person, Permission.KITS_SEE)
    if (code := request.GET.get("code", "").strip()) and (place := scanned(request.person, code)):
        return redirect("naloxone:make_round", place.pk)
    station = asked_station(request)
    here = Q(station=station) if station else looking.narrowing(request.person)
    found = round_summary.places_to_walk(mine & here, now)
    for place in found:
        place.badge = due_badge(place)
    columns = [
        Column("Place"), Column("Station"), Column("Kits", figure=True), Column("Last looked at"),
        Column("Waits for"),
    ]  # fmt: skip
    waiting = [place for place in found if place.todo]
    first = next((p for p in waiting if may_walk(request.person, p.station)), None)
    context = {
        "title": "Rounds",
        "head": Table(request, "Places", columns, caption_hidden=True),
        "places": found[:MOST_PLACES],
        "more": len(found) - MOST_PLACES,
        "total": len(found),
        "done": len(found) - len(waiting),
        "first": first,
        "code": code if code else None,
        "form": forms.PlaceCodeForm(request.GET if code else None, person=request.person),
        "starts": settings.SHIFT_STARTS,
        "days": settings.ROUND_DAYS,
    }
    return render(request, "naloxone/place_rounds.html", context)


def scanned(person, code):
    """The place behind a scanned code: S-12 of any station where one sees kits, a seal of one's own or those one looks at."""
    mine = places_in_use(access.within(person, Permission.KITS_SEE))
    near = mine.filter(Q(station=person.station_id) | looking.narrowing(person))
    return place_of(code.upper(), mine if code.upper().startswith("S-") else near)


def due_badge(place):
    if place.late:
        return badges.badge("Documented check late", "bad")
    if place.todo == RoundKind.DOCUMENTED:
        return badges.badge("Documented check", "watch")
    return badges.badge("This shift", "watch") if place.todo else badges.badge("Done", "good")


# --- one place ---------------------------------------------------------------------------------------


def place_to_walk(request, number):
    """A place in use where one may make rounds, with what it waits for."""
    found = Holder.objects.in_use().filter(
        access.within(request.person, Permission.CUSTODY_GIVE), kind__in=PLACES
    )
    found = round_summary.with_numbers(round_summary.with_rounds(found))
    place = get_object_or_404(found.select_related("station"), pk=number)
    return round_summary.look_at(place, timezone.now())


def go_on(request, form, place):
    """After one place: the next that waits at the station, else the end of the walk."""
    walk = form.result
    messages.success(request, f"{place}: recorded.")
    here = Q(station=place.station)
    waiting = round_summary.places_to_walk(here, timezone.now())
    if waiting and waiting[0].todo:
        return redirect("naloxone:make_round", waiting[0].pk)
    actions.finish_walk(walk=walk, by=request.person)
    return redirect(walk)


def record(request, form, walk):
    """Record the round of a place as part of the walk that is under way, if one is."""
    now = timezone.now()
    return form.go_round(actions.record_rounds, request, walk=walk, occurred_at=now, now=now)


def wants_second(place, walk):
    """Whether the second person is still to be asked for."""
    return place.two_people and not (walk and walk.second_id)


@needs(Permission.CUSTODY_GIVE)
def make_round(request, number):
    """Is everything right here? One tap, or what is not."""
    place = place_to_walk(request, number)
    walk = round_summary.under_way(request.person, place.station, timezone.now())
    kind = place.todo or RoundKind.SHIFT
    touched = bool(place.seal) and acts.is_touched(place)
    form = forms.RoundForm(
        request.POST or None, person=request.person, place=place, kind=kind,
        expected=place.expected, with_second=wants_second(place, walk),
    )  # fmt: skip
    if request.method == "POST" and record(request, form, walk):
        return go_on(request, form, place)
    context = {
        "title": place.name, "place": place, "form": form, "narrow": True, "touched": touched,
        "kind": acts.words_of(kind), "walk": walk,
        "kits": [] if place.seal else badges.show(kits_at(place), place.station.today()),
    }  # fmt: skip
    return render(request, "naloxone/make_round.html", context)


def difference_page(request, number, kind, title):
    place = place_to_walk(request, number)
    walk = round_summary.under_way(request.person, place.station, timezone.now())
    form = forms.DifferenceForm(
        request.POST or None, person=request.person, place=place, expected=place.expected,
        kind=kind or place.todo or RoundKind.SHIFT, kits=kits_at(place),
        with_second=wants_second(place, walk),
        cancel_url=reverse("naloxone:make_round", args=[place.pk]),
    )  # fmt: skip
    if request.method == "POST" and record(request, form, walk):
        return go_on(request, form, place)
    context = {"title": f"{title}: {place}", "place": place, "form": form, "narrow": True}
    return render(request, "naloxone/round_differs.html", context)


@needs(Permission.CUSTODY_GIVE)
def round_differs(request, number):
    """What is not right here?"""
    return difference_page(request, number, None, "What is not right")


@needs(Permission.CUSTODY_GIVE)
def round_count(request, number):
    """Count the kits of a place."""
    return difference_page(request, number, RoundKind.COUNT, "Count")


# --- the walk ----------------------------------------------------------------------------------------


def seen_walk(request, number):
    return get_object_or_404(Walk.objects.visible_to(request.person).with_names(), pk=number)


@needs(Permission.KITS_SEE)
def walk(request, number):
    """What was seen, and the kits that the portal asked for: scanned, or still to be."""
    found = seen_walk(request, number)
    now = timezone.now()
    drawn = list(found.drawn.select_related("kit__holder", "scan__by"))
    until = acts.scan_until(found)
    waiting = [one.kit for one in drawn if not hasattr(one, "scan")]
    form = None
    if waiting and until > now and may_walk(request.person, found.station):
        form = forms.ScanForm(request.POST or None, person=request.person, asked=waiting)
    if request.method == "POST":
        if form is None:
            messages.info(request, "There is nothing more to be scanned here.")
            return redirect(found)
        if form.carry_out(actions.scan_drawn, walk=found, now=now):
            return redirect(found)
    rounds = list(found.rounds.select_related("place", "walk").order_by("pk"))
    context = {
        "title": f"Round {found.reference}", "walk": found, "rounds": tell(rounds), "drawn": drawn,
        "until": until, "form": form, "narrow": True, "over": bool(waiting) and until <= now,
        "mine": found.by_id == request.person.pk and not drawn,
        "may_bind": may_walk(request.person, found.station),
    }  # fmt: skip
    return render(request, "naloxone/walk.html", context)


def tell(rounds):
    """The rows with the units that differ, in words, and the use that explains them."""
    keys = {key for row in rounds for name in ("absent", "extra", "damaged", "short") for key in row.keys(name)}  # fmt: skip
    units = {kit.pk: kit for kit in Kit.objects.filter(pk__in=keys)}
    words = {"absent": "not here", "extra": "here, recorded elsewhere", "damaged": "damaged or doubtful", "short": "fewer doses"}  # fmt: skip
    for row in rounds:
        row.told = [
            (units[key], said) for name, said in words.items() for key in row.keys(name)
        ]  # fmt: skip
        row.explained = binding.explained_by(row) if row.differences else None
        row.kind_words = acts.words_of(row.kind)
    return rounds


@require_POST
@needs(Permission.CUSTODY_GIVE)
def finish_walk(request, number):
    """End the walk: the portal chooses two kits to be scanned."""
    found = seen_walk(request, number)
    if found.by_id != request.person.pk:
        raise Http404
    actions.finish_walk(walk=found, by=request.person)
    return redirect(found)


@require_POST
@needs(Permission.CUSTODY_GIVE)
def bind_round(request, number):
    """It was this kit: the one use from here was of the one that is short."""
    rows = Round.objects.filter(walk__in=Walk.objects.visible_to(request.person))
    row = get_object_or_404(rows.select_related("walk", "place"), pk=number)
    try:
        found = actions.bind_round(row=row, by=request.person)
    except CustodyError as error:
        messages.info(request, str(error))
    else:
        messages.success(
            request, f"{found.report.reference} was of {found.kit.reference}: that explains it."
        )
    return redirect(row.walk)


@needs(Permission.KITS_SEE)
@downloads
def walks(request):
    """Rounds of one's stations, newest first."""
    found = Walk.objects.filter(access.within(request.person, Permission.KITS_SEE))
    found = found.filter(looking.narrowing(request.person))
    rows = round_summary.with_counts(found.with_names())
    if wanted(request):
        return Listed("Past rounds", FILE, rows, NEWEST, down=True)
    page = keyset.page_of(request.GET, rows, NEWEST, down=True)
    columns = [
        Column("Round"), Column("Station"), Column("When"), Column("By"),
        Column("Places", figure=True), Column("Not all right", figure=True), Column("Kits asked for"),
    ]  # fmt: skip
    context = {
        "title": "Past rounds",
        "head": Table(request, "Past rounds", columns, caption_hidden=True),
        "rows": page.rows,
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, found), "round"),
    }
    return render(request, "naloxone/walks.html", context)
