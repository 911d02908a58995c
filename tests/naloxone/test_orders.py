"""Orders: what is ordered, what comes, how it ends, and the shortage that is silent meanwhile."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from naloxone import actions, notices
from naloxone.models import Holder, Kit, Order, OrderLine
from naloxone.order_rules import Covers, OrderError, OrderState
from safety_portal.access import AccessError, Role, Scope
from safety_portal.alerts import Alert, MessageLine, run_sweeps
from safety_portal.audit import AuditRow
from safety_portal.digests import make_digests
from safety_portal.outbox import Message
from tests.naloxone import make
from tests.naloxone.orders import order

pytestmark = pytest.mark.django_db


def fresh(found):
    return Order.objects.with_figures().get(pk=found.pk)


def receive(by, store, line, product, cartons, **facts):
    return make.delivery(by, store, product=product, cartons=cartons, order_line=line, **facts)


# --- what is ordered -----------------------------------------------------------------------------
def test_an_order_says_what_for_whom_and_by_when(by):
    either = [make.product(), make.product()]
    other = make.station()
    make.grant(by, Role.COORDINATOR, scope=Scope.EVERYWHERE)

    made = order(by, actions.Wanted(by.station, 10), actions.Wanted(other, 5), products=either)

    found = fresh(made)
    assert (found.ordered, found.received, found.to_come) == (30, 0, 30)
    assert (found.state, found.due_on) == (OrderState.OPEN, make.day(30))
    assert set(found.products.all()) == set(either)
    assert AuditRow.objects.filter(act="order.placed", target=found.reference).exists()


def test_the_same_form_sent_twice_orders_once(by):
    key = make.key()

    assert order(by, request_key=key) == order(by, request_key=key)
    assert Order.objects.count() == 1


def test_nobody_orders_for_a_station_that_is_not_theirs(by):
    with pytest.raises(AccessError):
        order(by, actions.Wanted(make.station(), 1))
    with pytest.raises(AccessError):
        order(make.person(by.station, Role.SUPERVISOR))
    order(make.person(make.station(), Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE), actions.Wanted(by.station, 1))  # fmt: skip


def test_an_order_for_nobody_a_closed_station_or_another_ones_place_is_refused(by):
    with pytest.raises(OrderError, match="at least one station"):
        order(by, lines=[])
    place = make.place(make.coordinator(make.station()))
    with pytest.raises(OrderError, match="is not at"):
        order(by, actions.Wanted(by.station, 1, Covers.PAR, place=place))
    with pytest.raises(OrderError, match="From 1"):
        order(by, actions.Wanted(by.station, 0))
    by.station.closed_on = make.day(-1)
    by.station.save()
    with pytest.raises(OrderError, match="closed"):
        order(by)


# --- what becomes of it --------------------------------------------------------------------------
def test_what_comes_is_counted_until_it_is_whole(by, store):
    product = make.product()
    made = order(by, products=[product])
    line = made.lines.get()
    states = [fresh(made).state]

    for cartons in (4, 6):
        receive(by, store, line, product, cartons)
        states.append(fresh(made).state)

    assert states == [OrderState.OPEN, OrderState.PART_DELIVERED, OrderState.DELIVERED]
    assert fresh(made).received == 20


def test_a_delivery_that_is_not_what_was_ordered_is_not_received_as_such(by, store):
    product = make.product()
    made = order(by, products=[product])
    elsewhere = make.coordinator(make.station())

    with pytest.raises(OrderError, match="asks for another product"):
        receive(by, store, made.lines.get(), make.product(), 1)
    with pytest.raises(OrderError, match=f"for {by.station} there"):
        receive(elsewhere, make.place(elsewhere), made.lines.get(), product, 1)
    actions.end_order(order=made, reason="Ordered twice", by=by)
    with pytest.raises(OrderError, match="has ended: cancelled"):
        receive(by, store, made.lines.get(), product, 1)
    assert Kit.objects.count() == 0


def test_a_box_from_another_station_may_be_what_was_ordered(by, store):
    product = make.product()
    made = order(by, products=[product])
    sender = make.coordinator(make.station())
    kits = make.delivery(sender, make.place(sender), product=product, cartons=3)
    box = actions.send_kits(
        kits=kits, destination=by.station, why_empty="All there is", carrier="Courier", expected_on=make.day(2),
        occurred_at=timezone.now(), request_key=make.key(), by=sender,
    )  # fmt: skip

    actions.receive_consignment(
        consignment=box, place=store, short=[kits[0].pk], reason="Two in it",
        order_line=made.lines.get(), now=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    assert fresh(made).received == 4


def test_another_day_is_a_new_row_with_its_reason(by):
    made = order(by)

    actions.change_due(order=made, due_on=make.day(60), why="Out of stock", on=make.day(0), by=by)
    actions.change_due(order=made, due_on=make.day(60), why="Again", on=make.day(0), by=by)

    assert fresh(made).due_on == make.day(60)
    assert list(made.dues.order_by("pk").values_list("why", flat=True)) == ["", "Out of stock"]
    with pytest.raises(OrderError, match="Say why"):
        actions.change_due(order=made, due_on=make.day(70), why=" ", on=make.day(0), by=by)
    with pytest.raises(OrderError, match="past"):
        actions.change_due(order=made, due_on=make.day(-2), why="No", on=make.day(0), by=by)


def test_what_ended_short_or_was_cancelled_says_why_and_stays_so(by, store):
    product = make.product()
    short, none = order(by, products=[product]), order(by)
    receive(by, store, short.lines.get(), product, 2)

    with pytest.raises(OrderError, match="Say why"):
        actions.end_order(order=none, reason="", by=by)
    for one in (short, none):
        actions.end_order(order=one, reason="The maker stopped", by=by)

    assert (fresh(short).state, fresh(none).state) == (OrderState.CLOSED_SHORT, OrderState.CANCELLED)  # fmt: skip
    assert not Order.objects.with_figures().running().exists()
    for act, facts in (
        (actions.end_order, {"reason": "Again"}),
        (actions.add_line, {"line": actions.Wanted(by.station, 1)}),
        (actions.change_due, {"due_on": make.day(9), "why": "x", "on": make.day(0)}),
    ):
        with pytest.raises(OrderError, match="has ended"):
            act(order=none, by=by, **facts)


def test_who_changes_an_order_answers_for_all_its_stations(by):
    national = make.person(by.station, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    made = order(national, actions.Wanted(by.station, 1), actions.Wanted(make.station(), 1))

    with pytest.raises(AccessError):
        actions.end_order(order=made, reason="Mine", by=by)
    with pytest.raises(AccessError):
        actions.add_line(order=made, line=actions.Wanted(by.station, 1), by=by)
    actions.add_line(order=made, line=actions.Wanted(by.station, 4), by=national)
    assert fresh(made).ordered == 12


def test_nothing_of_an_order_is_ever_changed(by):
    made = order(by)

    for rows in (Order.objects, OrderLine.objects, made.dues):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(by=by)


# --- silence: kits that expire -------------------------------------------------------------------
YEAR = timezone.now().year + 1  # in the words of who asked for it: 2027
MARCH = dt.date(YEAR, 3, 31)


@pytest.fixture
def nine_stations(db):
    """A coordinator of nine stations with 412 kits that end on 31 Mar 2027, and each station's own people."""
    national = make.person(make.station("Office"), Role.COORDINATOR, scope=Scope.EVERYWHERE)
    product, stations = make.product(), []
    for number in range(9):
        keeper = make.person(make.station(), Role.SUPERVISOR)
        stations.append(keeper.station)
        place = Holder.objects.create(
            kind="storage", name="Cabinet", station=keeper.station, par_min=0
        )
        make.delivery(
            national, place, product=product, cartons=46 if number < 8 else 44, expires_on=MARCH,
            lot_number="EXAMPLE-M", occurred_at=timezone.now() - dt.timedelta(days=1),
        )  # fmt: skip
    return national, product, stations


