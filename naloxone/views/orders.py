"""Orders: what is on its way from suppliers, one order and what came of it, and what changes it."""

import datetime as dt

from django.contrib import messages
from django.db.models import Max
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, badges, forms, shortages
from naloxone.models import Order, OrderLine
from naloxone.order_rules import STATE_WORDS, Covers, OrderState
from naloxone.views.levels import stock_tabs
from naloxone.views.stock import form_page
from safety_portal import access, exports, keyset
from safety_portal.access import Permission, needs
from safety_portal.keyset import By
from safety_portal.page_parts import Column, Tab, Table
from safety_portal.templatetags.portal import count

NEWEST = (By("pk"),)
TONES = {
    OrderState.OPEN: "info", OrderState.PART_DELIVERED: "watch", OrderState.DELIVERED: "good",
    OrderState.CLOSED_SHORT: "quiet", OrderState.CANCELLED: "quiet",
}  # fmt: skip
LISTS = (
    ("Still to come", "orders", "Nothing is on order for your stations."),
    ("All", "orders_all", "Nothing was ordered for your stations yet."),
)


FILE = (
    exports.Out("No.", "reference"), exports.Out("From", "supplier"), exports.Out("Ordered by", "by.name"),
    exports.Out("To come", "to_come"), exports.Out("Due", "due_on"), exports.Out("State", lambda order: STATE_WORDS[order.state]),
)  # fmt: skip


def visible(person):
    return Order.objects.visible_to(person).with_figures().with_names()


def show(order, today):
    """An order with its badge: its state, or that it is overdue."""
    overdue = order.is_running and order.due_on < today
    order.badge = (
        badges.badge("Overdue", "bad")
        if overdue
        else badges.badge(STATE_WORDS[order.state], TONES[order.state])
    )
    return order


def list_page(request, found, name):
    if exports.wanted(request):
        return exports.Listed("Orders", FILE, found, NEWEST, down=True)
    page = keyset.page_of(request.GET, found, NEWEST, down=True)
    today = request.person.station.today()
    figures = ("Ordered", "Received", "To come")
    columns = [*map(Column, ("No.", "What", "From")), *(Column(label, figure=True) for label in figures), *map(Column, ("Due", "State"))]  # fmt: skip
    context = {
        "title": "Orders",
        "stock_tabs": stock_tabs(request.person, "orders"),
        "tabs": [Tab(label, reverse(f"naloxone:{tab}"), tab == name) for label, tab, _ in LISTS],
        "head": Table(request, "Orders, in doses", columns, caption_hidden=True),
        "rows": [show(order, today) for order in page.rows],
        "pager": keyset.pager(
            request.GET, page, NEWEST, keyset.count_of(page, found), "order"
        ),
        "empty": next(text for _, tab, text in LISTS if tab == name),
        "can_order": access.may(request.person, Permission.ORDERS_KEEP, at=access.ANYWHERE),
    }  # fmt: skip
    return render(request, "naloxone/orders.html", context)


@needs(Permission.ORDERS_SEE)
@exports.downloads
def orders(request):
    """What is still to come?"""
    return list_page(request, visible(request.person).running(), "orders")


@needs(Permission.ORDERS_SEE)
@exports.downloads
def orders_all(request):
    """Every order for one's stations."""
    return list_page(request, visible(request.person), "orders_all")


def awaited(person, order):
    """The line that a delivery to the person is counted for; None unless it is one alone."""
    mine = access.stations_where(person, Permission.STOCK_RECEIVE)
    lines = OrderLine.objects.expected_at(mine).filter(order=order)
    found = list(lines[:2])
    return found[0] if len(found) == 1 else None


def may_change(person, order):
    """Whether a person answers for every station of an order of which something is to come."""
    lines = order.lines.values_list("station", flat=True)
    return order.is_running and all(
        access.may(person, Permission.ORDERS_KEEP, at=key) for key in lines
    )


