"""No index that another one does the work of: each makes every sign-up slower.

A receipt number is sorted by code point (``db_collation="C"``), so that its unique index also
serves searches by its beginning; Django makes one for these all the same. The answers of an
application are found by the unique index that begins with it.

The indexes are dropped by name: Django would check all foreign keys of the column anew, and nothing
of them changes.
"""

import django.db.models.deletion
from django.db import migrations, models

DROP = "\n".join(
    f"DROP INDEX IF EXISTS {name};"
    for name in (
        "members_application_receipt_number_0374aa08_like",
        "members_repeatedsending_receipt_number_8c9d0d2a_like",
        "members_extraanswer_application_id_b3434d3c",
    )
)


class Migration(migrations.Migration):
    dependencies = [("members", "0011_requests_for_erasure")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DROP, migrations.RunSQL.noop)],
            state_operations=[
                migrations.AlterField(
                    "extraanswer", "application",
                    models.ForeignKey(
                        to="members.application", on_delete=django.db.models.deletion.PROTECT,
                        related_name="extra_answers", db_index=False,
                    ),
                ),
            ],
        ),
    ]  # fmt: skip
