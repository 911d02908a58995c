"""Disposals and their second signatures are only ever added to, and nobody signs beside themselves."""

from django.db import migrations

from safety_portal.append_only import Protect

TWO_PEOPLE = """
create function countersignature_check() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if exists (
        select from naloxone_disposal d join naloxone_act a on a.id = d.act_id
        where d.id = new.disposal_id and (a.by_id = new.by_id or a.second_id is not null)
    ) then
        raise exception 'The second signature of disposal % is by its own signer, or there was a witness.',
            new.disposal_id using errcode = 'SP101';
    end if;
    return new;
end $$;
create trigger countersignature_of_another before insert on naloxone_countersignature
    for each row execute function countersignature_check();
"""
UNDO = """
drop trigger countersignature_of_another on naloxone_countersignature;
drop function countersignature_check();
"""


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0013_disposals")]

    operations = [
        Protect("naloxone_disposal"),
        Protect("naloxone_countersignature"),
        Protect("naloxone_disposalphoto"),
        migrations.RunSQL(TWO_PEOPLE, UNDO),
    ]
