"""Audit rows, medical facts and their reads are only ever added to."""

from django.db import migrations

from safety_portal.append_only import InstallRefusal, Protect


class Migration(migrations.Migration):
    dependencies = [("safety_portal", "0001_core")]

    operations = [
        InstallRefusal(),
        Protect("safety_portal_auditrow"),
        Protect("safety_portal_medicalentry"),
        Protect("safety_portal_medicalread"),
    ]
