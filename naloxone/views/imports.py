"""Importing a list: the file, its columns, what comes of each row, and how far it has come."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from naloxone import forms
from naloxone.actions import imports as actions
from naloxone.import_rules import FIELDS, WRONG, Outcome, RunError, RunState, What
from naloxone.imports import progress
from naloxone.models import ImportRow, ImportRun
from naloxone.views.stock import form_page
from safety_portal import keyset
from safety_portal.access import Permission, needs
from safety_portal.htmx import unattended
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Tab, Table
from safety_portal.tables import written

PAGE = "naloxone:imports"
BY_NUMBER = (By("number"),)
MOST_LISTED = 20  # of one's own imports, the newest
SHOWN = {  # which rows the preview shows: words, outcomes
    "": ("All", ()),
    "will": ("Will do something", (Outcome.NEW, Outcome.CHANGE)),
    "nothing": ("Nothing to do", (Outcome.NOTHING,)),
    "errors": ("Errors", (Outcome.ERROR,)),
}


def run_or_404(request, number):
    found = ImportRun.objects.visible_to(request.person).select_related("station", "by__station")
    return get_object_or_404(found, pk=number)


@needs(Permission.STOCK_RECEIVE)
def imports(request):
    """Send a file; the templates for it; what one has imported."""
    form = forms.UploadForm(
        request.POST or None, request.FILES or None, person=request.person,
        initial={"what": request.GET.get("what", "")},
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.upload_list, now=timezone.now()):
        return redirect(form.result)
    context = {
        "title": "Import a list",
        "form": form,
        "lists": forms.TILES.items(),
        "runs": ImportRun.objects.visible_to(request.person).newest_first()[:MOST_LISTED],
        "head": Table(
            request, "Your imports", [*map(Column, ("No.", "File", "List", "Sent", "State"))]
        ),
    }  # fmt: skip
    return render(request, "naloxone/imports.html", context)


@needs(Permission.STOCK_RECEIVE)
@require_safe
def template(request, name):
    """An empty list to fill in, as kits.csv or kits.xlsx; the latter says on a second sheet what each column means."""
    what, _, kind = name.partition(".")
    if what not in list(What) or kind not in written.KINDS:
        raise Http404
    fields = FIELDS[What(what)]
    meanings = [[f.name, f.meaning, f.example, "yes" if f.required else "no"] for f in fields]
    sheets = {
        what.capitalize(): ([field.name for field in fields], []),
        "What the columns mean": (["Column", "Meaning", "Example", "Must be there"], meanings),
    }
    return file_answer(name, kind, sheets)


def file_answer(name, kind, sheets):
    """A small table as a file; as CSV its first sheet."""
    headings, rows = next(iter(sheets.values()))
    content = (
        written.xlsx_bytes(sheets)
        if kind == "xlsx"
        else b"".join(written.csv_pieces(headings, rows))
    )
    headers = {"Content-Disposition": content_disposition_header(True, name)}
    return HttpResponse(content, content_type=written.KINDS[kind], headers=headers)


@needs(Permission.STOCK_RECEIVE)
def import_columns(request, what):
    """Which columns a list may have: what each means, an example, whether it must be there."""
    if what not in list(What):
        raise Http404
    columns = [*map(Column, ("Column", "What it is", "Example", "Must be there"))]
    context = {
        "title": f"Columns of a list of {what}",
        "what": what,
        "fields": FIELDS[What(what)],
        "head": Table(request, "Columns", columns, caption_hidden=True),
    }
    return render(request, "naloxone/import_columns.html", context)


@needs(Permission.STOCK_RECEIVE)
def import_run(request, number):
    """One import: what it waits for, how far it is, or what it made."""
    run = run_or_404(request, number)
    if run.state == RunState.UPLOADED:
        return redirect("naloxone:map_import", run.pk)
    context = {"title": f"{run.reference}: {run.name}", "run": run, "told": progress.told(run)}
    if run.state == RunState.PREVIEWED:
        context |= preview_of(request, run)
    return render(request, "naloxone/import_run.html", context)


def preview_of(request, run):
    """What comes of every row: counted, narrowed down, page by page."""
    chosen = request.GET.get("show", "")
    if chosen not in SHOWN:
        chosen = ""
    rows = ImportRow.objects.filter(run=run)
    found = rows.filter(outcome__in=SHOWN[chosen][1]) if chosen else rows
    page = keyset.page_of(request.GET, found, BY_NUMBER)
    for row in page.rows:
        row.shown = told_in(row, run.headings)
    return {
        "rows": page.rows,
        "pager": keyset.pager(request.GET, page, BY_NUMBER, keyset.count_of(page, found), "row"),
        "tabs": [Tab(f"{words} ({counted(run, outcomes):,})", f"?show={name}" if name else "?", name == chosen) for name, (words, outcomes) in SHOWN.items()],
        "head": Table(request, "What comes of each row", [*map(Column, ("Row", "What comes of it", "In the file"))], caption_hidden=True),
        "before": ImportRun.objects.imported_before(run).select_related("by").first(),
        "shown": chosen,
    }  # fmt: skip


def told_in(row, headings):
    """What a row of the file says: no empty cells, nor what an error file had said of it."""
    return [
        cell for heading, cell in zip(headings, row.cells, strict=True) if cell and heading != WRONG
    ]


def counted(run, outcomes):
    """How many rows come out so; all, where no outcome is named."""
    return sum(run.figures.get(one, 0) for one in outcomes) if outcomes else run.figures.get("rows", 0)  # fmt: skip


@needs(Permission.STOCK_RECEIVE)
def map_import(request, number):
    """Which column of the file is which."""
    run = run_or_404(request, number)
    if run.state not in (RunState.UPLOADED, RunState.PREVIEWED):
        return redirect(run)
    form = forms.MapImportForm(
        request.POST or None, run=run, person=request.person, cancel_url=reverse(PAGE), cancel_label="Leave it for later",
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.name_columns, run=run):
        return redirect(run)
    return form_page(
        request, form, "Which column is which?", template="naloxone/map_import.html", run=run,
        before=ImportRun.objects.imported_before(run).select_related("by").first(),
    )  # fmt: skip


@needs(Permission.STOCK_RECEIVE)
@require_POST
def swap_import(request, number):
    """Lot and serial are in each other's column, or they are right as they are: the rows are checked by that."""
    run = run_or_404(request, number)
    try:
        if "right" in request.POST:
            actions.name_columns(run=run, mapping=run.mapping, day_order=run.day_order, swap_denied=True, by=request.person)  # fmt: skip
        else:
            actions.swap_lot_and_serial(run=run, by=request.person)
    except RunError as error:
        messages.warning(request, str(error))
    return redirect(run)


