"""A reminder says how many letters went; of earlier ones it is not known (NULL)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_reminded_of_a_day")]

    operations = [
        migrations.AddField(
            "handinreminder", "letters", models.PositiveSmallIntegerField(null=True)
        ),
    ]
