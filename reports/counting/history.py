"""The first count: the whole past up to a day, as the ledger tells it now.

Afterwards only changes are counted (``posting``), and what is published stays.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection

from core.locks import advisory_lock
from reports.counting import DEFINITION_VERSION
from reports.counting.figures import COLUMNS, NUMBER_GROUPS, SUMS_AND_GROUPS
from reports.counting.posting import LOCK
from reports.counting.registers import (
    COUNTS_SQL,
    FOUNDED_SQL,
    SETTLED_SQL,
    STATIONS_SQL,
    UNIONS_SQL,
    path_sql,
)
from reports.models import (
    CampaignForecast,
    CampaignProgress,
    CountedEmployer,
    CountedStation,
    CountedUnion,
    DailyCount,
    DailyEstablishment,
    DailyUnitCount,
    ForecastWeights,
    LateCount,
    LatePosting,
    NightDelta,
    NightPart,
    ReportRun,
    UntoldFounding,
)
from unions.kinds import HOLDING_POOL
from unions.tree import lock_tree

# Everything a night writes but what is kept for its own sake (drifts, signals).
_FIGURES = (
    DailyCount,
    DailyUnitCount,
    LateCount,
    LatePosting,
    NightDelta,
    NightPart,
    CountedUnion,
    UntoldFounding,
    CountedStation,
    CountedEmployer,
    DailyEstablishment,
    CampaignForecast,
    ForecastWeights,
    CampaignProgress,
    ReportRun,
)

THE_BEGINNING = dt.date(1900, 1, 1)

# In one statement with what leaves the queue: what is recorded meanwhile is in neither, and waits
# for the next night.
_PERSONS = """
CREATE TEMP TABLE night_leaf (
    path text, breakdown text, day date, members bigint, retained bigint, joined bigint,
    rejoined bigint
) ON COMMIT DROP;
WITH taken AS (DELETE FROM reports_unpostedentry WHERE effective_on <= %(last)s)
INSERT INTO night_leaf
SELECT path, breakdown, GREATEST(day, %(first)s::date) AS day, SUM(members) AS members,
       SUM(retained) AS retained, SUM(joined) AS joined, SUM(rejoined) AS rejoined
FROM (
    SELECT {path_of_entry} AS path, e.breakdown, e.day, e.members, e.retained, e.joined, e.rejoined
    FROM (
        SELECT union_id, worker_group_id AS breakdown, effective_on AS day,
               SUM(active_change) AS members, SUM(retained_change) AS retained,
               SUM(joined_change - rejoined_change) AS joined, SUM(rejoined_change) AS rejoined
        FROM members_membershipevent WHERE effective_on <= %(last)s
        GROUP BY 1, 2, GREATEST(effective_on, %(first)s::date), effective_on
    ) e
    JOIN unions_union u ON u.id = e.union_id
    UNION ALL
    -- Members of a union that moved go along; joinings stay where they were made.
    SELECT m.path, s.breakdown, gone.until + 1, m.sign * s.members, m.sign * s.retained, 0, 0
    FROM unions_pastpath gone
    JOIN unions_union u ON u.id = gone.union_id
    CROSS JOIN LATERAL (
        SELECT e.worker_group_id AS breakdown, SUM(e.active_change) AS members,
               SUM(e.retained_change) AS retained
        FROM members_membershipevent e
        WHERE e.union_id = gone.union_id AND e.effective_on <= gone.until GROUP BY 1
    ) s
    CROSS JOIN LATERAL (VALUES (gone.path, -1), ({path_after}, 1)) AS m(path, sign)
    WHERE gone.until < %(last)s
) AS changes
GROUP BY 1, 2, 3
"""

# The running sums of each union: on each day on which anything changed, of all the groups that it
# has had by then.
_WRITE_PERSONS = f"""
INSERT INTO reports_dailycount ({COLUMNS})
WITH change AS MATERIALIZED (
    SELECT a.id AS union_id, n.number, l.day, SUM(l.members)::int AS members,
           SUM(l.retained)::int AS retained, SUM(l.joined)::int AS joined,
           SUM(l.rejoined)::int AS rejoined
    FROM night_leaf l
    JOIN reports_groupnumber n ON n.worker_group_id = l.breakdown
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(l.path, '/'), '/')::bigint[]) AS a(id)
    GROUP BY 1, 2, 3
    HAVING (SUM(l.members), SUM(l.retained), SUM(l.joined), SUM(l.rejoined)) <> (0, 0, 0, 0)
),
course AS (
    SELECT union_id, day, number, COALESCE(SUM(members) OVER so_far, 0) AS members,
           COALESCE(SUM(retained) OVER so_far, 0) AS retained,
           COALESCE(SUM(joined) OVER so_far, 0) AS joined,
           COALESCE(SUM(rejoined) OVER so_far, 0) AS rejoined
    FROM (SELECT union_id, number, MIN(day) AS since FROM change GROUP BY 1, 2) had
    JOIN (SELECT DISTINCT union_id, day FROM change) days USING (union_id)
    LEFT JOIN change USING (union_id, number, day)
    WHERE days.day >= had.since
    WINDOW so_far AS (PARTITION BY union_id, number ORDER BY day)
)
SELECT union_id, day, {SUMS_AND_GROUPS}, %(version)s
FROM course GROUP BY union_id, day
"""

_UNITS = f"""
CREATE TEMP TABLE night_unit ON COMMIT DROP AS
SELECT m.metric, m.breakdown, m.path, GREATEST(m.day, %(first)s::date) AS day,
       SUM(m.change) AS change
