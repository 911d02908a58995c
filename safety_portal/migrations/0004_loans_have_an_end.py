"""A loan without an end is refused by the database too."""

import datetime
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("safety_portal", "0003_the_portal"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="grant",
            name="grant_loan_has_an_end",
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("lent_from", None),
                    models.Q(
                        ("ends_at__isnull", False),
                        (
                            "ends_at__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("starts_at"),
                                "+",
                                models.Value(datetime.timedelta(days=14)),
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="grant_loan_has_an_end",
            ),
        ),
    ]
