"""What people read when a page can't be given."""

from django.shortcuts import render

from safety_portal import held


def csrf_failed(request, reason=""):
    """The form's token is not this session's: what was typed is kept, or it is said in words."""
    person = getattr(request, "person", None)
    if hasattr(request, "person") and (answer := held.hold_post(request)):
        return answer
    context = {"title": "Please send the form again", "signed_in": person is not None}
    return render(request, "csrf_failed.html", context, status=403)
