"""The custody record on paper: the words of the kit's page, from the first event to the last."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions, history, printed, verify
from naloxone.models import CustodyEvent, Kit
from safety_portal.access import Role, Scope
from tests import paper
from tests.naloxone import make

pytestmark = pytest.mark.django_db
HOSTILE = '#eval("1+1") *bold* = x\n- item \u202e\U0001f525\u05d0 ' + "W" * 450


@pytest.fixture
def store(by):
    return make.place(by, "Cabinet A")


def again(kit):
    return Kit.objects.with_names().with_open_offer().get(pk=kit.pk)


def record(kit, by):
    """The document element of the record, read by its tags."""
    _, root = paper.read(printed.custody_record(again(kit), by=by, now=timezone.now()))
    return root


def moved(kit, times, by):
    """The kit after so many moves to and fro."""
    there, back = make.place(by, "Cabinet B"), kit.holder
    for _ in range(times):
        actions.move_kits(
            why_empty="On purpose",
            kits=[kit],
            place=there,
            occurred_at=timezone.now(),
            request_key=make.key(),
            by=by,
        )
        there, back = back, there
    return again(kit)


def shown(client, person, kit):
    client.force_login(person.account)
    return client.get(f"/kits/{kit.reference}/custody-record.pdf")


@pytest.mark.parametrize("events", [1, 60])
def test_each_event_is_a_row_in_the_words_of_the_page_the_oldest_first(by, store, events):
    [kit] = make.delivery(by, store, supplier_name="Bill 7")
    kit = moved(kit, events - 1, by)

    pdf, root = paper.read(printed.custody_record(kit, by=by, now=timezone.now()))
    _, custody = root.all("Table")
    head, *rows = custody.rows()

    assert head == ["No.", "When", "What happened", "Recorded by", "Confirmation", "Hash"]
    assert [row[0] for row in rows] == [str(n) for n in range(1, events + 1)]
    assert [row[2].partition("\nNote: ")[0] for row in rows] == [
        entry["title"] for entry in reversed(history.entries(history.events_of(kit)))
    ]
    assert rows[0][2] == "Received from the supplier at Cabinet A\nNote: Bill 7"
    assert {row[3] for row in rows} == {f"{by}\n{by.station}"}
    assert [row[5].replace(" ", "") for row in rows] == [
        bytes(hash_).hex()[:16]
        for hash_ in CustodyEvent.objects.order_by("sequence").values_list("hash", flat=True)
    ]
    assert (len(pdf.pages) > 1) == (events == 60)


def test_the_head_says_what_it_is_and_where(by, store):
    soon = make.product(name="Spray")
    known = make.product(name="Known spray", ndc="69547-627-02")
    cartons = make.delivery(by, store, product=soon, expires_on=make.day(0), lot_number="SOON")
    cartons += make.delivery(
        by, store, product=known, expires_on=dt.date(2199, 5, 3), lot_number="LATE", serials=["S1", "S2"]
    )  # fmt: skip
    actions.assemble_kits(
        cartons=cartons, kind="kit", doses_per_kit=3, place=store, occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    kit = Kit.objects.get(kind="kit")

    root = record(kit, by)
    said = [part.text for part in root.all("Div")]

    assert [part.text for part in root.all("H1")] == [f"Custody record of {kit.reference}"]
    for facts in (
        "Kind\nKit",
        "State\nIn service",
        "Doses\n3",
        "With\nCabinet A",
        "Seal\nNone recorded",
    ):
        assert facts in said
    assert f"Station\n{by.station} ({by.station.code})" in said
    assert next(root.all("Table")).rows() == [
        ["Product", "NDC", "Lot", "Expires", "Doses"],
        ["Spray", "Not known", "SOON", printed.show_day(make.day(0)), "2"],
        ["Known spray\nSerial S1", "69547-627-02", "LATE", "3 May 2199", "1"],
    ]


def test_an_expired_dose_and_an_emptied_carton_are_told(by, store):
    fresh, used = make.delivery(by, store, cartons=2, expires_on=make.day(1))
    actions.assemble_kits(
        cartons=[used], kind="kit", doses_per_kit=2, place=store, occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    later = timezone.now() + dt.timedelta(days=3)

    _, expired = paper.read(printed.custody_record(again(fresh), by=by, now=later))
    emptied = record(used, by)

    assert next(expired.all("Table")).rows()[1][3] == f"{printed.show_day(make.day(1))}, expired"
    assert "First expiry\nNone: it is empty" in emptied.text
    assert "Nothing: every dose went into kits, or was used." in emptied.text


def test_the_second_person_and_a_late_telling_stand_in_the_row(by, store):
    officer = make.person(by.station)
    [kit] = make.delivery(by, store, occurred_at=timezone.now() - dt.timedelta(hours=1))
    actions.hand_over_here(
        kits=[kit], receiver=make.holder(officer), second=officer, proof="totp",
        occurred_at=timezone.now(), request_key=make.key(), by=by,
    )  # fmt: skip

    _, first, second = list(record(kit, by).all("Table"))[1].rows()

    assert "Told later, on" in first[1]
    assert "Told later" not in second[1]
    assert first[4] == "None"
    assert second[4] == f"Received by: {officer}, proved by one-time code"


def test_a_missing_kit_with_a_mistake_undone_reads_as_on_its_page(by, store):
    [kit] = make.delivery(by, store)
    facts = {"kits": [kit], "by": by}
    actions.hold_kits(note="Wet", occurred_at=timezone.now(), request_key=make.key(), **facts)
    actions.undo_newest(kit=again(kit), sequence=2, note="Dry", request_key=make.key(), by=by)
    actions.report_missing(occurred_at=timezone.now(), request_key=make.key(), **facts)

    root = record(kit, by)

    assert "State\nMissing" in root.text
    assert [row[2] for row in list(root.all("Table"))[1].rows()[2:]] == [
        "Put on hold, with Cabinet A\nNote: Wet",
        "No. 2 undone: with Cabinet A again\nNote: Dry",
        "Reported missing; last with Cabinet A",
    ]


def test_an_open_offer_is_told(by, store):
    officer = make.person(by.station)
    [kit] = make.delivery(by, store)
    offer = actions.offer_kits(
        kits=[kit], receiver=make.holder(officer), now=timezone.now(), request_key=make.key(), by=by
    )

    assert (
        f"Offered to {officer} in {offer.reference}, waiting for an answer" in record(kit, by).text
    )


def test_a_hostile_note_stands_as_it_is_and_breaks_nothing(by, store):
    [kit] = make.delivery(by, store, supplier_name=HOSTILE)

    _, row = list(record(kit, by).all("Table"))[1].rows()

    told = HOSTILE.replace("\u202e", "[U+202E right-to-left override]")
    told = told.replace("\U0001f525", "[U+1F525 fire]").replace(
        "\u05d0", "[U+05D0 hebrew letter alef]"
    )
    assert row[2] == f"Received from the supplier at Cabinet A\nNote: {told}"


def test_it_says_what_the_chain_proves_and_with_which_hash_it_ends(by, store):
    [kit] = make.delivery(by, store)
    kit = moved(kit, 2, by)

    text = record(kit, by).text

    assert "Chain intact: 3 events checked." in text
    head = bytes(kit.head_hash).hex()
    assert (
        f"no. 3, has a hash that begins with {head[:4]} {head[4:8]} {head[8:12]} {head[12:16]},"
        in text
    )
    assert "It does not prove" in text


def test_a_broken_chain_is_told_and_nothing_is_claimed(by, store, monkeypatch):
    [kit] = make.delivery(by, store)
    broken = verify.Verification(events=1, kits=1, problem=3, kit=kit.pk, sequence=1)
    monkeypatch.setattr(verify, "verify_kit", lambda kit: broken)

    text = record(kit, by).text

    assert "The custody record of this kit was changed." in text
    assert text.count(broken.sentence) == 2
    assert "Chain intact" not in text
    assert "All of them fit" not in text


def test_a_unit_that_nothing_happened_to_is_printed_too(by):
    national = make.person(by.station, Role.AUDITOR, scope=Scope.EVERYWHERE)
    kit = Kit.objects.create(kind="kit", seal="")

    assert "Station\nNone yet" in record(kit, national).text


def test_the_same_moment_gives_the_same_record(by, store):
    [kit] = make.delivery(by, store)
    now = timezone.now()

    first, second = (printed.custody_record(again(kit), by=by, now=now) for _ in range(2))

    assert first == second


@pytest.mark.parametrize("events", [1, 3])
def test_a_long_custody_costs_no_more_queries(by, store, events, django_assert_num_queries):
    [kit] = make.delivery(by, store)
    kit = moved(kit, events - 1, by)

    with django_assert_num_queries(9):
        printed.custody_record(kit, by=by, now=timezone.now())


# --- the page that gives it -------------------------------------------------------------------------------
def test_the_kits_page_leads_to_the_record(client, by, store):
    [kit] = make.delivery(by, store)

    answer = shown(client, by, kit)

    assert (
        f'href="/kits/{kit.reference}/custody-record.pdf"'
        in client.get(f"/kits/{kit.reference}/").content.decode()
    )
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store, private"
    day = by.station.today()
    assert answer.headers["Content-Disposition"] == (
        f'inline; filename="{kit.reference} custody record {day:%Y-%m-%d}.pdf"'
    )
    assert answer.content.startswith(b"%PDF-1.7")


def test_who_may_not_see_the_kit_gets_no_record_of_it(client, by, store):
    officer, stranger = make.person(by.station), make.coordinator(make.station())
    mine, other = make.delivery(by, store, cartons=2)
    make.hand([mine], officer, by=by)

    assert shown(client, officer, mine).status_code == 200
    assert shown(client, officer, other).status_code == 404
    assert shown(client, stranger, mine).status_code == 404
    assert shown(client, by, Kit(pk=999_999)).status_code == 404
