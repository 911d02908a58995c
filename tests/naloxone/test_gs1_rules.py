"""What codes on packs say: worked examples of the domain (B.3), codes as scanners mangle them, round trips."""

import calendar
import contextlib
import datetime as dt

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from naloxone import gs1_rules as gs1
from naloxone.gs1_rules import CodeError, Pack, readings

GTIN = "00369547627027"
GS = "\x1d"
FULL = Pack(GTIN, dt.date(2027, 12, 31), "ABC", "S1")


# --- what was worked out in the domain's notes -------------------------------------------------------------
@pytest.mark.parametrize(
    ("ndc", "gtin", "twelve"),
    [
        ("59467-679-01", "00359467679015", "059467067901"),  # Kloxxado, as openFDA's UPC
        ("69547-627-02", "00369547627027", "069547062702"),  # Narcan OTC
        ("76329-3669-2", "00376329366920", "076329366902"),  # Rextovy
        ("43674-004-02", "00343674004029", "043674000402"),  # Rezenopy
        ("0480-3478-68", "00304803478685", "000480347868"),  # Teva, 4-4-2
    ],
)
def test_an_ndc_and_its_gtin_say_the_same(ndc, gtin, twelve):
    assert gs1.gtin_of_ndc(ndc) == gtin
    assert gs1.ndc_of_gtin(gtin, ["0000-0000-00", ndc]) == ndc
    assert gs1.normalised_ndc(ndc) == twelve


def test_a_store_brands_code_carries_no_ndc():
    assert readings("0311917040332") == (Pack(gtin="00311917040332"),)
    assert gs1.ndc_of_gtin("00511917040336", ["19170-403-3"]) is None


def test_an_ndc_that_no_list_knows_is_not_hyphenated_by_a_guess():
    assert gs1.ndc_digits_of_gtin(GTIN) == "6954762702"
    assert gs1.ndc_of_gtin(GTIN, ["59467-679-01"]) is None


def test_twelve_digits_are_an_ndc_and_fit_in_no_gtin():
    assert gs1.normalised_ndc("123456-7890-12") == "123456789012"
    with pytest.raises(CodeError, match="fit in no GTIN"):
        gs1.gtin_of_ndc("123456-7890-12")


@pytest.mark.parametrize(
    ("ndc", "why"),
    [
        ("69547-0627-02", "billing form"),
        ("69547-62702", "hyphens where no NDC"),
        ("69547627027", "hyphens where no NDC"),
        ("69547-627", "hyphens where no NDC"),
        ("69547-627-0X", "digits with two hyphens"),
        ("", "digits with two hyphens"),
        ("٦٩٥٤٧-٦٢٧-٠٢", "digits with two hyphens"),
    ],
)
def test_what_is_no_ndc_is_refused_in_words(ndc, why):
    with pytest.raises(CodeError, match=why):
        gs1.normalised_ndc(ndc)


# --- what scanners send ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "code",
    [
        f"01{GTIN}1727123110ABC{GS}21S1",
        f"]d201{GTIN}1727123110ABC{GS}21S1",
        f"]C101{GTIN}21S1{GS}1727123110ABC",
        f"{GS}01{GTIN}1727123110ABC{GS}21S1{GS}",
        f"01{GTIN}{GS}17271231{GS}10ABC{GS}21S1",
        f"01{GTIN}1727123110ABC<GS>21S1",
        f"01{GTIN}1727123110ABC^]21S1",
        f"01{GTIN}1727123110ABC␝21S1",
        f"01{GTIN}1727123110ABC↔21S1",
        f"01{GTIN}1727123110ABC|21S1",
        f"01{GTIN}1727123110ABC~21S1",
        f"(01){GTIN}(17)271231(10)ABC(21)S1",
        f"(01){GTIN}(17)271231(21)S1(10)ABC",
        f"[01]{GTIN}[17]271231[10]ABC[21]S1",
        f"01{GTIN}1125010117271231{GS}10ABC{GS}21S1{GS}9912",
    ],
)
def test_one_code_is_read_whatever_the_scanner_makes_of_it(code):
    assert readings(code) == (FULL,)


def test_day_nought_is_the_months_last():
    assert readings(f"01{GTIN}17280200")[0].expires_on == dt.date(2028, 2, 29)
    assert readings(f"01{GTIN}17270200")[0].expires_on == dt.date(2027, 2, 28)


def test_what_a_code_does_not_say_stays_empty():
    assert readings("1727123110ABC") == (Pack(expires_on=dt.date(2027, 12, 31), lot="ABC"),)


def test_a_lost_separator_gives_every_reading_and_no_guess():
    assert readings(f"01{GTIN}1727123110ABC21S1") == (
        FULL,
        Pack(GTIN, dt.date(2027, 12, 31), "ABC21S1", ""),
    )


