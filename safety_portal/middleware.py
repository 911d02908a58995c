"""What every request passes: who it is and for how long, where it comes from, what becomes of a refused one."""

import logging

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import get_template
from django.utils import timezone
from django.views.defaults import page_not_found
from redis import RedisError

from safety_portal import answers, audit, held, looking, terminals
from safety_portal.access import AccessError
from safety_portal.people import Person

logger = logging.getLogger(__name__)

SEEN_EVERY = 60  # seconds; a row written at each request would be most of the database's work
# Nothing of the device but the camera, with which our own pages read codes; the browser asks the person first.
CAMERA_ONLY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "bluetooth", "browsing-topics", "display-capture",
        "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection",
        "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
        "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
) + ", camera=(self)"  # fmt: skip


def keep_session(request, now):
    """End a session that was silent or lasted too long, or whose account is no longer in use."""
    session = request.session
    if SESSION_KEY not in session:
        return
    begun, seen = session.get("begun_at", now), session.get("seen_at", now)
    over = now - seen > settings.SESSION_IDLE_SECONDS or now - begun > settings.SESSION_COOKIE_AGE
    if over or not request.user.is_authenticated:
        logout(request)
    elif "begun_at" not in session:
        session["begun_at"] = session["seen_at"] = now


def note_presence(session, now):
    """Somebody is there: the session's silence begins anew."""
    if now - session["seen_at"] >= SEEN_EVERY:
        session["seen_at"] = now


def origin_of(request):
    """Where an act comes from, for the audit: the address, and the terminal if the browser is one."""
    address, terminal = request.META.get("REMOTE_ADDR", ""), request.terminal
    return f"{address} at {terminal.reference} {terminal.name}"[:100] if terminal else address


class PersonMiddleware:
    """Sets request.person, request.terminal and the audit's origin; gives refused and broken requests their page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        keep_session(request, int(timezone.now().timestamp()))
        request.person = request.user.person if request.user.is_authenticated else None
        request.terminal = terminals.of_token(request.COOKIES.get(settings.TERMINAL_COOKIE))
        if request.person:
            looking.take_up(request.person, request.session)
        token = audit.request_origin.set(origin_of(request))
        try:
            response = self.get_response(request)
        finally:
            audit.request_origin.reset(token)
        response.headers["Permissions-Policy"] = CAMERA_ONLY
        if request.person:
            # Another's hands at the same counter: no page is to be had by the Back button.
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    def process_view(self, request, view, args, kwargs):
        if request.person and not getattr(view, "unattended", False):
            note_presence(request.session, int(timezone.now().timestamp()))

    def process_exception(self, request, exception):
        if isinstance(exception, AccessError):
            # The act's transaction is rolled back by now: this row stands by itself.
            audit.record(
                "access.refused",
                by=request.person or Person.objects.portal(),
                target=request.path[:60],
                why=exception,
            )
            return page_not_found(request, exception)
        if isinstance(exception, RedisError | OperationalError | InterfaceError):
            logger.error("A part does not answer", exc_info=exception)
            return HttpResponse(get_template("503.html").render(), status=503)
        return None


class HeldFormMiddleware:
    """Keeps what was typed when a session has ended meanwhile; takes nobody's form for another's."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.method == "POST" and request.person and response.status_code < 400:
            held.drop_used(request)
        return response

    def process_view(self, request, view, args, kwargs):
        if not getattr(view, "login_required", True):
            return None
        if request.person is None:
            return answer_signed_out(request)
        if request.method == "POST":
            owner = held.owner_in(request.POST)
            if owner not in (None, request.person.pk):
                return answers.csrf_failed(request, "the form of another account")
        return None


def answer_signed_out(request):
    """The way to sign-in: with what was typed, back to the page, or (None) as Django does it."""
    if request.method == "POST":
        return held.hold_post(request) or held.nothing_kept(request)
    if request.headers.get("HX-Request") == "true":
        return held.sign_in(request, held.page_before(request))
    if request.terminal and request.path == "/":
        return redirect("terminal")
    return None
