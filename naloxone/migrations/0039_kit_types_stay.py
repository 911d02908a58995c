"""What kits are made of stays as it was written; what is noted and used is projected on the kit; the first types."""

import uuid
from importlib import import_module

from django.db import migrations

from safety_portal.append_only import Protect

before = import_module("naloxone.migrations.0009_whole_life").CHECK
PROJECT_BEFORE = before[before.index("create or replace function custody_project()") :]
CONTAINS = (
    "update naloxone_kit set doses = held.doses, lot_id = held.lot_id, expires_on = held.expires_on"
)
if PROJECT_BEFORE.count(CONTAINS) != 1:
    raise ValueError("the projection of contents is not where it was")
# Received, assembled, or cartons whose doses went into kits: that is whole. What is used or wasted later is less.
PROJECT = PROJECT_BEFORE.replace(
    CONTAINS,
    CONTAINS
    + """,
            doses_full = case when new.kind in ('received', 'assembled', 'parted')
                then held.doses else naloxone_kit.doses_full end""",
)
# What was there before: with each dose that was used or wasted, and did not come back by undoing.
FILL = """
update naloxone_kit kit set doses_full = kit.doses + (
    select count(*) from naloxone_custodyline line
    join naloxone_custodyevent event on event.id = line.event_id
    where event.kit_id = kit.id and event.kind in ('used', 'wasted')
      and not exists (
          select from naloxone_custodyevent undone
          where undone.kit_id = kit.id and undone.sequence = event.sequence + 1 and undone.kind = 'corrected'
      )
)
"""
# The newest word on each component; what is there expires, what is short, used or taken out does not.
FITTINGS = """
create function fitting_project() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update naloxone_kit set component_expires_on = (
        select min(newest.expires_on) from (
            select distinct on (component_id) fit, expires_on from naloxone_fitting
            where kit_id = new.kit_id order by component_id, id desc
        ) newest
        where newest.fit in ('fitted', 'renewed')
    )
    where id = new.kit_id;
    return null;
end $$;
create trigger fitting_projected after insert on naloxone_fitting
    for each row execute function fitting_project();
"""
NO_FITTINGS = "drop trigger fitting_projected on naloxone_fitting; drop function fitting_project();"

SOURCE = (
    "Recommended, as no official bill of materials is published: 2 antagonist devices, gloves, CPR or barrier mask, "
    "wipes, instructions, seal and label. BJA's law enforcement kit: bag, 2 doses, 2 atomisers, directions, "
    "sometimes latex gloves; latex fails the nitrile rule."
)
DOG_SOURCE = (
    "Recommended, as no official bill of materials is published: to what a kit for people holds a second carton, "
    "muzzle or leash slip, canine mask, saline eye wash, shampoo and towels, dosing card, veterinary ER contact."
)
# name, pieces, has an expiry, is required, latex
BASE = [
    ("Nitrile gloves", 2, False, True, "no"),
    ("CPR or barrier mask", 1, True, True, "unknown"),
    ("Wipes", 2, False, False, "unknown"),
    ("Instructions", 1, False, True, "no"),
]
DOG = [
    *BASE,
    ("Muzzle or leash slip", 1, False, True, "unknown"),
    ("Canine bag-valve mask", 1, False, True, "unknown"),
    ("Saline eye wash", 1, True, True, "no"),
    ("Shampoo and towels", 1, False, False, "no"),
    ("Dosing card", 1, False, True, "no"),
    ("Veterinary ER contact", 1, False, True, "no"),
]
TYPES = [
    ("Human kit", "kit", 2, BASE, SOURCE),
    ("Canine kit", "canine_kit", 4, DOG, DOG_SOURCE),
    ("Vault kit", "kit", 2, BASE, SOURCE),
    ("Vehicle kit", "kit", 2, BASE, SOURCE),
]


def seed(apps, schema_editor):
    """The four types, each with its first version, written by the portal."""
    alias = schema_editor.connection.alias
    tables = {
        name: apps.get_model("naloxone", name).objects.using(alias)
        for name in ("KitType", "KitTypeVersion", "KitComponent")
    }
    person = apps.get_model("safety_portal", "Person").objects.using(alias)
    portal = person.get(kind="portal")
    for name, kind, doses, parts, source in TYPES:
        made = tables["KitType"].create(name=name, kind=kind)
        version = tables["KitTypeVersion"].create(
            kit_type=made, number=1, doses=doses, source=source, written_by=portal,
            request_key=uuid.uuid4(),
        )  # fmt: skip
        for position, (part, quantity, expires, required, latex) in enumerate(parts, 1):
            tables["KitComponent"].create(
                version=version, position=position, name=part, quantity=quantity, expires=expires,
                required=required, latex=latex,
            )  # fmt: skip
    # What refers to them is looked for now: a table with checks to come can't be altered.
    schema_editor.execute("set constraints all immediate")


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0038_kit_types"),
        ("safety_portal", "0003_the_portal"),
    ]

    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunSQL(PROJECT, PROJECT_BEFORE),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(FITTINGS, NO_FITTINGS),
        Protect("naloxone_kittype"),
        Protect("naloxone_kittypeversion"),
        Protect("naloxone_kitcomponent"),
        Protect("naloxone_fitting"),
    ]
