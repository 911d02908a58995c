"""The pages of what befalls a kit: reached from its page, told in words, nothing typed lost."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from naloxone import actions, history
from naloxone.models import CustodyEvent, Device, Discrepancy, Kit
from naloxone.rules import State
from safety_portal.access import Role
from tests.naloxone import make

pytestmark = pytest.mark.django_db
ZONE = make.Station(time_zone="America/Chicago").zone


@pytest.fixture
def kit(by, store):
    return make.delivery(by, store)[0]


def moment():
    """Now, as the form's two fields."""
    local = timezone.now().astimezone(ZONE)
    return {"occurred_at_0": f"{local:%m/%d/%Y}", "occurred_at_1": f"{local:%H:%M}"}


def fresh(kit):
    return Kit.objects.get(pk=kit.pk)


def text(answer):
    return " ".join(answer.content.decode().split())


def links(answer, name):
    return [link.label for link in answer.context[name]]


def test_the_kit_page_asks_whether_something_is_wrong(signed_in, client, kit, by, officer):
    page = signed_in.get(kit.get_absolute_url())

    assert links(page, "troubles") == [
        "Put it on hold",
        "It does not work",
        "A dose was wasted",
        "It is not where it should be",
        "It is missing",
        "Dispose of it",
    ]
    assert links(page, "record_acts") == ["Add a note"]
    auditor = make.person(make.station(), Role.AUDITOR, scope="everywhere")
    client.force_login(auditor.account)
    page = client.get(kit.get_absolute_url())
    assert links(page, "troubles") == links(page, "record_acts") == []


@pytest.mark.parametrize(
    ("address", "facts", "state", "said"),
    [
        ("opened", {}, "opened", "Opened: K-"),
        ("hold", {"note": "Left in the sun"}, "held", "On hold: K-"),
        ("missing", {"note": "Last seen in lane 3"}, "missing", "Reported missing: K-"),
    ],
)
def test_each_act_is_one_form(signed_in, kit, address, facts, state, said):
    sent = {"kits": kit.reference} | moment() | facts

    answer = signed_in.post(f"/kits/{address}/", sent, follow=True)

    assert said in text(answer)
    assert fresh(kit).state == state


def test_a_reason_left_out_keeps_what_was_typed(signed_in, kit):
    answer = signed_in.post("/kits/hold/", {"kits": kit.reference, "note": ""} | moment())

    assert answer.context["form"].errors == {"note": ["Fill this in."]}
    assert kit.reference in text(answer)
    assert fresh(kit).state == State.IN_SERVICE


def test_hold_is_left_by_release_from_the_kit_page(signed_in, kit):
    signed_in.post("/kits/hold/", {"kits": kit.reference, "note": "Sun"} | moment())
    page = signed_in.get(kit.get_absolute_url())
    assert "Release from hold" in text(page)

    signed_in.post("/kits/release/", {"kits": kit.reference} | moment())

    assert fresh(kit).state == State.IN_SERVICE


def test_a_wasted_dose_is_told_on_a_page_of_its_own(signed_in, kit):
    answer = signed_in.post(
        f"{kit.get_absolute_url()}waste/", {"count": 1, "note": "Fired"} | moment(), follow=True
    )

    assert "Wasted: 1 dose" in text(answer)
    assert "Recorded. It is not in the kit any more." in text(answer)
    too_many = signed_in.post(
        f"{kit.get_absolute_url()}waste/", {"count": 5, "note": "Fired"} | moment()
    )
    assert too_many.context["form"].errors == {"count": [f"{kit.reference} holds 1 doses, not 5."]}


