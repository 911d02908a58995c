"""Exchanges of old kits for new, the musters at which they are made, and offers that name what they replace."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0027_storage_stays"),
        ("safety_portal", "0014_deputies"),
    ]

    operations = [
        migrations.CreateModel(
            name="Exchange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Muster",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("lot", models.CharField(blank=True, max_length=20)),
                ("until", models.DateField(null=True)),
                ("proof", models.CharField(max_length=12)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("request_key", models.UUIDField(unique=True)),
            ],
        ),
        migrations.AddField(
            model_name="handoverline",
            name="replaces",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="naloxone.kit",
            ),
        ),
        migrations.AddField(
            model_name="handoverline",
            name="returns_to",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="naloxone.holder",
            ),
        ),
        migrations.AlterField(
            model_name="discrepancy",
            name="kind",
            field=models.CharField(
                choices=[
                    ("missing", "Kit missing"),
                    ("short", "Fewer doses than recorded"),
                    ("extra", "More doses than recorded"),
                    ("seal", "Seal broken or another number"),
                    ("mismatch", "Another lot or expiry than recorded"),
                    ("no_access", "Could not be opened"),
                    ("replace", "Something in it to be replaced"),
                    ("fewer", "Fewer kits than recorded"),
                    ("more", "More kits than recorded"),
                    ("stray", "Seen where it is not recorded"),
                    ("hands", "Not in the hands it is recorded in"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="handoverline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("replaces", None), ("returns_to", None)),
                    models.Q(("replaces__isnull", False), ("returns_to__isnull", False)),
                    _connector="OR",
                ),
                name="line_replaces_and_says_where_to",
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="act",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="exchanges",
                to="naloxone.act",
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="new",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="naloxone.kit"
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="old",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="naloxone.kit"
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="receiver",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="naloxone.holder"
            ),
        ),
        migrations.AddField(
            model_name="muster",
            name="back_to",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="naloxone.holder"
            ),
        ),
        migrations.AddField(
            model_name="muster",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.person",
            ),
        ),
        migrations.AddField(
            model_name="muster",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="naloxone.holder"
            ),
        ),
        migrations.AddField(
            model_name="muster",
            name="station",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.station",
            ),
        ),
        migrations.AddField(
            model_name="muster",
            name="witness",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.person",
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="muster",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="exchanges",
                to="naloxone.muster",
            ),
        ),
        migrations.AddIndex(
            model_name="muster",
            index=models.Index(fields=["station", "-id"], name="muster_by_station"),
        ),
        migrations.AddConstraint(
            model_name="muster",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lot", ""), ("until__isnull", False)),
                    models.Q(models.Q(("lot", ""), _negated=True), ("until", None)),
                    _connector="OR",
                ),
                name="muster_by_lot_or_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="muster",
            constraint=models.CheckConstraint(
                condition=models.Q(("witness", models.F("by")), _negated=True),
                name="muster_witness_is_another",
            ),
        ),
        migrations.AddIndex(
            model_name="exchange",
            index=models.Index(fields=["new"], name="exchange_by_new"),
        ),
        migrations.AddConstraint(
            model_name="exchange",
            constraint=models.UniqueConstraint(fields=("act", "new"), name="exchange_once_an_act"),
        ),
        migrations.AddConstraint(
            model_name="exchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("old", models.F("new")), _negated=True), name="exchange_of_two"
            ),
        ),
        Protect("naloxone_exchange"),
    ]
