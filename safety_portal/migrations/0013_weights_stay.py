"""Weights of dogs are only ever added to."""

from django.db import migrations

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [("safety_portal", "0012_first_weights")]

    operations = [Protect("safety_portal_canineweight")]
