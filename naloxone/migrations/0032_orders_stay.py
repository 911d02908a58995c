"""What was ordered, put off, received and ended is only ever added to."""

from django.db import migrations

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0031_orders")]

    operations = [
        Protect("naloxone_order"),
        Protect("naloxone_orderproduct"),
        Protect("naloxone_orderline"),
        Protect("naloxone_orderdue"),
        Protect("naloxone_orderreceipt"),
        Protect("naloxone_orderend"),
    ]
