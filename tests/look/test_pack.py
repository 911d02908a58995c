"""The markup of forms, tables and pages: ids that belong together, nothing doubled."""

import datetime as dt
import re
from collections import Counter
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from crispy_forms.layout import Column, Div, Fieldset, Layout, Row, Submit
from django import forms
from django.template import Context, Template
from django.utils.html import strip_tags

from safety_portal import page_parts, widgets
from safety_portal.components import WRONG, EveryField
from safety_portal.htmx import page_or_part
from safety_portal.page import Page


def crispy(form):
    return Template("{% load crispy_forms_tags %}{% crispy form %}").render(
        Context({"form": form, "csrf_token": "token"})
    )


def ids(html):
    return re.findall(r'\bid="([^"]*)"', html)


@pytest.mark.parametrize("data", [None, WRONG])
def test_every_id_is_there_once_and_every_reference_leads_to_one(data):
    html = crispy(EveryField(data))

    assert [name for name, times in Counter(ids(html)).items() if times > 1] == []
    described = {
        name for group in re.findall(r'aria-describedby="([^"]*)"', html) for name in group.split()
    }
    labelled = set(re.findall(r'<label[^>]*\bfor="([^"]*)"', html))
    linked = {target for target in re.findall(r'href="#([^"]+)"', html)}
    assert described | labelled | linked <= set(ids(html))


def test_hint_and_error_have_the_ids_that_django_describes_the_field_by():
    html = crispy(EveryField(WRONG))

    assert 'aria-describedby="id_note_helptext id_note_error"' in html
    assert 'id="id_note_helptext"' in html
    assert 'id="id_note_error"' in html


def test_a_group_of_tiles_is_described_as_a_whole_and_its_id_not_doubled():
    html = crispy(EveryField(WRONG))

    assert re.search(
        r'<fieldset class="usa-fieldset"\s+aria-describedby="id_condition_error"', html
    )
    assert 'id="id_condition"' not in html
    assert "aria-invalid" not in re.search(r'<input[^>]*id="id_condition_0"[^>]*>', html)[0]


def test_the_summary_names_each_field_and_leads_to_its_first_control():
    html = crispy(EveryField(WRONG))

    summary = html[html.index("data-error-summary") : html.index("</ul>")]
    for target in ("id_name", "id_day", "id_at_0", "id_condition_0", "id_receiver"):
        assert f'href="#{target}"' in summary


def test_a_form_carries_token_key_owner_and_one_button():
    html = crispy(EveryField(cancel_url="/back", submit_label="Offer 3 kits"))

    assert html.count('name="csrfmiddlewaretoken"') == 1
    assert html.count('name="request_key"') == 1
    assert html.count('name="form_owner"') == 1
    assert "Offer 3 kits" in html
    assert 'href="/back"' in html
    assert 'enctype="multipart/form-data"' in html
    assert " style=" not in html


def test_a_layout_keeps_the_hidden_fields():
    class Small(widgets.PortalForm):
        one = widgets.TextField(max_length=5)
        two = widgets.TextField(max_length=5)

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.helper.layout = Layout(
                Fieldset("Both", Row(Column("one"), Column("two"))), Div(Submit("go", "Go"))
            )

    html = crispy(Small())

    assert html.count('name="request_key"') == 1
    assert "Both</legend>" in html
    assert 'class="usa-button"' in html


def test_a_formset_has_its_management_form_and_numbered_lines():
    class Line(forms.Form):
        code = widgets.TextField(max_length=5)

    lines = forms.formset_factory(Line, extra=2, max_num=1, validate_max=True)
    html = crispy(lines())
    wrong = crispy(
        lines(
            {
                "form-TOTAL_FORMS": "2",
                "form-INITIAL_FORMS": "0",
                "form-0-code": "a",
                "form-1-code": "b",
            }
        )
    )

    assert html.count('name="form-TOTAL_FORMS"') == 1
    assert "Line 1" in strip_tags(html)
    assert "data-error-summary" in wrong


def test_the_form_of_a_library_is_dressed_in_our_classes():
    class Theirs(forms.Form):
        login = forms.CharField(
            widget=forms.TextInput(attrs={"placeholder": "Login", "autocomplete": "email"})
        )
        password = forms.CharField(widget=forms.PasswordInput())
        kind = forms.ChoiceField(choices=[("a", "A")])
        when = forms.CharField(widget=forms.SplitDateTimeWidget())

    html = str(widgets.dress(Theirs()))

    assert "placeholder" not in html
    assert html.count('class="usa-input"') == 2
    assert 'autocomplete="email"' in html
    assert "usa-show-password" in html
    assert "<option" in html


# --- tables ---------------------------------------------------------------------------------------


def table(rf, query=""):
    columns = [
        page_parts.Column("Reference", sort="reference"),
        page_parts.Column("Doses", sort="doses", figure=True),
        page_parts.Column("", hidden="Acts"),
    ]
    return page_parts.Table(rf.get(f"/kits{query}"), "Kits", columns, sort="reference")


def test_a_heading_turns_the_order_round_and_keeps_the_filter(rf):
    head = table(rf, "?place=2&place=3&sort=doses&after=abc")

    assert head.sort == "doses"
    assert [column.order for column in head.columns] == ["", "ascending", ""]
    assert head.columns[0].url == "?place=2&place=3&sort=reference"
    assert head.columns[1].url == "?place=2&place=3&sort=-doses"
    assert head.kept == [("place", "2"), ("place", "3")]


