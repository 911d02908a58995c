"""Boxes from station to station: what is coming and what was sent, sending one off, one box and its receipt, its packing list."""

from functools import partial

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, first_out, forms, printed
from naloxone.models import Arrival, Booking, Consignment
from naloxone.views.stock import asked, form_page
from safety_portal import access, documents, keyset, looking
from safety_portal.access import Permission, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Tab, Table
from safety_portal.people import reference_number

NEWEST = (By("pk"),)
TABS = (
    ("On their way to us", "consignments", "No box is on its way to your stations."),
    ("On their way from us", "consignments_sent", "No box of yours is on its way."),
    ("All", "consignments_all", "No box has been sent yet."),
)


# --- lists --------------------------------------------------------------------------------------------
FILE = (
    Out("No.", "reference"), Out("From", "station.name"), Out("To", "destination.name"), Out("Kits", "number"),
    Out("Carrier", "carrier"), Out("Expected", "expected_on"), Out("Ended", "ended_at", moment=True),
)  # fmt: skip


def list_page(request, found, name):
    if wanted(request):
        return Listed("Consignments", FILE, found.with_names().with_numbers(), NEWEST, down=True)
    page = keyset.page_of(request.GET, found.with_names().with_numbers(), NEWEST, down=True)
    for one in page.rows:
        one.badge = state_badge(one)
    columns = ("No.", "From", "To", "Carrier", "Expected", "State")
    context = {
        "title": "Consignments",
        "tabs": [Tab(label, reverse(f"naloxone:{tab}"), tab == name) for label, tab, _ in TABS],
        "head": Table(
            request, "Consignments",
            [*map(Column, columns[:3]), Column("Kits", figure=True), *map(Column, columns[3:])],
            caption_hidden=True,
        ),
        "rows": page.rows,
        "pager": keyset.pager(
            request.GET, page, NEWEST, keyset.count_of(page, found), "consignment"
        ),
        "empty": next(text for _, tab, text in TABS if tab == name),
    }  # fmt: skip
    return render(request, "naloxone/consignments.html", context)


def state_badge(box):
    """On its way, late by the clock of where it goes, or how it ended."""
    if box.ended_at is None:
        late = box.expected_on < box.destination.today()
        return badges.badge("Late", "bad") if late else badges.badge("On its way", "info")
    return (
        badges.badge("Received", "good")
        if box.was_received
        else badges.badge("Called back", "quiet")
    )


@needs(Permission.KITS_SEE)
@downloads
def consignments(request):
    """What comes to us."""
    found = Consignment.objects.coming_to(request.person).open()
    there = looking.narrowing(request.person, "destination")
    return list_page(request, found.filter(there), "consignments")


@needs(Permission.KITS_SEE)
@downloads
def consignments_sent(request):
    """What we sent and nobody has received yet."""
    found = Consignment.objects.filter(access.within(request.person, Permission.KITS_SEE)).open()
    return list_page(request, found.filter(looking.narrowing(request.person)), "consignments_sent")


@needs(Permission.KITS_SEE)
@downloads
def consignments_all(request):
    """Every box from or to one's stations."""
    here = looking.narrowing(request.person) | looking.narrowing(request.person, "destination")
    found = Consignment.objects.visible_to(request.person).filter(here)
    return list_page(request, found, "consignments_all")


# --- sending ------------------------------------------------------------------------------------------
def destination_of(request):
    """The station that a proposal fills in."""
    key = request.GET.get("destination", "")
    return {"destination": key} if key.isdecimal() and len(key) < 10 else {}


