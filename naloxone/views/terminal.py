"""Kits at a counter terminal: take, hand over, return, look. One act for each badge and PIN."""

from collections import defaultdict
from itertools import groupby

from django.db.models import Prefetch, Q
from django.shortcuts import render
from django.utils import timezone

from naloxone import actions, badges, codes, first_out, forms, possible
from naloxone.actions import custody
from naloxone.forms.terminal import issuable, read_codes
from naloxone.models import HandOver, HandOverLine, Kit
from naloxone.rules import HolderKind
from safety_portal import turns
from safety_portal.access import terminal
from safety_portal.page_parts import CounterAct, register_counter_acts
from safety_portal.terminal_forms import TurnForm

MOST_SHOWN = 50
TAKE, GIVE, RETURN, LOOK = "take", "hand over", "return", "look"


def page(request, template, turn, **context):
    return render(request, f"naloxone/terminal_{template}.html", {"turn": turn, **context})


def named(kits):
    """“K-1, K-2 and K-3”; a number where they are too many to read."""
    names = [kit.reference for kit in kits]
    if len(names) > 12:
        return f"{len(names)} kits"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


# --- who are you? --------------------------------------------------------------------------------------


@terminal
def take(request):
    """Badge and PIN, then what is offered to one."""
    form = TurnForm(request.POST or None)
    then = "naloxone:terminal_take_check"
    return turns.start(request, form, title="Take what is offered to you", purpose=TAKE, then=then)


@terminal
def give(request):
    """Scan kits, the receiver's badge, one's own badge; then check."""
    form = forms.GiveTurnForm(request.POST or None)
    then = "naloxone:terminal_give_check"
    return turns.start(request, form, title="Hand over kits", purpose=GIVE, then=then)


@terminal
def give_back(request):
    """Choose a place of the station, scan kits and one's badge; then check."""
    form = forms.ReturnTurnForm(request.POST or None, station=request.terminal.station)
    then = "naloxone:terminal_return_check"
    return turns.start(request, form, title="Return kits", purpose=RETURN, then=then)


@terminal
def look(request):
    """Badge and PIN, then what one has."""
    form = TurnForm(request.POST or None)
    then = "naloxone:terminal_look_now"
    return turns.start(request, form, title="What do I have?", purpose=LOOK, then=then)


# --- what one has ---------------------------------------------------------------------------------------


@terminal
@turns.within(LOOK)
def look_now(request, turn):
    """The kits of whoever has just proved who they are."""
    mine = Kit.objects.held_by(turn.person).with_names().with_open_offer()
    kits = list(mine.first_expired_first()[:MOST_SHOWN])
    today = turn.terminal.station.today()
    title = f"{turn.person}: what you have"
    return page(request, "look", turn, title=title, kits=badges.show(kits, today), today=today)


# --- taking ---------------------------------------------------------------------------------------------


def offers_to(turn):
    """What waits for this person: for themselves, their dog, and places in their charge at this station."""
    lines = HandOverLine.objects.filter(outcome=None)
    with_kits = lines.select_related(
        "kit__lot__product", "kit__holder", "replaces", "returns_to"
    ).order_by("kit")
    own = Q(receiver__person__isnull=False) | Q(receiver__canine__isnull=False)
    return (
        HandOver.objects.for_receiver(turn.person)
        .filter(own | Q(receiver__station=turn.terminal.station))
        .filter(pk__in=lines.values("hand_over"))
        .with_names()
        .select_related("receiver__canine")
        .prefetch_related(Prefetch("lines", queryset=with_kits, to_attr="waiting"))
        .order_by("receiver", "pk")
    )


def take_forms(request, turn):
    """One form for each receiver: oneself first, then dog and places."""
    found = []
    for receiver, group in groupby(offers_to(turn), key=lambda offer: offer.receiver):
        form = forms.TakeForm(
            request.POST if request.POST.get("act") == receiver.reference else None,
            turn=turn, act=receiver.reference, offers=list(group), auto_id=f"{receiver.reference}_%s",
        )  # fmt: skip
        form.receiver, form.is_mine = receiver, receiver.person_id == turn.person.pk
        for line in (line for offer in form.offers for line in offer.waiting):
            line.ticked = line.kit_id in form.taken
            badges.show([line.kit], turn.terminal.station.today())
        found.append(form)
    return sorted(found, key=lambda form: not form.is_mine)


