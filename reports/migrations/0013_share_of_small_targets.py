"""A target may be small and what was reached large: the column holds every share."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0012_open_drifts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="campaignprogress",
            name="share",
            field=models.DecimalField(decimal_places=6, max_digits=26, null=True),
        ),
    ]
