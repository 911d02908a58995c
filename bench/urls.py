"""The portal's addresses, and two pages that only the bench knows: what a page costs before it says anything."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from safety_portal.access import everyone
from safety_portal.urls import urlpatterns as portal


@everyone
def empty(request):
    """The frame that every page has, with nothing in it."""
    return render(request, "base.html", {"title": "Empty"})


@everyone
def bare(request):
    """Session and person, but no page."""
    return HttpResponse("")


urlpatterns = [path("bench/empty/", empty), path("bench/bare/", bare), *portal]