@needs(Permission.STOCK_RECEIVE)
def confirm_import(request, number):
    """Import what the preview shows: says what can't be undone."""
    run = run_or_404(request, number)
    if run.state != RunState.PREVIEWED and request.method != "POST":
        return redirect(run)
    before = ImportRun.objects.imported_before(run).select_related("by").first()
    form = forms.ConfirmImportForm(
        request.POST or None, run=run, before=before, person=request.person, cancel_url=run.get_absolute_url(),
        submit_label=f"Import {todo_of(run)}",
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(
        actions.confirm_import, run=run, now=timezone.now()
    ):
        return redirect(run)
    return form_page(
        request, form, f"Import {todo_of(run)}?", template="naloxone/confirm_import.html", run=run, before=before
    )  # fmt: skip


def todo_of(run):
    """“10,000 kits”: what an import does, in words."""
    number = run.figures.get("units", 0) if run.what == What.KITS else run.rows_to_do
    one = {What.KITS: "kit", What.PLACES: "place", What.LOTS: "lot", What.PRODUCTS: "product"}[What(run.what)]  # fmt: skip
    return f"{number:,} {one if number == 1 else one + 's'}"


@needs(Permission.STOCK_RECEIVE)
@require_POST
def cancel_import(request, number):
    """Let go of an import that is not done yet."""
    run = actions.cancel_import(run=run_or_404(request, number), now=timezone.now(), by=request.person)  # fmt: skip
    if run.state == RunState.DONE:
        messages.warning(request, f"{run.reference} was done already.")
    return redirect(run)


@unattended
@needs(Permission.STOCK_RECEIVE)
@require_safe
def import_progress(request, number):
    """What the page of an import asks every few seconds: the bar, or to be loaded anew when it has ended."""
    run = run_or_404(request, number)
    if not request.htmx:
        return redirect(run)
    if not run.is_at_work:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "naloxone/_import_progress.html", {"run": run, "told": progress.told(run)})  # fmt: skip


@needs(Permission.STOCK_RECEIVE)
@require_safe
def import_errors(request, number):
    """The file as it was sent, with one column more that says what is wrong: to be corrected and sent again."""
    run = run_or_404(request, number)
    rows = ImportRow.objects.filter(run=run).order_by("number")
    if run.dropped_at or not rows.filter(Q(outcome=Outcome.ERROR)).exists():
        raise Http404
    again = WRONG in run.headings
    place = run.headings.index(WRONG) if again else len(run.headings)
    headings = [*run.headings[:place], WRONG, *run.headings[place + again :]]
    written_rows = (
        [*row.cells[:place], wrong_of(row), *row.cells[place + again :]] for row in rows.iterator()
    )
    name = f"{run.name.rpartition('.')[0] or run.name} to correct.{run.kind}"
    return file_answer(name, run.kind, {"To correct": (headings, written_rows)})


def wrong_of(row):
    """What is wrong with a row, column by column."""
    return " ".join(f"{heading}: {said}" for heading, said in row.faults)
