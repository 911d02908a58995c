"""The front page, by role."""

from django.shortcuts import render

from safety_portal.access import everyone


@everyone
def home(request):
    """What one has to do now."""
    return render(request, "home.html", {"title": "Home"})
