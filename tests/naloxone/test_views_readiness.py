"""Pages of readiness: who sees which station, what stands there, what is typed, and what a stranger gets."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from naloxone import actions
from naloxone.actions.rounds import shift_of
from naloxone.models import (
    AtRisk,
    Authority,
    Drill,
    DrillRequest,
    ParChange,
    ProgrammeDecision,
    TrainingConfirmation,
)
from naloxone.readiness_rules import Need, Stage
from safety_portal.access import Role, Scope
from tests.naloxone import make

pytestmark = pytest.mark.django_db


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def errors(answer):
    return answer.context["form"].errors


@pytest.fixture
def region(client, by):
    """Somebody who sees every station, signed in; the coordinator's station has a cabinet."""
    person = make.person(by.station, Role.HEALTH_OFFICE, scope=Scope.EVERYWHERE)
    client.force_login(person.account)
    return person


def stations(number):
    """So many stations with a cabinet and kits, each something short of ready."""
    for _ in range(number):
        who = make.coordinator(make.station())
        place = make.place(who)
        make.delivery(who, place)
        make.at_risk(who, people=9)
        make.at_risk(who, people=5, shifts=(1,))
        make.drill(place, who, 30)
        actions.change_place(place=place, version=1, par_min=1, why="Lane closed", by=who)


LISTS = (
    "/readiness/", "/readiness/ahead/", "/readiness/transfers/", "/readiness/drills/", "/readiness/map/?ask=all",
    "/readiness/go-live/",
)  # fmt: skip


@pytest.mark.parametrize("url", LISTS)
@pytest.mark.parametrize("number", [1, 3])
def test_lists_cost_the_same_however_many_stations(
    client, region, url, number, django_assert_max_num_queries
):
    make.place(make.coordinator(make.station()))
    stations(number)

    with django_assert_max_num_queries(25):
        answer = client.get(url)

    assert answer.status_code == 200


def counted(client, url):
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    return len(queries)


@pytest.mark.parametrize("url", LISTS)
def test_one_row_or_three_take_the_same_queries(client, region, url):
    make.place(make.coordinator(make.station()))
    stations(2)
    client.get(url)
    few = counted(client, url)
    stations(2)

    assert counted(client, url) <= few


# --- now ----------------------------------------------------------------------------------------------
def test_stations_are_listed_with_what_is_wrong_first(client, region, by, store):
    make.delivery(by, store, cartons=2)
    make.at_risk(by)
    make.drilled(store, by)
    stations(1)

    answer = client.get("/readiness/")

    assert [line.worst for line in answer.context["rows"]][-1] is None
    text = text_of(answer)
    assert "Too few for those at risk" in text
    assert "Par lowered from 2 to 1" in text
    assert "Lane closed" in text


@pytest.mark.parametrize(
    ("asked", "shown"), [("?show=ready", 1), ("?show=wrong", 1), ("?show=unknown", 0), ("?show=short", 1), ("?show=nonsense", 2), ("?q=no such", 0), ("?q=tx", 2)]
)  # fmt: skip
def test_the_list_is_filtered(client, region, by, store, asked, shown):
    make.delivery(by, store, cartons=2)
    make.at_risk(by)
    make.drilled(store, by)
    stations(1)

    assert len(client.get(f"/readiness/{asked}").context["rows"]) == shown


def test_a_long_list_is_paged(client, region, monkeypatch):
    monkeypatch.setattr("naloxone.views.readiness.SIZE", 2)
    stations(3)

    assert "1 to 2 of 3 stations" in text_of(client.get("/readiness/"))
    assert "3 to 3 of 3 stations" in text_of(client.get("/readiness/?page=2"))
    assert "3 to 3 of 3 stations" in text_of(client.get("/readiness/?page=99"))
    assert "1 to 2 of 3 stations" in text_of(client.get("/readiness/?page=x"))