FROM (
    SELECT m.metric, u.kind_id AS breakdown, m.day, m.change, {{path_of_change}} AS path
    FROM unions_union u
    CROSS JOIN LATERAL (VALUES
        ('unions', {FOUNDED_SQL}, 1), ('unions', u.closed_on, -1),
        ('unions_founded', {FOUNDED_SQL}, 1),
        ('nef_unions', CASE WHEN u.is_nef THEN {FOUNDED_SQL} END, 1),
        ('nef_unions', CASE WHEN u.is_nef THEN u.closed_on END, -1)
    ) AS m(metric, day, change)
    WHERE {COUNTS_SQL} AND m.day <= %(last)s
    UNION ALL
    SELECT 'stations', s.kind_id, m.day, m.change, {{path_of_change}}
    FROM stations_station s
    JOIN unions_union u ON u.id = s.host_union_id
    CROSS JOIN LATERAL (VALUES (s.opened_on, 1), (s.closed_on, -1)) AS m(day, change)
    WHERE m.day <= %(last)s
    UNION ALL
    -- Units of a union that moved, and its stations, go along.
    SELECT w.metric, w.breakdown, gone.until + 1, m.sign, m.path
    FROM unions_pastpath gone
    JOIN unions_union u ON u.id = gone.union_id
    CROSS JOIN LATERAL (
        SELECT k.metric, u.kind_id AS breakdown
        FROM (VALUES ('unions', true), ('nef_unions', u.is_nef)) AS k(metric, is_meant)
        WHERE k.is_meant AND {COUNTS_SQL} AND {FOUNDED_SQL} <= gone.until
          AND (u.closed_on IS NULL OR u.closed_on > gone.until)
        UNION ALL
        SELECT 'stations', s.kind_id FROM stations_station s
        WHERE s.host_union_id = u.id AND s.opened_on <= gone.until
          AND (s.closed_on IS NULL OR s.closed_on > gone.until)
    ) w
    CROSS JOIN LATERAL (VALUES (gone.path, -1), ({{path_after}}, 1)) AS m(path, sign)
    WHERE gone.until < %(last)s
) AS m
GROUP BY 1, 2, 3, 4
"""

_WRITE_UNITS = """
INSERT INTO reports_dailyunitcount (union_id, metric, breakdown, day, value, definition_version)
SELECT union_id, metric, breakdown, day,
       SUM(change) OVER (PARTITION BY union_id, metric, breakdown ORDER BY day), %(version)s
