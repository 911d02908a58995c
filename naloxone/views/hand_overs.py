"""Kits from hand to hand: giving, both at the counter, back to a place; what one has, and what waits for whom."""

from itertools import groupby

from django.contrib import messages
from django.db.models import Count, Prefetch, Q
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from naloxone import actions, badges, codes, first_out, forms
from naloxone.actions.inspections import is_sealed
from naloxone.models import CustodyEvent, HandOver, HandOverLine, Kit, Outcome
from naloxone.possible import may_inspect
from naloxone.rules import EventKind
from naloxone.views.drills import points
from naloxone.views.stock import asked, done, form_page
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, everyone
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Tab, Table
from safety_portal.widgets import look_up_answer

MOST_SHOWN = 50
MOST_POINTS = 12  # as links under My kits
NEWEST = (By("pk"),)


# --- giving ---------------------------------------------------------------------------------------------
FILE = (
    Out("Hand-over", "reference"), Out("Offered by", "by.name"), Out("To", "receiver.name"), Out("Kits", "n"),
    Out("Answer", "ended"), Out("Offered", "offered_at", moment=True),
)  # fmt: skip


@everyone
def give(request):
    """Which kits, and to whom; then the list to check, with the two ways to go on."""
    form = forms.GiveForm(
        request.POST or None, person=request.person, initial=asked(request), cancel_url=home_of(request.person)
    )  # fmt: skip
    if request.method != "POST" or not form.is_valid():
        return form_page(request, form, "Hand over kits", first_out=first_to_give(request))
    act = request.POST.get("act", "")
    if act == "offer":
        return offer(request, form)
    counter = forms.CounterForm(
        request.POST if act == "here" else None,
        person=request.person,
        receiver=form.cleaned_data["receiver"],
        initial={**form.carried(), "act": "here"},
    )
    if act == "here" and counter.hand_over(form, request):
        return done(request, form, f"With {form.cleaned_data['receiver']}")
    return check_page(request, form, counter)


def first_to_give(request):
    """What is to go first, while nothing is chosen."""
    if request.method == "POST" or request.GET:
        return []
    return first_out.propose(request.person, Permission.CUSTODY_GIVE, timezone.now())


def home_of(person):
    """Where a person's kits are listed."""
    sees = access.may(person, Permission.KITS_SEE, at=access.ANYWHERE)
    return reverse("naloxone:kits" if sees else "naloxone:my_kits")


def offer(request, form):
    if form.carry_out(actions.offer_kits, now=timezone.now()):
        return redirect("naloxone:hand_over", form.result.pk)
    return form_page(request, form, "Hand over kits")


def check_page(request, form, counter):
    """The list to check before it is offered, shown to their phone or handed over here."""
    kits, receiver = form.cleaned_data["kits"], form.cleaned_data["receiver"]
    many = kits[0].reference if len(kits) == 1 else f"{len(kits)} kits"
    offers = {
        "offer_form": f"Offer {many} to {receiver}",
        "phone_form": f"Offer {many} and show the QR code",
    }
    counter.submit_label = f"Hand over {many} now"
    context = {
        "title": f"Hand {many} to {receiver}?",
        "kits": badges.show(first_out.mark(kits, timezone.now()), request.person.station.today()),
        "receiver": codes.describe(receiver),
        "counter_form": counter,
        "form": counter,
        "narrow": True,
    }
    if not counter.with_witness:
        context |= {name: offer_form(request, form, words) for name, words in offers.items()}
    return render(request, "naloxone/give_check.html", context)


def offer_form(request, form, words):
    """The button that offers what the first step told; all of them make the same one offer."""
    carried = {**form.carried(), "act": "offer"}
    return forms.OfferForm(person=request.person, initial=carried, submit_label=words)


@everyone
def receiver_options(request):
    """Receivers for the look-up."""
    return look_up_answer(
        request, lambda text: codes.receivers(text, request.person), codes.describe
    )


@everyone
def second_options(request):
    """Second persons for the look-up."""
    return look_up_answer(request, lambda text: codes.seconds(text, request.person), codes.describe)


# --- mine -----------------------------------------------------------------------------------------------
@everyone
def my_kits(request):
    """What one has, until when it is good, and what waits for one's answer."""
    kits = list(
        Kit.objects.held_by(request.person)
        .with_names()
        .with_open_offer()
        .first_expired_first()[:MOST_SHOWN]
    )
    today = request.person.station.today()
    for kit in kits:
        kit.check_badge = badges.check_badge(kit.inspection_due_on, today)
        kit.may_inspect = may_inspect(kit, request.person)
        if kit.may_inspect and is_sealed(kit):
            kit.sealed_form = forms.SealedForm(person=request.person, kit=kit)
    before_witness(kits)
    context = {
        "title": "My kits",
        "kits": badges.show(kits, today),
        "waiting": waiting(request.person),
        "points": list(points(Q(station=request.person.station_id)).order_by("name")[:MOST_POINTS]),
    }
    return render(request, "naloxone/my_kits.html", context)


def before_witness(kits):
    """Sets who put a kit in the person's hands before which witness, where they accepted nothing themselves."""
    newest = {kit.pk: kit.last_sequence for kit in kits}
    events = CustodyEvent.objects.filter(kit__in=newest, kind=EventKind.WITNESSED)
    for event in events.select_related("act__by", "act__second"):
        if event.sequence == newest[event.kit_id]:
            kit = next(kit for kit in kits if kit.pk == event.kit_id)
            kit.witnessed = event.act


