"""Kit types with their versions and components, what was noted about a component, and what is projected on kits."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0037_at_risk_by_turn"),
        ("safety_portal", "0014_deputies"),
    ]

    operations = [
        migrations.CreateModel(
            name="KitComponent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("quantity", models.PositiveSmallIntegerField()),
                ("expires", models.BooleanField()),
                ("required", models.BooleanField()),
                (
                    "latex",
                    models.CharField(
                        choices=[
                            ("no", "No latex"),
                            ("yes", "Latex"),
                            ("unknown", "Latex not known"),
                        ],
                        max_length=8,
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="KitType",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("kit", "For people"), ("canine_kit", "For a dog")], max_length=12
                    ),
                ),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="kit",
            name="component_expires_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="kit",
            name="doses_full",
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.CreateModel(
            name="Fitting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "fit",
                    models.CharField(
                        choices=[
                            ("fitted", "Put in"),
                            ("renewed", "Renewed"),
                            ("short", "Short or not there"),
                            ("used", "Used"),
                            ("removed", "Taken out"),
                        ],
                        max_length=8,
                    ),
                ),
                ("expires_on", models.DateField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("request_key", models.UUIDField()),
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
                    "kit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fittings",
                        to="naloxone.kit",
                    ),
                ),
                (
                    "component",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.kitcomponent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KitTypeVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("doses", models.PositiveSmallIntegerField()),
                ("source", models.CharField(max_length=500)),
                ("what_changed", models.CharField(blank=True, max_length=500)),
                ("request_key", models.UUIDField(unique=True)),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "kit_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="naloxone.kittype",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.AddField(
            model_name="kitcomponent",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="components",
                to="naloxone.kittypeversion",
            ),
        ),
        migrations.AddField(
            model_name="kit",
            name="made_as",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="kits",
                to="naloxone.kittypeversion",
            ),
        ),
        migrations.AddIndex(
            model_name="kit",
            index=models.Index(
                condition=models.Q(("component_expires_on__isnull", False)),
                fields=["component_expires_on"],
                name="kit_by_component",
            ),
        ),
        migrations.AddIndex(
            model_name="fitting",
            index=models.Index(fields=["kit", "component", "-id"], name="fitting_newest"),
        ),
        migrations.AddConstraint(
            model_name="fitting",
            constraint=models.UniqueConstraint(
                fields=("kit", "component", "request_key"), name="fitting_once_a_request"
            ),
        ),
        migrations.AddConstraint(
            model_name="kittypeversion",
            constraint=models.UniqueConstraint(
                fields=("kit_type", "number"), name="kit_type_once_a_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="kittypeversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("doses__gt", 0)), name="kit_type_has_doses"
            ),
        ),
        migrations.AddConstraint(
            model_name="kitcomponent",
            constraint=models.UniqueConstraint(
                fields=("version", "position"), name="kit_component_once_a_position"
            ),
        ),
    ]
