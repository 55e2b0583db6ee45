"""The denominator of a rate: which workforce baseline stands for a union on a day.

Two times matter: the day of the count, and when it was recorded here. Figures of a published day
rest on what had been recorded by its cut-off; figures as known now, and plans, on what stands.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection

from core.replica import reading_connection

# What stands today, whenever it was recorded: a condition on ``w`` for {known} below.
KNOWN_NOW = "w.superseded_at IS NULL"
# A moment after all others, in SQL.
NOW_OR_LATER = "'infinity'::timestamptz"


def known_at(moment: str) -> str:
    """What had been recorded by ``moment``, an SQL expression: the condition for {known} below."""
    return f"w.recorded_at <= {moment} AND (w.superseded_at IS NULL OR w.superseded_at > {moment})"


# The counts that may stand for a union ``bu``: its own, and those of its region where it stands for
# all workers there. Two arms, so that each is found by its index, however many counts there are.
_COUNTED = """unions_union bu
        JOIN unions_unionkind bk ON bk.code = bu.kind_id
        CROSS JOIN LATERAL (
            SELECT o.group_id, o.group_set_id, o.worker_count, o.counted_on, o.source,
                   o.recorded_at, o.superseded_at, 0 AS by_region
            FROM enterprises_baselineversion o WHERE o.union_id = bu.id
            UNION ALL
            SELECT r.group_id, r.group_set_id, r.worker_count, r.counted_on, r.source,
                   r.recorded_at, r.superseded_at, 1
            FROM enterprises_baselineversion r
            WHERE bk.is_territorial AND r.region_id = bu.region_id
        ) w"""

# One row (worker_count, counted_on, source) or none, for the expressions put in for {union},
# {group_set} and {day}, and the condition put in for {known}. A count made for the union itself
# goes before one for its region (only a territorial union stands for all workers of its region); a
# count of the whole set before the sum of its groups, which is used only when every group has been
# counted. Newer goes before older.
BASELINE_SQL = """
    SELECT found.worker_count, found.counted_on, found.source
    FROM (
        SELECT w.worker_count, w.counted_on, w.source, w.by_region, 0 AS by_sum
        FROM _COUNTED
        WHERE bu.id = {union} AND w.group_set_id = {group_set} AND w.counted_on <= {day}
          AND {known}
        UNION ALL
        SELECT SUM(g.worker_count), MIN(g.counted_on), string_agg(DISTINCT g.source, '; '),
               g.by_region, 1
        FROM (
            SELECT DISTINCT ON (w.group_id, w.by_region)
                   w.worker_count, w.counted_on, w.source, w.by_region
            FROM _COUNTED
            JOIN reference_groupset_groups sg
              ON sg.workergroup_id = w.group_id AND sg.groupset_id = {group_set}
            WHERE bu.id = {union} AND w.counted_on <= {day} AND {known}
            ORDER BY w.group_id, w.by_region, w.counted_on DESC
        ) g
        GROUP BY g.by_region
        HAVING COUNT(*) = (
            SELECT COUNT(*) FROM reference_groupset_groups WHERE groupset_id = {group_set})
    ) found
    ORDER BY found.by_region, found.by_sum, found.counted_on DESC
    LIMIT 1
