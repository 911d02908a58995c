"""Trainers: units that never hold a dose, and products with a trainer in the box."""

from importlib import import_module

from django.db import migrations, models

before = import_module("naloxone.migrations.0009_whole_life").CHECK
START = import_module("naloxone.migrations.0002_ledger").TRIGGERS


def replaced(text, old, new):
    """The text with one part replaced, which must be there."""
    if text.count(old) != 1:
        raise ValueError(f"not once in the trigger: {old}")
    return text.replace(old, new)


# The functions by themselves: what stood beside them is made already.
CHECK_BEFORE = before[before.index("create or replace function custody_check()") :]
NAMES_DOSES = "(new.kind in ('received', 'parted', 'used', 'wasted'))"
INTO = "where id = line.unit_id and id <> unit.id and last_sequence = 0"
# A trainer is received without naming doses; nothing is put into it, so nothing can be taken out.
CHECK = replaced(
    replaced(
        CHECK_BEFORE,
        NAMES_DOSES,
        f"({NAMES_DOSES} and not (new.kind = 'received' and unit.kind = 'trainer'))",
    ),
    INTO,
    f"{INTO} and kind <> 'trainer'",
)

STARTS = "where id = new.origin_id and last_sequence = 0"
_begin = START.index("create function device_start()")
START_BEFORE = START[_begin : START.index("create trigger device_starts")].replace(
    "create function", "create or replace function"
)
START_AFTER = replaced(START_BEFORE, STARTS, f"{STARTS} and kind <> 'trainer'")


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0032_orders_stay"),
    ]

    operations = [
        migrations.AlterField(
            model_name="kit",
            name="kind",
            field=models.CharField(
                choices=[
                    ("carton", "Carton"),
                    ("kit", "Kit"),
                    ("canine_kit", "Canine kit"),
                    ("trainer", "Trainer"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="trainers_per_carton",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.RunSQL(CHECK, CHECK_BEFORE),
        migrations.RunSQL(START_AFTER, START_BEFORE),
    ]
