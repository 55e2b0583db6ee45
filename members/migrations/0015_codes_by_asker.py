"""Who asked for a code, and whether one was sent: what is told depends on the asker alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0014_join_code_visits")]

    operations = [
        migrations.AddField(
            "onetimecode", "asker_hash", models.BinaryField(max_length=32, null=True)
        ),
        migrations.AddField(
            "onetimecode", "is_sent", models.BooleanField(db_default=True, default=True)
        ),
    ]
