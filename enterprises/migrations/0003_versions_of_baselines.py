"""What a baseline said when a day was published is kept, whatever becomes of the baseline."""

import django.db.models.deletion
from django.db import migrations, models

# When those of before were recorded nobody noted. So early that every published day, whose figures
# rest on them, has known them.
TAKE_OVER = """
INSERT INTO enterprises_baselineversion
    (baseline_id, group_id, group_set_id, region_id, union_id, counted_on, worker_count, source,
     recorded_at)
SELECT id, group_id, group_set_id, region_id, union_id, counted_on, worker_count, source,
    '1970-01-01 00:00:00+00'
FROM enterprises_workforcebaseline
"""

# Whoever writes a baseline, by whatever way, writes its version: in the same transaction, a
# statement at a time. The clock is read while the table is held (``await_baselines``). A new keeper
# or another note is no new version: no figure rests on them.
FEED = """
CREATE FUNCTION enterprises_version_baselines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE enterprises_baselineversion v SET superseded_at = moment
        FROM was WHERE v.baseline_id = was.id AND v.superseded_at IS NULL;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        UPDATE enterprises_baselineversion v SET superseded_at = moment
        FROM was LEFT JOIN now ON now.id = was.id
        WHERE v.baseline_id = was.id AND v.superseded_at IS NULL
          AND (was.group_id, was.group_set_id, was.region_id, was.union_id, was.counted_on,
               was.worker_count, was.source)
            IS DISTINCT FROM (now.group_id, now.group_set_id, now.region_id, now.union_id,
               now.counted_on, now.worker_count, now.source);
    END IF;
    INSERT INTO enterprises_baselineversion
        (baseline_id, group_id, group_set_id, region_id, union_id, counted_on, worker_count,
         source, recorded_at)
    SELECT id, group_id, group_set_id, region_id, union_id, counted_on, worker_count, source, moment
    FROM now WHERE NOT EXISTS (
        SELECT FROM enterprises_baselineversion v
        WHERE v.baseline_id = now.id AND v.superseded_at IS NULL);
    RETURN NULL;
END
$$;

CREATE TRIGGER enterprises_baseline_recorded AFTER INSERT ON enterprises_workforcebaseline
    REFERENCING NEW TABLE AS now
    FOR EACH STATEMENT EXECUTE FUNCTION enterprises_version_baselines();
CREATE TRIGGER enterprises_baseline_changed AFTER UPDATE ON enterprises_workforcebaseline
    REFERENCING OLD TABLE AS was NEW TABLE AS now
    FOR EACH STATEMENT EXECUTE FUNCTION enterprises_version_baselines();
CREATE TRIGGER enterprises_baseline_deleted AFTER DELETE ON enterprises_workforcebaseline
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION enterprises_version_baselines();

CREATE FUNCTION enterprises_keep_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL
        AND to_jsonb(OLD) - 'superseded_at' = to_jsonb(NEW) - 'superseded_at'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER enterprises_baselineversion_append_only
    BEFORE UPDATE OR DELETE ON enterprises_baselineversion
    FOR EACH ROW EXECUTE FUNCTION enterprises_keep_versions();
"""
NO_FEED = """
DROP TRIGGER enterprises_baselineversion_append_only ON enterprises_baselineversion;
DROP FUNCTION enterprises_keep_versions();
DROP TRIGGER enterprises_baseline_recorded ON enterprises_workforcebaseline;
DROP TRIGGER enterprises_baseline_changed ON enterprises_workforcebaseline;
DROP TRIGGER enterprises_baseline_deleted ON enterprises_workforcebaseline;
DROP FUNCTION enterprises_version_baselines();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('enterprises', '0002_employer_by_name'),
        ('reference', '0002_worker_groups'),
        ('unions', '0007_by_day'),
    ]

    operations = [
        migrations.CreateModel(
            name='BaselineVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('baseline_id', models.BigIntegerField()),
                ('counted_on', models.DateField()),
                ('worker_count', models.PositiveBigIntegerField()),
                ('source', models.CharField(max_length=200)),
                ('recorded_at', models.DateTimeField()),
                ('superseded_at', models.DateTimeField(null=True)),
                ('group', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reference.workergroup')),
                ('group_set', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reference.groupset')),
                ('region', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reference.region')),
                ('union', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='unions.union')),
            ],
            options={
                'verbose_name': 'version of a workforce baseline',
                'verbose_name_plural': 'versions of workforce baselines',
                'constraints': [models.UniqueConstraint(condition=models.Q(('superseded_at__isnull', True)), fields=('baseline_id',), name='enterprises_baseline_one_standing')],
            },
        ),
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
        migrations.RunSQL(FEED, NO_FEED),
    ]
