"""A target of 0 has a status of its own; a threshold belongs to a status that follows from pace."""

from typing import Any

from django.db import migrations, models

PACE = [
    ("ahead", "ahead"),
    ("on_pace", "on pace"),
    ("behind", "behind"),
    ("at_risk", "at risk"),
]


def drop_strays(apps: Any, _schema_editor: Any) -> None:
    """Take out thresholds of statuses that no pace leads to: one of "no data" hid measured ones."""
    model = apps.get_model("reports", "PaceThreshold")
    model.objects.exclude(status__in=[status for status, _label in PACE]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0013_share_of_small_targets"),
    ]

    operations = [
        migrations.RunPython(drop_strays, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="campaignprogress",
            name="status",
            field=models.CharField(
                choices=[
                    ("reached", "reached"),
                    *PACE,
                    ("not_started", "not started"),
                    ("no_data", "no data"),
                    ("no_target", "target of 0"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="pacethreshold",
            name="status",
            field=models.CharField(
                choices=PACE,
                max_length=12,
                primary_key=True,
                serialize=False,
                verbose_name="status",
            ),
        ),
    ]
