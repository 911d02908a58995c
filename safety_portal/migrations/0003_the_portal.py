"""The one person in whose name sweeps and imports act."""

from django.db import migrations


def seed(apps, schema_editor):
    people = apps.get_model("safety_portal", "Person").objects.using(schema_editor.connection.alias)
    people.create(kind="portal", given_name="The portal")


def unseed(apps, schema_editor):
    people = apps.get_model("safety_portal", "Person").objects.using(schema_editor.connection.alias)
    people.filter(kind="portal").delete()


class Migration(migrations.Migration):
    dependencies = [("safety_portal", "0002_rows_stay")]

    operations = [migrations.RunPython(seed, unseed)]