def noon(year, month, day):
    return dt.datetime(year, month, day, 18, tzinfo=dt.UTC)


def told(person, now):
    """The lines about kits of a person's digest of a day."""
    run_sweeps(now=now)
    make_digests(now=now)
    mails = Message.objects.filter(recipient=person, kind="digest", key__contains=f"{now:%Y-%m-%d}")
    body = "".join(mail.body for mail in mails)
    lines = [one.strip(" -") for one in body.splitlines()]
    return [one for one in lines if str(YEAR) in one and "://" not in one]


def test_412_kits_at_9_stations_are_one_line_silent_while_they_are_on_order_and_then_short_by_112(
    nine_stations,
):
    national, product, stations = nine_stations

    [line] = told(national, noon(YEAR - 1, 12, 1))
    assert line == f"412 kits expire in March {YEAR} at 9 stations, the first on 31 Mar {YEAR}"
    others = Message.objects.filter(kind="digest").exclude(recipient=national)
    assert [m for m in others if f"March {YEAR}" in m.body] == []

    lines = [
        actions.Wanted(at, Kit.objects.filter(station=at).count(), Covers.EXPIRY, MARCH.replace(day=1))
        for at in stations
    ]  # fmt: skip
    made = order(
        national,
        *lines,
        products=[product],
        due_on=dt.date(YEAR, 1, 20),
        on=dt.date(YEAR - 1, 12, 1),
    )
    assert made.lines.count() == 9
    for day in (noon(YEAR - 1, 12, 2), noon(YEAR, 1, 2), noon(YEAR, 1, 19)):
        assert told(national, day) == []
        assert not Alert.objects.open().filter(kind=notices.KIND).exists()

    for line, cartons in zip(made.lines.order_by("pk"), [46] * 6 + [24, 0, 0], strict=True):
        if cartons:
            receive(
                national, Holder.objects.get(station=line.station), line, product, cartons,
                expires_on=dt.date(YEAR + 2, 3, 31), lot_number="EXAMPLE-N",
                occurred_at=timezone.now() - dt.timedelta(hours=1),
            )  # fmt: skip
    [line] = told(national, noon(YEAR, 1, 20))
    assert line == (
        f"Short by 112 for March {YEAR} at 3 stations: what was ordered or planned has not all come, the first on 31 Mar {YEAR}"
    )
    assert Alert.objects.open().filter(kind=notices.KIND).count() == 112
    assert told(national, noon(YEAR, 1, 21)) == []  # told once


