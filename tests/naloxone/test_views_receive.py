"""A delivery whose carton is scanned: what the code fills in, what it leaves to the person, what contradicts it."""

import pytest
from django.utils import timezone

from naloxone import actions
from naloxone.models import Device, Kit, Lot, PackCode
from safety_portal.photos import Photo
from safety_portal.widgets.photos import HELD
from tests.naloxone import make
from tests.naloxone.test_views_stock import by, errors, moment, store
from tests.safety_portal.picture import upload

__all__ = ["by", "store"]
pytestmark = pytest.mark.django_db
GTIN, UPC, GS = "00369547627027", "0311917040332", "\x1d"
CODE = f"]d201{GTIN}1731123110ABC{GS}21S1"
LOST = f"01{GTIN}1731123110ABC21S1"


@pytest.fixture
def spray(db):
    return make.product(name="Spray", gtin=GTIN)


def told(store, **changes):
    """A form in which nothing is typed that a code could say."""
    return {
        "cartons": "3",
        "place": store.pk,
        "checked": "yes",
        "request_key": str(make.key()),
        **moment(timezone.now()),
    } | changes


def read(client, store, code, **changes):
    """The form after “Read this code”."""
    answer = client.post("/kits/receive/", told(store, scan=code, _look_up="scan", **changes))
    assert answer.status_code == 200
    return answer.context["form"]


def filled(form):
    return {name: form[name].value() for name in ("product", "lot", "expires_on", "serials")}


def receive(client, store, **changes):
    return client.post("/kits/receive/", told(store, **changes))


def test_a_code_fills_in_product_lot_and_expiry_and_nothing_typed_is_lost(client, store, spray):
    form = read(client, store, CODE, supplier="Bill 7")

    assert filled(form) == {
        "product": str(spray.pk), "lot": "ABC", "expires_on": "12/31/2031", "serials": None,
    }  # fmt: skip
    assert form["supplier"].value() == "Bill 7"
    assert form["cartons"].value() == "3"
    assert not form.errors
    assert not Kit.objects.exists()
    assert "Read: Spray, lot ABC, expires 31 Dec 2031, serial S1. Compare" in str(form["scan"])


def test_what_was_read_is_received(client, store, spray):
    form = read(client, store, CODE)

    answer = receive(client, store, scan=form["scan"].value(), **{k: v for k, v in filled(form).items() if v})  # fmt: skip

    assert answer.status_code == 302
    assert Lot.objects.get().number == "ABC"
    assert Kit.objects.count() == 3
    assert set(Device.objects.values_list("serial", flat=True)) == {""}


def test_the_serial_of_the_only_carton_is_recorded(client, store, spray):
    form = read(client, store, CODE, cartons="1")
    assert form["serials"].value() == "S1"

    receive(
        client, store, scan=CODE, cartons="1", product=spray.pk, lot="ABC", expires_on="12/31/2031"
    )

    assert list(Device.objects.order_by("pk").values_list("serial", flat=True)) == ["S1", ""]


def test_each_carton_scanned_adds_its_serial(client, store, spray):
    form = read(client, store, CODE.replace("21S1", "21S2"), lot="abc", serials="S1")
    assert form["serials"].value() == "S1\nS2"

    again = read(client, store, CODE, lot="ABC", serials="S1\nS2")
    assert again["serials"].value() == "S1\nS2"


def test_as_many_serials_as_cartons_are_those_of_the_cartons(client, store, spray):
    receive(
        client,
        store,
        cartons="2",
        serials="S1\nS2",
        product=spray.pk,
        lot="ABC",
        expires_on="12/31/2031",
    )

    assert list(Device.objects.order_by("pk").values_list("serial", flat=True)) == [
        "S1",
        "",
        "S2",
        "",
    ]


def test_a_code_without_its_product_fills_in_the_rest_and_asks_no_number(client, store, spray):
    form = read(client, store, "1731123110ABC")

    assert filled(form) | {"serials": None} == {
        "product": None, "lot": "ABC", "expires_on": "12/31/2031", "serials": None,
    }  # fmt: skip
    assert "remember" not in form.fields


def test_an_enter_without_a_script_reads_the_code_instead_of_sending_half_a_form(
    client, store, spray
):
    form = receive(client, store, scan=CODE).context["form"]

    assert not form.errors
    assert form["lot"].value() == "ABC"


def test_a_lost_separator_is_asked_about_and_nothing_is_filled_in(client, store, spray):
    form = read(client, store, LOST)

    assert [label for _, label in form.fields["reading"].choices] == [
        "Lot ABC, serial S1", "Lot ABC21S1, no serial",
    ]  # fmt: skip
    assert filled(form) == dict.fromkeys(("product", "lot", "expires_on", "serials"))

    chosen = read(client, store, LOST, reading="1")

    assert chosen["lot"].value() == "ABC21S1"
    assert "reading" not in chosen.fields


