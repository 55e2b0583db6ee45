"""The feed of entries to be posted; the figures of the old table; the books as they stand."""

from django.db import migrations

# Every entry with an effect waits here until a night counts it. In the entry's own transaction, so
# that none is forgotten, in whatever order transactions end; a statement at a time, so that a COPY
# of a million entries costs one insert.
FEED = """
CREATE FUNCTION reports_feed_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports_unpostedentry
        (event_id, union_id, breakdown, effective_on, members, retained, joined, rejoined)
    SELECT id, union_id, worker_group_id, effective_on, active_change, retained_change,
           joined_change - rejoined_change, rejoined_change
    FROM recorded
    WHERE active_change <> 0 OR retained_change <> 0 OR joined_change <> 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER reports_feed_entries AFTER INSERT ON members_membershipevent
    REFERENCING NEW TABLE AS recorded
    FOR EACH STATEMENT EXECUTE FUNCTION reports_feed_entries();
"""
NO_FEED = """
DROP TRIGGER reports_feed_entries ON members_membershipevent;
DROP FUNCTION reports_feed_entries();
"""

# Four figures that had rows of their own stand in one row now; each row holds all of them.
TAKE_OVER = """
INSERT INTO reports_dailycount
    (union_id, breakdown, day, members, retained, joined, rejoined, definition_version)
SELECT k.union_id, k.breakdown, k.day, m.value, r.value, j.value, 0, 1
FROM (
    SELECT DISTINCT union_id, breakdown, day FROM reports_dailycount_old
    WHERE metric IN ('members', 'retained', 'joined')
) k
CROSS JOIN LATERAL (SELECT COALESCE((
    SELECT value FROM reports_dailycount_old o
    WHERE (o.union_id, o.breakdown, o.metric) = (k.union_id, k.breakdown, 'members')
      AND o.day <= k.day ORDER BY o.day DESC LIMIT 1), 0) AS value) m
CROSS JOIN LATERAL (SELECT COALESCE((
    SELECT value FROM reports_dailycount_old o
    WHERE (o.union_id, o.breakdown, o.metric) = (k.union_id, k.breakdown, 'retained')
      AND o.day <= k.day ORDER BY o.day DESC LIMIT 1), 0) AS value) r
CROSS JOIN LATERAL (SELECT COALESCE((
    SELECT value FROM reports_dailycount_old o
    WHERE (o.union_id, o.breakdown, o.metric) = (k.union_id, k.breakdown, 'joined')
      AND o.day <= k.day ORDER BY o.day DESC LIMIT 1), 0) AS value) j;

INSERT INTO reports_dailyunitcount (union_id, metric, breakdown, day, value, definition_version)
SELECT union_id, metric, breakdown, day, value, 1 FROM reports_dailycount_old
WHERE metric NOT IN ('members', 'retained', 'joined');

DROP TABLE reports_dailycount_old;

INSERT INTO reports_reportrun
    (report, day, status, claim, lease_until, attempts, started_at, finished_at, cut_off,
     row_count, error, seconds, checksum)
SELECT 'publish', day, status, NULL, NULL, attempts, started_at, finished_at, cut_off, row_count,
       error, seconds, checksum
FROM reports_reportrun WHERE report = 'counts' AND cut_off IS NOT NULL;
DELETE FROM reports_reportrun WHERE report = 'counts';
"""

# What the old night had counted: entries recorded by its cut-off and in force by its day. One that
# was recorded after its own day had been published was counted by the next night that saw it.
# Nobody records between this and the trigger: of the release before, the web may still be at work.
POST = """
LOCK TABLE members_membershipevent IN SHARE ROW EXCLUSIVE MODE;
WITH newest AS (
    SELECT day, cut_off FROM reports_reportrun
    WHERE report = 'publish' ORDER BY day DESC LIMIT 1
)
INSERT INTO reports_unpostedentry
    (event_id, union_id, breakdown, effective_on, members, retained, joined, rejoined)
SELECT id, union_id, worker_group_id, effective_on, active_change, retained_change, joined_change, 0
FROM members_membershipevent
WHERE (active_change <> 0 OR retained_change <> 0 OR joined_change <> 0)
  AND NOT EXISTS (
      SELECT FROM newest WHERE effective_on <= newest.day AND recorded_at <= newest.cut_off);

WITH published AS (
    SELECT day, cut_off FROM reports_reportrun WHERE report = 'publish'
)
INSERT INTO reports_lateposting (event_id, day)
SELECT e.id, posted.day
FROM members_membershipevent e
CROSS JOIN LATERAL (
    SELECT MIN(p.day) AS day FROM published p
    WHERE p.day >= e.effective_on AND p.cut_off >= e.recorded_at) posted
WHERE posted.day > e.effective_on AND EXISTS (
    SELECT FROM published p WHERE p.day >= e.effective_on AND p.cut_off < e.recorded_at);

INSERT INTO reports_countedunion (union_id, path, kind, is_open, is_nef, is_founded)
SELECT u.id, u.path, u.kind_id, n.founded <= n.day AND (u.closed_on IS NULL OR u.closed_on > n.day),
       u.is_nef, n.founded <= n.day
FROM unions_union u
CROSS JOIN LATERAL (
    SELECT day, COALESCE(u.founded_on, (u.created_at AT TIME ZONE 'Asia/Shanghai')::date) AS founded
    FROM reports_reportrun WHERE report = 'publish' ORDER BY day DESC LIMIT 1) n
WHERE u.status <> 'preparing' AND u.kind_id <> 'holding_pool' AND u.created_at <= (
    SELECT MAX(cut_off) FROM reports_reportrun WHERE report = 'publish');

INSERT INTO reports_countedstation (station_id, path, kind, is_open)
SELECT s.id, u.path, s.kind_id,
       s.opened_on <= n.day AND (s.closed_on IS NULL OR s.closed_on > n.day)
FROM stations_station s
JOIN unions_union u ON u.id = s.host_union_id
CROSS JOIN LATERAL (
    SELECT day FROM reports_reportrun WHERE report = 'publish' ORDER BY day DESC LIMIT 1) n;
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0003_trusted_figures"), ("stations", "0001_initial")]

    operations = [
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
        migrations.RunSQL(POST, migrations.RunSQL.noop),
        migrations.RunSQL(FEED, NO_FEED),
    ]