@everyone
def give_back(request):
    """Kits of one's own, offered back to a place."""
    form = forms.GiveBackForm(
        request.POST or None,
        person=request.person,
        initial=asked(request),
        cancel_url=reverse("naloxone:my_kits"),
    )
    if request.method == "POST" and form.carry_out(actions.offer_kits, now=timezone.now()):
        return redirect("naloxone:hand_over", form.result.pk)
    return form_page(request, form, "Return kits to a place")


# --- what waits -----------------------------------------------------------------------------------------
def tabs(current, person):
    pages = (
        ("Waiting for me", "hand_overs"),
        ("Waiting for others", "sent"),
        ("All", "hand_over_history"),
    )
    if access.may(person, Permission.CUSTODY_GIVE, at=access.ANYWHERE):
        pages += (("Exchange at muster", "musters"),)
    return [Tab(label, reverse(f"naloxone:{name}"), name == current) for label, name in pages]


def open_lines():
    lines = HandOverLine.objects.filter(outcome=None).order_by("kit")
    return Prefetch("lines", queryset=lines, to_attr="waiting")


def waiting(person):
    """How many offers wait for this person's answer; the bell asks it on every page."""
    lines = HandOverLine.objects.filter(outcome=None)
    return HandOver.objects.for_receiver(person).filter(pk__in=lines.values("hand_over")).count()


def of_open_lines(offers):
    lines = HandOverLine.objects.filter(outcome=None)
    found = offers.filter(pk__in=lines.values("hand_over")).with_names()
    return found.prefetch_related(open_lines())


@everyone
def hand_overs(request):
    """What waits for one's answer: a card for each giver."""
    offers = of_open_lines(HandOver.objects.for_receiver(request.person)).order_by("by", "pk")
    cards = []
    for by, group in groupby(offers[:MOST_SHOWN], key=lambda one: one.by):
        mine = list(group)
        form = forms.AcceptForm(
            person=request.person, initial={"offers": ",".join(o.reference for o in mine)}
        )
        cards.append((by, mine, sum(len(o.waiting) for o in mine), form))
    context = {"title": "Hand-overs", "tabs": tabs("hand_overs", request.person), "cards": cards}
    return render(request, "naloxone/hand_overs.html", context)


@require_POST
@everyone
def accept(request):
    """Accept all that one giver offers."""
    form = forms.AcceptForm(request.POST, person=request.person)
    if form.carry_out(actions.answer_offers, now=timezone.now()):
        messages.success(request, "Accepted. They are with you now.")
    else:
        for errors in form.errors.values():
            messages.error(request, errors[0])
    return redirect("naloxone:hand_overs")


# --- lists ----------------------------------------------------------------------------------------------
ENDS = {
    Outcome.ACCEPTED: "accepted",
    Outcome.REFUSED: "refused",
    Outcome.WITHDRAWN: "withdrawn",
    Outcome.LAPSED: "lapsed",
    None: "open",
}


def count_lines(offers):
    """Sets how many units each has and how they ended (“10 accepted, 2 refused”); one query for the page's own."""
    rows = (
        HandOverLine.objects.filter(hand_over__in=offers)
        .values_list("hand_over", "outcome")
        .annotate(n=Count("pk"))
        .order_by()
    )
    found = {offer.pk: {} for offer in offers}
    for key, outcome, number in rows:
        found[key][outcome] = number
    for offer in offers:
        ends = found[offer.pk]
        offer.n = sum(ends.values())
        offer.ended = ", ".join(f"{ends[end]} {word}" for end, word in ENDS.items() if end in ends)
    return offers


def offers_list(request, offers, name, empty):
    """A page of offers, newest first."""
    columns = [
        Column("Hand-over"), Column("From"), Column("To"), Column("Kits", figure=True),
        Column("Answer"), Column("Offered"),
    ]  # fmt: skip
    if wanted(request):
        return Listed("Hand-overs", FILE, offers.with_names(), NEWEST, True, count_lines)
    page = keyset.page_of(request.GET, offers.with_names(), NEWEST, down=True)
    count_lines(page.rows)
    count = keyset.count_of(page, offers)
    context = {
        "title": "Hand-overs",
        "tabs": tabs(name, request.person),
        "head": Table(request, "Hand-overs", columns, caption_hidden=True),
        "offers": page.rows,
        "pager": keyset.pager(request.GET, page, NEWEST, count, "hand-over"),
        "empty": empty,
    }
    return render(request, "naloxone/offers.html", context)


@everyone
@downloads
def sent(request):
    """Offers of mine, and from places in my charge, that wait for somebody's answer."""
    lines = HandOverLine.objects.filter(outcome=None)
    gives = access.within(request.person, Permission.CUSTODY_GIVE) & looking.narrowing(
        request.person
    )
    offers = HandOver.objects.filter(Q(by=request.person) | gives, pk__in=lines.values("hand_over"))
    return offers_list(request, offers, "sent", "No offer of yours waits for an answer.")


@everyone
@downloads
def hand_over_history(request):
    """Every hand-over one may see, newest first."""
    here = looking.narrowing(request.person) | looking.narrowing(
        request.person, field="receiver__station"
    )
    offers = HandOver.objects.visible_to(request.person).filter(here)
    return offers_list(request, offers, "hand_over_history", "No hand-over yet.")
