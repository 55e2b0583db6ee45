"""One row holds all worker groups of a union on a day: what stood in rows of its own moves there."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

ASIDE = """
ALTER TABLE reports_dailycount RENAME TO reports_dailycount_old;
ALTER TABLE reports_dailycount_old RENAME CONSTRAINT reports_dailycount_pkey
    TO reports_dailycount_old_pkey;
DROP INDEX reports_daily_count_by_day;
ANALYZE reports_dailycount_old;
"""

NUMBER = """
INSERT INTO reports_groupnumber (worker_group_id)
SELECT code FROM reference_workergroup ORDER BY code;
"""

# Changes left by a night that broke off wait on.
NUMBER_CHANGES = """
ALTER TABLE reports_nightdelta ADD COLUMN group_number smallint;
UPDATE reports_nightdelta d SET group_number = n.number
FROM reports_groupnumber n WHERE n.worker_group_id = d.breakdown;
ALTER TABLE reports_nightdelta ALTER COLUMN group_number SET NOT NULL, DROP COLUMN breakdown;
"""

# What changed of single groups, added to what stood: a group that is new gets the next place.
ADD_GROUPS = """
CREATE FUNCTION reports_add_groups(
    INOUT groups smallint[], INOUT group_members integer[], INOUT group_retained integer[],
    INOUT group_joined integer[], INOUT group_rejoined integer[],
    changed smallint[], members integer[], retained integer[], joined integer[],
    rejoined integer[]
) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    place integer;
BEGIN
    groups := COALESCE(groups, '{}');
    FOR i IN 1 .. cardinality(changed) LOOP
        place := array_position(groups, changed[i]);
        IF place IS NULL THEN
            groups := groups || changed[i];
            place := cardinality(groups);
        END IF;
        IF members[i] <> 0 THEN
            IF group_members IS NULL THEN group_members := array_fill(0, ARRAY[place]); END IF;
            group_members[place] := COALESCE(group_members[place], 0) + members[i];
        END IF;
        IF retained[i] <> 0 THEN
            IF group_retained IS NULL THEN group_retained := array_fill(0, ARRAY[place]); END IF;
            group_retained[place] := COALESCE(group_retained[place], 0) + retained[i];
        END IF;
        IF joined[i] <> 0 THEN
            IF group_joined IS NULL THEN group_joined := array_fill(0, ARRAY[place]); END IF;
            group_joined[place] := COALESCE(group_joined[place], 0) + joined[i];
        END IF;
        IF rejoined[i] <> 0 THEN
            IF group_rejoined IS NULL THEN group_rejoined := array_fill(0, ARRAY[place]); END IF;
            group_rejoined[place] := COALESCE(group_rejoined[place], 0) + rejoined[i];
        END IF;
    END LOOP;
END
$$;
"""

# A row for each day on which any figure of the union changed; of each group that has been counted
# by then the latest row up to the day.
TAKE_OVER = """
CREATE TEMP TABLE old_group ON COMMIT DROP AS
SELECT DISTINCT o.union_id, o.breakdown, n.number FROM reports_dailycount_old o
JOIN reports_groupnumber n ON n.worker_group_id = o.breakdown;
CREATE INDEX ON old_group (union_id);
ANALYZE old_group;
INSERT INTO reports_dailycount
    (union_id, day, members, retained, joined, rejoined, definition_version,
     groups, group_members, group_retained, group_joined, group_rejoined)
SELECT d.union_id, d.day, COALESCE(t.members, 0), COALESCE(t.retained, 0), COALESCE(t.joined, 0),
       COALESCE(t.rejoined, 0), COALESCE(t.definition_version, 1),
       COALESCE(g.groups, '{}'), g.members, g.retained, g.joined, g.rejoined
FROM (SELECT DISTINCT union_id, day FROM reports_dailycount_old) d
LEFT JOIN LATERAL (
    SELECT members, retained, joined, rejoined, definition_version FROM reports_dailycount_old o
    WHERE o.union_id = d.union_id AND o.breakdown = '' AND o.day <= d.day
    ORDER BY o.day DESC LIMIT 1) t ON true
CROSS JOIN LATERAL (
    SELECT array_agg(number ORDER BY number) AS groups,
           CASE WHEN bool_or(members <> 0) THEN array_agg(members ORDER BY number) END AS members,
           CASE WHEN bool_or(retained <> 0) THEN array_agg(retained ORDER BY number) END
               AS retained,
           CASE WHEN bool_or(joined <> 0) THEN array_agg(joined ORDER BY number) END AS joined,
           CASE WHEN bool_or(rejoined <> 0) THEN array_agg(rejoined ORDER BY number) END
               AS rejoined
    FROM old_group k
    CROSS JOIN LATERAL (
        SELECT o.members, o.retained, o.joined, o.rejoined FROM reports_dailycount_old o
        WHERE o.union_id = d.union_id AND o.breakdown = k.breakdown AND o.day <= d.day
        ORDER BY o.day DESC LIMIT 1) latest
    WHERE k.union_id = d.union_id
) g
ORDER BY d.day, d.union_id;
DROP TABLE reports_dailycount_old;
ANALYZE reports_dailycount;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reference", "0002_worker_groups"),
        ("reports", "0008_forecast_weights"),
        ("unions", "0006_closings"),
    ]

    operations = [
        migrations.RunSQL(ASIDE, state_operations=[migrations.DeleteModel("DailyCount")]),
        migrations.CreateModel(
            name="DailyCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "union_id",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("members", models.IntegerField(db_default=0, default=0)),
                ("retained", models.IntegerField(db_default=0, default=0)),
                ("joined", models.IntegerField(db_default=0, default=0)),
                ("rejoined", models.IntegerField(db_default=0, default=0)),
                ("definition_version", models.PositiveSmallIntegerField(db_default=1, default=1)),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(),
                        db_default=[],
                        default=list,
                        size=None,
                    ),
                ),
                *(
                    (
                        f"group_{metric}",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.IntegerField(), null=True, size=None
                        ),
                    )
                    for metric in ("members", "retained", "joined", "rejoined")
                ),
                (
                    "union",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="daily_counts",
                        to="unions.union",
                    ),
                ),
            ],
            options={
                "verbose_name": "daily count",
                "verbose_name_plural": "daily counts",
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True, fields=["day"], name="reports_daily_count_by_day"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GroupNumber",
            fields=[
                ("number", models.SmallAutoField(primary_key=True, serialize=False)),
                (
                    "worker_group",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="reference.workergroup",
                    ),
                ),
            ],
            options={
                "verbose_name": "number of a worker group",
                "verbose_name_plural": "numbers of worker groups",
            },
        ),
        migrations.RunSQL(NUMBER),
        migrations.RunSQL(
            NUMBER_CHANGES,
            state_operations=[
                migrations.RemoveField("nightdelta", "breakdown"),
                migrations.AddField("nightdelta", "group_number", models.SmallIntegerField()),
            ],
        ),
        migrations.RunSQL(ADD_GROUPS, "DROP FUNCTION reports_add_groups"),
        migrations.RunSQL(TAKE_OVER),
    ]
