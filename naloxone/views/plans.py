"""The expiry plan: what expires when and where, what is proposed, its making, and what it booked."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from naloxone import actions, badges, forms, plans
from naloxone.models import Booking, ExpiryPlan, Kit
from naloxone.models.need import TRAINER
from naloxone.plan_rules import BookingKind
from naloxone.rules import PLACES, UNUSED
from naloxone.shortages import month_after
from naloxone.views.levels import stock_tabs
from naloxone.views.orders import month_of
from naloxone.views.stock import form_page
from safety_portal import access
from safety_portal.access import Permission, needs
from safety_portal.page_parts import Column, Table
from safety_portal.widgets.words import show_day

MOST_SHOWN = 50  # bookings on the page of the plan


# --- what is proposed ----------------------------------------------------------------------------
def cells_of(plan, station):
    """(month, doses, whether something is to be done) for one row of the table."""
    found = [(month, plan.todos.get((station.pk, month))) for month in plan.months]
    return [(month, todo.cell.doses if todo else 0, bool(todo) and not todo.is_empty) for month, todo in found]  # fmt: skip


def proposals(plan, month):
    """What one month asks for, station by station, in sentences."""
    found = [
        {"station": plan.names[todo.cell.station], "todo": todo, "says": says(plan, todo)}
        for todo in plan.of_month(month)
    ]
    return sorted(found, key=lambda one: one["station"].name)


def says(plan, todo):
    """Sentences for one cell, in the order in which one acts."""
    found = []
    if todo.swap:
        found.append(f"Swap {todo.swap:,} doses for stock on hand, first expired first, on {show_day(todo.swap_on)}")  # fmt: skip
    for one in todo.sends:
        lot, place = plan.lots[one.part.lot], plan.places[one.part.place]
        found.append(f"Send {one.kits:,} of lot {lot.number} ({one.doses:,} doses) from {place.name} to {plan.names[one.to]} by {show_day(one.by_on)}")  # fmt: skip
    if todo.order:
        when = "at once, it comes late" if todo.is_late else f"by {show_day(todo.order_by)}"
        found.append(f"Order {todo.order:,} doses {when}; due {show_day(todo.due_on)}")
    return found


@needs(Permission.ORDERS_SEE)
def plan(request):
    """What expires in the next months at one's stations, and what to do about it."""
    found = plans.plan_for(request.person, Permission.ORDERS_SEE)
    rows = [(station, found.rates[station.pk], cells_of(found, station)) for station in found.stations]  # fmt: skip
    months = [(month, proposals(found, month)) for month in found.months]
    booked = list(plans.open_bookings(request.person)[: MOST_SHOWN + 1])
    columns = [Column("Station"), Column("Used in 12 months", figure=True)]
    columns += [Column(f"{month:%b %Y}", figure=True) for month in found.months]
    return render(request, "naloxone/plan.html", {
        "title": "Expiry plan",
        "tabs": stock_tabs(request.person, "expiry_plan"),
        "plan": found,
        "rows": rows,
        "proposed": [(month, rows) for month, rows in months if rows],
        "bookings": booked[:MOST_SHOWN],
        "more": len(booked) > MOST_SHOWN,
        "head": Table(request, "Doses that expire, by month", columns, caption_hidden=True),
        "can_make": access.may(request.person, Permission.ORDERS_KEEP, at=access.ANYWHERE),
    })  # fmt: skip


