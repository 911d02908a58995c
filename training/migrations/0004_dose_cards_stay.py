"""Dose cards are only ever added to."""

from django.db import migrations

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [("training", "0003_dose_cards")]

    operations = [Protect("training_dosecard")]
