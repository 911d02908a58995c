"""What forms take, refuse, and say about it."""

import datetime as dt
import uuid
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict

from safety_portal import widgets as w

LAREDO = ZoneInfo("America/Chicago")
ANA = SimpleNamespace(pk=7, zone=LAREDO)


def error_of(field, value):
    with pytest.raises(ValidationError) as caught:
        field.clean(value)
    return " ".join(caught.value.messages)


# --- text -----------------------------------------------------------------------------------------


def test_text_is_stripped_composed_and_on_one_line():
    field = w.TextField(max_length=20)

    assert field.clean("  Cafe\u0301\tat\r\nthe gate ") == "Café at the gate"


def test_several_lines_stay_lines():
    assert w.TextField(max_length=20, lines=3).clean("one\r\ntwo\rthree") == "one\ntwo\nthree"


@pytest.mark.parametrize("character", ["\x07", "\x1b", "\x7f", "\u0085", "\u202e"])
def test_an_invisible_character_is_named_by_what_stands_before_it(character):
    said = error_of(w.TextField(max_length=50), f"Left{character} at the gate")

    assert said.startswith("There is an invisible control character after “Left”.")


def test_an_invisible_character_at_the_beginning_is_said_to_be_there():
    assert "at the beginning" in error_of(w.TextField(max_length=50), "\x07x")


def test_too_long_a_text_is_told_by_how_much():
    said = error_of(w.TextField(max_length=60), "x" * 75)

    assert said == "At most 60 characters; this is 15 over. Shorten it."


def test_a_number_may_have_a_thousands_comma():
    assert w.NumberField().clean("1,000") == 1000


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("a dozen", "“a dozen” is not a whole number. Write digits, like 12."),
        ("0", "At least 1; this is 0."),
        ("501", "At most 500; this is 501."),
    ],
)
def test_a_wrong_number_is_explained(typed, said):
    assert error_of(w.NumberField(min_value=1, max_value=500), typed) == said


def test_a_number_that_need_not_be_given_may_be_missing():
    assert w.NumberField(required=False, min_value=1).clean("") is None


def test_a_file_that_is_too_large_is_told_its_size():
    photo = SimpleUploadedFile("gate.jpg", b"x" * 2_500_000)

    said = error_of(w.FileField(max_size=1_000_000), photo)

    assert said == "At most 1 MB; “gate.jpg” has 2.5 MB."


def test_a_file_that_fits_is_taken():
    photo = SimpleUploadedFile("gate.jpg", b"x")

    assert w.FileField(accept="image/*").clean(photo) is photo


# --- codes ----------------------------------------------------------------------------------------


def test_codes_come_one_a_line_or_with_commas_and_leave_in_capitals():
    assert w.CodesField().clean("k-1\r\nK-2, k-3;\n\n K-4\tK-5") == [f"K-{n}" for n in range(1, 6)]


def test_a_code_listed_twice_is_named():
    assert "K-214" in error_of(w.CodesField(), "K-214\nK-215\nk-214")


def test_too_many_codes_are_counted():
    assert error_of(w.CodesField(max_codes=2), "a\nb\nc") == "At most 2 codes at once; these are 3."


def test_one_code_is_a_text_and_not_a_list():
    assert w.CodesField(one=True).clean(" k-1 ") == "K-1"
    assert w.CodesField(one=True, required=False).clean("") == ""
    assert error_of(w.CodesField(one=True), "a,b") == "One code only; these are 2."


def test_only_a_field_for_gs1_codes_takes_their_separator():
    code = "0100361234567890\x1d17261231"

    assert w.CodesField(gs1=True).clean(code) == [code]
    assert "invisible" in error_of(w.CodesField(), code)


def test_codes_are_shown_again_one_a_line():
    assert w.CodeInput().format_value(["K-1", "K-2"]) == "K-1\nK-2"


