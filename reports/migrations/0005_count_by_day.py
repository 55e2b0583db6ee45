"""The rows of a day are found without reading all of the history."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0004_books"),
        ("unions", "0006_closings"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="dailycount",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["day"], name="reports_daily_count_by_day"
            ),
        ),
    ]
