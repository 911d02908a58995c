"""The notary: triggers that check, hash and project each custody event (docs/ledger.md, design section 4)."""

from django.db import migrations

from safety_portal.append_only import Protect

# A field of the hashed payload: four bytes of length, big-endian, then the bytes; -1 for none.
FIELDS = """
create function ledger_field(value bytea) returns bytea language sql immutable parallel safe as
$$ select coalesce(int4send(length(value)) || value, int4send(-1)) $$;
create function ledger_field(value text) returns bytea language sql immutable parallel safe as
$$ select ledger_field(convert_to(value, 'UTF8')) $$;
create function ledger_field(value bigint) returns bytea language sql immutable parallel safe as
$$ select ledger_field(int8send(value)) $$;
create function ledger_field(value timestamptz) returns bytea language sql immutable parallel safe as
$$ select ledger_field(to_char(value at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')) $$;
"""
DROP_FIELDS = """
drop function ledger_field(timestamptz); drop function ledger_field(bigint);
drop function ledger_field(text); drop function ledger_field(bytea);
"""

LINES_TABLE = """
create table naloxone_custodyline (
    event_id bigint not null references naloxone_custodyevent(id) deferrable initially deferred,
    position integer not null,
    device_id bigint not null references naloxone_device(id),
    unit_id bigint not null references naloxone_kit(id),
    primary key (event_id, position)
);
create index line_by_device on naloxone_custodyline (device_id);
create index device_by_kit_lot on naloxone_device (kit_id, lot_id);
"""

REFUSE = """
create function custody_refuse(problem text, about bigint, facts jsonb) returns void
language plpgsql as $$
begin
    raise exception 'custody: % (K-%)', problem, about
        using errcode = 'SP100', detail = (facts || jsonb_build_object('problem', problem, 'kit', about))::text;
end $$;

"""
# Replaced by 0009, which puts them back when it is undone.
FUNCTIONS = """
create function custody_check() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    unit naloxone_kit%rowtype;
    act naloxone_act%rowtype;
    giver naloxone_holder%rowtype;
    taker naloxone_holder%rowtype;
    rule naloxone_custodymove%rowtype;
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
    if not found or rule.stays is distinct from (new.source_id = new.destination_id) then
        perform custody_refuse('move', unit.id, jsonb_build_object('state', unit.state));
    end if;
    if act.occurred_at > clock_timestamp() + interval '2 minutes' then
        perform custody_refuse('future', unit.id, '{}');
    end if;

    -- Doses: a received unit names those made for it, a parted one those that leave it.
    if (new.kind in ('received', 'parted')) is distinct from (new.devices is not null) then
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
        if jsonb_array_length(new.devices) = 0
           or (select count(distinct value) from jsonb_array_elements(new.devices))
              <> jsonb_array_length(new.devices) then
            perform custody_refuse('lines', unit.id, '{}');
        end if;
        lines := ''::bytea;
        for line in
            select named.position, device.id, device.kit_id, device.serial, lot.number, lot.expires_on,
                   lot.product_id, coalesce((new.units ->> (named.position - 1)::int)::bigint, unit.id) as unit_id
            from jsonb_array_elements_text(new.devices) with ordinality as named(text, position)
            left join naloxone_device device on device.id = named.text::bigint
            left join naloxone_lot lot on lot.id = device.lot_id
            order by named.position
        loop
            if line.kit_id is distinct from unit.id then perform custody_refuse('lines', unit.id, '{}'); end if;
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
    if new.kind = 'parted' then
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

create function custody_project() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.devices is not null then
        insert into naloxone_custodyline (event_id, position, device_id, unit_id)
        select new.id, named.position, named.text::bigint,
               coalesce((new.units ->> (named.position - 1)::int)::bigint, new.kit_id)
        from jsonb_array_elements_text(new.devices) with ordinality as named(text, position);
        if new.units is not null then
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
TRIGGERS = """
create trigger custody_checked before insert on naloxone_custodyevent
    for each row execute function custody_check();
create trigger custody_projected after insert on naloxone_custodyevent
    for each row execute function custody_project();

-- A new dose starts in the unit it was made for, which must not be on the ledger yet.
create function device_start() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform 1 from naloxone_kit where id = new.origin_id and last_sequence = 0 for update;
    if not found then perform custody_refuse('received before', new.origin_id, '{}'); end if;
    new.kit_id := new.origin_id;
    return new;
end $$;
create trigger device_starts before insert on naloxone_device
    for each row execute function device_start();

-- Ordered locks for acts on many units: the application has no right to SELECT FOR UPDATE itself.
create function lock_kits(wanted bigint[])
returns table (id bigint, holder_id bigint, state varchar, last_sequence integer)
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    select kit.id, kit.holder_id, kit.state, kit.last_sequence from naloxone_kit kit
    where kit.id = any(wanted) order by kit.id for update
$$;
"""
DROP = """
drop function lock_kits(bigint[]);
drop trigger device_starts on naloxone_device; drop function device_start();
drop trigger custody_projected on naloxone_custodyevent; drop function custody_project();
drop trigger custody_checked on naloxone_custodyevent; drop function custody_check();
drop function custody_refuse(text, bigint, jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0001_stock"),
        ("safety_portal", "0003_the_portal"),
    ]

    operations = [
        migrations.RunSQL(FIELDS, DROP_FIELDS),
        migrations.RunSQL(
            LINES_TABLE, "drop table naloxone_custodyline; drop index device_by_kit_lot;"
        ),
        migrations.RunSQL(REFUSE + FUNCTIONS + TRIGGERS, DROP),
        Protect("naloxone_lot"),
        Protect("naloxone_lotrecall"),
        Protect("naloxone_act"),
        Protect("naloxone_actnote"),
        Protect("naloxone_custodyevent"),
        Protect("naloxone_custodyline"),
    ]
