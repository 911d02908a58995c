"""Pages about temperature: places, files, reviews, labels and the hot season."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from naloxone import actions, storage
from naloxone.models import (
    Kit,
    KitStorage,
    LotLabel,
    StationSeason,
    StorageDecision,
    TemperatureRecord,
)
from naloxone.notices import REPLACE, REVIEW, SEASON
from naloxone.storage_rules import Decision, Mark, StorageError
from safety_portal.access import AccessError, Role, Scope
from safety_portal.alerts import Alert, kinds, run_sweeps
from tests.naloxone import make
from tests.naloxone.test_storage import HOT_WEEK, Yuma

pytestmark = pytest.mark.django_db
AGO = dt.timedelta


@pytest.fixture
def yuma():
    return Yuma()


@pytest.fixture
def client(client, yuma):
    client.force_login(yuma.by.account)
    return client


def page(client, name, *args, query=""):
    answer = client.get(reverse(f"naloxone:{name}", args=args) + query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def send(client, url_name, /, *args, **told):
    return client.post(reverse(f"naloxone:{url_name}", args=args), told, follow=True)


def text_of(answer):
    return " ".join(answer.content.decode().split())


def upload(client, yuma, content):
    return send(
        client, "import_temperature", yuma.cab.pk, file=SimpleUploadedFile("cab.csv", content)
    )


# --- by hand -----------------------------------------------------------------------------------------------


def moment(yuma, **ago):
    local = (timezone.now() - AGO(**ago)).astimezone(yuma.station.zone)
    return {"occurred_at_0": f"{local:%m/%d/%Y}", "occurred_at_1": f"{local:%H:%M}"}


def test_a_temperature_is_typed_in_fahrenheit(client, yuma):
    answer = send(
        client,
        "record_temperature",
        yuma.cab.pk,
        degrees="104",
        unit="f",
        **moment(yuma, minutes=5),
    )

    assert "40.0 °C (104 °F) in" in text_of(answer)
    assert TemperatureRecord.objects.get().lowest == 40_00
    assert "40.0 °C (104 °F) on" in text_of(answer)  # the place's page


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"degrees": "104", "unit": "c"}, "104 °C is no temperature of a store"),
        ({"degrees": "warm", "unit": "c"}, "Write degrees"),
        ({"degrees": "24", "unit": "c", "lowest": "25"}, "The lowest can’t be above"),
    ],
)
def test_a_figure_that_can_not_be_is_told_at_its_field(client, yuma, told, said):
    answer = send(client, "record_temperature", yuma.cab.pk, **told, **moment(yuma, minutes=5))

    assert said in text_of(answer)
    assert not TemperatureRecord.objects.exists()


def test_nobody_types_temperatures_of_a_closed_place(client, yuma):
    actions.close_place(place=make.place(yuma.by, "Old"), now=timezone.now(), by=yuma.by)
    old = yuma.cab.__class__.objects.get(name="Old")

    assert client.get(reverse("naloxone:record_temperature", args=[old.pk])).status_code == 404


# --- a logger's file ---------------------------------------------------------------------------------------


def test_a_file_is_looked_at_and_then_imported(client, yuma):
    answer = upload(client, yuma, yuma.file(HOT_WEEK))

    said = text_of(answer)
    assert "95 readings" in said
    assert "30.0 °C (86 °F) to 41.5 °C (107 °F)" in said
    assert "9 h 10 min</strong> outside" in said
    assert not TemperatureRecord.objects.exists()

    form = answer.context["form"]
    told = {
        name: form[name].value()
        for name in ("time", "clock", "temperature", "unit", "zone", "order")
    }
    answer = send(client, "preview_temperature", yuma.cab.pk, **told)

    assert "95 readings are imported." in text_of(answer)
    assert "Replace in the next rotation, usable: 9 h 10 min over 40 °C" in page(
        client, "kit", yuma.kit.pk
    )
    assert "<strong>1 kit</strong> serviceable" in page(client, "place", yuma.cab.pk)


def test_other_columns_are_looked_at_before_anything_is_imported(client, yuma):
    upload(client, yuma, yuma.file(HOT_WEEK))
    told = {
        "time": "0",
        "clock": "",
        "temperature": "1",
        "unit": "f",
        "zone": "utc",
        "order": "ymd",
    }

    answer = send(client, "preview_temperature", yuma.cab.pk, **told, look="1")

    assert "-1.1 °C (30 °F) to 5.3 °C (42 °F)" in text_of(answer)
    assert not TemperatureRecord.objects.exists()


def test_a_mapping_that_makes_no_sense_is_told_why(client, yuma):
    upload(client, yuma, yuma.file(HOT_WEEK))
    told = {
        "time": "1",
        "clock": "",
        "temperature": "0",
        "unit": "c",
        "zone": "utc",
        "order": "ymd",
    }

    assert "Like this it can’t be imported" in text_of(
        send(client, "preview_temperature", yuma.cab.pk, **told)
    )


def test_the_same_file_again_brings_nothing(client, yuma):
    yuma.log(HOT_WEEK)

    said = text_of(upload(client, yuma, yuma.file(HOT_WEEK)))

    assert "0 readings; 95 readings known before and not doubled" in said
    assert "Import the readings" not in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\x01\x02" * 99, "is no table"),
        (b"x" * 10_100_000, "At most 10 MB"),
        (b"name;place\nx;y\n", "No column with times"),
    ],
)
def test_what_is_no_loggers_file_is_told_at_its_field(client, yuma, content, said):
    assert said in text_of(upload(client, yuma, content))


def test_without_a_file_there_is_nothing_to_look_at(client, yuma):
    assert "Nobody has measured here." in text_of(client.get(reverse("naloxone:preview_temperature", args=[yuma.cab.pk]), follow=True))  # fmt: skip


def test_a_file_is_taken_back_with_a_reason(client, yuma):
    record = yuma.log(HOT_WEEK)
    assert "Take back" in page(client, "place_temperature", yuma.cab.pk)

    assert "Its readings no longer count for any kit" in page(
        client, "withdraw_temperature", record.pk
    )
    answer = send(client, "withdraw_temperature", record.pk, reason="Vehicle 32’s logger")

    assert "Vehicle 32’s logger" in text_of(answer)
    assert client.get(reverse("naloxone:withdraw_temperature", args=[record.pk])).status_code == 404


def test_who_neither_recorded_it_nor_keeps_the_place_can_not_take_it_back(client, yuma):
    record = yuma.log(HOT_WEEK)
    client.force_login(make.person(yuma.station, Role.SUPERVISOR).account)

    assert "Take back<span" not in page(client, "place_temperature", yuma.cab.pk)
    assert client.get(reverse("naloxone:withdraw_temperature", args=[record.pk])).status_code == 404


def test_the_picture_opens_as_a_table(client, yuma):
    yuma.log(HOT_WEEK)

    said = page(client, "place_temperature", yuma.cab.pk)

    assert '<svg class="kits-chart" role="img"' in said
    assert "The same as a table" in said


# --- all places --------------------------------------------------------------------------------------------


def test_every_place_stands_with_its_newest_reading_and_its_worst_kit(client, yuma):
    yuma.log(HOT_WEEK)

    said = page(client, "storage_temperature")

    assert "30.0 °C (86 °F)" in said
    assert "To be replaced" in said
    assert "Never" in said  # the cabinet
    assert "Kits wait for a decision" in said


@pytest.mark.parametrize(
    ("worst", "shown"), [("replace", True), ("review", False), ("stale", False), ("other", True)]
)
def test_places_are_narrowed_by_what_came_of_it(client, yuma, worst, shown):
    yuma.log(HOT_WEEK, days_ago=2)

    said = page(client, "storage_temperature", query=f"?worst={worst}&station={yuma.station.pk}")

    assert (f">{yuma.cab.name}</a>" in said) is shown


def test_a_station_in_the_address_narrows_too(client, yuma):
    assert "No place at your stations" in page(
        client, "storage_temperature", query="?station=999999"
    )


@pytest.mark.parametrize("places", [1, 3])
def test_the_list_costs_the_same_however_long_it_is(
    client, yuma, places, django_assert_num_queries
):
    for _ in range(places):
        yuma.read(24, place=make.place(yuma.by))
    page(client, "storage_temperature")

    with django_assert_num_queries(7):
        page(client, "storage_temperature")


def test_lists_show_the_mark_of_a_kit(client, yuma):
    yuma.log(HOT_WEEK)

    assert "To be replaced" in page(client, "kits")
    assert "To be replaced" in page(client, "place", yuma.cab.pk)


def test_a_kit_that_nobody_measured_says_nothing_of_storage(client, yuma):
    assert 'id="storage"' not in page(client, "kit", yuma.kit.pk)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([20] * 7, "In range."),
        ([30] * 21, "3 h 20 min in the allowed excursion."),
        ([45] * 7, "Waits for a review, usable: 1 h over 40 °C."),
        ([45] * 7 + [2] * 7, "; another 1 h outside its label’s band"),
        ([2] * 7, "Waits for a review, usable: 1 h outside its label’s band."),
        ([20, -16, 20, 20], "Waits for a review, usable: frozen once; 10 min outside"),
        ([20, -16, 20, -16, 20], "Replace in the next rotation, usable: frozen 2 times"),
    ],
)
def test_a_kit_says_in_words_what_was_measured_around_it(client, yuma, values, said):
    yuma.log(values)

    told = page(client, "kit", yuma.kit.pk)

    assert said in told
    assert "thaw for 15 minutes" in told


def test_seen_outside_for_no_known_time_says_so(client, yuma):
    yuma.read(52)

    assert "for how long is not known" in page(client, "kit", yuma.kit.pk)


# --- deciding ----------------------------------------------------------------------------------------------


def test_a_named_person_decides_for_the_ticked_kits(client, yuma):
    other = make.sealed_kit(yuma.by, yuma.cabinet, occurred_at=yuma.began, product=yuma.product)
    yuma.move(other, yuma.cab, yuma.began + AGO(minutes=1))
    yuma.log(HOT_WEEK)
    assert "2" in page(client, "storage_reviews")
    assert other.reference in page(client, "review_storage", yuma.cab.pk)

    answer = send(
        client, "review_storage", yuma.cab.pk, decision="replace", reason="Sun on the dashboard",
        kits=[yuma.kit.reference],
    )  # fmt: skip

    assert "Replace in the next rotation: 1 kit." in text_of(answer)
    assert not KitStorage.objects.get(kit=yuma.kit).waiting
    assert KitStorage.objects.get(kit=other).waiting
    for name, key in (("kit", yuma.kit.pk), ("place", yuma.cab.pk), ("lot", yuma.kit.lot_id)):
        assert "Sun on the dashboard" in page(client, name, key)


def test_what_was_decided_meanwhile_is_said_and_nothing_is_recorded(client, yuma):
    other = make.sealed_kit(yuma.by, yuma.cabinet, occurred_at=yuma.began, product=yuma.product)
    yuma.move(other, yuma.cab, yuma.began + AGO(minutes=1))
    yuma.log(HOT_WEEK)
    told = {
        "decision": "replace", "reason": "Sun", "kits": [yuma.kit.reference, other.reference],
        "request_key": str(make.key()),
    }  # fmt: skip
    yuma.decide()

    answer = send(client, "review_storage", yuma.cab.pk, **told)

    assert f"Nothing was recorded: {yuma.kit.reference} no longer waits" in text_of(answer)
    assert KitStorage.objects.get(kit=other).waiting


def test_a_decision_sent_twice_by_its_page_is_one(client, yuma):
    yuma.log(HOT_WEEK)
    told = {
        "decision": "replace", "reason": "Sun", "kits": [yuma.kit.reference],
        "request_key": str(make.key()),
    }  # fmt: skip

    answers = [send(client, "review_storage", yuma.cab.pk, **told) for _ in range(2)]

    assert all("Replace in the next rotation: 1 kit." in text_of(answer) for answer in answers)
    assert StorageDecision.objects.count() == 1


def test_nothing_ticked_is_no_decision(client, yuma):
    yuma.log(HOT_WEEK)

    answer = send(client, "review_storage", yuma.cab.pk, decision="keep", reason="Fine")

    assert "still to be decided on" in text_of(answer)


def test_putting_on_hold_leads_on_to_the_page_that_does_it(client, yuma):
    yuma.log(HOT_WEEK)

    answer = client.post(
        reverse("naloxone:review_storage", args=[yuma.cab.pk]),
        {"decision": "hold", "reason": "Leaking", "kits": [yuma.kit.reference]},
    )

    assert answer.url == f"{reverse('naloxone:hold')}?kits={yuma.kit.reference}"
    assert Kit.objects.get(pk=yuma.kit.pk).state == "in_service"


def test_kept_in_service_the_page_says_who_said_so(client, yuma):
    yuma.log(HOT_WEEK)
    yuma.decide(Decision.KEEP)

    assert "Kept in service: 9 h 10 min over 40 °C" in page(client, "kit", yuma.kit.pk)


def test_a_medical_officer_decides_without_seeing_kits_and_can_not_hold(client, yuma):
    yuma.log(HOT_WEEK)
    client.force_login(
        make.person(yuma.station, Role.MEDICAL_OFFICER, scope=Scope.EVERYWHERE).account
    )

    said = page(client, "review_storage", yuma.cab.pk)

    assert yuma.kit.reference in said
    assert yuma.kit.get_absolute_url() not in said
    assert "Put on hold" not in said


def test_where_nothing_waits_the_pages_say_so(client, yuma):
    assert "Nothing waits for a decision." in page(client, "storage_reviews")
    assert "Nothing waits for a decision here." in page(client, "review_storage", yuma.cab.pk)


def test_a_round_names_a_place_where_nothing_stays_over_night(client, yuma):
    actions.change_place(
        place=yuma.cab, version=yuma.cab.version, overnight=False, sensor="EX-1", by=yuma.by
    )

    assert "Kits do not stay here over night" in page(client, "make_round", yuma.cab.pk)
    assert "Nothing stays in it over night" in page(client, "place_rounds")
    said = page(client, "place", yuma.cab.pk)
    assert "Kits do not stay in it over night." in said
    assert "Logger EX-1." in said


# --- labels ------------------------------------------------------------------------------------------------


def test_the_lots_label_is_chosen_from_those_of_its_product(client, yuma):
    lot = yuma.kit.lot
    answer = send(
        client, "add_label", lot.pk, name="Generation II (red plunger)", base_min_c="20", base_max_c="25",
        excursion_min_c="5", excursion_max_c="40", do_not_freeze="yes", protect_from_light="", source="Carton",
    )  # fmt: skip
    assert "“Generation II (red plunger)” can be chosen now." in text_of(answer)
    version = lot.product.label_versions.get(own=False)

    send(client, "set_label", lot.pk, label=version.pk)
    assert "Generation II (red plunger)" in page(client, "lot", lot.pk)

    send(client, "set_label", lot.pk, label="own")
    assert LotLabel.objects.filter(lot=lot).count() == 2
    assert "The product’s own label" in page(client, "lot", lot.pk)


def test_a_band_that_ends_before_it_begins_is_told(client, yuma):
    answer = send(
        client,
        "add_label",
        yuma.kit.lot_id,
        name="X",
        base_min_c="25",
        base_max_c="20",
        source="Carton",
    )

    assert "no higher than where it begins" in text_of(answer)


def test_who_has_nothing_to_do_with_a_lot_says_nothing_about_it(client, yuma):
    client.force_login(make.coordinator(make.station("Elsewhere")).account)

    assert client.get(reverse("naloxone:set_label", args=[yuma.kit.lot_id])).status_code == 404


# --- the hot season ----------------------------------------------------------------------------------------


def hot_now(yuma, months=None):
    month = yuma.station.today().month
    return actions.set_season(
        station=yuma.station, first_month=month, last_month=month, source="We sweat", by=yuma.by, **months or {}
    )  # fmt: skip


def test_the_station_says_its_hot_months(client, yuma):
    assert "Nobody has said yet" in page(client, "season", yuma.station.code)

    send(
        client,
        "change_season",
        yuma.station.code,
        first_month="5",
        last_month="9",
        source="We sweat",
    )

    assert "May to September" in page(client, "season", yuma.station.code)
    assert "May to September" in page(client, "seasons")
    answer = send(client, "change_season", yuma.station.code, first_month="5", source="x")
    assert "Choose both months, or neither." in text_of(answer)
    send(client, "change_season", yuma.station.code, source="It is cool")
    assert "No hot season" in page(client, "season", yuma.station.code)
    assert StationSeason.objects.newest().count() == 1


def test_one_hot_month_is_named_once(client, yuma):
    send(client, "change_season", yuma.station.code, first_month="7", last_month="7", source="Log")

    for told in (page(client, "season", yuma.station.code), page(client, "seasons")):
        assert "July" in told
        assert "July to July" not in told


def test_the_same_months_said_twice_are_said_once(yuma):
    assert hot_now(yuma) == hot_now(yuma)


def stood_long(yuma, kit):
    """The kit came to its vehicle long ago."""
    yuma.began = timezone.now() - AGO(days=60)
    old = make.sealed_kit(yuma.by, yuma.cabinet, occurred_at=yuma.began, product=yuma.product)
    yuma.move(old, yuma.cab, yuma.began)
    return old


def test_kits_go_indoors_and_others_out_so_that_no_vehicle_is_empty(client, yuma):
    hot_now(yuma)
    old = stood_long(yuma, yuma.kit)
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - AGO(days=1))
    make.sealed_kit(yuma.by, yuma.cabinet, product=yuma.product, expires_on=make.day(500))
    assert old.reference in page(client, "season", yuma.station.code)

    answer = send(
        client, "season", yuma.station.code, kits=[old.reference], place=yuma.cabinet.pk,
        **moment(yuma, minutes=1),
    )  # fmt: skip

    assert "and 1 from there is in their place" in text_of(answer)
    held = {kit.pk: kit.holder_id for kit in Kit.objects.filter(pk__in=[old.pk, yuma.kit.pk])}
    assert held == {old.pk: yuma.cabinet.pk, yuma.kit.pk: yuma.cab.pk}
    assert "No kit has stood outside for too long" in text_of(answer)


def test_a_vehicle_is_not_emptied_for_the_season(client, yuma):
    hot_now(yuma)
    old = stood_long(yuma, yuma.kit)
    yuma.move(yuma.kit, make.place(yuma.by), timezone.now() - AGO(days=1))

    answer = send(
        client, "season", yuma.station.code, kits=[old.reference], place=yuma.cabinet.pk,
        **moment(yuma, minutes=1),
    )  # fmt: skip

    assert "would be left with fewer than it needs" in text_of(answer)
    assert Kit.objects.get(pk=old.pk).holder_id == yuma.cab.pk


def test_the_last_kit_of_a_cabinet_does_not_go_out(yuma):
    old = stood_long(yuma, yuma.kit)
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - AGO(days=1))

    with pytest.raises(StorageError, match="and 0 can"):
        rotate(yuma, old)


def rotate(yuma, *kits, **facts):
    return actions.rotate_indoors(
        **{
            "kits": list(Kit.objects.with_names().filter(pk__in=[kit.pk for kit in kits])), "place": yuma.cabinet,
            "occurred_at": timezone.now(), "request_key": make.key(), "by": yuma.by,
        } | facts
    )  # fmt: skip


def test_a_rotation_sent_twice_is_done_once(yuma):
    old = stood_long(yuma, yuma.kit)
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - AGO(days=1))
    make.sealed_kit(yuma.by, yuma.cabinet, product=yuma.product, expires_on=make.day(500))
    key, still = make.key(), [Kit.objects.with_names().get(pk=old.pk)]

    assert rotate(yuma, kits=still, request_key=key) == [yuma.kit]
    assert rotate(yuma, kits=still, request_key=key) == [yuma.kit]


def test_what_is_above_par_goes_indoors_without_another(yuma):
    type(yuma.cab).objects.filter(pk=yuma.cab.pk).update(par_min=1)

    assert rotate(yuma, stood_long(yuma, yuma.kit)) == []


def test_two_vehicles_are_swapped_with_a_storeroom_in_one_go(yuma):
    store = actions.open_place(
        kind="storage", name="Storeroom", station=yuma.station, place_type="storeroom", access_mode="key", by=yuma.by
    )  # fmt: skip
    first = stood_long(yuma, yuma.kit)
    yuma.move(yuma.kit, store, timezone.now() - AGO(days=1))
    other = make.place(yuma.by, kind="vehicle")
    began = timezone.now() - AGO(days=60)
    second = make.sealed_kit(yuma.by, yuma.cabinet, occurred_at=began, product=yuma.product)
    yuma.move(second, other, began)
    make.sealed_kit(yuma.by, store, product=yuma.product)

    out = rotate(yuma, first, second, place=store)

    assert {kit.holder_id for kit in Kit.objects.filter(pk__in=[kit.pk for kit in out])} == {
        yuma.cab.pk,
        other.pk,
    }
    assert {kit.holder_id for kit in Kit.objects.filter(pk__in=[first.pk, second.pk])} == {store.pk}


@pytest.mark.parametrize("what", ["kits", "place"])
def test_a_rotation_needs_kits_and_a_place_indoors(yuma, what):
    facts = {"kits": [yuma.kit], "place": yuma.cabinet} | {
        "kits": {"kits": []},
        "place": {"place": yuma.cab},
    }[what]

    with pytest.raises(StorageError):
        actions.rotate_indoors(
            **facts, occurred_at=timezone.now(), request_key=make.key(), by=yuma.by
        )


def test_who_keeps_no_places_says_no_months(yuma):
    with pytest.raises(AccessError):
        actions.set_season(
            station=yuma.station, first_month=5, last_month=9, source="x",
            by=make.person(yuma.station, Role.SUPERVISOR),
        )  # fmt: skip


def test_outside_the_season_nothing_is_to_be_moved(client, yuma):
    month = (yuma.station.today().month + 5) % 12 + 1
    actions.set_season(
        station=yuma.station, first_month=month, last_month=month, source="x", by=yuma.by
    )

    assert "Nothing is to be moved now" in page(client, "season", yuma.station.code)
    assert client.post(reverse("naloxone:season", args=[yuma.station.code])).status_code == 404


# --- who hears of it ---------------------------------------------------------------------------------------


def line_of(kind):
    found = list(Alert.objects.open().filter(kind=kind).select_related("station"))
    return kinds[kind].line(found), kinds[kind].url(found)


def test_a_review_that_waits_is_told_and_ends_when_somebody_decides(client, yuma):
    yuma.log(HOT_WEEK)
    run_sweeps(now=timezone.now())

    line, url = line_of(REVIEW)
    assert line == f"1 kit stood too hot or too cold at {yuma.cab}, Yuma: somebody decides"
    assert client.get(url).status_code == 200
    line, url = line_of(REPLACE)
    assert (
        line
        == "1 kit at Yuma is replaced in the next rotation after heat or frost, usable until then"
    )
    assert client.get(url).status_code == 200

    yuma.decide(Decision.KEEP)
    run_sweeps(now=timezone.now())

    assert not Alert.objects.open().filter(kind__in=[REVIEW, REPLACE]).exists()


def test_who_decides_hears_of_it_and_the_supervisor_once_it_is_late(yuma):
    doctor = make.person(yuma.station, Role.MEDICAL_OFFICER)
    chief = make.person(yuma.station, Role.SUPERVISOR)
    kind = kinds[REVIEW]

    assert set(kind.recipients(yuma.station, 1, timezone.now())) == {doctor, yuma.by}
    assert set(kind.recipients(yuma.station, 0, timezone.now())) == {doctor, yuma.by, chief}


def test_the_season_is_told_with_its_day_and_its_kits(client, yuma):
    hot_now(yuma)
    stood_long(yuma, yuma.kit)

    run_sweeps(now=timezone.now())

    line, url = line_of(SEASON)
    assert line == "Move 1 kit from vehicles at Yuma indoors now, and others out for them"
    assert client.get(url).status_code == 200


def test_a_season_in_which_nothing_is_to_be_moved_is_no_news(yuma):
    hot_now(yuma)

    run_sweeps(now=timezone.now())

    assert not Alert.objects.open().filter(kind=SEASON).exists()


def test_a_season_that_comes_names_its_first_day_and_one_that_is_over_says_so(yuma, settings):
    settings.SEASON_NOTICE_DAYS = settings.SEASON_OVER_DAYS = 40
    month = yuma.station.today().month
    after, before = month % 12 + 1, (month - 2) % 12 + 1
    actions.set_season(
        station=yuma.station, first_month=after, last_month=after, source="x", by=yuma.by
    )
    stood_long(yuma, yuma.kit)
    run_sweeps(now=timezone.now())
    assert " indoors before 01 " in line_of(SEASON)[0]

    actions.set_season(
        station=yuma.station, first_month=before, last_month=before, source="y", by=yuma.by
    )
    run_sweeps(now=timezone.now())
    assert line_of(SEASON)[0].startswith("The hot season at Yuma is over")


def test_the_sweep_catches_up_with_kits_that_moved(yuma):
    yuma.log(HOT_WEEK)
    yuma.move(yuma.kit, yuma.cabinet, timezone.now() - AGO(days=8))

    run_sweeps(now=timezone.now())

    assert KitStorage.objects.get(kit=yuma.kit).mark == Mark.NONE
    assert storage.keep_up(timezone.now()) == 0
