"""The pages of exchanges: one kit, a muster scanned pair by pair, and what its receivers say."""

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.forms.exchanges import lot_tile
from naloxone.models import Discrepancy, Exchange, HandOver, Kit, Muster
from safety_portal.access import Role, Scope
from safety_portal.templatetags import portal
from tests.naloxone import make
from tests.naloxone.test_exchanges import (
    SECRET,
    begin,
    belts,
    muster,
    new,
    old,
    pair,
    room,
    witness,
)
from tests.naloxone.test_life import fresh
from tests.naloxone.test_views_life import text

pytestmark = pytest.mark.django_db
FIXTURES = (muster, new, old, room, witness)  # those of the actions' tests


@pytest.fixture
def known(officer):
    """The officer, with a secret of their own."""
    officer.account.set_password(SECRET)
    officer.account.save()
    return officer


def where(kit):
    return f"{kit.get_absolute_url()}exchange/"


def told(new, room, **facts):
    return {
        "new": new.reference, "to": room.pk, "how": "here", "secret": SECRET, "note": "",
        "request_key": make.key(),
    } | facts  # fmt: skip


def test_the_old_one_goes_to_the_storeroom_unless_one_says_otherwise(signed_in, by, old, new, room):
    make.place(by, "A cabinet before all others")

    form = signed_in.get(where(old)).context["form"]

    assert form["to"].value() == room.pk


# --- one -----------------------------------------------------------------------------------------
def test_the_kit_page_offers_an_exchange_and_the_form_knows_what_is_spare(
    signed_in, old, new, room
):
    assert where(old) in text(signed_in.get(old.get_absolute_url()))

    form = signed_in.get(where(old)).context["form"]

    assert form["new"].value() == new.reference
    assert form["to"].value() == room.pk


def test_both_here_the_receiver_proves_it_and_has_the_new_one(signed_in, old, new, room, known):
    refused = signed_in.post(where(old), told(new, room, secret="wrong"))
    assert "That is not the password" in refused.context["form"].errors["secret"][0]

    answer = signed_in.post(where(old), told(new, room), follow=True)

    assert f"{known} has {new.reference} now, and gave {old.reference} back." in text(answer)
    assert (fresh(new).holder, fresh(old).holder) == (make.holder(known), room)
    page = signed_in.get(new.get_absolute_url())
    assert f"Received by: {known}, proved by password" in text(page)


def test_as_an_offer_it_waits_and_says_what_it_replaces(signed_in, client, old, new, room, officer):
    answer = signed_in.post(where(old), told(new, room, how="offer", secret=""), follow=True)

    assert f"In exchange for {old.reference}, which goes back to {room}" in text(answer)
    client.force_login(officer.account)
    cards = client.get("/hand-overs/")
    assert f"{new.reference} for {old.reference}" in text(cards)
    client.post("/hand-overs/accept/", {"offers": HandOver.objects.latest("pk").reference})
    assert (fresh(new).holder, fresh(old).holder) == (make.holder(officer), room)


def test_one_that_does_not_expire_later_is_asked_about(signed_in, by, old, room, known):
    [earlier] = make.delivery(by, room, expires_on=make.day(20))

    asked = signed_in.post(where(old), told(earlier, room)).context["form"]
    assert "not later than" in asked.errors["sure"][0]
    signed_in.post(where(old), told(earlier, room, sure="on"))

    assert fresh(earlier).holder == make.holder(known)


def test_a_code_that_means_nothing_is_said_at_its_field(signed_in, old, new, room):
    answer = signed_in.post(where(old), told(new, room) | {"new": "K-99999"})

    assert answer.context["form"].errors["new"] == ["Unknown, or not at your stations: K-99999."]