def test_an_order_for_a_part_leaves_the_rest_on_the_list(by, store):
    month = make.day(150).replace(day=1)
    day = month + dt.timedelta(days=20)
    kits = make.delivery(by, store, cartons=5, expires_on=day)
    order(by, actions.Wanted(by.station, 3, Covers.EXPIRY, month))

    run_sweeps(now=timezone.now())

    left = Alert.objects.open().filter(kind=notices.KIND)
    assert {a.subject for a in left} == {kit.reference for kit in kits[3:]}


def test_no_order_keeps_a_swap_silent(by, store):
    supervisor = make.person(by.station, Role.SUPERVISOR)
    day = make.day(20)
    make.delivery(by, store, cartons=2, expires_on=day)
    other = make.place(by)
    make.delivery(by, other, expires_on=day)
    make.hand(make.delivery(by, store, expires_on=day), make.person(by.station), by=by)
    order(by, actions.Wanted(by.station, 9, Covers.EXPIRY, day.replace(day=1)))

    run_sweeps(now=timezone.now())

    found = Alert.objects.open().filter(kind=notices.KIND)
    groups = {a.group: [b for b in found if b.group == a.group] for a in found}
    lines = {notices.line(members) for members in groups.values()}
    first = f"the first on {day:%d %b %Y}"
    assert lines == {
        f"2 kits expire in {day:%B %Y} in {store}, {by.station}, {first}",
        f"1 kit expires in {day:%B %Y} in {other}, {by.station}, {first}",
        f"1 kit expires in {day:%B %Y} with people of {by.station}, {first}",
    }
    assert set(notices.recipients(by.station, 30, timezone.now())) == {by, supervisor}
    assert {notices.url(members) for members in groups.values()} == {
        f"/kits/?place={store.pk}&sort=expiry",
        f"/kits/?place={other.pk}&sort=expiry",
        f"/kits/?station={by.station.pk}&sort=expiry",
    }