def test_one_sees_ones_own_stations_only(signed_in, by, store):
    stations(1)

    answer = signed_in.get("/readiness/")

    assert answer.context["station"] == by.station
    assert [line.name for line in answer.context["rows"]] == [store.name]
    other = AtRisk.objects.exclude(station=by.station).first().station
    assert signed_in.get(f"/readiness/?station={other.code}").context.get("station") is None
    for page in ("", "at-risk/", "decision/", "authority/", "training/"):
        assert signed_in.get(f"/readiness/stations/{other.code}/{page}").status_code == 404


def test_who_has_no_role_sees_no_readiness(client, officer):
    client.force_login(officer.account)

    for url in LISTS:
        assert client.get(url).status_code == 404


def test_a_station_says_what_is_unknown_and_asks(signed_in, by, store):
    text = text_of(signed_in.get("/readiness/"))

    assert "Nothing to give" in text
    assert "Unknown" in text
    assert f"/readiness/stations/{by.station.code}/at-risk/" in text
    assert f"/readiness/S-{store.pk}/at-risk/" in text
    assert "No par and no number at risk was changed" in text


def test_a_station_names_each_of_its_figures(signed_in, by, store, officer):
    make.hand(make.delivery(by, store, cartons=2)[:1], officer, by=by)
    make.delivery(by, make.storeroom(by), cartons=3)

    text = text_of(signed_in.get("/readiness/"))

    assert "2 kits with 4 doses; 1 kit of them carried" in text
    assert "3 kits in store; 0 kits on the way; 0 doses on order" in text


def test_who_may_not_see_kits_gets_no_link_to_places(client, by, store):
    make.storeroom(by)
    client.force_login(make.person(by.station, Role.SAFETY_OFFICER).account)

    text = text_of(client.get("/readiness/"))

    assert f"/places/{store.reference}/" not in text
    assert store.name in text
    assert "supervisor or coordinator is asked" in text


def test_a_station_without_places_is_sent_to_the_go_live_list(client, by, region):
    assert "/readiness/go-live/" in text_of(client.get("/readiness/"))
    assert "no place for kits yet" in text_of(client.get(f"/readiness/?station={by.station.code}"))


# --- ahead --------------------------------------------------------------------------------------------
def test_what_is_left_if_nobody_acts_by_station_and_by_place(client, region, by, store):
    make.delivery(by, store, cartons=2, expires_on=make.day(45))
    make.station()

    everywhere = client.get("/readiness/ahead/")
    [line] = everywhere.context["rows"]
    assert (line.left_30, line.left_60) == (2, 0)
    assert "Too few" in text_of(everywhere)
    assert "not added in" in text_of(client.get(f"/readiness/ahead/?station={by.station.code}"))
    assert "No place where" in text_of(client.get("/readiness/ahead/?q=no such"))


# --- who is at risk -----------------------------------------------------------------------------------
def numbers(**more):
    told = {f"{what}_{n}": "" for n in (1, 2, 3) for what in ("people", "dogs")}
    return told | {"source": "Roster", "counted_on": str(make.day(-2)), "request_key": make.key()} | more  # fmt: skip


def test_a_number_is_recorded_with_source_and_day(signed_in, by):
    url = f"/readiness/stations/{by.station.code}/at-risk/"
    assert "Nobody has said yet" in text_of(signed_in.get(url))

    signed_in.post(url, numbers(people_3="9", dogs_3="0"))

    [row] = AtRisk.objects.all()
    assert (row.shift, row.people, row.dogs, row.source, row.by) == (3, 9, 0, "Roster", by)
    assert "9 people" in text_of(signed_in.get(url))


def test_half_a_number_is_no_number(signed_in, by, store):
    url = f"/readiness/S-{store.pk}/at-risk/"

    answer = signed_in.post(url, numbers(people_1="4", dogs_2="1", people_3="x"))

    assert set(errors(answer)) >= {"dogs_1", "people_2", "people_3"}
    assert not AtRisk.objects.exists()


def test_the_number_of_a_place_is_its_own(signed_in, by, store):
    signed_in.post(f"/readiness/S-{store.pk}/at-risk/", numbers(people_1="4", dogs_1="1"))

    assert AtRisk.objects.get().place == store
    foreign = make.place(make.coordinator(make.station()))
    assert signed_in.get(f"/readiness/S-{foreign.pk}/at-risk/").status_code == 404