@needs(Permission.ORDERS_KEEP)
def make(request, month):
    """All that one month's plan would make, exactly; then one act makes it."""
    when = month_of(month)
    if when is None:
        raise Http404
    found = plans.plan_for(request.person, Permission.ORDERS_KEEP)
    todos = found.of_month(when)
    cancel = reverse("naloxone:expiry_plan")
    form = forms.PlanForm(
        request.POST or None, person=request.person, plan=found, month=when, todos=todos, cancel_url=cancel,
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(actions.make_plan, on=found.on):
        messages.success(request, f"{form.result.reference} is made.")
        return redirect("naloxone:plan_made", form.result.pk)
    return form_page(
        request, form, f"Plan for what expires in {when:%B %Y}", template="naloxone/plan_make.html",
        proposed=proposals(found, when), products=form.products, order=order_lines(form, todos),
        due_on=min((todo.due_on for todo in todos if todo.order), default=None),
    )  # fmt: skip


def order_lines(form, todos):
    """(station, cartons) of the order that the form would make."""
    if not form.products:
        return []
    doses = form.products[0].devices_per_carton
    return [(form.plan.names[todo.cell.station], -(-todo.order // doses)) for todo in todos if todo.order]  # fmt: skip


# --- what it made --------------------------------------------------------------------------------
@needs(Permission.ORDERS_SEE)
def made(request, number):
    """One plan: its order, and what it booked."""
    mine = Booking.objects.visible_to(request.person).with_names().nearest_first()
    found = get_object_or_404(ExpiryPlan.objects.select_related("by", "order"), pk=number)
    bookings = list(mine.filter(plan=found))
    order = found.order and type(found.order).objects.visible_to(request.person).filter(pk=found.order_id).first()  # fmt: skip
    if not bookings and order is None:
        raise Http404
    context = {"title": found.reference, "plan": found, "order": order, "bookings": bookings}
    return render(request, "naloxone/plan_made.html", context)


def state_badge(found, today):
    end = getattr(found, "end", None)
    if end is not None:
        return badges.badge("Done", "good") if end.done else badges.badge("Not done", "quiet")
    late = found.by_on < today
    return badges.badge("Overdue", "bad") if late else badges.badge("Booked", "info")


def kits_of(found):
    """The units that a booking is about: of the lot in the storeroom, or of the month at the station."""
    kits = Kit.objects.filter(station=found.station_id, state__in=UNUSED, doses__gt=0).exclude(
        kind=TRAINER
    )
    if found.kind == BookingKind.SEND:
        kits = kits.filter(holder=found.place_id, lot=found.lot_id)
        return kits.order_by("pk")[: found.kits]
    month = found.plan.month
    return kits.filter(expires_on__gte=month, expires_on__lt=month_after(month)).first_expired_first()  # fmt: skip


def way_to_send(found):
    """The page that sends, filled in."""
    asked = {
        "kits": [kit.reference for kit in kits_of(found).only("pk")], "destination": found.destination_id,
        "expected_on": f"{found.by_on:%Y-%m-%d}", "booking": found.reference,
    }  # fmt: skip
    return f"{reverse('naloxone:send')}?{urlencode(asked, doseq=True)}"


def ways_to_swap(found):
    """(where, how many kits, the page that swaps them, filled in) for each place; then what people carry."""
    by_place, carried = {}, 0
    for kit in kits_of(found).select_related("holder"):
        if kit.holder.kind in PLACES:
            by_place.setdefault(kit.holder, []).append(kit.reference)
        else:
            carried += 1
    ways = [
        (place.name, len(codes), f"{reverse('naloxone:swap', args=[place.pk])}?{urlencode({'old': codes}, doseq=True)}")
        for place, codes in by_place.items()
        if place.keeps_ready
    ]  # fmt: skip
    if carried:
        ways.append(("Carried by people and dogs: at a muster", carried, reverse("naloxone:musters")))  # fmt: skip
    return ways


@needs(Permission.ORDERS_SEE)
def booking(request, number):
    """One booking: what, by when, one tap to where it is done, and what became of it."""
    found = get_object_or_404(Booking.objects.visible_to(request.person).with_names(), pk=number)
    is_open = getattr(found, "end", None) is None
    may_end = is_open and access.may(request.person, Permission.CUSTODY_GIVE, at=found.station_id)
    form = forms.EndBookingForm(request.POST or None, person=request.person)
    if request.method == "POST":
        if not may_end:
            raise Http404
        if form.carry_out(actions.end_booking, booking=found):
            messages.success(request, f"{found.reference} is recorded.")
            return redirect(found)
    is_send = found.kind == BookingKind.SEND
    return render(request, "naloxone/booking.html", {
        "title": found.reference,
        "booking": found,
        "badge": state_badge(found, found.station.today()),
        "send_url": way_to_send(found) if may_end and is_send else "",
        "ways": ways_to_swap(found) if may_end and not is_send else [],
        "form": form if may_end else None,
    })  # fmt: skip
