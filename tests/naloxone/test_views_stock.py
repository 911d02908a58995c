"""Deliveries, assembly, release, moves and recalls, through their pages."""

import datetime as dt

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.models import Act, Kit, Lot
from safety_portal.access import Role, Scope
from tests.naloxone import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(client):
    person = make.coordinator(make.station())
    client.force_login(person.account)
    return person


@pytest.fixture
def store(by):
    return make.place(by, "Cabinet A")


def moment(at=None, name="occurred_at"):
    local = (at or timezone.now()).astimezone(dt.UTC).astimezone(ZONE)
    return {f"{name}_0": f"{local:%m/%d/%Y}", f"{name}_1": f"{local:%H:%M}"}


ZONE = make.Station(time_zone="America/Chicago").zone


def delivery(store, **changes):
    return {
        "product": make.product().pk,
        "lot": "LOT1",
        "expires_on": f"{make.day(400):%m/%d/%Y}",
        "cartons": "3",
        "place": store.pk,
        "checked": "yes",
        "request_key": str(make.key()),
        **moment(),
    } | changes


def errors(answer):
    return dict(answer.context["form"].errors)


def test_five_hundred_cartons_are_received_with_six_fields(client, by, store):
    answer = client.post("/kits/receive/", delivery(store, cartons="500"), follow=True)

    kits = Kit.objects.order_by("pk")
    assert kits.count() == 500
    assert answer.context["title"] == f"{kits[0].reference} to {kits[499].reference}"
    assert "500 units received" in answer.content.decode()


def test_one_carton_has_a_page_of_its_own(client, by, store):
    answer = client.post("/kits/receive/", delivery(store, cartons="1", checked="no"), follow=True)

    assert answer.context["title"] == Kit.objects.get().reference
    assert b"In quarantine until" in answer.content


def test_the_only_place_is_chosen_already(client, by, store):
    assert client.get("/kits/receive/").context["form"].fields["place"].initial == store


def test_all_of_a_delivery_can_be_released_at_once(client, by, store):
    client.post("/kits/receive/", delivery(store, checked="no"))
    act = Act.objects.get()
    codes = [kit.reference for kit in Kit.objects.order_by("pk")]

    form = client.get("/kits/release/", {"made": act.pk}).context["form"]

    assert form["kits"].value() == codes
    assert client.get("/kits/release/", {"made": "x"}).context["form"]["kits"].value() == []


