"""The switch of who has several stations: where to look."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from safety_portal import looking
from safety_portal.access import everyone
from safety_portal.page_parts import PLACE_IN_LIST
from safety_portal.widgets import words

MOST_SHOWN = 50
# An address that names a station is stronger than the switch, so what was named before goes.
FORGOTTEN = ("station", "place", *PLACE_IN_LIST)


@everyone
def look_at(request):
    """Where do I want to look?"""
    if not looking.has_choice(request.person):
        raise Http404
    if request.method == "POST":
        value = request.POST.get("at", "")
        look = looking.found(request.person, value)
        if look is None and value != looking.ALL:
            raise Http404
        looking.choose(request.session, look)
        return redirect(back_to(request))
    asked = words.tidy(request.GET.get("q", ""))[:60].replace("\x00", "")
    regions, stations, more = looking.regions_and_stations(request.person, asked, MOST_SHOWN)
    context = {
        "title": "Where do you want to look?",
        "q": asked,
        "regions": regions,
        "stations": stations,
        "more": more,
        "all": looking.Choice("All my stations", looking.ALL, looking.look_of(request.person) is None),
        "next": back_to(request),
    }  # fmt: skip
    return render(request, "people/look_at.html", context)


def back_to(request):
    """The page one came from, without its place in the list and the station it named; else the front page."""
    told = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        told, {request.get_host()}, require_https=request.is_secure()
    )
    if not safe or not told.startswith("/"):
        return reverse("home")
    parts = urlsplit(told)
    query = QueryDict(parts.query, mutable=True, encoding=settings.DEFAULT_CHARSET)
    for name in FORGOTTEN:
        query.pop(name, None)
    return f"{parts.path}?{query.urlencode()}" if query else parts.path
