"""The pages of protocols: who reads, who writes, and that nothing typed is lost."""

import pytest

from safety_portal.access import Role, Scope
from tests.training import make
from training.models import Protocol, ProtocolVersion
from training.rules import Kind, Step

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    return make.station()


@pytest.fixture
def wren(at):
    return make.author(at)


@pytest.fixture
def finch(at):
    return make.author(at, name="Finch")


def signed_in(client, person):
    client.force_login(person.account)
    return client


def text(answer):
    return " ".join(answer.content.decode().split())


def typed(**more):
    """A whole form of a protocol after an exposure."""
    return {
        "title": "After an exposure", "place": "everywhere", "work": "",
        "starts_on": make.day(0).isoformat(), "review_due_on": make.day(300).isoformat(),
        "owner_post": "Chief, Occupational Health", "source": "NIOSH", "rows": "6",
        "step_1_what": "Leave the area", "step_1_minutes": "0",
        "step_2_what": "Wash", "step_2_minutes": "10", "step_2_whom": "Whoever was exposed",
        "request_key": str(make.key()),
    } | more  # fmt: skip


NEW = "/protocols/new/?kind=post_exposure"


# --- reading -------------------------------------------------------------------------------------
def test_everybody_reads_what_holds_at_their_station_and_what_is_missing(client, at, wren):
    officer = make.person(at)
    version = make.in_force(wren, title="After an exposure", review_due_on=make.day(20))
    make.in_force(wren, station=make.station(), title="Elsewhere only")

    page = text(signed_in(client, officer).get("/protocols/"))

    assert "After an exposure" in page
    assert "Review due" in page
    assert "Elsewhere only" not in page
    assert "Safe handling: no protocol is in force." in page
    assert "Naloxone for dogs" not in page
    assert "Write a protocol" not in page
    whole = client.get(f"/protocols/{version.protocol.reference}/", follow=True)
    assert "Wash with soap and water" in text(whole)
    assert whole.context["form"] is None


@pytest.mark.parametrize("number", [1, 3])
def test_lists_cost_the_same_however_long(client, wren, number, django_assert_max_num_queries):
    for _ in range(number):
        make.in_force(wren, review_due_on=make.day(20))
        make.draft(wren)
    signed_in(client, wren)
    for shown in ("", "review", "drafts", "all"):
        client.get("/protocols/", {"show": shown})
        with django_assert_max_num_queries(12):
            answer = client.get("/protocols/", {"show": shown})
        assert len(answer.context["versions"]) == {"all": 2 * number}.get(shown, number)


def test_an_overdue_review_is_said_and_an_empty_list_too(client, wren):
    assert "No review is overdue" in text(signed_in(client, wren).get("/protocols/?show=review"))
    make.in_force(wren, days_ago=90, review_due_on=make.day(-1))

    assert "Review overdue" in text(client.get("/protocols/?show=review"))
    assert "Review overdue" in text(
        client.get(f"/protocols/PR-{Protocol.objects.get().pk}/", follow=True)
    )


def test_a_supervisor_asks_for_a_station_of_theirs_and_of_no_other(client, at, wren):
    other = make.station()
    wide = make.person(at, Role.SUPERVISOR, scope=Scope.EVERYWHERE)
    own = make.person(at, Role.SUPERVISOR)

    assert (
        signed_in(client, wide).get(f"/protocols/?station={other.code}").context["station"] == other
    )
    assert signed_in(client, own).get(f"/protocols/?station={other.code}").context["station"] == at


def test_the_supervisors_third_question_is_answered_from_the_tables(client, at, wren):
    chief = make.person(at, Role.SUPERVISOR)
    make.in_force(wren, Kind.SAFE_HANDLING)
    make.in_force(wren, Kind.POST_EXPOSURE)

    page = text(signed_in(client, chief).get("/"))
    assert "Is a protocol in force?" in page
    assert "Not for everything: 1 of 3 missing." in page
    assert "Naloxone for people" in page

    make.in_force(wren, Kind.ANTAGONIST_DOSE)
    assert "Yes, all 3 that are asked for." in text(client.get("/"))
    assert "Is a protocol in force?" not in text(signed_in(client, make.person(at)).get("/"))


