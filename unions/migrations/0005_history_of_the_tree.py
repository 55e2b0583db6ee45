"""Where unions stood before they moved, and into which a union was merged.

Places left are append-only: the figures of past days are computed from them.
"""

import django.db.models.deletion
from django.db import migrations, models


GUARD = """
CREATE FUNCTION unions_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER unions_pastpath_append_only
    BEFORE UPDATE OR DELETE ON unions_pastpath
    FOR EACH ROW EXECUTE FUNCTION unions_refuse_change();
"""

UNGUARD = """
DROP TRIGGER unions_pastpath_append_only ON unions_pastpath;
DROP FUNCTION unions_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('reference', '0002_worker_groups'),
        ('unions', '0004_holding_pool'),
    ]

    operations = [
        migrations.CreateModel(
            name='PastPath',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.TextField(db_collation='C', verbose_name='path')),
                ('until', models.DateField(verbose_name='last day')),
                ('union', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='past_paths', to='unions.union', verbose_name='union')),
            ],
            options={
                'verbose_name': 'earlier place in the tree',
                'verbose_name_plural': 'earlier places in the tree',
                'indexes': [
                    models.Index(fields=['until'], name='unions_past_path_until'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('union', 'until'), name='unions_past_path_once_a_day'),
                ],
            },
        ),
        migrations.AddField(
            model_name='union',
            name='merged_into',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='unions.union', verbose_name='merged into'),
        ),
        migrations.AddConstraint(
            model_name='union',
            constraint=models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), models.Q(('status', 'dissolved'), models.Q(('merged_into', models.F('id')), _negated=True)), _connector='OR'), name='unions_union_merged_is_dissolved'),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
