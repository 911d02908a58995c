"""The hot season: which months each station named, and the rotation before and during it."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, forms, seasons
from naloxone.models import StationSeason
from naloxone.storage_rules import span
from naloxone.views.stock import form_page
from safety_portal import access, looking
from safety_portal.access import Permission, needs
from safety_portal.page_parts import Column, Table

MOST_ROTATED = 100  # in one act


@needs(Permission.KITS_SEE)
def station_seasons(request):
    """When do vehicles stand too hot, station by station, and who said so?"""
    stations = access.stations_where(request.person, Permission.KITS_SEE).in_use()
    words = {
        word.station_id: word
        for word in StationSeason.objects.newest().filter(station__in=stations).select_related("by")
    }
    rows = list(stations.filter(looking.narrowing_stations(request.person)).by_name())
    now = timezone.now()
    for station in rows:
        station.hot = seasons.now_at(words.get(station.pk), station.today(now))
    context = {
        "title": "Hot seasons",
        "stations": rows,
        "head": Table(request, "Hot months by station", [*map(Column, ("Station", "Months", "Now", "Said by"))], caption_hidden=True),
    }  # fmt: skip
    return render(request, "naloxone/seasons.html", context)


def station_of(request, code, permission=Permission.KITS_SEE):
    stations = access.stations_where(request.person, permission)
    return get_object_or_404(stations, code=code)


@needs(Permission.KITS_SEE)
def season(request, code):
    """One station: its hot months, and the kits in its vehicles that go indoors now, the hottest first."""
    station = station_of(request, code)
    at = seasons.now_at(seasons.season_of(station), station.today())
    rows = []
    if at.asks:
        found = seasons.to_rotate(station, at.word.season, station.today())
        rows = list(found[:MOST_ROTATED])
    for kit in rows:
        kit.stood = span(kit.hot) if kit.hot >= 60 else ""
        kit.ticked = request.method != "POST" or kit.reference in request.POST.getlist("kits")
    moves = access.may(request.person, Permission.CUSTODY_GIVE, at=station)
    form = None
    if rows and moves:
        form = forms.RotateForm(
            request.POST or None, person=request.person, rows=rows, station=station
        )
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.carry_out(actions.rotate_indoors):
            messages.success(request, rotated(form))
            return redirect("naloxone:season", code=code)
    columns = [Column("", hidden="Choose"), *map(Column, ("Kit", "In", "Since"))]
    columns.append(Column(f"Over {settings.STORAGE_HOT_C} °C", figure=True))
    context = {
        "title": f"Hot season at {station}", "station": station, "at": at, "rows": rows, "form": form,
        "head": Table(request, "Kits that go indoors", columns, caption_hidden=True),
        "may_change": access.may(request.person, Permission.PLACES_KEEP, at=station),
    }  # fmt: skip
    return render(request, "naloxone/season.html", context)


def rotated(form):
    """What was done, in one sentence."""
    told = form.facts()
    moved, out = len(told["kits"]), len(form.result)
    said = f"{moved} {'kit is' if moved == 1 else 'kits are'} in {told['place']} now"
    return (
        f"{said}, and {out} from there {'is' if out == 1 else 'are'} in their place."
        if out
        else f"{said}."
    )


@needs(Permission.PLACES_KEEP)
def change_season(request, code):
    """The station's people say their hot months; the newest word counts."""
    station = station_of(request, code, Permission.PLACES_KEEP)
    known = seasons.season_of(station)
    initial = known and {"first_month": known.first_month, "last_month": known.last_month}
    page = reverse("naloxone:season", args=[station.code])
    form = forms.SeasonForm(
        request.POST or None, person=request.person, initial=initial, cancel_url=page
    )
    if request.method == "POST" and form.carry_out(actions.set_season, station=station):
        messages.success(request, f"The hot season of {station} is noted.")
        return redirect(page)
    return form_page(request, form, f"Hot months at {station}")
