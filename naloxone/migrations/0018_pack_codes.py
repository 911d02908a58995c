"""Numbers on packs that mean a product, photos of what is printed there, and the NDC as 12 digits."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models

from safety_portal.append_only import Protect


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0017_inspection_photos"),
        ("safety_portal", "0010_terminals"),
    ]

    operations = [
        migrations.AddField(
            model_name="product",
            name="ndc12",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(ndc__isnull=True, then=None),
                    default=django.db.models.functions.text.Concat(
                        django.db.models.functions.text.LPad(
                            models.Func(
                                models.F("ndc"),
                                models.Value("-"),
                                models.Value(1),
                                function="split_part",
                                output_field=models.CharField(),
                            ),
                            6,
                            models.Value("0"),
                        ),
                        django.db.models.functions.text.LPad(
                            models.Func(
                                models.F("ndc"),
                                models.Value("-"),
                                models.Value(2),
                                function="split_part",
                                output_field=models.CharField(),
                            ),
                            4,
                            models.Value("0"),
                        ),
                        django.db.models.functions.text.LPad(
                            models.Func(
                                models.F("ndc"),
                                models.Value("-"),
                                models.Value(3),
                                function="split_part",
                                output_field=models.CharField(),
                            ),
                            2,
                            models.Value("0"),
                        ),
                    ),
                ),
                output_field=models.CharField(max_length=12, null=True),
            ),
        ),
        migrations.CreateModel(
            name="ReceiptPhoto",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "act",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="naloxone.act"
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
        migrations.CreateModel(
            name="PackCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=14)),
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
                    "product",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.product",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["code", "-id"], name="pack_code_newest")],
            },
        ),
        Protect("naloxone_receiptphoto"),
        Protect("naloxone_packcode"),
    ]
