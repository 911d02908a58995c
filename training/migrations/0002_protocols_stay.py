"""Protocols are only ever added to, and nobody approves what they wrote."""

from django.db import migrations

from safety_portal.append_only import Protect

TWO_PEOPLE = """
create function protocol_approval_check() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if exists (
        select from training_protocolversion v
        where v.id = new.version_id and v.written_by_id = new.by_id
    ) then
        raise exception 'Version % of a protocol is approved by its own author.', new.version_id
            using errcode = 'SP201';
    end if;
    return new;
end $$;
create trigger protocol_approval_by_another before insert on training_protocolapproval
    for each row execute function protocol_approval_check();
"""
UNDO = """
drop trigger protocol_approval_by_another on training_protocolapproval;
drop function protocol_approval_check();
"""


class Migration(migrations.Migration):
    dependencies = [("training", "0001_protocols")]

    operations = [
        Protect("training_protocol"),
        Protect("training_protocolversion"),
        Protect("training_protocolstep"),
        Protect("training_protocoldose"),
        Protect("training_protocolapproval"),
        Protect("training_protocolwithdrawal"),
        migrations.RunSQL(TWO_PEOPLE, UNDO),
    ]
