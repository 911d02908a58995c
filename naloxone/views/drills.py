"""Access drills: which shift has shown that it opens which place, a drill made and recorded, a drill asked for."""

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from naloxone import actions, badges, forms
from naloxone.actions.readiness import may_drill
from naloxone.actions.rounds import shift_of
from naloxone.forms.readiness import shift_choices
from naloxone.models import Drill, DrillRequest, Holder, PlaceType
from naloxone.readiness_rules import DRILL_WORDS, REACH_WORDS, DrillResult, Reach, reach_of
from naloxone.rules import PLACES, CustodyError
from naloxone.views.readiness import asked_station, tabs
from naloxone.views.stock import form_page
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, everyone, needs
from safety_portal.keyset import By
from safety_portal.page_parts import Column, FilterWord, Table

BY_NAME = (By("station_key", str), By("name_key", str), By("pk"))
MOST_SHOWN = 20
TONES = {
    Reach.SHOWN: "good", Reach.LATE: "bad", Reach.NO_ACCESS: "bad", Reach.STALE: "watch", Reach.NEVER: "watch",
}  # fmt: skip


def points(condition):
    """Places in use that must open in need: all but storerooms."""
    found = Holder.objects.in_use().filter(condition, kind__in=PLACES)
    return found.exclude(place_type=PlaceType.STOREROOM).select_related("station")


class Shown:
    """What one shift's newest drill at a place says today."""

    def __init__(self, number, words, drill, fresh_since):
        self.number, self.words, self.drill = number, words, drill
        self.reach = reach_of(
            drill and DrillResult(drill.result), drill and drill.shift_on, fresh_since=fresh_since
        )
        self.badge = badges.badge(REACH_WORDS[self.reach], TONES[self.reach])


def add_shown(places, now):
    """Sets what each shift has shown at each place (`shown`); one query for all."""
    newest = Drill.objects.filter(place__in=places).newest_of_shifts()
    drills = {(drill.place_id, drill.shift): drill for drill in newest}
    days = dt.timedelta(days=settings.DRILL_DAYS)
    for place in places:
        since = place.station.today(now) - days
        place.shown = [
            Shown(int(key), words, drills.get((place.pk, int(key))), since)
            for key, words in shift_choices()
        ]
    return places


def open_requests(condition):
    """Drills that were asked for and wait, the nearest day first."""
    found = DrillRequest.objects.open().filter(condition, place__closed_on=None)
    return found.select_related("place__station", "asked_by").order_by("due_on", "pk")


@needs(Permission.READINESS_SEE)
def drills(request):
    """Which shift has last shown that it opens which place, and how fast?"""
    moment, station = timezone.now(), asked_station(request)
    person = request.person
    mine = access.within(person, Permission.READINESS_SEE)
    mine &= Q(station=station) if station else looking.narrowing(person)
    found = points(mine).annotate(station_key=Lower("station__name"), name_key=Lower("name"))
    page = keyset.page_of(request.GET, found, BY_NAME)
    add_shown(page.rows, moment)
    for place in page.rows:
        place.may_ask = access.may(person, Permission.CUSTODY_GIVE, at=place.station_id)
    asked_by_me = access.within(person, Permission.CUSTODY_GIVE, field="place__station")
    columns = [
        Column("Place"), Column("Opens"), *(Column(words) for _, words in shift_choices()), Column("Act")
    ]  # fmt: skip
    context = {
        "title": f"Drills at {station}" if station else "Drills", "tabs": tabs("drills"), "station": station,
        "head": Table(request, "Places, and what each shift has shown", columns, caption_hidden=True),
        "places": page.rows, "days": settings.DRILL_DAYS,
        "pager": keyset.pager(request.GET, page, BY_NAME, keyset.count_of(page, found), "place"),
        "requests": list(open_requests(asked_by_me & looking.narrowing(person, "place__station"))[:MOST_SHOWN]),
        "today": person.station.today(moment),
        "words": [FilterWord(f"At {station}", reverse("naloxone:drills"))] if request.GET.get("station") else [],
    }  # fmt: skip
    return render(request, "naloxone/drills.html", context)


# --- one place -----------------------------------------------------------------------------------------


def drilled_place(request, number):
    """A place that the person may drill, or whose drills they see; else 404."""
    place = get_object_or_404(
        Holder.objects.filter(kind__in=PLACES).select_related("station"), pk=number
    )
    sees = access.may(request.person, Permission.READINESS_SEE, at=place.station_id)
    place.may_drill = place.closed_on is None and may_drill(request.person, place)
    if not sees and not place.may_drill:
        raise Http404
    return place, sees


def in_words(drill):
    said = DRILL_WORDS[DrillResult(drill.result)]
    return said if drill.seconds is None else f"{said}: {drill.seconds} s"


@everyone
def drill(request, number):
    """How fast is a dose of this place in hand? Start, run, stop; and what earlier drills showed, for who answers for it."""
    place, sees = drilled_place(request, number)
    moment = timezone.now()
    shift = shift_of(place.station, moment).number
    may_ask = place.closed_on is None and access.may(
        request.person, Permission.CUSTODY_GIVE, at=place.station_id
    )
    waiting = list(open_requests(Q(place=place))) if may_ask else []
    form = None
    if place.may_drill:
        unannounced = any(one.unannounced for one in waiting if one.shift == shift)
        form = forms.DrillForm(
            request.POST or None, person=request.person, place=place,
            initial={"unannounced": unannounced},
        )  # fmt: skip
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.carry_out(actions.record_drill, place=place, now=moment):
            messages.success(request, f"{place}: {in_words(form.result)}.")
            return redirect("naloxone:drill", place.pk)
    past = (
        list(place.drills.with_names().order_by("-occurred_at", "-pk")[:MOST_SHOWN]) if sees else []
    )
    columns = [Column("When"), Column("Shift"), Column("By"), Column("Result"), Column("How")]
    context = {
        "title": f"Drill: {place}", "place": place, "form": form, "sees": sees, "narrow": not sees,
        "shift": shift, "waiting": waiting, "drills": past,
        "shown": add_shown([place], moment)[0].shown if sees else [],
        "head": Table(request, "Drills of this place, newest first", columns),
        "may_ask": may_ask,
    }  # fmt: skip
    return render(request, "naloxone/drill.html", context)


@needs(Permission.CUSTODY_GIVE)
def ask_drill(request, number):
    """Ask for a drill of this place by one shift, unannounced if wanted."""
    mine = points(access.within(request.person, Permission.CUSTODY_GIVE))
    place = get_object_or_404(mine, pk=number)
    form = forms.AskDrillForm(
        request.POST or None, person=request.person, cancel_url=reverse("naloxone:drills"),
        initial={"shift": request.GET.get("shift", "")},
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(
        actions.ask_drill, place=place, now=timezone.now()
    ):
        messages.success(request, f"{place}: shift {form.result.shift} is to be drilled.")
        return redirect("naloxone:drills")
    return form_page(
        request, form, f"Ask for a drill of {place}", template="naloxone/ask_drill.html", place=place
    )  # fmt: skip


@require_POST
@needs(Permission.CUSTODY_GIVE)
def call_off_drill(request, number):
    """It is not wanted any more."""
    mine = DrillRequest.objects.filter(
        access.within(request.person, Permission.CUSTODY_GIVE, field="place__station")
    )
    found = get_object_or_404(mine.select_related("place__station"), pk=number)
    try:
        actions.call_off_drill(request=found, now=timezone.now(), by=request.person)
    except CustodyError as error:
        messages.info(request, str(error))
    else:
        messages.success(request, f"The drill of {found.place} is called off.")
    return redirect("naloxone:drills")
