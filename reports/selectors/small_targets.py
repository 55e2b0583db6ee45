"""Targets whose progress rests on so few persons that a public view must not tell it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from campaigns.models import Unit
from core.replica import reading_connection
from reports.metrics import SMALL_CELL
from reports.selectors.counts import Metric, set_value_sql, value_sql
from reports.selectors.progress import TargetProgress


def small_targets(rows: Iterable[TargetProgress]) -> set[int]:
    """The keys of targets of which neither value nor share nor status may be told.

    Of persons: from 1 to 9 (``SMALL_CELL``). Of a rate: where its numerator is, for with the
    baseline, which is no secret, the rate tells it. One query more with rates.
    """
    told = [row for row in rows if row.value is not None and row.value > 0]
    rates = [row for row in told if row.target.indicator.unit == Unit.RATIO]
    return {
        row.target.pk
        for row in told
        if row.target.indicator.unit == Unit.PERSON
        and row.value is not None
        and row.value < SMALL_CELL
    } | {key for key, members in _numerators(rates).items() if members < SMALL_CELL}


_NUMERATORS = f"""
SELECT t.id, CASE WHEN t.group_set IS NULL
    THEN {value_sql(Metric.MEMBERS, union="t.union_id", day="t.day")}
    ELSE COALESCE({
    set_value_sql(Metric.MEMBERS, union="t.union_id", group_set="t.group_set", day="t.day")
}, 0) END
FROM unnest(%(ids)s::bigint[], %(unions)s::bigint[], %(sets)s::bigint[], %(days)s::date[])
    AS t(id, union_id, group_set, day)
"""


def _numerators(rows: list[TargetProgress]) -> dict[int, int]:
    """The members each rate counted, by the key of the target; as in ``reports.progress``."""
    if not rows:
        return {}
    asked: dict[str, Any] = {
        "ids": [row.target.pk for row in rows],
        "unions": [row.target.union_id for row in rows],
        "sets": [row.target.indicator.group_set_id for row in rows],
        "days": [_measured_upto(row) for row in rows],
    }
    with reading_connection().cursor() as cursor:
        cursor.execute(_NUMERATORS, asked)
        return {key: int(members) for key, members in cursor.fetchall()}


def _measured_upto(row: TargetProgress) -> dt.date:
    """The day whose members were counted: none after the end of the period."""
    measured = row.progress.day if row.progress else row.day
    return min(measured, row.target.period_end)
