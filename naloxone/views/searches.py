"""The search for a kit that is not where it is recorded."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from naloxone import actions, forms
from naloxone.actions import life, searches
from naloxone.models import Kit, Search
from naloxone.rules import STOCKED
from naloxone.views.stock import form_page
from safety_portal.access import everyone


@everyone
def search(request, number):
    """Where is it? Whoever has it by the record answers in one tap, until the clock runs out."""
    found = get_object_or_404(Search.objects.visible_to(request.person).with_names(), pk=number)
    answers = found.ended_at is None and searches.may_answer(request.person, found)
    form = None
    if answers:
        form = forms.SearchForm(request.POST or None, person=request.person, search=found)
    if request.method == "POST":
        if found.ended_at is not None:
            messages.info(request, f"{found.reference} has ended meanwhile.")
            return redirect(found)
        if form is None:
            raise Http404
        if form.carry_out(actions.answer_search, search=found, now=timezone.now()):
            messages.success(request, f"Thank you. The search for {found.kit.reference} has ended.")
            return redirect(found)
    context = {
        "title": f"Where is {found.kit.reference}?", "found": found, "form": form, "narrow": True,
        "late": found.ended_at is None and found.due_at < timezone.now(),
    }  # fmt: skip
    return render(request, "naloxone/search.html", context)


@everyone
def search_kit(request, number):
    """A kit is not where it should be: whoever has it by the record is asked first."""
    kit = get_object_or_404(Kit.objects.visible_to(request.person).with_names(), pk=number)
    if not life.touches(request.person, kit) or kit.state not in STOCKED:
        raise Http404
    if known := Search.objects.open().filter(kit=kit).first():
        return redirect(known)
    form = forms.SearchForKitForm(
        request.POST or None, person=request.person, cancel_url=kit.get_absolute_url()
    )
    if request.method == "POST" and form.carry_out(
        actions.search_for_kit, kit=kit, now=timezone.now()
    ):
        messages.success(request, f"{form.result.reference} has begun.")
        return redirect(form.result)
    return form_page(request, form, f"Look for {kit.reference}")
