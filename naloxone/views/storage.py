"""How warm is it where kits are kept: readings of a place, loggers' files, and the decisions that follow."""

import zlib
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.functions import Lower
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, charts, forms, storage, storage_words
from naloxone.actions import storage as storing
from naloxone.models import (
    Holder,
    Kit,
    KitStorage,
    TemperatureRecord,
    TemperatureUpload,
    UnitKind,
)
from naloxone.rules import PLACES, STOCKED
from naloxone.storage_rules import Course, Decision, Mark, StorageError, degrees, span
from naloxone.views.places import places_where
from naloxone.views.stock import form_page
from safety_portal import access, keyset, looking
from safety_portal.access import Permission, needs
from safety_portal.keyset import By
from safety_portal.page_parts import Column, FilterWord, Table

BY_NAME = (By("station_key", str), By("name_key", str), By("pk"))
MOST_RECORDS = 30
CHART_DAYS = 30  # of a place's page
WORST = {
    "review": "With a review waiting",
    "replace": "With kits to replace",
    "stale": "Not measured lately",
}


def place_at(request, number):
    """A place in use whose temperatures the person may record."""
    found = get_object_or_404(places_where(request.person, Permission.KITS_SEE), pk=number)
    if found.closed_on or not storing.may_read(request.person, found):
        raise Http404
    return found


@needs(Permission.KITS_SEE)
def storage_temperature(request):
    """How warm is it in every place, when was that last looked at, and what came of it?"""
    person, now = request.person, timezone.now()
    rows = measured_places(person, now)
    worst, station = request.GET.get("worst", ""), request.GET.get("station", "")
    rows = narrowed(rows, worst, station, now)
    page = keyset.page_of(request.GET, rows, BY_NAME)
    columns = [
        *map(Column, ("Place", "Station", "Last measured")),
        Column("Kits", figure=True),
        Column("Worst of them"),
    ]
    here = reverse("naloxone:storage_temperature")
    context = {
        "title": "Storage temperature",
        "head": Table(request, "Places and their temperature", columns, caption_hidden=True),
        "places": [told(place, person, now) for place in page.rows],
        "pager": keyset.pager(request.GET, page, BY_NAME, keyset.count_of(page, rows), "place"),
        "words": [FilterWord(WORST[worst], here)] if worst in WORST else [],
        "filters": [(f"{here}?worst={name}", label) for name, label in WORST.items() if name != worst],
        "waiting": waiting_for(person).exists(),
        "stale_days": settings.STORAGE_STALE_DAYS,
    }  # fmt: skip
    return render(request, "naloxone/storage_temperature.html", context)


def measured_places(person, now):
    """Places of one's stations with their newest record and the worst mark of a kit in them."""
    marked = KitStorage.objects.filter(kit__holder=OuterRef("pk"), kit__state__in=STOCKED)
    return (
        places_where(person, Permission.KITS_SEE)
        .in_use()
        .filter(looking.narrowing(person))
        .annotate(
            station_key=Lower("station__name"),
            name_key=Lower("name"),
            measured_at=storage.newest_reading("at"),
            centi=storage.newest_reading("centi"),
            in_review=Exists(marked.filter(mark=Mark.REVIEW)),
            to_replace=Exists(marked.filter(mark=Mark.REPLACE)),
            stocked=Count(
                "kits", filter=Q(kits__state__in=STOCKED) & ~Q(kits__kind=UnitKind.TRAINER)
            ),
        )
    )


def narrowed(rows, worst, station, now):
    """Only what the address asks for; an unknown word asks for nothing."""
    if station.isdecimal() and len(station) < 10:
        rows = rows.filter(station=station)
    if worst == "review":
        return rows.filter(in_review=True)
    if worst == "replace":
        return rows.filter(to_replace=True)
    if worst == "stale":
        before = now - timedelta(days=settings.STORAGE_STALE_DAYS)
        return rows.filter(Q(measured_at=None) | Q(measured_at__lt=before))
    return rows


def told(place, person, now):
    """A place with what its row says."""
    mark = Mark.REPLACE if place.to_replace else Mark.REVIEW if place.in_review else ""
    place.mark_badge = storage_words.mark_badge(mark)
    place.shows = degrees(place.centi) if place.centi is not None else ""
    place.days_since = place.measured_at and (now - place.measured_at).days
    place.stale = place.measured_at is None or place.days_since >= settings.STORAGE_STALE_DAYS
    place.may_read = storing.may_read(person, place)
    return place


