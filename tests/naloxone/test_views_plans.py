"""The expiry plan through its pages: the table, the preview, what it made, and the way to where it is done."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone.models import Booking, BookingEnd, ExpiryPlan, Order
from safety_portal.access import Role, Scope
from tests.naloxone import make
from tests.naloxone.test_plans import busy, expires, make_plan, month_of, national

__all__ = ["busy", "expires", "national"]  # fixtures
pytestmark = pytest.mark.django_db


def page(client, where, **asked):
    return client.get(where, asked).content.decode()


def where_to_make(day):
    return f"/stock/plan/{day:%Y-%m}/"


def filled(client, day, **facts):
    """The preview's form as it would be sent."""
    form = client.get(where_to_make(day)).context["form"]
    return {"seen": form["seen"].value(), "supplier": "Fictitious Supply", "request_key": str(make.key())} | facts  # fmt: skip


def test_a_plan_of_nothing_says_what_would_fill_it(signed_in):
    said = page(signed_in, "/stock/plan/")

    assert "Nothing expires at your stations in the next months." in said
    assert "Nothing is booked." in said


def test_the_table_has_what_expires_and_the_proposals_say_what_to_do(client, national, busy, expires):  # fmt: skip
    client.force_login(national.account)

    said = page(client, "/stock/plan/")

    assert f'href="#month_{expires:%Y_%m}"' in said
    assert "Swap 2 doses for stock on hand" in said
    assert "Send 3 of lot" in said
    assert "Order 6 doses by" in said
    assert "(28.6 to 54.5)" in said


def test_a_supervisor_sees_the_own_station_and_makes_nothing(client, by, store, expires):
    other = make.coordinator(make.station())
    make.delivery(by, store, expires_on=expires)
    make.delivery(other, make.place(other), expires_on=expires)
    client.force_login(make.person(by.station, Role.SUPERVISOR).account)

    said = page(client, "/stock/plan/")

    assert str(by.station) in said
    assert str(other.station) not in said
    assert "Look at this plan" not in said
    assert client.get(where_to_make(expires)).status_code == 404


def test_all_is_seen_to_once_it_is_ordered(signed_in, by, store, expires):
    make.delivery(by, store, expires_on=expires)
    make_plan(by, expires)

    said = page(signed_in, "/stock/plan/")

    assert "all that expires is seen to" in said
    assert "Nothing is to be done about this month." in page(signed_in, where_to_make(expires))


def test_the_preview_is_what_is_made(client, national, busy, expires):
    client.force_login(national.account)
    said = page(client, where_to_make(expires))
    assert f"{busy[0].station}: 3 cartons" in said

    answer = client.post(where_to_make(expires), filled(client, expires), follow=True)

    plan = ExpiryPlan.objects.get()
    made = answer.content.decode()
    assert plan.order.reference in made
    for booking in plan.bookings.with_names():
        assert booking.words in made
    assert "Nothing is to be done" in page(client, where_to_make(expires))
    assert all(b.reference in page(client, "/stock/plan/") for b in plan.bookings.all())


def test_what_changed_since_the_preview_is_shown_and_not_made(client, national, busy, expires):
    client.force_login(national.account)
    told = filled(client, expires)
    make.delivery(busy[0], make.place(busy[0]), expires_on=expires)

    answer = client.post(where_to_make(expires), told)

    assert "Stock has changed since this was shown" in answer.content.decode()
    assert not ExpiryPlan.objects.exists()
    again = answer.context["form"]
    assert again.initial["seen"] != told["seen"]
    client.post(where_to_make(expires), told | {"seen": again.initial["seen"]})
    assert ExpiryPlan.objects.exists()


def test_a_plan_without_an_order_asks_for_no_supplier(signed_in, by, store):
    day = make.day(120).replace(day=15)
    make.delivery(by, store, expires_on=day)
    make.delivery(by, make.storeroom(by), cartons=2, expires_on=make.day(600))

    told = filled(signed_in, day)
    assert "supplier" not in signed_in.get(where_to_make(day)).context["form"].fields
    signed_in.post(where_to_make(day), told)

    assert ExpiryPlan.objects.get().order is None
    assert not Order.objects.exists()


@pytest.mark.parametrize("words", ["soon", "2027-99"])
def test_a_month_that_is_none_has_no_plan(signed_in, words):
    assert signed_in.get(f"/stock/plan/{words}/").status_code == 404


