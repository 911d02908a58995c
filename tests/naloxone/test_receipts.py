"""What left with somebody is owed a receipt: recorded when it comes, put right by a newer one, asked for when it does not."""

import csv
import datetime as dt
import io

import pikepdf
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from naloxone import actions, notices
from naloxone import disposal_rules as out
from naloxone.actions import CustodyError
from naloxone.disposal_rules import Method, Reason
from naloxone.models import Disposal, DisposalReceipt, Kit
from naloxone.need_rules import worth_of
from naloxone.rules import HolderKind, State
from safety_portal import alerts
from safety_portal.access import AccessError, Role, Scope
from safety_portal.alerts import Alert
from safety_portal.photos import hold_photo
from tests.naloxone import make
from tests.naloxone.test_life import fresh
from tests.naloxone.test_views_life import text
from tests.safety_portal.picture import upload

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def end(kits, by, method=Method.TAKE_BACK, *, ago=0, **facts):
    then = timezone.now() - ago * DAY
    return actions.dispose_of_kits(
        kits=kits, method=method, reason=Reason.DAMAGED, occurred_at=then, now=then,
        request_key=make.key(), by=by, why_empty="On purpose", **facts,
    )  # fmt: skip


def record(disposal, by, number="R-1", **facts):
    return actions.record_receipt(
        **{
            "disposal": disposal, "number": number, "on": by.station.today(), "now": timezone.now(),
            "request_key": make.key(), "by": by,
        } | facts
    )  # fmt: skip


# --- rules ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", Method)
def test_who_takes_them_owes_a_receipt_and_what_is_thrown_away_none(method):
    taken = {"take_back", "reverse_distributor", "incineration", "donation", "return_to_vendor"}

    assert (method in out.OWES_RECEIPT) == (method.value in taken)


def test_a_receipt_has_a_number_and_a_day_that_can_be():
    today = dt.date(2026, 11, 24)
    told = {"number": "R-1", "on": today, "done_on": today - DAY, "today": today}
    out.check_receipt(**told)
    out.check_receipt(**told | {"on": today - DAY})
    for facts, field in (
        ({"number": " "}, "number"),
        ({"on": today + DAY}, "on"),
        ({"on": today - 2 * DAY}, "on"),
    ):
        with pytest.raises(CustodyError) as found:
            out.check_receipt(**told | facts)
        assert found.value.field == field
    assert out.receipt_due_on(today, 30) == dt.date(2026, 12, 24)


# --- recording -----------------------------------------------------------------------------------
def test_a_receipt_comes_later_and_a_newer_one_puts_it_right(by, kits):
    made = end(kits, by)
    assert list(Disposal.objects.owing()) == [made]

    record(made, by, "R-7")
    record(made, by, "R-8")

    assert not Disposal.objects.owing().exists()
    assert [one.number for one in made.receipts.all()] == ["R-8", "R-7"]


def test_a_receipt_sent_twice_is_one(by, kits):
    made, key = end(kits, by), make.key()

    first, second = (record(made, by, request_key=key) for _ in range(2))

    assert first == second


def test_it_is_recorded_by_who_answers_for_the_stock_there(by, kits, officer):
    made = end(kits, by)
    for person in (officer, make.coordinator(make.station("Nogales"))):
        with pytest.raises(AccessError):
            record(made, person)
    record(made, make.person(by.station, Role.SUPERVISOR))

    assert DisposalReceipt.objects.count() == 1


def test_what_was_undone_owes_none(by, kits):
    made = end(kits[:1], by)
    actions.undo_newest(
        kit=kits[0],
        sequence=fresh(kits[0]).last_sequence,
        note="Not yet",
        request_key=make.key(),
        by=by,
    )

    assert not Disposal.objects.owing().exists()
    with pytest.raises(CustodyError, match="was undone"):
        record(made, by)


def test_what_told_its_receipt_at_once_or_owes_none_is_not_owing(by, kits):
    end(kits[:1], by, receipt="R-1")
    end(kits[1:], by, Method.SHARPS)

    assert not Disposal.objects.owing().exists()


