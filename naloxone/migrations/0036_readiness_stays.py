"""Who was at risk, what a par was, what a drill showed and what a programme stands on is only ever added to."""

from django.db import migrations

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0035_readiness")]

    operations = [
        Protect("naloxone_atrisk"),
        Protect("naloxone_parchange"),
        Protect("naloxone_drill"),
        Protect("naloxone_programmedecision"),
        Protect("naloxone_authority"),
        Protect("naloxone_trainingconfirmation"),
    ]
