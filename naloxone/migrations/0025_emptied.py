"""Places that were left with nothing that works, and why. Only ever added to."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0024_need_words"),
        ("safety_portal", "0014_deputies"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlaceEmptied",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("why", models.CharField(max_length=500)),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "act",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="emptied",
                        to="naloxone.act",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.holder",
                    ),
                ),
                (
                    "station",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.station",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["station", "-id"], name="emptied_by_station")],
                "constraints": [
                    models.UniqueConstraint(fields=("act", "place"), name="emptied_once_an_act"),
                    models.CheckConstraint(
                        condition=models.Q(("why", ""), _negated=True), name="emptied_says_why"
                    ),
                ],
            },
        ),
        Protect("naloxone_placeemptied"),
    ]
