"""Load the thresholds from which a target counts as ahead, on pace, behind or at risk."""

from decimal import Decimal
from typing import Any

from django.db import migrations

# Pace is the share of the target divided by the share of time that has gone: 1 is exactly on it.
THRESHOLDS = (
    ("ahead", Decimal("1.10")),
    ("on_pace", Decimal("0.95")),
    ("behind", Decimal("0.70")),
    ("at_risk", Decimal("0.00")),
)


def load(apps: Any, _schema_editor: Any) -> None:
    """Write the rows that are not there yet; what officials edited stays."""
    model = apps.get_model("reports", "PaceThreshold")
    model.objects.bulk_create(
        (model(status=status, minimum_pace=pace) for status, pace in THRESHOLDS),
        ignore_conflicts=True,
    )


def unload(apps: Any, _schema_editor: Any) -> None:
    """Take them out again."""
    apps.get_model("reports", "PaceThreshold").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]

    operations = [migrations.RunPython(load, unload)]