def test_a_double_click_receives_once(client, by, store):
    told = delivery(store)

    answers = [client.post("/kits/receive/", told) for _ in range(2)]

    assert answers[0].url == answers[1].url
    assert Kit.objects.count() == 3


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"expires_on": "01/01/2020"}, "expires_on", "before the receipt"),
        ({"cartons": "0"}, "cartons", "At least 1"),
        ({"cartons": "1,001"}, "cartons", "At most 1,000"),
        ({"cartons": "many"}, "cartons", "not a whole number"),
        ({"lot": "x" * 21}, "lot", "At most 20"),
        ({"lot": "A\x07B"}, "lot", "control character"),
        ({"lot": ""}, "lot", "Fill this in"),
        ({"supplier": "x" * 121}, "supplier", "At most 120"),
        ({"checked": ""}, "checked", "Choose"),
        ({"product": "999999"}, "product", "not among the choices"),
        ({"serials": "S1\nS1"}, "serials", "more than once"),
        ({"serials": "S1"}, "serials", "6 doses need 6 serials"),
        (moment(timezone.now() + dt.timedelta(days=2)), "occurred_at", "future"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_at_its_field_and_nothing_is_lost(
    client, by, store, changes, field, words
):
    told = delivery(store, supplier="Bill 7") | changes

    answer = client.post("/kits/receive/", told)

    assert words in " ".join(errors(answer)[field])
    assert not Kit.objects.exists()
    form = answer.context["form"]
    assert form["lot"].value() == told["lot"]
    assert str(form["request_key"].value()) == told["request_key"]


def test_a_lot_that_contradicts_its_earlier_expiry(client, by, store):
    told = delivery(store)
    client.post("/kits/receive/", told)

    answer = client.post(
        "/kits/receive/",
        told | {"expires_on": f"{make.day(300):%m/%d/%Y}", "request_key": str(make.key())},
    )

    assert "recorded before with expiry" in errors(answer)["expires_on"][0]


def test_a_place_of_another_station_is_no_choice(client, by, store):
    stranger = make.coordinator(make.station())
    foreign = make.place(stranger)

    answer = client.post("/kits/receive/", delivery(foreign))

    assert "place" in errors(answer)
    [kit] = make.delivery(stranger, foreign)
    act = Act.objects.get(events__kit=kit)
    assert client.get(f"/kits/made/{act.pk}/").status_code == 404


def test_too_many_places_are_looked_up(client, by, store, monkeypatch):
    monkeypatch.setattr("naloxone.forms.base.MOST_LISTED", 0)

    found = client.get("/options/places/", {"field": "place", "place_text": "cab"})
    assert b"Cabinet A" in found.content
    client.post("/kits/receive/", delivery(store, place=store.reference))
    assert Kit.objects.count() == 3


# --- release, move, assemble -----------------------------------------------------------------------------
def ticked(kits):
    return {"kits": "\n".join(kit.reference for kit in kits), "request_key": str(make.key())}


def test_kits_ticked_in_the_list_stand_in_the_form(client, by, store):
    kits = make.delivery(by, store, cartons=2)
    for page in ("release", "move", "assemble", "hand-over"):
        answer = client.get(f"/kits/{page}/", {"kits": [k.reference for k in kits]})
        assert f"{kits[0].reference}\n{kits[1].reference}" in answer.content.decode()


def test_quarantine_is_left_by_release(client, by, store):
    kits = make.delivery(by, store, cartons=2, checked=False)

    client.post("/kits/release/", ticked(kits) | moment() | {"note": "Count agrees"})

    assert set(Kit.objects.values_list("state", flat=True)) == {"in_service"}
    # Once more from the second tab.
    answer = client.post("/kits/release/", ticked(kits) | moment())
    assert "in service; this can't be done" in " ".join(errors(answer)["kits"])


def test_kits_move_to_another_place(client, by, store):
    kits = make.delivery(by, store, cartons=2)
    there = make.place(by, "Vault")

    answer = client.post(
        "/kits/move/",
        ticked(kits) | moment() | {"place": there.pk, "why_empty": "On purpose"},
        follow=True,
    )

    assert "Moved to Vault: 2 kits." in answer.content.decode()
    assert set(Kit.objects.values_list("holder", flat=True)) == {there.pk}


def test_codes_that_are_wrong_are_named_and_stay(client, by, store):
    [kit] = make.delivery(by, store, serials=["SN1", "SN2"])
    stranger = make.coordinator(make.station())
    [foreign] = make.delivery(stranger, make.place(stranger))
    officer = make.person(by.station)
    [held] = make.hand(make.delivery(by, store), officer, by=by)
    typed = f"{kit.reference}\nSN1\nX9\n{foreign.reference}"

    answer = client.post("/kits/move/", {"kits": typed, "place": store.pk, **moment()})
    said = " ".join(errors(answer)["kits"])
    assert f"Unknown, or not at your stations: X9, {foreign.reference}." in said
    assert f"SN1 is {kit.reference}, which is listed already." in said
    assert answer.context["form"]["kits"].value() == typed

    answer = client.post("/kits/move/", {"kits": f"{kit.reference},{kit.reference}", **moment()})
    assert "Listed more than once" in errors(answer)["kits"][0]
    answer = client.post("/kits/move/", ticked([held]) | moment() | {"place": store.pk})
    assert "they give it back" in errors(answer)["kits"][0]


def test_what_one_sees_but_may_not_move_is_named(client, by, store):
    both = make.person(by.station, Role.AUDITOR, scope=Scope.EVERYWHERE)
    make.grant(both, Role.COORDINATOR)
    stranger = make.coordinator(make.station())
    elsewhere = make.place(stranger, "Vault B")
    [foreign] = make.delivery(stranger, elsewhere)
    client.force_login(both.account)

    answer = client.post("/kits/move/", ticked([foreign]) | moment() | {"place": store.pk})

    assert errors(answer)["kits"] == [f"Not yours to move: {foreign.reference} (with Vault B)."]


def test_kits_are_assembled_from_cartons(client, by, store):
    cartons = make.delivery(by, store, cartons=3)

    answer = client.post(
        "/kits/assemble/",
        ticked(cartons) | moment() | {"kind": "kit", "doses_per_kit": "3", "seals": "T1\nT2"},
        follow=True,
    )

    assert "2 units made" in answer.content.decode()
    assert set(Kit.objects.filter(kind="kit").values_list("doses", "seal")) == {
        (3, "T1"),
        (3, "T2"),
    }


def test_assembly_says_what_does_not_fit(client, by, store):
    cartons = make.delivery(by, store, cartons=1) + make.delivery(by, make.place(by, "Vault"))
    told = moment() | {"kind": "kit", "doses_per_kit": "2"}

    answer = client.post("/kits/assemble/", ticked(cartons) | told)
    assert errors(answer)["kits"] == ["These are at several places: Cabinet A, Vault."]
    answer = client.post("/kits/assemble/", ticked(cartons[:1]) | told | {"doses_per_kit": "3"})
    assert "fewer than 3 doses" in errors(answer)["kits"][0]
    answer = client.post("/kits/assemble/", ticked(cartons[:1]) | told | {"seals": "T" * 31})
    assert "At most 30" in errors(answer)["seals"][0]
    answer = client.post("/kits/assemble/", ticked(cartons[:1]) | told | {"seals": "T1\nT2"})
    assert "1 kits need 1 seals" in errors(answer)["seals"][0]


@pytest.mark.parametrize("page", ["receive", "assemble", "release", "move"])
def test_who_may_not_gets_404(client, by, page):
    client.force_login(make.person(by.station).account)

    assert client.get(f"/kits/{page}/").status_code == 404


# --- recall ----------------------------------------------------------------------------------------------
def test_a_recall_says_what_happens_then_reaches_every_kit(client, by, store):
    national = make.person(by.station, Role.COORDINATOR, scope=Scope.EVERYWHERE)
    make.delivery(by, store, cartons=3, lot_number="BAD")
    lot = Lot.objects.get(number="BAD")
    assert b"Recall this lot" not in client.get(f"/lots/{lot.reference}/").content
    assert client.get(f"/lots/{lot.reference}/recall/").status_code == 404
    client.force_login(national.account)

    before = client.get(f"/lots/{lot.reference}/recall/")
    assert "3 at 1 station." in before.content.decode()
    told = {"notice": "FDA 2026-11", "request_key": str(make.key())}
    for _ in range(2):
        after = client.post(f"/lots/{lot.reference}/recall/", told, follow=True)

    assert "Kits recalled: 3." in after.content.decode()
    assert "FDA 2026-11" in after.content.decode()
    assert set(Kit.objects.values_list("state", flat=True)) == {"recalled"}
    again = client.post(f"/lots/{lot.reference}/recall/", {"notice": "again"})
    assert "already recalled" in " ".join(errors(again)["__all__"])


def test_a_lot_is_seen_by_those_who_see_its_kits(client, by, store):
    make.delivery(by, store, lot_number="MINE")
    lot = Lot.objects.get(number="MINE")
    stranger = make.coordinator(make.station())
    officer = make.person(by.station)
    make.hand(list(Kit.objects.all()), officer, by=by)

    assert client.get(f"/lots/{lot.reference}/").status_code == 200
    client.force_login(officer.account)
    assert client.get(f"/lots/{lot.reference}/").status_code == 200
    client.force_login(stranger.account)
    assert client.get(f"/lots/{lot.reference}/").status_code == 404


def test_get_writes_nothing(client, by, store):
    [kit] = make.delivery(by, store)
    acts = Act.objects.count()
    for page in ("receive", "assemble", "release", "move", "hand-over"):
        client.get(f"/kits/{page}/", {"kits": kit.reference})

    assert Act.objects.count() == acts
    assert actions.CustodyError


def test_a_delivery_whose_cartons_are_all_emptied_still_has_its_page(signed_in, by):
    store = make.place(by)
    first, second = make.delivery(by, store, cartons=2)
    came = first.events.get(sequence=1).act_id
    for carton, tells in ((first, f"lots/L-{second.lot_id}/"), (second, "state=spent")):
        actions.assemble_kits(
            cartons=[carton], kind="kit", doses_per_kit=2, place=store,
            occurred_at=timezone.now(), request_key=make.key(), by=by,
        )  # fmt: skip

        page = signed_in.get(f"/kits/made/{came}/")

        assert page.status_code == 200
        assert tells in page.content.decode()
    assert "?made=" not in page.content.decode()  # there is nothing to assemble
