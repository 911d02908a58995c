"""Rows of photos are only ever added to."""

from django.db import migrations

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [("safety_portal", "0006_photos")]

    operations = [Protect("safety_portal_photo")]
