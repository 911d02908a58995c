"""A round at a counter terminal: one badge and PIN, places, what is not right, two kits of the portal's choosing."""

from django.http import QueryDict
from django.shortcuts import redirect
from django.utils import timezone

from naloxone import actions, round_summary
from naloxone.actions.rounds import Told
from naloxone.forms.rounds import kits_at, places_at
from naloxone.forms.terminal_rounds import (
    RightForm,
    RoundTurnForm,
    TerminalDifferenceForm,
    TerminalScanForm,
)
from naloxone.models import Walk
from naloxone.round_rules import RoundKind, Seen
from naloxone.rules import CustodyError
from naloxone.views.terminal import named, page
from safety_portal import access, terminals, turns
from safety_portal.access import Permission, terminal
from safety_portal.page_parts import CounterAct, register_counter_acts
from safety_portal.people import Person, reference_number

ROUND = "round"
REFUSED = "This can’t be recorded so"
HERE = "naloxone:terminal_round_check"


@terminal
def start_round(request):
    """Scan the places, then badge and PIN."""
    form = RoundTurnForm(request.POST or None, station=request.terminal.station)
    return turns.start(request, form, title="Make a round", purpose=ROUND, then=HERE)


@terminal
@turns.within(ROUND)
def round_check(request, turn):
    """All right or not; what is not right, place by place; then the kits to be scanned."""
    if not access.may(turn.person, Permission.CUSTODY_GIVE, at=turn.terminal.station):
        return page(request, "round_not_yours", turn, title="A round is not yours to make here")
    told = turn.told
    if "walk" in told:
        return scan(request, turn, Walk.objects.get(pk=told["walk"]))
    places = asked_places(turn)
    if "wrong" not in told:
        return right(request, turn, places)
    left = unanswered(turn, places)
    if left:
        return differs(request, turn, left[0], places)
    return page(request, "round_refused", turn, title=REFUSED)


def unanswered(turn, places):
    """The places where something is not right and nobody has said what."""
    told = turn.told
    return [
        p for p in places if p.reference in told["wrong"] and p.reference not in told["answers"]
    ]


def asked_places(turn):
    """The places that were scanned, in that order, with what they wait for."""
    keys = [reference_number("S", code) for code in turn.told["places"]]
    found = places_at(turn.terminal.station).filter(pk__in=keys)
    found = round_summary.with_numbers(round_summary.with_rounds(found))
    now = timezone.now()
    by_key = {place.pk: round_summary.look_at(place, now) for place in found}
    return [by_key[key] for key in keys if key in by_key]


def step(turn, **told):
    """Keep what was told so far, and show the next step."""
    turn.told = {**turn.told, **told}
    terminals.go_on(turn, turn.told, timezone.now())
    return redirect(HERE)


def next_step(request, turn, places, **told):
    """The next place of which nothing is said yet; after the last one everything is recorded."""
    further = step(turn, **told)
    return further if unanswered(turn, places) else save(request, turn, places)


def right(request, turn, places):
    """All right everywhere? Or where not?"""
    data = request.POST if request.POST.get("act") == "right" else None
    form = RightForm(data, turn=turn, act="right", places=places)
    if form.is_bound and form.is_valid():
        second = form.prove_second(timezone.now())
        if second is not False:
            more = {"second": second.pk} if second else {}
            wrong = form.cleaned_data["wrong"]
            return next_step(request, turn, places, wrong=wrong, answers={}, **more)
    kits = sum(place.expected for place in places)
    title = f"{turn.person}: is everything right?"
    return page(request, "round", turn, title=title, form=form, places=places, kits=kits)


def difference_form(turn, place, data):
    return TerminalDifferenceForm(
        data, person=turn.person, place=place, kind=place.todo or RoundKind.SHIFT,
        expected=place.expected, kits=kits_at(place), initial={"request_key": turn.request_key},
    )  # fmt: skip


def differs(request, turn, place, places):
    """What is not right at one of them."""
    data = request.POST if request.POST.get("act") == place.reference else None
    form = difference_form(turn, place, data)
    if form.is_bound and form.is_valid():
        answers = {**turn.told["answers"], place.reference: request.POST.urlencode()}
        return next_step(request, turn, places, answers=answers)
    title = f"What is not right: {place}"
    return page(request, "round_differs", turn, title=title, form=form, place=place)


def told_of(turn, place):
    """What was said of a place, in the words of the action."""
    if sent := turn.told["answers"].get(place.reference):
        form = difference_form(turn, place, QueryDict(sent))
        if not form.is_valid():  # something happened there between this step and that one
            raise CustodyError(f"{place} is recorded otherwise by now. Look once more.")
        return form.told()
    seen = Seen(seal_whole=True if place.seal else None)
    return Told(place, place.todo or RoundKind.SHIFT, seen)


def save(request, turn, places):
    """One row a place; then the portal says which kits it wants to see."""
    now = timezone.now()
    second = Person.objects.filter(pk=turn.told.get("second")).first()
    try:
        walk = actions.record_rounds(
            told=[told_of(turn, place) for place in places], second=second,
            proof="pin" if second else "", at_terminal=True, occurred_at=now, now=now,
            request_key=turn.request_key, by=turn.person,
        )  # fmt: skip
    except CustodyError as error:
        return page(request, "round_refused", turn, title=REFUSED, why=str(error))
    if not actions.finish_walk(walk=walk, by=turn.person):
        return turns.finish(turn, said(walk))
    return step(turn, walk=walk.pk)


def scan(request, turn, walk):
    """Two kits of the portal's choosing."""
    now = timezone.now()
    asked = [drawn.kit for drawn in walk.drawn.filter(scan=None).select_related("kit__holder")]
    form = TerminalScanForm(
        request.POST if request.POST.get("act") == "scan" else None, person=turn.person,
        asked=asked, initial={"request_key": turn.request_key},
    )  # fmt: skip
    if form.is_bound and form.carry_out(actions.scan_drawn, walk=walk, now=now):
        return turns.finish(turn, said(walk))
    title = f"Now scan {named(asked)}"
    return page(request, "round_scan", turn, title=title, form=form, kits=asked, walk=walk)


def said(walk):
    """What was done, in sentences."""
    differing = [str(row.place) for row in walk.rounds.select_related("place") if row.result == "differs"]  # fmt: skip
    number = walk.rounds.count()
    places = "1 place" if number == 1 else f"{number} places"
    first = f"{walk.reference}: {places} looked at."
    second = f"Not all right: {', '.join(differing)}." if differing else "All right."
    waiting = walk.drawn.filter(scan=None).count()
    third = f"{waiting} not scanned: that stays written." if waiting else ""
    return "\n".join(filter(None, [first, second, third]))


register_counter_acts(
    CounterAct("Make a round", "Scan the places, then two kits of the portal’s choosing",
               "naloxone:terminal_round", "check", order=25),
)  # fmt: skip
