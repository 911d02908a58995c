"""Inspections, and on each unit the day of its newest documented check."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from safety_portal.append_only import Protect

CHECKED = """
-- Receipt and assembly are a look at every dose: the first documented check of a unit.
create function kit_first_checked() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update naloxone_kit set checked_on = (
        select (act.occurred_at at time zone station.time_zone)::date
        from naloxone_act act, safety_portal_station station
        where act.id = new.act_id and station.id = new.station_id
    ) where id = new.kit_id;
    return null;
end $$;
create trigger first_checked after insert on naloxone_custodyevent
    for each row when (new.sequence = 1) execute function kit_first_checked();

-- One that is told late never takes back a newer one.
create function kit_inspected() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update naloxone_kit set checked_on = greatest(checked_on, (
        select (new.occurred_at at time zone station.time_zone)::date
        from safety_portal_station station where station.id = new.station_id
    )) where id = new.kit_id;
    return null;
end $$;
create trigger inspected after insert on naloxone_inspection
    for each row execute function kit_inspected();
"""
UNCHECKED = """
drop trigger inspected on naloxone_inspection; drop function kit_inspected();
drop trigger first_checked on naloxone_custodyevent; drop function kit_first_checked();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0014_disposals_stay"),
        ("safety_portal", "0004_loans_have_an_end"),
    ]

    operations = [
        migrations.CreateModel(
            name="Inspection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                ("sequence", models.PositiveIntegerField()),
                ("occurred_at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("seal_intact", models.BooleanField(null=True)),
                ("seal_seen", models.CharField(blank=True, max_length=30)),
                ("package_intact", models.BooleanField(null=True)),
                ("device_sound", models.BooleanField(null=True)),
                ("liquid_clear", models.BooleanField(null=True)),
                ("accessories_there", models.BooleanField(null=True)),
                ("opened", models.BooleanField(null=True)),
                ("access_seconds", models.PositiveSmallIntegerField(null=True)),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("ok", "OK"),
                            ("short", "Short"),
                            ("extra", "Extra"),
                            ("replace", "Replace"),
                        ],
                        max_length=10,
                    ),
                ),
                ("findings", models.CharField(blank=True, max_length=200)),
                ("next_due_on", models.DateField()),
                ("note", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="InspectionLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("expected", models.PositiveSmallIntegerField()),
                ("counted", models.PositiveSmallIntegerField()),
                ("matches", models.BooleanField()),
            ],
        ),
        migrations.AddField(
            model_name="kit",
            name="checked_on",
            field=models.DateField(null=True),
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
                ],
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="kit",
            index=models.Index(
                condition=models.Q(("state__in", ["in_service", "opened"])),
                fields=["station", "checked_on"],
                name="kit_by_check",
            ),
        ),
        migrations.AddConstraint(
            model_name="discrepancy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None), ("kit__isnull", True)),
                fields=("place", "kind"),
                name="discrepancy_one_open_a_place",
            ),
        ),
        migrations.AddField(
            model_name="inspection",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.person",
            ),
        ),
        migrations.AddField(
            model_name="inspection",
            name="holder",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="naloxone.holder"
            ),
        ),
        migrations.AddField(
            model_name="inspection",
            name="kit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="inspections",
                to="naloxone.kit",
            ),
        ),
        migrations.AddField(
            model_name="inspection",
            name="station",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.station",
            ),
        ),
        migrations.AddField(
            model_name="inspectionline",
            name="inspection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="lines",
                to="naloxone.inspection",
            ),
        ),
        migrations.AddField(
            model_name="inspectionline",
            name="lot",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="naloxone.lot"
            ),
        ),
        migrations.AddIndex(
            model_name="inspection",
            index=models.Index(fields=["kit", "-occurred_at"], name="inspection_by_kit"),
        ),
        migrations.AddConstraint(
            model_name="inspection",
            constraint=models.CheckConstraint(
                condition=models.Q(("access_seconds", None), ("opened", True), _connector="OR"),
                name="inspection_timed_if_opened",
            ),
        ),
        migrations.AddConstraint(
            model_name="inspectionline",
            constraint=models.UniqueConstraint(
                fields=("inspection", "lot"), name="inspection_line_once_a_lot"
            ),
        ),
        Protect("naloxone_inspection"),
        Protect("naloxone_inspectionline"),
        migrations.RunSQL(CHECKED, UNCHECKED),
    ]
