"""Stations' programmes: the map, the inspectors' three questions, the go-live list, and what is written down of one station."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, forms, programmes, tile_map
from naloxone.models import Authority, ProgrammeDecision
from naloxone.readiness_rules import STAGE_WORDS, Stage
from naloxone.views.readiness import (
    badge_of,
    changes_at,
    page_of,
    seen_station,
    settings_shown,
    stations_of,
    tabs,
)
from naloxone.views.stock import form_page
from safety_portal import access, looking
from safety_portal.access import Permission, needs
from safety_portal.geography import STATES
from safety_portal.page_parts import Column, FilterWord, Table, address
from safety_portal.saved_filters import savable

STAGE_TONES = {
    Stage.UNDECIDED: "quiet", Stage.NOT_ASKED: "quiet", Stage.SHOULD: "bad", Stage.GOING_LIVE: "watch",
    Stage.RUNNING: "good",
}  # fmt: skip
MOST_SHOWN = 20


def looked_at(request):
    """The person's stations in use, as far as they look there, by name."""
    found = stations_of(request.person).filter(looking.narrowing_stations(request.person))
    return found.with_names().by_name()


def add_badges(found):
    for one in found:
        one.stage_badge = badges.badge(one.stage_words, STAGE_TONES[one.stage])
        one.reach_badge = reach_badge(one)
        one.trained = programmes.trained_words(one)
        one.trained_badge = badges.badge("Confirmed" if one.training_holds else "Not recorded", "good" if one.training_holds else "watch")  # fmt: skip
    return found


def reach_badge(one):
    if one.is_ready:
        return badges.badge("Yes", "good")
    return badges.badge(one.reach_words, "bad" if one.is_wrong else "watch")


@needs(Permission.READINESS_SEE)
@savable("state", "ask")
def station_map(request):
    """The inspectors' three questions, by state and by station, with the post that answers."""
    moment = timezone.now()
    found = programmes.of_stations(list(looked_at(request)), moment)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    tiles = tile_map.tiles(found, chosen=state)
    asked = request.GET.get("ask") == "all"
    rows = [one for one in found if one.station.state == state] if state else found
    rows = rows if asked or state else [one for one in rows if one.is_expected]
    shown, pager = page_of(request, rows, "station")
    add_badges(programmes.add_protocols(shown, request.person.station.today(moment)))
    columns = [
        Column("Station"), Column("In reach of everybody at risk?"), Column("Everybody trained?"),
        Column("Protocol in force?"), Column("Answers for it"),
    ]  # fmt: skip
    none = {"page": None}
    context = {
        "title": "Stations", "tabs": tabs("station_map"), "tiles": tiles, "size": tile_map.SIZE,
        "head": Table(request, "The three questions, by station", columns, caption_hidden=True),
        "rows": shown, "pager": pager, "state": state and STATES[state],
        "words": [FilterWord(STATES[state], address(request.GET, **none, state=None))] if state else [],
        "all_url": "" if asked or state else address(request.GET, **none, ask="all"),
        "hidden": len(found) - len(rows),
    }  # fmt: skip
    return render(request, "naloxone/station_map.html", context)


@needs(Permission.READINESS_SEE)
@savable("stage")
def go_live(request):
    """Which stations should have a programme, which are going live, which run; and what is missing?"""
    found = programmes.of_stations(list(looked_at(request)), timezone.now())
    stage = request.GET.get("stage", "")
    stage = Stage(stage) if stage in set(Stage) else None
    counts = [
        (STAGE_WORDS[s], s.value, sum(one.stage == s for one in found), s == stage) for s in Stage
    ]
    order = [Stage.SHOULD, Stage.GOING_LIVE, Stage.RUNNING, Stage.UNDECIDED, Stage.NOT_ASKED]
    rows = [one for one in found if one.stage == stage] if stage else found
    rows = sorted(rows, key=lambda one: order.index(one.stage))
    shown, pager = page_of(request, rows, "station")
    add_badges(shown)
    columns = [Column("Station"), Column("Programme"), Column("There"), Column("Missing"), Column("Answers for it")]  # fmt: skip
    context = {
        "title": "Go-live", "tabs": tabs("go_live"), "counts": counts, "rows": shown, "pager": pager,
        "head": Table(request, "Programmes of stations", columns, caption_hidden=True),
        "words": [FilterWord(STAGE_WORDS[stage], address(request.GET, page=None, stage=None))] if stage else [],
        "total": len(found),
    }  # fmt: skip
    return render(request, "naloxone/go_live.html", context)


# --- one station ----------------------------------------------------------------------------------------


@needs(Permission.READINESS_SEE)
def programme(request, code):
    """One station: the three questions, what its programme lacks and where one does it, what was written down."""
    station, moment = seen_station(request, code), timezone.now()
    [found] = programmes.of_stations([station], moment)
    add_badges(programmes.add_protocols([found], station.today(moment)))
    decisions = ProgrammeDecision.objects.filter(station=station).select_related("by")
    authorities = Authority.objects.reaching(station).with_names()
    context = {
        "title": f"Programme of {station}", "station": station, "found": found,
        "checks": list(programmes.checklist(found, request.person)),
        "place_badge": badge_of(found.line) if found.line.points else "",
        "decisions": list(decisions.order_by("-pk")[:MOST_SHOWN]),
        "authorities": list(authorities.order_by("-pk")[:MOST_SHOWN]),
        "changes": changes_at(request, moment, station),
        "may_say": access.may(request.person, Permission.CUSTODY_GIVE, at=station),
        **settings_shown(),
    }  # fmt: skip
    return render(request, "naloxone/programme.html", context)


def record_page(request, code, kind, verb, title, done):
    """A form about one station's programme, and what was done."""
    mine = access.stations_where(request.person, Permission.PROGRAMMES_KEEP).in_use()
    station = get_object_or_404(mine.with_names(), code=code)
    where = reverse("naloxone:programme", args=[code])
    form = kind(
        request.POST or None, person=request.person, station=station, cancel_url=where
    )  # fmt: skip
    more = {"now": timezone.now()}
    if verb is not actions.record_authority:
        more["station"] = station
    if request.method == "POST" and form.carry_out(verb, **more):
        messages.success(request, f"{station}: {done}.")
        return redirect(where if access.may(request.person, Permission.READINESS_SEE, at=station) else "home")  # fmt: skip
    return form_page(
        request, form, f"{title} {station}", template="naloxone/programme_form.html", station=station,
        days=settings.TRAINING_CONFIRMED_DAYS,
    )  # fmt: skip


@needs(Permission.PROGRAMMES_KEEP)
def decide_programme(request, code):
    """Should this station have a programme, and who says so?"""
    return record_page(
        request, code, forms.ProgrammeDecisionForm, actions.decide_programme, "Decision on", "the decision is recorded"
    )  # fmt: skip


@needs(Permission.PROGRAMMES_KEEP)
def record_authority(request, code):
    """By what right are antagonists given here, and until when?"""
    return record_page(
        request, code, forms.AuthorityForm, actions.record_authority, "Authority for", "the authority is recorded"
    )  # fmt: skip


@needs(Permission.PROGRAMMES_KEEP)
def confirm_training(request, code):
    """Everybody at risk here is trained: who says so, and where is the proof?"""
    return record_page(
        request, code, forms.TrainingForm, actions.confirm_training, "Training at", "the training is confirmed"
    )  # fmt: skip
