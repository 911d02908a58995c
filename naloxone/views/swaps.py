"""A serviceable kit into a place before the last goes; and the places that were emptied all the same."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, forms, swaps
from naloxone.models import Holder, Kit, PlaceEmptied
from naloxone.rules import PLACES
from naloxone.views.stock import form_page
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table
from safety_portal.people import reference_number

NEWEST = (By("pk"),)


FILE = (
    Out("Place", "place.name"), Out("Station", "station.name"), Out("Why", "why"), Out("By", "act.by.name"),
    Out("When", "act.occurred_at", moment=True),
)  # fmt: skip


@needs(Permission.CUSTODY_GIVE)
def swap(request, number):
    """What goes into a place and what comes out: as proposed, or otherwise."""
    there = Holder.objects.in_use().filter(access.within(request.person, Permission.CUSTODY_GIVE))
    found = get_object_or_404(there.filter(kind__in=PLACES).select_related("station"), pk=number)
    if not found.keeps_ready:
        raise Http404
    now = timezone.now()
    form = forms.SwapForm(
        request.POST or None, person=request.person, place=found, cancel_url=found.get_absolute_url(),
        initial=proposed(swap_asked_for(request, found, now)) if request.method != "POST" else None,
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.swap_kits, occurred_at=now):
        messages.success(request, f"{found} has {named(form.cleaned_data['kits'])} now.")
        return redirect(found)
    return form_page(request, form, f"Swap at {found}")


def swap_asked_for(request, place, now):
    """The Swap of a place: for the units an address names (those of a swap day), else for what can't stay."""
    numbers = [reference_number("K", code) for code in request.GET.getlist("old")]
    kits = Kit.objects.filter(pk__in=[n for n in numbers if n], holder=place)
    old = list(kits.first_expired_first())
    return swaps.swap_for(place, old, now) if old else swaps.swap_at(place, now)


def named(kits):
    return kits[0].reference if len(kits) == 1 else f"{len(kits)} kits"


def proposed(found):
    """What the form begins with."""
    store = swaps.store_for(found)
    return {
        "kits": [spare.reference for spare in found.new],
        "old": [kit.reference for kit in found.out],
        "to": store and store.pk,
    }


@needs(Permission.KITS_SEE)
@downloads
def emptied(request):
    """Places of one's stations that were left with nothing that works, and why."""
    found = PlaceEmptied.objects.visible_to(request.person).filter(
        looking.narrowing(request.person)
    )
    if wanted(request):
        return Listed("Places emptied", FILE, found.with_names(), NEWEST, down=True)
    page = keyset.page_of(request.GET, found.with_names(), NEWEST, down=True)
    columns = [Column("Place"), Column("Station"), Column("Why"), Column("By"), Column("When")]
    context = {
        "title": "Places emptied, and why",
        "head": Table(request, "Places emptied", columns, caption_hidden=True),
        "rows": page.rows,
        "pager": keyset.pager(
            request.GET, page, NEWEST, keyset.count_of(page, found), "time|times"
        ),
        "places_url": reverse("naloxone:places"),
    }
    return render(request, "naloxone/emptied.html", context)