def test_no_number_at_all_is_said_so(signed_in, by):
    answer = signed_in.post(f"/readiness/stations/{by.station.code}/at-risk/", numbers())

    assert "at least one shift" in str(errors(answer))


def test_a_lowered_par_asks_why_on_its_page(signed_in, store):
    told = {
        "name": store.name, "place_type": "cabinet", "access_mode": "open", "par_min": "1", "version": "1",
    }  # fmt: skip

    refused = signed_in.post(f"/places/{store.reference}/change/", told)
    assert "why the par is lowered" in errors(refused)["why"][0]
    signed_in.post(f"/places/{store.reference}/change/", told | {"why": "Night lane closed"})

    assert ParChange.objects.get().why == "Night lane closed"
    assert "Night lane closed" in text_of(signed_in.get("/readiness/"))


# --- drills -------------------------------------------------------------------------------------------
def drilled(**more):
    local = timezone.now().astimezone(make.Station.objects.first().zone)
    return {
        "opened": "yes", "seconds": "74", "timed": "True", "note": "", "request_key": make.key(),
        "occurred_at_0": f"{local:%m/%d/%Y}", "occurred_at_1": f"{local:%H:%M}",
    } | more  # fmt: skip


def test_somebody_of_the_shift_records_a_drill_on_their_phone(client, officer, store):
    client.force_login(officer.account)
    url = f"/readiness/drills/S-{store.pk}/"
    text = text_of(client.get(url))
    assert "data-stopwatch" in text
    assert "Never the code itself" in text

    answer = client.post(url, drilled(unannounced="on"), follow=True)

    made = Drill.objects.get()
    assert (made.seconds, made.timed, made.unannounced, made.drilled_by) == (
        74,
        True,
        True,
        officer,
    )
    assert "In hand in time: 74 s" in text_of(answer)


def test_somebody_finds_the_drill_under_their_kits_and_on_the_places_page(
    client, by, officer, store
):
    room = make.storeroom(by)
    client.force_login(officer.account)
    text = text_of(client.get("/my-kits/"))
    assert f"/readiness/drills/S-{store.pk}/" in text
    assert f"/readiness/drills/S-{room.pk}/" not in text

    client.force_login(by.account)
    assert f"/readiness/drills/S-{store.pk}/" in text_of(client.get(f"/places/{store.reference}/"))
    assert "/readiness/drills/" not in text_of(client.get(f"/places/{room.reference}/"))


def test_a_place_that_did_not_open_is_an_alert_at_once(client, by, officer, store):
    client.force_login(officer.account)

    client.post(f"/readiness/drills/S-{store.pk}/", drilled(opened="no", seconds=""))

    supervisor = make.person(by.station, Role.SUPERVISOR)
    client.force_login(supervisor.account)
    assert "could not be opened in a drill" in text_of(client.get("/"))
    assert "Could not be opened" in text_of(client.get(f"/readiness/drills/S-{store.pk}/"))


def test_seconds_without_a_dose_and_codes_are_refused_at_their_field(signed_in, store):
    url = f"/readiness/drills/S-{store.pk}/"

    assert "seconds" in errors(signed_in.post(url, drilled(opened="no")))
    assert "note" in errors(signed_in.post(url, drilled(note="code 4711")))
    assert not Drill.objects.exists()


def test_who_answers_for_the_place_says_who_had_it_in_hand(signed_in, by, officer, store):
    url = f"/readiness/drills/S-{store.pk}/"

    signed_in.post(
        url,
        drilled(
            drilled_by=officer.reference, drilled_by_text=str(officer), seconds="130", timed=""
        ),
    )

    made = Drill.objects.get()
    assert (made.drilled_by, made.by, made.timed) == (officer, by, False)
    text = text_of(signed_in.get(url))
    assert "Opened late: 130 s" in text
    assert f"recorded by {by}" in text


