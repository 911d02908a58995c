"""What people read when a page can't be given."""

from django.shortcuts import render

from safety_portal import held


def csrf_failed(request, reason=""):
    """The form's token is not this session's: what was typed is kept, or it is said in words."""
    return held.hold_post(request) or render(
        request, "csrf_failed.html", {"title": "Please send the form again"}, status=403
    )
