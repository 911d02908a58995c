"""Files that are imported, and what comes of each of their rows."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0029_product_version"),
        ("safety_portal", "0014_deputies"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("kits", "Kits"),
                            ("places", "Places"),
                            ("lots", "Lots"),
                            ("products", "Products"),
                        ],
                        max_length=10,
                    ),
                ),
                ("uploaded_at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("name", models.CharField(max_length=120)),
                ("token", models.CharField(max_length=32, unique=True)),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("kind", models.CharField(max_length=4)),
                ("headings", models.JSONField()),
                ("samples", models.JSONField()),
                ("notes", models.JSONField()),
                ("mapping", models.JSONField(default=dict)),
                (
                    "day_order",
                    models.CharField(
                        blank=True, choices=[("mdy", "Mdy"), ("dmy", "Dmy")], max_length=3
                    ),
                ),
                ("questions", models.JSONField(default=dict)),
                ("swap_denied", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "Uploaded"),
                            ("checking", "Checking"),
                            ("previewed", "Previewed"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("refused", "Refused"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="uploaded",
                        max_length=10,
                    ),
                ),
                ("figures", models.JSONField(default=dict)),
                ("effects_hash", models.CharField(blank=True, max_length=64)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("cancel_asked", models.BooleanField(default=False)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("said", models.CharField(blank=True, max_length=500)),
                ("results", models.JSONField(default=list)),
                ("ended_at", models.DateTimeField(null=True)),
                ("dropped_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
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
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("cells", models.JSONField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("change", "Change"),
                            ("nothing", "Nothing"),
                            ("error", "Error"),
                        ],
                        max_length=8,
                    ),
                ),
                ("effect", models.CharField(blank=True, max_length=300)),
                ("faults", models.JSONField(default=list)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="naloxone.importrun",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(
                condition=models.Q(("state__in", ["checking", "running"])),
                fields=["id"],
                name="import_at_work",
            ),
        ),
        migrations.AddIndex(
            model_name="importrun",
            index=models.Index(fields=["by", "-id"], name="import_by_person"),
        ),
    ]
