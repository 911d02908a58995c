"""The application's role has the rights its models state, and no other."""

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, connections, transaction

from safety_portal import roles
from safety_portal.audit import AuditRow


def rights_on_tables():
    """Table → the whole-table rights of our role."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, array_agg(lower(privilege_type)::text) "
            "from information_schema.table_privileges where grantee = current_user group by 1"
        )
        return {table: set(found) for table, found in cursor.fetchall()}


def columns_insertable(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name::text from information_schema.column_privileges "
            "where grantee = current_user and table_name = %s and privilege_type = 'INSERT'",
            [table],
        )
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db
def test_each_table_has_the_rights_its_model_states():
    expected = {"django_migrations": {"select"}}
    for model in apps.get_models(include_auto_created=True):
        is_ledger = hasattr(model, "may_insert")
        expected[model._meta.db_table] = (
            {"select"} if is_ledger else {"select", "insert", "update", "delete"}
        )

    assert rights_on_tables() == expected


@pytest.mark.django_db
def test_into_a_ledger_only_the_stated_columns_may_be_inserted():
    ledgers = [model for model in apps.get_models() if hasattr(model, "may_insert")]

    assert AuditRow in ledgers
    for model in ledgers:
        assert columns_insertable(model._meta.db_table) == set(roles.columns_to_insert(model))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "update safety_portal_auditrow set act = 'x'",
        "delete from safety_portal_auditrow",
        "truncate safety_portal_auditrow",
        "insert into safety_portal_auditrow (id) values (1)",
        "alter table safety_portal_auditrow disable trigger all",
        "create table mine (id int)",
        "create temporary table safety_portal_auditrow (id int)",
        "set role {owner}",
        "set session_replication_role = replica",
        "delete from django_migrations",
    ],
)
def test_the_application_is_refused(statement):
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(owner=connections["owner"].settings_dict["USER"]))


@pytest.mark.django_db
def test_the_applications_role_has_no_fault_and_the_owners_has():
    assert roles.check_role(None, ["default"]) == []
    assert roles.check_role(None, None) == []


def test_a_role_that_owns_the_ledger_is_told_off(committed):
    owned = roles.faults_of_role(connections["owner"])

    assert any("owns safety_portal_auditrow" in fault for fault in owned)


def test_a_role_that_may_change_the_ledger_is_told_off(committed):
    app = connection.settings_dict["USER"]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"grant update on safety_portal_auditrow to {app}")

    (fault,) = roles.check_role(None, ["default"])
    assert fault.msg == f"{app} may change rows of safety_portal_auditrow."


@pytest.mark.django_db
def test_one_role_for_both_is_refused(monkeypatch):
    monkeypatch.setitem(
        connections["owner"].settings_dict, "USER", connection.settings_dict["USER"]
    )

    with pytest.raises(ImproperlyConfigured, match="the same role"):
        roles.grant_rights(sender=None, using="owner")


@pytest.mark.django_db
def test_migrations_want_the_owner(settings, monkeypatch):
    monkeypatch.delitem(settings.DATABASES, "owner")

    with pytest.raises(CommandError, match="Set DATABASE_OWNER_URL"):
        call_command("migrate", verbosity=0)
