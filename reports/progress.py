"""From ``DailyCount`` and targets to ``CampaignProgress``.

Formulas (docs/metrics.md, domain: quota_completion with linear pace):
value of *new members* = persons who joined from the first day of the target's period to the day;
*enrolment rate* = active members of the group set ÷ latest baseline; *unions established* = unions
founded in the period; *stations* = stations open on the day. share = value ÷ the target as it stood
on the day (none of a target of 0); pace = share ÷ time elapsed; status by the thresholds in
``PaceThreshold``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import connection
from django.db.models import Min

from campaigns.models import METRICS_BY_GROUP, CampaignStatus, Target
from campaigns.selectors.targets import VALUE_ON_DAY_SQL
from enterprises.baselines import BASELINE_SQL, await_baselines, known_at
from reports.models import CampaignProgress
from reports.pace import status_sql
from reports.runs import DELTAS, PUBLISH, PUBLISHED_BY_SQL
from reports.selectors.counts import value_sql

# Before the first night nobody measured: it measures so many days one by one, months before them.
RECENT_DAYS = 35
# Nobody looks back further; each month of it is measured in the first night.
LONGEST_HISTORY = dt.timedelta(days=3653)


def _counted(day: str) -> str:
    """What the target of ``due`` counts, on a day; SQL."""

    def value(metric: str, breakdown: str = "''") -> str:
        return value_sql(metric, union="due.union_id", breakdown=breakdown, day=day)

    return f"""CASE due.metric
        WHEN 'new_members' THEN {value("joined", "b.breakdown")}
        WHEN 'enrolment_rate' THEN {value("members", "b.breakdown")}
        WHEN 'unions_established' THEN {value("unions_founded")}
        WHEN 'stations' THEN {value("stations")} END"""


# What a published day rests on; the day of the night itself, and what it is the first to publish,
# on what has been recorded when the night began to read. So the rate beside is the same.
_KNOWN_BY = f"""COALESCE((
        SELECT r.cut_off FROM reports_reportrun r
        WHERE r.report = '{PUBLISH}' AND r.cut_off IS NOT NULL
          AND r.day >= {{day}} AND r.day < %(night)s ORDER BY r.day LIMIT 1
    ), (
        SELECT r.cut_off FROM reports_reportrun r
        WHERE r.report = '{DELTAS}' AND r.day = %(night)s
    ), {PUBLISHED_BY_SQL})"""
_BASELINE = BASELINE_SQL.format(
    union="due.union_id",
    group_set="due.group_set_id",
    day="due.upto",
    known=known_at("due.moment"),
)
_BY_GROUP = ", ".join(f"'{metric.value}'" for metric in sorted(METRICS_BY_GROUP))
_PROGRESS = f"""
WITH due AS (
    SELECT t.id, on_day.value AS target_value, t.union_id, t.period_start,
           LEAST(t.period_end, %(day)s::date) AS upto, t.period_end,
           i.metric, i.group_set_id, known_by.moment
    FROM campaigns_target t
    JOIN campaigns_indicator i ON i.id = t.indicator_id
    JOIN campaigns_campaign c ON c.id = i.campaign_id
    CROSS JOIN LATERAL (
        SELECT {VALUE_ON_DAY_SQL.format(target="t.id", day="%(day)s")} AS value
    ) on_day
    CROSS JOIN LATERAL (
        SELECT {_KNOWN_BY.format(day="LEAST(t.period_end, %(day)s::date)")} AS moment
    ) known_by
    WHERE c.status IN ('published', 'closed') AND t.period_start <= %(day)s
      AND on_day.value IS NOT NULL
      AND (t.period_end >= %(day)s OR NOT EXISTS (
          SELECT FROM reports_campaignprogress p
          WHERE p.target_id = t.id AND p.day > t.period_end AND p.day < %(day)s))
),
breakdowns AS (
    SELECT due.id AS target_id, g.workergroup_id AS breakdown
    FROM due JOIN reference_groupset_groups g ON g.groupset_id = due.group_set_id
    WHERE due.metric IN ({_BY_GROUP})
    UNION ALL
    SELECT due.id, '' FROM due
    WHERE due.group_set_id IS NULL OR due.metric NOT IN ({_BY_GROUP})
),
summed AS (
    SELECT due.id, SUM(now_at.value) AS now_value, SUM(before.value) AS before_value
    FROM due
    JOIN breakdowns b ON b.target_id = due.id
    CROSS JOIN LATERAL (SELECT {_counted("due.upto")} AS value) now_at
    CROSS JOIN LATERAL (SELECT {_counted("due.period_start - 1")} AS value) before
    GROUP BY due.id
),
valued AS (
    SELECT due.id, due.target_value, due.metric,
        (due.upto - due.period_start + 1)::numeric
            / (due.period_end - due.period_start + 1) AS time_elapsed,
        CASE
            WHEN due.metric IN ('new_members') THEN
                COALESCE(s.now_value, 0) - COALESCE(s.before_value, 0)
            WHEN due.metric = 'unions_established' AND due.group_set_id IS NULL THEN
                COALESCE(s.now_value, 0) - COALESCE(s.before_value, 0)
            WHEN due.metric = 'stations' THEN COALESCE(s.now_value, 0)
            WHEN due.metric = 'enrolment_rate' THEN
                COALESCE(s.now_value, 0)::numeric / NULLIF(base.worker_count, 0)
        END AS value
    FROM due
    JOIN summed s ON s.id = due.id
    LEFT JOIN LATERAL (
        {_BASELINE}
    ) base ON due.metric = 'enrolment_rate'
),
shared AS (
    SELECT *, CASE WHEN target_value > 0 THEN value / target_value END AS share FROM valued
)
INSERT INTO reports_campaignprogress
    (target_id, day, value, target_value, share, time_elapsed, status)
SELECT id, %(day)s, value, target_value, share, time_elapsed,
    {status_sql("value", "target_value", "time_elapsed")}
FROM shared
"""


def measure_progress(day: dt.date, *, night: dt.date | None = None) -> int:
    """Write ``CampaignProgress`` for ``day``; rows written. Idempotent; run in a transaction.

    ``night`` is the day whose night measures, where it is another: the first tells the past too.
    """
    await_baselines()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_campaignprogress WHERE day = %s", [day])
        cursor.execute(_PROGRESS, {"day": day, "night": night or day})
        return cursor.rowcount


def measure_history(last: dt.date) -> int:
    """Measure the days measured before, the month ends since the first target began (within
    ``LONGEST_HISTORY``), and each of the ``RECENT_DAYS`` up to ``last``.

    So that a leader who looks back finds the campaigns of the day; rows written.
    """
    published = [CampaignStatus.PUBLISHED, CampaignStatus.CLOSED]
    first = Target.objects.filter(indicator__campaign__status__in=published).aggregate(
        day=Min("period_start")
    )["day"]
    days = set(CampaignProgress.objects.filter(day__lt=last).values_list("day", flat=True))
    if first is not None:
        # However far back a target claims to begin.
        first = max(first, last - LONGEST_HISTORY)
        days.update(_month_ends(first, last))
        recent = (last - dt.timedelta(days=back) for back in range(RECENT_DAYS))
        days.update(day for day in recent if day >= first)
    return sum(measure_progress(day, night=last) for day in sorted(days | {last}))


def _month_ends(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The last days of the months that end within ``first`` … ``last``."""
    day = first.replace(day=1)
    while True:
        day = (day + dt.timedelta(days=32)).replace(day=1)
        if day - dt.timedelta(days=1) > last:
            return
        yield day - dt.timedelta(days=1)
