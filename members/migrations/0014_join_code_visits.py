"""How often the form of a code is opened a day: the first step of the funnel of the dashboards."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0013_announcing_who_left")]

    operations = [
        migrations.CreateModel(
            name="JoinCodeVisit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("count", models.PositiveIntegerField()),
                (
                    "code",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="members.joincode",
                    ),
                ),
            ],
            options={
                "verbose_name": "openings of a form on a day",
                "verbose_name_plural": "openings of forms by day",
                "indexes": [models.Index(fields=["day"], name="members_join_code_visit_by_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("code", "day"), name="members_join_code_visit_once"
                    )
                ],
            },
        ),
    ]
