"""Counter terminals and the turns before them."""

import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("safety_portal", "0009_pins"),
    ]

    operations = [
        migrations.CreateModel(
            name="Terminal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("enrolled_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "enrolled_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "station",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="terminals",
                        to="safety_portal.station",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("purpose", models.CharField(max_length=20)),
                ("told", models.JSONField(default=dict)),
                ("token_hash", models.CharField(max_length=64)),
                ("request_key", models.UUIDField(default=uuid.uuid4)),
                ("said", models.TextField(blank=True)),
                ("began_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "terminal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="turn",
                        to="safety_portal.terminal",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="terminal",
            constraint=models.UniqueConstraint(
                models.F("station"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("revoked_at", None)),
                name="terminal_name_once_a_station",
            ),
        ),
        migrations.AddConstraint(
            model_name="terminal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at", None), ("revoked_by", None)),
                    models.Q(("revoked_at__isnull", False), ("revoked_by__isnull", False)),
                    _connector="OR",
                ),
                name="terminal_revoked_by_somebody",
            ),
        ),
    ]
