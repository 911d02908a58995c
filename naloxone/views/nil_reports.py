"""Nil reports: which stations owe one, making it, scanning the drawn kits, and what the draw is worked out from."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, forms, round_rules
from naloxone.actions.nil_reports import figures
from naloxone.models import MonthSeed, NilReport, report_due_on
from naloxone.views.levels import asked_station
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, everyone, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, FilterWord, Table

NEWEST = (By("pk"),)
MOST_OWED = 25


FILE = (
    Out("Report", "reference"), Out("Station", "station.name"), Out("Month", "month"),
    Out("Made", "made_at", moment=True), Out("By", "by.name"), Out("Doses", "doses"), Out("Usable", "usable"),
    Out("Changes", "changes"), Out("Unexplained", "unexplained"), Out("Confirmed", lambda report: not report.is_open),
)  # fmt: skip


def status_badge(report, now):
    """Confirmed by its scans, waiting for them, or not confirmed."""
    if not report.is_open:
        return badges.badge("Confirmed", "good")
    waits = report.due_at > now
    return (
        badges.badge("Waits for scans", "watch") if waits else badges.badge("Not confirmed", "bad")
    )


@needs(Permission.KITS_SEE)
@downloads
def nil_reports(request):
    """Past reports of one's stations, newest first, and those still to be made."""
    now = timezone.now()
    month = round_rules.month_to_report(now)
    station = asked_station(request)
    found = NilReport.objects.visible_to(request.person).filter(looking.narrowing(request.person))
    mine = access.stations_where(request.person, Permission.STOCK_RECEIVE).in_use()
    if station:
        found, mine = found.filter(station=station), mine.filter(pk=station.pk)
    rows = found.with_names().with_open_draws()
    if wanted(request):
        return Listed("Nil reports", FILE, rows, NEWEST, down=True)
    page = keyset.page_of(request.GET, rows, NEWEST, down=True)
    for report in page.rows:
        report.badge = status_badge(report, now)
    columns = [
        Column("Report"), Column("Station"), Column("Month"), Column("Made"),
        Column("Kits", figure=True), Column("Changes", figure=True), Column("Confirmed?"),
    ]  # fmt: skip
    left = mine.exclude(pk__in=NilReport.objects.filter(month=month).values("station")).by_name()
    context = {
        "title": "Nil reports", "month": month, "due_on": report_due_on(month), "left": left[:MOST_OWED],
        "head": Table(request, "Nil reports", columns, caption_hidden=True), "rows": page.rows,
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, found), "report"),
        "words": [FilterWord(f"At {station}", reverse("naloxone:nil_reports"))] if station else [],
    }  # fmt: skip
    return render(request, "naloxone/nil_reports.html", context)


@needs(Permission.STOCK_RECEIVE)
def make_report(request, code):
    """What the station holds, to be confirmed though nothing changed; then three kits are drawn."""
    mine = access.stations_where(request.person, Permission.STOCK_RECEIVE).in_use()
    station = get_object_or_404(mine, code=code)
    now = timezone.now()
    month = round_rules.month_to_report(now)
    made = NilReport.objects.filter(station=station, month=month).first()
    if made:
        return redirect(made)
    form = forms.NilReportForm(
        request.POST or None, person=request.person, cancel_url=reverse("naloxone:nil_reports")
    )
    facts = {"station": station, "month": month, "now": now}
    if request.method == "POST" and form.carry_out(actions.make_nil_report, **facts):
        return redirect(form.result)
    told = figures(station, month, now)
    context = {
        "title": f"Nil report of {station}, {month:%B %Y}", "form": form, "narrow": True,
        "station": station, "month": month, "told": told, "count": len(told["kits"]),
        "due_on": report_due_on(month),
    }  # fmt: skip
    return render(request, "naloxone/make_report.html", context)


def seen_report(request, number):
    found = NilReport.objects.visible_to(request.person).with_names().with_open_draws()
    return get_object_or_404(found, pk=number)


@needs(Permission.KITS_SEE)
def nil_report(request, number):
    """One report: what was told, which kits were drawn and how, whether they were scanned."""
    report = seen_report(request, number)
    now = timezone.now()
    drawn = list(report.drawn.select_related("kit__holder", "scan__by"))
    waiting = [one.kit for one in drawn if not hasattr(one, "scan")]
    form = None
    if waiting and access.may(request.person, Permission.CUSTODY_GIVE, at=report.station_id):
        form = forms.ScanForm(request.POST or None, person=request.person, asked=waiting)
    if request.method == "POST":
        if form is None:
            messages.info(request, "There is nothing more to be scanned here.")
            return redirect(report)
        if form.carry_out(actions.scan_reported, report=report, now=now):
            return redirect(report)
    for one in drawn:
        one.rank = round_rules.rank(report.seed.seed, report.month, report.station.code, one.kit.reference)  # fmt: skip
        one.late = hasattr(one, "scan") and one.scan.at > report.due_at
    context = {
        "title": f"Nil report {report.reference}", "report": report, "drawn": drawn, "form": form,
        "badge": status_badge(report, now), "over": report.is_open and report.due_at <= now,
        "count": len(report.kits), "narrow": True,
    }  # fmt: skip
    return render(request, "naloxone/nil_report.html", context)


@needs(Permission.KITS_SEE)
def drawn_from(request, number):
    """The kits from which a report's were drawn, one a line: with the seed anybody works the draw out again."""
    report = seen_report(request, number)
    text = "".join(f"K-{key}\n" for key in report.kits)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@everyone
def seeds(request):
    """What is published of each month: its commitment from before, the seed itself once the reports are due.

    Earlier it is on a report's own page, for those who see that report: the other stations still confirm.
    """
    now = timezone.now()
    found = list(MonthSeed.objects.order_by("-month")[:24])
    for one in found:
        one.shown = one.seed if now.date() > report_due_on(one.month) else ""
    columns = [Column("Month"), Column("Published"), Column("Commitment"), Column("Seed")]
    context = {
        "title": "Seeds of the draws", "seeds": found,
        "head": Table(request, "Seeds by month", columns, caption_hidden=True),
    }  # fmt: skip
    return render(request, "naloxone/seeds.html", context)
