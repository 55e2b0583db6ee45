"""A unit that was reminded of one due day is reminded anew of another."""

from django.db import migrations, models

# Of which day it was is not known any more: of the one that stands.
OF_TODAY = """
UPDATE campaigns_handinreminder r SET due_on = q.due_on
FROM campaigns_requirement q WHERE q.id = r.requirement_id
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_hand_ins_versions_records")]

    operations = [
        migrations.AddField("handinreminder", "due_on", models.DateField(null=True)),
        migrations.RunSQL(OF_TODAY, migrations.RunSQL.noop),
        migrations.AlterField("handinreminder", "due_on", models.DateField()),
        migrations.RemoveConstraint("handinreminder", "campaigns_reminder_once_a_day"),
        migrations.AddConstraint(
            "handinreminder",
            models.UniqueConstraint(
                fields=["requirement", "unit", "due_on", "days"],
                name="campaigns_reminder_once_a_day",
            ),
        ),
    ]
