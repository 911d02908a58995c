"""A station is closed only when no kit is left there; its empty places close with it."""

import threading

import pytest
from django.db import connections, transaction
from django.utils import timezone

from naloxone import actions
from naloxone.actions import CustodyError
from naloxone.models import Holder, Kit
from safety_portal import roster
from safety_portal.access import Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.people import Person, PersonError, Station
from tests.naloxone import make
from tests.naloxone.test_places import while_it_waits


class Den:
    """A station where nobody serves, its coordinator and an administrator who serve elsewhere, and a place."""

    def __init__(self):
        self.station, self.elsewhere = make.station("Den"), make.station()
        self.ada = make.person(self.elsewhere, Role.ADMINISTRATOR, scope=Scope.EVERYWHERE)
        self.by = make.person(self.elsewhere, Role.COORDINATOR, scope=Scope.EVERYWHERE)
        self.place = self.open("Den cabinet")
        self.away = make.place(self.by, "Vault")

    def open(self, name):
        return actions.open_place(
            kind="storage", name=name, station=self.station, place_type="cabinet",
            access_mode="open", by=self.by,
        )  # fmt: skip

    def close(self):
        return roster.close_station(
            station=self.station, reason="Moved", now=timezone.now(), by=self.ada
        )

    def move(self, kits, place):
        return actions.move_kits(
            why_empty="On purpose",
            kits=kits,
            place=place,
            occurred_at=timezone.now(),
            request_key=make.key(),
            by=self.by,
        )

    def refused(self):
        with pytest.raises(PersonError) as told, transaction.atomic():
            self.close()
        return str(told.value)


@pytest.fixture
def den(db):
    return Den()


def test_empty_places_are_closed_along(den):
    den.open("Second")

    follows = list(roster.what_follows(den.station, timezone.now()))
    den.close()

    assert follows == ["The 2 empty places there are closed too."]
    places = Holder.objects.filter(station=den.station)
    assert {place.closed_on for place in places} == {den.station.today()}
    assert AuditRow.objects.filter(act="place.closed", by=den.ada).count() == 2
    assert [p.closed_on for p in Holder.objects.filter(pk=den.away.pk)] == [None]


def test_one_empty_place_is_told_as_one(den):
    assert list(roster.what_follows(den.station, timezone.now())) == [
        "The empty place there is closed too."
    ]


@pytest.mark.parametrize(("cartons", "words"), [(1, "1 kit is"), (3, "3 kits are")])
def test_kits_keep_a_station_open(den, cartons, words):
    kits = make.delivery(den.by, den.place, cartons=cartons)

    said = den.refused()
    den.move(kits, den.away)

    assert said.startswith(f"{words} recorded at Den: its coordinator moves what is in places")
    assert den.close().closed_on


def test_emptied_cartons_do_not(den):
    actions.assemble_kits(
        cartons=make.delivery(den.by, den.place), kind="kit", doses_per_kit=2, place=den.place,
        occurred_at=timezone.now(), request_key=make.key(), by=den.by,
    )  # fmt: skip
    den.move(list(Kit.objects.filter(kind="kit").with_names()), den.away)

    assert den.close().closed_on


def test_a_kit_that_its_carrier_took_to_another_station_does_until_it_is_recorded_there(den):
    noa = make.person(den.station)
    kits = make.hand(make.delivery(den.by, den.place), noa, by=den.by)
    roster.change_person(person=noa, version=1, station=den.elsewhere, by=den.ada)

    said = den.refused()
    offer = actions.offer_kits(
        kits=list(Kit.objects.with_names().filter(pk__in=[k.pk for k in kits])),
        receiver=den.away, now=timezone.now(), request_key=make.key(), by=Person.objects.get(pk=noa.pk),
    )  # fmt: skip
    actions.answer_offer(offer=offer, now=timezone.now(), request_key=make.key(), by=den.by)

    assert "what is in somebody’s hands is returned or handed on." in said
    assert den.close().closed_on


@pytest.mark.parametrize(("number", "words"), [(1, "1 hand-over to Den is"), (2, "2 hand-overs to Den are")])  # fmt: skip
def test_hand_overs_on_their_way_keep_a_station_open(den, number, words):
    offers = [
        actions.offer_kits(
            kits=make.delivery(den.by, den.away), receiver=den.place, now=timezone.now(),
            request_key=make.key(), by=den.by,
        )
        for _ in range(number)
    ]  # fmt: skip

    said = den.refused()
    for offer in offers:
        actions.withdraw_offer(offer=offer, now=timezone.now(), by=den.by)

    assert said == f"{words} still open: the receivers answer, or the givers withdraw."
    assert den.close().closed_on


