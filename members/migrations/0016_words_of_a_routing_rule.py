"""A routing rule may say by which words it tells the federation of a trade."""

from django.db import migrations, models

STORED_FORM = models.Q(trade_words__regex="^([^ 、]+(、[^ 、]+)*)?$")


class Migration(migrations.Migration):
    dependencies = [("members", "0015_codes_by_asker")]

    operations = [
        migrations.AddField(
            "routingrule",
            "trade_words",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Only where the rule looks for the federation of the trade: one of these words has to stand in its name. Write spaces or 、 between the words. Without any, the words of the worker group count; a rule for one group alone then finds every federation of a trade there.",
                max_length=120,
                verbose_name="words in the federation's name",
            ),
        ),
        migrations.AddConstraint(
            "routingrule",
            models.CheckConstraint(
                condition=STORED_FORM
                & models.Q(("trade_words", ""), ("step", "trade_federation"), _connector="OR"),
                name="members_routingrule_trade_words",
            ),
        ),
    ]
