"""The numbers at risk of one place or station and shift, newest first: for what is said now, and what was said before it."""

from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0036_readiness_stays")]

    operations = [
        migrations.RemoveIndex("atrisk", "at_risk_newest"),
        migrations.AddIndex(
            "atrisk",
            models.Index(
                models.F("station"),
                Coalesce("place", 0),
                models.F("shift"),
                models.F("id").desc(),
                name="at_risk_by_turn",
            ),
        ),
    ]
