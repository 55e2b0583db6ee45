"""A further form for an application that waits has a receipt of its own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enterprises', '0002_employer_by_name'),
        ('members', '0006_fewer_indexes_on_applications'),
        ('reference', '0002_worker_groups'),
        ('unions', '0004_holding_pool'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RepeatedSending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('receipt_number', models.CharField(db_collation='C', max_length=16, unique=True, verbose_name='receipt number')),
                ('sent_at', models.DateTimeField(verbose_name='sent')),
                ('name', models.CharField(blank=True, max_length=60, verbose_name='name')),
                ('employer_name', models.CharField(blank=True, max_length=120, verbose_name='employer or platform')),
                ('text_ids', models.JSONField(blank=True, default=list, verbose_name='consents')),
                ('answers', models.JSONField(blank=True, default=dict, verbose_name='answers')),
                ('proven_at', models.DateTimeField(blank=True, null=True, verbose_name='phone proven')),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sendings', to='members.application', verbose_name='application')),
                ('join_code', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.joincode', verbose_name='join code')),
                ('worker_group', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reference.workergroup', verbose_name='worker group')),
            ],
            options={
                'verbose_name': 'repeated sending',
                'verbose_name_plural': 'repeated sendings',
                'ordering': ('sent_at', 'id'),
            },
        ),
        migrations.RemoveConstraint(
            model_name='application',
            name='members_application_open_once',
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.UniqueConstraint(condition=models.Q(('resubmitted_at__isnull', True), ('status', 'submitted')), fields=('id_number_hash', 'phone_hash', 'union'), name='members_application_open_once'),
        ),
    ]