def test_kits_on_their_way_are_said_to_be(by, store):
    [kit] = make.delivery(by, store, expires_on=make.day(5))
    actions.send_kits(
        kits=[kit], destination=make.station(), why_empty="All there is", carrier="Courier", expected_on=make.day(1),
        occurred_at=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    run_sweeps(now=timezone.now())

    assert f"on their way from {by.station}" in notices.line(
        list(Alert.objects.filter(kind=notices.KIND))
    )


def test_the_way_from_the_alert_is_the_order_for_its_month(by, store):
    make.delivery(by, store, expires_on=make.day(100))
    run_sweeps(now=timezone.now())

    found = list(Alert.objects.filter(kind=notices.KIND))

    assert notices.url(found) == f"/orders/new/?month={make.day(100):%Y-%m}"


def test_an_order_costs_the_sweep_no_query_a_line(by, store, django_assert_num_queries):
    month = make.day(150).replace(day=1)
    make.delivery(by, store, cartons=3, expires_on=month + dt.timedelta(days=10))
    now = timezone.now()
    with django_assert_num_queries(5):
        list(notices.dues(now))

    for _ in range(3):
        order(by, actions.Wanted(by.station, 1, Covers.EXPIRY, month))

    with django_assert_num_queries(5):
        list(notices.dues(now))


def test_nobody_is_told_of_a_covered_step(by, store):
    month = make.day(150).replace(day=1)
    make.delivery(by, store, expires_on=month)
    order(by, actions.Wanted(by.station, 1, Covers.EXPIRY, month))

    told(by, noon(*make.day(1).timetuple()[:3]))

    assert not MessageLine.objects.filter(step__alert__kind=notices.KIND).exists()


# --- silence: places below par -------------------------------------------------------------------
def stock_alerts():
    run_sweeps(now=timezone.now())
    return list(Alert.objects.open().filter(kind=notices.STOCK).order_by("pk"))


def test_a_place_below_par_is_silent_while_its_lack_is_on_order(by, store):
    assert len(stock_alerts()) == 1  # par 2, none there

    order(by, actions.Wanted(by.station, 2, Covers.PAR, place=store))

    assert stock_alerts() == []


def test_what_comes_for_a_station_is_shared_among_its_places(by, store):
    make.place(by)
    order(by, actions.Wanted(by.station, 3, Covers.PAR))

    [left] = stock_alerts()

    assert notices.stock_line([left]) == f"1 place is below par at {by.station}, 1 without any"


def test_past_its_day_the_alert_says_by_how_many(by, store):
    order(by, actions.Wanted(by.station, 2, Covers.PAR), due_on=make.day(-1), on=make.day(-2))

    [left] = stock_alerts()

    assert notices.stock_line([left]) == (
        f"Short by 2: 1 place is below par at {by.station}, 1 without any; what was ordered has not all come"
    )


def test_an_ended_order_covers_nothing_and_is_not_late(by, store):
    made = order(by, actions.Wanted(by.station, 2, Covers.PAR))
    actions.end_order(order=made, reason="Ordered twice", by=by)

    [left] = stock_alerts()

    assert left.group == f"stock {by.station.code}"


def test_a_box_on_its_way_covers_until_the_day_it_is_expected(by, store):
    sender = make.coordinator(make.station())
    kits = make.delivery(sender, make.place(sender), cartons=2)
    Holder.objects.exclude(pk=store.pk).update(par_min=0)
    actions.send_kits(
        kits=kits, destination=by.station, why_empty="All there is", carrier="Courier", expected_on=make.day(2),
        occurred_at=timezone.now(), request_key=make.key(), by=sender,
    )  # fmt: skip

    assert stock_alerts() == []
    run_sweeps(now=timezone.now() + dt.timedelta(days=4))
    assert Alert.objects.open().filter(kind=notices.STOCK).count() == 1
