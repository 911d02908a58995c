"""The pages of an import: from the file to its result, one's own only, in words."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from naloxone.actions import imports
from naloxone.import_rules import FIELDS, WRONG, RunState, What
from naloxone.models import ImportRun, Kit, Lot, Product
from safety_portal.tables import Limits, read_table
from tests.naloxone import make
from tests.naloxone.imports import as_csv, as_xlsx, checked, imported, upload, work

pytestmark = pytest.mark.django_db
KITS = ("Place", "Product", "Lot", "Expiry", "Serials")
LATER = f"{make.day(400):%Y-%m-%d}"
WIDE = Limits(10**7, 10**7, 100, 10_000, 60, 5)


@pytest.fixture
def product():
    return make.product(name="Spray")


@pytest.fixture
def row(store, product):
    return [store.name, "Spray", "A1", LATER, "S1"]


def sent(client, by, content, *, name="stock.csv", what="kits", follow=True):
    file = SimpleUploadedFile(name, content)
    told = {"what": what, "station": by.station_id, "file": file, "request_key": make.key()}
    return client.post(reverse("naloxone:imports"), told, follow=follow)


def page(client, run, name="import_run", **query):
    return client.get(reverse(f"naloxone:{name}", args=[run.pk]), query)


def read(response):
    """Headings and cells of a downloaded table."""
    table = read_table(b"".join(response), WIDE)
    return table.headings, [row.cells for row in table.rows]


def test_from_the_file_to_its_result(signed_in, by, row):
    answer = sent(signed_in, by, as_csv(KITS, row))
    run = ImportRun.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("naloxone:map_import", args=[run.pk])
    assert "Lot: A1" in answer.content.decode()

    form = answer.context["form"]
    told = {name: form[name].value() for name in form.fields if form[name].value()}
    answer = signed_in.post(reverse("naloxone:map_import", args=[run.pk]), told, follow=True)
    assert "Being checked" in answer.content.decode()
    work(run)

    answer = page(signed_in, run)
    assert "1 new carton of lot A1" in answer.content.decode()
    where = reverse("naloxone:confirm_import", args=[run.pk])
    answer = signed_in.get(where)
    assert "Import 1 kit" in answer.content.decode()
    assert "can’t be undone" in answer.content.decode()
    signed_in.post(where, {"request_key": make.key()})
    assert "Being imported" in page(signed_in, run).content.decode()
    work(run)

    answer = page(signed_in, run)
    assert run.results[0]["url"] in answer.content.decode()
    assert Kit.objects.count() == 1
    assert run.reference in signed_in.get(reverse("naloxone:imports")).content.decode()


def test_the_result_counts_only_what_it_did(signed_in, by, row):
    run = imported(by, "kits", as_csv(KITS, row))
    more = imported(by, "kits", as_csv(KITS, row, [*row[:4], "S2"]))

    assert "1 row, all of the file." in page(signed_in, run).content.decode()
    assert (
        "1 row of 2 rows; the others were there already." in page(signed_in, more).content.decode()
    )


def test_a_corrected_file_shows_neither_what_was_wrong_nor_empty_cells(signed_in, by, row):
    run = checked(by, "kits", as_csv((*KITS, "Note", WRONG), [*row, "", "Lot: Fill this in."]))

    answer = page(signed_in, run).content.decode()

    assert " · ".join(row) in answer
    assert f"{row[-1]} ·" not in answer
    assert "Lot: Fill this in." not in answer


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty. Choose it again, or another."),
        (b"PK\x03\x04nothing", "no XLSX file"),
        (b"%PDF-1.4", "It is a PDF"),
        (b"x" * 12_500_000, "At most 10 MB; “stock.csv” has 12.5 MB."),
        (b"Lot,Place\n", "Under the headings there is no row"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_a_sentence(signed_in, by, content, sentence):
    answer = sent(signed_in, by, content)

    assert sentence in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_file_without_a_list_chosen_is_asked_for_it(signed_in, by):
    assert "Choose one." in sent(signed_in, by, b"a\n1\n", what="").content.decode()


def test_places_are_imported_only_where_one_keeps_them(client, by, row):
    both = make.person(by.station)
    make.grant(both, "naloxone_coordinator")
    elsewhere = make.station()
    client.force_login(both.account)
    file = SimpleUploadedFile("p.csv", b"Name\nx\n")

    answer = client.post(
        reverse("naloxone:imports"), {"what": "places", "station": elsewhere.pk, "file": file}
    )

    assert "not among the choices" in answer.content.decode()


def test_columns_are_remembered_for_the_same_headings(signed_in, by, row):
    headings = ("Where", "Which", "Batch code", "Good until", "Number")
    mapping = {"place": 0, "product": 1, "lot": 2, "expires_on": 3, "serials": 4}
    checked(by, "kits", as_csv(headings, row), mapping=mapping)
    run = upload(by, "kits", as_csv(headings, [*row[:4], "S2"]))

    form = page(signed_in, run, "map_import").context["form"]

    assert {key: form[key].value() for key in mapping} == {k: str(v) for k, v in mapping.items()}


def test_a_column_is_chosen_once_and_those_needed_are_asked_for(signed_in, by, row):
    run = upload(by, "kits", as_csv(KITS, row))
    where = reverse("naloxone:map_import", args=[run.pk])

    twice = signed_in.post(where, {"place": 0, "product": 1, "lot": 2, "expires_on": 2})
    missing = signed_in.post(where, {"place": 0, "product": 1, "lot": 2})
    unknown = signed_in.post(where, {"place": 99, "product": 1, "lot": 2, "expires_on": 3})

    assert "is chosen for “Lot” already" in twice.content.decode()
    assert "Which column is “Expiry”?" in missing.content.decode()
    assert "not among the choices" in unknown.content.decode()


def test_a_day_that_can_be_read_in_two_ways_is_asked_about_with_both_days(signed_in, by, row):
    run = checked(by, "kits", as_csv(KITS, [*row[:3], "03/04/2031", ""]))

    answer = page(signed_in, run, "map_import")
    assert next(iter(answer.context["form"].fields)) in ("request_key", "day_order")  # asked first
    assert "4 Mar 2031" in answer.content.decode()
    assert "3 Apr 2031" in answer.content.decode()
    told = {key: str(place) for key, place in run.mapping.items()}
    signed_in.post(reverse("naloxone:map_import", args=[run.pk]), told | {"day_order": "dmy"})
    work(run)
    assert "expires 3 Apr 2031" in page(signed_in, run).content.decode()


def test_rows_are_counted_and_narrowed_down(signed_in, by, row):
    rows = [row, [*row[:2], "", LATER, "S2"], [*row[:4], "S3"]]
    run = checked(by, "kits", as_csv(KITS, *rows))

    tabs = [tab.label for tab in page(signed_in, run).context["tabs"]]
    assert tabs == ["All (3)", "Will do something (2)", "Nothing to do (0)", "Errors (1)"]
    numbers = {
        show: [r.number for r in page(signed_in, run, show=show).context["rows"]]
        for show in ("will", "nothing", "errors", "unknown")
    }
    assert numbers == {"will": [2, 4], "nothing": [], "errors": [3], "unknown": [2, 3, 4]}
    assert "1 row has an error" in page(signed_in, run).content.decode()


def test_many_rows_come_page_by_page_at_the_same_cost(
    signed_in, by, row, django_assert_max_num_queries
):
    rows = [[*row[:4], f"S{n}"] for n in range(60)]
    run = checked(by, "kits", as_csv(KITS, *rows))

    with django_assert_max_num_queries(14):
        first = page(signed_in, run)
    after = first.context["pager"].next

    assert len(first.context["rows"]) == 25
    second = signed_in.get(first.request["PATH_INFO"] + after)
    assert second.context["rows"][0].number == 27


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_with_errors_comes_back_with_what_is_wrong_and_can_be_sent_again(
    signed_in, by, row, kind
):
    write = as_csv if kind == "csv" else as_xlsx
    rows = [row, [*row[:2], "", LATER, "S2"]]
    run = checked(by, "kits", write(KITS, *rows), name=f"stock.{kind}")

    headings, cells = read(page(signed_in, run, "import_errors"))

    assert headings == (*KITS, "What is wrong")
    assert cells[0] == (*row, "")
    assert cells[1][-1] == "Lot: Fill this in."
    still = checked(by, "kits", write(headings, *cells), name=f"stock.{kind}")
    assert read(page(signed_in, still, "import_errors")) == (headings, cells)
    corrected = [cells[0], (*cells[1][:2], "A1", *cells[1][3:])]
    assert imported(by, "kits", write(headings, *corrected)).state == RunState.DONE


def test_without_errors_there_is_no_file_to_correct(signed_in, by, row):
    run = checked(by, "kits", as_csv(KITS, row))

    assert page(signed_in, run, "import_errors").status_code == 404


def test_swapped_columns_are_swapped_in_one_tap(signed_in, by, row):
    rows = [[*row[:2], f"10{n}", LATER, "A1"] for n in range(6)]
    run = checked(by, "kits", as_csv(KITS, *rows))
    where = reverse("naloxone:swap_import", args=[run.pk])

    assert "Have lot and serial been swapped?" in page(signed_in, run).content.decode()
    signed_in.post(where, {"request_key": make.key()})
    work(run)
    assert "of lot A1" in page(signed_in, run).content.decode()


def test_columns_that_are_right_stay(signed_in, by, row):
    rows = [[*row[:2], f"10{n}", LATER, "A1"] for n in range(6)]
    run = checked(by, "kits", as_csv(KITS, *rows))
    where = reverse("naloxone:swap_import", args=[run.pk])

    signed_in.post(where, {"right": ""})
    assert work(run).questions == {}
    imports.cancel_import(run=run, now=timezone.now(), by=by)
    answer = signed_in.post(where, follow=True)
    assert "is “cancelled” by now" in answer.content.decode()


def test_the_same_file_is_said_before_anything_is_done(signed_in, by, row):
    content = as_csv(KITS, [*row[:4], ""])
    first = imported(by, "kits", content)
    answer = sent(signed_in, by, content)
    assert "This very file was imported before" in answer.content.decode()

    run = checked(by, "kits", content)
    where = reverse("naloxone:confirm_import", args=[run.pk])
    assert first.reference in signed_in.post(where, {"request_key": make.key()}).content.decode()
    signed_in.post(where, {"again": "on"})
    assert work(run).state == RunState.DONE


def test_cancel_takes_it_back_and_says_when_it_is_too_late(signed_in, by, row):
    run = checked(by, "kits", as_csv(KITS, row))
    done = imported(by, "kits", as_csv(KITS, [*row[:4], "S9"]))

    answer = signed_in.post(reverse("naloxone:cancel_import", args=[run.pk]), follow=True)
    late = signed_in.post(reverse("naloxone:cancel_import", args=[done.pk]), follow=True)

    assert "You cancelled it; nothing was imported." in answer.content.decode()
    assert f"{done.reference} was done already." in late.content.decode()


def test_the_page_asks_for_progress_until_it_has_ended(signed_in, by, row):
    run = checked(by, "kits", as_csv(KITS, row))
    imports.confirm_import(run=run, now=timezone.now(), by=by)
    where = reverse("naloxone:import_progress", args=[run.pk])
    asked = {"HX-Request": "true"}

    waiting = signed_in.get(where, headers=asked)
    imports.progress.tell(run, 3, 10, "Importing")
    under_way = signed_in.get(where, headers=asked)
    work(run)
    ended = signed_in.get(where, headers=asked)

    assert "Waiting for the worker" in waiting.content.decode()
    assert "3 of 10 rows" in under_way.content.decode()
    assert ended.headers["HX-Refresh"] == "true"
    assert signed_in.get(where).status_code == 302


def test_an_import_is_its_senders_own(client, by, row):
    run = checked(by, "kits", as_csv(KITS, row))
    client.force_login(make.coordinator(by.station).account)

    for name in ("import_run", "map_import", "confirm_import", "import_progress", "import_errors"):
        assert page(client, run, name).status_code == 404
    for name in ("cancel_import", "swap_import"):
        assert client.post(reverse(f"naloxone:{name}", args=[run.pk])).status_code == 404


def test_pages_lead_to_where_a_run_is(signed_in, by, row):
    run = checked(by, "kits", as_csv(KITS, row))
    assert page(signed_in, run, "map_import").status_code == 200
    imports.confirm_import(run=run, now=timezone.now(), by=by)

    for name in ("map_import", "confirm_import"):
        assert page(signed_in, run, name).url == run.get_absolute_url()


@pytest.mark.parametrize("what", list(What))
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_template_names_every_column(signed_in, what, kind):
    answer = signed_in.get(reverse("naloxone:import_template", args=[f"{what}.{kind}"]))

    table = read_table(answer.content, WIDE)
    assert table.headings == tuple(field.name for field in FIELDS[what])


@pytest.mark.parametrize("name", ["people.csv", "kits.pdf", "kits"])
def test_there_is_no_other_template(signed_in, name):
    assert signed_in.get(reverse("naloxone:import_template", args=[name])).status_code == 404


def test_columns_are_explained(signed_in):
    answer = signed_in.get(reverse("naloxone:import_columns", args=["places"]))

    assert "One that is there already is changed." in answer.content.decode()
    assert signed_in.get(reverse("naloxone:import_columns", args=["people"])).status_code == 404


def test_who_only_sees_kits_is_offered_no_import(client, by):
    supervisor = make.person(by.station, "station_supervisor")
    client.force_login(supervisor.account)

    for name in ("kits", "places", "products", "lots"):
        answer = client.get(reverse(f"naloxone:{name}"))
        assert reverse("naloxone:imports") not in answer.content.decode()
    assert client.get(reverse("naloxone:imports")).status_code == 404


def test_pages_offer_the_import_to_who_may(signed_in):
    for name in ("kits", "places", "products", "lots"):
        answer = signed_in.get(reverse(f"naloxone:{name}"))
        assert reverse("naloxone:imports") in answer.content.decode()


# --- products and lots -------------------------------------------------------------------------------------
FACTS = {"name": "Vial", "ndc": "11111-222-01", "manufacturer": "E", "antagonist": "naloxone", "strength_mg": "0.4", "route": "im", "supply": "Rx", "devices_per_carton": "10", "fact_status": "label"}  # fmt: skip


def test_a_product_is_added_and_changed(signed_in):
    signed_in.post(reverse("naloxone:new_product"), FACTS)
    made = Product.objects.get(name="Vial")
    where = reverse("naloxone:change_product", args=[made.pk])

    assert made.devices_per_carton == 10
    wrong = signed_in.post(where, FACTS | {"ndc": "1-1", "version": 1})
    signed_in.post(where, FACTS | {"shelf_life_months": "24", "version": 1})

    assert "hyphens" in wrong.content.decode()
    made.refresh_from_db()
    assert (made.shelf_life_months, made.version) == (24, 2)
    assert "Vial" in signed_in.get(reverse("naloxone:products")).content.decode()
    assert signed_in.get(where).status_code == 200


def test_a_lot_is_recorded_and_listed(signed_in, by, store, product):
    make.delivery(by, store, product=product, lot_number="B1")
    told = {"product": product.pk, "number": "A1", "expires_on": LATER}

    signed_in.post(reverse("naloxone:new_lot"), told)

    answer = signed_in.get(reverse("naloxone:lots"))
    assert [(lot.number, lot.has_page) for lot in answer.context["lots"]] == [("A1", False), ("B1", True)]  # fmt: skip
    assert Lot.objects.count() == 2
