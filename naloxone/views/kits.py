"""The list of kits, one kit, and finding one by its code."""

from urllib.parse import urlencode

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from naloxone import badges, history, verify
from naloxone.filters import KitFilter, by_code, listed, order_of
from naloxone.models import Kit
from naloxone.possible import acts_now
from safety_portal import access, keyset
from safety_portal.access import Permission, everyone, needs
from safety_portal.page_parts import Column, Table


def kits_head(request):
    columns = [
        Column("", hidden="Choose", tick_all="kits-form"),
        Column("Kit", sort="reference"),
        Column("What"),
        Column("Doses", figure=True),
        Column("With", sort="place"),
        Column("State"),
        Column("Expiry", sort="expiry"),
    ]
    return Table(request, "Kits", columns, sort="expiry", caption_hidden=True)


@needs(Permission.KITS_SEE)
def kits(request):
    """Kits at the stations one answers for; what expires first stands first."""
    head = kits_head(request)
    by, down = head.sort.lstrip("-"), head.sort.startswith("-")
    found = KitFilter(request.GET, Kit.objects.overseen_by(request.person), person=request.person)
    order = order_of(by, with_emptied=found.with_emptied)
    rows = listed(found.qs, by_place=by == "place")
    page = keyset.page_of(request.GET, rows, order, down=down)
    count = keyset.count_of(page, found.qs)
    words = list(found.filter_words(request.GET))
    context = {
        "title": "Kits",
        "head": head,
        "kits": badges.show(page.rows, request.person.station.today()),
        "pager": keyset.pager(request.GET, page, order, count, "kit"),
        "filter": found,
        "words": words,
        "clear_url": reverse("naloxone:kits") if len(words) > 1 else "",
        "with_station": "station" in found.filters,
        "can_give": access.may(request.person, Permission.CUSTODY_GIVE, at=access.ANYWHERE),
    }
    return render(request, "naloxone/kits.html", context)


@everyone
def find(request):
    """A scanned or typed code: the kit itself when it means one, else the list of those it may mean."""
    code = request.GET.get("q", "")
    condition = by_code(code)
    if condition is None:
        return redirect("naloxone:kits" if may_see_kits(request.person) else "naloxone:my_kits")
    found = list(Kit.objects.visible_to(request.person).filter(condition).only("pk")[:2])
    if len(found) == 1:
        return redirect(found[0])
    if may_see_kits(request.person):
        return redirect(f"{reverse('naloxone:kits')}?{urlencode({'q': code})}")
    context = {"title": "No kit found", "code": code, "search_text": code}
    return render(request, "naloxone/not_found.html", context)


def may_see_kits(person):
    return access.may(person, Permission.KITS_SEE, at=access.ANYWHERE)


@everyone
def kit(request, number):
    """One kit: where it is, what is in it, what can be done with it now, and every hand it went through."""
    found = get_object_or_404(
        Kit.objects.visible_to(request.person).with_names().with_open_offer(), pk=number
    )
    today = request.person.station.today()
    badges.show([found], today)
    context = {
        "title": found.reference,
        "kit": found,
        "contents": history.contents(found),
        "acts": acts_now(found, request.person, today),
        "entries": history.entries(found),
        "chain": verify.verify_kit(found),
        "today": today,
    }
    return render(request, "naloxone/kit.html", context)
