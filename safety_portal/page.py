"""The `page` of every template: who looks, their navigation, bell, stations and clock. Nothing is asked unless used."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import cached_property

from safety_portal import access, looking, page_parts


def _address(url_name):
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


class Page:
    """Facts about the page that is being made; each is worked out when a template first asks."""

    name = "Safety portal"
    is_demo = not settings.PRODUCTION

    def __init__(self, request):
        self._request = request

    @property
    def terminal_seconds(self):
        """How long a counter terminal waits for a key."""
        return settings.TERMINAL_SECONDS

    @cached_property
    def person(self):
        return getattr(self._request, "person", None)

    @cached_property
    def zone(self):
        return self.person.zone if self.person else ZoneInfo("UTC")

    @cached_property
    def today(self):
        """The day at the person's station."""
        return timezone.now().astimezone(self.zone).date()

    @cached_property
    def navigation(self):
        """The lines this person may follow, in order; the present one is marked."""
        if not self.person:
            return []
        seen = [
            (item.label, _address(item.url_name))
            for item in sorted(page_parts.navigation.values(), key=lambda item: item.order)
            if item.permission is None
            or access.may(self.person, item.permission, at=access.ANYWHERE)
        ]
        seen = [(label, url) for label, url in seen if url]
        here = self._current(url for _, url in seen)
        return [page_parts.NavLink(label, url, url == here) for label, url in seen]

    def _current(self, urls):
        """The longest address that the present one starts with; “/” only for itself."""
        path = self._request.path
        fitting = [u for u in urls if path == u or (u != "/" and path.startswith(u))]
        return max(fitting, key=len, default=None)

    @cached_property
    def counted(self):
        """(counter, number) for each thing the bell counts."""
        if not self.person:
            return []
        return [(counter, counter.count(self.person)) for counter in page_parts.counters]

    @property
    def waiting(self):
        """What the bell shows."""
        return sum(number for _, number in self.counted)

    @property
    def waiting_elsewhere(self):
        """What the bell counts and another page answers: (number, noun, URL name)."""
        return [(n, c.noun, c.url_name) for c, n in self.counted if n and c.url_name]

    @cached_property
    def places_to_look(self):
        """Lines of the switch between stations, for who has several."""
        return looking.menu(self.person)

    @cached_property
    def looking(self):
        """Where lists are narrowed to, or None."""
        return looking.look_of(self.person) if self.person else None

    @property
    def downloads(self):
        """The address of the list on show, where it can be taken away as a file; else ""."""
        match = self._request.resolver_match
        return self.here if match and getattr(match.func, "downloads", False) else ""

    @property
    def saved(self):
        """The reader's saved filters of a list that has such, else None."""
        return getattr(self._request, "saved", None)

    @cached_property
    def here(self):
        """The present address, for links that come back."""
        return self._request.get_full_path()


def page(request):
    """The context processor."""
    return {"page": Page(request)}