def test_over_several_stations_the_first_without_is_named(client, at, wren):
    chief = make.person(at, Role.SUPERVISOR, scope=Scope.EVERYWHERE)
    for kind in (Kind.SAFE_HANDLING, Kind.POST_EXPOSURE):
        make.in_force(wren, kind)
    make.in_force(wren, Kind.ANTAGONIST_DOSE, station=at)
    make.station(name="Zapata")
    make.station(name="Yuma")

    page = text(signed_in(client, chief).get("/"))
    assert "None at 2 of 3 stations" in page
    assert "Yuma</a> and more" in page
    make.in_force(wren, Kind.ANTAGONIST_DOSE, days_ago=90, review_due_on=make.day(-2))
    assert "Yes, all 3, but a review is overdue." in text(client.get("/"))


# --- writing -------------------------------------------------------------------------------------
def test_a_keeper_writes_a_protocol_and_another_approves_it(client, at, wren, finch):
    signed_in(client, wren)
    assert "After an exposure" in text(client.get("/protocols/new/"))
    assert client.get(NEW).status_code == 200

    answer = client.post(NEW, typed(), follow=True)

    version = ProtocolVersion.objects.get()
    assert [str(s) for s in version.steps.all()] == [
        "Leave the area, at once", "Wash, within 10 min (Whoever was exposed)",
    ]  # fmt: skip
    assert "You wrote it, so another" in text(answer)
    assert client.post(version.get_absolute_url()).status_code == 404

    answer = signed_in(client, finch).post(version.get_absolute_url(), {}, follow=True)
    assert "is approved" in text(answer)
    assert "In force" in text(answer)
    assert "Withdraw it" in text(answer)

    answer = client.post(version.get_absolute_url(), {"reason": ""})
    assert answer.context["form"].errors
    answer = client.post(version.get_absolute_url(), {"reason": "Wrong"}, follow=True)
    assert "Withdrawn by Finch" in text(answer)


def test_a_protocol_of_one_station_is_for_it_alone(client, at, wren):
    signed_in(client, wren).post(NEW, typed(place=f"station-{at.pk}", work="mail_exam"))

    made = Protocol.objects.get()
    assert (made.station, made.work) == (at, "mail_exam")
    assert made.scope_words == f"{at}: Mail and express-consignment examination"


def test_who_keeps_them_at_one_station_is_offered_only_that(client, at):
    local = make.author(at, scope=Scope.STATION)
    answer = signed_in(client, local).get(NEW)

    form = answer.context["form"]
    assert [value for value, _ in form.fields["place"].choices] == ["", f"station-{at.pk}"]
    assert form.fields["place"].initial == f"station-{at.pk}"


