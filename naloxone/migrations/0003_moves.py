"""Fills the table of moves from rules.py, and seeds the one supplier every delivery comes from."""

from django.db import migrations

from naloxone.rules import MOVES, STAYING


def seed(apps, schema_editor):
    alias = schema_editor.connection.alias
    moves = apps.get_model("naloxone", "CustodyMove")
    moves.objects.using(alias).bulk_create(
        moves(
            kind=kind,
            old_state=old,
            new_state=new,
            source_kind=source,
            destination_kind=destination,
            stays=kind in STAYING,
        )
        for kind, old, new, source, destination in sorted(MOVES)
    )
    apps.get_model("naloxone", "Holder").objects.using(alias).create(
        kind="supplier", name="Supplier"
    )


def unseed(apps, schema_editor):
    alias = schema_editor.connection.alias
    apps.get_model("naloxone", "CustodyMove").objects.using(alias).all().delete()
    apps.get_model("naloxone", "Holder").objects.using(alias).filter(kind="supplier").delete()


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0002_ledger")]

    operations = [migrations.RunPython(seed, unseed)]
