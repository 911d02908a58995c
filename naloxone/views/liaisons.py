"""Who keeps each station's stock, and its register passing from one to the next."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, forms, liaisons
from naloxone.actions.registers import may_stand_in
from naloxone.models import RegisterPassing
from naloxone.views.stock import form_page
from safety_portal import access, looking
from safety_portal.access import Permission, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.page_parts import Column, Tab, Table

MOST_PASSINGS = 50


FILE = (
    Out("Station", "station.name"), Out("Coordinators", lambda one: names_of(one.coordinators)),
    Out("Deputies", lambda one: names_of(one.deputies)), Out("Lacks", lambda one: ", ".join(map(str, one.lacks))),
)  # fmt: skip


def names_of(liaisons_now):
    return ", ".join(str(one.person) for one in liaisons_now)


def stations_of(person):
    """Stations with stock whose liaisons the person sees."""
    mine = access.stations_where(person, Permission.LIAISONS_SEE)
    return liaisons.with_stock(mine).with_names().by_name()


@needs(Permission.LIAISONS_SEE)
@downloads
def liaison_list(request):
    """Who keeps the stock of my stations, since when, and where is nobody, or no deputy?"""
    stations = stations_of(request.person).filter(looking.narrowing_stations(request.person))
    found = liaisons.of_stations(list(stations), timezone.now())
    lacking = request.GET.get("show") == "lacking"
    here = reverse("naloxone:liaisons")
    if wanted(request):
        return Listed("Liaisons", FILE, [one for one in found if one.lacks or not lacking])
    columns = [Column("Station"), Column("Coordinator"), Column("Deputy"), Column("Register"), Column("Lacks")]  # fmt: skip
    context = {
        "title": "Liaisons",
        "tabs": [
            Tab("All stations", here, not lacking),
            Tab("Where somebody lacks", f"{here}?show=lacking", lacking),
        ],
        "lacking": lacking,
        "head": Table(request, "Liaisons", columns, caption_hidden=True),
        "rows": [one for one in found if one.lacks or not lacking],
    }
    return render(request, "naloxone/liaisons.html", context)


def seen(request, code):
    return get_object_or_404(stations_of(request.person), code=code)


def may_begin(person, station, now):
    """Whether a person hands a register over: its own, or in the place of somebody who is gone."""
    if liaisons.liaisons_at(station, now).filter(pk=person.pk).exists():
        return True
    return may_stand_in(person, station) and liaisons.former_liaisons(station, now).exists()


@needs(Permission.LIAISONS_SEE)
def register(request, code):
    """One station: who keeps its stock, in whose name the register is, and how it passed before."""
    station, now = seen(request, code), timezone.now()
    [here] = liaisons.of_stations([station], now)
    passings = RegisterPassing.objects.filter(station=station).with_names().newest_first()
    columns = [Column("No."), Column("When"), Column("From"), Column("To"), Column("State")]
    context = {
        "title": f"Register of {station}",
        "station": station,
        "here": here,
        "begins": may_begin(request.person, station, now),
        "waiting": RegisterPassing.objects.waiting().filter(station=station).with_names().first(),
        "head": Table(request, "How it passed", columns),
        "passings": list(passings[:MOST_PASSINGS]),
    }
    return render(request, "naloxone/register.html", context)


@needs(Permission.LIAISONS_SEE)
def pass_register(request, code):
    """Count every place, sign, and hand the register over to the next liaison."""
    station, now = seen(request, code), timezone.now()
    if not may_begin(request.person, station, now):
        raise Http404
    where = reverse("naloxone:register", args=[station.code])
    sent = request.POST if request.method == "POST" else None
    form = forms.HandOverRegisterForm(
        sent, station=station, person=request.person, cancel_url=where
    )
    if sent is not None and form.sign(request, request.person, actions.hand_over_register):
        messages.success(
            request, f"{form.result.reference} waits for the count of the next liaison."
        )
        return redirect(form.result)
    note = "Count what lies in each place, without looking it up. The recorded figures are shown once both have signed."
    return form_page(
        request, form, f"Hand over the register of {station}", note=note, template="naloxone/count_register.html",
        station=station,
    )  # fmt: skip


@needs(Permission.LIAISONS_SEE)
def register_passing(request, number):
    """One passing: what both counted beside the record, who signed; the second count, in this page or the other's."""
    found = get_object_or_404(
        RegisterPassing.objects.visible_to(request.person).with_names(), pk=number
    )
    waits = RegisterPassing.objects.waiting().filter(pk=found.pk).exists()
    form = None
    if waits and request.person in (found.signed_by, found.incoming):
        sent = request.POST if request.method == "POST" else None
        form = forms.TakeRegisterForm(sent, passing=found, person=request.person)
    if request.method == "POST":
        if found.taken:
            messages.info(request, f"{found.reference} is signed by both.")
            return redirect(found)
        if form is None:
            raise Http404
        if form.sign(request, found.incoming, actions.take_register, passing=found):
            messages.success(request, f"The register of {found.station} is {found.incoming}’s.")
            return redirect(found)
    columns = [Column("Place"), Column("Recorded", figure=True), Column("First count", figure=True), Column("Second count", figure=True), Column("Difference")]  # fmt: skip
    context = {
        "title": f"Register of {found.station}: {found.reference}",
        "found": found,
        "waits": waits,
        "form": form,
        "head": Table(request, "Counts", columns, caption_hidden=True),
        # Until both have signed nobody is shown a figure: the second count is blind too.
        "rows": counts_of(found) if found.taken else [],
    }
    return render(request, "naloxone/register_passing.html", context)


def counts_of(passing):
    """A row for each place: the ledger's figure at the second count, both counts, the discrepancy."""
    rows = {}
    for count in passing.counts.select_related("place", "discrepancy").order_by(
        "place__name", "pk"
    ):
        row = rows.setdefault(count.place_id, {"place": count.place})
        if count.by_id == passing.incoming_id:
            row |= {
                "recorded": count.recorded,
                "second": count.counted,
                "discrepancy": count.discrepancy,
            }
        else:
            row |= {"first": count.counted}
    return list(rows.values())
