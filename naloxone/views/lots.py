"""One lot: where every unit and dose of it is, what failed, its recall and how far that has come."""

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, forms, storage, trace
from naloxone.models import CustodyEvent, Device, Kit, Lot, StorageDecision, UseReport
from naloxone.views.stock import form_page
from safety_portal import access, keyset
from safety_portal.access import Permission, everyone, needs
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Table

BY_REFERENCE = (By("pk"),)
FIGURES = (
    "Kits with doses", "With people and dogs", "In vehicles", "In places", "On their way", "Missing",
    "Given", "Wasted", "Destroyed or passed on",
)  # fmt: skip
MOST_USES = 50  # newest reports; a lot is a few hundred doses


def lot_with(number):
    return get_object_or_404(Lot.objects.select_related("product", "recall__by"), pk=number)


def recall_of(lot):
    return getattr(lot, "recall", None)


def may_recall(person):
    return access.may(person, Permission.LOT_RECALL, at=access.EVERYWHERE)


def may_see_lot(person, lot):
    """Whether the person sees a kit with a dose of the lot, or may recall it."""
    seen = Kit.objects.visible_to(person) | Kit.objects.overseen_by(person)
    return may_recall(person) or holding(lot, seen).exists()


def holding(lot, kits):
    """Those of some units that hold a dose of the lot."""
    return kits.filter(Exists(Device.objects.filter(kit=OuterRef("pk"), lot=lot)))


@everyone
def lot(request, number):
    """Where is this lot, and what came of it? Who sees no stock sees their own kits of it and whether it is recalled."""
    found = lot_with(number)
    stations = access.rights(request.person).stations(Permission.KITS_SEE)
    recall = recall_of(found)
    context = {
        "title": f"Lot {found.number}",
        "lot": found,
        "recall": recall,
        "can_recall": recall is None and may_recall(request.person),
    }
    if stations:
        context["label"] = storage.labels_of([found.pk]).get(found.pk)
        context["label_said"] = found.labels.select_related("by").order_by("-pk").first()
        context["storage_decisions"] = decisions_on(found, request.person)
        context |= traced(request, found, stations)
        if recall:
            context["progress"] = trace.progress_of(found, stations)
        if not context["whole"].total and not may_recall(request.person):
            raise Http404
        return render(request, "naloxone/lot.html", context)
    mine = holding(found, Kit.objects.visible_to(request.person)).with_names().order_by("pk")
    context["mine"] = badges.show(list(mine), request.person.station.today())
    if not mine:
        raise Http404
    return render(request, "naloxone/lot.html", context)


def decisions_on(lot, person):
    """What was decided of kits of a lot that stood too hot or froze, newest first."""
    return (
        StorageDecision.objects.filter(
            access.within(person, Permission.KITS_SEE), lines__kit__devices__lot=lot
        )
        .select_related("by", "place")
        .annotate(n=Count("lines__kit", distinct=True))
        .order_by("-pk")[:10]
    )


def traced(request, lot, stations):
    """Doses by station, units with their holders, and the reports of what was given."""
    kits = holding(lot, Kit.objects.overseen_by(request.person)).with_names()
    page = keyset.page_of(request.GET, kits, BY_REFERENCE)
    uses = trace.uses_of(lot).filter(report__in=UseReport.objects.visible_to(request.person))
    reports = UseReport.objects.filter(doses__in=uses).annotate(n=Count("pk")).with_names()
    rows, whole = trace.doses_of(lot, stations)
    return {
        "rows": rows,
        "whole": whole,
        "units": badges.show(page.rows, request.person.station.today()),
        "pager": keyset.pager(
            request.GET, page, BY_REFERENCE, keyset.count_of(page, kits), "kit"
        ),
        "tally": trace.tally_of(uses),
        "reports": reports.newest_first()[:MOST_USES],
        **heads(request),
    }  # fmt: skip


def heads(request):
    """The heads of the page's three tables."""
    doses = [Column("Station"), *(Column(label, figure=True) for label in FIGURES)]
    kits = [*map(Column, ("Kit", "With", "Station")), Column("Doses", figure=True), Column("State")]
    uses = [*map(Column, ("Report", "Given", "At")), Column("Doses of this lot", figure=True)]
    return {
        "head": Table(request, "Its doses by station", doses, caption_hidden=True),
        "units_head": Table(request, "Its kits", kits, caption_hidden=True),
        "uses_head": Table(request, "What was given of it", uses, caption_hidden=True),
    }


@needs(Permission.LOT_RECALL)
def recall(request, number):
    """Record a maker's or the FDA's recall: says what happens and who will see it before it is done."""
    found = lot_with(number)
    if not may_recall(request.person):
        raise Http404
    page = reverse("naloxone:lot", args=[found.pk])
    form = forms.RecallForm(request.POST or None, person=request.person, cancel_url=page)
    form.describe(found)
    now = timezone.now()
    if request.method == "POST" and form.carry_out(actions.recall_lot, lot=found, occurred_at=now):
        units = CustodyEvent.objects.filter(act=form.result).count()
        messages.success(request, f"The recall is recorded. Kits recalled: {units:,}.")
        return redirect(page)
    return form_page(request, form, f"Recall lot {found.number}")
