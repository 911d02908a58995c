"""The whole life of a unit: opened, held, used, missing, found, disposed of; mistakes undone by their mirror."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from naloxone.rules import MOVES, stays

CHECK = """
-- The unit that a dose comes into: another one when doses are parted, none when it is given or wasted.
create function custody_taker(kind text, units jsonb, place bigint, own bigint) returns bigint
language sql immutable parallel safe as $$
    select case when kind in ('used', 'wasted') then null
                else coalesce((units ->> (place - 1)::int)::bigint, own) end
$$;

create or replace function custody_check() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    unit naloxone_kit%rowtype;
    act naloxone_act%rowtype;
    giver naloxone_holder%rowtype;
    taker naloxone_holder%rowtype;
    rule naloxone_custodymove%rowtype;
    undone naloxone_custodyevent%rowtype;
    lines bytea := null;
    line record;
begin
    select * into unit from naloxone_kit where id = new.kit_id for update;
    if not found then perform custody_refuse('unknown', new.kit_id, '{}'); end if;
    if new.sequence is distinct from unit.last_sequence + 1 then
        perform custody_refuse('stale', unit.id, jsonb_build_object('sequence', unit.last_sequence));
    end if;
    select * into act from naloxone_act where id = new.act_id;
    select * into giver from naloxone_holder where id = new.source_id;
    select * into taker from naloxone_holder where id = new.destination_id;
    if unit.holder_id is null then
        -- The first event: from the supplier, or made where it stands.
        if giver.kind <> 'supplier' and new.source_id <> new.destination_id then
            perform custody_refuse('holder', unit.id, '{}');
        end if;
    elsif new.source_id is distinct from unit.holder_id then
        perform custody_refuse('holder', unit.id, jsonb_build_object('holder', unit.holder_id));
    end if;
    select * into rule from naloxone_custodymove
        where kind = new.kind and old_state = unit.state and new_state = new.state
          and source_kind = giver.kind and destination_kind = taker.kind;
    if not found or rule.stays <> (new.source_id = new.destination_id) then
        perform custody_refuse('move', unit.id, jsonb_build_object('state', unit.state));
    end if;
    if new.kind = 'corrected' then
        -- The mirror of the newest event, and of nothing else: back to where and to what it was.
        select * into undone from naloxone_custodyevent
            where kit_id = unit.id and sequence = unit.last_sequence;
        if undone.kind in ('received', 'assembled', 'parted', 'recalled', 'corrected', 'noted')
           or new.destination_id <> undone.source_id
           or new.devices is distinct from undone.devices
           or new.state is distinct from (
               select state from naloxone_custodyevent
               where kit_id = unit.id and sequence = unit.last_sequence - 1
           ) then
            perform custody_refuse('mirror', unit.id, jsonb_build_object('state', unit.state));
        end if;
    end if;
    if act.occurred_at > clock_timestamp() + interval '2 minutes' then
        perform custody_refuse('future', unit.id, '{}');
    end if;

    -- Doses: a received unit names those made for it; a parted, used or wasted one those that leave it;
    -- a correction those that come back.
    if new.kind <> 'corrected'
       and (new.kind in ('received', 'parted', 'used', 'wasted')) is distinct from (new.devices is not null) then
        perform custody_refuse('lines', unit.id, '{}');
    end if;
    if new.devices is not null then
        if new.kind = 'received' and (
            new.units is not null
            or (select count(*) from naloxone_device where origin_id = unit.id)
               is distinct from jsonb_array_length(new.devices)
        ) then
            perform custody_refuse('lines', unit.id, '{}');
        end if;
        if new.kind = 'parted'
           and jsonb_array_length(new.units) is distinct from jsonb_array_length(new.devices) then
            perform custody_refuse('lines', unit.id, '{}');
        end if;
        if new.kind <> 'parted' and new.units is not null then
            perform custody_refuse('lines', unit.id, '{}');
        end if;
        if jsonb_array_length(new.devices) = 0
           or (select count(distinct value) from jsonb_array_elements(new.devices))
              <> jsonb_array_length(new.devices) then
            perform custody_refuse('lines', unit.id, '{}');
        end if;
        lines := ''::bytea;
        for line in
            select named.position, device.id, device.kit_id, device.serial, lot.number, lot.expires_on,
                   lot.product_id, custody_taker(new.kind, new.units, named.position, unit.id) as unit_id
            from jsonb_array_elements_text(new.devices) with ordinality as named(text, position)
            left join naloxone_device device on device.id = named.text::bigint
            left join naloxone_lot lot on lot.id = device.lot_id
            order by named.position
        loop
            -- What a correction brings back is in no unit.
            if line.id is null
               or line.kit_id is distinct from (case when new.kind <> 'corrected' then unit.id end) then
                perform custody_refuse('lines', unit.id, '{}');
            end if;
            if new.kind = 'parted' and not exists (
                select 1 from naloxone_kit where id = line.unit_id and id <> unit.id and last_sequence = 0
            ) then
                perform custody_refuse('lines', unit.id, '{}');
            end if;
            lines := lines || ledger_field(line.id) || ledger_field(line.unit_id)
                || ledger_field(line.product_id) || ledger_field(line.number::text)
                || ledger_field(to_char(line.expires_on, 'YYYY-MM-DD')) || ledger_field(line.serial::text);
        end loop;
    end if;
    if new.kind in ('parted', 'used', 'wasted') then
        if (new.state = 'spent') is distinct from (
            (select count(*) from naloxone_device where kit_id = unit.id) = jsonb_array_length(new.devices)
        ) then
            perform custody_refuse('lines', unit.id, '{}');
        end if;
    end if;
    if new.kind = 'assembled' and not exists (select 1 from naloxone_device where kit_id = unit.id) then
        perform custody_refuse('empty', unit.id, '{}');
    end if;

    new.station_id := coalesce(taker.station_id, unit.station_id);
    new.recorded_at := clock_timestamp();
    new.lines_hash := sha256(lines);
    new.previous_hash := coalesce(unit.head_hash, decode(repeat('00', 32), 'hex'));
    new.hash := sha256(
        '\\x01'::bytea
        || ledger_field(unit.id) || ledger_field(unit.kind::text) || ledger_field(new.sequence::bigint)
        || ledger_field(new.kind::text) || ledger_field(new.source_id) || ledger_field(new.destination_id)
        || ledger_field(new.state::text) || ledger_field(new.station_id) || ledger_field(new.recorded_at)
        || ledger_field(uuid_send(act.request_key)) || ledger_field(act.verb::text)
        || ledger_field(act.by_id) || ledger_field(act.second_id) || ledger_field(act.proof::text)
        || ledger_field(act.occurred_at) || ledger_field(act.commitment) || ledger_field(act.hand_over_id)
        || ledger_field(new.lines_hash) || ledger_field(new.previous_hash)
    );
    return new;
