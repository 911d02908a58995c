"""Filters that somebody keeps under a name: what may be kept, whose they are, and how lists show them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import DataError, IntegrityError, connections, transaction

from safety_portal import access
from safety_portal.access import AccessError
from safety_portal.audit import AuditRow
from safety_portal.saved_filters import (
    MOST,
    NameTakenError,
    SavedFilter,
    SavedFilterError,
    remove_filter,
    save_filter,
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