def test_of_several_lots_one_says_which(signed_in, by, store):
    cartons = make.delivery(by, store) + make.delivery(by, store, expires_on=make.day(900))
    actions.assemble_kits(
        cartons=cartons, kind="kit", doses_per_kit=4, place=store, occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    kit = Kit.objects.get(kind="kit")
    address = f"{kit.get_absolute_url()}waste/"
    assert signed_in.post(address, {"count": 1, "note": "x"} | moment()).context["form"].errors

    signed_in.post(address, {"count": 2, "note": "x", "lot": cartons[1].lot_id} | moment())

    assert set(Device.objects.filter(kit=kit).values_list("lot", flat=True)) == {cartons[0].lot_id}


def test_an_officer_reports_their_kit_missing_and_finds_it(client, kit, by, officer):
    make.hand([kit], officer, by=by)
    client.force_login(officer.account)
    client.post("/kits/missing/", {"kits": kit.reference} | moment())
    assert client.get(kit.get_absolute_url()).status_code == 404  # not theirs any more

    answer = client.post("/kits/found/", {"kits": kit.reference, "note": "Boot"} | moment(), follow=True)  # fmt: skip

    assert "Found, on hold until it is looked at" in text(answer)
    assert fresh(kit).holder.person == officer


def test_found_into_a_place_and_what_is_not_missing_is_said(signed_in, kit, store):
    answer = signed_in.post("/kits/found/", {"kits": kit.reference, "where": store.pk} | moment())
    assert "Not missing" in str(answer.context["form"].errors["kits"])
    signed_in.post("/kits/missing/", {"kits": kit.reference} | moment())

    signed_in.post("/kits/found/", {"kits": kit.reference, "where": store.pk} | moment())

    assert fresh(kit).holder == store


def test_the_newest_event_is_undone_from_the_page(signed_in, kit):
    signed_in.post("/kits/opened/", {"kits": kit.reference} | moment())
    page = signed_in.get(kit.get_absolute_url())
    assert links(page, "record_acts") == ["Undo no. 2", "Add a note"]
    form = signed_in.get(f"{kit.get_absolute_url()}undo/2/")
    assert "is undone by an event that mirrors it" in text(form)

    answer = signed_in.post(
        f"{kit.get_absolute_url()}undo/2/", {"note": "The wrong kit"}, follow=True
    )

    assert "No. 2 undone: with" in text(answer)
    assert fresh(kit).state == State.IN_SERVICE


def test_an_undo_page_that_is_stale_says_what_happened(signed_in, kit):
    signed_in.post("/kits/opened/", {"kits": kit.reference} | moment())
    signed_in.post("/kits/hold/", {"kits": kit.reference, "note": "x"} | moment())

    answer = signed_in.post(f"{kit.get_absolute_url()}undo/2/", {"note": "x"}, follow=True)

    assert "has moved on meanwhile; no. 2 is not its newest event." in text(answer)
    assert CustodyEvent.objects.filter(kit=kit).count() == 3


def test_a_note_is_added_to_the_record(signed_in, kit):
    page = text(signed_in.get(f"{kit.get_absolute_url()}note/"))
    # What one has read in the record is chosen by what it says, not by counting.
    title = history.title_of(kit.events.get())
    assert re.search(rf'<option value="1" selected[^>]*> ?No. 1: {title}, \d', page)

    answer = signed_in.post(
        f"{kit.get_absolute_url()}note/", {"about": 1, "note": "Read by two"}, follow=True
    )

    assert "About no. 1: Read by two" in text(answer)


def test_a_missing_kit_is_not_said_to_be_with_missing(signed_in, kit):
    signed_in.post("/kits/missing/", {"kits": kit.reference, "note": "Lane 3"} | moment())

    page = text(signed_in.get(kit.get_absolute_url()))

    assert f"Carton of {kit.station}." in page
    assert "with <strong>" not in page


# --- discrepancies -------------------------------------------------------------------------------
def test_a_missing_kit_is_listed_with_its_clock_and_closed_by_finding_it(signed_in, kit, store):
    assert "Everything adds up." in text(signed_in.get("/discrepancies/"))
    signed_in.post("/kits/missing/", {"kits": kit.reference, "note": "Lane 3"} | moment())
    found = Discrepancy.objects.get()

    listed = signed_in.get("/discrepancies/")
    assert [row.pk for row in listed.context["rows"]] == [found.pk]
    page = text(signed_in.get(f"/discrepancies/{found.reference}/"))
    assert "“Lane 3”" in page
    assert "It is found" in page
    assert "Write it off" in page
    assert signed_in.post(f"/discrepancies/{found.reference}/", {}).status_code == 404

    signed_in.post("/kits/write-off/", {"kits": kit.reference, "note": "Searched"} | moment())
    assert "Lost for good, written off" in text(signed_in.get("/discrepancies/closed/"))
    assert "Searched" in text(signed_in.get(f"/discrepancies/{found.reference}/"))


def test_a_short_count_is_closed_with_a_code(signed_in, kit, by):
    now = timezone.now()
    found = Discrepancy.objects.create(
        kind="short", kit=kit, station=kit.station, opened_by=by, opened_at=now, due_at=now
    )
    address = f"/discrepancies/{found.reference}/"
    assert "that is past" in text(signed_in.get(address))
    assert signed_in.post(address, {"ended": "recounted"}).context["form"].errors["note"]

    signed_in.post(address, {"ended": "recounted", "note": "Two in the pouch"})

    assert "was closed meanwhile" in text(signed_in.post(address, {"ended": "recounted", "note": "x"}, follow=True))  # fmt: skip
    found.refresh_from_db()
    assert found.closing_code == "recounted"


def test_discrepancies_of_other_stations_stay_out_of_sight(client, kit, by):
    actions.report_missing(kits=[kit], occurred_at=timezone.now(), request_key=make.key(), by=by)
    found = Discrepancy.objects.get()
    client.force_login(make.coordinator(make.station("Nogales")).account)

    assert client.get(f"/discrepancies/{found.reference}/").status_code == 404
    assert client.get("/discrepancies/").context["rows"] == []


def test_the_list_costs_the_same_for_one_and_three(signed_in, by, store, django_assert_num_queries):
    def lose(count):
        kits = make.delivery(by, store, cartons=count)
        told = {"occurred_at": timezone.now(), "request_key": make.key(), "by": by}
        actions.report_missing(kits=kits, **told)

    lose(1)
    signed_in.get("/discrepancies/")  # the session's own first queries
    with CaptureQueriesContext(connection) as one:
        signed_in.get("/discrepancies/")
    lose(2)

    with django_assert_num_queries(len(one)):
        assert len(signed_in.get("/discrepancies/").context["rows"]) == 3
