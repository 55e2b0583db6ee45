"""A union that is dissolved while it is still being prepared was never founded, and says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("unions", "0007_by_day")]

    operations = [
        # Of unions that are dissolved already nothing tells whether they had been founded.
        migrations.AddField(
            "union",
            "ended_in_preparation",
            models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="It was never founded, and counts as a union on no day.",
                verbose_name="dissolved in preparation",
            ),
        ),
        migrations.AddConstraint(
            "union",
            models.CheckConstraint(
                condition=models.Q(("ended_in_preparation", False))
                | models.Q(("founded_on__isnull", True), ("status", "dissolved")),
                name="unions_union_never_founded_has_ended",
            ),
        ),
    ]
