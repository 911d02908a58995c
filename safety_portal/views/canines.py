"""The dogs of one's stations."""

from django.contrib import messages
from django.db.models.functions import Lower
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from safety_portal import forms, keyset, looking, roster
from safety_portal.access import EVERYWHERE, Permission, everyone, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table
from safety_portal.roster import canines_seen
from safety_portal.views.people import form_page, keeps, tabs
from safety_portal.widgets import words

MOST_WEIGHTS = 12
BY_NAME = (By("name_key", str), By("pk"))


FILE = (
    Out("Dog", "name"), Out("Handler", "handler.name"), Out("Station", "station.name"), Out("Weight, kg", "weight_kg"),
    Out("Weighed", "weighed_on"),
)  # fmt: skip


@needs(Permission.PEOPLE_SEE)
@downloads
def canines(request):
    """Which dogs work at my stations, and with whom?"""
    asked = words.tidy(request.GET.get("q", ""))[:60].replace("\x00", "")
    found = canines_seen(request.person).serving().filter(looking.narrowing(request.person))
    found = found.matching(asked) if asked else found
    rows = found.select_related("handler", "station").annotate(name_key=Lower("name"))
    if wanted(request):
        return Listed("Dogs", FILE, rows, BY_NAME)
    page = keyset.page_of(request.GET, rows, BY_NAME)
    columns = [Column("Dog"), Column("Handler"), Column("Station"), Column("Weight", figure=True), Column("Weighed")]  # fmt: skip
    context = {
        "title": "Dogs",
        "tabs": tabs("canines"),
        "q": asked,
        "head": Table(request, "Dogs", columns, caption_hidden=True),
        "canines": page.rows,
        "pager": keyset.pager(request.GET, page, BY_NAME, keyset.count_of(page, found), "dog"),
        "keeps": keeps(request.person),
    }
    return render(request, "people/canines.html", context)


def seen(request, number):
    dogs = canines_seen(request.person).select_related("handler__station", "station")
    return get_object_or_404(dogs, pk=number)


@needs(Permission.PEOPLE_SEE)
def canine(request, number):
    """Which dog is this, who leads it, how heavy is it?"""
    found = seen(request, number)
    context = {
        "title": found.name,
        "canine": found,
        "keeps": keeps(request.person),
        "weighs": found.retired_on is None and roster.may_weigh(request.person, found),
        "weights": list(found.weights.select_related("by")[:MOST_WEIGHTS]),
        "weights_head": Table(
            request,
            "Weights",
            [Column("Weighed on"), Column("Weight", figure=True), Column("Told by")],
        ),
    }
    return render(request, "people/canine.html", context)


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def new_canine(request):
    """Record a dog."""
    form = forms.CanineForm(
        request.POST or None, person=request.person, cancel_url=reverse("canines")
    )
    if request.method == "POST" and form.carry_out(roster.record_canine):
        messages.success(request, f"{form.result} is recorded as {form.result.reference}.")
        return redirect("canine", form.result.pk)
    return form_page(request, form, "Record a dog", "Dogs", reverse("canines"))


@needs(Permission.PEOPLE_KEEP, at=EVERYWHERE)
def change_canine(request, number):
    """Change what is known of a dog: its handler, its weight."""
    found = seen(request, number)
    where = reverse("canine", args=[found.pk])
    form = forms.CanineForm(
        request.POST or None, row=found, person=request.person, cancel_url=where,
        submit_label="Change",
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(roster.change_canine, canine=found):
        messages.success(request, "Changed.")
        return redirect(where)
    return form_page(
        request, form, f"Change {found}", "Dogs", reverse("canines"), found.name, where
    )


@everyone
def weigh_canine(request, number):
    """Record what a dog weighs: its handler, or who keeps dogs there."""
    dogs = roster.own_or_seen(request.person).serving().select_related("handler", "station")
    found = get_object_or_404(dogs, pk=number)
    if not roster.may_weigh(request.person, found):
        raise Http404
    where = reverse("training:canine_dose", args=[found.pk])
    form = forms.WeighForm(
        request.POST or None, person=request.person, today=found.station.today(), cancel_url=where,
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(roster.record_weight, canine=found):
        messages.success(request, f"{found} weighs {form.result.kg} kg.")
        return redirect(where)
    return form_page(request, form, f"Weigh {found}", f"Dose of {found}", where)
