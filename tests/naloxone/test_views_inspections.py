"""The pages of inspections: one tap, step by step, place by place; nothing typed lost, nothing stale taken."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from naloxone import actions
from naloxone.models import Discrepancy, Inspection, Kit
from naloxone.rules import State
from safety_portal.access import Role
from safety_portal.photos import HeldPhoto
from tests.naloxone import make
from tests.safety_portal.picture import upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(by):
    return make.place(by, "Lane 3 cabinet")


@pytest.fixture
def kit(by, store):
    """A carton of two doses without a seal."""
    return make.delivery(by, store)[0]


@pytest.fixture
def sealed(by, store):
    return make.sealed_kit(by, store)


def text(answer):
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def fresh(kit):
    return Kit.objects.get(pk=kit.pk)


def look(kit, act="inspect/"):
    return f"{kit.get_absolute_url()}{act}"


def moment(station):
    local = timezone.now().astimezone(station.zone)
    return {"occurred_at_0": f"{local:%m/%d/%Y}", "occurred_at_1": f"{local:%H:%M}"}


def told(kit, **answers):
    """Answers that say that all is well, but for those given."""
    answers = {name.replace("LOT", str(kit.lot_id)): value for name, value in answers.items()}
    return {
        f"count_{kit.lot_id}": "2", f"printed_{kit.lot_id}": "yes", "access": "untried",
        "sequence": fresh(kit).last_sequence, **moment(kit.station), **answers,
    }  # fmt: skip


def old(by, at, days=40, count=1):
    """Units that came so many days ago and were not looked at since."""
    then = timezone.now() - dt.timedelta(days=days)
    return make.delivery(by, at, cartons=count, occurred_at=then)


# --- one kit -------------------------------------------------------------------------------------
def test_a_whole_seal_is_one_tap(signed_in, sealed, by):
    page = signed_in.get(look(sealed))
    assert f'its number is <span class="kits-whole">{sealed.seal}</span>?' in text(page)

    sent = {"sequence": sealed.last_sequence, "request_key": make.key()}
    answer = signed_in.post(look(sealed), sent, follow=True)

    found = Inspection.objects.get()
    assert (found.by, found.result, found.seal_intact) == (by, "ok", True)
    assert answer.redirect_chain == [(found.get_absolute_url(), 302)]
    assert "Next due" in text(answer)
    assert f"Unbroken, {sealed.seal}" in text(answer)
    signed_in.post(look(sealed), sent)
    assert Inspection.objects.count() == 1


def test_a_whole_seal_of_a_kit_that_is_not_to_be_used_says_no_more_than_that(signed_in, sealed, by):
    actions.hold_kits(
        kits=[sealed],
        occurred_at=timezone.now(),
        note="Recall read of",
        request_key=make.key(),
        by=by,
    )

    page = text(signed_in.get(look(sealed)))

    assert "Yes, the seal is whole" in page
    assert "all is well" not in page
    assert "On hold" in page


def test_a_seal_that_moved_on_meanwhile_is_looked_at_again_and_then_taken(signed_in, sealed, by):
    sent = {"sequence": sealed.last_sequence}
    actions.move_kits(
        why_empty="On purpose", kits=[sealed], place=make.place(by), occurred_at=timezone.now(), request_key=make.key(),
        by=by,
    )  # fmt: skip

    answer = signed_in.post(look(sealed), sent)

    assert "was moved, used or changed while you looked" in text(answer)
    assert Inspection.objects.count() == 0
    form = answer.context["form"]
    again = signed_in.post(look(sealed), {"sequence": form["sequence"].value()})
    assert again.status_code == 302


def test_without_a_seal_the_count_comes_first(signed_in, kit):
    assert signed_in.get(look(kit)).url == look(kit, "inspect/count/")

    page = text(signed_in.get(look(kit, "inspect/count/")))

    assert "2 doses recorded" in page
    assert '<h2 id="step_seal">' not in page
    answer = signed_in.post(look(kit, "inspect/count/"), told(kit), follow=True)
    assert "2 counted, 2 recorded; as printed" in text(answer)


def test_nothing_is_lost_when_an_answer_is_missing(signed_in, kit):
    sent = told(kit, count_LOT="", note="By torch light", faults="device")

    answer = signed_in.post(look(kit, "inspect/count/"), sent)

    assert list(answer.context["form"].errors) == [f"count_{kit.lot_id}"]
    assert "Count them: one tap on + for each dose." in text(answer)
    assert "By torch light" in text(answer)
    assert Inspection.objects.count() == 0


def test_what_differs_is_told_with_its_clock(signed_in, kit):
    sent = told(kit, count_LOT="1", faults=["package", "device"], note="Torn")

    answer = signed_in.post(look(kit, "inspect/count/"), sent, follow=True)

    assert sorted(Discrepancy.objects.values_list("kind", flat=True)) == ["replace", "short"]
    assert "Fewer doses than recorded" in text(answer)
    assert "It stays usable in need until replaced." in text(answer)
    assert "to be explained by" in text(answer)


def test_a_broken_seal_is_counted_and_held_when_one_says_so(signed_in, sealed):
    page = text(signed_in.get(look(sealed, "inspect/count/")))
    assert "Only when the seal is not whole." in page
    sent = told(sealed, seal="other", seal_seen="seal-9", hold="on")

    answer = signed_in.post(look(sealed, "inspect/count/"), sent, follow=True)

    assert "Another: SEAL-9" in text(answer)
    assert fresh(sealed).state == State.HELD


def test_a_hold_asks_whether_it_would_still_work(signed_in, kit):
    assert "Would it still work in need?" in text(signed_in.get(look(kit, "inspect/count/")))
    broken = told(kit, faults=["device"], hold="on", works="no", why="The plunger is broken off")

    missing = signed_in.post(look(kit, "inspect/count/"), broken | {"why": ""})
    assert missing.context["form"].errors["why"] == ["Say why."]
    answer = signed_in.post(look(kit, "inspect/count/"), broken, follow=True)

    assert "It does not work, and counts as nothing." in text(answer)
    assert (fresh(kit).state, fresh(kit).works) == (State.HELD, False)


def test_what_is_not_held_is_not_said_to_be_broken(signed_in, kit):
    sent = told(kit, faults=["device"], works="no", why="Changed my mind")

    signed_in.post(look(kit, "inspect/count/"), sent)

    assert (fresh(kit).state, fresh(kit).works) == (State.IN_SERVICE, True)


def test_a_whole_seal_needs_no_count_in_the_long_form_either(signed_in, sealed):
    sent = told(sealed, seal="same", count_LOT="", printed_LOT="")

    signed_in.post(look(sealed, "inspect/count/"), sent)

    found = Inspection.objects.get()
    assert (found.seal_intact, found.lines.count(), found.package_intact) == (True, 0, None)


def test_before_the_seal_is_told_nothing_else_is_missing(signed_in, sealed):
    sent = told(sealed, count_LOT="", printed_LOT="")

    errors = signed_in.post(look(sealed, "inspect/count/"), sent).context["form"].errors

    assert list(errors) == ["seal"]


def test_what_is_injected_is_looked_at_through_its_window(signed_in, by, store):
    zimhi = make.product(route="intramuscular")
    [kit] = make.delivery(by, store, product=zimhi)

    missing = signed_in.post(look(kit, "inspect/count/"), told(kit))
    assert list(missing.context["form"].errors) == ["liquid"]
    signed_in.post(look(kit, "inspect/count/"), told(kit, liquid="no"))

    found = Inspection.objects.get()
    assert (found.liquid_clear, found.result) == (False, "replace")


@pytest.mark.parametrize(
    ("answers", "opened", "seconds"),
    [
        ({"access": "untried"}, None, None),
        ({"access": "opened"}, True, None),
        ({"access": "untried", "access_seconds": "14"}, True, 14),
        ({"access": "failed"}, False, None),
    ],
)
def test_getting_at_it_is_told_with_its_seconds(signed_in, kit, answers, opened, seconds):
    signed_in.post(look(kit, "inspect/count/"), told(kit, **answers))

    found = Inspection.objects.get()
    assert (found.opened, found.access_seconds) == (opened, seconds)


def test_seconds_of_a_place_that_did_not_open_are_refused_at_their_field(signed_in, kit):
    answer = signed_in.post(look(kit, "inspect/count/"), told(kit, access="failed", access_seconds="4"))  # fmt: skip

    assert list(answer.context["form"].errors) == ["access_seconds"]


def test_what_it_comes_to_is_shown_while_one_types_and_nothing_is_written(signed_in, kit):
    def so_far(**answers):
        return text(signed_in.post(look(kit, "inspect/count/"), told(kit, **answers) | {"act": "look"}))  # fmt: skip

    assert "answer the rest first" in so_far(count_LOT="")
    assert "OK" in so_far()
    assert "Short" in so_far(count_LOT="1")
    assert "Fewer doses than recorded" in so_far(count_LOT="1")
    assert Inspection.objects.count() == 0


def test_a_photo_survives_an_error_and_stands_on_the_page(signed_in, kit, media):
    sent = told(kit, count_LOT="", faults="device")
    page = signed_in.post(look(kit, "inspect/count/"), sent | {"photos": [upload()]})
    assert list(page.context["form"].errors) == [f"count_{kit.lot_id}"]
    held = HeldPhoto.objects.get()
    sent = told(kit, faults="device") | {"_held_photos": held.token}

    # What it comes to so far is asked with the form's fields; the photo stays as it is.
    signed_in.post(
        look(kit, "inspect/count/"), sent | {"act": "look", "_remove_photos": held.token}
    )
    answer = signed_in.post(look(kit, "inspect/count/"), sent, follow=True)

    assert "What it looked like" in text(answer)
    assert [photo.token for photo in Inspection.objects.get().photos] == [held.token]


def test_a_dose_used_meanwhile_shows_what_is_recorded_now_and_keeps_the_answers(signed_in, kit, by):
    sent = told(kit, note="By torch light")
    actions.waste_doses(
        kit=kit, count=1, note="Fired", occurred_at=timezone.now(), request_key=make.key(), by=by
    )

    answer = signed_in.post(look(kit, "inspect/count/"), sent)

    assert "while you looked (no. 2 of its record)" in text(answer)
    assert "1 dose recorded" in text(answer)
    assert "By torch light" in text(answer)
    form = answer.context["form"]
    assert (form["sequence"].value(), form[f"count_{kit.lot_id}"].value()) == (2, "2")


def test_a_kit_that_went_missing_meanwhile_is_said_on_its_page(signed_in, kit, by):
    sent = told(kit)
    actions.report_missing(kits=[kit], occurred_at=timezone.now(), request_key=make.key(), by=by)

    answer = signed_in.post(look(kit, "inspect/count/"), sent, follow=True)

    assert f"Nothing was recorded. {kit.reference} is missing" in text(answer)
    assert signed_in.get(look(kit)).status_code == 404


def test_who_may_look_finds_the_page_and_others_do_not(client, sealed, by):
    officer = make.person(by.station)
    make.hand([sealed], officer, by=by)
    for person, status in (
        (officer, 200), (make.person(by.station, Role.SUPERVISOR), 200),
        (make.person(by.station, Role.AUDITOR), 404), (make.person(by.station), 404),
        (make.coordinator(make.station()), 404),
    ):  # fmt: skip
        client.force_login(person.account)
        assert client.get(look(sealed)).status_code == status


def test_an_inspection_is_seen_where_its_kit_is_seen(client, signed_in, sealed, by):
    signed_in.post(look(sealed), {"sequence": sealed.last_sequence})
    found = Inspection.objects.get()
    client.force_login(make.coordinator(make.station()).account)

    assert client.get(found.get_absolute_url()).status_code == 404


def test_the_kit_page_tells_the_last_inspection_and_the_next(signed_in, sealed):
    before = text(signed_in.get(sealed.get_absolute_url()))
    assert "Not inspected since" in before
    signed_in.post(look(sealed), {"sequence": sealed.last_sequence})

    answer = signed_in.get(sealed.get_absolute_url())

    assert "Last inspected" in text(answer)
    assert "Next due" in text(answer)
    assert "Inspect" in [button.label for button in answer.context["acts"]]


def test_an_officer_checks_their_sealed_kit_in_one_tap(client, sealed, by):
    officer = make.person(by.station)
    make.hand([sealed], officer, by=by)
    client.force_login(officer.account)
    page = client.get("/my-kits/")
    assert "Checked: sealed and with me" in text(page)
    form = page.context["kits"][0].sealed_form

    answer = client.post(look(sealed), {"sequence": form["sequence"].value()}, follow=True)

    assert Inspection.objects.get().by == officer
    assert f"{sealed.reference} inspected" in text(answer)


def test_an_officer_without_a_seal_is_led_to_the_count(client, kit, by):
    officer = make.person(by.station)
    make.hand([kit], officer, by=by)
    client.force_login(officer.account)

    page = text(client.get("/my-kits/"))

    assert look(kit, "inspect/count/") in page
    assert "Checked: sealed" not in page


# --- places --------------------------------------------------------------------------------------
def test_a_place_is_walked_kit_by_kit(signed_in, by, store):
    first, second = old(by, store, count=2)
    make.delivery(by, store)
    page = signed_in.get(f"/inspections/{store.reference}/")
    assert "1 of 3 checked" in text(page)
    assert f"Begin with {first.reference}" in text(page)

    answer = signed_in.post(look(first, "inspect/count/"), told(first), follow=True)
    assert f"Next: {second.reference}" in text(answer)
    assert "1 of 3 at Lane 3 cabinet is due." in text(answer)
    answer = signed_in.post(look(second, "inspect/count/"), told(second), follow=True)

    assert "All 3 at Lane 3 cabinet are checked." in text(answer)
    assert "Nothing is due here today." in text(signed_in.get(f"/inspections/{store.reference}/"))


def test_an_empty_round_says_why(signed_in, store):
    assert "Nothing in this place is to be inspected." in text(signed_in.get(f"/inspections/{store.reference}/"))  # fmt: skip


def test_rounds_put_first_what_is_overdue_longest(client, signed_in, by, store):
    other, third = make.place(by, "Vault"), make.place(by, "Vehicle 12")
    old(by, store, days=35)
    old(by, other, days=50)
    make.delivery(by, third)
    officer = make.person(by.station)
    make.hand(make.delivery(by, third), officer, by=by)
    stranger = make.coordinator(make.station())
    old(stranger, make.place(stranger, "Elsewhere"))

    page = signed_in.get("/inspections/")

    assert [one.place for one in page.context["rounds"]] == [
        "Vault", "Lane 3 cabinet", "Carried by people and dogs", "Vehicle 12",
    ]  # fmt: skip
    assert [(one.checked, one.total) for one in page.context["rounds"]] == [
        (0, 1), (0, 1), (1, 1), (1, 1),
    ]  # fmt: skip
    assert "2 kits overdue" in text(page)
    assert "2 of 4 checked" in text(page)


def test_an_auditor_sees_rounds_and_is_offered_none(client, by, store):
    [kit] = old(by, store)
    client.force_login(make.person(by.station, Role.AUDITOR).account)

    page = text(client.get(f"/inspections/{store.reference}/"))

    assert "Begin with" not in page
    assert kit.get_absolute_url() in page
    assert look(kit) not in page


def test_without_kits_the_rounds_say_what_will_stand_there(signed_in):
    assert "Nothing at your stations is to be inspected yet." in text(signed_in.get("/inspections/"))  # fmt: skip


def test_more_places_than_fit_are_counted(signed_in, by, monkeypatch):
    monkeypatch.setattr("naloxone.views.inspections.MOST_ROUNDS", 1)
    for _ in range(3):
        old(by, make.place(by))

    assert "And 2 places more." in text(signed_in.get("/inspections/"))


@pytest.mark.parametrize("address", ["/inspections/", "/inspections/S-{}/", "/my-kits/", "/stock/"])
def test_a_list_costs_the_same_for_one_and_three(
    signed_in, by, store, address, django_assert_num_queries
):
    address = address.format(store.pk)

    def more():
        place = make.place(by)
        old(by, store)
        make.hand(make.delivery(by, place), by, by=make.coordinator(by.station))
        make.sealed_kit(by, place)

    more()
    signed_in.get(address)
    with CaptureQueriesContext(connection) as one:
        signed_in.get(address)
    more()
    more()

    with django_assert_num_queries(len(one)):
        signed_in.get(address)


def test_the_list_of_kits_is_narrowed_to_what_is_due_and_where(signed_in, by, store):
    [due] = old(by, store, days=30)
    [late] = old(by, store, days=31)
    old(by, make.place(by))

    def listed(**query):
        page = signed_in.get("/kits/", {"place": store.pk} | query)
        return {kit.pk for kit in page.context["kits"]}, [w.text for w in page.context["words"]]

    assert listed(inspection="due") == ({due.pk, late.pk}, ["Lane 3 cabinet", "Inspection due"])
    assert listed(inspection="overdue")[0] == {late.pk}


def test_a_place_that_does_not_open_is_a_discrepancy_of_its_own(client, signed_in, by, store):
    address = f"/places/{store.reference}/no-access/"
    assert "Lane 3 cabinet does not open" in text(signed_in.get(address))

    answer = signed_in.post(address, {"note": "Code changed"}, follow=True)

    assert "Could not be opened: Lane 3 cabinet" in text(answer)
    assert "“Code changed”" in text(answer)
    signed_in.post(address, {})
    assert Discrepancy.objects.count() == 1
    client.force_login(make.person(by.station, Role.AUDITOR).account)
    assert client.get(address).status_code == 404


# --- stock ---------------------------------------------------------------------------------------
def test_stock_by_place_counts_what_is_usable_against_par(signed_in, by, store):
    make.delivery(by, store, cartons=3, expires_on=make.day(20))
    make.delivery(by, store, expires_on=make.day(80))
    make.expired(by, store)
    make.delivery(by, store, checked=False)
    [opened] = make.delivery(by, store)
    facts = {"occurred_at": timezone.now(), "by": by}
    actions.open_kits(kits=[opened], request_key=make.key(), **facts)
    old(by, store)
    make.place(by, "Vault")
    make.hand(make.delivery(by, store), make.person(by.station), by=by)

    page = signed_in.get("/stock/")

    lane, vault, carried = page.context["rows"]
    assert (lane.serviceable, lane.par, lane.difference, lane.short) == (5, 2, 3, 0)
    assert (lane.opened, lane.held, lane.expired) == (1, 1, 1)
    assert (lane.soon, lane.later, lane.overdue) == (3, 4, 2)
    assert (vault.serviceable, vault.difference, vault.short) == (0, -2, 2)
    assert (carried.name, carried.serviceable, carried.difference) == ("Carried by people and dogs", 1, None)  # fmt: skip
    whole = page.context["whole"]
    assert (whole.serviceable, whole.par, whole.short) == (6, 4, 2)
    assert "Stock at" in text(page)


def test_stock_of_several_stations_is_a_line_each_that_opens(client, by, store):
    far = make.station("Nogales")
    there = make.coordinator(far)
    make.delivery(there, make.place(there), cartons=5)
    make.delivery(by, store)
    national = make.person(by.station, Role.COORDINATOR, scope="everywhere")
    client.force_login(national.account)

    page = client.get("/stock/")

    assert [(row.name, row.serviceable, row.short) for row in page.context["rows"]] == [
        (str(by.station), 1, 1), ("Nogales", 5, 0),
    ]  # fmt: skip
    one = client.get("/stock/", {"station": far.pk})
    assert [word.text for word in one.context["words"]] == ["At Nogales"]
    assert [row.serviceable for row in one.context["rows"]] == [5]


def test_stock_of_a_station_that_is_not_ones_own_is_not_shown(signed_in, by, store):
    there = make.coordinator(make.station("Nogales"))
    make.delivery(there, make.place(there, "Elsewhere"))

    page = text(signed_in.get("/stock/", {"station": there.station_id}))

    assert "Elsewhere" not in page


def test_without_places_stock_says_who_opens_them(signed_in):
    assert "No place at your stations yet." in text(signed_in.get("/stock/"))
