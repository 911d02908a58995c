"""Doses that were given: recorded in a minute, completed within the shift, bound to their kits."""

import json

from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from naloxone import actions, badges, forms
from naloxone.actions import CustodyError, uses
from naloxone.forms.uses import in_words
from naloxone.models import OUTSIDE, Kit, UseBinding, UseDose, UseReport
from naloxone.rules import FLAG_WORDS, Flag
from naloxone.views.hand_overs import home_of
from naloxone.views.stock import form_page
from safety_portal import access, keyset, looking, medical
from safety_portal.access import Permission, everyone
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, FilterWord, Table, address

NEWEST = (By("pk"),)


# No more than the list shows: to whom and how it went is in none of both.
FILE = (
    Out("Report", "reference"), Out("Given", "given_at", moment=True), Out("Station", "station.name"), Out("Doses", "n"),
    Out("By", "by.name"), Out("Kit not known yet", "is_unbound"),
)  # fmt: skip


@everyone
def record_use(request):
    """Given when, of which kit, how many: saved at once; all else may follow within the shift."""
    asked = request.GET.get("kits", "")[:40]
    form = forms.UseForm(
        request.POST or None, person=request.person, initial={"unit": asked} if asked else {},
        cancel_url=home_of(request.person),
    )  # fmt: skip
    form.helper.form_id = "use-form"
    if request.method == "POST" and form.carry_out(actions.record_use, now=timezone.now()):
        messages.success(request, f"Saved as {form.result.reference}. Stay with them.")
        return redirect("naloxone:use", form.result.pk)
    return form_page(request, form, "Record a use", template="naloxone/record_use.html")


# --- lists ---------------------------------------------------------------------------------------


@everyone
@downloads
def use_list(request):
    """What was given at my stations, and by me."""
    found = UseReport.objects.visible_to(request.person).filter(looking.narrowing(request.person))
    found = found.with_unbound()
    unclear = request.GET.get("which") == "unclear"
    words = []
    if unclear:
        found = found.filter(is_unbound=True)
        none = dict.fromkeys(("which", "after", "before", "last"))
        words = [FilterWord("Which kit is not known yet", address(request.GET, **none))]
    if wanted(request):
        return Listed("Uses", FILE, found.with_names(), NEWEST, True, count_doses)
    page = keyset.page_of(request.GET, found.with_names(), NEWEST, down=True)
    count_doses(page.rows)
    columns = [Column("Report"), Column("Given"), Column("At"), Column("Doses", figure=True), Column("By"), Column("Kits")]  # fmt: skip
    context = {
        "title": "Uses",
        "head": Table(request, "Uses", columns, caption_hidden=True),
        "rows": page.rows,
        "words": words,
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, found), "use"),
    }
    return render(request, "naloxone/uses.html", context)


def count_doses(reports):
    """Sets how many doses each report tells of; one query."""
    rows = UseDose.objects.filter(report__in=reports).order_by().values_list("report")
    found = dict(rows.annotate(n=Count("pk")))
    for report in reports:
        report.n = found.get(report.pk, 0)


# --- one report ----------------------------------------------------------------------------------


def seen(request, number):
    """The report, if it is the person's to see."""
    reports = UseReport.objects.visible_to(request.person)
    return get_object_or_404(
        reports.select_related("by", "station__region", "place", "replacement__done_by"), pk=number
    )


def doses_of(report, person):
    """The doses as the page tells them: newest detail, flags in words, the kit that each is bound to."""
    bound = UseBinding.objects.filter(undone_at=None).select_related("event")
    doses = list(
        report.doses.select_related("kit", "lot")
        .prefetch_related(
            Prefetch("bindings", queryset=bound, to_attr="bound"),
            Prefetch("details", to_attr="told"),
        )
        .order_by("position")
    )
    units = {dose.bound[0].event.kit_id for dose in doses if dose.bound}
    units |= {dose.kit_id for dose in doses if dose.kit_id}
    visible = set(Kit.objects.visible_to(person).filter(pk__in=units).values_list("pk", flat=True))
    for dose in doses:
        dose.detail = max(dose.told, key=lambda one: one.pk, default=None)
        dose.key = dose.bound[0].event.kit_id if dose.bound else dose.kit_id
        dose.opens = dose.key in visible
        dose.words = [
            badges.badge(FLAG_WORDS[Flag(flag)], tone_of(flag, dose)) for flag in dose.flags
        ]
        dose.outside = dose.told_code == OUTSIDE
    return doses


def tone_of(flag, dose):
    if flag == Flag.OUTSIDE or (dose.bound and flag in (Flag.UNCLEAR, Flag.UNKNOWN_KIT)):
        return "quiet"
    return "watch"