@needs(Permission.KITS_SEE)
def place_temperature(request, number):
    """One place: how warm it was, who measured it, what may be done about it."""
    found = get_object_or_404(places_where(request.person, Permission.KITS_SEE), pk=number)
    records = (
        TemperatureRecord.objects.filter(place=found).with_names().order_by("-until_at", "-pk")
    )
    shown = list(records[:MOST_RECORDS])
    until = max([record.until_at for record in shown], default=timezone.now())
    since = until - timedelta(days=CHART_DAYS)
    for record in shown:
        low, high = degrees(record.lowest), degrees(record.highest)
        record.shows = low if low == high else f"{low} to {high}"
        mine = record.by_id == request.person.pk or access.may(
            request.person, Permission.PLACES_KEEP, at=found.station_id
        )
        record.may_withdraw = mine and not hasattr(record, "withdrawal")
    columns = [*map(Column, ("When", "How", "Shows", "By")), Column("", hidden="Take back")]
    context = {
        "title": f"Temperature in {found}",
        "place": found,
        "records": shown,
        "head": Table(request, "Readings and files, newest first", columns),
        "may_read": not found.closed_on and storing.may_read(request.person, found),
        "waiting": may_decide(request.person, found) and waiting_at(found).exists(),
        **picture(request, found, since, until),
    }
    return render(request, "naloxone/place_temperature.html", context)


def picture(request, place, since, until, *, bands=None):
    """The chart of a span and its table."""
    words = f"Temperature in {place.name} from {since:%d %b %Y} to {until:%d %b %Y}"
    columns = [
        Column("Day"),
        *(Column(name, figure=True) for name in ("Lowest", "Highest", "Readings")),
    ]
    return {
        "chart": charts.chart(place, since, until, bands=bands, label=words),
        "days": charts.days_of(place, since, until, storage.moment_of),
        "days_head": Table(request, words, columns, caption_hidden=True),
    }


# --- recording --------------------------------------------------------------------------------------------


@needs(Permission.KITS_SEE)
def record_temperature(request, number):
    """A look at a thermometer, by hand."""
    found = place_at(request, number)
    form = forms.TemperatureForm(
        request.POST or None, person=request.person, place=found, cancel_url=found.get_absolute_url()
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.record_temperature, place=found):
        messages.success(request, f"{degrees(form.cleaned_data['degrees_centi'])} in {found}.")
        return redirect(found)
    return form_page(
        request, form, f"Temperature in {found}", template="naloxone/change_place.html", place=found
    )


@needs(Permission.KITS_SEE)
def import_temperature(request, number):
    """A logger's file is sent; nothing is counted before somebody has looked at what it says."""
    found = place_at(request, number)
    form = forms.LoggerFileForm(
        request.POST or None, request.FILES or None, person=request.person,
        cancel_url=found.get_absolute_url(),
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.keep_upload, place=found):
        return redirect("naloxone:preview_temperature", found.pk)
    return form_page(
        request, form, f"Import a logger’s file for {found}",
        template="naloxone/change_place.html", place=found,
    )  # fmt: skip


@needs(Permission.KITS_SEE)
def preview_temperature(request, number):
    """What the file brings under the columns chosen: from when to when, how warm, for which lots. Then it is imported."""
    found = place_at(request, number)
    upload = TemperatureUpload.objects.filter(place=found, by=request.person).first()
    if upload is None:
        return redirect("naloxone:place_temperature", found.pk)
    upload.place = found
    rows = storing.rows_of(zlib.decompress(upload.content))
    form = forms.ColumnsForm(
        request.POST or None, person=request.person, rows=rows,
        guessed=storing.loggers.guess(rows), cancel_url=found.get_absolute_url(),
    )  # fmt: skip
    only_look = "look" in request.POST
    if (
        request.method == "POST"
        and not only_look
        and form.carry_out(actions.import_readings, upload=upload)
    ):
        record = form.result
        messages.success(request, f"{record.readings:,} readings are imported.")
        return redirect("naloxone:place_temperature", found.pk)
    context = {
        "title": f"What “{upload.name}” says", "place": found, "form": form, "upload": upload,
        "rows": len(rows), **looked_at(upload, rows, form),
    }  # fmt: skip
    return render(request, "naloxone/preview_temperature.html", context)


def looked_at(upload, rows, form):
    """The preview under the form's columns, or why there is none."""
    try:
        found = storing.preview(upload, rows, form.mapping())
    except StorageError as error:
        return {"fault": str(error)}
    return {
        "found": found,
        "from_at": storage.moment_of(found.times[0]),
        "until_at": storage.moment_of(found.times[-1]),
        "lowest": degrees(min(found.values)),
        "highest": degrees(max(found.values)),
        "known": len(found.times) - len(found.fresh),
        "lots": lots_under(upload.place, found),
    }


def lots_under(place, found):
    """[(lot, its label, minutes outside, minutes in the excursion)] of the kits that are in a place now."""
    kits = Kit.objects.filter(holder=place, state__in=STOCKED, lot__isnull=False)
    lots = {kit.lot for kit in kits.select_related("lot__product")}
    labels = storage.labels_of([lot.pk for lot in lots])
    limits = storage.limits()
    for lot in sorted(lots, key=lambda lot: lot.pk):
        label = labels.get(lot.pk)
        course = Course(found.times, found.values, label.bands, limits)
        measured = course.between(found.times[0], found.times[-1])
        yield lot, label, span(measured.outside), span(measured.allowed)


