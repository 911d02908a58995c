"""The weight that each dog had becomes its first row; who told of it is not known, so it is the portal's."""

from django.db import migrations

COPY = """
insert into safety_portal_canineweight (canine_id, kg, weighed_on, by_id, request_key)
select c.id, c.weight_kg, c.weighed_on, p.id, gen_random_uuid()
from safety_portal_canine c, safety_portal_person p
where p.kind = 'portal' and c.weight_kg is not null
"""


class Migration(migrations.Migration):
    dependencies = [("safety_portal", "0011_weights")]

    operations = [migrations.RunSQL(COPY, migrations.RunSQL.noop)]
