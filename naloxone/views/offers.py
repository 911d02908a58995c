"""One offer of kits: what, from whom, to whom, and its answer."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from naloxone import actions, badges, forms
from naloxone.actions import CustodyError, custody
from naloxone.models import HandOver, Outcome
from safety_portal import access
from safety_portal.access import Permission, everyone
from safety_portal.page_parts import Column, Table


@everyone
def hand_over(request, number):
    """One offer: what, from whom, to whom, and its answer."""
    offer = visible_offer(request.person, number)
    lines = list(offer.lines.select_related("kit__lot__product", "kit__holder").order_by("kit"))
    open_keys = [line.kit_id for line in lines if line.outcome is None]
    mine = custody.may_answer(request.person, offer.receiver)
    form = forms.AnswerForm(
        request.POST or None, person=request.person, offer=offer, waiting=open_keys
    )
    if request.method == "POST":
        if not mine:
            raise Http404
        if form.carry_out(actions.answer_offer, now=timezone.now()):
            return answered(request, offer)
        if not open_keys:
            messages.info(request, f"{offer.reference} has already been answered.")
            return redirect("naloxone:hand_over", offer.pk)
    return offer_page(request, offer, lines, form if mine and open_keys else None)


def visible_offer(person, number):
    """The offer, if it is the person's to see: to them, by them, or of kits at their stations."""
    found = HandOver.objects.visible_to(person) | HandOver.objects.for_receiver(person)
    return get_object_or_404(
        found.select_related(
            "by", "receiver__person", "receiver__station", "receiver__canine", "station"
        ).distinct(),
        pk=number,
    )


def answered(request, offer):
    """Says what came of it, by the rows: a form that was sent twice hears the same twice."""
    ends = list(offer.lines.values_list("outcome", flat=True))
    taken, left = ends.count(Outcome.ACCEPTED), ends.count(Outcome.REFUSED)
    words = [f"Accepted: {taken}."] if taken else []
    words += [f"Not taken: {left}."] if left else []
    messages.success(request, " ".join(words))
    return redirect("naloxone:hand_over", offer.pk)


def offer_page(request, offer, lines, form):
    today = request.person.station.today()
    for line in lines:
        badges.show([line.kit], today)
        line.badge = badges.outcome_badge(line.outcome)
        line.ticked = form is not None and line.kit_id in form.taken
    waiting_lines = [line for line in lines if line.outcome is None]
    gives = offer.by_id == request.person.pk or access.may(
        request.person, Permission.CUSTODY_GIVE, at=offer.station_id
    )
    context = {
        "title": offer.reference,
        "offer": offer,
        "lines": lines,
        "waiting": waiting_lines,
        "late": bool(waiting_lines) and offer.due_at < timezone.now(),
        "form": form,
        "can_withdraw": bool(waiting_lines) and gives,
        "head": Table(request, "Kits", lines_columns(form), caption_hidden=True),
    }
    return render(request, "naloxone/hand_over.html", context)


def lines_columns(form):
    take = [Column("Take", tick_all="")] if form else []
    return [*take, Column("Kit"), Column("What"), Column("Expiry"), Column("Answer")]


@require_POST
@everyone
def withdraw(request, number):
    """Take an offer back."""
    offer = visible_offer(request.person, number)
    try:
        actions.withdraw_offer(offer=offer, now=timezone.now(), by=request.person)
    except CustodyError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{offer.reference} is withdrawn; nothing has moved.")
    return redirect("naloxone:hand_over", offer.pk)