# --- days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["2026-11-24", "11/24/2026", "11-24-2026", "24 Nov 2026", "November 24, 2026", "Nov. 24 2026"],
)
def test_a_day_is_read_as_people_write_it(typed):
    assert w.DayField().clean(typed) == dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("02/30/2026", "“02/30/2026” is not in the calendar."),
        ("11/24/26", "Give the year of “11/24/26” with four digits"),
        ("tomorrow", "“tomorrow” is not a day."),
        ("11/24/0206", "24 Nov 206 is too early"),
        ("11/24/2926", "24 Nov 2926 is too late"),
        ("12/31/2025", "31 Dec 2025 is too early: 1 Jan 2026 or later."),
    ],
)
def test_a_wrong_day_is_explained(typed, said):
    field = w.DayField(min_day=dt.date(2026, 1, 1))

    assert error_of(field, typed).startswith(said)


def test_a_day_that_need_not_be_given_may_be_missing():
    assert w.DayField(required=False).clean("") is None


# --- moments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["14:05", "1405", "2:05 pm", "2:05 p.m.", "14:05:59", "14:05 CST"]
)
def test_a_time_is_read_on_the_clock_of_the_station(typed):
    found = w.MomentField(zone="America/Chicago").clean(["11/24/2026", typed])

    assert found == dt.datetime(2026, 11, 24, 20, 5, tzinfo=dt.UTC)


def test_midnight_and_noon_of_the_twelve_hour_clock():
    field = w.MomentField(zone="UTC")

    assert field.clean(["11/24/2026", "12:10 am"]).hour == 0
    assert field.clean(["11/24/2026", "12:10 pm"]).hour == 12


@pytest.mark.parametrize(
    ("day", "time", "said"),
    [
        ("11/24/2026", "", "Add the time, like 14:05."),
        ("", "14:05", "Add the day, like 11/24/2026."),
        ("11/24/2026", "25:00", "“25:00” is not a time."),
        ("11/24/2026", "13:00 pm", "“13:00 pm” is not a time."),
        ("11/24/2026", "noon", "“noon” is not a time."),
        ("11/24/0206", "14:05", "Look at the year: 206."),
        ("11/24/2026", "14:05 PDT", "The clock there showed CST then, not PDT."),
    ],
)
def test_a_wrong_moment_is_explained(day, time, said):
    assert error_of(w.MomentField(zone=LAREDO), [day, time]).startswith(said)


def test_an_hour_that_the_clock_skipped_is_refused():
    said = error_of(w.MomentField(zone=LAREDO), ["03/08/2026", "02:30"])

    assert said == (
        "02:30 on 8 Mar 2026 did not exist: the clocks went forward (America/Chicago). "
        "If it was 03:30 CDT, write 03:30."
    )


def test_an_hour_that_the_clock_showed_twice_wants_its_name():
    field = w.MomentField(zone=LAREDO)

    assert "01:30 on 1 Nov 2026 came twice" in error_of(field, ["11/01/2026", "01:30"])
    assert field.clean(["11/01/2026", "01:30 CDT"]) == dt.datetime(
        2026, 11, 1, 6, 30, tzinfo=dt.UTC
    )
    assert field.clean(["11/01/2026", "01:30 CST"]) == dt.datetime(
        2026, 11, 1, 7, 30, tzinfo=dt.UTC
    )


def test_the_hours_beside_the_change_are_taken():
    field = w.MomentField(zone=LAREDO)

    for day, time in (("03/08/2026", "01:59"), ("03/08/2026", "03:00"), ("11/01/2026", "02:00")):
        assert field.clean([day, time]).tzinfo is dt.UTC


def test_a_zone_without_summer_time_never_refuses():
    assert w.MomentField(zone="America/Phoenix").clean(["03/08/2026", "02:30"]).hour == 9


def test_a_moment_is_shown_on_the_clock_of_its_zone():
    shown = w.MomentInput(zone=LAREDO).decompress(dt.datetime(2026, 11, 24, 20, 5, tzinfo=dt.UTC))

    assert shown == [dt.date(2026, 11, 24), "14:05"]


# --- the form -------------------------------------------------------------------------------------


class Offer(w.PortalForm):
    note = w.TextField(max_length=10, label="Note")
    at = w.MomentField(required=False)
    to = w.LookUpField(label="To")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        place = SimpleNamespace(pk="S-1", name="Laredo")
        self.fields["to"].find = lambda text: [place] if text.lower() in "laredo" else []
        self.fields["to"].get = lambda value: place if value == "S-1" else None
        self.fields["to"].describe = lambda found: w.Option(found.pk, found.name)


