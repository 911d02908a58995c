"""A note may be added to what was emptied in a place that is closed since: it brings nothing there."""

from django.db import migrations

FUNCTION = """
create or replace function custody_taker_is_open() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    taker naloxone_holder%rowtype;
begin
    select * into taker from naloxone_holder where id = new.destination_id for key share;
    if taker.closed_on is not null{but} then
        perform custody_refuse('closed', new.kit_id, jsonb_build_object('place', taker.name));
    end if;
    return new;
end $$;
"""
NOW = FUNCTION.replace("{but}", " and new.kind <> 'noted'")
BEFORE = FUNCTION.replace("{but}", "")


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0011_uses")]

    operations = [migrations.RunSQL(NOW, BEFORE)]
