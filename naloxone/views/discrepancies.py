"""What does not add up at one's stations, and how each ended."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, forms
from naloxone.models import Discrepancy
from naloxone.views.stock import form_page
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, everyone
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Tab, Table

OPEN = (By("due_at"), By("pk"))
CLOSED = (By("pk"),)


FILE = (
    Out("No.", "reference"), Out("What", "get_kind_display"), Out("Kit", "kit.reference"), Out("Station", "station.name"),
    Out("Seen to by", "owner.name"), Out("Since", "opened_at", moment=True), Out("Until", "due_at", moment=True),
    Out("Closed", "closed_at", moment=True), Out("How it ended", "get_closing_code_display"),
)  # fmt: skip


def tabs(current):
    pages = (("Open", "discrepancies"), ("Closed", "closed_discrepancies"))
    return [Tab(label, reverse(f"naloxone:{name}"), name == current) for label, name in pages]


def list_page(request, found, order, name, *, down=False):
    columns = [Column("No."), Column("What"), Column("Of"), Column("Station"), Column("Seen to by"), Column("Since"), Column("Until" if name == "discrepancies" else "How it ended")]  # fmt: skip
    found = found.filter(looking.narrowing(request.person))
    if wanted(request):
        return Listed("Discrepancies", FILE, found.with_names(), order, down)
    page = keyset.page_of(request.GET, found.with_names(), order, down=down)
    now = timezone.now()
    for one in page.rows:
        one.late = one.closed_at is None and one.due_at < now
    context = {
        "title": "Discrepancies",
        "tabs": tabs(name),
        "head": Table(request, "Discrepancies", columns, caption_hidden=True),
        "rows": page.rows,
        "pager": keyset.pager(request.GET, page, order, keyset.count_of(page, found), "discrepancy|discrepancies"),
        "open": name == "discrepancies",
    }  # fmt: skip
    return render(request, "naloxone/discrepancies.html", context)


@everyone
@downloads
def discrepancies(request):
    """What does not add up, the nearest clock first."""
    found = Discrepancy.objects.visible_to(request.person).open()
    return list_page(request, found, OPEN, "discrepancies")


@everyone
@downloads
def closed_discrepancies(request):
    """How discrepancies ended, newest first."""
    found = Discrepancy.objects.visible_to(request.person).filter(closed_at__isnull=False)
    return list_page(request, found, CLOSED, "closed_discrepancies", down=True)


@everyone
def discrepancy(request, number):
    """One discrepancy: what, since when, until when; and closing it."""
    found = get_object_or_404(
        Discrepancy.objects.visible_to(request.person).with_names(), pk=number
    )
    closes = found.closed_at is None and access.may(
        request.person, Permission.DISCREPANCY_CLOSE, at=found.station_id
    )
    missing = found.kind == "missing"
    form = None
    if closes and not missing:
        form = forms.CloseForm(request.POST or None, person=request.person)
    if request.method == "POST":
        if found.closed_at is not None:
            messages.info(request, f"{found.reference} was closed meanwhile.")
            return redirect("naloxone:discrepancy", found.pk)
        if form is None:
            raise Http404
        if form.carry_out(actions.close_discrepancy, discrepancy=found, now=timezone.now()):
            messages.success(request, f"{found.reference} is closed.")
            return redirect("naloxone:discrepancies")
    context = {
        "title": found.reference,
        "found": found,
        "late": found.closed_at is None and found.due_at < timezone.now(),
        "form": form,
        "closes": closes,
        "narrow": True,
        "missing": missing and found.closed_at is None,
        "can_write_off": missing and access.may(request.person, Permission.STOCK_END, at=found.station_id),
    }  # fmt: skip
    return render(request, "naloxone/discrepancy.html", context)


@everyone
def hand_on(request, number):
    """Somebody else sees to it from now on."""
    found = get_object_or_404(
        Discrepancy.objects.visible_to(request.person).with_names().open(), pk=number
    )
    if not access.may(request.person, Permission.DISCREPANCY_CLOSE, at=found.station_id):
        raise Http404
    where = reverse("naloxone:discrepancy", args=[found.pk])
    form = forms.HandOnForm(request.POST or None, person=request.person, cancel_url=where)
    if request.method == "POST" and form.carry_out(
        actions.hand_on, discrepancy=found, now=timezone.now()
    ):
        messages.success(request, f"{found.reference} is with {form.cleaned_data['to']} now.")
        return redirect(where)
    return form_page(request, form, f"Who sees to {found.reference}?")
