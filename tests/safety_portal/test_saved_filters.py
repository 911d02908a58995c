"""Filters that somebody keeps under a name: what may be kept, whose they are, and how lists show them."""

from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier

import pytest
from django.db import DataError, IntegrityError, connections, transaction
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from naloxone.models import Kit
from safety_portal import access
from safety_portal.access import AccessError, Grant, Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.page_parts import FilterWord
from safety_portal.saved_filters import (
    MOST,
    NameTakenError,
    SavedFilter,
    SavedFilterError,
    name_of,
    remove_filter,
    save_filter,
    view_in,
)
from tests.naloxone import make

KITS = "naloxone:kits"


@pytest.fixture
def by(db):
    return make.coordinator(make.station())


def save(by, name="Soon", query="expiry=30", page=KITS, **more):
    return save_filter(page=page, name=name, query=query, by=by, **more)


def names(person, page=KITS):
    return [one.name for one in SavedFilter.objects.of(person, page)]


# --- what the database holds ---------------------------------------------------------------------
def test_a_name_stands_once_for_a_person_and_list_whatever_its_case(by):
    other = make.coordinator(by.station)
    row = {"owner": by, "page": KITS, "name": "Soon", "query": "expiry=30"}
    SavedFilter.objects.create(**row)
    SavedFilter.objects.create(**row | {"owner": other})
    SavedFilter.objects.create(**row | {"page": "people"})

    with pytest.raises(IntegrityError, match="saved_filter_named_once"), transaction.atomic():
        SavedFilter.objects.create(**row | {"name": "SOON", "query": "expiry=60"})


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"name": ""}, IntegrityError),
        ({"query": ""}, IntegrityError),
        ({"name": "x" * 41}, DataError),
        ({"query": "x" * 501}, DataError),
    ],
)
def test_no_row_is_without_name_or_filters_or_too_long(by, facts, fault):
    row = {"owner": by, "page": KITS, "name": "Soon", "query": "expiry=30"}

    with pytest.raises(fault), transaction.atomic():
        SavedFilter.objects.create(**row | facts)


# --- saving --------------------------------------------------------------------------------------
def test_filters_are_kept_in_the_order_in_which_they_were_saved(by):
    save(by, "Soon")
    save(by, "Expired", "expiry=expired")
    save(by, "Mine alone", page="people")

    assert names(by) == ["Soon", "Expired"]
    assert names(by, "people") == ["Mine alone"]
    assert names(make.coordinator(by.station)) == []


def test_the_same_sent_twice_is_saved_once(by):
    assert save(by) == save(by)
    assert names(by) == ["Soon"]


def test_a_name_that_is_taken_is_asked_about_and_then_replaced(by):
    first = save(by, "Soon", "expiry=30")

    with pytest.raises(NameTakenError, match="You have a view “Soon” already") as refused:
        save(by, "soon", "expiry=60")
    with pytest.raises(NameTakenError):
        save(by, "soon", "expiry=60", replaces=first.pk + 1)
    save(by, "soon", "expiry=60", replaces=refused.value.taken.pk)

    row = SavedFilter.objects.get()
    assert (row.pk, row.name, row.query) == (first.pk, "soon", "expiry=60")


def test_twenty_are_kept_for_a_list_and_one_of_them_may_be_replaced(by):
    for number in range(MOST):
        save(by, f"View {number}", f"lot={number}")

    with pytest.raises(SavedFilterError, match="You have 20 views of this list"):
        save(by, "One more")
    save(by, "View 3", "lot=new", replaces=SavedFilter.objects.called("view 3").get().pk)
    save(by, "On another list", page="people")

    assert len(names(by)) == MOST


@pytest.mark.parametrize(
    ("query", "why"), [("", "nothing to save"), ("q=" + "x" * 500, "too long to be saved")]
)
def test_nothing_and_too_much_are_not_saved(by, query, why):
    with pytest.raises(SavedFilterError, match=why):
        save(by, query=query)


