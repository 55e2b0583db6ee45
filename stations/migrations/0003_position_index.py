"""An index on the coordinates, for the search of the nearest stations."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stations", "0002_kinds_and_facilities")]

    operations = [
        migrations.AddIndex(
            model_name="station",
            index=models.Index(fields=["latitude", "longitude"], name="stations_position"),
        )
    ]
