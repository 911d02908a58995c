"""What is only ever added to, and a product's own label that follows its facts."""

from django.db import migrations

from safety_portal.append_only import Protect

FACTS = "storage_min_c, storage_max_c, excursion_min_c, excursion_max_c, do_not_freeze, protect_from_light"
KEEP_LABEL = f"""
create function naloxone_keep_label() returns trigger language plpgsql
security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'UPDATE' and (new.storage_min_c, new.storage_max_c, new.excursion_min_c, new.excursion_max_c,
                             new.do_not_freeze, new.protect_from_light)
            is not distinct from (old.storage_min_c, old.storage_max_c, old.excursion_min_c, old.excursion_max_c,
                                  old.do_not_freeze, old.protect_from_light) then
        return null;
    end if;
    insert into naloxone_labelversion
        (product_id, name, base_min_c, base_max_c, excursion_min_c, excursion_max_c, do_not_freeze,
         protect_from_light, source, own)
    values (new.id, 'The product’s own label', new.storage_min_c, new.storage_max_c, new.excursion_min_c,
            new.excursion_max_c, new.do_not_freeze, new.protect_from_light,
            'Product master: ' || coalesce(nullif(new.fact_status, ''), 'no source noted'), true);
    return null;
end $$;
create trigger naloxone_product_label after insert or update on naloxone_product
    for each row execute function naloxone_keep_label();
insert into naloxone_labelversion
    (product_id, name, base_min_c, base_max_c, excursion_min_c, excursion_max_c, do_not_freeze,
     protect_from_light, source, own)
select id, 'The product’s own label', {FACTS}, 'Product master: ' || fact_status, true from naloxone_product;
"""
FORGET = """
drop trigger naloxone_product_label on naloxone_product;
drop function naloxone_keep_label();
"""


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0026_storage")]

    operations = [
        migrations.RunSQL(KEEP_LABEL, FORGET),
        Protect("naloxone_labelversion"),
        Protect("naloxone_lotlabel"),
        Protect("naloxone_temperaturerecord"),
        Protect("naloxone_recordwithdrawal"),
        Protect("naloxone_reading"),
        Protect("naloxone_storagedecision"),
        Protect("naloxone_storagedecisionline"),
        Protect("naloxone_stationseason"),
    ]
