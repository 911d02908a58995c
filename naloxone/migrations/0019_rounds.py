"""Rounds of a place, the kits drawn at their end, and the search before a kit is missing."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from safety_portal.append_only import Protect

CHECKED = """
-- A documented check or a count is a look at each unit there that was not named as different: no row of its own.
-- One that is told late never takes back a newer one; a carton in a storeroom is stock.
create function place_checked() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update naloxone_kit kit set checked_on = seen.day
    from naloxone_holder place
    join safety_portal_station station on station.id = place.station_id
    cross join lateral (select (new.occurred_at at time zone station.time_zone)::date) as seen(day)
    where place.id = new.place_id and kit.holder_id = place.id
      and kit.state in ('in_service', 'opened')
      and not (kit.kind = 'carton' and place.place_type = 'storeroom')
      and (kit.checked_on is null or kit.checked_on < seen.day)
      and not coalesce(new.differences -> 'absent', '[]') @> to_jsonb(kit.id)
      and not coalesce(new.differences -> 'damaged', '[]') @> to_jsonb(kit.id);
    return null;
end $$;
create trigger place_checked after insert on naloxone_round
    for each row when (new.kind <> 'shift' and not new.no_access) execute function place_checked();
"""
UNCHECKED = "drop trigger place_checked on naloxone_round; drop function place_checked();"
# A storeroom is stock behind a door: it is counted, not looked at every shift.
STOREROOMS = "update naloxone_holder set every_shift = false where place_type = 'storeroom'"


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0018_pack_codes"),
        ("safety_portal", "0010_terminals"),
    ]

    operations = [
        migrations.AddField(
            model_name="discrepancy",
            name="owner",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="safety_portal.person",
            ),
        ),
        migrations.AddField(
            model_name="holder",
            name="every_shift",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="holder",
            name="seal",
            field=models.CharField(blank=True, max_length=30),
        ),
        migrations.AddField(
            model_name="holder",
            name="sealed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="holder",
            name="two_people",
            field=models.BooleanField(default=False),
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
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="DrawnKit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "asked_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "kit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.kit",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="KitScan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "drawn",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scan",
                        to="naloxone.drawnkit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Walk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request_key", models.UUIDField(unique=True)),
                ("proof", models.CharField(blank=True, max_length=12)),
                ("at_terminal", models.BooleanField(default=False)),
                ("shift_on", models.DateField()),
                ("shift", models.PositiveSmallIntegerField()),
                ("began_at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
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
                    "second",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
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
        ),
        migrations.CreateModel(
            name="Round",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("shift", "Shift check"),
                            ("documented", "Documented check"),
                            ("count", "Count"),
                        ],
                        max_length=10,
                    ),
                ),
                ("occurred_at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("seal_recorded", models.CharField(blank=True, max_length=30)),
                ("seal_whole", models.BooleanField(null=True)),
                ("seal_seen", models.CharField(blank=True, max_length=30)),
                ("seal_new", models.CharField(blank=True, max_length=30)),
                ("expected", models.PositiveIntegerField()),
                ("counted", models.PositiveIntegerField(null=True)),
                (
                    "result",
                    models.CharField(
                        choices=[("right", "All right"), ("differs", "Not all right")], max_length=8
                    ),
                ),
                ("differences", models.JSONField(null=True)),
                ("no_access", models.BooleanField(default=False)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "place",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="naloxone.holder",
                    ),
                ),
                (
                    "walk",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="naloxone.walk",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="drawnkit",
            name="walk",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="drawn",
                to="naloxone.walk",
            ),
        ),
        migrations.CreateModel(
            name="Search",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("told", models.CharField(blank=True, max_length=500)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("here", "It is where it belongs"),
                            ("found", "Found at another place"),
                            ("moved", "Recorded elsewhere meanwhile"),
                            ("missing", "Really missing"),
                            ("used", "A use explains it"),
                            ("no_answer", "Nobody answered in time: missing"),
                        ],
                        max_length=10,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
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
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="naloxone.holder",
                    ),
                ),
                (
                    "kit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="searches",
                        to="naloxone.kit",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety_portal.person",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="searches",
                        to="naloxone.round",
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
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["station", "due_at"],
                        name="search_open_by_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("kit",),
                        name="search_one_open_a_kit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end", ""), ("ended_at", None), ("ended_by", None)),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("ended_by__isnull", False),
                                models.Q(("end", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="search_ends_somehow",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="walk",
            index=models.Index(fields=["station", "id"], name="walk_by_station"),
        ),
        migrations.AddIndex(
            model_name="walk",
            index=models.Index(fields=["by", "id"], name="walk_by_person"),
        ),
        migrations.AddConstraint(
            model_name="walk",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("second", None),
                    models.Q(("second", models.F("by")), _negated=True),
                    _connector="OR",
                ),
                name="walk_second_is_another",
            ),
        ),
        migrations.AddIndex(
            model_name="round",
            index=models.Index(fields=["place", "-occurred_at"], name="round_newest"),
        ),
        migrations.AddIndex(
            model_name="round",
            index=models.Index(
                condition=models.Q(("kind__in", ["documented", "count"])),
                fields=["place", "-occurred_at"],
                name="round_newest_documented",
            ),
        ),
        migrations.AddConstraint(
            model_name="round",
            constraint=models.UniqueConstraint(fields=("walk", "place"), name="round_once_a_walk"),
        ),
        migrations.AddConstraint(
            model_name="round",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("result", "differs"),
                    models.Q(
                        ("differences__isnull", True),
                        ("no_access", False),
                        ("result", "right"),
                        models.Q(("seal_whole", None), ("seal_whole", True), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="round_right_is_right",
            ),
        ),
        migrations.AddConstraint(
            model_name="round",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "count"), _negated=True),
                    ("counted__isnull", False),
                    ("no_access", True),
                    _connector="OR",
                ),
                name="round_count_counts",
            ),
        ),
        migrations.AddConstraint(
            model_name="drawnkit",
            constraint=models.UniqueConstraint(
                fields=("walk", "position"), name="drawn_once_a_walk"
            ),
        ),
        Protect("naloxone_walk"),
        Protect("naloxone_round"),
        Protect("naloxone_drawnkit"),
        Protect("naloxone_kitscan"),
        migrations.RunSQL(CHECKED, UNCHECKED),
        migrations.RunSQL(STOREROOMS, migrations.RunSQL.noop),
    ]
