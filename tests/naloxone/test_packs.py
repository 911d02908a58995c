"""What codes on packs mean here: products, lots, units, and numbers that somebody had to explain."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from naloxone import actions, gs1_rules, packs
from naloxone.gs1_rules import CodeError
from naloxone.models import Kit, PackCode, Product
from naloxone.rules import CustodyError
from safety_portal.access import AccessError
from safety_portal.audit import AuditRow
from tests.naloxone import make

pytestmark = pytest.mark.django_db
GTIN, UPC, GS = "00369547627027", "0311917040332", "\x1d"


@pytest.fixture
def spray(db):
    return make.product(name="Spray", gtin=GTIN, ndc="69547-627-02")


@pytest.fixture
def carton(by, store, spray):
    """One carton whose pack says lot ABC and serial S1."""
    return make.delivery(by, store, product=spray, lot_number="ABC", carton_serials=["S1"])[0]


def code(lot="ABC", serial="S1", separator=GS):
    return f"01{GTIN}1728123110{lot}{separator}21{serial}"


def test_every_products_twelve_digits_are_those_of_its_ndc():
    call_command("load_products", verbosity=0)
    known = Product.objects.exclude(ndc=None)

    assert known.count() > 5
    assert [p.ndc12 for p in known] == [gs1_rules.normalised_ndc(p.ndc) for p in known]
    assert set(Product.objects.filter(ndc=None).values_list("ndc12", flat=True)) == {None}


def test_a_new_ndc_of_twelve_digits_is_kept_as_it_is():
    made = make.product(ndc="123456-7890-12")

    assert Product.objects.get(pk=made.pk).ndc12 == "123456789012"


# --- numbers that somebody had to explain ------------------------------------------------------------------
def test_a_store_brands_number_means_what_the_coordinator_said_until_it_is_taken_back(by, spray):
    actions.remember_code(code=UPC, product=spray, by=by)
    actions.remember_code(code=UPC, product=spray, by=by)
    assert packs.meanings("311917040332")[0].product == spray

    actions.forget_code(code="00311917040332", by=by)
    actions.forget_code(code="00311917040332", by=by)

    assert packs.meanings(UPC)[0].product is None
    assert PackCode.objects.count() == 2
    acts = AuditRow.objects.filter(act__startswith="pack_code").order_by("pk")
    assert [row.act for row in acts] == ["pack_code.remembered", "pack_code.forgotten"]


def test_the_newest_word_on_a_number_counts(by, spray):
    other = make.product()
    for product in (spray, other):
        actions.remember_code(code=UPC, product=product, by=by)

    assert packs.product_of("00311917040332") == other
    assert [told.product for told in PackCode.objects.in_force()] == [other]


def test_a_products_own_number_is_no_others(by, spray):
    with pytest.raises(CodeError, match="the number of Spray itself"):
        actions.remember_code(code=GTIN, product=make.product(), by=by)
    with pytest.raises(CodeError, match="wrong check digit"):
        actions.remember_code(code="0311917040333", product=spray, by=by)


def test_who_receives_nothing_explains_no_number(by, spray, officer):
    with pytest.raises(AccessError):
        actions.remember_code(code=UPC, product=spray, by=officer)
    with pytest.raises(AccessError):
        actions.forget_code(code=UPC, by=officer)


def test_a_word_on_a_number_is_never_changed(by, spray):
    actions.remember_code(code=UPC, product=spray, by=by)

    with pytest.raises(DatabaseError), transaction.atomic():
        PackCode.objects.update(product=None)


def test_a_product_without_a_gtin_is_known_by_its_ndc():
    made = make.product(ndc="59467-679-01")

    assert packs.product_of("00359467679015") == made
    assert packs.product_of("30359467679016") is None  # a case of them is not one of them
    assert packs.product_of("") is None


# --- units and lots ------------------------------------------------------------------------------------------
def test_a_packs_code_finds_its_unit_by_lot_and_serial(carton):
    assert packs.units_of(code()) == {carton.pk}
    assert packs.units_of(code(separator="")) == {carton.pk}
    assert packs.units_of(code().lower()) == {carton.pk}
    assert packs.units_of(code(serial="S2")) == set()
    assert packs.units_of(code(lot="ABD")) == set()
    assert packs.units_of("K-1") == set()


def test_a_list_of_packs_codes_is_one_question(carton, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = packs.units_of_each([code(), code(serial="S2"), "K-1"])
    assert found == {code(): {carton.pk}, code(serial="S2"): set(), "K-1": set()}
    with django_assert_num_queries(0):
        assert packs.units_of_each(["K-1", "SEAL-2"]) == {"K-1": set(), "SEAL-2": set()}


def test_the_serial_of_a_carton_goes_where_its_first_dose_goes(by, store, carton):
    act = actions.assemble_kits(
        cartons=[carton], kind="kit", doses_per_kit=2, place=store, occurred_at=make.timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip

    assert packs.units_of(code()) == {Kit.objects.get(events__act=act, kind="kit").pk}


def test_a_code_whose_date_was_misread_means_nothing(carton):
    assert packs.units_of(code().replace("281231", "281331")) == set()
    assert packs.lots_of(code().replace("281231", "281331")) == set()


def test_what_is_recorded_already_comes_first_among_the_readings(carton, spray):
    parted = code(separator="")
    assert packs.meanings(parted)[0].pack.lot == "ABC"

    make.delivery(
        make.coordinator(carton.station), carton.holder, product=spray, lot_number="XY21S1"
    )

    assert packs.meanings(code(lot="XY", separator=""))[0].pack.lot == "XY21S1"
    assert packs.lots_of(code()) == {carton.lot_id}
    assert packs.lots_of(f"01{GTIN}") == set()


@pytest.mark.parametrize(
    ("lot", "serials", "why"),
    [
        ("S1", [], "“S1” is a serial of this product"),
        ("NEW", ["ABC", "S3"], "“ABC” is a lot of this product"),
        ("S9", ["S9", "S8"], "told as lot and as serial"),
    ],
)
def test_lot_and_serial_in_each_others_place_are_not_received(
    carton, by, store, spray, lot, serials, why
):
    with pytest.raises(CodeError, match=why):
        make.delivery(by, store, product=spray, lot_number=lot, carton_serials=serials)

    assert Kit.objects.count() == 1


def test_serials_are_one_a_dose_or_one_a_carton(by, store, spray):
    two = make.delivery(
        by, store, product=spray, lot_number="A", cartons=2, carton_serials=["X1", "X2"]
    )
    one = make.delivery(by, store, product=spray, lot_number="B", serials=["Y1", "Y2"])

    told = [
        list(kit.devices.order_by("pk").values_list("serial", flat=True)) for kit in (*two, *one)
    ]
    assert told == [["X1", ""], ["X2", ""], ["Y1", "Y2"]]


def test_serials_of_cartons_are_as_many_as_cartons(by, store, spray):
    with pytest.raises(CustodyError, match="2 cartons need 2 serials; 1 given"):
        make.delivery(by, store, product=spray, cartons=2, carton_serials=["X1"])