def test_what_presses_is_ordered_at_once(signed_in, by, store):
    make.delivery(by, store, expires_on=make.day(40))

    assert "at once, it comes late" in page(signed_in, "/stock/plan/")


# --- bookings ------------------------------------------------------------------------------------
def test_a_booking_to_send_leads_to_the_page_filled_in_and_ends_with_it(client, national, busy, expires):  # fmt: skip
    keeper, taker, _ = busy
    make_plan(national, expires)
    booking = Booking.objects.get(kind="send")
    client.force_login(keeper.account)
    where = client.get(booking.get_absolute_url()).context["send_url"]

    form = client.get(where).context["form"]
    assert len(form["kits"].value()) == 3
    assert form["destination"].value() == str(taker.station.pk)
    now = timezone.localtime(timezone.now(), keeper.zone)
    client.post(
        where,
        {
            "kits": "\n".join(form["kits"].value()), "destination": taker.station.pk, "carrier": "Courier",
            "expected_on": f"{booking.by_on:%m/%d/%Y}", "occurred_at_0": f"{now:%m/%d/%Y}",
            "occurred_at_1": f"{now:%H:%M}", "request_key": str(make.key()),
        },
    )  # fmt: skip

    end = BookingEnd.objects.get()
    assert (end.booking, end.done) == (booking, True)
    said = page(client, booking.get_absolute_url())
    assert end.consignment.reference in said
    assert "What became of it" not in said


def test_a_swap_day_leads_to_each_place_with_what_comes_out_and_goes_in(signed_in, by, store, officer, expires):  # fmt: skip
    old = make.delivery(by, store, cartons=2, expires_on=expires)
    make.hand(make.delivery(by, store, expires_on=expires), officer, by=by)
    new = make.delivery(by, make.storeroom(by), cartons=3, expires_on=expires + dt.timedelta(days=400))  # fmt: skip
    make_plan(by, expires)
    swap = Booking.objects.get()

    ways = signed_in.get(swap.get_absolute_url()).context["ways"]

    assert [(name, number) for name, number, _ in ways] == [
        (store.name, 2), ("Carried by people and dogs: at a muster", 1),
    ]  # fmt: skip
    form = signed_in.get(ways[0][2]).context["form"]
    assert form["old"].value() == [kit.reference for kit in old]
    assert form["kits"].value() == [kit.reference for kit in new[:2]]


def test_a_booking_ends_with_why_on_its_page(client, national, busy, expires):
    make_plan(national, expires)
    booking = Booking.objects.get(kind="swap")
    where = booking.get_absolute_url()
    client.force_login(busy[0].account)

    assert "Say why" in client.post(where, {"done": "no", "why": ""}).content.decode()
    client.post(where, {"done": "no", "why": "The storeroom is closed"})

    assert "The storeroom is closed" in page(client, where)
    assert "not done" in page(client, f"/stock/plans/{booking.plan.reference}/")
    assert client.post(where, {"done": "yes"}).status_code == 404


def test_who_only_gets_something_reads_the_booking_and_does_not_end_it(client, national, busy, expires):  # fmt: skip
    make_plan(national, expires)
    send = Booking.objects.get(kind="send")
    client.force_login(busy[1].account)

    assert "What became of it" not in page(client, send.get_absolute_url())
    assert client.post(send.get_absolute_url(), {"done": "yes"}).status_code == 404
    swap = Booking.objects.get(kind="swap")
    assert client.get(swap.get_absolute_url()).status_code == 404


def test_a_plan_of_others_is_not_there(client, national, busy, expires):
    plan = make_plan(national, expires)
    client.force_login(make.coordinator(make.station()).account)

    assert client.get(f"/stock/plans/{plan.reference}/").status_code == 404


def test_an_overdue_booking_says_so(client, national, busy, expires, monkeypatch):
    make_plan(national, expires)
    booking = Booking.objects.get(kind="send")
    client.force_login(busy[0].account)
    assert "Booked" in page(client, booking.get_absolute_url())
    monkeypatch.setattr("safety_portal.people.Station.today", lambda self, now=None: booking.by_on + dt.timedelta(days=1))  # fmt: skip

    assert "Overdue" in page(client, booking.get_absolute_url())


def test_the_health_office_plans_for_the_agency(client, by, store, expires):
    make.delivery(by, store, expires_on=expires)
    planner = make.person(make.station(), Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    client.force_login(planner.account)

    client.post(where_to_make(expires), filled(client, expires))

    assert ExpiryPlan.objects.get().month == month_of(expires)