def test_lot_before_expiry_and_serial_is_parted_in_each_way_that_makes_sense():
    assert readings(f"01{GTIN}10A17C1727123121S121X") == (
        Pack(GTIN, dt.date(2027, 12, 31), "A17C", "S121X"),
        Pack(GTIN, None, "A17C17271231", "S121X"),
        Pack(GTIN, None, "A17C1727123121S1", "X"),
        Pack(GTIN, None, "A17C1727123121S121X", ""),
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("00369547627028", "wrong check digit: 8 where 7 belongs"),
        (f"01{GTIN[:-1]}81727123110ABC", "wrong check digit"),
        (f"01{GTIN}17270230", "expiry “270230” in the code is not in the calendar"),
        (f"01{GTIN}1727133110ABC", "expiry “271331”"),
        (f"01{GTIN}1727", "expiry “27”"),
        (f"01{GTIN}10{'A' * 21}{GS}21S1", "lot “A{21}” in the code is empty, longer than 20"),
        (f"01{GTIN}10A€B", "lot “A€B”"),
        ("(01)00369547627027(17)271231(10)", "lot “” in the code is empty"),
        ("0136954762702", "wrong check digit"),
        ("hello", "no code of a pack"),
        ("", "no code of a pack"),
        ("9912", "no code of a pack"),
        (f"01{GTIN}01{GTIN}", "no code of a pack"),
    ],
)
def test_what_is_wrong_with_a_code_is_said(code, why):
    with pytest.raises(CodeError, match=why):
        readings(code)


@pytest.mark.parametrize("digits", ["12", "x" * 14, "٠" * 14])
def test_only_digits_of_the_right_number_are_a_product_number(digits):
    with pytest.raises(CodeError, match="12, 13 or 14 digits"):
        gs1.checked_gtin(digits)


def test_a_seal_or_a_serial_is_taken_for_no_code_of_a_pack():
    assert gs1.is_pack_code(f"]d201{GTIN}10ABC")
    assert gs1.is_pack_code(f"(01){GTIN}(10)ABC")
    assert not any(
        map(gs1.is_pack_code, ["K-214", "21-445", "SEAL-700101", "0112345678901234", ""])
    )
    assert gs1.is_retail_code("311917040332")
    assert not gs1.is_retail_code("311917040333")
    assert not gs1.is_retail_code("K-214")


# --- swapped -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lot", "serials", "why"),
    [
        ("ABC", ["abc"], "as lot and as serial"),
        ("S1", ["LOT9"], "“LOT9” is a lot of this product"),
        ("s1", [], "“s1” is a serial of this product"),
    ],
)
def test_lot_and_serial_in_each_others_place_are_told(lot, serials, why):
    with pytest.raises(CodeError, match=why):
        gs1.check_not_swapped(lot, serials, known_lots=["LOT9"], known_serials=["S1"])


def test_lot_and_serial_in_their_places_pass():
    gs1.check_not_swapped("LOT9", ["S2"], known_lots=["LOT9"], known_serials=["S1", "LOT9"])


# --- round trips ---------------------------------------------------------------------------------------------
TEXT = st.text("ABCDEFGHJKLMNPRSTUVWXYZ0123456789-/", min_size=1, max_size=20)
DIGITS = st.text("0123456789", min_size=13, max_size=13)
DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2049, 12, 31))


def made_of(body):
    return f"{body}{gs1.gs1_standard_check_digit(body)}"


@given(DIGITS, DAYS, TEXT, TEXT)
def test_what_is_written_with_separators_is_read_again(body, day, lot, serial):
    code = f"01{made_of(body)}17{day:%y%m%d}10{lot}{GS}21{serial}"

    assert readings(code) == (Pack(made_of(body), day, lot, serial),)


@given(DIGITS, DAYS, TEXT, TEXT)
@example("0036954762702", dt.date(2027, 12, 31), "1721", "1017")
def test_without_separators_the_truth_is_among_the_readings(body, day, lot, serial):
    pack = Pack(made_of(body), day, lot, serial)

    found = readings(f"01{pack.gtin}17{day:%y%m%d}10{lot}21{serial}")
    other = readings(f"01{pack.gtin}10{lot}17{day:%y%m%d}21{serial}")

    assert pack in found
    assert pack in other
    assert len(set(found)) == len(found)


@given(DIGITS, st.integers(2000, 2049), st.integers(1, 12))
def test_a_month_without_a_day_is_its_last_day(body, year, month):
    found = readings(f"01{made_of(body)}17{year % 100:02}{month:02}00")

    assert found[0].expires_on == dt.date(year, month, calendar.monthrange(year, month)[1])


@given(DIGITS, st.integers(0, 12), st.integers(0, 9))
def test_one_digit_misread_is_always_noticed(body, place, digit):
    assume(body[place] != str(digit))
    good = made_of(body)

    with pytest.raises(CodeError, match="check digit"):
        gs1.checked_gtin(good[:place] + str(digit) + good[place + 1 :])


@given(st.sampled_from(gs1.NDC_SHAPES), st.data(), st.integers(0, 8))
def test_every_ndc_comes_back_from_its_gtin(shape, data, level):
    ndc = "-".join(data.draw(st.text("0123456789", min_size=n, max_size=n)) for n in shape)

    assert gs1.ndc_of_gtin(gs1.gtin_of_ndc(ndc, level=level), [ndc]) == ndc


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    with contextlib.suppress(CodeError):
        assert all(pack.parts for pack in readings(text))
