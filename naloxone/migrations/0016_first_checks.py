"""Units that were there before count from their receipt or assembly too."""

from django.db import migrations

CATCH_UP = """
update naloxone_kit kit set checked_on = (act.occurred_at at time zone station.time_zone)::date
from naloxone_custodyevent event
join naloxone_act act on act.id = event.act_id
join safety_portal_station station on station.id = event.station_id
where event.kit_id = kit.id and event.sequence = 1;
"""


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0015_inspections")]

    operations = [migrations.RunSQL(CATCH_UP, migrations.RunSQL.noop)]
