"""The list of kits, one kit, and finding one by its code."""

from urllib.parse import urlencode

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import badges, components, ended, history, printed, storage_words, verify
from naloxone.actions import life
from naloxone.filters import KitFilter, by_code, by_place, listed, order_of
from naloxone.models import Consignment, Kit, LotRecall
from naloxone.possible import acts_now, record_acts, troubles_now, use_of
from naloxone.rules import ELSEWHERE, HolderKind, State
from safety_portal import access, documents, keyset, looking
from safety_portal.access import Permission, everyone, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.page_parts import Column, Table
from safety_portal.people import reference_number
from safety_portal.saved_filters import savable

FILE = (
    Out("Kit", "reference"), Out("Kind", "get_kind_display"), Out("Product", "product_name"), Out("Lot", "lot_number"),
    Out("Seal", "seal"), Out("Doses", "doses"), Out("Place", "holder_name"), Out("Station", "station_name"),
    Out("State", "state_words"), Out("Expiry", "expires_on"),
)  # fmt: skip


def kits_head(request, *, can_give):
    choose = [Column("", hidden="Choose", tick_all="kits-form")] if can_give else []
    columns = [
        *choose,
        Column("Kit", sort="reference"),
        Column("What"),
        Column("Doses", figure=True),
        Column("With", sort="place"),
        Column("State"),
        Column("Expiry", sort="expiry"),
    ]
    return Table(request, "Kits", columns, sort="expiry", caption_hidden=True)


@needs(Permission.KITS_SEE)
@savable(*KitFilter.base_filters, sort="expiry")
@downloads
def kits(request):
    """Kits at the stations one answers for; what expires first stands first."""
    can_give = access.may(request.person, Permission.CUSTODY_GIVE, at=access.ANYWHERE)
    head = kits_head(request, can_give=can_give)
    by, down = head.sort.lstrip("-"), head.sort.startswith("-")
    seen = Kit.objects.overseen_by(request.person)
    # A code and an address that names a place are looked for at all one's stations.
    narrowed = not any(request.GET.get(name) for name in ("q", "station", "place", "lot"))
    if narrowed:
        seen = seen.filter(looking.narrowing(request.person))
    found = KitFilter(request.GET, seen, person=request.person)
    order = order_of(by, with_gone=found.with_gone)
    rows = listed(found.qs)
    if by == "place":
        rows = by_place(rows, request.person)
    if wanted(request):
        return Listed("Kits", FILE, rows, order, down)
    page = keyset.page_of(request.GET, rows, order, down=down)
    count = keyset.count_of(page, found.qs)
    words = list(found.filter_words(request.GET))
    context = {
        "title": "Kits",
        "head": head,
        "kits": storage_words.add_marks(
            badges.show(
                page.rows, request.person.station.today(), form="kits-form" if can_give else ""
            )
        ),
        "pager": keyset.pager(request.GET, page, order, count, "kit"),
        "filter": found,
        "words": words,
        "search_text": found.chosen.get("q", ""),
        "clear_url": reverse("naloxone:kits") if len(words) > 1 else "",
        "with_station": "station" in found.filters,
        "can_give": can_give,
        "narrowed": narrowed,
    }
    return render(request, "naloxone/kits.html", context)


# Spoken references of other things, and the page that each has.
PAGES = {
    "MU": "naloxone:muster", "CN": "naloxone:consignment", "OR": "naloxone:order", "PL": "naloxone:plan_made", "BK": "naloxone:booking", "IM": "naloxone:import_run", "RG": "naloxone:register_passing", "PR": "training:protocol", "DS": "naloxone:disposal", "D": "naloxone:discrepancy", "I": "naloxone:inspection", "U": "naloxone:use", "H": "naloxone:hand_over", "S": "naloxone:place", "L": "naloxone:lot", "P": "person", "C": "canine",
}  # fmt: skip


def page_of_reference(text):
    """The address of H-12, S-3, L-5, P-7 or C-2; None for other words. A lot may be called L77, so the dash counts."""
    if "-" not in text:
        return None
    for letter, name in PAGES.items():
        number = reference_number(letter, text)
        if number is not None:
            return reverse(name, args=[number])
    return None


