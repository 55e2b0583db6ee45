"""The denominator of a rate: which workforce baseline stands for a union on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

# One row (worker_count, counted_on, source) or none, for the expressions put in for {union},
# {group_set} and {day}. A count made for the union itself goes before one for its region (only a
# territorial union stands for all workers of its region); a count of the whole set before the sum
# of its groups, which is used only when every group has been counted. Newer goes before older.
BASELINE_SQL = """
    SELECT found.worker_count, found.counted_on, found.source
    FROM (
        SELECT w.worker_count, w.counted_on, w.source,
               (w.union_id IS NULL)::int AS by_region, 0 AS by_sum
        FROM enterprises_workforcebaseline w
        JOIN unions_union bu ON bu.id = {union}
        JOIN unions_unionkind bk ON bk.code = bu.kind_id
        WHERE w.group_set_id = {group_set} AND w.counted_on <= {day}
          AND (w.union_id = bu.id OR (bk.is_territorial AND w.region_id = bu.region_id))
        UNION ALL
        SELECT SUM(g.worker_count), MIN(g.counted_on), string_agg(DISTINCT g.source, '; '),
               g.by_region, 1
        FROM (
            SELECT DISTINCT ON (w.group_id, (w.union_id IS NULL)::int)
                   w.worker_count, w.counted_on, w.source, (w.union_id IS NULL)::int AS by_region
            FROM enterprises_workforcebaseline w
            JOIN unions_union bu ON bu.id = {union}
            JOIN unions_unionkind bk ON bk.code = bu.kind_id
            JOIN reference_groupset_groups sg
              ON sg.workergroup_id = w.group_id AND sg.groupset_id = {group_set}
            WHERE w.counted_on <= {day}
              AND (w.union_id = bu.id OR (bk.is_territorial AND w.region_id = bu.region_id))
            ORDER BY w.group_id, (w.union_id IS NULL)::int, w.counted_on DESC
        ) g
        GROUP BY g.by_region
        HAVING COUNT(*) = (
            SELECT COUNT(*) FROM reference_groupset_groups WHERE groupset_id = {group_set})
    ) found
    ORDER BY found.by_region, found.by_sum, found.counted_on DESC
    LIMIT 1
"""


class Baseline(NamedTuple):
    """Workers to organise (persons), the day of the count, and the paper it comes from."""

    worker_count: int
    counted_on: dt.date
    source: str


def baselines_of(union_ids: Sequence[int], group_set_id: int, day: dt.date) -> dict[int, Baseline]:
    """The baseline of each union for the group set on ``day``; unions without one are absent."""
    if not union_ids:
        return {}
    sql = BASELINE_SQL.format(union="asked.id", group_set="%(group_set)s", day="%(day)s")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT asked.id, base.* FROM unnest(%(unions)s::bigint[]) AS asked(id) "
            f"CROSS JOIN LATERAL ({sql}) AS base",
            {"unions": list(union_ids), "group_set": group_set_id, "day": day},
        )
        return {
            union_id: Baseline(int(count), counted_on, source)
            for union_id, count, counted_on, source in cursor.fetchall()
        }