def test_a_place_is_drilled_by_its_own_people_and_seen_by_who_answers(client, by, store, officer):
    stranger = make.person()
    client.force_login(stranger.account)
    assert client.get(f"/readiness/drills/S-{store.pk}/").status_code == 404

    auditor = make.person(by.station, Role.AUDITOR)
    auditor.station = make.station()
    auditor.save()
    client.force_login(auditor.account)
    assert "never been drilled" in text_of(client.get(f"/readiness/drills/S-{store.pk}/"))
    assert client.post(f"/readiness/drills/S-{store.pk}/", drilled()).status_code == 404


def test_a_closed_place_keeps_its_drills_and_takes_none(signed_in, by, store):
    make.drill(store, by)
    actions.close_place(place=store, now=timezone.now(), by=by)

    assert "This place is closed" in text_of(signed_in.get(f"/readiness/drills/S-{store.pk}/"))


def test_never_drilled_by_a_shift_is_not_shown_to_be_in_reach(signed_in, by, store):
    make.storeroom(by)
    made = make.drill(store, by, 74)

    answer = signed_in.get("/readiness/drills/")

    [place] = answer.context["places"]
    said = {one.number: str(one.badge) for one in place.shown}
    assert "In reach" in said.pop(made.shift)
    assert all("Not shown to be in reach" in badge for badge in said.values())
    assert "74 s" in text_of(answer)


def test_a_supervisor_asks_for_an_unannounced_drill_and_calls_it_off(client, by, store):
    client.force_login(make.person(by.station, Role.SUPERVISOR).account)
    url = f"/readiness/drills/S-{store.pk}/ask/"
    day = by.station.today() + dt.timedelta(days=3)
    assert client.get(url).status_code == 200

    told = {
        "shift": "3", "unannounced": "on", "due_on": f"{day:%m/%d/%Y}", "note": "", "request_key": make.key(),
    }  # fmt: skip
    client.post(url, told)
    [asked] = DrillRequest.objects.all()
    again = client.post(url, told | {"request_key": make.key()})

    assert (asked.shift, asked.unannounced, asked.due_on) == (3, True, day)
    assert "asked for already" in errors(again)["shift"][0]
    assert "Asked for" in text_of(client.get("/readiness/drills/"))
    assert f"Drill {store} by shift 3" in text_of(client.get("/"))
    for said in ("is called off", "is called off"):
        answer = client.post(f"/readiness/drills/{asked}/call-off/", follow=True)
        assert said in text_of(answer)
    assert f"Drill {store} by shift 3" not in text_of(client.get("/"))


def test_an_asked_drill_that_was_made_meanwhile_is_not_called_off(signed_in, by, store):
    now = timezone.now()
    shift = make.drill(store, by, now=now - dt.timedelta(days=1)).shift
    asked = actions.ask_drill(
        place=store, shift=shift, due_on=by.station.today(), now=now - dt.timedelta(hours=1),
        request_key=make.key(), by=by,
    )  # fmt: skip
    make.drill(store, by, now=now)

    answer = signed_in.post(f"/readiness/drills/{asked}/call-off/", follow=True)

    assert "drilled meanwhile" in text_of(answer)


def test_a_drill_that_was_asked_for_says_whether_one_now_answers_it(client, by, store, officer):
    now = timezone.now()
    shift = shift_of(by.station, now).number
    other = shift % 3 + 1
    url = f"/readiness/drills/S-{store.pk}/"
    client.force_login(by.account)
    assert not client.get(url).context["form"]["unannounced"].value()
    for number in (shift, other):
        actions.ask_drill(
            place=store, shift=number, due_on=by.station.today(), now=now, request_key=make.key(), by=by
        )  # fmt: skip

    answer = client.get(url)

    assert answer.context["form"]["unannounced"].value()
    assert text_of(answer).count("A drill now answers it.") == 1
    assert "a drill now is theirs, and this one still waits" in text_of(answer)
    client.force_login(officer.account)
    answer = client.get(url)
    assert "Asked for" not in text_of(answer)
    assert not answer.context["form"]["unannounced"].value()


