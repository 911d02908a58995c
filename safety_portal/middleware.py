"""What every request passes: who it is, where it comes from, and what becomes of a refused one."""

from django.http import Http404

from safety_portal import audit
from safety_portal.access import AccessError
from safety_portal.people import Person


class PersonMiddleware:
    """Sets request.person, the audit's origin, and answers 404 where an action refused."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.person = None
        if request.user.is_authenticated:
            request.person = Person.objects.with_station().get(account=request.user)
        token = audit.request_origin.set(request.META.get("REMOTE_ADDR", ""))
        try:
            return self.get_response(request)
        finally:
            audit.request_origin.reset(token)

    def process_exception(self, request, exception):
        if isinstance(exception, AccessError):
            raise Http404 from exception


class HeldFormMiddleware:
    """Keeps what was typed when a session has ended meanwhile."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)
