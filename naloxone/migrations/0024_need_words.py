"""What people say of kits: whether they would work in need. The newest word is projected on the kit."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from safety_portal.append_only import Protect

# The word itself stays; what it makes of the kit is the trigger's to write, as all of the kit's projection is.
PROJECT = """
create function need_word_project() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update naloxone_kit set works = new.works where id = new.kit_id;
    return null;
end $$;
create trigger need_word_projected after insert on naloxone_needword
    for each row execute function need_word_project();
"""
UNDO = """
drop trigger need_word_projected on naloxone_needword;
drop function need_word_project();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0023_nil_reports"),
        ("safety_portal", "0014_deputies"),
    ]

    operations = [
        migrations.AddField(
            model_name="kit",
            name="works",
            field=models.BooleanField(db_default=True),
        ),
        migrations.CreateModel(
            name="NeedWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("works", models.BooleanField()),
                ("why", models.CharField(max_length=500)),
                ("request_key", models.UUIDField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "act",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="words",
                        to="naloxone.act",
                    ),
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
                        related_name="words",
                        to="naloxone.kit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kit", "request_key"), name="need_word_once_a_request"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("why", ""), _negated=True), name="need_word_says_why"
                    ),
                ],
            },
        ),
        Protect("naloxone_needword"),
        migrations.RunSQL(PROJECT, UNDO),
    ]