""".replace("_COUNTED", _COUNTED)


class Baseline(NamedTuple):
    """Workers to organise (persons), the day of the count, and the paper it comes from."""

    worker_count: int
    counted_on: dt.date
    source: str


def baselines_of(
    union_ids: Sequence[int],
    group_set_id: int,
    day: dt.date,
    *,
    recorded_by: dt.datetime | None = None,
) -> dict[int, Baseline]:
    """The baseline of each union for the group set on ``day``; unions without one are absent.

    As it had been recorded by ``recorded_by``; default: as it stands today.
    """
    if not union_ids:
        return {}
    sql = BASELINE_SQL.format(
        union="asked.id",
        group_set="%(group_set)s",
        day="%(day)s",
        known=known_at("%(moment)s::timestamptz") if recorded_by else KNOWN_NOW,
    )
    with reading_connection().cursor() as cursor:
        cursor.execute(
            "SELECT asked.id, base.* FROM unnest(%(unions)s::bigint[]) AS asked(id) "
            f"CROSS JOIN LATERAL ({sql}) AS base",
            {
                "unions": list(union_ids),
                "group_set": group_set_id,
                "day": day,
                "moment": recorded_by,
            },
        )
        return {
            union_id: Baseline(int(count), counted_on, source)
            for union_id, count, counted_on, source in cursor.fetchall()
        }


_OF_GROUPS = """
    SELECT DISTINCT ON (w.group_id) w.group_id, w.worker_count, w.counted_on, w.source
    FROM _COUNTED
    WHERE bu.id = {union} AND w.group_id IS NOT NULL AND w.counted_on <= {day} AND {known}
    ORDER BY w.group_id, w.by_region, w.counted_on DESC
""".replace("_COUNTED", _COUNTED)


_AT_THE_TIME = known_at("d.moment")
_OF_ALL = f"""
    WITH d AS MATERIALIZED (
        SELECT asked.day, {{moment}} AS moment FROM unnest(%(days)s::date[]) AS asked(day)
    )
    SELECT u.id, s.id::text, false, d.day, base.worker_count, base.counted_on, base.source
    FROM unnest(%(unions)s::bigint[]) AS u(id)
    CROSS JOIN unnest(%(sets)s::bigint[]) AS s(id)
    CROSS JOIN d
    CROSS JOIN LATERAL ({
    BASELINE_SQL.format(union="u.id", group_set="s.id", day="d.day", known=_AT_THE_TIME)
}) AS base
    UNION ALL
    SELECT u.id, base.group_id, true, d.day, base.worker_count, base.counted_on, base.source
    FROM unnest(%(unions)s::bigint[]) AS u(id)
    CROSS JOIN d
    CROSS JOIN LATERAL (
        {_OF_GROUPS.format(union="u.id", day="d.day", known=_AT_THE_TIME)}
    ) AS base
"""


class Baselines:
    """Baselines that have been read, of sets and of single groups; None where nobody counted."""

    def __init__(self, found: dict[tuple[int, str, bool, dt.date], Baseline]) -> None:
        self._found = found

    def of_set(self, union_id: int, group_set_id: int, day: dt.date) -> Baseline | None:
        """The workers of a group set."""
        return self._found.get((union_id, str(group_set_id), False, day))

    def of_group(self, union_id: int, group: str, day: dt.date) -> Baseline | None:
        """The workers of a single group."""
        return self._found.get((union_id, group, True, day))


def read_baselines(
    union_ids: Sequence[int],
    group_set_ids: Sequence[int],
    days: Iterable[dt.date],
    *,
    recorded_by: str = NOW_OR_LATER,
) -> Baselines:
    """Those of all sets and of every single group, for all unions on all days, in one query.

    ``recorded_by`` is an SQL expression for a moment, with {day} for the day: what had been
    recorded by then counts for the day. Default: what stands today.
    """
    with reading_connection().cursor() as cursor:
        cursor.execute(
            _OF_ALL.format(moment=recorded_by.format(day="asked.day")),
            {
                "unions": list(union_ids),
                "sets": list(group_set_ids),
                "days": sorted(set(days)),
            },
        )
        return Baselines(
            {
                (union_id, code, is_group, day): Baseline(int(count), counted_on, source)
                for union_id, code, is_group, day, count, counted_on, source in cursor.fetchall()
            }
        )


def await_baselines() -> None:
    """Wait for whoever is writing baselines, and keep others from it until the transaction ends.

    What was recorded by a moment before this call can then be read: nothing of it is still to be
    committed, and the night measures with what pages will show.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE enterprises_workforcebaseline IN SHARE MODE")
