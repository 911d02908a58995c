"""A kit that is not where it is recorded is searched for before it counts as missing."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.actions import CustodyError, searches
from naloxone.actions.rounds import Told
from naloxone.models import CustodyEvent, Discrepancy, HandOver, Search
from naloxone.round_rules import RoundKind, Seen
from safety_portal.access import AccessError, Role
from safety_portal.alerts import run_sweeps
from safety_portal.outbox import Message
from safety_portal.people import Person
from tests.naloxone import make

pytestmark = pytest.mark.django_db


def look_for(kit, by, note=""):
    return actions.search_for_kit(kit=kit, note=note, now=timezone.now(), by=by)


def answer(search, how, by, **facts):
    return actions.answer_search(
        search=search, how=how, now=timezone.now(), request_key=make.key(), by=by, **facts
    )


@pytest.fixture
def carried(by, store, officer):
    """A kit in the officer's hands."""
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    return kit


def later(hours):
    return timezone.now() + dt.timedelta(hours=hours)


def mails():
    return Message.objects.filter(kind="kit.searched")


def test_who_has_it_by_the_record_hears_of_it_by_reference_only(by, officer, carried):
    search = look_for(carried, by, note="Not on Robin's belt")

    mail = mails().get()
    assert mail.recipient == officer
    assert carried.reference in mail.subject
    assert "belt" not in mail.subject + mail.body
    assert search.get_absolute_url() in mail.body
    assert search.due_at - search.opened_at == dt.timedelta(hours=24)
    assert look_for(carried, by) == search
    assert mails().count() == 1


def test_at_a_place_those_who_answer_for_the_station_hear_of_it(by, store, kits):
    supervisor = make.person(by.station, Role.SUPERVISOR)

    look_for(kits[0], by)

    assert mails().get().recipient == supervisor  # who opened it knows


