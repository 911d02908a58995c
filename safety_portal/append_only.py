"""Tables that are only ever added to: columns that the database fills, and the triggers that refuse a change."""

from django.db import migrations, models


class ByDatabase:
    """A column that a trigger fills: left out of INSERT, read back by RETURNING.

    Migrations see a plain column. Reading it before save() raises AttributeError, and
    full_clean() does not work on such a model: our forms are plain forms, so neither matters.
    """

    generated = True
    db_returning = True
    db_persist = True

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        plain = next(c for c in type(self).__mro__ if c.__module__.startswith("django."))
        return name, f"django.db.models.{plain.__name__}", args, kwargs


class FilledInteger(ByDatabase, models.PositiveIntegerField):
    """A whole number that a trigger fills."""


class FilledSmallInteger(ByDatabase, models.SmallIntegerField):
    """A small whole number that a trigger fills."""


class FilledText(ByDatabase, models.CharField):
    """A short text that a trigger fills."""


class FilledBoolean(ByDatabase, models.BooleanField):
    """A yes or no that a trigger fills."""


class FilledDate(ByDatabase, models.DateField):
    """A day that a trigger fills."""


class FilledMoment(ByDatabase, models.DateTimeField):
    """A moment, UTC, from the database's own clock."""


class FilledBytes(ByDatabase, models.BinaryField):
    """Bytes (a hash) that a trigger fills."""


class FilledKey(ByDatabase, models.ForeignKey):
    """A foreign key that a trigger fills."""


FUNCTION = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'Rows of % are only ever added: % is refused.', tg_table_name, lower(tg_op)
        using errcode = 'SP001';
end $$;
"""


class InstallRefusal(migrations.RunSQL):
    """Creates the function that the triggers of `Protect` call; once, in the core's first step."""

    def __init__(self):
        super().__init__(FUNCTION, "drop function refuse_change();")

    def deconstruct(self):
        return self.__class__.__name__, [], {}


class Protect(migrations.RunSQL):
    """Refuses UPDATE, DELETE and TRUNCATE on a table, whoever asks."""

    def __init__(self, table):
        self.table = table
        super().__init__(
            f"""
            create trigger {table}_rows_stay before update or delete on {table}
                for each row execute function refuse_change();
            create trigger {table}_table_stays before truncate on {table}
                for each statement execute function refuse_change();
            """,
            f"""
            drop trigger {table}_rows_stay on {table};
            drop trigger {table}_table_stays on {table};
            """,
        )

    def deconstruct(self):
        return self.__class__.__name__, [self.table], {}
