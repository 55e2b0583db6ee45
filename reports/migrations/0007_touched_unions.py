"""Unions that changed leave a word for the night, which then need not compare all of them."""

from django.db import migrations, models

# As reports.counting.registers: what a union counts as, and where, follows from these columns, the
# day, and where it stood before (unions_pastpath). In the transaction of the change, a statement
# at a time.
FEED = """
CREATE FUNCTION reports_touch_new_unions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports_touchedunion (union_id, until)
    SELECT id, GREATEST(
        COALESCE(founded_on, (created_at AT TIME ZONE 'Asia/Shanghai')::date), closed_on)
    FROM now;
    RETURN NULL;
END
$$;

CREATE FUNCTION reports_touch_unions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports_touchedunion (union_id, until)
    SELECT now.id, GREATEST(
        COALESCE(now.founded_on, (now.created_at AT TIME ZONE 'Asia/Shanghai')::date),
        now.closed_on)
    FROM was JOIN now USING (id)
    WHERE (was.path, was.kind_id, was.status, was.is_nef, was.founded_on, was.closed_on,
           was.created_at)
        IS DISTINCT FROM (now.path, now.kind_id, now.status, now.is_nef, now.founded_on,
           now.closed_on, now.created_at);
    RETURN NULL;
END
$$;

CREATE TRIGGER reports_union_recorded AFTER INSERT ON unions_union
    REFERENCING NEW TABLE AS now
    FOR EACH STATEMENT EXECUTE FUNCTION reports_touch_new_unions();
CREATE TRIGGER reports_union_touched AFTER UPDATE ON unions_union
    REFERENCING OLD TABLE AS was NEW TABLE AS now
    FOR EACH STATEMENT EXECUTE FUNCTION reports_touch_unions();
"""
NO_FEED = """
DROP TRIGGER reports_union_recorded ON unions_union;
DROP TRIGGER reports_union_touched ON unions_union;
DROP FUNCTION reports_touch_new_unions();
DROP FUNCTION reports_touch_unions();
"""

# Nothing is known of what changed since the last night: the next one compares all.
ALL = """
INSERT INTO reports_touchedunion (union_id, until)
SELECT id, GREATEST(
    COALESCE(founded_on, (created_at AT TIME ZONE 'Asia/Shanghai')::date), closed_on)
FROM unions_union
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0006_establishment"), ("unions", "0006_closings")]

    operations = [
        migrations.CreateModel(
            name="TouchedUnion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("union_id", models.BigIntegerField()),
                ("until", models.DateField()),
            ],
            options={
                "verbose_name": "union to be compared",
                "verbose_name_plural": "unions to be compared",
            },
        ),
        migrations.RunSQL(FEED, NO_FEED),
        migrations.RunSQL(ALL, migrations.RunSQL.noop),
    ]