def test_who_has_left_saves_and_removes_nothing(by):
    saved = save(by)
    by.left_on = by.station.today()
    by.save()
    access.forget(by)

    with pytest.raises(AccessError):
        save(by, "Later")
    with pytest.raises(AccessError):
        remove_filter(saved=saved, by=by)


def test_only_the_owner_removes_and_neither_leaves_an_audit_row(by):
    before = AuditRow.objects.count()
    saved = save(by)

    with pytest.raises(AccessError):
        remove_filter(saved=saved, by=make.coordinator(by.station))
    remove_filter(saved=saved, by=by)

    assert names(by) == []
    assert AuditRow.objects.count() == before


def at_once(by, wanted):
    """What each of several saves at the same moment came to: its key, or the error's kind."""
    barrier = Barrier(len(wanted))

    def one(name):
        try:
            barrier.wait()
            return save(by, name).pk
        except SavedFilterError as error:
            return type(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(wanted)) as pool:
        return list(pool.map(one, wanted))


def test_clicks_at_once_save_one_view_and_never_more_than_twenty(committed):
    by = make.coordinator(make.station())
    for number in range(MOST - 2):
        save(by, f"View {number}", f"lot={number}")

    assert len(set(at_once(by, ["Soon"] * 4))) == 1
    assert sorted(map(type, at_once(by, ["A", "B", "C"])), key=str) == [int, type, type]
    assert len(names(by)) == MOST


# --- what of an address is a view ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "view"),
    [
        ("expiry=30&q=K-1", "q=K-1&expiry=30"),
        ("q=K-1&expiry=30&after=5~1&before=2&last=1&page=3", "q=K-1&expiry=30"),
        ("q=&expiry=30&sort=expiry", "expiry=30"),
        ("expiry=30&sort=-place", "expiry=30&sort=-place"),
        ("q=++seal+7%09&unknown=1&next=//elsewhere", "q=seal+7"),
        ("q=a%00b&expiry=30", "expiry=30"),
        ("q=a%E2%80%AEb", ""),
        ("q=caf%C3%A9%26x%3D1", "q=caf%C3%A9%26x%3D1"),
        ("q=a&q=b", "q=a&q=b"),
        ("", ""),
    ],
)
def test_a_view_is_its_known_filters_always_written_alike(address, view):
    left_out = {"q": "", "expiry": "", "sort": "expiry"}

    assert view_in(QueryDict(address), left_out) == view
    assert view_in(QueryDict(view), left_out) == view


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (["At Laredo", "Expired"], "At Laredo · Expired"),
        (["At Laredo", "In quarantine", "Cabinet of the night shift"], "At Laredo · In quarantine"),
        (["“" + "x" * 60 + "”"], ""),
        ([], ""),
    ],
)
def test_a_view_has_a_name_before_anybody_thinks_of_one(said, name):
    assert name_of([FilterWord(text, "?") for text in said]) == name


# --- on lists ------------------------------------------------------------------------------------
def everything(at):
    return make.person(at, Role.ADMINISTRATOR, Role.AUDITOR, Role.COORDINATOR, scope=Scope.EVERYWHERE)  # fmt: skip


def text_of(answer):
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.fixture
def desk(client, by):
    client.force_login(by.account)
    return client


