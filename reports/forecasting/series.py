"""The recent daily changes of what targets count, for many unions at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from campaigns.models import Metric as Indicated
from core.replica import reading_connection
from reports.forecasting.method import MOST_DAYS
from reports.models.counts import NUMBERED_SQL, PERSON_METRICS, Metric, figure_sql

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Counted(NamedTuple):
    """What a kind of target counts. ``is_cumulative``: since the beginning, else on the day."""

    metric: str
    is_cumulative: bool
    by_group: bool = False


# As in ``reports/progress.py``; what has no daily counts yet has no forecast either.
COUNTED: dict[str, Counted] = {
    Indicated.NEW_MEMBERS: Counted(Metric.JOINED, is_cumulative=True, by_group=True),
    Indicated.ENROLMENT_RATE: Counted(Metric.MEMBERS, is_cumulative=False, by_group=True),
    Indicated.UNIONS_ESTABLISHED: Counted(Metric.UNIONS_FOUNDED, is_cumulative=True),
    Indicated.STATIONS: Counted(Metric.STATIONS, is_cumulative=False),
}


# The rows of the window, and the one that stood before it. Where a figure has none, it was 0.
_CHANGES = """
SELECT u.id, c.day, SUM(c.change)
FROM unnest(%(unions)s::bigint[]) AS u(id)
CROSS JOIN {numbered} b
CROSS JOIN LATERAL (
    SELECT day, value - LAG(value, 1, 0) OVER (ORDER BY day) AS change
    FROM (
        (SELECT r.day, {value} AS value FROM {rows} AND r.day <= %(before)s
         ORDER BY r.day DESC LIMIT 1)
        UNION ALL
        SELECT r.day, {value} FROM {rows} AND r.day > %(before)s AND r.day <= %(last)s
    ) AS course
) c
WHERE c.day > %(before)s AND c.change <> 0
GROUP BY 1, 2
"""
_PERSONS = "reports_dailycount r WHERE r.union_id = u.id"
_UNITS = """reports_dailyunitcount r
    WHERE r.union_id = u.id AND r.metric = %(metric)s AND r.breakdown = b.breakdown"""


def _person_figure(metric: str) -> str:
    figure = figure_sql(metric, row="r", breakdown="b.breakdown", number="b.number")
    return f"COALESCE({figure}, 0)"


def recent_changes(
    union_ids: Sequence[int], counted: Counted, breakdowns: Sequence[str], day: dt.date
) -> dict[int, NDArray[np.float64]]:
    """By union, what each of the last ``MOST_DAYS`` days up to ``day`` changed, the oldest first.

    ``breakdowns`` are added up: the groups of a set, or ``[""]`` for all.
    """
    import numpy as np

    persons = counted.metric in PERSON_METRICS
    statement = _CHANGES.format(
        value=_person_figure(counted.metric) if persons else "r.value",
        rows=_PERSONS if persons else _UNITS,
        numbered=NUMBERED_SQL,
    )
    before = day - dt.timedelta(days=MOST_DAYS)
    asked: dict[str, Any] = {
        "unions": list(union_ids),
        "breakdowns": list(breakdowns),
        "metric": str(counted.metric),
        "before": before,
        "last": day,
    }
    changes = {union_id: np.zeros(MOST_DAYS, dtype=np.float64) for union_id in union_ids}
    with reading_connection().cursor() as cursor:
        cursor.execute(statement, asked)
        for union_id, on, change in cursor.fetchall():
            changes[union_id][(on - before).days - 1] = change
    return changes