@needs(Permission.CUSTODY_GIVE)
def send(request):
    """Which kits, to which station, by whom, until when."""
    booking = booked(request)
    form = forms.SendForm(
        request.POST or None, person=request.person, cancel_url=reverse("naloxone:kits"),
        initial=asked(request) | destination_of(request) | {"expected_on": request.GET.get("expected_on")},
    )  # fmt: skip
    sooner = first_out.left_by(form)
    send = partial(actions.send_booked, booking=booking) if booking else actions.send_kits
    if request.method == "POST" and form.carry_out(send):
        first_out.note(request, sooner)
        messages.success(
            request, f"{form.result.reference} is on its way. Put its packing list into the box."
        )
        return redirect(form.result)
    return form_page(request, form, "Send kits to another station")


def booked(request):
    """The booking of an expiry plan from which one came here, if it is still open."""
    number = reference_number("BK", request.GET.get("booking", ""))
    here = access.within(request.person, Permission.CUSTODY_GIVE)
    return number and Booking.objects.filter(here, pk=number).open().first()


# --- one box ------------------------------------------------------------------------------------------
def visible(person, number):
    boxes = Consignment.objects.visible_to(person).with_names()
    return get_object_or_404(boxes, pk=number)


def lines_of(box, today, form):
    """The box's units, each with how it arrived, or what was ticked about it in a form that came back."""
    lines = list(box.lines.select_related("kit__lot__product", "kit__holder").order_by("kit"))
    badges.show([line.kit for line in lines], today)
    short, damaged = form.ticked("short"), form.ticked("damaged")
    for line in lines:
        line.short, line.damaged = line.kit_id in short, line.kit_id in damaged
        line.badge = (
            badges.badge(Arrival(line.arrival).label, TONES[line.arrival]) if line.arrival else ""
        )
    return lines


TONES = {
    Arrival.WHOLE: "good", Arrival.DAMAGED: "watch", Arrival.SHORT: "bad", Arrival.CALLED_BACK: "quiet",
}  # fmt: skip


@needs(Permission.KITS_SEE)
def consignment(request, number):
    """One box: what is in it, where it goes; and its receipt, for who takes it there."""
    box = visible(request.person, number)
    takes = access.may(request.person, Permission.CUSTODY_TAKE, at=box.destination_id)
    form = forms.ArrivalForm(request.POST or None, person=request.person, consignment=box)
    if request.method == "POST":
        if not takes:
            raise Http404
        if form.carry_out(actions.receive_consignment, now=timezone.now()):
            messages.success(request, f"{box.reference} is received.")
            return redirect(box)
    under_way = box.ended_at is None
    gives = access.may(request.person, Permission.CUSTODY_TAKE, at=box.station_id)
    receives = takes and under_way
    context = {
        "title": box.reference,
        "box": box,
        "badge": state_badge(box),
        "lines": lines_of(box, request.person.station.today(), form),
        "form": form if receives else None,
        "can_call_back": gives and under_way,
        "head": Table(request, "Kits", lines_columns(receives), caption_hidden=True),
    }
    return render(request, "naloxone/consignment.html", context)


def lines_columns(receives):
    ticks = ("Not there", "Damaged") if receives else ("Arrival",)
    return [*map(Column, ("Kit", "What", "Expiry", *ticks))]


@needs(Permission.CUSTODY_TAKE)
def call_back(request, number):
    """It came back, or never left."""
    box = visible(request.person, number)
    if not access.may(request.person, Permission.CUSTODY_TAKE, at=box.station_id):
        raise Http404
    form = forms.CallBackForm(
        request.POST or None,
        person=request.person,
        consignment=box,
        cancel_url=box.get_absolute_url(),
    )
    if request.method == "POST" and form.carry_out(actions.call_back, now=timezone.now()):
        messages.success(request, f"{box.reference} is called back.")
        return redirect(box)
    return form_page(request, form, f"Call {box.reference} back")


@needs(Permission.KITS_SEE)
def packing_list(request, number):
    """What lies in the box, on paper, for the box."""
    box = visible(request.person, number)
    now = timezone.now()
    pdf = printed.packing_list(box, by=request.person, now=now)
    return documents.answer(pdf, f"{box.reference} packing list.pdf")
