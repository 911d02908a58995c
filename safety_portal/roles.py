"""Two database roles: the owner migrates, the application has only the rights that its models state."""

from django.apps import apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, transaction
from psycopg import sql

EVERYTHING = "select, insert, update, delete"


class OwnerMigrates:
    """Tables are made and changed through the owner's connection only."""

    def allow_migrate(self, db, app_label, **hints):
        return db == "owner"


def columns_to_insert(model):
    """The columns of a model that states `may_insert`."""
    return [model._meta.get_field(name).column for name in model.may_insert]


def columns_by_table(cursor):
    """{table: its columns} of what exists: half-way back through migrations some of a model's are not there."""
    cursor.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'public'"
    )
    found = {}
    for table, column in cursor.fetchall():
        found.setdefault(table, set()).add(column)
    return found


def grants(tables):
    """(table, rights, columns) for each existing table ({table: its columns}) that the application uses."""
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table not in tables:
            continue  # a partial migration: the next one sends the signal again
        if hasattr(model, "may_insert"):
            yield table, "select", []
            # An empty list is a table that only migrations fill; without columns GRANT would mean all.
            if columns := [one for one in columns_to_insert(model) if one in tables[table]]:
                yield table, "insert", columns
        else:
            yield table, EVERYTHING, []
    yield "django_migrations", "select", []


def grant_rights(sender, using, **kwargs):
    """After migrations: takes every right from the application's role and gives what the models state.

    Identity columns need no right on their sequences. Functions keep PUBLIC's right to execute them,
    but where a migration takes it away.
    """
    if using != "owner":
        return
    owner, app = connections["owner"], connections["default"]
    role = app.settings_dict["USER"]
    if role == owner.settings_dict["USER"]:
        raise ImproperlyConfigured(
            "DATABASE_URL and DATABASE_OWNER_URL name the same role. Give the application a role of "
            "its own: the ledger's rows are safe from it only if it does not own them."
        )
    names = {"role": sql.Identifier(role)}
    names["database"] = sql.Identifier(owner.settings_dict["NAME"])
    # One transaction, so that a running portal never finds itself without rights.
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        # With TEMP the role could shadow a table by a temporary one of the same name.
        for text in (
            "revoke temp on database {database} from public",
            "revoke create on schema public from public",
            "grant usage on schema public to {role}",
            "revoke all on all tables in schema public from {role}",
        ):
            cursor.execute(sql.SQL(text).format(**names))
        for table, rights, columns in grants(columns_by_table(cursor)):
            cursor.execute(grant_statement(table, rights, columns, names["role"]))


def grant_statement(table, rights, columns, role):
    """GRANT of the rights, on some columns or on the whole table."""
    some = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    return sql.SQL("grant {} {} on {} to {}").format(
        sql.SQL(rights), some if columns else sql.SQL(""), sql.Identifier(table), role
    )


def faults_of_role(connection):
    """What the application's role has and must not have, as sentences; empty when all is well."""
    ledgers = [m._meta.db_table for m in apps.get_models() if hasattr(m, "may_insert")]
    with connection.cursor() as cursor:
        cursor.execute(
            "select current_user, rolsuper or rolbypassrls from pg_roles where rolname = current_user"
        )
        role, is_super = cursor.fetchone()
        if is_super:
            return [
                f"{role} is a superuser or passes row security: no right of the ledger holds it."
            ]
        cursor.execute(
            """
            select relname,
                   pg_has_role(relowner, 'member'),
                   has_table_privilege(oid, 'update, delete, truncate, trigger')
                   or has_any_column_privilege(oid, 'update')
            from pg_class
            where relname = any(%s) and relkind = 'r' and relnamespace = 'public'::regnamespace
            order by relname
            """,
            [ledgers],
        )
        rows = cursor.fetchall()
    owned = [f"{role} owns {table}, or may act as its owner." for table, owns, _ in rows if owns]
    changed = [f"{role} may change rows of {t}." for t, owns, may in rows if may and not owns]
    return owned + changed


@checks.register(checks.Tags.database)
def check_role(app_configs, databases, **kwargs):
    """`manage.py check --database default` before a start; /readyz asks the same all the time.

    Not at the start of each web worker: a worker must start, and say 503, while the database is down.
    """
    if "default" not in (databases or []):
        return []
    try:
        faults = faults_of_role(connections["default"])
    except DatabaseError as error:
        return [checks.Error(f"The database does not answer: {error}", id="safety_portal.E001")]
    hint = "Connect with the role of DATABASE_URL that migrations grant to; see docs/ledger.md."
    return [checks.Error(fault, hint=hint, id="safety_portal.E002") for fault in faults]