def sent(**values):
    data = QueryDict(mutable=True)
    data.update(values)
    return Offer(data, person=ANA)


def test_the_key_of_a_request_is_made_once_and_kept_when_the_form_comes_back():
    key = str(uuid.uuid4())

    form = sent(request_key=key)

    assert not form.is_valid()
    assert form["request_key"].value() == key
    assert key in str(form["request_key"])
    assert Offer(person=ANA)["request_key"].value() != Offer(person=ANA)["request_key"].value()


def test_a_form_without_a_key_is_an_act_all_the_same():
    form = sent(note="x", to="S-1")

    assert form.is_valid()
    assert isinstance(form.cleaned_data["request_key"], uuid.UUID)


def test_a_key_that_is_none_is_refused_with_a_sentence():
    form = sent(note="x", to="S-1", request_key="1")

    assert form.errors["request_key"] == [
        "This form was changed on its way. Load the page again and send it once more."
    ]


def test_the_owner_of_a_form_is_signed():
    text = Offer(person=ANA)["form_owner"].value()

    assert w.owner_of(text) == 7
    assert w.owner_of(text.replace("7", "8", 1)) is None
    assert w.owner_of("") is None
    assert w.form_owner(None) == ""


def test_an_action_is_not_handed_the_owner():
    form = sent(note="x", to="S-1", form_owner=w.form_owner(ANA))

    assert form.is_valid()
    assert set(form.cleaned_data) == {"request_key", "note", "at", "to"}


def test_moments_are_read_on_the_clock_of_the_persons_station():
    assert Offer(person=ANA).fields["at"].zone is LAREDO


def test_what_is_empty_says_what_to_do():
    errors = sent().errors

    assert errors == {"note": ["Fill this in."], "to": ["Choose one."]}


def test_a_rules_error_stands_at_the_field_it_names():
    class KitError(Exception):
        field = "note"

    form = sent(note="x", to="S-1")
    form.add_rule_error(KitError("Not so."))
    form.add_error("elsewhere", "Of another page.")

    assert form.errors["note"] == ["Not so."]
    assert form.non_field_errors() == ["Of another page."]


# --- the look-up ----------------------------------------------------------------------------------


def test_a_reference_typed_or_scanned_needs_no_choosing():
    form = sent(note="x", to_text="S-1")

    assert form.is_valid()
    assert form.cleaned_data["to"].name == "Laredo"


def test_words_without_a_choice_are_refused_and_the_options_shown():
    form = sent(note="x", to_text="lar")

    assert form.errors["to"] == ["Nothing is chosen yet for “lar”. Press Find, then choose one."]
    assert 'value="S-1"' in str(form["to"])


def test_what_can_no_longer_be_chosen_is_refused():
    assert sent(note="x", to="S-9").errors["to"] == ["This can no longer be chosen. Look again."]


def test_finding_without_javascript_brings_the_form_back_with_options_and_no_error():
    form = sent(note="kept", to_text="lar", _look_up="to")

    assert not form.is_valid()
    assert form.errors == {}
    assert form["note"].value() == "kept"
    assert 'value="S-1"' in str(form["to"])


def test_an_object_given_at_first_is_shown_as_chosen():
    place = SimpleNamespace(pk="S-1", name="Laredo")

    assert "checked" in str(Offer(initial={"to": place})["to"])


def test_the_endpoint_answers_with_tiles(rf):
    found = [SimpleNamespace(pk=n) for n in range(30)]
    request = rf.get("/places", {"field": "to", "to_text": "la"})

    html = w.look_up_answer(
        request, lambda text: found, lambda one: w.Option(str(one.pk), "L")
    ).content.decode()

    assert html.count('name="to"') == 20
    assert "there are more" in html


def test_one_letter_finds_nothing_yet(rf):
    request = rf.get("/places", {"field": "to", "to_text": "l"})

    html = w.look_up_answer(request, lambda text: pytest.fail("asked too early")).content.decode()

    assert "radio" not in html