end $$;

create or replace function custody_project() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.devices is not null then
        insert into naloxone_custodyline (event_id, position, device_id, unit_id)
        select new.id, named.position, named.text::bigint,
               custody_taker(new.kind, new.units, named.position, new.kit_id)
        from jsonb_array_elements_text(new.devices) with ordinality as named(text, position);
        if new.kind <> 'received' then
            update naloxone_device device set kit_id = line.unit_id
            from naloxone_custodyline line
            where line.event_id = new.id and device.id = line.device_id;
        end if;
    end if;
    update naloxone_kit set
        holder_id = new.destination_id, station_id = new.station_id, state = new.state,
        last_sequence = new.sequence, head_hash = new.hash
    where id = new.kit_id;
    if new.devices is not null or new.kind = 'assembled' then
        -- What a unit contains follows from its doses: how many, and whose expiry comes first.
        update naloxone_kit set doses = held.doses, lot_id = held.lot_id, expires_on = held.expires_on
        from (
            select count(*) as doses,
                   (array_agg(lot.id order by lot.expires_on, lot.id))[1] as lot_id,
                   min(lot.expires_on) as expires_on
            from naloxone_device device join naloxone_lot lot on lot.id = device.lot_id
            where device.kit_id = new.kit_id
        ) held
        where id = new.kit_id;
    end if;
    return null;