def test_an_answer_that_is_no_reading_is_asked_again(client, store, spray):
    assert "reading" in read(client, store, LOST, reading="7").fields


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (CODE.replace("3127", "3128"), None),
        (f"01{GTIN[:-1]}8", "wrong check digit"),
        (CODE.replace("311231", "310231"), "not in the calendar"),
        ("K-214", "no code of a pack"),
        ("A\x07B", "control character"),
        ("A" * 201, "At most 200"),
    ],
)
def test_a_code_that_says_nothing_is_told_at_its_field(client, store, spray, code, words):
    form = read(client, store, code, lot="typed")

    assert form["lot"].value() == "typed"
    if words:
        assert words in form.errors["scan"][0]
    else:
        assert "Read: Spray" in str(form["scan"]) or form.errors


def test_a_code_of_another_lot_overwrites_nothing(client, store, spray):
    form = read(client, store, CODE, lot="OTHER")

    assert form["lot"].value() == "OTHER"
    assert "is of lot ABC; the form is about lot OTHER" in form.errors["scan"][0]


# --- retail codes ---------------------------------------------------------------------------------------------
def test_an_unknown_retail_code_asks_for_its_product_and_is_remembered(client, by, store, spray):
    form = read(client, store, UPC)
    assert "which nobody has named yet. Type what is missing" in str(form["scan"])
    assert form["remember"].value()

    typed = {"lot": "R1", "expires_on": "12/31/2031", "product": spray.pk, "remember": "on"}
    answer = receive(client, store, scan=UPC, **typed)

    assert answer.status_code == 302
    assert PackCode.objects.get().product == spray
    again = read(client, store, "311917040332")
    assert again["product"].value() == str(spray.pk)
    assert "remember" not in again.fields


def test_it_is_remembered_only_when_they_say_so(client, by, store, spray):
    typed = {"lot": "R1", "expires_on": "12/31/2031", "product": spray.pk}

    assert receive(client, store, scan=UPC, **typed).status_code == 302

    assert not PackCode.objects.exists()


def test_a_photo_of_the_print_stays_with_the_delivery(client, by, store, spray):
    typed = {"lot": "R1", "expires_on": "12/31/2031", "product": spray.pk}
    held = read(client, store, UPC, photos=upload())["photos"]
    tokens = [photo.token for photo in held.field.widget.held]
    assert len(tokens) == 1

    answer = client.post(
        "/kits/receive/", told(store, **typed, **{HELD + "photos": tokens}), follow=True
    )

    photo = Photo.objects.get()
    assert photo.small_url in answer.content.decode()
    assert client.get(photo.url).status_code == 200
    client.force_login(make.person(make.station()).account)
    assert client.get(photo.url).status_code == 404


def test_a_file_that_is_no_photo_is_told_and_nothing_is_received(client, by, store, spray):
    typed = {"lot": "R1", "expires_on": "12/31/2031", "product": spray.pk}

    answer = receive(client, store, photos=upload(content=b"%PDF-1.7 no picture"), **typed)

    assert "photos" in errors(answer)
    assert not Kit.objects.exists()


# --- contradictions ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"lot": "S1"}, "lot", "“S1” is the serial in the code; the lot is ABC."),
        ({"lot": "ABD"}, "lot", "The code says lot ABC."),
        ({"expires_on": "12/30/2031"}, "expires_on", "The code says 31 Dec 2031."),
    ],
)
def test_what_was_typed_beside_a_code_must_fit_it(client, by, store, spray, typed, field, words):
    right = {"lot": "ABC", "expires_on": "12/31/2031", "product": spray.pk}

    answer = receive(client, store, scan=CODE, **(right | typed))

    assert words in errors(answer)[field][0]
    assert not Kit.objects.exists()


def test_another_product_than_the_codes_is_noticed(client, by, store, spray):
    other = make.product()

    answer = receive(client, store, scan=CODE, lot="ABC", expires_on="12/31/2031", product=other.pk)

    assert "The code says Spray." in errors(answer)["product"][0]


def test_a_swapped_serial_is_told_at_the_lot(client, by, store, spray):
    make.delivery(by, store, product=spray, lot_number="ABC", carton_serials=["S1"])

    answer = receive(client, store, product=spray.pk, lot="S1", expires_on="12/31/2031")

    assert "look swapped" in errors(answer)["lot"][0]


