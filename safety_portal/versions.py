"""Rows that two may change at once: who comes second reads what the first one wrote, and nothing is lost unseen."""

from django.db import connection
from django.db.models import F


class StaleError(Exception):
    """Somebody changed the row between its page and the answer; says what they wrote."""

    field = None


def change_row(row, version, facts, words):
    """Write new facts if nobody wrote meanwhile; returns {name: “old → new”}. Raises StaleError.

    `words` names the fields for people: {"station": "home station"}. The same form sent twice changes
    nothing the second time, and is told so by an empty answer.
    """
    new = {name: value for name, value in facts.items() if getattr(row, name) != value}
    if not new:
        return {}
    same = type(row).objects.filter(pk=row.pk, version=version)
    if not same.update(**new, version=F("version") + 1):
        row.refresh_from_db()
        now = "; ".join(f"{words.get(n, n)}: {shown(getattr(row, n))}" for n in facts)
        raise StaleError(
            f"Somebody changed this meanwhile. They wrote: {now}. What you typed is still below; "
            "send it again to put it in place of theirs."
        )
    told = {
        words.get(name, name): f"{shown(getattr(row, name))} → {shown(value)}"
        for name, value in new.items()
    }
    row.refresh_from_db()
    return told


def shown(value):
    return "nothing" if value in (None, "") else str(value)


def one_at_a_time(name):
    """Wait until nobody else does what goes by this name; until the end of the transaction.

    For tables that are only ever added to: whoever may not change a row can't lock it either.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
