"""What labels allow, what was measured at places, what it comes to for kits, and who decided what."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0025_emptied"),
        ("safety_portal", "0014_deputies"),
    ]

    operations = [
        migrations.AddField(
            model_name="holder",
            name="outdoors",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="holder",
            name="overnight",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="holder",
            name="sensor",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.CreateModel(
            name="LabelVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("base_min_c", models.SmallIntegerField(null=True)),
                ("base_max_c", models.SmallIntegerField(null=True)),
                ("excursion_min_c", models.SmallIntegerField(null=True)),
                ("excursion_max_c", models.SmallIntegerField(null=True)),
                ("do_not_freeze", models.BooleanField(null=True)),
                ("protect_from_light", models.BooleanField(null=True)),
                ("source", models.CharField(max_length=200)),
                ("own", models.BooleanField(db_default=False)),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="label_versions",
                        to="naloxone.product",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LotLabel",
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
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "label",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.labelversion",
                    ),
                ),
                (
                    "lot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="labels",
                        to="naloxone.lot",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StationSeason",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "first_month",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "January"),
                            (2, "February"),
                            (3, "March"),
                            (4, "April"),
                            (5, "May"),
                            (6, "June"),
                            (7, "July"),
                            (8, "August"),
                            (9, "September"),
                            (10, "October"),
                            (11, "November"),
                            (12, "December"),
                        ],
                        null=True,
                    ),
                ),
                (
                    "last_month",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "January"),
                            (2, "February"),
                            (3, "March"),
                            (4, "April"),
                            (5, "May"),
                            (6, "June"),
                            (7, "July"),
                            (8, "August"),
                            (9, "September"),
                            (10, "October"),
                            (11, "November"),
                            (12, "December"),
                        ],
                        null=True,
                    ),
                ),
                ("source", models.CharField(max_length=200)),
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
            name="StorageDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("keep", "Keep in service"),
                            ("replace", "Replace in the next rotation"),
                            ("hold", "Put on hold"),
                        ],
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
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
        ),
        migrations.CreateModel(
            name="StorageDecisionLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("in_range", "In range"),
                            ("excursion_allowed", "In the allowed excursion"),
                            ("excursion_review", "Outside its label’s band"),
                            ("excursion_replace", "Too long outside its label’s band"),
                        ],
                        max_length=20,
                    ),
                ),
                ("outside", models.PositiveIntegerField()),
                ("hot", models.PositiveIntegerField()),
                ("frozen", models.PositiveIntegerField()),
                ("outside_until", models.DateTimeField(null=True)),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="naloxone.storagedecision",
                    ),
                ),
                (
                    "kit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="storage_decisions",
                        to="naloxone.kit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KitStorage",
            fields=[
                (
                    "kit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="storage",
                        serialize=False,
                        to="naloxone.kit",
                    ),
                ),
                ("sequence", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("in_range", "In range"),
                            ("excursion_allowed", "In the allowed excursion"),
                            ("excursion_review", "Outside its label’s band"),
                            ("excursion_replace", "Too long outside its label’s band"),
                        ],
                        max_length=20,
                    ),
                ),
                ("mark", models.CharField(blank=True, max_length=8)),
                ("waiting", models.BooleanField(default=False)),
                ("readings", models.PositiveIntegerField()),
                ("known", models.PositiveIntegerField()),
                ("allowed", models.PositiveIntegerField()),
                ("outside", models.PositiveIntegerField()),
                ("hot", models.PositiveIntegerField()),
                ("frozen", models.PositiveIntegerField()),
                ("outside_from", models.DateTimeField(null=True)),
                ("outside_until", models.DateTimeField(null=True)),
                (
                    "place",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.holder",
                    ),
                ),
                (
                    "label",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.labelversion",
                    ),
                ),
                (
                    "decided",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.storagedecisionline",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TemperatureRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                (
                    "source",
                    models.CharField(
                        choices=[("hand", "Read by hand"), ("logger", "A logger’s file")],
                        max_length=8,
                    ),
                ),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField()),
                ("readings", models.PositiveIntegerField()),
                ("known", models.PositiveIntegerField(default=0)),
                ("lowest", models.SmallIntegerField()),
                ("highest", models.SmallIntegerField()),
                ("since", models.DateTimeField(null=True)),
                ("file_name", models.CharField(blank=True, max_length=120)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
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
        ),
        migrations.CreateModel(
            name="RecordWithdrawal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
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
                    "record",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawal",
                        to="naloxone.temperaturerecord",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "place",
                        "at",
                        "record",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("centi", models.SmallIntegerField()),
                (
                    "place",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.holder",
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.temperaturerecord",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TemperatureUpload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("content", models.BinaryField()),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="naloxone.holder",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="labelversion",
            index=models.Index(fields=["product", "-id"], name="label_newest"),
        ),
        migrations.AddConstraint(
            model_name="labelversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("own", False)),
                fields=("product", "name"),
                name="label_version_once_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="labelversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("base_min_c", None),
                    ("base_max_c", None),
                    ("base_min_c__lt", models.F("base_max_c")),
                    _connector="OR",
                ),
                name="label_band_is_a_band",
            ),
        ),
        migrations.AddIndex(
            model_name="lotlabel",
            index=models.Index(fields=["lot", "-id"], name="lot_label_newest"),
        ),
        migrations.AddConstraint(
            model_name="stationseason",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_month", None), ("last_month", None)),
                    models.Q(("first_month__range", (1, 12)), ("last_month__range", (1, 12))),
                    _connector="OR",
                ),
                name="season_has_both_months",
            ),
        ),
        migrations.AddConstraint(
            model_name="storagedecisionline",
            constraint=models.UniqueConstraint(
                fields=("decision", "kit"), name="decision_once_a_kit"
            ),
        ),
        migrations.AddIndex(
            model_name="kitstorage",
            index=models.Index(
                condition=models.Q(("waiting", True)), fields=["place"], name="storage_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="kitstorage",
            index=models.Index(
                condition=models.Q(("mark", ""), _negated=True),
                fields=["kit"],
                name="storage_marked",
            ),
        ),
        migrations.AddIndex(
            model_name="temperaturerecord",
            index=models.Index(fields=["place", "-until_at"], name="temperature_newest"),
        ),
        migrations.AddConstraint(
            model_name="temperaturerecord",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_at__gte", models.F("from_at"))),
                name="temperature_ends_after_start",
            ),
        ),
    ]