@pytest.mark.parametrize(("number", "words"), [(1, "1 discrepancy at Den is"), (2, "2 discrepancies at Den are")])  # fmt: skip
def test_missing_kits_keep_a_station_open_until_they_are_written_off(den, number, words):
    told = {"note": "Looked everywhere", "by": den.by}
    kits = make.delivery(den.by, den.place, cartons=number)
    actions.report_missing(kits=kits, occurred_at=timezone.now(), request_key=make.key(), **told)

    said = den.refused()
    actions.write_off(
        kits=list(Kit.objects.with_names()),
        occurred_at=timezone.now(),
        request_key=make.key(),
        **told,
    )

    assert said.startswith(f"{words} still open: its coordinator closes what is explained")
    assert den.close().closed_on


def test_no_place_is_opened_at_a_closed_station(den):
    den.close()

    with pytest.raises(CustodyError, match="Den was closed on") as told:
        den.open("Third")

    assert told.value.field == "station"


def test_closed_stations_are_no_choice_for_places_and_no_filter_of_kits(den, client):
    den.close()
    client.force_login(den.by.account)
    make.station("Third")

    forms = [client.get(page).context["form"] for page in ("/places/open/", "/uses/new/")]
    choices = dict(client.get("/kits/").context["filter"].filters["station"].extra["choices"])

    for form in forms:
        assert set(form.fields["station"].queryset) >= {den.elsewhere}
        assert den.station not in form.fields["station"].queryset
    assert den.station.pk not in choices
    assert den.elsewhere.pk in choices


@pytest.mark.parametrize(("role", "led"), [(Role.COORDINATOR, True), (None, False)])
def test_a_link_to_the_kits_is_for_those_who_may_open_it(den, client, role, led):
    make.delivery(den.by, den.place)
    if role:
        make.grant(den.ada, role, scope=Scope.EVERYWHERE)
    client.force_login(den.ada.account)

    page = client.get(f"/people/stations/{den.station.code}/close/").content.decode()

    assert "1 kit is recorded at Den:" in page
    assert (f"/kits/?station={den.station.pk}" in page) == led
    assert ("Who answers for Den" in page) != led


# --- at once -------------------------------------------------------------------------------------
@pytest.fixture
def moving(committed, django_db_blocker):
    with django_db_blocker.unblock():
        den = Den()
        yield den, make.delivery(den.by, den.away)


def test_a_station_is_not_closed_behind_a_kit_on_its_way_there(moving):
    den, kits = moving

    error = while_it_waits(lambda: den.move(kits, den.place), den.close)

    assert "1 kit is recorded at Den:" in str(error)
    assert Station.objects.get(pk=den.station.pk).closed_on is None


def test_a_kit_does_not_slip_into_a_station_that_is_being_closed(moving):
    den, kits = moving

    error = while_it_waits(den.close, lambda: den.move(kits, den.place))

    assert "Den cabinet has been closed" in str(error)
    assert Kit.objects.get().station == den.elsewhere


def test_no_place_opens_at_a_station_that_is_being_closed(moving):
    den, _ = moving

    error = while_it_waits(den.close, lambda: den.open("Second"))

    assert "Den was closed on" in str(error)
    assert not Holder.objects.in_use().filter(station=den.station).exists()


def test_nobody_comes_to_serve_at_a_station_that_is_being_closed(moving):
    den, _ = moving
    noa = {"kind": "employee", "given_name": "Noa", "family_name": "Fictitious", "badge": "N1"}

    error = while_it_waits(
        den.close, lambda: roster.record_person(**noa, station=den.station, by=den.ada)
    )

    assert "Den was closed on" in str(error)


def test_a_kit_out_of_a_station_does_not_wait_for_its_closing(moving):
    den, _ = moving
    kits = make.delivery(den.by, den.place)
    done = threading.Event()

    def move_out():
        den.move(kits, den.away)
        done.set()
        connections.close_all()

    with transaction.atomic():
        Station.objects.select_for_update(no_key=True).get(pk=den.station.pk)
        thread = threading.Thread(target=move_out)
        thread.start()
        assert done.wait(20)
    thread.join()

    assert den.close().closed_on
