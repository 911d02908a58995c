"""How registers passed is only ever added to."""

from django.db import migrations

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0020_registers")]

    operations = [
        Protect("naloxone_registerpassing"),
        Protect("naloxone_registertaking"),
        Protect("naloxone_registercount"),
    ]