@needs(Permission.KITS_SEE)
def withdraw_temperature(request, number):
    """A reading or a file was wrong: it is taken back, with the reason."""
    record = get_object_or_404(
        TemperatureRecord.objects.in_force().with_names().filter(
            access.within(request.person, Permission.KITS_SEE)
        ),
        pk=number,
    )  # fmt: skip
    keeps = access.may(request.person, Permission.PLACES_KEEP, at=record.station_id)
    if not keeps and record.by_id != request.person.pk:
        raise Http404
    page = reverse("naloxone:place_temperature", args=[record.place_id])
    form = forms.WithdrawForm(request.POST or None, person=request.person, cancel_url=page)
    if request.method == "POST" and form.carry_out(actions.withdraw_record, record=record):
        messages.success(request, f"{record.reference} no longer counts.")
        return redirect(page)
    return form_page(
        request, form, f"Take back {record.reference}?", template="naloxone/change_place.html",
        place=record.place,
    )  # fmt: skip


# --- deciding ---------------------------------------------------------------------------------------------


def may_decide(person, place):
    return access.may(person, Permission.STORAGE_DECIDE, at=place.station_id)


def waiting_for(person):
    """Kits of places where the person decides."""
    here = access.within(person, Permission.STORAGE_DECIDE, field="place__station")
    return KitStorage.objects.waiting().filter(here, kit__state__in=STOCKED)


def waiting_at(place):
    return (
        KitStorage.objects.waiting()
        .filter(place=place, kit__state__in=STOCKED)
        .select_related("kit__holder", "kit__lot__product", "label")
        .order_by("kit__lot", "kit")
    )


@needs(Permission.STORAGE_DECIDE)
def storage_reviews(request):
    """Where did kits stand too hot or freeze, and nobody has decided yet?"""
    found = (
        waiting_for(request.person)
        .filter(looking.narrowing(request.person, "place__station"))
        .values("place", "place__name", "place__station__name")
        .annotate(n=Count("pk"), since=Min("outside_from"))
        .order_by("since", "place")
    )
    columns = [*map(Column, ("Place", "Station", "Since")), Column("Kits", figure=True)]
    context = {
        "title": "Temperature reviews",
        "rows": found,
        "head": Table(request, "Places with kits to decide on", columns, caption_hidden=True),
    }
    return render(request, "naloxone/storage_reviews.html", context)


@needs(Permission.STORAGE_DECIDE)
def review_storage(request, number):
    """What was measured at a place, which kits it befell, what their labels say; one decision for the ticked ones."""
    here = access.within(request.person, Permission.STORAGE_DECIDE)
    place = get_object_or_404(Holder.objects.with_names().filter(here, kind__in=PLACES), pk=number)
    rows = list(waiting_at(place)[:500])
    for row in rows:
        row.told = storage_words.told(row)
        row.ticked = request.method != "POST" or row.kit.reference in request.POST.getlist("kits")
    holds = access.may(request.person, Permission.CUSTODY_GIVE, at=place.station_id)
    form = forms.DecisionForm(
        request.POST or None, person=request.person, rows=rows, may_hold=holds,
        cancel_url=reverse("naloxone:storage_reviews"),
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.decide_storage, place=place):
        return decided(request, form)
    context = {
        "title": f"Too hot or too cold in {place}", "place": place, "form": form, "rows": rows,
        "sees_kits": access.may(request.person, Permission.KITS_SEE, at=place.station_id),
        "labels": sorted({row.label for row in rows if row.label}, key=lambda label: label.pk),
        "head": Table(request, "Kits that were there", [Column("", hidden="Choose"), *map(Column, ("Kit", "Lot", "With", "Measured"))], caption_hidden=True),
        **span_of(request, place, rows),
    }  # fmt: skip
    return render(request, "naloxone/review_storage.html", context)


def decided(request, form):
    """Says it; a hold goes on to the page that does it, where others are put in their place first."""
    made = form.result
    kits = made.lines.count()
    messages.success(
        request, f"{made.get_decision_display()}: {kits} {'kit' if kits == 1 else 'kits'}."
    )
    if made.decision == Decision.HOLD:
        codes = "&".join(f"kits=K-{key}" for key in made.lines.values_list("kit", flat=True))
        return redirect(f"{reverse('naloxone:hold')}?{codes}")
    return redirect("naloxone:storage_reviews")


def span_of(request, place, rows):
    """The picture of the time in question, a day around it."""
    moments = [m for row in rows for m in (row.outside_from, row.outside_until) if m]
    if not moments:
        return {}
    around = timedelta(hours=12)
    bands = rows[0].label.bands if rows[0].label else None
    return picture(request, place, min(moments) - around, max(moments) + around, bands=bands)