@everyone
def find(request):
    """Scanned or typed: the thing itself when the words mean one, else the list of those they may mean."""
    words = request.GET.get("q", "")
    condition = by_code(words)
    if condition is None:
        return redirect("naloxone:kits" if may_see_kits(request.person) else "naloxone:my_kits")
    if page := page_of_reference(words):
        return redirect(page)
    found = list(Kit.objects.visible_to(request.person).filter(condition).only("pk")[:2])
    if len(found) == 1:
        return redirect(found[0])
    sees_people = access.may(request.person, Permission.PEOPLE_SEE, at=access.ANYWHERE)
    if not found and sees_people and not any(map(str.isdigit, words)):
        return redirect(f"{reverse('people')}?{urlencode({'q': words})}")
    if may_see_kits(request.person):
        return redirect(f"{reverse('naloxone:kits')}?{urlencode({'q': words})}")
    context = {"title": "Nothing found", "search_text": words}
    return render(request, "naloxone/not_found.html", context)


def may_see_kits(person):
    return access.may(person, Permission.KITS_SEE, at=access.ANYWHERE)


MOST_INSPECTIONS = 12  # a year of them


def inspections_of(kit):
    """The newest inspections of a unit, newest first."""
    found = list(kit.inspections.select_related("by").newest_first()[:MOST_INSPECTIONS])
    for one in found:
        one.badge = badges.result_badge(one.result)
    kit.check_badge = badges.check_badge(kit.inspection_due_on, kit.station.today())
    return found


MOST_WORDS = 12


def words_of(kit):
    """What people said of whether a unit works, newest first; asked only where somebody did."""
    if not kit.has_word:
        return []
    return list(kit.words.select_related("by").newest_first()[:MOST_WORDS])


def recalls_of(kit):
    """Recalls of the lots in a unit that is recalled and still somewhere."""
    if kit.state != State.RECALLED:
        return []
    found = LotRecall.objects.filter(lot__devices__kit=kit).select_related("lot").order_by("pk")
    return list(found.distinct())


def journey_of(kit):
    """The consignment in which a unit is on its way; None when it is not."""
    if kit.holder is None or kit.holder.kind != HolderKind.IN_TRANSIT:
        return None
    return Consignment.objects.with_names().get(lines__kit=kit, lines__arrival=None)


def components_of(kit, person):
    """The components of a kit by its type, what expires first of it, and whether this person may note something."""
    standings = components.of_kit(kit)
    today = kit.station.today() if kit.station else None
    for one in standings:
        one.expired = today is not None and one.is_expired(today)
    return {
        "components": standings,
        "first_expiry": components.first_expiry(kit, standings) if standings else None,
        "can_fit": bool(standings) and kit.holder is not None and life.touches(person, kit),
    }


@everyone
def kit(request, number):
    """One kit: where it is, what is in it, what can be done with it now, and every hand it went through."""
    found = get_object_or_404(
        Kit.objects.visible_to(request.person)
        .with_names()
        .with_open_offer()
        .with_word()
        .select_related("storage"),
        pk=number,
    )
    today = request.person.station.today()
    badges.show([found], today)
    events = history.events_of(found)
    context = {
        "title": found.reference,
        "kit": found,
        "elsewhere": found.holder is not None
        and found.holder.kind in ELSEWHERE,  # the badge says which
        "contents": history.contents(found),
        **components_of(found, request.person),
        "storage": storage_words.storage_of(found),
        "recalls": recalls_of(found),
        "worth": badges.worth_badge(found.worth(found.station.today())) if found.station else "",
        "said": words_of(found),
        "journey": journey_of(found),
        "acts": acts_now(found, request.person, today),
        "use_url": use_of(found, request.person),
        "troubles": list(troubles_now(found, request.person, today)),
        "record_acts": list(record_acts(found, request.person, events)),
        "inspections": inspections_of(found),
        "entries": history.entries(events),
        "chain": verify.verify_kit(found),
        "today": today,
        "ended": ended.of_kit(found, timezone.now()),
    }
    return render(request, "naloxone/kit.html", context)


@everyone
def custody_record(request, number):
    """The same on paper, from the first event to the last. Reading leaves no trace, on screen or on paper."""
    found = get_object_or_404(
        Kit.objects.visible_to(request.person).with_names().with_open_offer(), pk=number
    )
    now = timezone.now()
    pdf = printed.custody_record(found, by=request.person, now=now)
    day = request.person.station.today(now)
    return documents.answer(pdf, f"{found.reference} custody record {day:%Y-%m-%d}.pdf")
