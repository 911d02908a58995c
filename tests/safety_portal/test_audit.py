"""Who did what: one line for each act, in the act's transaction, never changed."""

import pytest
from django.db import DatabaseError, ProgrammingError, connection, connections, transaction

from safety_portal import audit
from safety_portal.audit import AuditRow
from tests.naloxone import make


@pytest.fixture
def person(db):
    return make.person()


def test_a_row_says_who_did_what_to_which_with_facts_as_text(person):
    kept = audit.record(
        "kit.moved", by=person, target=person, station=person.station, on_behalf_of="Ana", seals=2, why="full"
    )  # fmt: skip

    row = AuditRow.objects.get(pk=kept.pk)
    assert (row.act, row.by, row.target) == ("kit.moved", person, person.reference)
    assert (row.station_code, row.on_behalf_of) == (person.station.code, "Ana")
    assert row.facts == "seals: 2\nwhy: full"
    assert str(row) == f"kit.moved {person.reference}"
    assert row.recorded_at == kept.recorded_at


def test_a_target_may_be_a_text_and_facts_may_be_none(person):
    row = audit.record("ledger.verified", by=person, target="the whole ledger")

    assert (row.target, row.facts, row.station_code) == ("the whole ledger", "", "")


def test_a_row_says_where_the_request_came_from(person, client):
    assert audit.record("a.thing", by=person, target="x").origin == ""

    token = audit.request_origin.set("192.0.2.7")
    try:
        assert audit.record("a.thing", by=person, target="x").origin == "192.0.2.7"
    finally:
        audit.request_origin.reset(token)


def test_rows_are_found_by_what_they_are_about_newest_first(person):
    first, other, second = (
        audit.record("a.thing", by=person, target=target) for target in ("K-1", "K-2", "K-1")
    )

    assert list(AuditRow.objects.about("K-1").with_names().newest_first()) == [second, first]
    assert list(AuditRow.objects.about("K-2")) == [other]


def test_a_row_goes_with_its_act(person):
    class Undone(Exception):
        pass

    @transaction.atomic
    def act():
        audit.record("a.thing", by=person, target="x")
        raise Undone

    with pytest.raises(Undone):
        act()

    assert not AuditRow.objects.filter(act="a.thing").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.delete(),
        lambda row: row.save(),
        lambda row: AuditRow.objects.filter(pk=row.pk).update(act="x"),
        lambda row: AuditRow.objects.filter(pk=row.pk).delete(),
        lambda row: AuditRow.objects.create(pk=row.pk + 1, act="x", by=row.by, target="own key"),
    ],
)
def test_the_application_changes_no_row(person, change):
    row = audit.record("a.thing", by=person, target="x")

    with pytest.raises(DatabaseError), transaction.atomic():
        change(row)

    assert AuditRow.objects.get(pk=row.pk).act == "a.thing"


def test_the_application_sets_no_time(person):
    statement = """
        insert into safety_portal_auditrow
        (act, by_id, on_behalf_of, target, station_code, facts, origin, recorded_at)
        values ('x', %s, '', '', '', '', '', '2020-01-01')
    """

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [person.pk])


@pytest.mark.parametrize(
    "statement",
    [
        "update safety_portal_auditrow set act = 'x'",
        "delete from safety_portal_auditrow",
        "truncate safety_portal_auditrow cascade",
    ],
)
def test_not_even_the_owner_changes_a_row_by_a_plain_statement(committed, statement):
    audit.record("a.thing", by=make.person(), target="x")

    with (
        pytest.raises(DatabaseError, match="only ever added"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute(statement)
