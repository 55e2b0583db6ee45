"""Versions of targets, papers handed in, records; a published target changes by versions alone."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# A version is never changed. A target of a published campaign keeps its meaning, is not deleted,
# and its value is that of its newest version.
GUARD = """
CREATE FUNCTION campaigns_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER campaigns_targetversion_append_only
    BEFORE UPDATE OR DELETE ON campaigns_targetversion
    FOR EACH ROW EXECUTE FUNCTION campaigns_refuse_change();

CREATE FUNCTION campaigns_guard_target() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest record;
BEGIN
    IF EXISTS (
        SELECT FROM campaigns_indicator i JOIN campaigns_campaign c ON c.id = i.campaign_id
        WHERE i.id = OLD.indicator_id AND c.status = 'draft'
    ) THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' OR (NEW.indicator_id, NEW.union_id, NEW.period_start, NEW.period_end)
        IS DISTINCT FROM (OLD.indicator_id, OLD.union_id, OLD.period_start, OLD.period_end)
    THEN
        RAISE EXCEPTION 'target % has been published', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'campaigns_target_is_published';
    END IF;
    IF (NEW.value, NEW.withdrawn_on) IS DISTINCT FROM (OLD.value, OLD.withdrawn_on) THEN
        SELECT v.value, v.state INTO newest FROM campaigns_targetversion v
        WHERE v.target_id = OLD.id ORDER BY v.number DESC LIMIT 1;
        IF newest.value IS DISTINCT FROM NEW.value
            OR (newest.state = 'withdrawn') IS DISTINCT FROM (NEW.withdrawn_on IS NOT NULL)
        THEN
            RAISE EXCEPTION 'target % changes by a new version', OLD.id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'campaigns_target_versioned';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER campaigns_target_guard
    BEFORE UPDATE OR DELETE ON campaigns_target
    FOR EACH ROW EXECUTE FUNCTION campaigns_guard_target();
"""

UNGUARD = """
DROP TRIGGER campaigns_target_guard ON campaigns_target;
DROP FUNCTION campaigns_guard_target();
DROP TRIGGER campaigns_targetversion_append_only ON campaigns_targetversion;
DROP FUNCTION campaigns_refuse_change();
"""

# Targets published before there were versions: what is known of them is their present value.
FIRST_VERSIONS = """
INSERT INTO campaigns_targetversion
    (target_id, number, state, value, valid_from, reason, made_by_id, made_at)
