"""Boxes from station to station: sent off, on their way, received whole, short or damaged in one act, or called back."""

import datetime as dt
import io

import pikepdf
import pytest
from django.utils import timezone

from naloxone import actions, notices, rules, summary
from naloxone.actions import CustodyError, Told
from naloxone.closing import keeps_open
from naloxone.models import Consignment, CustodyEvent, Discrepancy, Kit, LotRecall
from naloxone.rules import HolderKind, State
from naloxone.verify import verify_ledger
from safety_portal import alerts
from safety_portal.access import AccessError, Role, Scope
from safety_portal.alerts import Alert
from safety_portal.audit import AuditRow
from safety_portal.outbox import Message
from tests.naloxone import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def there():
    """The coordinator of the station that gets the box."""
    return make.coordinator(make.station("Nogales"))


@pytest.fixture
def shelf(there):
    return make.place(there)


def fresh(kit):
    return Kit.objects.with_names().get(pk=kit.pk)


def send(kits, by, there, key=None, **facts):
    return actions.send_kits(
        why_empty="On purpose", **{
            "kits": kits, "destination": there.station, "carrier": "Fictitious courier",
            "expected_on": there.station.today() + dt.timedelta(days=2),
            "occurred_at": timezone.now(), "request_key": key or make.key(), "by": by,
        }
        | facts
    )  # fmt: skip


def receive(box, shelf, by, key=None, **facts):
    return actions.receive_consignment(
        consignment=box,
        place=shelf,
        now=timezone.now(),
        request_key=key or make.key(),
        by=by,
        **facts,
    )


def kinds(kit):
    return list(
        CustodyEvent.objects.filter(kit=kit).order_by("sequence").values_list("kind", flat=True)
    )


# --- sent and received -------------------------------------------------------------------------------
def test_a_box_goes_off_and_arrives_whole_in_one_act(by, kits, there, shelf):
    box = send(kits, by, there, seal="BOX-1", note="Handle gently")

    away = fresh(kits[0])
    assert (away.holder.kind, away.station, away.state) == (
        HolderKind.IN_TRANSIT, by.station, State.IN_SERVICE,
    )  # fmt: skip
    assert box in Consignment.objects.coming_to(there).open()

    receive(box, shelf, there, seal_whole=True)

    here = fresh(kits[0])
    assert (here.holder, here.station, here.state) == (shelf, there.station, State.IN_SERVICE)
    assert kinds(here) == ["received", "sent", "arrived"]
    assert set(box.lines.values_list("arrival", flat=True)) == {"whole"}
    assert not Consignment.objects.open().exists()
    assert CustodyEvent.objects.get(kit=here, sequence=2).act.note.text.startswith(box.reference)
    assert verify_ledger().intact
    assert AuditRow.objects.get(act="custody.arrived").station_code == there.station.code


def test_the_station_that_waits_hears_of_it_and_of_nothing_else_when_all_is_well(
    by, kits, there, shelf
):
    box = send(kits, by, there)
    receive(box, shelf, there)

    mail = Message.objects.get(kind="consignment")
    assert mail.recipient == there
    assert mail.subject == f"{box.reference}: 2 kits on the way to Nogales"
    assert box.get_absolute_url() in mail.body


def test_what_is_short_is_missing_what_is_damaged_waits_on_hold_and_the_sender_hears(
    by, store, there, shelf
):
    whole, broken, lost = make.delivery(by, store, cartons=3)
    box = send([whole, broken, lost], by, there, seal="BOX-1")

    receive(
        box, shelf, there, short=[lost.pk], damaged=[broken.pk], seal_whole=False,
        reason="The box was torn open",
    )  # fmt: skip

    assert [fresh(kit).state for kit in (whole, broken, lost)] == ["in_service", "held", "missing"]
    assert [line.arrival for line in box.lines.order_by("kit")] == ["whole", "damaged", "short"]
    assert [line.reason for line in box.lines.order_by("kit")] == [
        "",
        *["The box was torn open"] * 2,
    ]
    searched = Discrepancy.objects.open().get()
    assert (searched.kit, searched.station) == (fresh(lost), by.station)
    assert box.reference in searched.told
    mail = Message.objects.get(kind="consignment", recipient=by)
    assert (
        "1 kit not in it, now missing; 1 kit damaged, now on hold; its seal not whole" in mail.body
    )
    assert "torn" not in mail.body
    assert verify_ledger().intact

    actions.release_kits(
        kits=[fresh(broken)], occurred_at=timezone.now(), request_key=make.key(), by=there
    )
    assert fresh(broken).state == State.IN_SERVICE


