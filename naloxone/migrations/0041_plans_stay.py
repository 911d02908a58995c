"""What was planned, booked, done and left undone is only ever added to."""

from django.db import migrations

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0040_plans")]

    operations = [
        Protect("naloxone_expiryplan"),
        Protect("naloxone_booking"),
        Protect("naloxone_bookingend"),
    ]