def test_receipts_are_only_ever_added_to(by, kits):
    record(end(kits, by), by)
    for statement in (
        "update naloxone_disposalreceipt set number = 'X'",
        "delete from naloxone_disposalreceipt",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


# --- asked for -----------------------------------------------------------------------------------
def test_one_that_does_not_come_in_its_days_is_an_alert_until_it_is_recorded(by, store, settings):
    long_ago = timezone.now() - 60 * DAY
    [kit] = make.delivery(by, store, occurred_at=long_ago)
    made = end([kit], by, ago=settings.DISPOSAL_RECEIPT_DAYS)
    now = timezone.now()
    assert not list(notices.receipts_owed(now))

    later = now + DAY
    assert [due.subject for due in notices.receipts_owed(later)] == [made.reference]
    alerts.run_sweeps(now=later)
    found = Alert.objects.open().get(kind="naloxone.receipt_owed")
    assert notices.receipt_line([found]) == f"1 receipt for what left {by.station} should be here: ask who took it"  # fmt: skip
    assert notices.receipt_line([found] * 2).startswith("2 receipts")

    record(made, by)

    assert not Alert.objects.open().filter(kind="naloxone.receipt_owed").exists()


# --- what other ways come to ---------------------------------------------------------------------
def test_evidence_is_held_and_not_destroyed(by, kits):
    end(kits, by, Method.EVIDENCE_HOLD, recipient="Evidence room, case 12")

    held = Kit.objects.with_names().get(pk=kits[0].pk)
    assert (held.state, held.holder.kind) == (State.PASSED_ON, HolderKind.RECIPIENT)
    assert held.doses == 2
    today = by.station.today()
    assert not Kit.objects.serviceable(today).exists()
    assert not Kit.objects.usable_in_need(today).exists()


def test_what_was_used_for_training_never_counts_again(by, kits):
    end(kits, by, Method.TRAINING_USE)

    kit = fresh(kits[0])
    assert kit.state == State.DESTROYED
    today = by.station.today()
    facts = {"kind": kit.kind, "doses": kit.doses, "expires_on": kit.expires_on, "works": True}
    assert worth_of(state=State(kit.state), on=today, **facts) is None
    assert not Kit.objects.usable_in_need(today).exists()


# --- pages ---------------------------------------------------------------------------------------
def test_the_list_of_owed_receipts_tells_their_age(signed_in, by, store):
    [kit] = make.delivery(by, store, occurred_at=timezone.now() - 60 * DAY)
    [other] = make.delivery(by, store, occurred_at=timezone.now() - 60 * DAY)
    [newest] = make.delivery(by, store)
    old, made = end([kit], by, ago=40), end([other], by, ago=3)
    end([newest], by)

    page = text(signed_in.get("/disposals/receipts/"))

    assert "Receipt overdue, owed for 40 days" in page
    assert "Receipt owed for 3 days" in page
    assert "Receipt owed since today" in page
    for one in (old, made):
        record(one, by)
    assert old.reference not in text(signed_in.get("/disposals/receipts/"))
    assert "Receipt here" in text(signed_in.get("/disposals/"))


def test_a_receipt_is_recorded_with_its_photo_and_both_stay(signed_in, client, by, kits):
    made = end(kits, by)
    where = f"{made.get_absolute_url()}receipt/"
    assert where in text(signed_in.get(made.get_absolute_url()))
    today = f"{by.station.today():%m/%d/%Y}"

    refused = signed_in.post(where, {"number": "", "on": today})
    assert "number" in refused.context["form"].errors
    for number in ("R-7", "R-8"):
        answer = signed_in.post(where, {"number": number, "on": today, "photos": [upload()]}, follow=True)  # fmt: skip

    page = text(answer)
    assert "Put the receipt right" in page
    assert "put right since" in page
    photo = made.receipts.first().photos[0]
    assert signed_in.get(f"/photos/{photo.token}/").status_code == 200
    client.force_login(make.coordinator(make.station("Nogales")).account)
    assert client.get(f"/photos/{photo.token}/").status_code == 404
    assert client.get(where).status_code == 404


def test_an_auditor_reads_and_records_nothing(client, by, kits):
    made = end(kits, by)
    auditor = make.person(make.station(), Role.AUDITOR, scope=Scope.EVERYWHERE)
    client.force_login(auditor.account)

    page = client.get(made.get_absolute_url())

    assert "Record the receipt" not in text(page)
    assert client.get(f"{made.get_absolute_url()}receipt/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_owed_receipts_costs_the_same(signed_in, by, store, number, django_assert_max_num_queries):  # fmt: skip
    for kit in make.delivery(by, store, cartons=number):
        end([kit], by)

    with django_assert_max_num_queries(12):
        signed_in.get("/disposals/receipts/")


@pytest.mark.parametrize("receipt", ["", "R-5", "later"])
def test_the_manifest_is_a_tagged_document_of_lots_doses_and_signatures(
    signed_in, by, store, receipt
):
    kits = make.delivery(by, store, cartons=2) + make.delivery(by, store)
    actions.waste_doses(
        kit=kits[0],
        count=2,
        note="Fired",
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=by,
    )
    made = end(
        kits, by, receipt=receipt if receipt != "later" else "", words="<b>Dented</b> #strong"
    )
    if receipt == "later":
        record(made, by)

    answer = signed_in.get(f"{made.get_absolute_url()}manifest.pdf")

    assert answer["Content-Type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.docinfo["/Title"]) == f"Manifest of {made.reference}"


def test_a_held_photo_is_kept_with_the_receipt(by, kits):
    held = hold_photo(file=upload(), now=timezone.now(), by=by)

    made = record(end(kits, by), by, photos=[held])

    assert len(made.photos) == 1


def test_the_file_of_disposals_says_who_stands_for_each_and_what_is_owed(signed_in, by, store):
    chief = make.person(by.station, Role.SUPERVISOR, name="Sam")
    witnessed = end(make.delivery(by, store), by, second=chief, proof="password")
    alone = end(make.delivery(by, store), by, recipient="City pharmacy")
    record(witnessed, by, "R-1")
    record(witnessed, by, "R-2")

    answer = signed_in.post("/download/", {"list": "/disposals/", "kind": "csv"})

    newest, oldest = csv.DictReader(b"".join(answer).decode("utf-8-sig").splitlines())
    assert (newest["No."], newest["Kits"], newest["Kits undone"]) == (alone.reference, "1", "0")
    assert (newest["Who got them"], newest["Receipt"], newest["Receipt owed"]) == ("City pharmacy", "", "yes")  # fmt: skip
    assert (oldest["Witness"], oldest["Receipt"], oldest["Receipt owed"]) == (
        str(chief),
        "R-2",
        "no",
    )
    assert newest["Witness"] == newest["Signed by"] == ""