def test_what_did_not_arrive_is_found_and_not_put_back_on_its_way(by, kits, there, shelf, store):
    box = send(kits, by, there)
    receive(box, shelf, there, short=[kits[0].pk], reason="Not there")
    lost = fresh(kits[0])

    with pytest.raises(CustodyError, match="can't be undone"):
        actions.undo_newest(
            kit=lost, sequence=lost.last_sequence, note="x", request_key=make.key(), by=by
        )
    actions.record_found(
        kits=[lost], where=store, occurred_at=timezone.now(), request_key=make.key(), by=by
    )
    assert not Discrepancy.objects.open().exists()


def test_a_form_sent_twice_sends_and_receives_once(by, kits, there, shelf):
    key = make.key()
    box = send(kits, by, there, key)
    assert send(kits, by, there, key) == box

    key = make.key()
    receive(box, shelf, there, key)
    assert receive(box, shelf, there, key) == box
    with pytest.raises(CustodyError, match="received or called back meanwhile"):
        receive(box, shelf, there)


def test_a_box_that_never_left_is_called_back(by, kits, there, store):
    box = send(kits, by, there)
    key = make.key()
    for _ in range(2):
        actions.call_back(consignment=box, place=store, now=timezone.now(), request_key=key, by=by)

    assert fresh(kits[0]).holder == store
    assert set(box.lines.values_list("arrival", flat=True)) == {"called_back"}
    assert (
        Message.objects.filter(kind="consignment", subject__endswith="does not come").count() == 1
    )
    with pytest.raises(AccessError):
        actions.call_back(
            consignment=box, place=store, now=timezone.now(), request_key=make.key(), by=there
        )
    with pytest.raises(CustodyError, match="Choose a place at"):
        actions.call_back(
            consignment=box,
            place=make.place(there),
            now=timezone.now(),
            request_key=make.key(),
            by=by,
        )


# --- on their way ------------------------------------------------------------------------------------
def test_a_use_on_the_way_is_recorded_and_the_emptied_kit_arrives_empty(by, kits, there, shelf):
    box = send(kits, by, there)
    used = fresh(kits[0])
    actions.record_use(
        told=[Told(kit=used, doses=2)], station=there.station, given_at=timezone.now(),
        now=timezone.now(), request_key=make.key(), by=there,
    )  # fmt: skip
    assert fresh(used).state == State.SPENT

    receive(box, shelf, there, short=[used.pk], reason="Used on the way")

    assert (fresh(used).holder, fresh(used).state) == (shelf, State.SPENT)
    assert not Discrepancy.objects.exists()
    assert verify_ledger().intact


