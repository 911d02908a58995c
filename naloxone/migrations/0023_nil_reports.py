"""Nil reports of stations, and the seeds from which their kits are drawn."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0022_consignments"),
        ("safety_portal", "0013_weights_stay"),
    ]

    operations = [
        migrations.CreateModel(
            name="MonthSeed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(unique=True)),
                ("seed", models.CharField(max_length=64)),
                ("published_at", models.DateTimeField()),
            ],
        ),
        migrations.AlterField(
            model_name="drawnkit",
            name="walk",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="drawn",
                to="naloxone.walk",
            ),
        ),
        migrations.CreateModel(
            name="NilReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                ("month", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("kits", models.JSONField()),
                ("doses", models.PositiveIntegerField()),
                ("usable", models.PositiveIntegerField()),
                ("changes", models.PositiveIntegerField()),
                ("unexplained", models.PositiveIntegerField()),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "seed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.monthseed",
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
        ),
        migrations.AddField(
            model_name="drawnkit",
            name="report",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="drawn",
                to="naloxone.nilreport",
            ),
        ),
        migrations.AddConstraint(
            model_name="drawnkit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("report__isnull", False), ("walk", None)),
                    models.Q(("report", None), ("walk__isnull", False)),
                    _connector="OR",
                ),
                name="drawn_for_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="drawnkit",
            constraint=models.UniqueConstraint(
                fields=("report", "position"), name="drawn_once_a_report"
            ),
        ),
        migrations.AddConstraint(
            model_name="nilreport",
            constraint=models.UniqueConstraint(
                fields=("station", "month"), name="nil_report_once_a_month"
            ),
        ),
        Protect("naloxone_monthseed"),
        Protect("naloxone_nilreport"),
    ]
