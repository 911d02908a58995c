"""The list of kits, one kit, and finding one by its code."""

from django.shortcuts import render
from django.urls import reverse

from naloxone import badges
from naloxone.filters import KitFilter, listed, order_of
from naloxone.models import Kit
from safety_portal import access, keyset
from safety_portal.access import Permission, needs
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
