"""Which words lead a worker group to the federation of its trade: data, no longer code.

The words are those that the portal went by before; groups that officials added keep to their name.
"""

from typing import Any

from django.db import migrations, models

STORED_FORM = models.Q(trade_words__regex="^([^ 、]+(、[^ 、]+)*)?$")

TRADE_WORDS = {
    "truck_driver": "货运、货车、物流、运输",
    "ride_hailing_driver": "网约车、出租、客运",
    "courier": "快递、邮政、寄递",
    "delivery_rider": "外卖、配送、骑手",
    "carer": "护工、护理、养老",
    "domestic_worker": "家政",
    "mall_promoter": "商场、商超、信息员",
    "estate_agent": "房产、中介、经纪",
    "security_guard": "保安、安保",
}


def fill(apps: Any, _schema_editor: Any) -> None:
    """Write them beside the groups that are there."""
    groups = apps.get_model("reference", "WorkerGroup").objects
    for code, words in TRADE_WORDS.items():
        groups.filter(pk=code).update(trade_words=words)


class Migration(migrations.Migration):
    dependencies = [("reference", "0002_worker_groups")]

    operations = [
        migrations.AddField(
            "workergroup",
            "trade_words",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Who looks for a union is led to federations with one of these words in their name. Write spaces or 、 between the words. Without any, the Chinese name of the group has to stand there.",
                max_length=120,
                verbose_name="words of the trade's federation",
            ),
        ),
        migrations.AddConstraint(
            "workergroup",
            models.CheckConstraint(condition=STORED_FORM, name="workergroup_trade_words"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