def test_a_drill_is_told_by_the_clock_of_its_place(client, store):
    far = make.coordinator(make.station(zone="Pacific/Honolulu"), scope=Scope.EVERYWHERE)
    client.force_login(far.account)

    form = client.get(f"/readiness/drills/S-{store.pk}/").context["form"]

    assert form.fields["occurred_at"].zone == store.station.zone


# --- transfers ----------------------------------------------------------------------------------------
def test_a_proposal_leads_to_the_filled_in_consignment(signed_in, by, store):
    poor = make.coordinator(make.station())
    make.place(poor, "Poor cabinet")
    make.delivery(by, store, cartons=6)
    make.at_risk(by)

    answer = signed_in.get("/readiness/transfers/")
    [one] = answer.context["rows"]
    form = signed_in.get(one.url).context["form"]

    assert "Send" in text_of(answer)
    assert (
        set(form["kits"].value().split())
        if isinstance(form["kits"].value(), str)
        else form["kits"].value()
    )
    assert str(form["destination"].value()) == str(poor.station_id)


def test_who_receives_sees_who_sends_and_what_nobody_has(client, by, store):
    rich = make.coordinator(make.station())
    make.delivery(rich, make.place(rich), cartons=3)
    make.at_risk(rich, people=1)
    client.force_login(by.account)

    text = text_of(client.get("/readiness/transfers/"))

    assert f"{rich.station} sends them" in text
    assert "short of 2 kits" in text
    assert "1 kit missing. Order them." in text


def test_a_surplus_that_nobody_can_vouch_for_is_named(signed_in, by, store):
    make.delivery(by, store, cartons=6)

    assert "nobody said who is at risk" in text_of(signed_in.get("/readiness/transfers/"))


def test_a_destination_in_the_address_is_a_key_or_nothing(signed_in, store):
    assert signed_in.get(reverse("naloxone:send"), {"destination": "x"}).status_code == 200


# --- programmes ---------------------------------------------------------------------------------------
def told(**more):
    return {"request_key": make.key(), "post": "Director, Field Operations"} | more


def test_a_programme_goes_live_step_by_step(client, by):
    client.force_login(by.account)
    here, day = (
        f"/readiness/stations/{by.station.code}/",
        f"{make.day(-2):%m/%d/%Y}",
    )
    assert "Not decided" in text_of(client.get(here))

    client.post(here + "decision/", told(should="yes", source="Directive 5410", decided_on=day))
    assert client.get(here).context["found"].stage == Stage.SHOULD
    later = f"{make.day(300):%m/%d/%Y}"
    client.post(
        here + "authority/", told(kind="standing_order", reference="SO-12", since=day, until=later)
    )
    client.post(
        here + "training/",
        {"request_key": make.key(), "record": "Course 71, list in PALMS", "confirmed_on": day},
    )
    found = client.get(here).context["found"]
    assert found.stage == Stage.GOING_LIVE
    assert found.missing == [Need.DEPUTY, Need.STORAGE, Need.KITS]

    make.grant(make.person(by.station), Role.DEPUTY)
    make.delivery(by, make.place(by))
    found = client.get(here).context["found"]

    assert found.stage == Stage.RUNNING
    text = text_of(client.get(here))
    assert "Directive 5410" in text
    assert "SO-12" in text
    assert "PALMS" in text
    assert ProgrammeDecision.objects.get().by == by
    assert str(Authority.objects.get()) == "Standing order SO-12"
    assert TrainingConfirmation.objects.get().record == "Course 71, list in PALMS"


def test_what_is_missing_leads_to_where_one_does_it(signed_in, by):
    checks = {
        check.need: check
        for check in signed_in.get(f"/readiness/stations/{by.station.code}/").context["checks"]
    }

    assert checks[Need.STORAGE].url == f"/places/open/?station={by.station.pk}"
    assert checks[Need.KITS].url == "/kits/receive/"
    assert checks[Need.AUTHORITY].url.endswith("/authority/")
    assert checks[Need.DEPUTY].url == ""
    for check in checks.values():
        if check.url:
            assert signed_in.get(check.url).status_code == 200


