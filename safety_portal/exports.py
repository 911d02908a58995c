"""Lists as files: what a list's filter shows, as CSV or XLSX, by the same view and the same rights as its page.

A list view is marked with `downloads` and, asked for a file, gives its rows as `Listed` instead of a page. That is
asked by POST, for who takes a list away stands in the audit, and a GET never writes. What is long goes to the worker,
which asks the same view as the same person.
"""

import datetime as dt
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models, transaction
from django.http import Http404, HttpRequest, QueryDict
from django.urls import Resolver404, resolve, reverse

from safety_portal import audit, keyset, looking, sealed_files
from safety_portal.celery import app
from safety_portal.people import Person
from safety_portal.tables import written

logger = logging.getLogger(__name__)

PIECE = 500  # rows fetched at once
LONGEST_PATH = 1000


@dataclass(frozen=True)
class Out:
    """One column of a file: its heading, and where a row has its value (“station.name”, or row → value)."""

    label: str
    value: str | Callable
    moment: bool = False  # then the heading names the zone

    def heading(self, zone):
        return f"{self.label} ({zone.key})" if self.moment else self.label

    def of(self, row, zone):
        found = self.value(row) if callable(self.value) else along(row, self.value)
        return found.astimezone(zone) if isinstance(found, dt.datetime) else plain(found)


def along(row, path):
    """What stands at the end of a path; None where a step of it is empty: nobody, nowhere."""
    for name in path.split("."):
        if row is None:
            return None
        row = getattr(row, name)
    return row() if callable(row) else row


def plain(value):
    """Figures, days and truths as they are; everything else as its text."""
    return value if value is None or isinstance(value, int | float | dt.date) else str(value)


@dataclass(frozen=True)
class Listed:
    """What a list shows: rows in an order, columns, and what else a page reads of its rows at once."""

    name: str
    columns: tuple
    rows: object
    order: tuple = ()  # none: the rows are a list already
    down: bool = False
    prepare: Callable = lambda rows: None

    def pieces(self):
        """All rows, piece by piece from where the last one stood."""
        pieces = (
            keyset.pieces(self.rows, self.order, down=self.down, size=PIECE)
            if self.order
            else [list(self.rows)]
        )
        for piece in pieces:
            self.prepare(piece)
            yield from piece

    def headings(self, zone):
        return [column.heading(zone) for column in self.columns]

    def cells(self, zone, most):
        for row in itertools.islice(self.pieces(), most):
            yield [column.of(row, zone) for column in self.columns]

    def count(self, most):
        """How many rows there are, counted no further than one more than `most`."""
        if self.order:
            return self.rows.order_by()[: most + 1].count()
        return len(self.rows)


# --- asking a list -------------------------------------------------------------------------------------------
def downloads(view):
    """Marks a list view that gives its rows as Listed when a file is asked for."""
    view.downloads = True
    return view


def wanted(request):
    """Whether the list is asked for its rows, and not for a page."""
    return getattr(request, "wants_rows", False)


def listed_at(path, person, look=None):
    """The rows of the list at an address, as this person sees it. Raises Http404 for what is no list of theirs."""
    parts = urlsplit(path)
    if parts.scheme or parts.netloc:
        raise Http404
    try:
        found = resolve(parts.path)
    except Resolver404 as error:
        raise Http404 from error
    if not getattr(found.func, "downloads", False):
        raise Http404
    request = HttpRequest()
    request.method, request.path, request.path_info = "GET", parts.path, parts.path
    request.GET, request.person, request.session = QueryDict(parts.query), person, {}
    request.resolver_match, request.wants_rows = found, True
    looking.take_up(person, {looking.KEY: look} if look else {})
    listed = found.func(request, *found.args, **found.kwargs)
    if not isinstance(listed, Listed):
        raise Http404  # it leads elsewhere
    return listed


# --- long ones ------------------------------------------------------------------------------------------------
class DownloadState(models.TextChoices):
    """How far a file is."""

    WAITING = "waiting", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Could not be made"


class Download(models.Model):
    """A list that somebody takes away and that is made in the worker. One's own; dropped after some hours."""

    token = models.CharField(max_length=32, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    path = models.CharField(max_length=LONGEST_PATH)
    look = models.JSONField(null=True)  # where the person looked: [kind, key, name]
    kind = models.CharField(max_length=4)
    name = models.CharField(max_length=60)
    state = models.CharField(
        max_length=8, choices=DownloadState.choices, default=DownloadState.WAITING
    )
    rows = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person", "-id"], name="download_by_person")]

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("download_file", args=[self.token])

    @property
    def file_name(self):
        return file_name(self.name, self.kind, self.asked_at)


def file_name(name, kind, now):
    return f"{name} {now:%Y-%m-%d}.{kind}"


def note(listed, *, path, kind, by):
    """Who takes which list away."""
    audit.record("list.downloaded", by=by, target=listed.name, list=path[:300], file=kind)


@transaction.atomic
def ask_download(*, listed, path, look, kind, now, by):
    """Have a long list made in the worker. Returns the row."""
    note(listed, path=path, kind=kind, by=by)
    made = Download.objects.create(
        token=sealed_files.new_token(), person=by, path=path, look=look, kind=kind, name=listed.name, asked_at=now
    )  # fmt: skip
    transaction.on_commit(lambda: ring(made.pk), robust=True)
    return made


def ring(key):
    """The doorbell. Nobody hears it? The schedule looks every minute."""
    app.send_task("exports.make", args=[key], expires=60)


def make_download(key):
    """Write the file of a waiting download; one that is gone or made already needs nothing."""
    asked = Download.objects.select_related("person__station").filter(
        pk=key, state=DownloadState.WAITING
    )
    one = asked.first()
    if one is None:
        return
    try:
        listed = listed_at(one.path, one.person, one.look)
    except Http404:
        asked.update(state=DownloadState.FAILED)  # the right to see it has ended meanwhile
        return
    target = BytesIO()
    count = write(target, listed, one.kind, one.person.zone)
    sealed_files.remove(one.token, kind=sealed_files.EXPORT)  # of a worker that was killed
    sealed_files.write(one.token, target.getvalue(), kind=sealed_files.EXPORT)
    asked.update(state=DownloadState.READY, rows=count)


def make_waiting():
    """Every download that waits: its doorbell was not heard, or its worker was killed."""
    keys = list(Download.objects.filter(state=DownloadState.WAITING).values_list("pk", flat=True))
    for key in keys:
        make_download(key)


def drop_downloads(*, now):
    """Drop files that were asked for some hours ago."""
    old = Download.objects.filter(asked_at__lte=now - dt.timedelta(hours=settings.EXPORT_HOURS))
    tokens = list(old.values_list("token", flat=True))
    old.delete()
    sealed_files.remove(*tokens, kind=sealed_files.EXPORT)


def write(target, listed, kind, zone):
    """A list as a file into an open one. Returns how many rows it has."""
    count = itertools.count()
    most = settings.EXPORT_MOST_ROWS
    # zip counts as it goes; the rows are never all there at once.
    rows = (row for row, _ in zip(listed.cells(zone, most), count, strict=False))
    if kind == "xlsx":
        written.write_xlsx(target, {listed.name: (listed.headings(zone), rows)})
    else:
        for piece in written.csv_pieces(listed.headings(zone), rows):
            target.write(piece)
    return next(count)
