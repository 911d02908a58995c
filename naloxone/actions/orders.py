"""Orders of stock: placed, added to, put off, ended; what arrives is counted for a line. Rows are only ever added."""

from typing import NamedTuple

from django.db import transaction
from django.db.models import Sum

from naloxone.models import (
    Kit,
    Order,
    OrderDue,
    OrderEnd,
    OrderLine,
    OrderProduct,
    OrderReceipt,
)
from naloxone.order_rules import (
    Covers,
    OrderError,
    check_cartons,
    check_due,
    check_products,
    check_running,
    ending_for,
)
from naloxone.rules import UNUSED
from safety_portal import access, audit
from safety_portal.access import Permission
from safety_portal.people import Station
from safety_portal.versions import one_at_a_time


class Wanted(NamedTuple):
    """One line as it is asked for: cartons for a station, and the shortage there that they cover."""

    station: Station
    cartons: int
    covers: Covers = Covers.NOTHING
    month: object = None  # the first of the month of expiry
    place: object = None


def shortage_of(wanted):
    """How many doses of the station expire in the month that a line covers; 0 of another shortage."""
    if wanted.covers != Covers.EXPIRY:
        return 0
    kits = Kit.objects.filter(
        station=wanted.station, state__in=UNUSED,
        expires_on__year=wanted.month.year, expires_on__month=wanted.month.month,
    )  # fmt: skip
    return kits.aggregate(n=Sum("doses"))["n"] or 0


def check_line(wanted, by):
    """Raise AccessError, OrderError unless a line may be so."""
    access.check(by, Permission.ORDERS_KEEP, at=wanted.station)
    check_cartons(wanted.cartons, f"station_{wanted.station.pk}")
    if wanted.station.closed_on is not None:
        raise OrderError(wanted.station.closed_words, "station")
    if wanted.place is not None and wanted.place.station_id != wanted.station.pk:
        raise OrderError(f"{wanted.place} is not at {wanted.station}.", "covers")


def write_lines(order, lines, by):
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order, station=one.station, cartons=one.cartons, covers=one.covers.value,
            covers_month=one.month, covers_place=one.place, shortage=shortage_of(one), by=by,
        )
        for one in lines
    )  # fmt: skip


@transaction.atomic
def place_order(*, products, supplier, due_on, lines, note="", on, request_key, by):
    """Order cartons of one of some products, a Wanted for each line. `on` is the orderer's today. Returns the Order.

    Each line needs the right at its station. The same form sent twice gives the same order. Raises OrderError, AccessError.
    """
    access.check(by, Permission.ORDERS_KEEP, at=access.ANYWHERE)
    one_at_a_time(f"order {request_key}")
    if known := Order.objects.filter(request_key=request_key).first():
        return known
    if not lines:
        raise OrderError("Say for at least one station how many cartons.")
    doses = check_products(product.devices_per_carton for product in products)
    check_due(due_on, on=on)
    for one in lines:
        check_line(one, by)
    order = Order.objects.create(
        request_key=request_key, supplier=supplier, note=note, doses_per_carton=doses, by=by
    )
    OrderProduct.objects.bulk_create(OrderProduct(order=order, product=one) for one in products)
    OrderDue.objects.create(order=order, due_on=due_on, by=by)
    write_lines(order, lines, by)
    audit.record(
        "order.placed", by=by, target=order, supplier=supplier, due=due_on,
        cartons=", ".join(f"{one.station.code}: {one.cartons}" for one in lines),
    )  # fmt: skip
    return order


def running(order, by):
    """The order as it stands, nobody else at it; who changes it answers for every station it is for.

    Raises OrderError when nothing of it is expected any more.
    """
    for key in order.lines.values_list("station", flat=True).distinct():
        access.check(by, Permission.ORDERS_KEEP, at=key)
    one_at_a_time(order.reference)
    found = Order.objects.with_figures().get(pk=order.pk)
    check_running(found.state, found.reference)
    return found


@transaction.atomic
def add_line(*, order, line, seen=None, by):
    """Add a Wanted to a running order. Returns the order. Raises OrderError, AccessError.

    `seen` is the newest line (key) that the person saw: the same form sent twice adds one.
    """
    check_line(line, by)
    order = running(order, by)
    if seen is not None and was_added(order, line, seen, by):
        return order
    write_lines(order, [line], by)
    audit.record("order.added", by=by, target=order, station=line.station, cartons=line.cartons)
    return order


def was_added(order, line, seen, by):
    """Whether a person has added the same line to an order since they saw it."""
    since = order.lines.filter(pk__gt=seen, by=by, station=line.station, cartons=line.cartons)
    return since.filter(covers=line.covers.value, covers_month=line.month).exists()


@transaction.atomic
def change_due(*, order, due_on, why, on, by):
    """Note that an order is due on another day, and why. Returns the order. Raises OrderError, AccessError."""
    order = running(order, by)
    check_due(due_on, on=on)
    if not why.strip():
        raise OrderError("Say why it is another day.", "why")
    if due_on != order.due_on:
        OrderDue.objects.create(order=order, due_on=due_on, why=why, by=by)
        audit.record("order.put_off", by=by, target=order, due=f"{order.due_on} → {due_on}")
    return order


@transaction.atomic
def end_order(*, order, reason, by):
    """End an order of which the rest is not expected any more: closed short once anything came, else cancelled.

    Returns the order. Raises OrderError, AccessError.
    """
    order = running(order, by)
    if not reason.strip():
        raise OrderError("Say why.", "reason")
    ending = ending_for(order.received)
    OrderEnd.objects.create(order=order, kind=ending.value, reason=reason, by=by)
    audit.record(f"order.{ending.value}", by=by, target=order, to_come=order.to_come)
    return order


def check_fits(line, station, products):
    """Raise OrderError unless what came to a station may be counted for a line. Holds the order until the end."""
    one_at_a_time(line.order.reference)
    if line.station_id != station.pk:
        raise OrderError(f"{line.order} is for {line.station} there, not {station}.", "order_line")
    check_running(Order.objects.with_figures().get(pk=line.order_id).state, line.order.reference)
    wanted = set(line.order.products.values_list("pk", flat=True))
    if not wanted & {product.pk for product in products}:
        raise OrderError(f"{line.order} asks for another product.", "order_line")


def count_delivery(*, line, act, product, doses, station, by):
    """Count a delivery for a line of an order; within the delivery's transaction. Raises OrderError."""
    check_fits(line, station, [product])
    OrderReceipt.objects.create(line=line, act=act, doses=doses, by=by)


def count_consignment(*, line, consignment, kits, by):
    """Count what of a box arrived whole, of the ordered products, for a line; within its receipt. Raises OrderError."""
    check_fits(line, consignment.destination, [kit.lot.product for kit in kits if kit.lot])
    wanted = set(line.order.products.values_list("pk", flat=True))
    doses = sum(kit.doses for kit in kits if kit.lot and kit.lot.product_id in wanted)
    OrderReceipt.objects.create(line=line, consignment=consignment, doses=doses, by=by)
