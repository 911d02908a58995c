"""Taking a list away as a file: at once when it is short, from the worker when it is long."""

from io import BytesIO

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from safety_portal import exports, looking, sealed_files
from safety_portal.access import everyone
from safety_portal.exports import Download, DownloadState
from safety_portal.page_parts import Column, Table
from safety_portal.tables.written import KINDS, csv_pieces

MOST_SHOWN = 20


def headers_of(name):
    return {"Content-Disposition": content_disposition_header(True, name)}


@everyone
@require_POST
def download(request):
    """The list at an address, as CSV or XLSX: what its filter shows, to whom its page shows it."""
    if "list" not in request.POST:
        return redirect("downloads")
    path, kind, now = request.POST.get("list", ""), request.POST.get("kind", ""), timezone.now()
    if kind not in KINDS or len(path) > exports.LONGEST_PATH:
        raise Http404
    look = request.session.get(looking.KEY)
    listed = exports.listed_at(path, request.person, look)
    if listed.count(settings.EXPORT_AT_ONCE) > settings.EXPORT_AT_ONCE:
        exports.ask_download(listed=listed, path=path, look=look, kind=kind, now=now, by=request.person)  # fmt: skip
        messages.info(request, "The list is long, so its file is being made. It will stand here.")
        return redirect("downloads")
    with transaction.atomic():
        exports.note(listed, path=path, kind=kind, by=request.person)
    return answer(listed, kind, now, request.person.zone)


def answer(listed, kind, now, zone):
    """A short list as a file, CSV as it is read."""
    name = exports.file_name(listed.name, kind, now)
    if kind == "csv":
        rows = csv_pieces(listed.headings(zone), listed.cells(zone, settings.EXPORT_AT_ONCE))
        return StreamingHttpResponse(rows, content_type=KINDS[kind], headers=headers_of(name))
    target = BytesIO()
    exports.write(target, listed, kind, zone)
    return HttpResponse(target.getvalue(), content_type=KINDS[kind], headers=headers_of(name))


@everyone
@require_safe
def downloads(request):
    """One's files that were made in the worker, and those that are being made."""
    mine = Download.objects.filter(person=request.person).order_by("-pk")[:MOST_SHOWN]
    columns = [Column("File"), Column("Asked for"), Column("Rows", figure=True), Column("State")]
    context = {
        "title": "Downloads",
        "head": Table(request, "Downloads", columns, caption_hidden=True),
        "rows": mine,
        "hours": settings.EXPORT_HOURS,
    }
    return render(request, "people/downloads.html", context)


@everyone
@require_safe
def download_file(request, token):
    """A file that is ready; one's own only."""
    one = get_object_or_404(Download, token=token, person=request.person, state=DownloadState.READY)
    try:
        content = sealed_files.read(one.token, kind=sealed_files.EXPORT)
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(content, content_type=KINDS[one.kind], headers=headers_of(one.file_name))
