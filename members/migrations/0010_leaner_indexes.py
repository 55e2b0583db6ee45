"""No index of its own where another begins with the column; a union's entries are added up from
their index alone.

The indexes are dropped by name: Django would check all foreign keys of the column anew, and nothing
of them changes.
"""

import django.db.models.deletion
from django.db import migrations, models

DROP = "\n".join(
    f"DROP INDEX IF EXISTS {name};"
    for name in (
        "members_member_home_union_id_9e825d39",
        "members_membership_union_id_3b36218a",
        "members_membership_worker_group_id_b2694c0c",
        "members_membership_worker_group_id_b2694c0c_like",
        "members_membershipevent_corrects_id_9406081e",
        "members_membershipevent_union_id_2dcc3dfe",
        "members_membershipevent_worker_group_id_c841c16d",
        "members_membershipevent_worker_group_id_c841c16d_like",
    )
)


def _without_index(model: str, name: str, to: str, **options: object) -> migrations.AlterField:
    return migrations.AlterField(
        model,
        name,
        models.ForeignKey(
            to, on_delete=django.db.models.deletion.PROTECT, db_index=False, **options
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0009_applications_by_time"),
        ("reference", "0002_worker_groups"),
        ("unions", "0006_closings"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DROP, migrations.RunSQL.noop)],
            state_operations=[
                _without_index(
                    "member", "home_union", "unions.union", related_name="+", verbose_name="union"
                ),
                _without_index(
                    "membership", "union", "unions.union",
                    related_name="memberships", verbose_name="union",
                ),
                _without_index(
                    "membership", "worker_group", "reference.workergroup",
                    related_name="+", verbose_name="worker group",
                ),
                _without_index(
                    "membershipevent", "corrects", "members.membershipevent",
                    related_name="corrections", blank=True, null=True,
                ),
                _without_index(
                    "membershipevent", "union", "unions.union",
                    related_name="+", verbose_name="union",
                ),
                _without_index(
                    "membershipevent", "worker_group", "reference.workergroup",
                    related_name="+", verbose_name="worker group",
                ),
            ],
        ),
        migrations.RemoveIndex("membershipevent", "members_event_of_union"),
        migrations.AddIndex(
            "membershipevent",
            models.Index(
                fields=["union", "worker_group", "effective_on"],
                include=["active_change", "retained_change", "joined_change", "rejoined_change"],
                name="members_event_of_union",
            ),
        ),
    ]  # fmt: skip