SELECT t.id, 1, 'set', t.value, LEAST(t.period_start, CURRENT_DATE), '', NULL, now()
FROM campaigns_target t
JOIN campaigns_indicator i ON i.id = t.indicator_id
JOIN campaigns_campaign c ON c.id = i.campaign_id
WHERE c.status <> 'draft'
"""

REMINDER_DAYS = (-7, -1, 1, 7)


def seed_reminder_days(apps, schema_editor):
    """A week and a day before and after; operators change them."""
    rule = apps.get_model("campaigns", "ReminderRule")
    rule.objects.bulk_create(rule(days=days) for days in REMINDER_DAYS)


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0001_initial'),
        ('reference', '0002_worker_groups'),
        ('unions', '0005_history_of_the_tree'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CampaignRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('inspection', 'inspection'), ('task', 'task'), ('praise', 'praise')], max_length=12, verbose_name='kind')),
                ('day', models.DateField(verbose_name='day')),
                ('text', models.TextField(max_length=2000, verbose_name='text')),
                ('due_on', models.DateField(blank=True, help_text='For tasks: by when it is to be done.', null=True, verbose_name='due on')),
                ('done_on', models.DateField(blank=True, editable=False, null=True, verbose_name='done on')),
                ('file', models.FileField(blank=True, upload_to='campaign_records/%Y/%m/', verbose_name='file')),
                ('made_at', models.DateTimeField(auto_now_add=True, verbose_name='recorded')),
                ('is_demo', models.BooleanField(default=False, editable=False, verbose_name='demo record')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='records', to='campaigns.campaign', verbose_name='campaign')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='unions.union', verbose_name='unit')),
            ],
            options={
                'verbose_name': 'record of a campaign',
                'verbose_name_plural': 'records of campaigns',
                'ordering': ('-day', '-id'),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('kind', 'task'), models.Q(('done_on__isnull', True), ('due_on__isnull', True)), _connector='OR'), name='campaigns_record_only_tasks_are_due'),
                ],
            },
        ),
        migrations.CreateModel(
            name='GoodPractice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=80, verbose_name='title')),
                ('text', models.TextField(max_length=4000, verbose_name='text')),
                ('published_on', models.DateField(blank=True, null=True, verbose_name='published on')),
                ('is_demo', models.BooleanField(default=False, editable=False, verbose_name='demo record')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='practices', to='campaigns.campaign', verbose_name='campaign')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='unions.union', verbose_name='unit')),
            ],
            options={
                'verbose_name': 'good practice',
                'verbose_name_plural': 'good practices',
                'ordering': ('-published_on', '-id'),
            },
        ),
        migrations.CreateModel(
            name='Requirement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('plan', 'plan'), ('summary', 'summary')], max_length=8, verbose_name='paper')),
                ('due_on', models.DateField(verbose_name='due on')),
                ('required_of', models.CharField(choices=[('with_target', 'unions that have a target'), ('children', 'unions directly below the owner')], default='with_target', max_length=12, verbose_name='from')),
                ('instructions', models.CharField(blank=True, max_length=300, verbose_name='what it should hold')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requirements', to='campaigns.campaign', verbose_name='campaign')),
            ],
            options={
                'verbose_name': 'paper to hand in',
                'verbose_name_plural': 'papers to hand in',
                'ordering': ('due_on', 'id'),
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'kind'), name='campaigns_requirement_once_a_kind'),
                ],
            },
        ),
        migrations.CreateModel(
            name='HandIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='version')),
                ('file', models.FileField(upload_to='hand_ins/%Y/%m/', verbose_name='file')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('state', models.CharField(choices=[('handed_in', 'handed in'), ('accepted', 'accepted'), ('returned', 'returned')], default='handed_in', max_length=10, verbose_name='state')),
                ('handed_in_at', models.DateTimeField(auto_now_add=True, verbose_name='handed in on')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('is_demo', models.BooleanField(default=False, editable=False, verbose_name='demo record')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('handed_in_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='unions.union', verbose_name='unit')),
                ('requirement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hand_ins', to='campaigns.requirement', verbose_name='paper to hand in')),
            ],
            options={
                'verbose_name': 'hand-in',
                'verbose_name_plural': 'hand-ins',
                'ordering': ('-id',),
                'constraints': [
                    models.UniqueConstraint(fields=('requirement', 'unit', 'number'), name='campaigns_hand_in_version_once'),
                    models.UniqueConstraint(condition=models.Q(('state', 'returned'), _negated=True), fields=('requirement', 'unit'), name='campaigns_hand_in_one_stands'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'returned'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='campaigns_hand_in_returned_with_reason'),
                ],
            },
        ),
        migrations.CreateModel(
            name='HandInReminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.SmallIntegerField(null=True)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='unions.union')),
                ('requirement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='campaigns.requirement')),
            ],
            options={
                'verbose_name': 'reminder',
                'verbose_name_plural': 'reminders',
                'constraints': [
                    models.UniqueConstraint(fields=('requirement', 'unit', 'days'), name='campaigns_reminder_once_a_day'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReminderRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.SmallIntegerField(help_text='Negative: before the due day. 0: on it. Positive: after it.', unique=True, verbose_name='days from the due day')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
            options={
                'verbose_name': 'day of a reminder',
                'verbose_name_plural': 'days of reminders',
                'ordering': ('days',),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('days__range', (-365, 365))), name='campaigns_reminder_within_a_year'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TargetVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='version')),
                ('state', models.CharField(choices=[('set', 'set'), ('withdrawn', 'withdrawn')], default='set', max_length=10, verbose_name='state')),
                ('value', models.DecimalField(decimal_places=4, max_digits=16, verbose_name='target')),
                ('valid_from', models.DateField(verbose_name='valid from')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='campaigns.target', verbose_name='target')),
            ],
            options={
                'verbose_name': 'version of a target',
                'verbose_name_plural': 'versions of targets',
                'ordering': ('target', 'number'),
                'constraints': [
                    models.UniqueConstraint(fields=('target', 'number'), name='campaigns_target_version_once'),
                    models.CheckConstraint(condition=models.Q(('number', 1), models.Q(('reason', ''), _negated=True), _connector='OR'), name='campaigns_target_version_reason'),
                ],
            },
        ),
        migrations.AddField(
            model_name='campaign',
            name='plan',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='drives', to='campaigns.campaign', verbose_name='part of the plan'),
        ),
        migrations.AddField(
            model_name='campaign',
            name='shows_progress',
            field=models.BooleanField(default=False, help_text='How far the owner is towards its targets; small numbers are not shown.', verbose_name='progress on the public page'),
        ),
        migrations.AddField(
            model_name='target',
            name='withdrawn_on',
            field=models.DateField(blank=True, editable=False, null=True, verbose_name='withdrawn on'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('plan__isnull', True), models.Q(('plan', models.F('id')), _negated=True), _connector='OR'), name='campaigns_no_own_plan'),
        ),
        migrations.RunSQL(FIRST_VERSIONS, migrations.RunSQL.noop),
        migrations.RunPython(seed_reminder_days, migrations.RunPython.noop),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
