"""Members also ask for erasure (PIPL art. 47), by the requests they ask for corrections with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0010_leaner_indexes")]

    operations = [
        migrations.AlterModelOptions(
            name="datarequest",
            options={
                "ordering": ("-asked_at", "-id"),
                "verbose_name": "request about the own data",
                "verbose_name_plural": "requests about the own data",
            },
        ),
        migrations.AlterField(
            model_name="datarequest",
            name="field",
            field=models.CharField(
                choices=[
                    ("name", "name"),
                    ("id_number", "document number"),
                    ("worker_group", "worker group"),
                    ("erasure", "erasure of the personal data"),
                ],
                max_length=16,
                verbose_name="field",
            ),
        ),
    ]
