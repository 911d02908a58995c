"""Deliveries, assembly, release, moves and recalls."""

from django.contrib import messages
from django.db.models import Count, F, Max, Min
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, codes, first_out, forms
from naloxone.models import Act, Kit, UnitKind
from naloxone.rules import GONE, MOST_UNITS, EventKind, State
from safety_portal.access import Permission, everyone, needs
from safety_portal.widgets import look_up_answer

KITS = "naloxone:kits"


def asked(request):
    """What the codes field begins with: the units ticked in a list, all that one act made, or all in a place."""
    kits = request.GET.getlist("kits")
    for name, units_of in (("made", made_by), ("place", left_in)):
        key = request.GET.get(name, "")
        if key.isdecimal() and len(key) < 18:
            found = units_of(request.person, key).order_by("pk").only("pk")
            kits += [kit.reference for kit in found[:MOST_UNITS]]
    return {"kits": kits}


def left_in(person, place):
    """Units that a place of the person's stations still has."""
    return Kit.objects.overseen_by(person).filter(holder=place).exclude(state__in=GONE)


def made_by(person, act):
    """Units of the person's stations that a delivery or an assembly made."""
    kinds = [EventKind.RECEIVED, EventKind.ASSEMBLED]
    return Kit.objects.overseen_by(person).filter(events__act=act, events__kind__in=kinds)


def form_page(request, form, title, *, template="naloxone/form.html", **more):
    context = {"title": title, "form": form, "narrow": True, **more}
    return render(request, template, context)


@needs(Permission.STOCK_RECEIVE)
def receive(request):
    """A delivery of one lot becomes as many units as it has cartons."""
    form = forms.ReceiveForm(
        request.POST or None, request.FILES or None, person=request.person, cancel_url=reverse(KITS),
        initial={"order_line": request.GET.get("order_line", "")},
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.receive_delivery):
        return redirect("naloxone:made", form.result.pk)
    return form_page(request, form, "Receive a delivery")


@needs(Permission.STOCK_RECEIVE)
def receive_trainers(request):
    """Trainers, which hold no medicine and count nowhere."""
    form = forms.TrainersForm(request.POST or None, person=request.person, cancel_url=reverse(KITS))
    if request.method == "POST" and form.carry_out(actions.receive_trainers):
        return redirect("naloxone:made", form.result.pk)
    return form_page(request, form, "Receive trainers")


@needs(Permission.KITS_SEE)
def made(request, act):
    """What a delivery or an assembly made: K-1001 to K-1500, and what one may do next."""
    found = get_object_or_404(Act.objects.select_related("by"), pk=act)
    units = made_by(request.person, found.pk)
    span = units.aggregate(first=Min("pk"), last=Max("pk"), count=Count("pk"))
    if not span["count"]:
        raise Http404
    # One that still holds something speaks for all: an emptied carton has no lot any more.
    kit = units.with_names().order_by(F("lot").asc(nulls_last=True), "pk").first()
    context = {
        "title": f"K-{span['first']} to K-{span['last']}" if span["count"] > 1 else kit.reference,
        "act": found,
        "span": span,
        "kit": badges.show([kit], request.person.station.today())[0],
        "waiting": kit.state == State.QUARANTINE,
        "photos": [one.photo for one in found.receiptphoto_set.select_related("photo")],
    }
    return render(request, "naloxone/made.html", context)


@needs(Permission.KITS_ASSEMBLE)
def assemble(request):
    """Kits out of cartons; what is left stays in its carton."""
    form = forms.AssembleForm(
        request.POST or None,
        person=request.person,
        initial=asked(request) | {"kind": request.GET.get("type") or "kit"},
        cancel_url=reverse(KITS),
    )
    sooner = first_out.left_by(form)
    if request.method == "POST" and form.carry_out(actions.assemble_kits):
        first_out.note(request, sooner)
        return redirect("naloxone:made", form.result.pk)
    cartons = {"kind": UnitKind.CARTON}
    first = [] if request.GET else first_out.propose(
        request.person, Permission.KITS_ASSEMBLE, timezone.now(), **cartons
    )  # fmt: skip
    return form_page(
        request, form, "Assemble kits", template="naloxone/assemble.html", first_out=first
    )


@needs(Permission.STOCK_RECEIVE)
def release(request):
    """Out of quarantine, after the check on receipt."""
    form = forms.ReleaseForm(
        request.POST or None,
        person=request.person,
        initial=asked(request),
        cancel_url=reverse(KITS),
    )
    if request.method == "POST" and form.carry_out(actions.release_kits):
        return done(request, form, "In service")
    return form_page(request, form, "Release from quarantine")


@needs(Permission.CUSTODY_GIVE)
def move(request):
    """From place to place, many at once."""
    form = forms.MoveForm(
        request.POST or None,
        person=request.person,
        initial=asked(request) | {"why_empty": request.GET.get("why_empty", "")},
        cancel_url=reverse(KITS),
    )
    if request.method == "POST" and form.carry_out(actions.move_kits):
        return done(request, form, f"Moved to {form.cleaned_data['place']}")
    return form_page(request, form, "Move kits")


def done(request, form, what):
    """Says what was done; to the kit when it was one, else to the list."""
    kits = form.cleaned_data["kits"]
    names = kits[0].reference if len(kits) == 1 else f"{len(kits)} kits"
    messages.success(request, f"{what}: {names}.")
    return redirect(kits[0] if len(kits) == 1 else KITS)


@everyone
def place_options(request):
    """Places for the look-up of those who have too many for a list."""
    places = forms.places_where(request.person, Permission.CUSTODY_TAKE)
    return look_up_answer(request, lambda text: places.filter(name__icontains=text), codes.describe)
