"""What the nights found of the register of employers, and the sums of units from it."""

import django.db.models.deletion
from django.db import migrations, models


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
    ]
