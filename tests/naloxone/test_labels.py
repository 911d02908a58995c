"""Labels on paper: every code that is printed is read again, on every stock; what stands beside it; who may print."""

import datetime as dt
import io

import pytest
import typst
import zxingcpp
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from naloxone import labels
from naloxone.label_rules import STOCKS, pages
from naloxone.models import Kit
from safety_portal import documents
from tests import paper
from tests.naloxone import make
from tests.naloxone.test_views_stock import errors

DOTS = 200  # an inch
NOW = dt.datetime(2026, 11, 24, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def seen(monkeypatch):
    """Pictures of the pages that are printed, as a printer makes them."""
    drawn_pages, render = [], documents.render

    def also_drawn(template, facts, **more):
        fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(documents.FONTS)])
        drawn = typst.compile(
            str(documents.TEMPLATES / f"{template}.typ"), root=str(documents.TEMPLATES), format="png", ppi=DOTS,
            font_paths=fonts, ignore_system_fonts=True,
            sys_inputs={"data": documents.told(facts, **more).decode()},
        )  # fmt: skip
        drawn_pages.extend(drawn if isinstance(drawn, list) else [drawn])
        return render(template, facts, **more)

    monkeypatch.setattr(documents, "render", also_drawn)
    return drawn_pages


def read(page):
    """{text: (left, top)} of every code on a page, in millimetres."""
    picture = Image.open(io.BytesIO(page)).convert("L")
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.DataMatrix)
    dot = 25.4 / DOTS
    return {c.text: (c.position.top_left.x * dot, c.position.top_left.y * dot) for c in found}


@given(st.integers(1, 10**9))
def test_every_number_is_read_from_its_own_code(number):
    rows = labels.symbol(f"K-{number}")
    side, scale, white = len(rows), 6, 4
    picture = Image.new("L", ((side + 2 * white) * scale,) * 2, 255)
    for y, row in enumerate(rows):
        for x, columns in row:
            left, top = (x + white) * scale, (y + white) * scale
            picture.paste(0, (left, top, left + columns * scale, top + scale))

    [found] = zxingcpp.read_barcodes(picture)
    assert found.text == f"K-{number}"


@pytest.mark.django_db
@pytest.mark.parametrize("stock", STOCKS.values(), ids=STOCKS)
def test_every_code_of_a_stock_is_read_where_its_label_is(by, store, seen, stock):
    kits = make.delivery(by, store, cartons=stock.a_page + 2)
    first = 1 if stock.a_page == 1 else 2

    labels.sheets(kits, stock, first=first, by=by, at=NOW)

    expected = pages(stock, len(kits), first=first)
    assert len(seen) == len(expected)
    numbers = iter(kits)
    for page, edges in zip(seen, expected, strict=True):
        found = read(page)
        assert len(found) == len(edges)
        for left, top in edges:
            x, y = found[next(numbers).reference]
            assert left < x < left + stock.label[0] / 3
            assert top < y < top + stock.label[1] / 2


@pytest.mark.django_db
def test_a_label_says_number_product_expiry_and_station(by, store):
    product = make.product(name="Fictitious spray 4 mg, 2-pack")
    kits = make.delivery(by, store, product=product, cartons=2, expires_on=dt.date(2031, 12, 31))

    pdf = labels.sheets(kits, STOCKS["5160"], first=1, by=by, at=NOW)

    opened, root = paper.read(pdf)
    said = root.text
    assert all(kit.reference in said for kit in kits)
    assert "Fictitious spray 4 mg" in said
    assert "2-pack" not in said
    assert "Expires 31 Dec 2031" in said
    assert by.station.name in said
    assert opened.docinfo["/Title"] == "Labels of 2 kits"
    assert len(opened.pages) == 1


@pytest.mark.django_db
def test_an_emptied_unit_has_a_label_too(by, store, kits):
    from naloxone import actions

    actions.assemble_kits(
        cartons=kits[:1], kind="kit", doses_per_kit=2, place=store, occurred_at=timezone.now(),
        request_key=make.key(), by=by,
    )  # fmt: skip
    spent = Kit.objects.with_names().get(pk=kits[0].pk)

    assert labels.facts_of(spent)["product"] == "Empty"
    assert labels.facts_of(spent)["expires"] == ""


# --- the page ---------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_labels_of_a_whole_delivery_need_nothing_typed(signed_in, by, store, kits):
    act = kits[0].events.get().act_id
    made = signed_in.get(f"/kits/made/{act}/").content.decode()
    assert f"/kits/labels/?made={act}" in made

    form = signed_in.get("/kits/labels/", {"made": act}).context["form"]
    typed = {name: form[name].value() for name in ("stock", "first")}
    answer = signed_in.post("/kits/labels/", {"kits": "\n".join(form["kits"].value()), **typed})

    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="Labels 2 kits.pdf"'
    assert answer.content.startswith(b"%PDF")


@pytest.mark.django_db
def test_the_stock_is_remembered_for_the_next_labels(signed_in, kits):
    kit = kits[0].reference
    assert f"/kits/labels/?kits={kit}" in signed_in.get(f"/kits/{kit}/").content.decode()

    answer = signed_in.post("/kits/labels/", {"kits": kit, "stock": "62x29", "first": "1"})

    assert answer["Content-Disposition"] == f'inline; filename="Labels {kit}.pdf"'
    assert signed_in.get("/kits/labels/").context["form"]["stock"].value() == "62x29"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"first": "31"}, "first", "has 30 labels"),
        ({"first": "0"}, "first", "At least 1"),
        ({"stock": "9999"}, "stock", "not among the choices"),
        ({"kits": "K-999999999"}, "kits", "Unknown, or not at your stations"),
    ],
)
def test_what_can_not_be_printed_is_said_at_its_field(signed_in, kits, typed, field, words):
    answer = signed_in.post(
        "/kits/labels/", {"kits": kits[0].reference, "stock": "5160", "first": "1"} | typed
    )

    assert words in errors(answer)[field][0]


@pytest.mark.django_db
def test_nobody_prints_labels_of_what_they_do_not_see(client, kits):
    client.force_login(make.person(make.station()).account)

    answer = client.post(
        "/kits/labels/", {"kits": kits[0].reference, "stock": "5160", "first": "1"}
    )

    assert "Unknown" in errors(answer)["kits"][0]
