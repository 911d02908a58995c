"""A station may be closed, and its code is written in one way only."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("safety_portal", "0007_photos_stay"),
    ]

    operations = [
        migrations.AddField(
            model_name="station",
            name="closed_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="station",
            name="closing_reason",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddConstraint(
            model_name="station",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Z0-9]+(-[A-Z0-9]+)*$")),
                name="station_code_in_capitals",
            ),
        ),
    ]