def test_a_recall_reaches_what_is_on_its_way_and_it_arrives_recalled(by, kits, there, shelf):
    national = make.person(by.station, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    box = send(kits, by, there)
    actions.recall_lot(
        lot=kits[0].lot,
        notice="FDA",
        occurred_at=timezone.now(),
        request_key=make.key(),
        by=national,
    )
    assert LotRecall.objects.exists()

    receive(box, shelf, there, damaged=[kits[0].pk], reason="Wet")

    assert {fresh(kit).state for kit in kits} == {State.RECALLED}


@pytest.mark.parametrize(
    "act",
    [
        lambda kit, by, place: actions.hold_kits(kits=[kit], note="x", **told(by)),
        lambda kit, by, place: actions.report_missing(kits=[kit], **told(by)),
        lambda kit, by, place: actions.waste_doses(kit=kit, count=1, note="x", **told(by)),
        lambda kit, by, place: actions.move_kits(
            why_empty="On purpose", kits=[kit], place=place, **told(by)
        ),
        lambda kit, by, place: actions.dispose_of_kits(
            why_empty="On purpose",
            kits=[kit],
            method="incineration",
            reason="damaged",
            now=timezone.now(),
            **told(by),
        ),
        lambda kit, by, place: actions.offer_kits(
            kits=[kit], receiver=place, now=timezone.now(), request_key=make.key(), by=by
        ),
    ],
)
def test_nothing_else_is_done_with_a_kit_on_its_way(act, by, kits, there, store):
    send(kits, by, there)

    with pytest.raises(CustodyError, match="on its way to another station"):
        act(fresh(kits[0]), by, make.place(by))


def test_a_search_for_a_kit_that_was_sent_meanwhile_does_not_make_it_missing(
    by, kits, there, shelf
):
    search = actions.search_for_kit(kit=kits[0], now=timezone.now(), by=by)
    box = send(kits, by, there)
    with pytest.raises(CustodyError, match="on its way to another station"):
        actions.answer_search(
            search=search, how="missing", now=timezone.now(), request_key=make.key(), by=by
        )

    alerts.run_sweeps(now=timezone.now() + dt.timedelta(days=2))

    search.refresh_from_db()
    assert search.end == "moved"
    receive(box, shelf, there)
    assert fresh(kits[0]).holder == shelf


def told(by):
    return {"occurred_at": timezone.now(), "request_key": make.key(), "by": by}


def test_stock_counts_what_is_on_its_way_by_itself_and_rounds_leave_it_out(by, kits, there, store):
    send(kits[:1], by, there)
    today = by.station.today()
    mine = Kit.objects.filter(station=by.station)

    lines = summary.stock_by_place([store], mine, today)[by.station_id]
    assert [(line.name, line.serviceable) for line in lines] == [(store.name, 1), (summary.AWAY, 1)]
    assert all(one.place_key for one in summary.rounds(mine, today))


def test_a_station_is_not_closed_while_a_box_is_on_its_way_there(by, kits, there):
    send(kits, by, there)
    found = [hindrance.text for hindrance in keeps_open(there.station)]
    assert any("1 consignment is on the way to Nogales" in text for text in found)


# --- what does not fit -------------------------------------------------------------------------------
def test_sending_has_its_refusals(by, kits, there, store, officer):
    with pytest.raises(CustodyError, match=r"are at .* already") as refused:
        send(kits, by, by)
    assert refused.value.field == "destination"
    with pytest.raises(CustodyError, match="before it leaves") as refused:
        send(kits, by, there, expected_on=there.station.today() - dt.timedelta(days=1))
    assert refused.value.field == "expected_on"
    with pytest.raises(AccessError):
        send(kits, there, there)
    offer = actions.offer_kits(
        kits=kits[:1],
        receiver=make.holder(officer),
        now=timezone.now(),
        request_key=make.key(),
        by=by,
    )
    with pytest.raises(CustodyError, match=f"already offered to .*{offer.reference}"):
        send(kits, by, there)
    actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=officer)
    with pytest.raises(CustodyError, match="Only they can hand it on"):
        send([fresh(kits[0])], by, there)
    with pytest.raises(CustodyError, match="they give it back first"):
        send([fresh(kits[0])], officer, there)
    actions.waste_doses(kit=fresh(kits[1]), count=2, note="Fired", **told(by))
    with pytest.raises(CustodyError, match="is emptied; this can't be done"):
        send([fresh(kits[1])], by, there)
    there.station.closed_on = there.station.today()
    there.station.save()
    with pytest.raises(CustodyError, match="is closed"):
        send(make.delivery(by, store), by, there)


