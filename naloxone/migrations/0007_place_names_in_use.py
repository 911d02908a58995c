"""The name of a closed place is free again, capitals make no other name, and only places are closed."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("naloxone", "0006_closed_takes_nothing"),
        ("safety_portal", "0004_loans_have_an_end"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="holder",
            name="place_name_once_a_station",
        ),
        migrations.AddConstraint(
            model_name="holder",
            constraint=models.UniqueConstraint(
                models.F("station"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("closed_on", None), ("kind__in", ["storage", "vehicle"])),
                name="place_name_once_in_use",
            ),
        ),
        migrations.AddConstraint(
            model_name="holder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_on", None), ("kind__in", ["storage", "vehicle"]), _connector="OR"
                ),
                name="holder_only_places_close",
            ),
        ),
    ]
