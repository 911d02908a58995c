"""The page of one kit, and finding it by a code."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from naloxone import actions
from naloxone.models import Kit
from safety_portal.access import Role, Scope
from tests.naloxone import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(by):
    return make.place(by, "Cabinet A")


def page(client, person, kit):
    client.force_login(person.account)
    return client.get(f"/kits/{kit.reference}/")


def acts(answer):
    return [button.label for button in answer.context["acts"]]


def offered(kits, to, by):
    return actions.offer_kits(
        kits=kits, receiver=make.holder(to), now=timezone.now(), request_key=make.key(), by=by
    )


def test_a_kit_says_where_it_is_what_is_in_it_and_who_had_it(client, by, store):
    officer = make.person(by.station)
    [kit] = make.delivery(by, store, serials=["SN1", "SN2"], supplier_name="Bill 7")
    make.hand([kit], officer, by=by)

    answer = page(client, by, kit)
    text = answer.content.decode()

    assert [entry["title"] for entry in answer.context["entries"]] == [
        f"Handed over from Cabinet A to {officer}",
        "Received from the supplier at Cabinet A",
    ]
    for words in ("SN1, SN2", "2 doses", "Chain intact", "Bill 7", "Accepted by the receiver"):
        assert words in text


def test_forty_events_cost_no_more_than_two(client, by, store, django_assert_max_num_queries):
    [kit] = make.delivery(by, store)
    there, back = make.place(by), store
    for _ in range(39):
        actions.move_kits(
            why_empty="On purpose",
            kits=[kit],
            place=there,
            occurred_at=timezone.now(),
            request_key=make.key(),
            by=by,
        )
        there, back = back, there
    officer = make.person(by.station)
    offered([kit], officer, by)
    client.force_login(by.account)
    client.get("/my-kits/")  # the first page of a session also writes when it began

    with django_assert_max_num_queries(16):
        answer = client.get(f"/kits/{kit.reference}/")

    assert len(answer.context["entries"]) == 40


def test_only_acts_that_are_possible_now_are_there(client, by, store):
    officer, stranger = make.person(by.station), make.coordinator(make.station())
    [kit] = make.delivery(by, store, checked=False)
    assert acts(page(client, by, kit)) == [
        "Move", "Inspect", "Release", "Send to a station",
    ]  # fmt: skip

    actions.release_kits(kits=[kit], occurred_at=timezone.now(), request_key=make.key(), by=by)
    assert acts(page(client, by, kit)) == [
        "Hand over", "Move", "Inspect", "Assemble kits", "Send to a station",
    ]  # fmt: skip

    offer = offered([kit], officer, by)
    assert acts(page(client, by, kit)) == [
        f"Withdraw {offer.reference}",
        "Inspect",
        "Assemble kits",
    ]
    assert acts(page(client, officer, kit)) == [f"Answer {offer.reference}"]
    assert page(client, stranger, kit).status_code == 404

    actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=officer)
    assert acts(page(client, officer, kit)) == ["Hand over", "Return to a place", "Inspect"]
    # Only who carries it hands it on; a new one can be given for it.
    assert acts(page(client, by, kit)) == ["Exchange for a new one", "Inspect"]
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)
    assert acts(page(client, auditor, kit)) == []


def test_expired_kits_only_go_back(client, by, store):
    [kit] = make.delivery(by, store, expires_on=make.day(0))
    officer = make.person(by.station)
    make.hand([kit], officer, by=by)
    kit = Kit.objects.with_names().with_open_offer().get()

    from naloxone.possible import acts_now

    assert [a.label for a in acts_now(kit, officer, make.day(1))] == [
        "Return to a place",
        "Inspect",
    ]


def test_what_is_of_no_use_any_more_can_be_disposed_of_where_one_keeps_stock(client, by, store):
    [kit] = make.delivery(by, store, expires_on=make.day(0))
    kit = Kit.objects.with_names().with_open_offer().get(pk=kit.pk)

    from naloxone.possible import acts_now, troubles_now

    def labels(today):
        return [a.label for a in (*acts_now(kit, by, today), *troubles_now(kit, by, today))]

    assert "Dispose" not in labels(make.day(0))
    assert labels(make.day(0))[-1] == "Dispose of it"
    assert "Dispose of it" not in labels(make.day(1))
    assert "Dispose" in labels(make.day(1))


def test_a_changed_ledger_is_said_on_the_page(client, by, store, committed_break):
    kit = committed_break
    assert b"was changed" in page(client, by, kit).content


@pytest.fixture
def committed_break(by, store, monkeypatch):
    """A kit whose chain the verifier finds broken; that it finds such is proved with the verifier."""
    from naloxone import verify

    [kit] = make.delivery(by, store)
    broken = verify.Verification(events=1, kits=1, problem=3, kit=kit.pk, sequence=1)
    monkeypatch.setattr(verify, "verify_kit", lambda kit: broken)
    return kit


@pytest.mark.parametrize("number", ["0", "999999", "99999999999999999999"])
def test_an_unknown_kit_is_not_there(client, by, number):
    client.force_login(by.account)

    assert client.get(f"/kits/K-{number}/").status_code == 404


# --- finding --------------------------------------------------------------------------------------------
def find(client, person, code):
    client.force_login(person.account)
    return client.get(reverse("search"), {"q": code})


@pytest.mark.parametrize("spoken", ["K-{}", "k{}", " k-{} ", "K {}"])
def test_an_exact_code_leads_to_the_kit(client, by, store, spoken):
    [kit] = make.delivery(by, store)

    assert find(client, by, spoken.format(kit.pk)).url == f"/kits/{kit.reference}/"


def test_a_lot_of_several_kits_leads_to_their_list(client, by, store):
    kits = make.delivery(by, store, cartons=2, lot_number="L77", serials=["A1", "A2", "B1", "B2"])

    assert find(client, by, "l77").url == "/kits/?q=l77"
    assert find(client, by, "b2").url == f"/kits/{kits[1].reference}/"


def test_other_references_lead_to_their_pages_and_names_to_people(client, by, store):
    [kit] = make.delivery(by, store)
    officer = make.person(by.station)
    offer = offered([kit], officer, by)

    assert find(client, by, offer.reference).url == f"/hand-overs/{offer.reference}/"
    assert find(client, by, store.reference).url == f"/places/{store.reference}/"
    assert find(client, by, kit.lot.reference).url == f"/lots/{kit.lot.reference}/"
    assert find(client, by, officer.reference).url == f"/people/{officer.reference}/"
    assert find(client, by, "Example Robin").url == "/people/?q=Example+Robin"


def test_an_officer_finds_their_own_kit_only(client, by, store):
    officer = make.person(by.station)
    mine, other = make.delivery(by, store, cartons=2)
    make.hand([mine], officer, by=by)

    assert find(client, officer, mine.reference).url == f"/kits/{mine.reference}/"
    assert b"No kit of yours" in find(client, officer, other.reference).content
    assert find(client, officer, "").url == "/my-kits/"
    assert find(client, by, " ").url == "/kits/"
    assert find(client, by, "a\x00").status_code == 302


# --- how hand-overs read ----------------------------------------------------------------------------------
def test_the_second_person_and_their_proof_stand_in_the_timeline(client, by, store):
    officer, contractor = make.person(by.station), make.person(by.station, account=False)
    kits = make.delivery(by, store, cartons=2)
    facts = {"second": officer, "occurred_at": timezone.now(), "by": by}
    actions.hand_over_here(
        kits=kits[:1], receiver=make.holder(officer), proof="totp", request_key=make.key(), **facts
    )
    actions.record_with_witness(
        kits=kits[1:], receiver=make.holder(contractor), proof="password", request_key=make.key(),
        **facts,
    )  # fmt: skip

    counter, witnessed = (page(client, by, kit).context["entries"][0] for kit in kits)

    assert counter["extra"] == f"Received by: {officer}, proved by one-time code"
    assert witnessed["extra"] == f"Witness: {officer}, proved by password"
    assert witnessed["title"] == f"Handed from Cabinet A to {contractor} before a witness"


def test_what_was_told_later_says_when(client, by, store):
    hour_ago = timezone.now() - dt.timedelta(hours=1)
    [kit] = make.delivery(by, store, occurred_at=hour_ago)

    answer = page(client, by, kit)

    assert answer.context["entries"][0]["at"] == hour_ago
    assert b"Told later, on" in answer.content


def test_a_recalled_kit_says_so_and_only_goes_back(client, by, store):
    national = make.person(by.station, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    officer = make.person(by.station)
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    actions.recall_lot(
        lot=kit.lot, notice="FDA", occurred_at=timezone.now(), request_key=make.key(), by=national
    )

    answer = page(client, officer, kit)

    assert acts(answer) == ["Return to a place", "Inspect"]
    assert answer.context["entries"][0]["tone"] == "bad"
    assert b"Recalled" in answer.content


def test_who_keeps_the_place_answers_for_it(client, by, store):
    officer = make.person(by.station)
    [kit] = make.hand(make.delivery(by, store), officer, by=by)
    offer = actions.offer_kits(
        kits=[kit], receiver=store, now=timezone.now(), request_key=make.key(), by=officer
    )

    assert acts(page(client, by, kit)) == [f"Answer {offer.reference}", "Inspect"]
    assert acts(page(client, officer, kit)) == [f"Withdraw {offer.reference}", "Inspect"]


def test_an_emptied_carton_can_only_be_disposed_of(client, by, store):
    [carton] = make.delivery(by, store)
    actions.assemble_kits(
        cartons=[carton], kind="kit", doses_per_kit=2, place=store, occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip

    answer = page(client, by, carton)

    assert acts(answer) == ["Dispose"]
    assert b"Nothing: every dose went into kits" in answer.content
