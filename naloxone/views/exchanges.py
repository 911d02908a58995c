"""Old kit for new: one, or a muster of forty; and what a receiver says of what was put in their hands."""

from django.contrib import messages
from django.db.models import Case, Count, When, Window
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from naloxone import actions, forms, swaps
from naloxone.actions.custody import carries
from naloxone.forms.exchanges import first_spare
from naloxone.models import Exchange, HandOver, Kit, Muster
from naloxone.possible import may_exchange
from naloxone.views.hand_overs import tabs
from naloxone.views.stock import form_page
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, everyone, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.htmx import page_or_part
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table

NEWEST = (By("pk"),)
MOST_LEFT = 100  # by name; a muster is of forty
MOST_DONE = 5  # of the newest exchanges on the muster's page; the others are counted


FILE = (
    Out("Muster", "reference"), Out("Station", "station.name"), Out("By", "by.name"),
    Out("Begun", "opened_at", moment=True), Out("Ended", "ended_at", moment=True),
)  # fmt: skip


@needs(Permission.CUSTODY_GIVE)
def exchange(request, number):
    """The kit that somebody carries for a new one, in one act."""
    kit = get_object_or_404(Kit.objects.overseen_by(request.person).with_names(), pk=number)
    now = timezone.now()
    known = request.method == "POST"
    if not known and not may_exchange(kit, request.person):
        raise Http404
    if not kit.holder.carrier:
        messages.info(request, f"{kit.reference} is at {kit.holder} now.")
        return redirect(kit)
    form = forms.ExchangeForm(
        request.POST or None, person=request.person, kit=kit, cancel_url=kit.get_absolute_url(),
        initial={} if known else begins_with(kit, now),
    )  # fmt: skip
    if known and form.exchange(request, now):
        if isinstance(form.result, HandOver):
            return redirect(form.result)
        messages.success(request, f"{kit.holder} has {form.cleaned_data['new'].reference} now, and gave {kit.reference} back.")  # fmt: skip
        return redirect(kit)
    return form_page(request, form, f"Exchange {kit.reference}, which {kit.holder} carries")


def begins_with(kit, now):
    """What can be told without asking: which one is spare, and that the old one goes to the storeroom."""
    spare = first_spare(kit, now)
    store = swaps.stores_of(kit.station_id).first()
    return {"new": spare.reference if spare else None, "to": store and store.pk}


# --- musters ------------------------------------------------------------------------------------------
@needs(Permission.CUSTODY_GIVE)
@downloads
def musters(request):
    """Begin a muster; those that were made, newest first."""
    now, station = timezone.now(), muster_station(request.person)
    form = station and forms.MusterForm(
        request.POST or None, person=request.person, station=station, now=now
    )
    if form and request.method == "POST" and form.go_round(actions.open_muster, request, now=now):
        return redirect(form.result)
    found = Muster.objects.visible_to(request.person).filter(looking.narrowing(request.person))
    if wanted(request):
        return Listed("Musters", FILE, found.with_names(), NEWEST, down=True)
    page = keyset.page_of(request.GET, found.with_names(), NEWEST, down=True)
    columns = [Column("Muster"), Column("What"), Column("Station"), Column("By"), Column("Begun")]
    context = {
        "title": "Exchange at muster", "tabs": tabs("musters", request.person), "form": form, "rows": page.rows,
        "station": station, "elsewhere": looking.has_choice(request.person),
        "head": Table(request, "Musters", columns, caption_hidden=True),
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, found), "muster"),
    }  # fmt: skip
    return render(request, "naloxone/musters.html", context)


def muster_station(person):
    """Whose people exchange: the station that one looks at, one's own, or the first where one gives; None without any."""
    mine = access.stations_where(person, Permission.CUSTODY_GIVE).in_use()
    own_first = Case(When(pk=person.station_id, then=0), default=1)
    return mine.filter(looking.narrowing_stations(person)).order_by(own_first, "name").first()


@needs(Permission.CUSTODY_GIVE)
def muster(request, number):
    """Scan old, scan new, next: each pair is an act of its own and saved at once."""
    found = get_object_or_404(Muster.objects.visible_to(request.person).with_names(), pk=number)
    now = timezone.now()
    sent = request.method == "POST"
    if sent and found.by_id != request.person.pk:
        raise Http404
    form = forms.PairForm(request.POST if sent else None, muster=found, person=request.person)
    done = sent and form.is_valid() and form.is_pair and form.carry_out(actions.exchange_at_muster, now=now)  # fmt: skip
    if done and not request.htmx:
        return redirect(found)
    if sent and form.is_valid():
        form = next_form(form, found, request.person, now, done=done)
    context = muster_context(request, found, form, now)
    return page_or_part(request, "naloxone/muster.html", "naloxone/_muster.html", context)


def next_form(form, found, person, now, *, done):
    """An empty one after a pair; after the old one, the same with what was scanned; else what was refused."""
    if done:
        return forms.PairForm(muster=found, person=person)
    if form.is_pair or not form.looks_right(now):
        return form
    return forms.PairForm(
        muster=found, person=person, initial={"old": form.cleaned_data["old"].reference}
    )


def newest_of(found):
    """A muster's last exchanges; each knows how many there are (`of_all`), which saves a question at every pair."""
    made = Exchange.objects.filter(muster=found).annotate(of_all=Window(Count("pk")))
    return list(made.select_related("receiver", "old", "new", "act").order_by("-pk")[:MOST_DONE])


def muster_context(request, found, form, now):
    to_come, newest = found.left(), newest_of(found)
    done = newest[0].of_all if newest else 0
    left = list(to_come[: MOST_LEFT + 1])
    count = len(left) if len(left) <= MOST_LEFT else to_come.count()
    running = found.is_open(now) and found.by_id == request.person.pk
    return {
        "title": f"Exchange {found.what}", "muster": found, "form": form if running else None,
        "done": done, "total": done + count, "left": left[:MOST_LEFT], "left_count": count, "newest": newest,
        "over": not found.is_open(now),
        "can_end": found.ended_at is None,
    }  # fmt: skip


@require_POST
@needs(Permission.CUSTODY_GIVE)
def end_muster(request, number):
    """Nobody else comes: who was not there keeps the old one."""
    found = get_object_or_404(Muster.objects.visible_to(request.person).with_names(), pk=number)
    actions.end_muster(muster=found, now=timezone.now(), by=request.person)
    messages.success(request, f"{found.reference} is over.")
    return redirect(found)


@everyone
def not_right(request, number):
    """What was put in my hands by the record, before a witness, is not right."""
    kit = get_object_or_404(Kit.objects.visible_to(request.person).with_names(), pk=number)
    if not carries(kit.holder, request.person):
        messages.info(request, f"{kit.reference} is not with you by its record.")
        return redirect(kit)
    form = forms.NotRightForm(
        request.POST or None, kit=kit, person=request.person, cancel_url=reverse("naloxone:my_kits")
    )
    if request.method == "POST" and form.carry_out(actions.say_not_right, now=timezone.now()):
        messages.success(request, f"{form.result.reference} is open; your station sees to it.")
        return redirect("naloxone:my_kits")
    return form_page(request, form, f"{kit.reference} is not as recorded")
