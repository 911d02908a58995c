"""Who is at risk where, changes of par, drills of access, and what a programme stands on."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0034_receipts"),
        ("safety_portal", "0014_deputies"),
    ]

    operations = [
        migrations.AddField(
            model_name="holder",
            name="reach_seconds",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="ProgrammeDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                ("should", models.BooleanField()),
                ("post", models.CharField(max_length=120)),
                ("source", models.CharField(max_length=200)),
                ("decided_on", models.DateField()),
                ("at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
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
            name="TrainingConfirmation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                ("record", models.CharField(max_length=200)),
                ("confirmed_on", models.DateField()),
                ("at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
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
            name="AtRisk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField()),
                ("shift", models.PositiveSmallIntegerField()),
                ("people", models.PositiveSmallIntegerField()),
                ("dogs", models.PositiveSmallIntegerField()),
                ("source", models.CharField(max_length=120)),
                ("counted_on", models.DateField()),
                ("at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.holder",
                    ),
                ),
                (
                    "station",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.station",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "at risk",
                "indexes": [
                    models.Index(
                        fields=["station", "place", "shift", "-id"], name="at_risk_newest"
                    ),
                    models.Index(fields=["place"], name="at_risk_by_place"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request_key", "shift"), name="at_risk_once_a_shift"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Authority",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("standing_order", "Standing order"),
                            ("prescriber", "A prescriber’s order"),
                            ("agreement", "Memorandum of agreement"),
                            ("medical_director", "The agency’s own medical director"),
                            ("over_the_counter", "Sold without prescription"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reference", models.CharField(max_length=80)),
                ("post", models.CharField(max_length=120)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "component",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.component",
                    ),
                ),
                (
                    "station",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.station",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "authorities",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("station", None), ("component", None), _connector="OR"),
                        name="authority_has_one_reach",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("until__gte", models.F("since")), _connector="OR"
                        ),
                        name="authority_ends_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Drill",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                ("occurred_at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("shift_on", models.DateField()),
                ("shift", models.PositiveSmallIntegerField()),
                ("unannounced", models.BooleanField()),
                (
                    "access_mode",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("tamper_seal", "Tamper seal"),
                            ("key", "Key"),
                            ("code", "Code"),
                            ("badge", "Badge"),
                        ],
                        max_length=12,
                    ),
                ),
                ("seconds", models.PositiveSmallIntegerField(null=True)),
                ("timed", models.BooleanField(default=False)),
                ("limit", models.PositiveSmallIntegerField()),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("in_hand", "In hand in time"),
                            ("late", "Opened late"),
                            ("no_access", "Could not be opened"),
                        ],
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "drilled_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drills",
                        to="naloxone.holder",
                    ),
                ),
                (
                    "station",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.station",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["place", "shift", "-occurred_at", "-id"], name="drill_newest"
                    ),
                    models.Index(fields=["station", "-id"], name="drill_by_station"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("result", "no_access"), ("seconds", None)),
                            models.Q(("result", "in_hand"), ("seconds__lte", models.F("limit"))),
                            models.Q(
                                ("result", "late"),
                                ("seconds__gt", models.F("limit")),
                                ("seconds__lte", 3600),
                            ),
                            _connector="OR",
                        ),
                        name="drill_has_its_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DrillRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                ("shift", models.PositiveSmallIntegerField()),
                ("unannounced", models.BooleanField(default=True)),
                ("due_on", models.DateField()),
                ("note", models.CharField(blank=True, max_length=300)),
                ("asked_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
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
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("ended_by", None)),
                            models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="drill_request_ended_by_somebody",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ParChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("old", models.PositiveSmallIntegerField(null=True)),
                ("new", models.PositiveSmallIntegerField(null=True)),
                ("why", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="par_changes",
                        to="naloxone.holder",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["place", "-at"], name="par_change_by_place"),
                    models.Index(fields=["-at"], name="par_change_newest"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("old", None),
                            models.Q(("new__gte", models.F("old")), ("new__isnull", False)),
                            models.Q(("why", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="par_lowered_with_a_reason",
                    )
                ],
            },
        ),
    ]
