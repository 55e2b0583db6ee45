"""Behind docs/adr/0003-daily-counts.md: the same figures kept sparse, kept dense, or not kept.

Members by union and worker group over the whole history; a dashboard's questions are answered from
each: a figure of the top union on the last day, the last day of all unions, 36 month ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from django.db import connection, transaction

from portal.benchmarks import dataset
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.rows import Row, best_seconds, seconds_of
from reports.counting.history import forget_figures
from reports.models import DailyCount
from reports.nightly import run_nightly
from unions.models import Union

SUITE = "counts"
TIMES = 9
DENSE_DAYS = 60  # a dense table is built for so many days only; rows a day are the same on each
MEGABYTE = 1024 * 1024

_DENSE = """
CREATE TABLE bench_dense AS
SELECT u.union_id, g.breakdown, d.day::date AS day, g.members, g.retained, g.joined, g.rejoined
FROM (SELECT DISTINCT union_id FROM reports_dailycount) u
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, '1 day') AS d(day)
CROSS JOIN LATERAL (
    SELECT * FROM reports_dailycount s
    WHERE s.union_id = u.union_id AND s.day <= d.day ORDER BY s.day DESC LIMIT 1) c
CROSS JOIN LATERAL (
    SELECT 0::smallint AS breakdown, c.members, c.retained, c.joined, c.rejoined
    UNION ALL
    SELECT * FROM unnest(
        c.groups, c.group_members, c.group_retained, c.group_joined, c.group_rejoined)) g
"""

SPARSE_ONE = """
SELECT members AS value FROM reports_dailycount
WHERE union_id = %(top)s AND day <= %(day)s
ORDER BY day DESC LIMIT 1
"""
LIVE_ONE = """
SELECT SUM(e.active_change) FROM members_membershipevent e
JOIN unions_union u ON u.id = e.union_id
WHERE u.path LIKE %(path)s AND e.effective_on <= %(day)s
"""
SPARSE_CHILDREN = """
SELECT u.id, c.value FROM unions_union u
CROSS JOIN LATERAL (
    SELECT members AS value FROM reports_dailycount s
    WHERE s.union_id = u.id AND s.day <= %(day)s
    ORDER BY s.day DESC LIMIT 1) c
WHERE u.parent_id = %(top)s
"""
LIVE_CHILDREN = """
SELECT a.id, SUM(e.active_change) FROM members_membershipevent e
JOIN unions_union u ON u.id = e.union_id
JOIN unions_union a ON a.parent_id = %(top)s AND starts_with(u.path, a.path)
WHERE e.effective_on <= %(day)s
GROUP BY a.id
"""
SPARSE_TREND = """
SELECT d.day, c.value
FROM generate_series(%(day)s::date - interval '35 months', %(day)s, '1 month') AS d(day)
CROSS JOIN LATERAL (
    SELECT members AS value FROM reports_dailycount s
    WHERE s.union_id = %(top)s AND s.day <= d.day
    ORDER BY s.day DESC LIMIT 1) c
"""
LIVE_TREND = """
SELECT d.day, SUM(e.active_change)
FROM generate_series(%(day)s::date - interval '35 months', %(day)s, '1 month') AS d(day)
JOIN members_membershipevent e ON e.effective_on <= d.day
JOIN unions_union u ON u.id = e.union_id AND u.path LIKE %(path)s
GROUP BY d.day
"""


def run(sizes: Sizes) -> Iterator[Row]:
    """Rows and megabytes of each table, seconds to fill them, milliseconds to ask each."""
    day = dataset.last_day()
    full = seconds_of(lambda: _count_anew(day))
    sparse = DailyCount.objects.count()
    yield Row(SUITE, "sparse_rows", sparse, "rows", None, sizes.members)
    yield Row(SUITE, "sparse_mb", _megabytes("reports_dailycount"), "MB", None, sparse)
    yield Row(SUITE, "sparse_fill_s", full, "s", None, sizes.members)

    span = {"first": day - dt.timedelta(days=DENSE_DAYS - 1), "last": day}
    fill = seconds_of(lambda: _execute(_DENSE, span))
    _execute("CREATE UNIQUE INDEX ON bench_dense (union_id, breakdown, day)", {})
    dense = _scalar("SELECT count(*) FROM bench_dense")
    share = dataset.HISTORY_DAYS / DENSE_DAYS
    yield Row(SUITE, "dense_rows_a_day", dense / DENSE_DAYS, "rows", None, sizes.members)
    yield Row(SUITE, "dense_rows", dense * share, "rows", float(sparse), sizes.members)
    yield Row(SUITE, "dense_mb", _megabytes("bench_dense") * share, "MB", None, int(dense * share))
    yield Row(SUITE, "dense_fill_s", fill * share, "s", full, int(dense * share))

    top = Union.objects.get(parent=None)
    values = {"top": top.pk, "path": f"{top.path}%", "day": day}
    for name, kept, live in (
        ("one_figure_ms", SPARSE_ONE, LIVE_ONE),
        ("children_ms", SPARSE_CHILDREN, LIVE_CHILDREN),
        ("trend_ms", SPARSE_TREND, LIVE_TREND),
    ):
        floor = _milliseconds(kept, values)
        yield Row(SUITE, f"sparse_{name}", floor, "ms", None, sizes.members)
        yield Row(SUITE, f"live_{name}", _milliseconds(live, values), "ms", floor, sizes.members)


def _count_anew(day: dt.date) -> None:
    with transaction.atomic():
        forget_figures()
    run_nightly(day)


def _milliseconds(sql: str, values: Mapping[str, object]) -> float:
    return best_seconds(lambda: _execute(sql, values), times=TIMES) * 1000


def _execute(sql: str, values: Mapping[str, object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)  # type: ignore[arg-type]
        if cursor.description:
            cursor.fetchall()


def _scalar(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def _megabytes(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [table])
        return float(cursor.fetchone()[0]) / MEGABYTE
