"""The expiry plan is made: one order, what is sent and what is swapped, all of it or nothing. Rows are only ever added."""

from django.db import transaction

from naloxone.actions import orders
from naloxone.actions.consignments import send_kits
from naloxone.models import Booking, BookingEnd, ExpiryPlan
from naloxone.order_rules import Covers
from naloxone.plan_rules import BookingKind, PlanError, check_by
from safety_portal import access, audit
from safety_portal.access import Permission
from safety_portal.versions import one_at_a_time


def bookings_of(plan, todos):
    """The rows that a plan's Todos become, not saved yet."""
    for todo in todos:
        facts = {"plan": plan, "station_id": todo.cell.station, "shortage": todo.cell.doses}
        if todo.swap:
            yield Booking(kind=BookingKind.SWAP.value, doses=todo.swap, by_on=todo.swap_on, **facts)
        for one in todo.sends:
            yield Booking(
                kind=BookingKind.SEND.value, doses=one.doses, by_on=one.by_on, kits=one.kits,
                place_id=one.part.place, lot_id=one.part.lot, destination_id=one.to, **facts,
            )  # fmt: skip


def lines_of(todos, stations, doses, month):
    """What the order asks for: whole cartons for each station that lacks some."""
    return [
        orders.Wanted(stations[todo.cell.station], -(-todo.order // doses), Covers.EXPIRY, month)
        for todo in todos
        if todo.order
    ]


@transaction.atomic
def make_plan(*, month, todos, stations, products=(), supplier="", on, request_key, by):
    """Make what is proposed about a month's expiries: an order, bookings to send and swap days. Returns the ExpiryPlan.

    `stations`: key → Station. Each needs the right to order there. The same form sent twice makes one plan.
    Raises PlanError, OrderError, AccessError; then nothing is made.
    """
    one_at_a_time(f"plan {request_key}")
    if known := ExpiryPlan.objects.filter(request_key=request_key).first():
        return known
    if not todos:
        raise PlanError("There is nothing to do about this month.")
    for todo in todos:
        for key in (todo.cell.station, *(one.to for one in todo.sends)):
            access.check(by, Permission.ORDERS_KEEP, at=stations[key])
    order = None
    if any(todo.order for todo in todos):
        if not supplier.strip():
            raise PlanError("Say from whom it is ordered.", "supplier")
        order = orders.place_order(
            products=products, supplier=supplier, due_on=min(t.due_on for t in todos if t.order),
            lines=lines_of(todos, stations, products[0].devices_per_carton, month), on=on,
            request_key=request_key, by=by,
        )  # fmt: skip
    plan = ExpiryPlan.objects.create(request_key=request_key, month=month, order=order, by=by)
    booked = list(bookings_of(plan, todos))
    for booking in booked:
        check_by(booking.by_on, on=on)
    Booking.objects.bulk_create(booked)
    audit.record(
        "plan.made", by=by, target=plan, month=f"{month:%Y-%m}", order=order or "none",
        bookings=len(booked),
    )  # fmt: skip
    return plan


@transaction.atomic
def end_booking(*, booking, done, why="", consignment=None, by):
    """Note that a booking was carried out, or that it will not be and why. Returns the booking.

    Raises PlanError, AccessError.
    """
    access.check(by, Permission.CUSTODY_GIVE, at=booking.station)
    one_at_a_time(booking.reference)
    if BookingEnd.objects.filter(booking=booking).exists():
        raise PlanError(f"{booking.reference} has ended meanwhile.")
    if not done and not why.strip():
        raise PlanError("Say why it does not happen.", "why")
    BookingEnd.objects.create(booking=booking, done=done, why=why, consignment=consignment, by=by)
    audit.record(
        "plan.booking_done" if done else "plan.booking_dropped", by=by, target=booking, why=why
    )
    return booking


@transaction.atomic
def send_booked(*, booking, by, **facts):
    """Send units off as they were booked: the box and the booking's end in one act. Returns the Consignment.

    Raises CustodyError, AccessError.
    """
    made = send_kits(by=by, **facts)
    if not BookingEnd.objects.filter(booking=booking).exists():
        end_booking(booking=booking, done=True, consignment=made, by=by)
    return made
