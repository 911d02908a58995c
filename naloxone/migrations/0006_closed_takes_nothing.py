"""A place that is closed takes no unit, and none is closed while a unit is on its way into it."""

from django.db import migrations

# Called after custody_checked, by its name. The key-share lock is the one that the foreign key takes at
# the end of the act anyway; closing takes the full one, so the two wait for each other, and acts don't.
CHECK = """
create function custody_taker_is_open() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    taker naloxone_holder%rowtype;
begin
    select * into taker from naloxone_holder where id = new.destination_id for key share;
    if taker.closed_on is not null then
        perform custody_refuse('closed', new.kit_id, jsonb_build_object('place', taker.name));
    end if;
    return new;
end $$;
create trigger custody_to_open_place before insert on naloxone_custodyevent
    for each row execute function custody_taker_is_open();
"""
DROP = """
drop trigger custody_to_open_place on naloxone_custodyevent; drop function custody_taker_is_open();
"""


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0005_look_ups")]

    operations = [migrations.RunSQL(CHECK, DROP)]
