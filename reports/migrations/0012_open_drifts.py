"""Drifts that are not mended are found among all that ever were."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0011_foundings")]

    operations = [
        migrations.AddIndex(
            "drift",
            models.Index(
                fields=["union"], condition=models.Q(("mended_at", None)), name="reports_drift_open"
            ),
        ),
    ]
