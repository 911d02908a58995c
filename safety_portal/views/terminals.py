"""Counter terminals: which there are, enrolled and revoked; their empty page."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db.models.functions import Lower
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from safety_portal import keyset, looking, page_parts, terminals, turns
from safety_portal.access import Permission, needs, terminal
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table
from safety_portal.terminal_forms import RevokeForm, StationTerminalForm
from safety_portal.terminals import Terminal
from safety_portal.views.people import form_page

KEPT_DAYS = 400  # browsers keep a cookie no longer; each “Done” begins the days anew
BY_NAME = (By("station_key", str), By("name_key", str), By("pk"))


# --- who keeps them ----------------------------------------------------------------------------------


FILE = (
    Out("Terminal", "name"), Out("Station", "station.name"), Out("Enrolled", "enrolled_at", moment=True),
    Out("Last used", "last_used_at", moment=True),
)  # fmt: skip


@needs(Permission.TERMINALS_KEEP)
@downloads
def terminals_list(request):
    """Which browsers are terminals of my stations?"""
    columns = [Column("Terminal"), Column("Station"), Column("Enrolled"), Column("Last used"), Column("", hidden="Acts")]  # fmt: skip
    rows = (
        Terminal.objects.in_use()
        .kept_by(request.person)
        .filter(looking.narrowing(request.person))
        .with_names()
        .annotate(station_key=Lower("station__name"), name_key=Lower("name"))
    )
    if wanted(request):
        return Listed("Counter terminals", FILE, rows, BY_NAME)
    page = keyset.page_of(request.GET, rows, BY_NAME)
    count = keyset.count_of(page, rows)
    context = {
        "title": "Counter terminals",
        "head": Table(request, "Counter terminals", columns, caption_hidden=True),
        "terminals": page.rows,
        "pager": keyset.pager(request.GET, page, BY_NAME, count, "terminal"),
    }
    return render(request, "people/terminals.html", context)


@needs(Permission.TERMINALS_KEEP)
def enrol_terminal(request):
    """Make this browser a terminal; whoever does it is signed out of it."""
    back = reverse("terminals")
    form = StationTerminalForm(request.POST or None, person=request.person, cancel_url=back)
    replaced = request.terminal
    if request.method == "POST" and form.carry_out(terminals.enrol_terminal, replaces=replaced):
        _, token = form.result
        logout(request)
        return keep_token(redirect("terminal"), token)
    lead = (
        f"It is {replaced} of {replaced.station} now, and will be that no more." if replaced else ""
    )
    title = "Make this browser a counter terminal"
    return form_page(request, form, title, "Counter terminals", back, lead=lead)


def keep_token(response, token):
    days = KEPT_DAYS * 24 * 3600
    return turns.set_cookie(response, settings.TERMINAL_COOKIE, token, max_age=days)


@needs(Permission.TERMINALS_KEEP)
def revoke_terminal(request, number):
    """End a terminal: lost, replaced, or not needed."""
    kept = Terminal.objects.in_use().kept_by(request.person).with_names()
    found = get_object_or_404(kept, pk=number)
    back = reverse("terminals")
    form = RevokeForm(request.POST or None, person=request.person, cancel_url=back)
    if request.method == "POST" and form.carry_out(terminals.revoke_terminal, terminal=found):
        messages.success(request, f"{found} is a terminal no more.")
        return redirect(back)
    title = f"Revoke {found}?"
    lead = f"{found.reference}, {found.station}."
    return form_page(request, form, title, "Counter terminals", back, lead=lead)


# --- at the terminal ---------------------------------------------------------------------------------


@terminal
@require_GET
def counter(request):
    """The empty page: what would you do?"""
    context = {
        "title": "What would you do?",
        "acts": page_parts.counter_acts(),
        "over": "over" in request.GET,
    }
    return render(request, "terminal/counter.html", context)


@terminal
@require_GET
def said(request):
    """What the act has done, until the page empties itself."""
    turn = turns.present(request)
    if turn is None or not turn.said:
        return turns.over(request)
    context = {"title": "Done", "turn": turn, "said": turn.said.splitlines()}
    return render(request, "terminal/said.html", context)


@terminal
@require_POST
def next_person(request):
    """Done: nothing of the turn is left."""
    terminals.end_turn(request.terminal)
    response = keep_token(redirect("terminal"), request.COOKIES[settings.TERMINAL_COOKIE])
    response.delete_cookie(settings.TURN_COOKIE, samesite="Strict")
    return response


@terminal
@require_POST
def still_here(request):
    """A key was pressed: the turn goes on for a while. Answers with the seconds left."""
    turn = turns.present(request)
    if turn is None:
        return HttpResponse(status=410)
    return JsonResponse({"seconds": terminals.keep_turn(turn, timezone.now())})
