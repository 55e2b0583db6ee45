"""When the union announced that a member left, and who is still to be announced.

Taken over from the trail: the days officials entered when they ended a membership, and members who
left on their own page, to whom the portal said that it would be announced. Of others who left
nobody knows: their day can be recorded on the page of the membership.
"""

from django.db import migrations, models

TAKE_OVER = """
UPDATE members_membership m SET announced_on = t.day
FROM (
    SELECT DISTINCT ON (object_id) object_id, (data->>'announced_on')::date AS day
    FROM audit_auditentry
    WHERE object_type = 'members.membership' AND action = 'membership.withdrawn'
      AND data->>'announced_on' IS NOT NULL
    ORDER BY object_id, id DESC
) t
WHERE t.object_id = m.id::text AND m.status = 'ended' AND t.day >= m.ended_on;
UPDATE members_membership m SET awaits_announcement = TRUE
WHERE m.status = 'ended' AND m.announced_on IS NULL
  AND m.id::text IN (
      SELECT object_id FROM audit_auditentry
      WHERE object_type = 'members.membership' AND action = 'membership.left_by_member'
  )
  AND EXISTS (
      SELECT 1 FROM members_membershipevent e
      WHERE e.membership_id = m.id AND e.type = 'withdrawn'
        AND NOT EXISTS (SELECT 1 FROM members_membershipevent c WHERE c.corrects_id = e.id)
  );
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_append_only"),
        ("members", "0012_no_index_twice"),
    ]

    operations = [
        migrations.AddField(
            "membership", "announced_on",
            models.DateField(blank=True, null=True, verbose_name="announced on"),
        ),
        migrations.AddField(
            "membership", "awaits_announcement",
            models.BooleanField(
                db_default=False, default=False, verbose_name="left, not announced"
            ),
        ),
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "membership",
            models.CheckConstraint(
                condition=models.Q(announced_on__isnull=True)
                | models.Q(
                    status="ended",
                    ended_on__isnull=False,
                    announced_on__gte=models.F("ended_on"),
                    awaits_announcement=False,
                ),
                name="members_membership_announced_after_end",
            ),
        ),
        migrations.AddConstraint(
            "membership",
            models.CheckConstraint(
                condition=models.Q(awaits_announcement=False) | models.Q(status="ended"),
                name="members_membership_announced_if_ended",
            ),
        ),
        migrations.AddIndex(
            "membership",
            models.Index(
                condition=models.Q(awaits_announcement=True),
                fields=["union"],
                name="members_membership_to_announce",
            ),
        ),
    ]  # fmt: skip
