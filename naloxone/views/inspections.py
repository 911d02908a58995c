"""Inspections: a kit in one tap or step by step, a place kit by kit, and where some are due."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, components, forms, history, summary
from naloxone.actions.inspections import is_sealed
from naloxone.inspection_rules import FINDING_WORDS, INSPECTION_DAYS, result_of
from naloxone.models import Discrepancy, Holder, Inspection, Kit
from naloxone.possible import may_inspect
from naloxone.rules import PLACES
from naloxone.views.hand_overs import home_of
from naloxone.views.levels import asked_station
from naloxone.views.stock import form_page
from safety_portal import access, looking
from safety_portal.access import Permission, everyone, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.page_parts import Column, FilterWord, Table

MOST_ROUNDS = 50
MOST_KITS = 100


# --- one kit -------------------------------------------------------------------------------------
FILE = (
    Out("Place", "place"), Out("Station", "station"), Out("Kits", "total"), Out("Checked", "checked"),
    Out("Overdue", "overdue"), Out("Due", "first_due_on"),
)  # fmt: skip


def seen(request, number):
    return get_object_or_404(Kit.objects.visible_to(request.person).with_names(), pk=number)


def gone(request, kit):
    """What there is to say when there is nothing to inspect: a form that comes too late, or no such page."""
    if request.method != "POST":
        raise Http404
    said = f"{kit.reference} is {badges.STATE_WORDS[kit.state].lower()}, with {kit.holder}."
    messages.error(request, f"Nothing was recorded. {said}")
    return redirect(kit)


def look_page(request, kit, form, template, **more):
    if kit.holder.kind in PLACES:
        more["place"] = kit.holder
    context = {
        "title": f"Inspect {kit.reference}", "kit": badges.show([kit], kit.station.today())[0],
        "form": form, "narrow": True, "home_url": home_of(request.person), **more,
    }  # fmt: skip
    return render(request, template, context)


@everyone
def inspect(request, number):
    """Is the seal unbroken, with its number? Then that is all; without a seal one counts."""
    kit = seen(request, number)
    if not may_inspect(kit, request.person):
        return gone(request, kit)
    if not is_sealed(kit):
        return redirect("naloxone:count", kit.pk)
    form = forms.SealedForm(request.POST or None, person=request.person, kit=kit)
    now = timezone.now()
    if request.method == "POST" and form.carry_out(actions.inspect_kit, occurred_at=now):
        return redirect(form.result)
    if request.method == "POST":
        kit = seen(request, number)
        form.kit = kit
        form.shown_again()
    return look_page(request, kit, form, "naloxone/inspect.html")


@everyone
def count(request, number):
    """Step by step: the seal, each lot, the condition, getting at it. htmx asks what it comes to so far."""
    kit = seen(request, number)
    if not may_inspect(kit, request.person):
        return gone(request, kit)
    form = inspect_form(request, kit)
    if request.POST.get("act") == "look":
        form.only_look()
        return result_part(request, form)
    if request.method == "POST" and form.carry_out(actions.inspect_kit):
        return redirect(form.result)
    if form.is_bound and form.cleaned_data.get("sequence") != kit.last_sequence:
        form.shown_again()
    return look_page(request, kit, form, "naloxone/count.html", outcome=outcome(form))


def inspect_form(request, kit):
    return forms.InspectForm(
        request.POST or None, request.FILES or None, person=request.person, kit=kit, contents=history.contents(kit),
        standings=components.of_kit(kit),
        cancel_url=kit.get_absolute_url(),
    )  # fmt: skip


def outcome(form):
    """What the answers come to so far, or None."""
    if not form.is_bound or not form.is_valid():
        return None
    found = form.findings()
    return {
        "badge": badges.result_badge(result_of(found)),
        "words": [FINDING_WORDS[finding] for finding in found],
    }


def result_part(request, form):
    return render(request, "naloxone/_inspect_outcome.html", {"outcome": outcome(form)})


@everyone
def no_access(request, number):
    """Who came for it could not open the place."""
    places = Holder.objects.visible_to(request.person).in_use().filter(kind__in=PLACES)
    place = get_object_or_404(places.with_names(), pk=number)
    if not access.may(request.person, Permission.CUSTODY_GIVE, at=place.station_id):
        raise Http404
    form = forms.NoAccessForm(
        request.POST or None, person=request.person, cancel_url=place.get_absolute_url()
    )
    facts = {"place": place, "now": timezone.now()}
    if request.method == "POST" and form.carry_out(actions.report_no_access, **facts):
        messages.success(request, f"{form.result.reference} is open: {place} could not be opened.")
        return redirect("naloxone:discrepancy", form.result.pk)
    return form_page(request, form, f"{place} does not open")


@everyone
def inspection(request, number):
    """What was seen and what followed; the next kit of the same place."""
    found = get_object_or_404(
        Inspection.objects.visible_to(request.person).with_names().distinct(), pk=number
    )
    found.badge = badges.result_badge(found.result)
    today = found.station.today()
    context = {
        "title": f"{found.kit.reference} inspected",
        "found": found,
        "lines": found.lines.select_related("lot").order_by("lot__expires_on", "pk"),
        "differences": Discrepancy.objects.open().filter(kit=found.kit).order_by("pk"),
        "round": summary.round_at(found.holder, today),
        "following": next_due(request, found.holder, today),
        "is_place": found.holder.kind in PLACES,
        "home_url": home_of(request.person),
        "narrow": True,
    }
    return render(request, "naloxone/inspection.html", context)


def next_due(request, holder, today):
    """The next unit of a holder to look at, if it is this person's to do."""
    kit = (
        Kit.objects.filter(holder=holder)
        .inspection_due(today)
        .with_names()
        .longest_unchecked_first()
        .first()
    )
    return kit if kit and may_inspect(kit, request.person) else None