@pytest.mark.parametrize(
    ("address", "page", "query"),
    [
        ("/kits/?state=recalled&sort=expiry", KITS, "state=recalled"),
        ("/people/?shown=left&q=Robin&station=", "people", "q=Robin&shown=left"),
        ("/audit/?act=custody&about=&by=", "audit", "act=custody"),
        ("/roles/?role=auditor", "roles", "role=auditor"),
    ],
)
def test_each_list_with_filters_saves_shows_and_forgets_a_view(client, db, address, page, query):
    person = everything(make.station())
    client.force_login(person.account)
    list_only = address.partition("?")[0]
    assert "Save this view" not in text_of(client.get(list_only))
    assert "Save this view" in text_of(client.get(address))

    answer = client.post(address, {"name": "Mine"})

    assert answer.url == address
    saved = SavedFilter.objects.get()
    assert (saved.owner, saved.page, saved.query) == (person, page, query)
    shown = text_of(client.get(address))
    assert "Saved as “Mine”" in shown
    assert "Save this view" not in shown
    assert shown.count('aria-current="page">Mine</a>') == 1
    assert f'href="?{query}"' in text_of(client.get(list_only))
    assert client.post(address, {"remove": saved.pk}).url == address
    assert not SavedFilter.objects.exists()


def test_saved_on_a_later_page_one_stays_there_and_the_view_begins_at_the_first(desk, by):
    where = "/kits/?state=in_service&after=2030-01-01~5&last=1"

    assert desk.post(where, {"name": "In service"}).url == where
    assert SavedFilter.objects.get().query == "state=in_service"


def test_an_error_stands_at_the_name_and_nothing_is_lost(desk, by):
    save(by, "Soon", "expiry=30")

    for name, why in (
        ("soon", "You have a view “Soon” already"),
        ("", "Fill this in."),
        ("x" * 45, "this is 5 over"),
        ("a\x07b", "invisible control character"),
    ):
        answer = desk.post("/kits/?expiry=60", {"name": name})
        shown = text_of(answer)
        assert why in shown
        assert f'value="{name}"' in shown or not name
        assert "data-menu open" in " ".join(shown.split())
        assert "<title>Error: Kits" in shown
        assert [word.text for word in answer.context["words"]] == ["Expiring within 60 days"]
    assert SavedFilter.objects.get().query == "expiry=30"


def test_the_button_beside_the_error_replaces_the_view(desk, by):
    first = save(by, "Soon", "expiry=30")
    asked = text_of(desk.post("/kits/?expiry=60", {"name": "soon"}))
    assert f'name="replaces" value="{first.pk}">Replace “Soon”' in " ".join(asked.split())

    desk.post("/kits/?expiry=60", {"name": "soon", "replaces": first.pk})

    row = SavedFilter.objects.get()
    assert (row.pk, row.name, row.query) == (first.pk, "soon", "expiry=60")


def test_a_removed_views_name_waits_in_the_form_in_case_it_was_a_mistake(desk, by):
    saved = save(by, "My morning", "expiry=30")

    shown = text_of(desk.post("/kits/?expiry=30", {"remove": saved.pk}, follow=True))

    assert "“My morning” is removed. To have it back, save this view again." in shown
    assert 'value="My morning"' in shown
    # Once only, and not for other filters.
    assert 'value="Expiring within 30 days"' in text_of(desk.get("/kits/?expiry=30"))
    again = save(by, "My morning", "expiry=30")
    desk.post("/kits/?expiry=30", {"remove": again.pk})
    assert 'value="My morning"' not in text_of(desk.get("/kits/?expiry=90"))


def test_nobody_sees_or_removes_anothers_views(desk, by):
    theirs = save(make.coordinator(by.station), "Theirs alone")
    elsewhere = save(by, "Of the people", "q=x", page="people")

    assert "Theirs alone" not in text_of(desk.get("/kits/?expiry=30"))
    for key in (theirs.pk, elsewhere.pk, 0, "x", "", "9" * 30, "-1"):
        assert desk.post("/kits/", {"remove": key}).status_code == 404
    assert SavedFilter.objects.count() == 2


def test_who_may_not_see_a_list_saves_no_view_of_it(client, by):
    officer = make.person(by.station)
    client.force_login(officer.account)

    assert client.post("/kits/?expiry=30", {"name": "Soon"}).status_code == 404
    assert not SavedFilter.objects.exists()


