"""Two may change a product at once: it knows its version."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("naloxone", "0028_exchanges")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
    ]
