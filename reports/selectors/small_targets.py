"""Targets whose progress rests on so few persons that a public view must not tell it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from campaigns.models import Unit
from reference.models import GroupSet
from reports.metrics import SMALL_CELL
from reports.selectors.counts import Metric, read_counts
from reports.selectors.progress import TargetProgress


def small_targets(rows: Iterable[TargetProgress]) -> set[int]:
    """The keys of targets of which neither value nor share nor status may be told.

    Of persons: from 1 to 9 (``SMALL_CELL``). Of a rate: where its numerator is, for with the
    baseline, which is no secret, the rate tells it. Two queries more with rates.
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


def _numerators(rows: list[TargetProgress]) -> dict[int, int]:
    """The members each rate counted, by the key of the target; as in ``reports.progress``."""
    if not rows:
        return {}
    sets = {row.target.indicator.group_set_id for row in rows}
    groups: dict[int | None, list[str]] = {pk: [] if pk else [""] for pk in sets}
    in_sets = GroupSet.objects.filter(pk__in=[pk for pk in sets if pk], groups__isnull=False)
    for pk, code in in_sets.values_list("pk", "groups"):
        groups[pk].append(code)
    counts = read_counts(
        sorted({row.target.union_id for row in rows}),
        [(Metric.MEMBERS, code) for pk in sets for code in groups[pk]],
        {_measured_upto(row) for row in rows},
    )
    return {
        row.target.pk: counts.sum_at(
            row.target.union_id,
            Metric.MEMBERS,
            groups[row.target.indicator.group_set_id],
            _measured_upto(row),
        )
        for row in rows
    }


def _measured_upto(row: TargetProgress) -> dt.date:
    """The day whose members were counted: none after the end of the period."""
    measured = row.progress.day if row.progress else row.day
    return min(measured, row.target.period_end)
