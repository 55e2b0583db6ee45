"""Every night asks which unions begin or end with the day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reference", "0002_worker_groups"),
        ("unions", "0006_closings"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="union",
            index=models.Index(fields=["founded_on"], name="unions_union_by_founding"),
        ),
        migrations.AddIndex(
            model_name="union",
            index=models.Index(fields=["closed_on"], name="unions_union_by_closing"),
        ),
    ]