def test_who_carries_it_without_an_account_gets_no_mail(by, store):
    contractor = make.person(by.station, account=False)
    [kit] = make.delivery(by, store)
    actions.record_with_witness(
        kits=[kit], receiver=make.holder(contractor), second=make.coordinator(by.station),
        proof="password", occurred_at=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    search = look_for(kit, by)

    assert not mails().exists()
    assert searches.may_answer(by, search)


def test_i_have_it_ends_the_search(by, officer, carried):
    search = look_for(carried, by)

    answer(search, "here", officer)

    search.refresh_from_db()
    assert (search.end, search.ended_by) == ("here", officer)
    assert answer(search, "here", officer)  # sent twice
    with pytest.raises(CustodyError, match="ended meanwhile"):
        answer(search, "missing", officer)
    with pytest.raises(CustodyError, match="ended meanwhile"):
        searches.end(search, "moved", now=timezone.now(), by=by)
    run_sweeps(now=later(25))
    carried.refresh_from_db()
    assert carried.state == "in_service"


def test_really_missing_is_missing_at_once(by, officer, carried):
    search = look_for(carried, by)

    answer(search, "missing", officer, note="Lost at the river")

    carried.refresh_from_db()
    search.refresh_from_db()
    assert (carried.state, search.end) == ("missing", "missing")
    assert Discrepancy.objects.open().get().kind == "missing"


def test_found_at_another_place_it_moves_there(by, store, kits):
    search, other = look_for(kits[0], by), make.place(by)
    with pytest.raises(CustodyError, match="at which place"):
        answer(search, "found", by)

    answer(search, "found", by, place=other)

    kits[0].refresh_from_db()
    assert kits[0].holder == other
    search.refresh_from_db()
    assert search.end == "found"


def test_found_at_a_place_what_one_carries_is_offered_to_who_keeps_it(by, store, officer, carried):
    search = look_for(carried, by)

    answer(search, "found", officer, place=store)

    carried.refresh_from_db()
    assert carried.holder.person == officer  # until it is accepted
    assert HandOver.objects.open().get(receiver=store).by == officer


def test_an_answer_is_one_of_three_and_not_a_strangers(by, officer, carried):
    search = look_for(carried, by)

    with pytest.raises(AccessError):
        answer(search, "here", make.person(by.station))
    with pytest.raises(CustodyError, match="where it is"):
        answer(search, "", officer)


def test_only_what_one_has_to_do_with_is_searched_for(by, officer, kits):
    with pytest.raises(AccessError):
        look_for(kits[0], officer)
    actions.report_missing(kits=kits[:1], occurred_at=timezone.now(), request_key=make.key(), by=by)
    with pytest.raises(CustodyError, match="is missing"):
        look_for(kits[0], by)


def test_without_an_answer_it_is_missing_after_the_time_by_the_portal(by, store, kits):
    search = look_for(kits[0], by)
    run_sweeps(now=later(23))
    kits[0].refresh_from_db()
    assert kits[0].state == "in_service"

    run_sweeps(now=later(25))
    run_sweeps(now=later(26))

    kits[0].refresh_from_db()
    search.refresh_from_db()
    assert kits[0].state == "missing"
    assert (search.end, search.ended_by) == ("no_answer", Person.objects.portal())
    event = CustodyEvent.objects.get(kit=kits[0], kind="missed")
    assert event.act.by == Person.objects.portal()
    assert Discrepancy.objects.open().get().kit == kits[0]
    assert Message.objects.filter(kind="kit.missing").exists()


def test_the_hours_are_a_setting(by, kits, settings):
    settings.SEARCH_HOURS = 2

    search = look_for(kits[0], by)

    assert search.due_at - search.opened_at == dt.timedelta(hours=2)


def test_what_moved_meanwhile_was_there(by, store, kits):
    search = look_for(kits[0], by)
    actions.move_kits(
        why_empty="On purpose", kits=kits[:1], place=make.place(by), occurred_at=timezone.now(), request_key=make.key(), by=by
    )  # fmt: skip

    run_sweeps(now=later(25))

    search.refresh_from_db()
    assert search.end == "moved"
    assert not Discrepancy.objects.exists()


def test_a_report_of_missing_ends_its_search(by, kits):
    search = look_for(kits[0], by)
    actions.report_missing(kits=kits[:1], occurred_at=timezone.now(), request_key=make.key(), by=by)

    search.refresh_from_db()
    assert search.end == "missing"
    assert not searches.give_up(search, later(25))


def test_the_next_round_that_sees_it_ends_the_search(by, store, kits):
    def go(seen):
        now = timezone.now()
        actions.record_rounds(
            told=[Told(store, RoundKind.SHIFT, seen)], occurred_at=now, now=now,
            request_key=make.key(), by=by,
        )  # fmt: skip

    go(Seen(counted=1, absent=frozenset({kits[0].pk})))
    go(Seen(counted=1, absent=frozenset({kits[0].pk})))
    assert Search.objects.open().count() == 1
    go(Seen())

    assert Search.objects.get().end == "here"


def test_a_discrepancy_is_given_to_who_sees_to_it(by, kits):
    actions.report_missing(kits=kits[:1], occurred_at=timezone.now(), request_key=make.key(), by=by)
    found, supervisor = Discrepancy.objects.get(), make.person(by.station, Role.SUPERVISOR)
    assert found.owned_by == f"Supervisors of {by.station}"
    facts = {"discrepancy": found, "now": timezone.now(), "by": by}

    with pytest.raises(CustodyError, match="does not answer for stock"):
        actions.hand_on(to=make.person(by.station), **facts)
    actions.hand_on(to=supervisor, **facts)
    actions.hand_on(to=by, **facts)

    found.refresh_from_db()
    assert found.owned_by == str(by)
    assert Message.objects.get(kind="discrepancy.handed_on").recipient == supervisor
    Discrepancy.objects.update(closed_at=timezone.now(), closed_by=by, closing_code="found")
    with pytest.raises(CustodyError, match="closed meanwhile"):
        actions.hand_on(to=by, **facts)