def test_without_an_account_a_witness_proves_it(signed_in, by, old, new, room, witness):
    contractor = make.person(by.station, account=False)
    [theirs] = make.delivery(by, room, expires_on=make.day(25))
    actions.record_with_witness(
        kits=[theirs], receiver=make.holder(contractor), second=witness, proof="password",
        occurred_at=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip
    page = signed_in.get(where(theirs))
    assert "has no account: somebody else sees it. It is never called accepted." in text(page)

    signed_in.post(where(theirs), told(new, room, second=witness.reference))

    assert fresh(new).holder == make.holder(contractor)


def test_sent_twice_it_says_where_the_kit_is(signed_in, old, new, room, known):
    sent = told(new, room)
    signed_in.post(where(old), sent)

    again = signed_in.post(where(old), sent, follow=True)

    assert f"{old.reference} is at Storeroom now." in text(again)
    assert Exchange.objects.count() == 1
    assert signed_in.get(where(new)).status_code == 200
    assert signed_in.get(where(old)).status_code == 404


# --- musters -------------------------------------------------------------------------------------
def begins(room, witness, **facts):
    return {
        "which": "lot:A", "until": "", "source": room.pk, "back_to": room.pk,
        "second": witness.reference, "secret": SECRET, "request_key": make.key(),
    } | facts  # fmt: skip


def test_a_muster_begins_with_the_witnesss_own_proof(signed_in, old, room, witness):
    page = signed_in.get("/hand-overs/muster/")
    assert "never called accepted" in text(page)
    refused = signed_in.post("/hand-overs/muster/", begins(room, witness, secret="x"))
    assert "secret" in refused.context["form"].errors
    by_day = signed_in.post("/hand-overs/muster/", begins(room, witness, which="day"))
    assert by_day.context["form"].errors["until"] == ["Give the day."]

    answer = signed_in.post("/hand-overs/muster/", begins(room, witness), follow=True)

    found = Muster.objects.get()
    assert (found.lot, found.witness, found.proof) == ("A", witness, "password")
    assert "0 of 1 exchanged" in text(answer)
    assert found.reference in text(signed_in.get("/hand-overs/muster/"))
    assert signed_in.get("/kits/find/", {"q": found.reference}).url == found.get_absolute_url()


def test_what_people_carry_is_offered_and_the_nearest_expiry_is_chosen(signed_in, by, room):
    for lot, days, count in (("LATE", 300, 1), ("SOON", 20, 2)):
        kits = make.delivery(by, room, cartons=count, lot_number=lot, expires_on=make.day(days))
        for kit in kits:
            make.hand([kit], make.person(by.station), by=by)
    make.delivery(by, room, lot_number="STORED")

    form = signed_in.get("/hand-overs/muster/").context["form"]

    tiles = [(value, getattr(label, "hint", "")) for value, label in form.fields["which"].choices]
    assert [value for value, _ in tiles] == ["lot:SOON", "lot:LATE", "day"]
    assert tiles[0][1] == f"expires {portal.day(make.day(20))} · 2 carried"
    assert form["which"].value() == "lot:SOON"


def test_a_lot_that_is_over_says_so():
    tile = lot_tile("A", make.day(-3), 38, make.day(0))

    assert (tile, tile.hint) == ("Lot A", f"expired {portal.day(make.day(-3))} · 38 carried")


def test_new_kits_come_from_where_most_are_and_old_ones_go_to_its_storeroom(
    signed_in, by, room, old
):
    cabinet = make.place(by, "A cabinet before all others")
    make.delivery(by, cabinet, cartons=3)
    make.place(make.coordinator(make.station("Nogales")), "Far away")

    form = signed_in.get("/hand-overs/muster/").context["form"]

    assert form["source"].value() == cabinet.pk
    assert form["back_to"].value() == room.pk
    assert set(form.fields["source"].queryset) == {room, cabinet}


def test_all_that_expire_by_a_day_are_exchanged_whatever_their_lot(
    signed_in, by, room, witness, old
):
    day = make.day(30)
    told = begins(room, witness, which="day", until=day.isoformat())

    signed_in.post("/hand-overs/muster/", told)

    assert (Muster.objects.get().lot, Muster.objects.get().until) == ("", day)


def test_a_day_that_was_left_filled_in_beside_a_lot_does_not_count(signed_in, room, witness, old):
    signed_in.post("/hand-overs/muster/", begins(room, witness, until=make.day(9).isoformat()))

    assert (Muster.objects.get().lot, Muster.objects.get().until) == ("A", None)


def test_who_gives_at_two_stations_holds_it_where_they_look(client, by, old):
    far, here = make.station("Nogales"), by.station
    by.station = far
    make.grant(by, Role.COORDINATOR)
    by.station = here
    client.force_login(by.account)
    page = client.get("/hand-overs/muster/")
    assert page.context["station"] == here
    assert "Look at another station, in the header" in text(page)

    client.post("/look-at/", {"at": f"station-{far.pk}"})
    there = client.get("/hand-overs/muster/")

    assert there.context["station"] == far
    assert [value for value, _ in there.context["form"].fields["which"].choices] == ["day"]


def test_where_one_only_looks_there_is_no_muster_to_begin(client, by):
    far, here = make.station("Nogales"), by.station
    by.station = far
    make.grant(by, Role.AUDITOR)
    by.station = here
    client.force_login(by.account)
    client.post("/look-at/", {"at": f"station-{far.pk}"})

    for page in (client.get("/hand-overs/muster/"), client.post("/hand-overs/muster/")):
        assert page.context["form"] is None
        assert "Where you look now, you hold no musters." in text(page)


def scan(client, muster, code, page=None, *, htmx=False, **facts):
    """One scan, as the page would send it."""
    sent = {"code": code, "request_key": make.key()} | facts
    if page is not None:
        form = page.context["form"]
        sent |= {name: form[name].value() or "" for name in ("old", "new", "request_key")}
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(muster.get_absolute_url(), sent | facts, headers=headers)


@pytest.mark.parametrize("htmx", [True, False])
def test_scan_old_scan_new_next(signed_in, by, old, new, muster, officer, htmx):
    first = scan(signed_in, muster, old.reference, htmx=htmx)
    assert f"Now the new kit for {officer}" in text(first)
    assert ("<html" in text(first)) is not htmx

    second = scan(signed_in, muster, new.reference, first, htmx=htmx)

    assert fresh(new).holder == make.holder(officer)
    page = second if htmx else signed_in.get(second.url)
    assert "1 of 1 exchanged" in text(page)
    assert "Nobody is left" in text(page)
    assert page.context["form"]["code"].label == "Scan the old kit"
    again = scan(
        signed_in, muster, new.reference, first, htmx=htmx
    )  # its answer was lost on the way
    assert again.status_code == second.status_code
    assert Exchange.objects.count() == 1


def test_what_is_scanned_wrongly_is_said_and_nothing_is_lost(
    signed_in, by, old, new, muster, store
):
    empty = scan(signed_in, muster, "")
    assert empty.context["form"].errors["code"] == ["Scan a kit."]
    unknown = scan(signed_in, muster, "K-99999")
    assert "Unknown" in unknown.context["form"].errors["code"][0]
    at_place = scan(signed_in, muster, new.reference)
    assert "nobody carries it" in at_place.context["form"].errors["code"][0]
    step = scan(signed_in, muster, old.reference)
    twice = scan(signed_in, muster, old.reference, step)
    assert "is the old one. Now the new one." in twice.context["form"].errors["code"][0]
    assert twice.context["form"].first == old
    [elsewhere] = make.delivery(by, store)
    wrong = scan(signed_in, muster, elsewhere.reference, step)
    assert "not in Storeroom" in wrong.context["form"].errors["code"][0]
    assert not Exchange.objects.exists()


def test_one_that_ends_earlier_is_taken_when_it_is_meant(signed_in, by, old, muster, room, officer):
    [earlier] = make.delivery(by, room, expires_on=make.day(20))
    step = scan(signed_in, muster, old.reference)

    asked = scan(signed_in, muster, earlier.reference, step, htmx=True)
    assert "not later than" in asked.context["form"].errors["sure"][0]
    scan(signed_in, muster, "", asked, sure="on")

    assert fresh(earlier).holder == make.holder(officer)


def test_absentees_stay_listed_with_their_old_kit(signed_in, by, room, witness):
    people, kits = belts(by, room, 3)
    muster = begin(by, room, witness)
    pair(muster, make.delivery(by, room)[0], kits[0], by)

    page = text(signed_in.post(f"{muster.get_absolute_url()}end/", follow=True))

    assert "1 of 3 exchanged" in page
    assert "Absent, with their old kit: 2" in page
    assert str(people[2]) in page
    assert signed_in.get(muster.get_absolute_url()).context["form"] is None


def test_a_muster_is_scanned_by_who_began_it(client, by, muster, old):
    other = make.coordinator(by.station)
    client.force_login(other.account)
    assert client.get(muster.get_absolute_url()).context["form"] is None
    assert client.post(muster.get_absolute_url(), {"code": old.reference}).status_code == 404
    client.force_login(make.coordinator(make.station("Nogales")).account)
    assert client.get(muster.get_absolute_url()).status_code == 404


def test_officers_have_no_muster_tab(client, officer, by):
    client.force_login(officer.account)
    assert "Exchange at muster" not in text(client.get("/hand-overs/"))
    client.force_login(by.account)
    assert "Exchange at muster" in text(client.get("/hand-overs/"))
    auditor = make.person(by.station, Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)
    assert client.get("/hand-overs/muster/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_a_pair_costs_the_same_however_many_are_left(signed_in, by, room, witness, number, django_assert_max_num_queries):  # fmt: skip
    _, kits = belts(by, room, number + 1)
    fresh_ones = make.delivery(by, room, cartons=2)
    muster = begin(by, room, witness)
    step = scan(signed_in, muster, kits[0].reference, htmx=True)

    with django_assert_max_num_queries(21):
        scan(signed_in, muster, fresh_ones[0].reference, step, htmx=True)

    assert Exchange.objects.count() == 1


# --- what its receivers say ----------------------------------------------------------------------
def test_the_receiver_finds_what_was_put_in_their_hands_and_can_say_it_is_not_right(client, by, old, new, muster, officer, witness):  # fmt: skip
    pair(muster, new, old, by)
    client.force_login(officer.account)
    mine = text(client.get("/my-kits/"))
    assert f"by {by}, seen by {witness}." in mine
    assert f"/my-kits/{new.reference}/not-right/" in mine

    refused = client.post(f"/my-kits/{new.reference}/not-right/", {"note": ""})
    assert "note" in refused.context["form"].errors
    answer = client.post(
        f"/my-kits/{new.reference}/not-right/", {"note": "I was not there"}, follow=True
    )

    assert f"{Discrepancy.objects.get().reference} is open" in text(answer)
    client.force_login(by.account)
    other = client.get(f"/my-kits/{new.reference}/not-right/", follow=True)
    assert "is not with you by its record." in text(other)


def test_what_one_accepted_oneself_is_not_asked_about(client, old, officer):
    client.force_login(officer.account)

    assert "not-right" not in text(client.get("/my-kits/"))
    assert Kit.objects.held_by(officer).exists()