# --- places --------------------------------------------------------------------------------------
@needs(Permission.KITS_SEE)
@downloads
def rounds(request):
    """Where are inspections due? Those overdue longest come first."""
    station = asked_station(request)
    here = Q(station=station) if station else looking.narrowing(request.person)
    kits = Kit.objects.overseen_by(request.person).filter(here)
    today = request.person.station.today()
    found = summary.rounds(kits, today)
    columns = [
        Column("Place"), Column("Station"), Column("Checked"), Column("Overdue", figure=True),
        Column("Due"),
    ]  # fmt: skip
    if wanted(request):
        return Listed("Inspections", FILE, found)
    for one in found:
        one.badge = badges.check_badge(one.first_due_on, today)
    context = {
        "title": "Inspections",
        "head": Table(request, "Inspections by place", columns, caption_hidden=True),
        "rounds": found[:MOST_ROUNDS],
        "more": len(found) - MOST_ROUNDS,
        "total": sum(one.total for one in found),
        "checked": sum(one.checked for one in found),
        "overdue": sum(one.overdue for one in found),
        "days": INSPECTION_DAYS,
        "station": station,
        "words": [FilterWord(f"At {station}", reverse("naloxone:rounds"))] if station else [],
    }
    return render(request, "naloxone/rounds.html", context)


@needs(Permission.KITS_SEE)
def round_at(request, number):
    """A place walked kit by kit."""
    places = Holder.objects.filter(access.within(request.person, Permission.KITS_SEE))
    place = get_object_or_404(places.filter(kind__in=PLACES).select_related("station"), pk=number)
    today = place.station.today()
    kits = list(
        Kit.objects.filter(holder=place)
        .to_inspect()
        .with_names()
        .longest_unchecked_first()[:MOST_KITS]
    )
    for kit in kits:
        kit.check_badge = badges.check_badge(kit.inspection_due_on, today)
    context = {
        "title": f"Inspections: {place}",
        "place": place,
        "round": summary.round_at(place, today),
        "kits": badges.show(kits, today),
        "following": next_due(request, place, today),
        "may_look": access.may(request.person, Permission.CUSTODY_GIVE, at=place.station_id),
    }
    return render(request, "naloxone/round.html", context)
