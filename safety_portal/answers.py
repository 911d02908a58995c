"""What people read when a page can't be given."""

from django.shortcuts import render


def csrf_failed(request, reason=""):
    """The form's token is not this session's: said in words, with the way back."""
    return render(request, "csrf_failed.html", {"title": "Please send the form again"}, status=403)