end $$;
"""
BEFORE = import_module("naloxone.migrations.0002_ledger").FUNCTIONS
CHECK_BEFORE = (
    BEFORE.replace("create function", "create or replace function")
    + "drop function custody_taker(text, jsonb, bigint, bigint);"
)
LINES = """
alter table naloxone_custodyline alter column unit_id drop not null;
create index line_by_unit on naloxone_custodyline (unit_id);
"""
LINES_BEFORE = """
drop index line_by_unit;
alter table naloxone_custodyline alter column unit_id set not null;
"""
NAMES = {"missing": "Missing", "destroyed": "Destroyed", "recipient": "Passed on"}


def fill(apps, schema_editor):
    """The table of moves anew from rules.py, and the holders outside."""
    alias = schema_editor.connection.alias
    moves = apps.get_model("naloxone", "CustodyMove").objects.using(alias)
    moves.all().delete()
    moves.bulk_create(
        moves.model(
            kind=kind,
            old_state=old,
            new_state=new,
            source_kind=source,
            destination_kind=destination,
            stays=stays(kind),
        )
        for kind, old, new, source, destination in sorted(MOVES)
    )
    holders = apps.get_model("naloxone", "Holder").objects.using(alias)
    for kind, name in NAMES.items():
        holders.create(kind=kind, name=name)


def empty(apps, schema_editor):
    alias = schema_editor.connection.alias
    apps.get_model("naloxone", "CustodyMove").objects.using(alias).filter(stays=None).delete()
    apps.get_model("naloxone", "Holder").objects.using(alias).filter(kind__in=NAMES).delete()
    # What refers to them is looked for now: a table with checks to come can't be altered.
    schema_editor.execute("set constraints all immediate")


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0008_who_answered"),
        ("safety_portal", "0004_loans_have_an_end"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="holder",
            name="holder_is_what_it_says",
        ),
        migrations.RemoveConstraint(
            model_name="holder",
            name="holder_one_supplier",
        ),
        migrations.AlterField(
            model_name="custodyevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("received", "Received"),
                    ("released", "Released"),
                    ("parted", "Parted"),
                    ("assembled", "Assembled"),
                    ("moved", "Moved"),
                    ("handed_over", "Handed over"),
                    ("witnessed", "Witnessed"),
                    ("returned", "Returned"),
                    ("recalled", "Recalled"),
                    ("opened", "Opened"),
                    ("held", "Held"),
                    ("used", "Used"),
                    ("wasted", "Wasted"),
                    ("missed", "Missed"),
                    ("found", "Found"),
                    ("written_off", "Written off"),
                    ("disposed", "Disposed"),
                    ("passed_on", "Passed on"),
                    ("corrected", "Corrected"),
                    ("noted", "Noted"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="custodyevent",
            name="state",
            field=models.CharField(
                choices=[
                    ("new", "New"),
                    ("quarantine", "Quarantine"),
                    ("in_service", "In service"),
                    ("opened", "Opened"),
                    ("held", "Held"),
                    ("recalled", "Recalled"),
                    ("missing", "Missing"),
                    ("written_off", "Written off"),
                    ("spent", "Spent"),
                    ("destroyed", "Destroyed"),
                    ("passed_on", "Passed on"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="custodymove",
            name="stays",
            field=models.BooleanField(null=True),
        ),
        migrations.AlterField(
            model_name="device",
            name="kit",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="devices",
                to="naloxone.kit",
            ),
        ),
        migrations.AlterField(
            model_name="holder",
            name="kind",
            field=models.CharField(
                choices=[
                    ("supplier", "Supplier"),
                    ("storage", "Storage"),
                    ("person", "Person"),
                    ("vehicle", "Vehicle"),
                    ("canine_team", "Canine team"),
                    ("missing", "Missing"),
                    ("destroyed", "Destroyed"),
                    ("recipient", "Recipient"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="kit",
            name="state",
            field=models.CharField(
                choices=[
                    ("new", "New"),
                    ("quarantine", "Quarantine"),
                    ("in_service", "In service"),
                    ("opened", "Opened"),
                    ("held", "Held"),
                    ("recalled", "Recalled"),
                    ("missing", "Missing"),
                    ("written_off", "Written off"),
                    ("spent", "Spent"),
                    ("destroyed", "Destroyed"),
                    ("passed_on", "Passed on"),
                ],
                db_default="new",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="holder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("canine", None),
                        ("kind__in", ["supplier", "missing", "destroyed", "recipient"]),
                        ("person", None),
                        ("station", None),
                    ),
                    models.Q(
                        ("canine", None),
                        ("kind", "person"),
                        ("person__isnull", False),
                        ("station__isnull", False),
                    ),
                    models.Q(
                        ("canine__isnull", False),
                        ("kind", "canine_team"),
                        ("person", None),
                        ("station__isnull", False),
                    ),
                    models.Q(
                        ("canine", None),
                        ("kind__in", ["storage", "vehicle"]),
                        ("person", None),
                        ("station__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="holder_is_what_it_says",
            ),
        ),
        migrations.AddConstraint(
            model_name="holder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ["supplier", "missing", "destroyed", "recipient"])),
                fields=("kind",),
                name="holder_one_outside",
            ),
        ),
        migrations.RunPython(fill, empty),
        migrations.RunSQL(LINES, LINES_BEFORE),
        migrations.RunSQL(CHECK, CHECK_BEFORE),
    ]
