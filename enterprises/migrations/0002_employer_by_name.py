"""Employers by their exact name, as an applicant types it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enterprises', '0001_initial'),
        ('reference', '0002_worker_groups'),
        ('unions', '0004_holding_pool'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='employer',
            index=models.Index(fields=['name'], name='enterprises_employer_by_name'),
        ),
    ]
