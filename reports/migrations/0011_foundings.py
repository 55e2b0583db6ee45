"""The books keep where, as what and on which day each founding was counted."""

from django.db import migrations, models

# Where the union ``u`` stood when a day ended, as unions.history; the day it was founded, as
# reports.counting.registers.
PATH_ON = """COALESCE((
        SELECT p.path FROM unions_pastpath p
        WHERE p.union_id = u.id AND p.until >= {day} ORDER BY p.until LIMIT 1), u.path)"""
FOUNDED = "COALESCE(u.founded_on, (u.created_at AT TIME ZONE 'Asia/Shanghai')::date)"

# A figure is what a union and those right below it made of it: what changed of it on a day, less
# what changed of theirs, is the union's own. Where that leaves one founding of one kind, kind and
# day are told. Else the register says what is likeliest, and the day stays unknown.
TELL = f"""
WITH changed AS MATERIALIZED (
    SELECT union_id, breakdown AS kind, day, value - COALESCE(LAG(value) OVER (
               PARTITION BY union_id, breakdown ORDER BY day), 0) AS change
    FROM reports_dailyunitcount WHERE metric = 'unions_founded' AND breakdown <> ''
),
placed AS MATERIALIZED (
    SELECT c.*, string_to_array(rtrim({PATH_ON.format(day="c.day")}, '/'), '/')::bigint[] AS line
    FROM changed c JOIN unions_union u ON u.id = c.union_id
),
own AS (
    SELECT s.union_id, p.kind, p.day, SUM(s.change) AS change
    FROM placed p
    CROSS JOIN LATERAL (VALUES
        (p.union_id, p.change), (p.line[cardinality(p.line) - 1], -p.change)
    ) AS s(union_id, change)
    WHERE s.union_id IS NOT NULL
    GROUP BY 1, 2, 3
    HAVING SUM(s.change) <> 0
),
left_over AS (
    SELECT union_id, kind, SUM(change) AS foundings, MAX(day) FILTER (WHERE change > 0) AS day
    FROM own GROUP BY 1, 2
    HAVING SUM(change) <> 0
),
told AS (
    SELECT union_id, MIN(kind) AS kind, MIN(day) AS day
    FROM left_over GROUP BY 1
    HAVING COUNT(*) = 1 AND SUM(foundings) = 1
)
UPDATE reports_countedunion c
SET founding_path = {PATH_ON.format(day=f"COALESCE(t.day, {FOUNDED})")},
    founding_kind = COALESCE(t.kind, c.kind), founding_counted_on = t.day
FROM unions_union u LEFT JOIN told t ON t.union_id = u.id
WHERE u.id = c.union_id AND c.is_founded;
"""

# What stands and is not accounted for by these: a union had moved on the day it was counted, was of
# another kind, or its founding was taken back elsewhere. That was published, and stands on.
PUT_DOWN = """
INSERT INTO reports_untoldfounding (union_id, kind, value)
SELECT union_id, kind, COALESCE(s.value, 0) - COALESCE(t.value, 0)
FROM (
    SELECT DISTINCT ON (union_id, breakdown) union_id, breakdown AS kind, value
    FROM reports_dailyunitcount WHERE metric = 'unions_founded' AND breakdown <> ''
    ORDER BY union_id, breakdown, day DESC
) s
FULL JOIN (
    SELECT a.id AS union_id, c.founding_kind AS kind, COUNT(*) AS value
    FROM reports_countedunion c
    CROSS JOIN LATERAL
        unnest(string_to_array(rtrim(c.founding_path, '/'), '/')::bigint[]) AS a(id)
    WHERE c.is_founded
    GROUP BY 1, 2
) t USING (union_id, kind)
WHERE COALESCE(s.value, 0) <> COALESCE(t.value, 0)
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0010_packed_changes"), ("unions", "0007_by_day")]

    operations = [
        migrations.AddField(
            "countedunion", "founding_path", models.TextField(db_collation="C", null=True)
        ),
        migrations.AddField(
            "countedunion", "founding_kind", models.CharField(max_length=40, null=True)
        ),
        migrations.AddField("countedunion", "founding_counted_on", models.DateField(null=True)),
        migrations.CreateModel(
            name="UntoldFounding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("union_id", models.BigIntegerField()),
                ("kind", models.CharField(max_length=40)),
                ("value", models.IntegerField()),
            ],
            options={
                "verbose_name": "foundings not told of a union",
                "verbose_name_plural": "foundings not told of a union",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["union_id", "kind"], name="reports_untold_founding_unique"
                    )
                ],
            },
        ),
        migrations.RunSQL(TELL, migrations.RunSQL.noop),
        migrations.RunSQL(PUT_DOWN, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "countedunion",
            models.CheckConstraint(
                condition=models.Q(
                    is_founded=True, founding_path__isnull=False, founding_kind__isnull=False
                )
                | models.Q(
                    is_founded=False,
                    founding_path=None,
                    founding_kind=None,
                    founding_counted_on=None,
                ),
                name="reports_counted_founding_has_a_place",
            ),
        ),
    ]
