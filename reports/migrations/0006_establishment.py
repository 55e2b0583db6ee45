"""What the nights found of the register of employers, and the sums of units from it."""

import django.db.models.deletion
from django.db import migrations, models

# Who changes an employer, or the place or standing of its keeper or covering union, leaves a word
# for the night: in the same transaction, a statement at a time.
FEED = """
CREATE FUNCTION reports_touch_employers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports_touchedemployer (employer_id) SELECT id FROM changed;
    RETURN NULL;
END
$$;

CREATE TRIGGER reports_employer_recorded AFTER INSERT ON enterprises_employer
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION reports_touch_employers();
CREATE TRIGGER reports_employer_changed AFTER UPDATE ON enterprises_employer
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION reports_touch_employers();
CREATE TRIGGER reports_employer_deleted AFTER DELETE ON enterprises_employer
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION reports_touch_employers();

CREATE FUNCTION reports_touch_employers_of_unions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH changed AS (
        SELECT now.id FROM was JOIN now USING (id)
        WHERE (was.path, was.status, was.founded_on, was.closed_on)
            IS DISTINCT FROM (now.path, now.status, now.founded_on, now.closed_on)
    )
    INSERT INTO reports_touchedemployer (employer_id)
    SELECT e.id FROM changed JOIN enterprises_employer e ON e.keeper_id = changed.id
    UNION
    SELECT e.id FROM changed JOIN enterprises_employer e ON e.covering_union_id = changed.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER reports_union_changed AFTER UPDATE ON unions_union
    REFERENCING OLD TABLE AS was NEW TABLE AS now
    FOR EACH STATEMENT EXECUTE FUNCTION reports_touch_employers_of_unions();
"""
NO_FEED = """
DROP TRIGGER reports_union_changed ON unions_union;
DROP FUNCTION reports_touch_employers_of_unions();
DROP TRIGGER reports_employer_recorded ON enterprises_employer;
DROP TRIGGER reports_employer_changed ON enterprises_employer;
DROP TRIGGER reports_employer_deleted ON enterprises_employer;
DROP FUNCTION reports_touch_employers();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('enterprises', '0002_employer_by_name'),
        ('reports', '0005_count_by_day'),
        ('unions', '0006_closings'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyEstablishment',
            fields=[
                ('pk', models.CompositePrimaryKey('union_id', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('units', models.IntegerField()),
                ('covered', models.IntegerField()),
                ('marked_only', models.IntegerField()),
                ('firms', models.IntegerField()),
                ('covered_firms', models.IntegerField()),
                ('staff', models.BigIntegerField()),
                ('without_staff', models.IntegerField()),
                ('union', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='unions.union')),
            ],
            options={
                'verbose_name': 'daily establishment',
                'verbose_name_plural': 'daily establishments',
            },
        ),
        migrations.CreateModel(
            name='CountedEmployer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateField()),
                ('until', models.DateField(null=True)),
                ('path', models.TextField(db_collation='C')),
                ('is_covered', models.BooleanField()),
                ('is_marked', models.BooleanField()),
                ('is_firm', models.BooleanField()),
                ('staff_count', models.PositiveIntegerField(null=True)),
                ('covering_union', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='unions.union')),
                ('employer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='enterprises.employer')),
            ],
            options={
                'verbose_name': 'counted employer',
                'verbose_name_plural': 'counted employers',
                'indexes': [models.Index(fields=['path'], name='reports_counted_employer_path'), models.Index(fields=['since'], name='reports_counted_employer_new'), models.Index(condition=models.Q(('until__isnull', False)), fields=['until'], name='reports_counted_employer_old')],
                'constraints': [models.UniqueConstraint(fields=('employer', 'since'), name='reports_counted_employer_since'), models.UniqueConstraint(condition=models.Q(('until__isnull', True)), fields=('employer',), name='reports_counted_employer_one_now')],
            },
        ),
        migrations.CreateModel(
            name='TouchedEmployer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('employer_id', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'employer to be counted',
                'verbose_name_plural': 'employers to be counted',
            },
        ),
        migrations.RunSQL(FEED, NO_FEED),
    ]
