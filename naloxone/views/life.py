"""What befalls a kit: opened, on hold, wasted, missing, found, written off; and mistakes put right."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from naloxone import actions, forms, history, swaps
from naloxone.actions import life
from naloxone.models import Kit
from naloxone.rules import STOCKED
from naloxone.views.hand_overs import home_of
from naloxone.views.stock import asked, done, form_page
from safety_portal import access
from safety_portal.access import Permission, everyone, needs


def kits_page(request, form_class, action, title, said, then=None):
    """An act on kits ticked, scanned or typed; `then` has something more to say of them."""
    form = form_class(
        request.POST or None, person=request.person, initial=asked(request),
        cancel_url=home_of(request.person),
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(action):
        answer = done(request, form, said)
        if then:
            then(request, form.cleaned_data["kits"])
        return answer
    return form_page(request, form, title)


@everyone
def open_kits(request):
    """A seal was broken."""
    return kits_page(request, forms.OpenForm, actions.open_kits, "Record kits as opened", "Opened")


@everyone
def hold(request):
    """Not to be handed out until looked at."""
    return kits_page(
        request, forms.HoldForm, actions.hold_kits, "Put kits on hold", "On hold", then=say_swaps
    )


def say_swaps(request, kits):
    """Which places have nothing serviceable now that kits are on hold, and what could go there."""
    now = timezone.now()
    mine = access.within(request.person, Permission.CUSTODY_GIVE)
    places = swaps.bare_among(kits, now).filter(mine).select_related("station")
    for swap in swaps.swaps(places, now):
        said = '{}. <a class="usa-link" href="{}">The page of {}</a> does it in one tap.'
        messages.warning(request, format_html(said, swap.sentence, swap.place.get_absolute_url(), swap.place))  # fmt: skip


@everyone
def missing(request):
    """A kit is not where it should be."""
    return kits_page(
        request, forms.MissingForm, actions.report_missing, "Report kits missing",
        "Reported missing",
    )  # fmt: skip


@everyone
def found(request):
    """A missing kit is back."""
    return kits_page(
        request, forms.FoundForm, actions.record_found, "Record kits as found",
        "Found, on hold until it is looked at",
    )  # fmt: skip


@needs(Permission.STOCK_END)
def write_off(request):
    """The search has ended."""
    return kits_page(
        request, forms.WriteOffForm, actions.write_off, "Write off missing kits", "Written off"
    )


def seen(request, number):
    return get_object_or_404(Kit.objects.visible_to(request.person).with_names(), pk=number)


def kit_page(request, kit, form, action, title, said, **facts):
    """An act on the kit whose page one came from."""
    if request.method == "POST" and form.carry_out(action, **facts):
        messages.success(request, said)
        return redirect(kit)
    return form_page(request, form, title)


@everyone
def works(request, number):
    """It would work in need, or it does not."""
    kit = seen(request, number)
    if not life.touches(request.person, kit) or kit.state not in STOCKED:
        raise Http404
    form = forms.WorksForm(
        request.POST or None, kit=kit, person=request.person, cancel_url=kit.get_absolute_url(),
        initial={"works": request.GET.get("works")},
    )  # fmt: skip
    return kit_page(
        request, kit, form, actions.say_works, f"Would {kit.reference} work in need?",
        "It stands on its page now.", now=timezone.now(),
    )  # fmt: skip


@everyone
def waste(request, number):
    """Doses spent without being given."""
    kit = seen(request, number)
    if not life.touches(request.person, kit) or kit.state not in STOCKED:
        raise Http404
    form = forms.WasteForm(
        request.POST or None, kit=kit, person=request.person, cancel_url=kit.get_absolute_url()
    )
    return kit_page(
        request, kit, form, actions.waste_doses, f"A dose of {kit.reference} was wasted",
        "Recorded. It is not in the kit any more.",
    )  # fmt: skip


@everyone
def undo(request, number, sequence):
    """Undo the newest event, which is this one."""
    kit = seen(request, number)
    event = life.newest_event(kit)
    if event.sequence != sequence:
        messages.error(
            request,
            f"{kit.reference} has moved on meanwhile; no. {sequence} is not its newest event.",
        )
        return redirect(kit)
    if not life.may_undo(request.person, kit, event):
        raise Http404
    form = forms.UndoForm(
        request.POST or None, kit=kit, title=history.title_of(event), person=request.person,
        cancel_url=kit.get_absolute_url(),
    )  # fmt: skip
    return kit_page(
        request, kit, form, actions.undo_newest, f"Undo no. {sequence} of {kit.reference}?",
        f"No. {sequence} is undone.", sequence=sequence,
    )  # fmt: skip


@everyone
def note(request, number):
    """A note about something earlier, where nothing can be undone any more."""
    kit = seen(request, number)
    if not life.may_note(request.person, kit):
        raise Http404
    form = forms.NoteForm(
        request.POST or None, kit=kit, person=request.person, initial={"about": kit.last_sequence},
        entries=history.entries(history.events_of(kit, most=None)), cancel_url=reverse("naloxone:kit", args=[kit.pk]),
    )  # fmt: skip
    return kit_page(
        request,
        kit,
        form,
        actions.note_event,
        f"Add a note to {kit.reference}",
        "The note is added.",
    )
