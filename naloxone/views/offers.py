"""One offer of kits: what, from whom, to whom, and its answer."""

import datetime as dt
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from naloxone import actions, badges, forms
from naloxone.actions import CustodyError, custody
from naloxone.models import HandOver, Outcome
from safety_portal import access
from safety_portal.access import Permission, everyone
from safety_portal.htmx import unattended
from safety_portal.page_parts import Column, Table

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Answer(NamedTuple):
    """How the receiver answered, in the words of who looks: “you”, or a name."""

    who: str
    whom: str
    at: dt.datetime
    today: bool
    taken: int
    left: int
    moved_on: bool  # some that were taken are elsewhere by now

    @property
    def word(self):
        return "Accepted" if self.taken else "Refused"

    @property
    def tone(self):
        return "success" if self.taken else "info"


@everyone
def hand_over(request, number):
    """One offer: what, from whom, to whom, and its answer."""
    offer = visible_offer(request.person, number)
    lines = lines_of(offer)
    open_keys = [line.kit_id for line in lines if line.outcome is None]
    mine = custody.may_answer(request.person, offer.receiver)
    form = forms.AnswerForm(
        request.POST or None, person=request.person, offer=offer, waiting=open_keys
    )
    if request.method == "POST":
        if not mine:
            raise Http404
        if form.carry_out(actions.answer_offer, now=timezone.now()):
            return redirect(offer)  # its page says what came of it, to a second click too
        if not open_keys:
            messages.info(request, f"{offer.reference} has already been answered.")
            return redirect(offer)
    context = offer_context(request, offer, lines, form if mine and open_keys else None)
    return render(request, "naloxone/hand_over.html", context)


@unattended
@everyone
def look_again(request, number):
    """What the giver's page asks every few seconds: nothing until the offer is answered, then how it ended."""
    offer = visible_offer(request.person, number)
    if not request.htmx:
        return redirect(offer)
    if offer.lines.filter(outcome=None).exists():
        return HttpResponse(status=204)
    context = offer_context(request, offer, lines_of(offer), None)
    return render(request, "naloxone/_offer_answered.html", context)


def visible_offer(person, number):
    """The offer, if it is the person's to see: to them, by them, or of kits at their stations."""
    found = HandOver.objects.visible_to(person) | HandOver.objects.for_receiver(person)
    return get_object_or_404(
        found.select_related(
            "by", "answered_by", "receiver__person", "receiver__station", "receiver__canine", "station"
        ).distinct(),
        pk=number,
    )  # fmt: skip


def lines_of(offer):
    return list(
        offer.lines.select_related("kit__lot__product", "kit__holder", "returns_to").order_by("kit")
    )


def answer_of(offer, lines, person):
    """The Answer as this person reads it, or None: not yet, withdrawn, or all overtaken."""
    by = offer.answered_by
    if by is None:
        return None
    taken = [line for line in lines if line.outcome == Outcome.ACCEPTED]
    left = [line for line in lines if line.outcome == Outcome.REFUSED]
    at = (taken + left)[0].ended_at
    them = "you" if by == person else "them"
    return Answer(
        who="you" if by == person else str(by),
        whom=them if offer.receiver.person_id == by.pk else str(offer.receiver),
        at=at,
        today=person.station.today(at) == person.station.today(),
        taken=len(taken),
        left=len(left),
        moved_on=any(line.kit.holder_id != offer.receiver_id for line in taken),
    )


def offer_context(request, offer, lines, form):
    """What both the page of an offer and the part that htmx swaps in show."""
    today = request.person.station.today()
    for line in lines:
        badges.show([line.kit], today)
        line.badge = badges.outcome_badge(line.outcome)
        line.ticked = form is not None and line.kit_id in form.taken
    waiting_lines = [line for line in lines if line.outcome is None]
    gives = offer.by_id == request.person.pk or access.may(
        request.person, Permission.CUSTODY_GIVE, at=offer.station_id
    )
    return {
        "title": offer.reference,
        "offer": offer,
        "lines": lines,
        "waiting": waiting_lines,
        "late": bool(waiting_lines) and offer.due_at < timezone.now(),
        "answer": answer_of(offer, lines, request.person),
        "form": form,
        "can_withdraw": bool(waiting_lines) and gives,
        "code": address_for_phone(offer) if waiting_lines and gives and form is None else None,
        "head": Table(request, "Kits", lines_columns(form), caption_hidden=True),
    }


class Code(NamedTuple):
    """The address that a QR code leads to, and whether only this machine can open it."""

    address: str
    only_here: bool


def address_for_phone(offer):
    """The offer's page under the portal's public address: the one that another device can open.

    Behind a proxy the request's own host may be an inner name, and it is the asker's word.
    """
    host = urlsplit(settings.PUBLIC_URL).hostname
    return Code(f"{settings.PUBLIC_URL}{offer.get_absolute_url()}", host in LOOPBACK)


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
    return redirect(offer)
