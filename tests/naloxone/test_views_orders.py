"""Orders through their pages: what is asked for, what the alert fills in, what came, and what changes them."""

import csv

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.models import Kit, Order, OrderLine, OrderReceipt
from naloxone.order_rules import Covers, Ending
from safety_portal.access import Role, Scope
from tests.naloxone import make
from tests.naloxone.orders import order
from tests.naloxone.test_views_stock import delivery

pytestmark = pytest.mark.django_db


def filled(**facts):
    return {
        "products": [make.product().pk], "supplier": "Fictitious Supply",
        "due_on": f"{make.day(40):%m/%d/%Y}", "request_key": str(make.key()),
    } | facts  # fmt: skip


def page(client, where, **asked):
    return client.get(where, asked).content.decode()


# --- lists ---------------------------------------------------------------------------------------
def test_an_empty_list_says_what_would_fill_it(signed_in):
    assert "Nothing is on order for your stations." in page(signed_in, "/orders/")
    assert "Nothing was ordered for your stations yet." in page(signed_in, "/orders/all/")


def test_what_is_still_to_come_stands_apart_from_all(signed_in, by):
    late = order(by, due_on=make.day(-2), on=make.day(-3), supplier="Late Supply")
    gone = order(by, supplier="Gone Supply")
    actions.end_order(order=gone, reason="Ordered twice", by=by)

    coming, everything = page(signed_in, "/orders/"), page(signed_in, "/orders/all/")

    assert "Overdue" in coming
    assert late.reference in coming
    assert gone.reference not in coming
    assert "Cancelled" in everything


def test_nothing_more_is_to_come_of_an_order_that_ended(signed_in, by):
    gone = order(by)
    actions.end_order(order=gone, reason="Ordered twice", by=by)

    [row] = signed_in.get("/orders/all/").context["rows"]
    text = " ".join(page(signed_in, gone.get_absolute_url()).split())
    answer = signed_in.post("/download/", {"list": "/orders/all/", "kind": "csv"})
    [told] = csv.DictReader(b"".join(answer).decode("utf-8-sig").splitlines())

    assert row.to_come == 0
    assert 'data-label="To come" class="figure kits-none">0</td>' in text
    assert told["To come"] == "0"


def test_orders_of_other_stations_are_not_there(signed_in):
    elsewhere = order(make.coordinator(make.station()))

    assert elsewhere.reference not in page(signed_in, "/orders/")
    assert signed_in.get(f"/orders/{elsewhere.reference}/").status_code == 404