def test_a_place_is_opened_at_the_station_that_lacks_one(client):
    keeper = make.coordinator(make.station(), scope=Scope.EVERYWHERE)
    lacking = make.station()
    client.force_login(keeper.account)

    form = client.get(f"/places/open/?station={lacking.pk}").context["form"]
    usual = client.get("/places/open/").context["form"]

    assert form["station"].value() == lacking.pk
    assert usual["station"].value() == keeper.station_id


def test_an_order_without_an_end_and_a_decision_of_tomorrow_are_refused(signed_in, by):
    here, day = f"/readiness/stations/{by.station.code}/", f"{make.day(-1):%m/%d/%Y}"
    tomorrow = f"{by.station.today() + dt.timedelta(days=2):%m/%d/%Y}"

    open_ended = signed_in.post(
        here + "authority/", told(kind="standing_order", reference="SO-1", since=day, until="")
    )
    early = signed_in.post(here + "decision/", told(should="yes", source="x", decided_on=tomorrow))

    assert "until when" in errors(open_ended)["until"][0]
    assert "decided_on" in errors(early)


def test_an_authority_for_all_is_recorded_by_who_keeps_all(client, by, region):
    here, day = f"/readiness/stations/{by.station.code}/authority/", f"{make.day(-1):%m/%d/%Y}"
    facts = told(kind="over_the_counter", reference="OTC", since=day, until="")

    client.post(here, facts | {"reach": "component"})
    client.post(here, facts | {"reach": "agency", "request_key": make.key()})
    client.force_login(by.account)
    local = client.get(here)

    rows = list(Authority.objects.order_by("pk"))
    assert [(row.station, row.where) for row in rows] == [
        (None, "Office of Field Operations"), (None, "the whole agency"),
    ]  # fmt: skip
    assert "reach" not in local.context["form"].fields


@pytest.mark.parametrize("number", [1, 3])
def test_the_go_live_list_counts_each_stage(client, region, by, number):
    for _ in range(number):
        who = make.coordinator(make.station())
        make.delivery(who, make.place(who))

    answer = client.get("/readiness/go-live/")
    counts = {value: n for _, value, n, _ in answer.context["counts"]}

    assert counts["going_live"] == number
    shown = client.get("/readiness/go-live/?stage=going_live").context["rows"]
    assert len(shown) == number
    assert "Decided that it should have one" in text_of(answer)
    assert "No station fits" in text_of(client.get("/readiness/go-live/?stage=running"))


def test_the_map_answers_the_three_questions_with_a_post_and_no_name(client, region, by, store):
    make.grant(make.person(by.station), Role.DEPUTY)
    make.delivery(by, store, cartons=2)

    answer = client.get("/readiness/map/")

    text = text_of(answer)
    assert "Texas: 0 of 1 ready" in text
    assert f"{Role.COORDINATOR.label}, {by.station}" in text
    assert str(by) not in text
    assert "Not recorded in the portal yet" in text
    assert "Not for everything" in text
    [row] = client.get("/readiness/map/?state=TX").context["rows"]
    assert row.station == by.station
    assert client.get("/readiness/map/?state=CA").context["rows"] == []
    assert len(client.get("/readiness/map/?state=XX").context["rows"]) == 1


def test_a_state_without_a_station_of_ones_own_leads_nowhere(signed_in, by):
    tiles = {tile.code: tile for tile in signed_in.get("/readiness/map/").context["tiles"]}

    assert (tiles["TX"].linked, tiles["CA"].linked) == (True, False)
    assert tiles["CA"].words == "California: no station that should have a programme"


def test_a_ready_station_makes_its_tile_good(client, region, by, store):
    make.delivery(by, store, cartons=2)
    make.at_risk(by)
    make.drilled(store, by)

    answer = client.get("/readiness/map/")
    [tile] = [tile for tile in answer.context["tiles"] if tile.code == "TX"]

    assert (tile.tone, tile.words) == ("good", "Texas: 1 of 1 ready")
    assert tile.shape
    make.place(by)
    [tile] = [t for t in client.get("/readiness/map/").context["tiles"] if t.code == "TX"]
    assert (tile.tone, tile.words) == ("bad", "Texas: 0 of 1 ready, something wrong at 1")
