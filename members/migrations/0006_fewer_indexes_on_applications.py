"""Only the indexes that a query needs: each one makes every sign-up slower."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enterprises', '0002_employer_by_name'),
        ('members', '0005_rules_of_membership'),
        ('reference', '0002_worker_groups'),
        ('unions', '0004_holding_pool'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='application',
            name='decided_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AlterField(
            model_name='application',
            name='employer',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='enterprises.employer', verbose_name='registered employer'),
        ),
        migrations.AlterField(
            model_name='application',
            name='receipt_number',
            field=models.CharField(db_collation='C', max_length=16, unique=True, verbose_name='receipt number'),
        ),
        migrations.AlterField(
            model_name='application',
            name='rejection_reason',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.rejectionreason', verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='application',
            name='union',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='unions.union', verbose_name='union'),
        ),
        migrations.AlterField(
            model_name='application',
            name='worker_group',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reference.workergroup', verbose_name='worker group'),
        ),
        migrations.AlterField(
            model_name='consent',
            name='application',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='members.application'),
        ),
        migrations.AlterField(
            model_name='consent',
            name='text',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.consenttext'),
        ),
    ]
