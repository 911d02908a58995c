"""One view, two answers: the whole page, or the part that htmx swaps in. And what a page asks by itself."""

from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def unattended(view):
    """Marks a view that a page asks again and again by itself: no sign of anybody, so the session still ends."""
    view.unattended = True
    return view


def page_or_part(request, page_template, part_template, context=None, *, status=None):
    """Render the part for htmx and the page for everybody else.

    A page that htmx asks for to restore history must be whole.
    """
    asked = request.headers.get("HX-Request") == "true"
    restoring = request.headers.get("HX-History-Restore-Request") == "true"
    template = part_template if asked and not restoring else page_template
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response