@terminal
@turns.within(TAKE)
def take_check(request, turn):
    """What is offered; take all of it, or leave some out and say why."""
    found = take_forms(request, turn)
    for form in found:
        if form.is_bound and form.carry_out(actions.answer_offers, now=timezone.now()):
            return turns.finish(turn, taken(form))
    error = next((form for form in found if form.errors), None)
    title = f"{turn.person}: what is offered to you"
    today = turn.terminal.station.today()
    return page(request, "take", turn, title=title, forms=found, form=error, today=today)


def taken(form):
    """What was done, in sentences."""
    lines = [line for offer in form.offers for line in offer.waiting]
    mine = [line for line in lines if line.kit_id in form.taken]
    left = [line.kit for line in lines if line.kit_id not in form.taken]
    where = "With you now" if form.is_mine else f"With {form.receiver} now"
    said = [f"{where}: {named(line.kit for line in mine)}."] if mine else []
    said += given_back(mine)
    if left:
        said.append(f"Not taken: {named(left)}. Who offered it sees why, and keeps it.")
    return "\n".join(said)


def given_back(lines):
    """A sentence for each place that old kits went back to by what was taken."""
    back = defaultdict(list)
    for line in lines:
        if line.replaces:
            back[line.returns_to].append(line.replaces)
    return [f"In exchange, leave at {place}: {named(kits)}." for place, kits in back.items()]


# --- giving ---------------------------------------------------------------------------------------------


@terminal
@turns.within(GIVE)
def give_check(request, turn):
    """The list to check before it changes hands."""
    return check(request, turn, custody.may_hand_on)


@terminal
@turns.within(RETURN)
def return_check(request, turn):
    """The list to check before it goes back."""
    return check(request, turn, lambda person, kit: possible.is_with(kit, person))


def check(request, turn, theirs):
    """What was scanned, in words; then the receiver confirms here, or it is left as an offer."""
    scanned = read_codes(turn.told["kits"], turn.person, theirs)
    receiver = codes.receiver(turn.told["receiver"], turn.person)
    if receiver is not None:
        scanned = issuable(scanned, receiver, turn.terminal.station.today())
    found = {
        "scanned": scanned,
        "kits": badges.show(
            first_out.mark(scanned.kits, timezone.now()), turn.terminal.station.today()
        ),
        "today": turn.terminal.station.today(),
        "asked": turn.told["receiver"],
    }
    if receiver is None or not scanned.kits:
        return page(request, "nothing", turn, title="This can’t be handed over", **found)
    here, attest = ways(request, turn, receiver)
    now = timezone.now()
    if here.is_bound and here.hand_over(scanned.kits, now):
        return turns.finish(turn, f"With {receiver} now: {named(scanned.kits)}.")
    if attest and attest.is_bound and attest.attest(scanned.kits, receiver, now):
        return turns.finish(turn, attested(receiver, attest.result, scanned.kits))
    title = f"{turn.person}: {named(scanned.kits)} to {receiver}?"
    found |= {"here": here, "attest": attest, "receiver": codes.describe(receiver)}
    error = attest if attest and attest.errors else here
    return page(request, "check", turn, title=title, form=error, **found)


def ways(request, turn, receiver):
    """The two ways to go on; who has no account can only take before a witness."""

    def form_of(kind, act, **more):
        data = request.POST if request.POST.get("act") == act else None
        return kind(data, turn=turn, act=act, auto_id=f"{act}_%s", **more)

    here = form_of(forms.HereForm, "here", receiver=receiver, submit_label="Hand over now")
    if here.with_witness:
        return here, None
    return here, form_of(forms.AttestForm, "attest", submit_label="Leave it as an offer")


def attested(receiver, offer, kits):
    is_place = offer.receiver.kind in (HolderKind.STORAGE, HolderKind.VEHICLE)
    who = "whoever keeps it accepts" if is_place else "they accept"
    return (
        f"Offered to {receiver}: {named(kits)} ({offer.reference}), attested by you.\n"
        f"You answer for what is offered until {who}."
    )


register_counter_acts(
    CounterAct("Take what is offered to me", "Accept kits that somebody handed to you",
               "naloxone:terminal_take", "file_download", order=10),
    CounterAct("Hand over kits", "Scan the kits, then the receiver’s badge",
               "naloxone:terminal_give", "send", order=20),
    CounterAct("Return kits", "Back into a place of this station",
               "naloxone:terminal_return", "history", order=30),
    CounterAct("What do I have?", "Your kits and when they expire",
               "naloxone:terminal_look", "search", order=40),
)  # fmt: skip
