"""Dose cards: which dogs have one that holds, one dog's dose, and the card on paper."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from safety_portal import documents, looking, roster
from safety_portal.access import Permission, everyone, needs
from safety_portal.page_parts import Column, Tab, Table
from training import actions, doses, forms, printed
from training.models import DoseCard

MOST_DOGS = 300


def dogs_of(person):
    """Working dogs that the person leads or sees, with what a dose needs."""
    found = roster.own_or_seen(person).serving().select_related("station__region", "handler")
    return found.order_by("station__name", "name", "pk")


@needs(Permission.PEOPLE_SEE)
def dose_cards(request):
    """Which dogs of my stations have a dose card that holds, and which not, and why?"""
    now = timezone.now()
    found = dogs_of(request.person).filter(looking.narrowing(request.person))[:MOST_DOGS]
    sheets = doses.sheets(list(found), now)
    stale = request.GET.get("show") == "stale"
    here = reverse("training:dose_cards")
    columns = [Column("Dog"), Column("Station"), Column("Weight", figure=True), Column("Protocol"), Column("Card")]  # fmt: skip
    context = {
        "title": "Dose cards",
        "tabs": [
            Tab("All dogs", here, not stale),
            Tab("Without a card that holds", f"{here}?show=stale", stale),
        ],
        "stale": stale,
        "head": Table(request, "Dose cards", columns, caption_hidden=True),
        "sheets": [sheet for sheet in sheets if sheet.stale or not stale],
    }
    return render(request, "training/dose_cards.html", context)


@everyone
def canine_dose(request, number):
    """How much naloxone for this dog, from which weight and protocol; and the card for its bag."""
    found = get_object_or_404(dogs_of(request.person), pk=number)
    [sheet] = doses.sheets([found], timezone.now())
    weighs = roster.may_weigh(request.person, found)
    form = None
    if weighs and sheet.can_be_made:
        sent = request.POST if request.method == "POST" else None
        form = forms.CardForm(sent, person=request.person)
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.carry_out(actions.make_dose_card, canine=found):
            messages.success(request, f"{form.result.reference} is made. Print it for the bag.")
            return redirect("training:canine_dose", found.pk)
    context = {
        "title": f"Naloxone for {found.name}",
        "canine": found,
        "sheet": sheet,
        "weighs": weighs,
        "form": form,
    }
    return render(request, "training/canine_dose.html", context)


@everyone
def dose_card(request, number):
    """The card on paper. One that holds no more says so on its face."""
    found = get_object_or_404(DoseCard.objects.visible_to(request.person).with_names(), pk=number)
    now = timezone.now()
    pdf = printed.dose_card(found, by=request.person, now=now)
    return documents.answer(pdf, f"{found.reference} dose card {found.canine.name}.pdf")
