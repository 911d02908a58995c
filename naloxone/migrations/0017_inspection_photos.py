"""Photos of what an inspector saw."""

import django.db.models.deletion
from django.db import migrations, models

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0016_first_checks"),
        ("safety_portal", "0008_stations_close"),
    ]

    operations = [
        migrations.CreateModel(
            name="InspectionPhoto",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "inspection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="naloxone.inspection"
                    ),
                ),
                (
                    "photo",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.photo",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        Protect("naloxone_inspectionphoto"),
    ]