def test_a_row_is_inserted_and_rows_are_added_without_losing_what_was_typed(client, wren):
    signed_in(client, wren)

    answer = client.post(NEW, typed(_rows="2", review_due_on="nonsense"))
    form = answer.context["form"]
    assert not form.errors
    assert form.row_count == 7
    assert form["step_1_what"].value() == "Leave the area"
    assert form["step_2_what"].value() == ""
    assert form["step_3_what"].value() == "Wash"
    assert form["step_3_whom"].value() == "Whoever was exposed"
    assert form["review_due_on"].value() == "nonsense"
    assert client.post(NEW, typed(_rows="end")).context["form"].row_count == 9
    assert client.post(NEW, typed(_rows="end", rows="40")).context["form"].row_count == 40
    assert client.post(NEW, typed(_rows="x", rows="zz")).context["form"].row_count == 9
    assert not Protocol.objects.exists()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"step_3_minutes": "5"}, "step_3_what"),
        ({"step_1_what": "", "step_1_minutes": "", "step_2_what": "", "step_2_minutes": "", "step_2_whom": ""}, "step_1_what"),
        ({"review_due_on": make.day(0).isoformat()}, "review_due_on"),
        ({"owner_post": ""}, "owner_post"),
        ({"place": "station-0"}, "place"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_field_and_the_rest_stays(client, wren, more, field):
    answer = signed_in(client, wren).post(NEW, typed(**more))

    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["title"].value() == "After an exposure"


DOG = "/protocols/new/?kind=canine_dose"


def test_a_protocol_for_dogs_has_its_doses(client, wren):
    dose = {
        "dose_1_product": "Naloxone 4 mg nasal spray", "dose_1_unit": "device",
        "dose_1_strength": "4", "dose_1_mg_per_kg": "0,04", "dose_1_route": "in the nose",
    }  # fmt: skip
    signed_in(client, wren).post(DOG, typed(**dose))

    version = ProtocolVersion.objects.get()
    assert [str(d) for d in version.doses.all()] == [
        "Naloxone 4 mg nasal spray: 0.04 mg/kg, 4 mg a device, in the nose"
    ]
    answer = client.get(f"/protocols/PR-{version.protocol_id}/new-version/")
    assert answer.context["form"]["dose_1_mg_per_kg"].value() == version.doses.get().mg_per_kg
    assert "0.04 mg/kg" in text(client.get(version.get_absolute_url()))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({}, "dose_1_product"),
        ({"dose_1_product": "Spray", "dose_1_strength": "4"}, "dose_1_mg_per_kg"),
        ({"dose_1_product": "Spray", "dose_1_strength": "four", "dose_1_mg_per_kg": "0.04"}, "dose_1_strength"),
        ({"dose_1_product": "Spray", "dose_1_strength": "4", "dose_1_mg_per_kg": "11"}, "dose_1_mg_per_kg"),
        ({"dose_1_product": "Spray", "dose_1_strength": "0.0001", "dose_1_mg_per_kg": "1"}, "dose_1_strength"),
        ({"dose_1_product": "Spray", "dose_1_strength": "NaN", "dose_1_mg_per_kg": "1"}, "dose_1_strength"),
    ],
)  # fmt: skip
def test_a_dose_that_can_not_be_worked_out_from_is_refused_at_its_field(client, wren, more, field):
    answer = signed_in(client, wren).post(DOG, typed(**more))

    assert list(answer.context["form"].errors) == [field]


def test_a_newer_version_begins_with_what_the_last_says_and_tells_what_changed(client, wren, finch):
    one = make.in_force(wren)
    where = f"/protocols/{one.protocol.reference}/new-version/"
    form = signed_in(client, finch).get(where).context["form"]
    assert form["step_2_what"].value() == "Wash with soap and water"
    assert form["owner_post"].value() == one.owner_post

    more = {"shown": "1", "what_changed": "Ten minutes were too long", "step_2_minutes": "5"}
    answer = client.post(where, typed(**more), follow=True)

    assert "version 2" in text(answer)
    assert "Ten minutes were too long" in text(answer)
    assert "New: Wash, within 5 min" in text(answer)
    assert "Set aside" not in text(answer)


def test_who_was_slower_reads_the_other_version_and_loses_nothing(client, wren, finch):
    one = make.draft(wren)
    where = f"/protocols/{one.protocol.reference}/new-version/"
    make.newer(one, finch, steps=[Step("Call EMS")])
    signed_in(client, wren)

    answer = client.post(where, typed(shown="1", what_changed="Mine"))
    assert "Finch" in text(answer)
    assert answer.context["form"]["what_changed"].value() == "Mine"
    assert answer.context["form"]["shown"].value() == "2"
    client.post(where, typed(shown="2", what_changed="Mine"))
    assert ProtocolVersion.objects.latest("number").what_changed == "Mine"
    # The number was lost on its way: one looks once more.
    assert client.post(where, typed(what_changed="Mine")).context["form"].errors


def test_who_keeps_no_protocols_of_that_reach_finds_no_form(client, at, wren):
    version = make.draft(wren)
    local = make.author(at, scope=Scope.STATION)
    where = f"/protocols/{version.protocol.reference}/new-version/"

    assert signed_in(client, local).get(where).status_code == 404
    assert (
        signed_in(client, make.person(at, Role.SUPERVISOR)).get("/protocols/new/").status_code
        == 404
    )
    assert client.get("/protocols/PR-999999/").status_code == 404
    assert client.get(f"/protocols/{version.protocol.reference}/v7/").status_code == 404