def test_an_order_that_is_no_column_falls_back(rf):
    assert table(rf, "?sort=password").sort == "reference"
    assert table(rf, "?sort=-reference").columns[0].order == "descending"


def test_the_phone_can_sort_without_javascript(rf):
    html = Template("{% load portal %}{% table head %}<tr></tr>{% endtable %}").render(
        Context({"head": table(rf, "?place=2&sort=-doses")})
    )

    assert '<option value="-doses" selected>' in html
    assert '<input type="hidden" name="place" value="2">' in html
    assert "<caption" in html
    assert 'aria-sort="descending"' in html


def test_a_pager_without_other_pages_has_no_links():
    show = Template('{% include "components/pager.html" with pager=pager only %}')

    assert "<a" not in show.render(Context({"pager": page_parts.Pager("Kits 1 to 4 of 4")}))
    assert show.render(Context({"pager": page_parts.Pager()})).strip() == ""
    assert "Next" in show.render(Context({"pager": page_parts.Pager(next="?page=2")}))


# --- words ----------------------------------------------------------------------------------------

NOON = dt.datetime(2026, 11, 24, 18, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ d|day }}", "24 Nov 2026"),
        ("{{ d|day_in:d }}", "24 Nov 2026, today"),
        ("{{ d|day_in:before }}", "24 Nov 2026, in 12 days"),
        ("{{ before|day_in:d }}", "12 Nov 2026, 12 days ago"),
        ("{{ d|day_in:eve }}", "24 Nov 2026, tomorrow"),
        ("{{ eve|day_in:d }}", "23 Nov 2026, yesterday"),
        ("{{ none|day }}", "—not known"),
        ("{{ none|day_in:d }}", "—not known"),
        ("{{ none|moment:zone }}", "—not known"),
        ("{{ none|clock:zone }}", "—not known"),
        ("{{ t|moment:zone }}", "24 Nov 2026, 12:05 CST"),
        ("{{ t|moment:'UTC' }}", "24 Nov 2026, 18:05 UTC"),
        ("{{ t|clock:zone }}", "12:05 CST"),
        ("{{ 1|count:'kit' }}", "1 kit"),
        ("{{ 1200|count:'kit' }}", "1,200 kits"),
        ("{{ 2|count:'box|boxes' }}", "2 boxes"),
        ("{{ 'K-214'|reference }}", "K-214"),
        ("{% reference 'K-214' '/kits/214' %}", "K-214"),
        ("{% reference 'K-214' %}", "K-214"),
        ("{{ 0|share:0 }}", "0"),
    ],
)
def test_words_and_dates_read_as_people_say_them(text, said):
    facts = {
        "d": dt.date(2026, 11, 24),
        "before": dt.date(2026, 11, 12),
        "eve": dt.date(2026, 11, 23),
        "t": NOON,
        "zone": ZoneInfo("America/Chicago"),
        "none": None,
    }

    assert strip_tags(Template("{% load portal %}" + text).render(Context(facts))) == said


def test_what_stands_in_a_block_is_escaped_once():
    page = Template("{% load portal %}{% alert 'error' heading=bad %}{{ bad }}{% endalert %}")

    html = page.render(Context({"bad": "<b>&"}))

    assert html.count("&lt;b&gt;&amp;") == 2
    assert 'role="alert"' in html


# --- page and part --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "whole"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
    ],
)
def test_htmx_gets_the_part_and_everybody_else_the_page(rf, headers, whole):
    response = page_or_part(rf.get("/", headers=headers), "404.html", "components/footer.html", {})

    assert (b"<html" in response.content) is whole
    assert "HX-Request" in response["Vary"]


# --- navigation -----------------------------------------------------------------------------------


def test_the_longest_address_that_fits_is_the_present_one(rf):
    page = Page(rf.get("/kits/round/2"))

    assert page._current(["/", "/kits/", "/kits/round/", "/people/"]) == "/kits/round/"
    assert Page(rf.get("/elsewhere"))._current(["/", "/kits/"]) is None


def test_an_anonymous_page_has_no_navigation_bell_or_stations(rf):
    page = Page(rf.get("/"))

    assert (page.person, page.navigation, page.waiting, page.places_to_look) == (None, [], 0, [])
    assert page.zone.key == "UTC"


# --- the banner -----------------------------------------------------------------------------------


def test_only_production_claims_to_be_an_official_website():
    banner = Template('{% include "components/banner.html" with is_demo=demo only %}')

    assert "not an official website of any agency" in banner.render(Context({"demo": True}))
    assert "An official website" not in banner.render(Context({"demo": True}))
    assert "An official website" in banner.render(Context({"demo": False}))


# --- registers ------------------------------------------------------------------------------------


def test_the_bell_asks_what_was_registered(rf, monkeypatch):
    monkeypatch.setattr(page_parts, "counters", [])
    page_parts.register_counter(len_of_name := lambda person: len(person.name))
    page_parts.register_counter(len_of_name)
    request = rf.get("/x")

    request.person = SimpleNamespace(name="AB")
    assert Page(request).waiting == 2
    assert Page(request).here == "/x"


def test_a_line_of_the_navigation_without_an_address_is_left_out(rf, monkeypatch):
    monkeypatch.setattr(page_parts, "navigation", {})
    page_parts.register_navigation(
        page_parts.NavItem("Later", "not_there_yet", None), page_parts.NavItem("Home", "home", None)
    )
    request = rf.get("/")
    request.person = SimpleNamespace(name="AB")

    assert [link.label for link in Page(request).navigation] == ["Home"]
