"""A turn at a counter terminal, as views meet it: begun by badge and PIN, one page, one act, then nothing.

The proof is answered with a redirect, so that no browser can send badge and PIN a second time.
"""

from functools import wraps

from django.conf import settings
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils import timezone

from safety_portal import terminals
from safety_portal.proofs import ProofError


def set_cookie(response, name, token, **more):
    """A cookie that no script reads and that no other site's page sends."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, token, httponly=True, samesite="Strict", secure=secure, **more)
    return response


def start(request, form, *, title, purpose, then):
    """The page that asks who stands there; proved, the turn's one page follows."""
    if request.method == "POST" and form.is_valid():
        try:
            token = terminals.begin_turn(
                terminal=request.terminal, purpose=purpose, told=form.told(), now=timezone.now(), **form.proof()
            )  # fmt: skip
        except ProofError as error:
            form.add_rule_error(error)
        else:
            return set_cookie(redirect(then), settings.TURN_COOKIE, token)
    return render(request, "terminal/prove.html", {"title": title, "form": form})


def present(request):
    """The turn under way in this browser, with the seconds it has left, or None."""
    now = timezone.now()
    turn = terminals.turn_of(request.terminal, request.COOKIES.get(settings.TURN_COOKIE), now)
    if turn:
        turn.seconds = int((turn.ends_at - now).total_seconds())
    return turn


def over(request):
    """To the empty page, which says that a turn has ended."""
    response = redirect("terminal")
    response.headers["Location"] += "?over=1"
    return response


def within(purpose):
    """The door of a turn's page, inside @terminal: the view gets the turn. Done already, its answer is shown again.

    One at a time: the second of two clicks waits for the first one's end and then finds its answer. A form
    of an earlier turn, left in another window, is not taken for this one's.
    """

    def decorate(view):
        @wraps(view)
        def guarded(request):
            with transaction.atomic():
                turn = present(request)
                if turn and request.method == "POST":
                    turn = terminals.lock_turn(turn, timezone.now())
                    if turn and request.POST.get("request_key") != str(turn.request_key):
                        turn = None
                if turn is None or turn.purpose != purpose:
                    return over(request)
                return redirect("terminal_said") if turn.said else view(request, turn)

        return guarded

    return decorate


def finish(turn, said):
    """The act is done; the page that says so follows. `said`: sentences, one a line."""
    terminals.finish_turn(turn, said, timezone.now())
    return redirect("terminal_said")
