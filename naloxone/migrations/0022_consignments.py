"""Consignments: units on their way from one station to another, and the holder and the moves for it."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models
from django.db.models import Q

from naloxone.rules import MOVES, HolderKind, stays

TRANSIT = HolderKind.IN_TRANSIT
ITS_MOVES = Q(source_kind=TRANSIT) | Q(destination_kind=TRANSIT)


def fill(apps, schema_editor):
    """The moves that are new, and the holder of what is on its way."""
    alias = schema_editor.connection.alias
    moves = apps.get_model("naloxone", "CustodyMove").objects.using(alias)
    moves.filter(ITS_MOVES).delete()  # an empty database has had them since 0009
    moves.bulk_create(
        moves.model(
            kind=kind, old_state=old, new_state=new, source_kind=source,
            destination_kind=destination, stays=stays(kind),
        )
        for kind, old, new, source, destination in sorted(MOVES)
        if TRANSIT in (source, destination)
    )  # fmt: skip
    holders = apps.get_model("naloxone", "Holder").objects.using(alias)
    holders.create(kind=TRANSIT, name="On its way")
    schema_editor.execute("set constraints all immediate")


def empty(apps, schema_editor):
    alias = schema_editor.connection.alias
    apps.get_model("naloxone", "CustodyMove").objects.using(alias).filter(ITS_MOVES).delete()
    schema_editor.execute("delete from naloxone_holder where kind = %s", [TRANSIT.value])
    # What refers to them is looked for now: a table with checks to come can't be altered.
    schema_editor.execute("set constraints all immediate")


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0021_registers_stay"),
        ("safety_portal", "0010_terminals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Consignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                ("carrier", models.CharField(max_length=80)),
                ("tracking", models.CharField(blank=True, max_length=60)),
                ("seal", models.CharField(blank=True, max_length=30)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("sent_at", models.DateTimeField()),
                ("expected_on", models.DateField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_key", models.UUIDField(null=True)),
                ("seal_whole", models.BooleanField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ConsignmentLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "arrival",
                    models.CharField(
                        choices=[
                            ("whole", "Arrived"),
                            ("damaged", "Arrived damaged"),
                            ("short", "Was not there"),
                            ("called_back", "Called back"),
                        ],
                        max_length=12,
                        null=True,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="holder",
            name="holder_is_what_it_says",
        ),
        migrations.RemoveConstraint(
            model_name="holder",
            name="holder_one_outside",
        ),
        migrations.AlterField(
            model_name="custodyevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("received", "Received"),
                    ("released", "Released"),
                    ("parted", "Parted"),
                    ("assembled", "Assembled"),
                    ("moved", "Moved"),
                    ("handed_over", "Handed over"),
                    ("witnessed", "Witnessed"),
                    ("returned", "Returned"),
                    ("sent", "Sent"),
                    ("arrived", "Arrived"),
                    ("recalled", "Recalled"),
                    ("opened", "Opened"),
                    ("held", "Held"),
                    ("used", "Used"),
                    ("wasted", "Wasted"),
                    ("missed", "Missed"),
                    ("found", "Found"),
                    ("written_off", "Written off"),
                    ("disposed", "Disposed"),
                    ("passed_on", "Passed on"),
                    ("corrected", "Corrected"),
                    ("noted", "Noted"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="holder",
            name="kind",
            field=models.CharField(
                choices=[
                    ("supplier", "Supplier"),
                    ("storage", "Storage"),
                    ("person", "Person"),
                    ("vehicle", "Vehicle"),
                    ("canine_team", "Canine team"),
                    ("in_transit", "In transit"),
                    ("missing", "Missing"),
                    ("destroyed", "Destroyed"),
                    ("recipient", "Recipient"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="holder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("canine", None),
                        (
                            "kind__in",
                            ["supplier", "in_transit", "missing", "destroyed", "recipient"],
                        ),
                        ("person", None),
                        ("station", None),
                    ),
                    models.Q(
                        ("canine", None),
                        ("kind", "person"),
                        ("person__isnull", False),
                        ("station__isnull", False),
                    ),
                    models.Q(
                        ("canine__isnull", False),
                        ("kind", "canine_team"),
                        ("person", None),
                        ("station__isnull", False),
                    ),
                    models.Q(
                        ("canine", None),
                        ("kind__in", ["storage", "vehicle"]),
                        ("person", None),
                        ("station__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="holder_is_what_it_says",
            ),
        ),
        migrations.AddConstraint(
            model_name="holder",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("kind__in", ["supplier", "in_transit", "missing", "destroyed", "recipient"])
                ),
                fields=("kind",),
                name="holder_one_outside",
            ),
        ),
        migrations.AddField(
            model_name="consignment",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.person",
            ),
        ),
        migrations.AddField(
            model_name="consignment",
            name="destination",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.station",
            ),
        ),
        migrations.AddField(
            model_name="consignment",
            name="ended_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.person",
            ),
        ),
        migrations.AddField(
            model_name="consignment",
            name="put_into",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="naloxone.holder",
            ),
        ),
        migrations.AddField(
            model_name="consignment",
            name="station",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.station",
            ),
        ),
        migrations.AddField(
            model_name="consignmentline",
            name="consignment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="naloxone.consignment",
            ),
        ),
        migrations.AddField(
            model_name="consignmentline",
            name="kit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="journeys",
                to="naloxone.kit",
            ),
        ),
        migrations.AddIndex(
            model_name="consignment",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["destination"],
                name="consignment_coming",
            ),
        ),
        migrations.AddConstraint(
            model_name="consignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("station", models.F("destination")), _negated=True),
                name="consignment_goes_elsewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="consignment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_by", None), ("ended_key", None)),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_by__isnull", False),
                        ("ended_key__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="consignment_ended_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="consignmentline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("arrival", None)), fields=("kit",), name="one_journey_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="consignmentline",
            constraint=models.UniqueConstraint(
                fields=("consignment", "kit"), name="once_a_consignment"
            ),
        ),
        migrations.RunPython(fill, empty),
    ]