@needs(Permission.ORDERS_SEE)
def order(request, number):
    """One order: ordered, received, still to come, for whom, and what happened to it."""
    found = get_object_or_404(visible(request.person), pk=number)
    lines = found.lines.with_figures().select_related("station", "covers_place").order_by("pk")
    receipts = (
        found.lines.model.objects.filter(order=found)
        .filter(receipts__isnull=False)
        .values_list("station__name", "receipts__doses", "receipts__act", "receipts__consignment", "receipts__recorded_at")
    )  # fmt: skip
    columns = [
        Column("For"), Column("Covers"), Column("Cartons", figure=True),
        *(Column(label, figure=True) for label in ("Doses ordered", "Received", "To come")),
    ]  # fmt: skip
    context = {
        "title": found.reference,
        "order": show(found, request.person.station.today()),
        "lines": lines,
        "head": Table(request, "For whom", columns, caption_hidden=True),
        "receipts": receipts.order_by("receipts__pk"),
        "dues": found.dues.select_related("by").order_by("-pk"),
        "can_change": may_change(request.person, found),
        "can_receive": access.may(request.person, Permission.STOCK_RECEIVE, at=access.ANYWHERE),
        "awaited": awaited(request.person, found),
    }
    return render(request, "naloxone/order.html", context)


# --- what is wanted -----------------------------------------------------------------------------------
def wanted(request):
    """What an address asks to order for: (what it covers, the month, the shortages of one's stations)."""
    if request.GET.get("par"):
        today = request.person.station.today()
        return Covers.PAR, None, shortages.below_par(request.person, today)
    if month := month_of(request.GET.get("month", "")):
        return Covers.EXPIRY, month, shortages.expiring_in(request.person, month)
    return Covers.NOTHING, None, []


def month_of(text):
    """The first day of “2027-03”; None of other words."""
    try:
        return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None


@needs(Permission.ORDERS_KEEP)
def new_order(request):
    """Order for an expiry month or for places below par, or for one station."""
    covers, month, found = wanted(request)
    form = forms.OrderForm(
        request.POST or None, person=request.person, covers=covers, month=month, shortages=found,
        cancel_url=reverse("naloxone:orders"),
    )  # fmt: skip
    today = request.person.station.today()
    if request.method == "POST" and form.carry_out(actions.place_order, on=today):
        messages.success(request, f"{form.result.reference} is recorded.")
        return redirect(form.result)
    asked = {Covers.EXPIRY: month and f"Order for what expires in {month:%B %Y}", Covers.PAR: "Order for places below par"}  # fmt: skip
    return form_page(
        request, form, asked.get(covers) or "Order", template="naloxone/order_form.html",
        covers=covers, shortages=found, known=known_for(request.person, month),
        months=[] if covers else shortages.months_ahead(request.person, today),
    )  # fmt: skip


def known_for(person, month):
    """Orders that were made for an expiry month before, so that nobody orders twice."""
    if month is None:
        return []
    lines = OrderLine.objects.filter(covers=Covers.EXPIRY.value, covers_month=month)
    today = timezone.localdate()
    return [show(one, today) for one in visible(person).filter(pk__in=lines.values("order"))]


# --- what changes it ----------------------------------------------------------------------------------
def changed(request, number, form_class, action, title, said, **more):
    """One page that changes a running order."""
    found = get_object_or_404(visible(request.person), pk=number)
    if not may_change(request.person, found):
        raise Http404
    form = form_class(
        request.POST or None, person=request.person, cancel_url=found.get_absolute_url(),
        **more.pop("form_facts", {}),
    )  # fmt: skip
    if hasattr(form, "describe"):
        form.describe(found, count(-(-found.to_come // found.doses_per_carton), "carton"))
    if request.method == "POST" and form.carry_out(action, order=found, **more):
        messages.success(request, f"{found.reference} {said}.")
        return redirect(found)
    return form_page(
        request,
        form,
        f"{title} {found.reference}",
        template="naloxone/order_form.html",
        order=found,
    )


@needs(Permission.ORDERS_KEEP)
def add_line(request, number):
    """Cartons for one station more."""
    months = shortages.months_ahead(request.person, request.person.station.today())
    return changed(
        request, number, forms.AddLineForm, actions.add_line, "Add to", "has a line more",
        form_facts={"months": months, "initial": {"seen": newest_line(number)}},
    )  # fmt: skip


def newest_line(number):
    """The key of the line that was last added to an order."""
    return OrderLine.objects.filter(order=number).aggregate(key=Max("pk"))["key"]


@needs(Permission.ORDERS_KEEP)
def change_due(request, number):
    """It comes on another day."""
    today = request.person.station.today()
    return changed(
        request, number, forms.DueForm, actions.change_due, "Another day for", "has another day",
        on=today,
    )  # fmt: skip


@needs(Permission.ORDERS_KEEP)
def end_order(request, number):
    """The rest does not come."""
    return changed(request, number, forms.EndOrderForm, actions.end_order, "End", "has ended")