def use_page(request, report, *, clinical=None, read_form=None):
    now = timezone.now()
    person = request.person
    doses = doses_of(report, person)
    officer = access.may(person, Permission.MEDICAL_READ, at=report.station_id)
    if officer:
        read_form = read_form or forms.ReadForm(person=person)
        read_form.helper.form_action = reverse("naloxone:read_person", args=[report.pk])
    columns = [Column("Dose", figure=True), Column("Given"), Column("Of"), Column("Device"), Column("Said"), Column("", hidden="Acts")]  # fmt: skip
    context = {
        "title": report.reference,
        "report": report,
        "doses": doses,
        "head": Table(request, "Doses", columns, caption_hidden=True),
        "adds": uses.may_add(person, report, now),
        "binds": uses.may_bind(person, report),
        "mine": report.by_id == person.pk,
        "replacement": getattr(report, "replacement", None),
        "officer": officer,
        "read_form": read_form,
        "clinical": clinical,
        "hours": medical.OWN_HOURS,
    }
    return render(request, "naloxone/use.html", context)


@everyone
def use(request, number):
    """One report: what was given, what is still to be said, which kit it was."""
    return use_page(request, seen(request, number))


@require_POST
@everyone
def read_person(request, number):
    """The clinical part: for medical officers with a reason, for the writer within a day. Each read is a row."""
    report = seen(request, number)
    if access.may(request.person, Permission.MEDICAL_READ, at=report.station_id):
        form = forms.ReadForm(request.POST, person=request.person)
        if not form.is_valid():
            return use_page(request, report, read_form=form)
        reason = form.cleaned_data["reason"]
        found = medical.read_medical(about=report.reference, by=request.person, reason=reason)
    elif uses.may_add(request.person, report, timezone.now()):
        found = medical.read_own(about=report.reference, by=request.person, now=timezone.now())
    else:
        raise Http404
    told = [(entry, list(in_words(json.loads(text)))) for entry, text in found]
    return use_page(request, report, clinical=told)


# --- adding to it --------------------------------------------------------------------------------


def own(request, number):
    """A report that the person wrote within a day; a form that comes too late is told so by the action."""
    report = seen(request, number)
    late = not uses.may_add(request.person, report, timezone.now())
    if report.by_id != request.person.pk or (late and request.method != "POST"):
        raise Http404
    return report


def add_page(request, of, form, action, title, said, **facts):
    where = reverse("naloxone:use", args=[of.pk])
    form.cancel_url = where
    if request.method == "POST" and form.carry_out(action, now=timezone.now(), **facts):
        messages.success(request, said)
        return redirect(where)
    return form_page(request, form, title, template="naloxone/use_form.html", report=of)


@everyone
def add_doses(request, number):
    """Another dose of the same emergency."""
    report = own(request, number)
    form = forms.MoreDosesForm(request.POST or None, person=request.person)
    return add_page(
        request, report, form, actions.add_doses, "Add a dose", "The dose is added.", report=report
    )


@everyone
def dose_detail(request, number, position):
    """One dose: when exactly, by whom, how the device worked."""
    report = own(request, number)
    dose = get_object_or_404(report.doses.select_related("report__station"), position=position)
    detail = dose.details.order_by("-pk").first()
    known = detail or dose
    initial = {"given_at": known.given_at, "giver": getattr(known, "giver", "writer"),
               "fault": getattr(known, "fault", "none"), "site": getattr(known, "site", "")}  # fmt: skip
    form = forms.DoseForm(request.POST or None, person=request.person, initial=initial)
    return add_page(
        request, report, form, actions.add_detail, f"Dose {position} of {report.reference}",
        "Kept.", dose=dose,
    )  # fmt: skip


@everyone
def tell_of_person(request, number):
    """Who was given it, signs and response: for the medical officers."""
    report = own(request, number)
    form = forms.PersonForm(request.POST or None, person=request.person)
    return add_page(
        request, report, form, actions.tell_of_person, "About who was given it",
        "Kept. Only medical officers read it.", report=report,
    )  # fmt: skip


@require_POST
@everyone
def ask_replacement(request, number):
    """A kit in place of the used one."""
    report = seen(request, number)
    actions.ask_replacement(report=report, now=timezone.now(), by=request.person)
    messages.success(request, "Asked for. Your station’s supervisor and coordinator see it.")
    return redirect("naloxone:use", report.pk)


@require_POST
@everyone
def replacement_done(request, number):
    """The replacement was seen to."""
    report = seen(request, number)
    try:
        actions.replacement_done(report=report, now=timezone.now(), by=request.person)
    except CustodyError as error:
        messages.info(request, str(error))
    else:
        messages.success(request, f"The replacement for {report.reference} is seen to.")
    return redirect("naloxone:use", report.pk)


@everyone
def bind(request, number, position):
    """Which kit was it?"""
    report = seen(request, number)
    if not uses.may_bind(request.person, report):
        raise Http404
    dose = get_object_or_404(
        report.doses.select_related("report__station", "lot"), position=position
    )
    if request.method != "POST" and not UseDose.objects.unbound().filter(pk=dose.pk).exists():
        raise Http404
    form = forms.BindForm(request.POST or None, person=request.person)
    return add_page(
        request, report, form, actions.bind_use, f"Which kit was dose {position} from?",
        "Bound. The dose has left that kit’s record.", dose=dose,
    )  # fmt: skip