def test_without_filters_nothing_is_saved(desk):
    shown = text_of(desk.post("/kits/?after=5", {"name": "All"}))

    assert "No filter is on, so there is nothing to save." in shown
    assert not SavedFilter.objects.exists()


def test_a_list_leaves_out_of_a_view_what_it_does_not_know(desk, by):
    for name, query in (
        ("Old", "expiry=30&colour=red&after=5"),
        ("Bent", "q=a%00b&state=recalled"),
        ("Gone", "colour=red"),
        ("<b>Bold</b>", "lot=%22%3E%3Cb%3E"),
    ):
        SavedFilter.objects.create(owner=by, page=KITS, name=name, query=query)

    found = {link.name: link.url for link in desk.get("/kits/").wsgi_request.saved.links}
    shown = desk.get("/kits/").content.decode()

    assert found == {
        "Old": "?expiry=30", "Bent": "?state=recalled", "Gone": "?",
        "<b>Bold</b>": "?lot=%22%3E%3Cb%3E",
    }  # fmt: skip
    assert "<b>" not in shown
    # It can be got rid of: the plain list is where it leads.
    assert "Saved as “Gone”" in shown


def test_a_view_of_a_station_no_longer_ones_own_shows_nothing_of_it(client, by):
    [own] = make.delivery(by, make.place(by))
    other = make.coordinator(make.station("Denver"), name="Dana")
    make.delivery(other, make.place(other, "Vault D"))
    make.grant(by, Role.AUDITOR, scope=Scope.EVERYWHERE)
    make.grant(by, Role.ADMINISTRATOR, scope=Scope.EVERYWHERE)
    client.force_login(by.account)
    kits, people = f"/kits/?station={other.station.pk}", f"/people/?station={other.station.code}"
    client.post(kits, {"name": "Denver"})
    client.post(people, {"name": "Denver"})
    assert "Vault D" in text_of(client.get(kits))
    assert "Dana" in text_of(client.get(people))

    Grant.objects.filter(person=by, scope=Scope.EVERYWHERE).update(ends_at=timezone.now())

    listed = client.get(kits)
    assert list(listed.context["kits"]) == list(Kit.objects.filter(pk=own.pk))
    assert "A filter in this address is not known here" in text_of(listed)
    assert "The station in this address is not one of yours" in text_of(client.get(people))
    for where in (kits, people):
        shown = text_of(client.get(where))
        assert "Saved as “Denver”" in shown
        assert "Vault D" not in shown
        assert "Dana" not in shown


@pytest.mark.parametrize("number", [1, MOST])
def test_views_cost_a_list_one_query_however_many_they_are(
    desk, by, number, django_assert_max_num_queries
):
    make.delivery(by, make.place(by), cartons=25)
    for n in range(number):
        save(by, f"View {n}, with a name of forty letters, nea"[:40], f"expiry=30&lot=LOT{n}")

    desk.get("/")  # a new session is written down once; that is no part of the list

    with django_assert_max_num_queries(9):
        answer = desk.get("/kits/?state=in_service")

    assert len(answer.context["kits"]) == 25
    assert len(answer.content) < 60_000


def test_twenty_views_say_before_one_types_that_there_can_be_no_more(desk, by):
    for n in range(MOST):
        save(by, f"View {n}", f"lot={n}")

    assert "there can be no more" in text_of(desk.get("/kits/?expiry=30"))


def test_a_view_named_after_the_sessions_end_is_kept_and_saved_after_signing_in(desk, by):
    form = desk.get("/kits/?expiry=30").wsgi_request.saved.form
    facts = {"name": "Soon", "form_owner": form["form_owner"].value()}

    late = Client().post("/kits/?expiry=30", facts)
    kept = late.url.partition("next=")[2].replace("%2F", "/")
    assert "Soon" in text_of(desk.get(kept))
    assert desk.post("/kits/?expiry=30", facts).url == "/kits/?expiry=30"

    assert names(by) == ["Soon"]