def test_who_plans_for_the_agency_finds_the_orders_under_stock(client):
    planner = make.person(make.station(), Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    client.force_login(planner.account)

    answer = client.get("/stock/", follow=True)

    assert answer.redirect_chain == [("/orders/", 302)]
    assert "Stock against par" not in answer.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_a_list_costs_the_same_however_long_it_is(
    signed_in, by, number, django_assert_max_num_queries
):
    for _ in range(number):
        order(by)
    signed_in.get("/orders/")

    with django_assert_max_num_queries(15):
        signed_in.get("/orders/")


# --- asking for something ------------------------------------------------------------------------
def test_an_order_for_one_station_is_recorded(signed_in, by):
    answer = signed_in.post("/orders/new/", filled(station=by.station.pk, cartons="12"), follow=True)  # fmt: skip

    made = Order.objects.with_figures().get()
    assert answer.context["order"] == made
    assert (made.ordered, made.due_on) == (24, make.day(40))
    assert made.lines.get().covers_words == ""


def test_a_day_that_is_past_stands_at_its_field(signed_in, by):
    told = filled(station=by.station.pk, cartons="1", due_on=f"{make.day(-3):%m/%d/%Y}")

    answer = signed_in.post("/orders/new/", told)

    assert "This day is past" in str(answer.context["form"].errors["due_on"])
    assert not Order.objects.exists()


def test_the_form_for_a_month_has_a_number_for_each_station_that_lacks(client):
    national = make.person(make.station(), Role.COORDINATOR, scope=Scope.EVERYWHERE)
    client.force_login(national.account)
    day, product = make.day(150), make.product()
    month = day.replace(day=1)
    keepers = [make.coordinator(make.station()) for _ in range(2)]
    for keeper, cartons in zip(keepers, (3, 5), strict=True):
        make.delivery(keeper, make.storeroom(keeper), product=product, cartons=cartons, expires_on=day)  # fmt: skip
    one, other = (keeper.station for keeper in keepers)

    form = client.get("/orders/new/", {"month": f"{month:%Y-%m}"}).context["form"]
    assert form.fields[f"station_{one.pk}"].initial == 3
    assert form.fields[f"station_{other.pk}"].initial == 5
    assert form.initial["products"] == [product.pk]
    client.post(
        f"/orders/new/?month={month:%Y-%m}",
        filled(products=[product.pk], **{f"station_{one.pk}": "3", f"station_{other.pk}": "0"}),
    )

    line = OrderLine.objects.get()
    assert (line.station, line.covers, line.covers_month) == (one, "expiry", month)
    assert line.shortage == 6
    again = page(client, "/orders/new/", month=f"{month:%Y-%m}")
    assert "Ordered for it before" in again
    assert line.order.reference in again


def test_the_form_for_places_below_par_asks_for_what_they_lack(signed_in, by, store):
    form = signed_in.get("/orders/new/", {"par": "1"}).context["form"]
    assert form.fields[f"station_{by.station.pk}"].initial == 2

    signed_in.post("/orders/new/?par=1", filled(**{f"station_{by.station.pk}": "2"}))

    line = OrderLine.objects.get()
    assert line.covers_words == "Places below par"
    assert Covers(line.covers) == Covers.PAR


@pytest.mark.parametrize("asked", [{"month": "2031-07"}, {"par": "1"}])
def test_where_nothing_is_short_one_may_order_all_the_same(signed_in, asked):
    assert "Nothing of your stations is short of it" in page(signed_in, "/orders/new/", **asked)


def test_a_month_that_is_none_is_an_order_for_nothing_in_particular(signed_in, by):
    make.delivery(by, make.storeroom(by), expires_on=make.day(60))

    said = page(signed_in, "/orders/new/", month="soon")

    assert "For what expires:" in said
    assert f"?month={make.day(60):%Y-%m}" in said


# --- what comes of it ----------------------------------------------------------------------------
def test_the_receive_page_offers_what_is_on_order_there_and_counts_it(signed_in, by, store):
    product = make.product()
    made = order(by, products=[product])
    line = made.lines.get()

    form = signed_in.get("/kits/receive/").context["form"]
    words = [str(label) for _, label in form.fields["order_line"].choices]
    assert any(f"{made.reference}: 10 of 10 cartons to come" in one for one in words)
    signed_in.post("/kits/receive/", delivery(store, product=product.pk, order_line=line.pk))

    assert OrderReceipt.objects.get().doses == 6
    said = page(signed_in, made.get_absolute_url())
    assert "6 received" in said
    assert "14 still to come" in said
    assert "the delivery" in said


def test_the_page_of_an_order_fills_in_what_it_knows_of_a_delivery(signed_in, by, store):
    product = make.product()
    line = order(by, products=[product], supplier="Desert Supply").lines.get()
    where = f"/kits/receive/?order_line={line.pk}"
    assert where in page(signed_in, line.order.get_absolute_url())

    form = signed_in.get(where).context["form"]

    assert (form["order_line"].value(), form["product"].value()) == (line.pk, product.pk)
    assert form["supplier"].value() == "Desert Supply"


def test_of_several_products_or_lines_none_is_guessed(signed_in, by, store):
    lines = [actions.Wanted(by.station, 2), actions.Wanted(by.station, 3)]
    made = order(by, *lines, products=[make.product(), make.product(name="Other")])
    assert "?order_line=" not in page(signed_in, made.get_absolute_url())

    form = signed_in.get(f"/kits/receive/?order_line={made.lines.first().pk}").context["form"]

    assert form["order_line"].value() == made.lines.first().pk
    assert form["product"].value() is None


def test_a_line_of_another_station_or_no_line_fills_in_nothing(signed_in, by, store):
    order(by)
    elsewhere = order(make.coordinator(make.station())).lines.get()

    for asked in (elsewhere.pk, "x", "9" * 30):
        form = signed_in.get(f"/kits/receive/?order_line={asked}").context["form"]
        assert (form["order_line"].value(), form["supplier"].value()) == (None, None)


def test_the_receive_page_asks_nothing_where_nothing_is_on_order(signed_in, store):
    order(make.coordinator(make.station()))

    assert "order_line" not in signed_in.get("/kits/receive/").context["form"].fields


def test_a_delivery_of_something_else_is_refused_at_the_question(signed_in, by, store):
    line = order(by).lines.get()

    answer = signed_in.post("/kits/receive/", delivery(store, order_line=line.pk))

    assert "asks for another product" in str(answer.context["form"].errors["order_line"])
    assert not Kit.objects.exists()


def test_a_box_is_counted_for_an_order_on_its_page(signed_in, by, store):
    product, sender = make.product(), make.coordinator(make.station())
    kits = make.delivery(sender, make.storeroom(sender), product=product, cartons=2)
    made = order(by, products=[product])
    box = actions.send_kits(
        kits=kits, destination=by.station, carrier="Courier", expected_on=make.day(2),
        occurred_at=timezone.now(), request_key=make.key(), by=sender,
    )  # fmt: skip

    signed_in.post(
        box.get_absolute_url(),
        {"place": store.pk, "order_line": made.lines.get().pk, "request_key": str(make.key())},
    )

    assert OrderReceipt.objects.get().consignment == box
    assert box.reference in page(signed_in, made.get_absolute_url())


# --- what changes it -----------------------------------------------------------------------------
def test_a_line_a_day_and_an_end_are_added_on_pages_of_their_own(signed_in, by):
    expires = make.day(100)
    make.delivery(by, make.storeroom(by), expires_on=expires)
    made = order(by)
    where = made.get_absolute_url()

    signed_in.post(f"{where}add/", {"station": by.station.pk, "cartons": "5", "covers": f"{expires:%Y-%m}"})  # fmt: skip
    signed_in.post(f"{where}due/", {"due_on": f"{make.day(50):%m/%d/%Y}", "why": "Out of stock"})
    found = Order.objects.with_figures().get()
    assert (found.ordered, found.due_on) == (30, make.day(50))
    assert found.lines.last().covers_words == f"Kits that expire in {expires:%B %Y}"
    said = page(signed_in, f"{where}end/")
    assert "15 cartons are not expected any more" in said
    signed_in.post(f"{where}end/", {"reason": "The maker stopped"})

    assert made.end.kind == Ending.CANCELLED
    said = page(signed_in, where)
    assert "The maker stopped" in said
    assert "It comes on another day" not in said
    assert signed_in.get(f"{where}due/").status_code == 404


def test_a_line_that_is_sent_twice_is_added_once(signed_in, by):
    made = order(by)
    form = signed_in.get(f"{made.get_absolute_url()}add/").context["form"]
    told = {"cartons": "5", "covers": "", "seen": form["seen"].value(), "station": form["station"].value()}  # fmt: skip
    assert told["station"] == by.station.pk

    for _ in range(2):
        signed_in.post(f"{made.get_absolute_url()}add/", told)
    assert [line.cartons for line in made.lines.order_by("pk")] == [10, 5]
    again = signed_in.get(f"{made.get_absolute_url()}add/").context["form"]["seen"].value()
    signed_in.post(f"{made.get_absolute_url()}add/", told | {"seen": again})

    assert made.lines.count() == 3


def test_a_page_that_would_change_an_order_says_why_not(signed_in, by):
    made = order(by)

    answer = signed_in.post(
        f"{made.get_absolute_url()}due/", {"due_on": f"{make.day(-5):%m/%d/%Y}", "why": "x"}
    )

    assert "This day is past" in str(answer.context["form"].errors["due_on"])


def test_a_supervisor_reads_and_changes_nothing(client, by):
    made = order(by)
    client.force_login(make.person(by.station, Role.SUPERVISOR).account)

    said = page(client, made.get_absolute_url())

    assert "20 still to come" in said
    assert "The rest does not come" not in said
    assert "Record an order" not in page(client, "/orders/")
    assert client.get("/orders/new/").status_code == 404
    assert client.get(f"{made.get_absolute_url()}end/").status_code == 404


def test_an_order_for_several_stations_is_changed_by_who_answers_for_all(client, by):
    other = make.coordinator(make.station())
    national = make.person(make.station(), Role.COORDINATOR, scope=Scope.EVERYWHERE)
    made = order(national, actions.Wanted(by.station, 1), actions.Wanted(other.station, 1))
    client.force_login(by.account)

    assert "The rest does not come" not in page(client, made.get_absolute_url())
    assert client.get(f"{made.get_absolute_url()}end/").status_code == 404


def test_a_reference_typed_into_the_search_leads_to_the_order(signed_in, by):
    made = order(by)

    answer = signed_in.get("/search/", {"q": made.reference})

    assert answer.url == made.get_absolute_url()
