"""Pages of rounds and searches: what they show, to whom, and what they refuse."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from naloxone import actions
from naloxone.actions.rounds import Told
from naloxone.models import Discrepancy, Holder, Kit, Round, Search, Walk
from naloxone.round_rules import RoundKind, Seen
from safety_portal import pins, terminals
from safety_portal.access import Role
from safety_portal.terminals import Turn
from tests.naloxone import make

pytestmark = pytest.mark.django_db
PIN = "274913"


def url(name, *args):
    return reverse(f"naloxone:{name}", args=args)


def walk_of(by, *places, seen=Seen()):  # noqa: B008 - frozen
    now = timezone.now()
    return actions.record_rounds(
        told=[Told(place, RoundKind.SHIFT, seen) for place in places], occurred_at=now, now=now,
        request_key=make.key(), by=by,
    )  # fmt: skip


def send(client, where, **told):
    return client.post(where, {"request_key": make.key(), **told})


# --- which places wait -------------------------------------------------------------------------------


def test_the_list_says_what_waits_and_begins_with_it(signed_in, by, store, kits):
    other = make.place(by)
    walk_of(by, other)

    page = signed_in.get(url("place_rounds"))

    assert page.context["first"] == store
    assert "Documented check" in page.content.decode()
    assert page.context["total"] == 2
    one = signed_in.get(url("place_rounds"), {"station": by.station_id})
    assert one.context["total"] == 2


def test_the_list_says_which_wait_for_this_shift_and_which_are_late(signed_in, by, store, kits):
    late = make.place(by)
    now = timezone.now()
    for place, hours in ((store, 30), (late, 32 * 24)):
        actions.record_rounds(
            told=[Told(place, RoundKind.DOCUMENTED)], occurred_at=now - dt.timedelta(hours=hours),
            now=now, request_key=make.key(), by=by,
        )  # fmt: skip

    page = signed_in.get(url("place_rounds"))

    assert [place.pk for place in page.context["places"]] == [late.pk, store.pk]
    assert "Documented check late" in page.content.decode()
    assert "This shift" in page.content.decode()


def test_a_scanned_place_leads_to_its_page(signed_in, by, store):
    Holder.objects.filter(pk=store.pk).update(seal="OUTER-1")
    elsewhere = make.place(make.coordinator(make.station()))

    for code in (store.reference, "outer-1"):
        assert signed_in.get(url("place_rounds"), {"code": code}).url == url("make_round", store.pk)
    for code in (elsewhere.reference, "OUTER-9"):
        assert "No place of yours" in signed_in.get(url("place_rounds"), {"code": code}).content.decode()  # fmt: skip


def test_who_only_looks_gets_no_link_to_make_one(client, by, store):
    auditor = make.person(by.station, Role.AUDITOR)
    client.force_login(auditor.account)

    page = client.get(url("place_rounds"))

    assert url("make_round", store.pk) not in page.content.decode()
    assert client.get(url("make_round", store.pk)).status_code == 404


@pytest.mark.parametrize("places", [1, 3])
def test_the_list_costs_the_same_however_many_places(
    signed_in, by, places, django_assert_max_num_queries
):
    for _ in range(places):
        walk_of(by, make.place(by))
    with django_assert_max_num_queries(14):
        signed_in.get(url("place_rounds"))
    with django_assert_max_num_queries(14):
        signed_in.get(url("walks"))


# --- one place ---------------------------------------------------------------------------------------


def test_all_right_is_one_tap_and_leads_to_the_next_then_to_the_draw(signed_in, by, store, kits):
    other = make.place(by)

    first = send(signed_in, url("make_round", store.pk))
    second = send(signed_in, url("make_round", other.pk))

    assert first.url == url("make_round", other.pk)
    walk = Walk.objects.get()
    assert second.url == walk.get_absolute_url()
    assert walk.drawn.count() == 2
    assert Round.objects.filter(walk=walk, kind="documented").count() == 2


def test_kits_are_shown_but_not_behind_a_whole_outer_seal(signed_in, store, kits):
    assert kits[0].reference in signed_in.get(url("make_round", store.pk)).content.decode()
    Holder.objects.filter(pk=store.pk).update(seal="A-1", sealed_at=timezone.now())

    page = signed_in.get(url("make_round", store.pk)).content.decode()

    assert "A-1" in page
    assert kits[0].reference not in page


def test_a_seal_that_was_opened_is_no_answer(signed_in, by, store, kits):
    Holder.objects.filter(pk=store.pk).update(seal="A-1", sealed_at=timezone.now())
    make.delivery(by, store)

    page = signed_in.get(url("make_round", store.pk)).content.decode()
    sent = send(signed_in, url("make_round", store.pk))

    assert "Kits went in or out since it was sealed" in page
    assert ">All right<" not in page
    assert "since it was sealed" in sent.content.decode()
    assert not Round.objects.exists()


def test_what_is_not_right_must_be_said(signed_in, by, store, kits):
    page = send(signed_in, url("round_differs", store.pk), seal="")
    assert "Say what is not right" in page.content.decode()

    counted = send(signed_in, url("round_differs", store.pk), seal="", counted=1)

    assert counted.status_code == 302
    assert Discrepancy.objects.get().kind == "fewer"


def test_a_count_of_a_sealed_place_breaks_its_seal(signed_in, store, kits):
    Holder.objects.filter(pk=store.pk).update(seal="A-1", sealed_at=timezone.now())
    where = url("round_count", store.pk)
    refused = send(signed_in, where, seal="whole", counted=2)
    assert "say that you broke it" in refused.content.decode()

    send(signed_in, where, seal="broken", counted=2, seal_new="A-2", seal_seen="A-0")

    row = Round.objects.get()
    assert (row.kind, row.seal_new, row.seal_seen) == ("count", "A-2", "A-0")


def test_a_place_that_did_not_open(signed_in, store, kits):
    send(signed_in, url("round_differs", store.pk), seal="no_access", note="Jammed")

    assert Round.objects.get().no_access
    assert Discrepancy.objects.get().kind == "no_access"


def test_units_are_named_by_their_list_or_by_scanning(signed_in, by, store, kits, monkeypatch):
    [extra] = make.delivery(by, make.place(by))
    where = url("round_differs", store.pk)
    unknown = send(signed_in, where, seal="", counted=2, extra="K-999999")
    assert "Unknown, or not at your stations: K-999999" in unknown.content.decode()
    monkeypatch.setattr("naloxone.forms.rounds.MOST_LISTED", 1)

    send(signed_in, where, seal="", counted=2, absent=kits[0].reference, extra=extra.reference)

    row = Round.objects.get()
    assert row.differences == {"absent": [kits[0].pk], "extra": [extra.pk]}
    assert Search.objects.get().kit == kits[0]


def test_a_second_person_proves_it_where_policy_says_so(signed_in, by, store, kits):
    Holder.objects.filter(pk=store.pk).update(two_people=True)
    second = make.person(by.station)
    second.account.set_password("a long secret of theirs")
    second.account.save()
    where = url("make_round", store.pk)
    facts = {"second": second.reference, "second_text": second.reference}
    wrong = send(signed_in, where, secret="not it", **facts)
    assert "That is not the password" in wrong.content.decode()
    assert send(signed_in, where).status_code == 200

    done = send(signed_in, where, secret="a long secret of theirs", **facts)

    assert done.status_code == 302
    assert Walk.objects.get().second == second


# --- the walk ----------------------------------------------------------------------------------------


def test_scans_are_taken_in_time_and_by_who_makes_rounds(signed_in, client, by, store, kits):
    walk = walk_of(by, store)
    drawn = actions.finish_walk(walk=walk, by=by)
    where = walk.get_absolute_url()
    first, second = (f"scan_{one.kit_id}" for one in drawn)
    assert "Scan at least one" in send(signed_in, where).content.decode()
    assert "Unknown" in send(signed_in, where, **{first: "K-999999"}).content.decode()
    other = make.delivery(by, make.place(by))[0]
    assert "not one of those" in send(signed_in, where, **{first: other.reference}).content.decode()

    send(signed_in, where, **{first: drawn[0].kit.reference})
    assert "Not scanned" in signed_in.get(where).content.decode()
    send(signed_in, where, **{second: drawn[1].kit.reference})

    page = signed_in.get(where).content.decode()
    assert "Not scanned" not in page
    assert "nothing more to be scanned" in signed_in.post(where, follow=True).content.decode()


def test_the_code_of_a_pack_is_a_scan_too(signed_in, by, store):
    spray = make.product(gtin="00369547627027", ndc="69547-627-02")
    [carton] = make.delivery(by, store, product=spray, lot_number="ABC", carton_serials=["S1"])
    walk = walk_of(by, store)
    actions.finish_walk(walk=walk, by=by)
    read = "01003695476270271728123110ABC\x1d21S1"

    send(signed_in, walk.get_absolute_url(), **{f"scan_{carton.pk}": read})

    assert "Not scanned" not in signed_in.get(walk.get_absolute_url()).content.decode()


def test_what_was_not_scanned_in_time_stays_so(signed_in, by, store, kits, settings):
    walk = walk_of(by, store)
    actions.finish_walk(walk=walk, by=by)
    settings.ROUND_SCAN_MINUTES = 0

    page = signed_in.get(walk.get_absolute_url()).content.decode()

    assert "Not every kit that the portal asked for was scanned in time" in page


def test_a_walk_is_finished_by_who_makes_it(signed_in, by, store, kits):
    mine = walk_of(by, store)
    page = signed_in.get(mine.get_absolute_url()).content.decode()
    assert "Finish the round" in page
    assert signed_in.post(url("finish_walk", mine.pk)).url == mine.get_absolute_url()
    assert mine.drawn.count() == 2

    theirs = walk_of(make.coordinator(by.station), store)
    assert signed_in.post(url("finish_walk", theirs.pk)).status_code == 404


def test_a_walk_under_way_is_gone_on_with_until_it_is_finished(signed_in, by, store, kits):
    walk = walk_of(by, make.place(by))
    assert walk.reference in signed_in.get(url("make_round", store.pk)).content.decode()
    actions.finish_walk(walk=walk, by=by)

    send(signed_in, url("make_round", store.pk))

    assert Round.objects.filter(walk=walk).count() == 1 + (not walk.drawn.exists())


def test_the_use_that_explains_a_round_is_bound_in_one_tap(signed_in, by, store):
    kit = make.sealed_kit(by, store)
    now = timezone.now()
    report = actions.record_use(
        told=[actions.Told()], station=by.station, place=store, given_at=now, now=now,
        request_key=make.key(), by=make.person(by.station),
    )  # fmt: skip
    walk = walk_of(by, store, seen=Seen(counted=1, short={kit.pk: 1}))
    row = walk.rounds.get()
    assert f"It was {kit.reference}" in signed_in.get(walk.get_absolute_url()).content.decode()

    said = signed_in.post(url("bind_round", row.pk), follow=True).content.decode()
    again = signed_in.post(url("bind_round", row.pk), follow=True).content.decode()

    assert f"{report.reference} was of {kit.reference}" in said
    assert "Nothing is left to be bound" in again


# --- searches ----------------------------------------------------------------------------------------


def test_a_search_is_begun_on_the_page_of_a_kit_once(signed_in, by, kits):
    assert url("search_kit", kits[0].pk) in signed_in.get(kits[0].get_absolute_url()).content.decode()  # fmt: skip
    assert signed_in.get(url("search_kit", kits[0].pk)).status_code == 200
    begun = send(signed_in, url("search_kit", kits[0].pk), note="Empty hook")

    search = Search.objects.get()
    assert begun.url == search.get_absolute_url()
    assert signed_in.get(url("search_kit", kits[0].pk)).url == search.get_absolute_url()
    page = signed_in.get(search.get_absolute_url()).content.decode()
    assert "Empty hook" in page
    assert "it counts as missing" in page


def test_whose_it_is_answers_and_others_only_look(client, by, store, officer):
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    search = actions.search_for_kit(kit=kit, now=timezone.now(), by=by)
    auditor = make.person(by.station, Role.AUDITOR)
    client.force_login(auditor.account)
    assert "Say so" not in client.get(search.get_absolute_url()).content.decode()
    assert client.post(search.get_absolute_url()).status_code == 404
    client.force_login(make.person(by.station).account)
    assert client.get(search.get_absolute_url()).status_code == 404

    client.force_login(officer.account)
    assert "Somebody did not find it with you" in client.get("/").content.decode()
    assert send(client, search.get_absolute_url(), how="here").status_code == 302

    search.refresh_from_db()
    assert search.end == "here"
    late = client.post(search.get_absolute_url(), follow=True).content.decode()
    assert "has ended meanwhile" in late


def test_the_front_page_asks_who_answers_for_the_place(client, by, store, kits):
    supervisor = make.person(by.station, Role.SUPERVISOR)
    search = actions.search_for_kit(kit=kits[0], now=timezone.now(), by=by)
    client.force_login(supervisor.account)

    page = client.get("/").content.decode()

    assert f"{kits[0].reference} is not at {store}: where is it?" in page
    assert search.get_absolute_url() in page
    assert "1 place to look at in this shift" in page


def test_past_its_time_a_search_says_so(signed_in, by, kits):
    search = actions.search_for_kit(kit=kits[0], now=timezone.now() - dt.timedelta(hours=25), by=by)

    assert "has run out" in signed_in.get(search.get_absolute_url()).content.decode()
    missing = send(signed_in, search.get_absolute_url(), how="found")
    assert "at which place" in missing.content.decode()


def test_a_discrepancy_is_handed_on_from_its_page(signed_in, client, by, kits):
    actions.report_missing(kits=kits[:1], occurred_at=timezone.now(), request_key=make.key(), by=by)
    found, supervisor = Discrepancy.objects.get(), make.person(by.station, Role.SUPERVISOR)
    where = url("hand_on", found.pk)
    page = signed_in.get(url("discrepancy", found.pk)).content.decode()
    assert f"Supervisors of {by.station}" in page
    assert where in page
    refused = send(signed_in, where, to=make.person(by.station).reference)
    assert "does not answer for stock" in refused.content.decode()

    done = send(signed_in, where, to=supervisor.reference)

    assert done.url == url("discrepancy", found.pk)
    found.refresh_from_db()
    assert found.owner == supervisor
    client.force_login(supervisor.account)
    client.logout()
    client.force_login(make.person(by.station, Role.AUDITOR).account)
    assert client.get(where).status_code == 404


# --- at the counter ----------------------------------------------------------------------------------


@pytest.fixture
def counter(client, by):
    """A browser enrolled at the station, and a supervisor with a PIN."""
    supervisor = make.person(by.station, Role.SUPERVISOR)
    now = timezone.now()
    pins.set_pin(pin=PIN, now=now, by=supervisor)
    chief = make.person(by.station, Role.COORDINATOR)
    _, token = terminals.enrol_terminal(station=by.station, name="Counter", now=now, by=chief)
    client.cookies["terminal"] = token
    client.supervisor = supervisor
    return client


def begin(counter, *places):
    return counter.post(
        url("terminal_round"),
        {"places": "\n".join(places), "badge": counter.supervisor.badge, "pin": PIN},
    )


def next_step(counter, **told):
    key = Turn.objects.get().request_key
    return counter.post(url("terminal_round_check"), {"request_key": key, **told})


def test_a_code_of_no_place_is_told_at_its_field(counter, by, store):
    elsewhere = make.place(make.coordinator(make.station()))

    page = begin(counter, store.reference, elsewhere.reference)

    assert elsewhere.reference in page.content.decode()
    assert not Turn.objects.exists()


def test_a_difference_at_the_counter_is_told_place_by_place(counter, by, store, kits):
    other = make.place(by)
    begin(counter, store.reference, other.reference)
    next_step(counter, act="right", wrong=[store.reference])
    assert "What is not right" in counter.get(url("terminal_round_check")).content.decode()
    assert not Round.objects.exists()

    next_step(counter, act=store.reference, seal="", counted=1)

    assert list(Round.objects.order_by("pk").values_list("result", flat=True)) == ["differs", "right"]  # fmt: skip
    page = counter.get(url("terminal_round_check")).content.decode()
    assert "Now scan" in page
    drawn = Walk.objects.get().drawn.first()
    next_step(counter, act="scan", **{f"scan_{drawn.kit_id}": drawn.kit.reference})
    assert "1 not scanned" in counter.get(reverse("terminal_said")).content.decode()


def test_without_a_kit_to_draw_the_turn_is_over(counter, by, store):
    begin(counter, store.reference)

    next_step(counter, act="right")

    assert "1 place looked at" in counter.get(reverse("terminal_said")).content.decode()


def test_the_second_person_at_the_counter_proves_it_by_badge_and_pin(counter, by, store, kits):
    Holder.objects.filter(pk=store.pk).update(two_people=True)
    officer = make.person(by.station)
    pins.set_pin(pin="835026", now=timezone.now(), by=officer)
    begin(counter, store.reference)
    wrong = next_step(counter, act="right", badge=officer.badge, pin="111222")
    assert "do not go together" in wrong.content.decode()

    next_step(counter, act="right", badge=officer.badge, pin="835026")

    assert Walk.objects.get().second == officer


def test_what_the_record_refuses_is_said_and_nothing_is_kept(counter, by, store, kits):
    Holder.objects.filter(pk=store.pk).update(seal="A-1", sealed_at=timezone.now())
    make.delivery(by, store)
    begin(counter, store.reference)

    page = next_step(counter, act="right")

    assert "since it was sealed" in page.content.decode()
    assert "begin again" in counter.get(url("terminal_round_check")).content.decode()
    assert not Round.objects.exists()
    assert Kit.objects.filter(holder=store).count() == 3


def test_what_changed_between_two_steps_at_the_counter_is_not_taken_for_all_right(
    counter, by, store, kits
):
    other = make.place(by)
    begin(counter, store.reference, other.reference)
    next_step(counter, act="right", wrong=[store.reference, other.reference])
    next_step(counter, act=store.reference, seal="", counted=1, **{f"kit_{kits[0].pk}": "1"})
    actions.waste_doses(
        kit=kits[0], count=1, note="Fired", occurred_at=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    page = next_step(counter, act=other.reference, seal="no_access")

    assert "recorded otherwise by now" in page.content.decode()
    assert not Round.objects.exists()