# --- numbers on packs ---------------------------------------------------------------------------------------------
def test_numbers_are_kept_on_a_page_of_their_own(client, by, store, spray):
    answer = client.post("/kits/pack-codes/", {"number": UPC, "product": spray.pk}, follow=True)
    assert "0311917040332 is Spray from now on." in answer.content.decode()
    assert "00311917040332" in answer.content.decode()

    gone = client.post("/kits/pack-codes/00311917040332/", {"request_key": ""}, follow=True)

    assert "means no product any more" in gone.content.decode()
    assert "No number is known" in gone.content.decode()
    assert client.get("/kits/pack-codes/00311917040332/").status_code == 404


def test_a_number_that_was_misread_is_told(client, by, spray):
    answer = client.post("/kits/pack-codes/", {"number": "0311917040333", "product": spray.pk})

    assert "wrong check digit" in errors(answer)["number"][0]


def test_the_number_of_another_product_is_told_at_its_field(client, by, spray):
    answer = client.post("/kits/pack-codes/", {"number": GTIN, "product": make.product().pk})

    assert "the number of Spray itself" in errors(answer)["number"][0]


def test_taking_back_says_what_follows(client, by, spray):
    actions.remember_code(code=UPC, product=spray, by=by)

    page = client.get("/kits/pack-codes/00311917040332/").content.decode()

    assert "no longer means Spray" in page


def test_only_who_receives_keeps_numbers(client, by, store, officer):
    client.force_login(officer.account)

    assert client.get("/kits/pack-codes/").status_code == 404


# --- codes of packs wherever a unit is asked for -----------------------------------------------------------------
@pytest.fixture
def carton(by, store, spray):
    return make.delivery(by, store, product=spray, lot_number="ABC", carton_serials=["S1"])[0]


@pytest.mark.parametrize("code", [CODE, LOST, f"(01){GTIN}(10)ABC(21)S1", CODE.replace(GS, "␝")])
def test_search_leads_from_a_packs_code_to_its_unit(client, carton, code):
    assert client.get("/kits/find/", {"q": code}).url == carton.get_absolute_url()


def test_search_for_our_label_takes_its_mark_off(client, carton):
    assert (
        client.get("/kits/find/", {"q": f"]d1{carton.reference}"}).url == carton.get_absolute_url()
    )


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (f"01{GTIN}1731123110ABC", True),  # the lot
        (f"01{GTIN}", True),  # the product
        (f"01{GTIN}10OTHER", False),
        (f"01{GTIN}10ABC{GS}21S9", True),  # the serial is not known: its lot
    ],
)
def test_search_by_a_code_without_a_known_serial_lists_the_lot_or_the_product(
    client, carton, code, found
):
    make.delivery(
        make.coordinator(carton.station),
        carton.holder,
        product=carton.lot.product,
        lot_number="ABC2",
    )

    kits = client.get("/kits/", {"q": code}).context["kits"]

    assert (carton.pk in {kit.pk for kit in kits}) == found


def test_search_by_a_retail_code_lists_its_product(client, by, store, carton):
    other = make.delivery(by, store)[0]
    actions.remember_code(code=UPC, product=carton.lot.product, by=by)

    found = {kit.pk for kit in client.get("/kits/", {"q": "311917040332"}).context["kits"]}

    assert found == {carton.pk}
    assert other.pk not in found
    assert list(client.get("/kits/", {"q": "4006381333931"}).context["kits"]) == []


def test_the_longest_code_of_a_pack_fits_into_the_search(client, by, store, carton):
    lot, serial = "L" * 20, "S" * 20

    listed = client.get(
        "/kits/find/", {"q": f"]d201{GTIN}1731123110{lot}{GS}21{serial}"}, follow=True
    )

    assert listed.context["kits"] == []
    assert not listed.context["filter"].form.errors


def test_a_move_takes_the_codes_of_packs(client, by, store, carton):
    place = make.place(by)

    client.post(
        "/kits/move/", {"kits": CODE, "place": place.pk, "why_empty": "On purpose", **moment()}
    )

    carton.refresh_from_db()
    assert carton.holder == place


def test_a_packs_code_that_no_unit_has_is_named_by_what_it_says(client, by, store, carton):
    typed = f"{CODE.replace('21S1', '21S9')}\n01{GTIN}10ABC"

    answer = client.post("/kits/move/", {"kits": typed, "place": store.pk, **moment()})

    assert "lot ABC, serial S9, lot ABC (a code without serial)" in errors(answer)["kits"][0]


def test_a_use_finds_its_carton_by_the_pack_and_keeps_an_unknown_one_as_told(client, by, carton):
    use = {"which": "another", "doses": "1", "station": by.station_id, **moment(name="given_at")}

    client.post("/uses/new/", use | {"unit": CODE})
    client.post("/uses/new/", use | {"unit": CODE.replace("21S1", "21S9")})

    doses = actions.uses.UseDose.objects.order_by("pk")
    assert [(dose.kit, dose.told_code) for dose in doses] == [
        (carton, ""), (None, "lot ABC, serial S9"),
    ]  # fmt: skip