FROM (
    SELECT a.id AS union_id, n.metric, COALESCE(n.breakdown, '') AS breakdown, n.day,
           SUM(n.change) AS change
    FROM night_unit n
    CROSS JOIN LATERAL unnest(string_to_array(rtrim(n.path, '/'), '/')::bigint[]) AS a(id)
    GROUP BY GROUPING SETS ((a.id, n.metric, n.day, n.breakdown), (a.id, n.metric, n.day))
    HAVING SUM(n.change) <> 0
) AS summed
"""

_REMEMBER = (
    # Where figures were forgotten, later days may have been posted before.
    "INSERT INTO reports_unpostedentry"
    " (event_id, union_id, breakdown, effective_on, members, retained, joined, rejoined)"
    " SELECT id, union_id, worker_group_id, effective_on, active_change, retained_change,"
    " joined_change - rejoined_change, rejoined_change FROM members_membershipevent"
    " WHERE effective_on > %(day)s"
    " AND (active_change <> 0 OR retained_change <> 0 OR joined_change <> 0)"
    " ON CONFLICT DO NOTHING",
    "DELETE FROM reports_lateposting",
    "DELETE FROM reports_latecount",
    "DELETE FROM reports_nightdelta",
    "DELETE FROM reports_nightpart",
    "DELETE FROM reports_countedunion",
    "DELETE FROM reports_untoldfounding",
    "DELETE FROM reports_touchedunion",
    "DELETE FROM reports_countedstation",
    # A founding as it was just counted, above.
    f"INSERT INTO reports_countedunion (union_id, path, kind, is_open, is_nef, is_founded,"
    f" founding_path, founding_kind, founding_counted_on)"
    f" SELECT w.union_id, w.path, w.kind, w.is_open, w.is_nef, w.is_founded,"
    f" CASE WHEN w.is_founded THEN {{path_of_founding}} END,"
    f" CASE WHEN w.is_founded THEN w.kind END,"
    f" CASE WHEN w.is_founded THEN GREATEST({FOUNDED_SQL}, %(first)s::date) END"
    f" FROM ({UNIONS_SQL}) w JOIN unions_union u ON u.id = w.union_id",
    f"INSERT INTO reports_touchedunion (union_id, until)"
    f" SELECT u.id, {SETTLED_SQL} FROM unions_union u WHERE {SETTLED_SQL} > %(day)s"
    f" OR u.id IN (SELECT union_id FROM unions_pastpath WHERE until >= %(day)s)",
    f"INSERT INTO reports_countedstation (station_id, path, kind, is_open)"
    f" SELECT station_id, path, kind, is_open FROM ({STATIONS_SQL}) w",
)


def count_history(last: dt.date, *, first: dt.date = THE_BEGINNING) -> int:
    """Count every day from ``first`` to ``last`` (inclusive) anew; the number of rows written.

    What lies before ``first`` is folded into it: an opening balance. Replaces whatever was counted:
    only for books that have published nothing yet, or a demo. Run in a transaction.
    """
    advisory_lock(LOCK)
    # Units are read more than once, and are to be the same each time.
    lock_tree()
    values: dict[str, Any] = {
        "first": first,
        "last": last,
        "day": last,
        "zone": "Asia/Shanghai",
        "pool": HOLDING_POOL,
        "version": DEFINITION_VERSION,
    }
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE stations_station IN SHARE MODE")
        cursor.execute("DELETE FROM reports_dailycount")
        cursor.execute("DELETE FROM reports_dailyunitcount")
        cursor.execute("DROP TABLE IF EXISTS night_leaf, night_unit")
        after = path_sql("(gone.until + 1)")
        persons = _PERSONS.format(path_of_entry=path_sql("e.day"), path_after=after)
        units = _UNITS.format(path_of_change=path_sql("m.day"), path_after=after)
        rows = 0
        for fill, write in ((persons, _WRITE_PERSONS), (units, _WRITE_UNITS)):
            cursor.execute(fill, values)
            cursor.execute(NUMBER_GROUPS)
            cursor.execute(write, values)
            rows += cursor.rowcount
        path = path_sql("%(day)s", since=last)
        path_of_founding = path_sql(FOUNDED_SQL)
        for statement in _REMEMBER:
            cursor.execute(statement.format(path=path, path_of_founding=path_of_founding), values)
        cursor.execute(f"ANALYZE {DailyCount._meta.db_table}")
        return rows


def forget_figures() -> None:
    """Forget everything that was ever published: the next night tells the whole history anew.

    For the demo and for measurements alone. Run in a transaction.
    """
    advisory_lock(LOCK)
    for model in _FIGURES:
        model._default_manager.all().delete()
