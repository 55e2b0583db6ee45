"""Mergers and dissolutions: what was decided, and whether it is done."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('unions', '0005_history_of_the_tree'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='UnionClosing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('merged', 'merger'), ('dissolved', 'dissolution')], max_length=10, verbose_name='kind')),
                ('retains_members', models.BooleanField(default=False, verbose_name='memberships are retained')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('decision_number', models.CharField(blank=True, max_length=60, verbose_name='number of the decision')),
                ('memberships', models.PositiveIntegerField(default=0, verbose_name='memberships')),
                ('asked_at', models.DateTimeField(verbose_name='asked')),
                ('closed_on', models.DateField(null=True, verbose_name='dissolved on')),
                ('status', models.CharField(choices=[('open', 'members are being carried over'), ('done', 'done'), ('refused', 'not done')], default='open', max_length=8, verbose_name='status')),
                ('refusal', models.CharField(blank=True, max_length=300, verbose_name='why it was not done')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('into', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='taken_over', to='unions.union', verbose_name='union that takes over')),
                ('union', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='closings', to='unions.union', verbose_name='union')),
            ],
            options={
                'verbose_name': 'closing of a union',
                'verbose_name_plural': 'closings of unions',
                'ordering': ('-id',),
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('union',), name='unions_closing_open_once'), models.UniqueConstraint(condition=models.Q(('status', 'done')), fields=('union',), name='unions_closing_done_once'), models.CheckConstraint(condition=models.Q(('into__isnull', True), models.Q(('into', models.F('union')), _negated=True), _connector='OR'), name='unions_closing_not_into_itself'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'done'), _negated=True), ('closed_on__isnull', False), _connector='OR'), name='unions_closing_done_on_a_day')],
            },
        ),
    ]
