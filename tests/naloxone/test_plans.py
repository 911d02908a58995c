"""The expiry plan: what it proposes, what it makes, what is silent until its day, and how a booking ends."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from naloxone import actions, notices, plans
from naloxone.models import Booking, BookingEnd, Consignment, ExpiryPlan, Kit, Order
from naloxone.order_rules import Covers, OrderError
from naloxone.plan_rules import PlanError, Rate
from safety_portal.access import AccessError, Permission, Role, Scope
from safety_portal.alerts import Alert
from tests.naloxone import make
from tests.naloxone.orders import order

pytestmark = pytest.mark.django_db


@pytest.fixture
def national(db):
    return make.person(make.station("Office"), Role.COORDINATOR, scope=Scope.EVERYWHERE)


@pytest.fixture
def expires():
    """A day some months from now, not near an end of its month."""
    return make.day(150).replace(day=15)


def month_of(day):
    return day.replace(day=1)


def plan_of(person):
    return plans.plan_for(person, Permission.ORDERS_KEEP)


def todo_of(person, station, day):
    return plan_of(person).todos[station.pk, month_of(day)]


def used(by, number):
    """Doses given at a station in the last year."""
    for _ in range(number):
        actions.record_use(
            told=[actions.Told(code="K-0")], station=by.station, given_at=timezone.now(),
            now=timezone.now(), request_key=make.key(), by=by,
        )  # fmt: skip


def make_plan(by, day, **facts):
    plan = plan_of(by)
    todos = plan.of_month(month_of(day))
    products = sorted({plan.products[t.cell.station, month_of(day)] for t in todos}, key=str)
    return actions.make_plan(
        **{
            "month": month_of(day), "todos": todos, "stations": plan.names, "products": products,
            "supplier": "Fictitious Supply", "on": plan.on, "request_key": make.key(), "by": by,
        } | facts
    )  # fmt: skip


# --- what is proposed ----------------------------------------------------------------------------
def test_what_expires_in_places_is_swapped_for_stock_on_hand_and_the_rest_ordered(by, store, expires):  # fmt: skip
    room = make.storeroom(by)
    make.delivery(by, store, cartons=4, expires_on=expires)
    make.delivery(by, room, cartons=3, expires_on=expires + dt.timedelta(days=400))

    found = todo_of(by, by.station, expires)

    assert (found.cell.doses, found.swap, found.order) == (8, 6, 2)
    assert found.sends == ()


def test_stock_that_waits_for_its_check_is_neither_sent_nor_swapped_in(by, store, expires):
    room = make.storeroom(by)
    make.delivery(by, store, expires_on=expires)
    make.delivery(by, room, expires_on=expires + dt.timedelta(days=400), checked=False)
    make.delivery(by, room, expires_on=expires, checked=False)

    found = todo_of(by, by.station, expires)

    assert (found.cell.ready, found.cell.stored, found.swap, found.order) == (4, 0, 0, 4)


def test_a_storeroom_gives_only_what_is_over_its_par_first_expired_first(by, expires):
    room, year = make.storeroom(by, par=2), dt.timedelta(days=365)
    make.delivery(by, room, cartons=2, expires_on=expires)
    assert todo_of(by, by.station, expires).cell.ready == 4

    make.delivery(by, room, cartons=1, expires_on=expires + year)

    cell = todo_of(by, by.station, expires).cell
    assert (cell.ready, cell.stored) == (2, 2)


def test_the_use_of_a_year_has_its_interval(by, store, expires):
    make.delivery(by, store, expires_on=expires)
    used(by, 3)
    actions.record_use(
        told=[actions.Told(code="outside")], station=by.station, given_at=timezone.now(),
        now=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip
    actions.record_use(
        told=[actions.Told(code="K-0")], station=by.station,
        given_at=timezone.now() - dt.timedelta(days=370), now=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip

    assert plan_of(by).rates[by.station.pk] == Rate.of(3)


def test_what_is_on_order_is_left_out(by, store, expires):
    make.delivery(by, store, cartons=3, expires_on=expires)
    order(by, actions.Wanted(by.station, 2, Covers.EXPIRY, month_of(expires)))

    found = todo_of(by, by.station, expires)

    assert (found.cell.covered, found.order) == (4, 2)


def test_a_product_may_take_longer_to_come(by, store, expires, settings):
    product = make.product(ndc="69547-353-02")
    make.delivery(by, store, product=product, expires_on=expires)
    before = todo_of(by, by.station, expires).order_by

    settings.ORDER_LEAD_DAYS_BY_NDC = {"69547-353-02": settings.ORDER_LEAD_DAYS + 20}

    assert todo_of(by, by.station, expires).order_by == before - dt.timedelta(days=20)


def test_a_plan_is_of_the_stations_that_are_one_s_own(by, national, store, expires):
    other = make.coordinator(make.station())
    make.delivery(by, store, expires_on=expires)
    make.delivery(other, make.place(other), expires_on=expires)

    assert {station for station, _ in plan_of(by).todos} == {by.station.pk}
    assert {station for station, _ in plan_of(national).todos} == {by.station.pk, other.station.pk}


def test_a_plan_asks_as_much_for_three_stations_as_for_one(national, expires, django_assert_num_queries):  # fmt: skip
    def stock():
        keeper = make.coordinator(make.station())
        make.delivery(keeper, make.storeroom(keeper), expires_on=expires)

    stock()
    plan_of(national)
    with django_assert_num_queries(9):
        plan_of(national)
    stock()
    stock()
    with django_assert_num_queries(9):
        plan_of(national)


# --- what it makes -------------------------------------------------------------------------------
@pytest.fixture
def busy(national, expires):
    """A station with stock that it does not use, and one that uses much."""
    keeper, taker = make.coordinator(make.station()), make.coordinator(make.station())
    product = make.product()
    room = make.storeroom(keeper)
    make.delivery(keeper, room, product=product, cartons=4, expires_on=expires)
    make.delivery(keeper, make.place(keeper), product=product, cartons=3, expires_on=expires)
    make.delivery(keeper, room, product=product, expires_on=expires + dt.timedelta(days=500))
    make.storeroom(taker)
    used(taker, 40)
    return keeper, taker, room


def test_one_act_makes_the_order_what_is_sent_and_the_swap_day(national, busy, expires):
    keeper, taker, room = busy

    plan = make_plan(national, expires)

    swap, send = plan.bookings.order_by("-kind")
    assert (swap.station, swap.doses) == (keeper.station, 2)
    assert (send.station, send.destination, send.place) == (keeper.station, taker.station, room)
    # A station that used none may use two doses in the time that is left: one kit stays.
    assert (send.kits, send.doses) == (3, 6)
    assert send.words.startswith(f"Send 3 of lot {send.lot.number} from {room} at {keeper.station}")
    assert "Swap day at" in swap.words
    made = Order.objects.with_figures().get()
    assert plan.order == made
    assert made.ordered == 6
    assert made.lines.get().covers == "expiry"
    assert plan_of(national).of_month(month_of(expires)) == []


def test_what_a_plan_covers_is_silent_until_its_day_and_then_told(national, busy, expires):
    make_plan(national, expires)

    def told(now):
        notices.sweep_expiries(now)
        return Alert.objects.open().filter(kind=notices.KIND).count()

    assert told(timezone.now()) == 0
    send = Booking.objects.get(kind="send")
    after = dt.datetime.combine(send.by_on, dt.time(18), dt.UTC)
    assert told(after) == 3
    [line] = {notices.line(list(Alert.objects.open().filter(kind=notices.KIND)))}
    assert line.startswith("Short by 3")
    actions.end_booking(booking=send, done=True, by=busy[0])
    assert told(after) == 0


def test_a_booked_swap_day_keeps_the_swap_silent_and_nothing_else_does(by, store):
    room, day = make.storeroom(by), make.day(20)
    make.delivery(by, store, cartons=2, expires_on=day)
    make.delivery(by, room, cartons=1, expires_on=make.day(400))
    make_plan(by, day)

    notices.sweep_expiries(timezone.now())

    assert Alert.objects.open().filter(kind=notices.KIND).count() == 1
    swap = Booking.objects.get()
    notices.sweep_expiries(dt.datetime.combine(swap.by_on, dt.time(18), dt.UTC))
    assert Alert.objects.open().filter(kind=notices.KIND).count() == 2


def test_the_same_plan_sent_twice_is_made_once(by, store, expires):
    make.delivery(by, store, expires_on=expires)
    key = make.key()
    todos = plan_of(by).of_month(month_of(expires))

    assert make_plan(by, expires, request_key=key) == make_plan(by, expires, request_key=key, todos=todos)  # fmt: skip
    assert (ExpiryPlan.objects.count(), Order.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"todos": []}, "nothing to do"),
        ({"supplier": " "}, "from whom"),
        ({"on": make.day(400)}, "past"),
    ],
)
def test_a_plan_that_can_t_be_made_makes_nothing(national, busy, expires, facts, words):
    with pytest.raises(OrderError, match=words):
        make_plan(national, expires, **facts)

    assert not Booking.objects.exists()
    assert not Order.objects.exists()


def test_who_plans_answers_for_every_station_of_it(national, busy, expires):
    plan = plan_of(national)
    facts = {"todos": plan.of_month(month_of(expires)), "stations": plan.names}

    with pytest.raises(AccessError):
        actions.make_plan(
            month=month_of(expires), products=list(plan.products.values()), supplier="X",
            on=plan.on, request_key=make.key(), by=busy[0], **facts,
        )  # fmt: skip
    assert not ExpiryPlan.objects.exists()


# --- how a booking ends --------------------------------------------------------------------------
def test_sending_what_is_booked_ends_the_booking(national, busy, expires):
    make_plan(national, expires)
    booking = Booking.objects.with_names().get(kind="send")
    facts = {
        "kits": list(Kit.objects.filter(lot=booking.lot, holder=booking.place)),
        "destination": booking.destination, "carrier": "Courier", "expected_on": make.day(3),
        "occurred_at": timezone.now(), "request_key": make.key(), "by": busy[0],
    }  # fmt: skip

    box = actions.send_booked(booking=booking, **facts)
    assert actions.send_booked(booking=booking, **facts) == box

    end = BookingEnd.objects.get()
    assert (end.booking, end.done, end.consignment) == (booking, True, box)
    assert Consignment.objects.count() == 1


def test_a_booking_that_will_not_be_says_why_and_ends_once(national, busy, expires):
    make_plan(national, expires)
    booking = Booking.objects.get(kind="swap")

    with pytest.raises(PlanError, match="Say why"):
        actions.end_booking(booking=booking, done=False, why=" ", by=busy[0])
    with pytest.raises(AccessError):
        actions.end_booking(booking=booking, done=True, by=busy[1])
    actions.end_booking(booking=booking, done=False, why="The storeroom is closed", by=busy[0])
    with pytest.raises(PlanError, match="ended meanwhile"):
        actions.end_booking(booking=booking, done=True, by=busy[0])

    assert todo_of(national, busy[0].station, expires).swap == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        BookingEnd.objects.update(why="Otherwise")


def test_the_station_hears_of_what_is_booked_when_it_is_near(national, busy, expires):
    make_plan(national, expires)
    send = Booking.objects.get(kind="send")

    def open_at(days):
        notices.sweep_bookings(dt.datetime.combine(send.by_on, dt.time(18), dt.UTC) + dt.timedelta(days=days))  # fmt: skip
        return list(Alert.objects.open().filter(kind=notices.BOOKING).order_by("pk"))

    assert open_at(-9) == []
    assert [alert.threshold for alert in open_at(-7)] == [7]
    [found] = open_at(1)
    assert found.threshold == -1
    assert notices.booking_line([found]).startswith("1 booking at")
    assert notices.booking_url([found]) == send.get_absolute_url()
    assert notices.booking_url([found, found]) == "/stock/plan/"
    actions.end_booking(booking=send, done=True, by=busy[0])
    assert open_at(1) == []