def test_one_box_is_of_one_station(by, kits, there):
    national = make.person(by.station, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    other = make.coordinator(make.station("Yuma"))
    more = make.delivery(other, make.place(other))
    with pytest.raises(CustodyError, match="Send one box from each"):
        send(kits + more, national, there)


def test_receiving_has_its_refusals(by, kits, there, shelf, store):
    box = send(kits, by, there)
    with pytest.raises(AccessError):
        receive(box, shelf, by)
    with pytest.raises(CustodyError, match="Choose a place at Nogales") as refused:
        receive(box, make.place(there, kind="vehicle"), there)
    assert refused.value.field == "place"
    for wrong in ({"short": [kits[0].pk]}, {"damaged": [kits[0].pk]}, {"seal_whole": False}):
        with pytest.raises(CustodyError, match="Say what was wrong") as refused:
            receive(box, shelf, there, **wrong)
        assert refused.value.field == "reason"
    with pytest.raises(CustodyError, match="can't be damaged and not there"):
        receive(box, shelf, there, short=[kits[0].pk], damaged=[kits[0].pk], reason="x")


@pytest.mark.parametrize(("state", "arrives"), [("in_service", "held"), ("recalled", "recalled")])
def test_damage_puts_on_hold_what_was_sound(state, arrives):
    assert rules.state_on_arrival(State(state), damaged=True) == arrives
    assert rules.state_on_arrival(State(state), damaged=False) == state


# --- late --------------------------------------------------------------------------------------------
def test_a_box_that_does_not_come_is_told_to_who_waits_until_it_is_received(by, kits, there, shelf):
    box = send(kits, by, there)
    now = timezone.now()
    alerts.run_sweeps(now=now + dt.timedelta(days=1))
    assert not Alert.objects.filter(kind=notices.CONSIGNMENT).exists()

    alerts.run_sweeps(now=now + dt.timedelta(days=4))
    alert = Alert.objects.open().get(kind=notices.CONSIGNMENT)
    kind = alerts.kinds[notices.CONSIGNMENT]
    assert there in kind.recipients(there.station, alert.threshold, now)
    assert kind.line([alert]).startswith(
        f"{box.reference} from {by.station} was expected at Nogales on"
    )
    assert kind.url([alert]) == box.get_absolute_url()

    receive(box, shelf, there)
    alerts.run_sweeps(now=now + dt.timedelta(days=4))
    alert.refresh_from_db()
    assert alert.resolved_at


# --- pages -------------------------------------------------------------------------------------------
def test_a_box_is_sent_from_the_list_of_kits(signed_in, by, kits, there):
    page = signed_in.get("/consignments/new/", {"kits": [kit.reference for kit in kits]})
    assert kits[0].reference in page.content.decode()
    answer = signed_in.post(
        "/consignments/new/",
        {
            "kits": "\n".join(kit.reference for kit in kits), "destination": there.station.pk,
            "carrier": "Courier", "expected_on": f"{make.day(3):%m/%d/%Y}", "request_key": make.key(),
            "why_empty": "On purpose", "occurred_at_0": f"{by.station.today():%m/%d/%Y}", "occurred_at_1": "00:01",
        },
        follow=True,
    )  # fmt: skip

    assert "on its way. Put its packing list into the box" in answer.content.decode()
    assert Consignment.objects.get().carrier == "Courier"


def test_the_page_receives_what_is_not_ticked_and_keeps_what_was_ticked_on_an_error(
    client, by, kits, there, shelf
):
    box = send(kits, by, there, seal="BOX-1")
    client.force_login(there.account)
    told = {
        "short": kits[0].reference, "place": shelf.pk, "seal_whole": "yes", "request_key": make.key(),
    }  # fmt: skip

    page = client.post(box.get_absolute_url(), told)
    assert page.context["form"].errors["reason"] == ["Say what was wrong. The sender reads it."]
    assert f'value="{kits[0].reference}"\n' in page.content.decode()
    assert page.content.decode().count("checked>") == 1 + page.content.decode().count('"yes"')

    client.post(box.get_absolute_url(), told | {"reason": "One less"})
    assert [fresh(kit).state for kit in kits] == ["missing", "in_service"]


def test_the_lists_tell_what_comes_what_went_and_how_it_ended(client, by, kits, there, shelf):
    box = send(kits[:1], by, there)
    late = send(kits[1:], by, there, expected_on=there.station.today())
    Consignment.objects.filter(pk=late.pk).update(
        expected_on=there.station.today() - dt.timedelta(1)
    )
    client.force_login(there.account)
    coming = client.get("/consignments/").content.decode()
    assert "On its way" in coming
    assert "Late" in coming
    assert box.reference not in client.get("/consignments/sent/").content.decode()

    receive(box, shelf, there)
    client.force_login(by.account)
    assert box.reference not in client.get("/consignments/sent/").content.decode()
    assert "Received" in client.get("/consignments/all/").content.decode()
    actions.call_back(
        consignment=late, place=kits[1].holder, now=timezone.now(), request_key=make.key(), by=by
    )
    assert "Called back" in client.get("/consignments/all/").content.decode()


def test_who_waits_for_a_kit_sees_it_and_a_stranger_sees_nothing(client, by, kits, there):
    box = send(kits, by, there)
    stranger = make.coordinator(make.station("Yuma"))
    for person, status in ((by, 200), (there, 200), (stranger, 404)):
        client.force_login(person.account)
        for path in (
            box.get_absolute_url(),
            f"{box.get_absolute_url()}packing-list.pdf",
            kits[0].get_absolute_url(),
        ):
            assert client.get(path).status_code == status, (person, path)
    client.force_login(there.account)
    assert client.get(f"{box.get_absolute_url()}call-back/").status_code == 404
    client.force_login(by.account)
    assert client.post(box.get_absolute_url(), {}).status_code == 404
    assert box.reference in client.get(kits[0].get_absolute_url()).content.decode()
    assert client.get(f"/kits/find/?q={box.reference}").url == box.get_absolute_url()


def test_a_box_is_called_back_on_its_page(signed_in, by, kits, there, store):
    box = send(kits, by, there)
    page = signed_in.get(f"{box.get_absolute_url()}call-back/").content.decode()
    assert "gets a mail that it does not come" in page

    answer = signed_in.post(
        f"{box.get_absolute_url()}call-back/",
        {"place": store.pk, "request_key": make.key()},
        follow=True,
    )
    assert "is called back" in answer.content.decode()


def test_the_packing_list_names_every_kit(signed_in, by, kits, there):
    box = send(kits, by, there, note="<b>Top shelf</b> #strong")
    answer = signed_in.get(f"{box.get_absolute_url()}packing-list.pdf")

    assert answer["Content-Type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.docinfo["/Title"]) == f"Packing list of {box.reference}"


def test_the_front_page_tells_who_waits_for_a_box_until_it_is_there(client, by, kits, there, shelf):
    box = send(kits, by, there)
    client.force_login(there.account)
    assert f"{box.reference} is on its way from {by.station}" in client.get("/").content.decode()

    receive(box, shelf, there)
    assert box.reference not in client.get("/").content.decode()
