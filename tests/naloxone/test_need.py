"""What kits count as, by query and by row, on each station's own day; what people say of them."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from naloxone import actions
from naloxone.actions import CustodyError
from naloxone.models import CustodyEvent, Kit, NeedWord, own_day
from naloxone.models.need import IN_NEED_SQL, NEITHER_SQL, SERVICEABLE_SQL, WORKS_SQL, neither
from naloxone.need_rules import TRAINER, Worth
from naloxone.rules import State
from naloxone.verify import verify_ledger
from safety_portal.access import AccessError
from safety_portal.audit import AuditRow
from tests.naloxone import make
from tests.naloxone.test_life import do, fresh, undo

pytestmark = pytest.mark.django_db


@pytest.fixture
def kit(by, store):
    """A carton of two doses in a store."""
    return fresh(make.delivery(by, store)[0])


def say(kit, by, works, why="Looked at it", **facts):
    return actions.say_works(
        kit=kit, works=works, why=why, now=timezone.now(), by=by,
        **{"request_key": make.key()} | facts,
    )  # fmt: skip


def every_kind(by, store):
    """A unit of each kind that the three figures tell apart: {name: unit}."""
    found = {name: make.delivery(by, store)[0] for name in ("fresh", "opened", "held", "broken")}
    do(actions.open_kits, kits=[found["opened"]], by=by)
    do(actions.hold_kits, kits=[found["held"]], note="Sun", by=by)
    do(actions.hold_kits, kits=[found["broken"]], works=False, why="Crushed", note="Door", by=by)
    [found["expired"]] = make.expired(by, store)
    [found["quarantine"]] = make.delivery(by, store, checked=False)
    [found["emptied"]] = make.delivery(by, store)
    do(actions.waste_doses, kit=found["emptied"], count=2, note="Fired", by=by)
    [found["lost"]] = make.delivery(by, store)
    do(actions.report_missing, kits=[found["lost"]], by=by)
    return found


def counted_by_sql(condition, now):
    with connection.cursor() as cursor:
        cursor.execute(
            f"""select kit.id from naloxone_kit kit
            join safety_portal_station station on station.id = kit.station_id
            where {condition}""",
            {"now": now},
        )
        return {key for (key,) in cursor.fetchall()}


def test_query_row_and_statement_say_the_same(by, store):
    kits = every_kind(by, store)
    now = timezone.now()
    names = {kit.pk: name for name, kit in kits.items()}
    worth = {name: fresh(kit).worth(by.station.today(now)) for name, kit in kits.items()}

    for day in (by.station.today(now), own_day(now)):
        ready, in_need = Kit.objects.serviceable(day), Kit.objects.usable_in_need(day)
        assert {names[kit.pk] for kit in ready} == {"fresh"}
        assert {names[kit.pk] for kit in in_need} == {"opened", "held", "expired", "quarantine"}
    assert {names[kit.pk] for kit in Kit.objects.filter(neither())} == {"broken"}
    for condition, figure in (
        (SERVICEABLE_SQL, Worth.SERVICEABLE),
        (IN_NEED_SQL, Worth.IN_NEED),
        (NEITHER_SQL, Worth.NEITHER),
    ):
        told = {names[key] for key in counted_by_sql(condition, now)}
        assert told == {name for name, found in worth.items() if found == figure}
    assert worth["emptied"] is worth["lost"] is None
    useful = counted_by_sql(f"{SERVICEABLE_SQL} or {IN_NEED_SQL}", now)
    assert counted_by_sql(WORKS_SQL, now) == useful


@pytest.mark.parametrize("held", [False, True])
def test_a_trainer_never_counts(by, store, held):
    do(actions.receive_trainers, what="Trainer", count=1, place=store, by=by)
    trainer = Kit.objects.get(kind=TRAINER)
    if held:
        do(actions.hold_kits, kits=[trainer], note="Sun", by=by)
    today = by.station.today()

    assert not Kit.objects.serviceable(today).exists()
    assert not Kit.objects.usable_in_need(today).exists()
    assert fresh(trainer).worth(today) is None
    assert not counted_by_sql(f"{SERVICEABLE_SQL} or {IN_NEED_SQL}", timezone.now())


def test_each_station_has_its_own_day():
    """At four in the morning UTC it is the day before in Laredo, and already this day on Guam."""
    laredo = make.coordinator(make.station())
    guam = make.coordinator(make.station("Guam", zone="Pacific/Guam"))
    long_ago = timezone.now() - dt.timedelta(days=60)
    last = make.day(-10)
    kits = {
        by: make.delivery(by, make.place(by), expires_on=last, occurred_at=long_ago)[0]
        for by in (laredo, guam)
    }
    now = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(4), dt.UTC)

    assert list(Kit.objects.serviceable(own_day(now))) == [kits[laredo]]
    assert list(Kit.objects.usable_in_need(own_day(now))) == [kits[guam]]
    assert counted_by_sql(SERVICEABLE_SQL, now) == {kits[laredo].pk}
    assert counted_by_sql(IN_NEED_SQL, now) == {kits[guam].pk}


def test_what_is_in_a_box_on_its_way_is_not_within_reach(by, store):
    [kit] = make.expired(by, store)
    actions.send_kits(
        why_empty="On purpose", kits=[kit], destination=make.station("Nogales"), carrier="Courier",
        expected_on=make.day(3), occurred_at=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    assert not Kit.objects.usable_in_need(by.station.today()).exists()


# --- what people say -----------------------------------------------------------------------------
def test_a_hold_leaves_a_kit_usable_in_need_unless_it_does_not_work(by, kit, store):
    [other] = make.delivery(by, store)
    do(actions.hold_kits, kits=[kit], note="Sun", by=by)
    do(actions.hold_kits, kits=[other], works=False, why="Plunger is off", note="Fell", by=by)

    assert [fresh(k).works for k in (kit, other)] == [True, False]
    word = NeedWord.objects.get()
    assert (word.kit, word.why, word.by) == (other, "Plunger is off", by)
    assert AuditRow.objects.filter(act="kit.does_not_work", target=other.reference).count() == 1


def test_a_hold_that_says_it_does_not_work_says_why(by, kit):
    with pytest.raises(CustodyError, match="Say why") as told:
        do(actions.hold_kits, kits=[kit], works=False, why=" ", note="Fell", by=by)

    assert told.value.field == "why"
    assert fresh(kit).state == State.IN_SERVICE


def test_what_does_not_work_is_on_hold_too_so_that_nobody_hands_it_out(by, kit):
    word = say(kit, by, False, "Cracked")

    assert (fresh(kit).state, fresh(kit).works, word.works) == (State.HELD, False, False)
    assert CustodyEvent.objects.get(kit=kit, sequence=2).kind == "held"
    assert word.act.note.text == "Does not work: Cracked"
    assert verify_ledger().intact


def test_the_newest_word_counts_and_the_others_stay(by, kit):
    do(actions.hold_kits, kits=[kit], note="Sun", by=by)
    say(kit, by, False, "Frozen")
    say(kit, by, True, "Thawed, and it sprays")

    assert fresh(kit).works
    assert fresh(kit).last_sequence == 2  # a word alone moves nothing
    words = NeedWord.objects.filter(kit=kit).newest_first()
    assert [word.why for word in words] == ["Thawed, and it sprays", "Frozen"]


def test_a_word_sent_twice_is_one(by, kit):
    key = make.key()

    first, second = (say(kit, by, False, request_key=key) for _ in range(2))

    assert first == second
    assert fresh(kit).last_sequence == 2


def test_who_has_nothing_to_do_with_a_kit_says_nothing_of_it(kit):
    with pytest.raises(AccessError):
        say(kit, make.coordinator(make.station("Nogales")), False)


def test_of_an_emptied_kit_nothing_is_said(by, kit):
    do(actions.waste_doses, kit=kit, count=2, note="Fired", by=by)

    with pytest.raises(CustodyError, match="emptied; whether it works"):
        say(kit, by, False)


def test_who_releases_a_kit_says_that_it_works(by, kit):
    say(kit, by, False)
    do(actions.release_kits, kits=[kit], note="Was another one", by=by)

    assert fresh(kit).works
    assert Kit.objects.serviceable(by.station.today()).get() == kit
    assert NeedWord.objects.newest_first()[0].why == "Looked at and released. Was another one"


def test_undoing_a_hold_or_a_release_takes_its_word_back(by, kit):
    say(kit, by, False)
    undo(kit, by)
    assert (fresh(kit).state, fresh(kit).works) == (State.IN_SERVICE, True)

    say(kit, by, False)
    do(actions.release_kits, kits=[kit], by=by)
    undo(kit, by)

    assert (fresh(kit).state, fresh(kit).works) == (State.HELD, False)


def test_words_are_only_ever_added_to(by, kit):
    say(kit, by, False)
    for statement in (
        "update naloxone_needword set works = true",
        "delete from naloxone_needword",
        "update naloxone_kit set works = true",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert not fresh(kit).works


# --- its pages -----------------------------------------------------------------------------------
def test_one_says_on_a_kits_page_that_it_does_not_work_and_reads_it_there(signed_in, by, kit):
    page = signed_in.get(f"/kits/{kit.reference}/").content.decode()
    assert f"/kits/{kit.reference}/works/?works=no" in page
    assert "Would it work in need?" not in page
    form = signed_in.get(f"/kits/{kit.reference}/works/?works=no")
    assert form.context["form"]["works"].initial == "no"

    answer = signed_in.post(
        f"/kits/{kit.reference}/works/",
        {"works": "no", "why": "Cracked", "request_key": make.key()}, follow=True,
    )  # fmt: skip

    text = answer.content.decode()
    assert "It does not work, said" in text
    assert "Does not work</span>" in text
    assert f"/kits/{kit.reference}/works/?works=yes" in text


def test_of_what_is_gone_or_not_ones_own_nothing_is_asked(signed_in, by, kit, client, officer):
    do(actions.waste_doses, kit=kit, count=2, note="Fired", by=by)
    assert signed_in.get(f"/kits/{kit.reference}/works/").status_code == 404

    client.force_login(officer.account)
    assert client.get(f"/kits/{kit.reference}/works/").status_code == 404


def test_the_hold_asks_whether_it_would_still_work_and_yes_is_preset(signed_in, by, kit):
    form = signed_in.get("/kits/hold/", {"kits": kit.reference}).context["form"]
    assert form["works"].initial == "yes"
    when = timezone.now().astimezone(by.station.zone)
    told = {
        "kits": kit.reference, "note": "Sun", "works": "no", "request_key": make.key(),
        "occurred_at_0": f"{when:%Y-%m-%d}", "occurred_at_1": f"{when:%H:%M}",
    }  # fmt: skip

    refused = signed_in.post("/kits/hold/", told)
    assert refused.context["form"].errors["why"] == ["Say why."]

    signed_in.post("/kits/hold/", told | {"why": "Crushed"})
    assert not fresh(kit).works


def test_a_place_tells_the_three_figures_in_words(signed_in, by, store):
    every_kind(by, store)

    page = signed_in.get(f"/places/S-{store.pk}/").content.decode()
    words = " ".join(page.split())

    assert "<strong>1 kit</strong> serviceable, par 2; 4 usable in need only; 1 that does not work." in words  # fmt: skip
    [row] = signed_in.get("/places/").context["places"]
    assert (row.serviceable, row.in_need, row.neither) == (1, 4, 1)
    [line] = signed_in.get("/stock/").context["rows"]
    assert (line.serviceable, line.in_need, line.neither) == (1, 4, 1)


def test_a_place_that_has_only_what_is_usable_in_need_says_so(signed_in, by, store):
    make.expired(by, store)

    page = signed_in.get(f"/places/S-{store.pk}/").content.decode()

    assert "Usable in need only" in page
