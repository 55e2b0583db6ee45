"""The night's steps: weights fitted for the days to come, and a ``CampaignForecast`` for every
target that is under way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby, islice
from typing import NamedTuple

from campaigns.models import CampaignStatus, Metric, Target
from enterprises.baselines import baselines_of
from members.working_days import working_days_of
from reference.models import GroupSet
from reports.forecasting.method import CONFIDENCE, SERVES, Outlook, Recent, Weights
from reports.forecasting.series import COUNTED, Counted, recent_changes
from reports.models import CampaignForecast, CampaignProgress, ForecastWeights
from reports.runs import DELTAS, cut_off_of

# Unions read at once: with nine groups and sixteen weeks some 80,000 values, 20 MB.
BATCH = 20
# What a new fit replaces.
_KEPT = (
    "fitted_on",
    "first_day",
    "method",
    "components",
    "season",
    "free",
    "parameters",
    "period",
    "missed",
    "brought",
)
# Every day ahead is reckoned: no campaign reaches further, a slip of the finger would (9999).
LONGEST_AHEAD = dt.timedelta(days=4400)
_STEP = Decimal("0.000001")
_LARGEST_ERROR = Decimal(99_999)


class _Due(NamedTuple):
    """A target under way, what it has reached, and what it is to reach by the day's word."""

    target: Target
    value: Decimal
    wanted: Decimal


def forecast_targets(day: dt.date) -> int:
    """Write ``CampaignForecast`` for ``day``; rows written. Idempotent; run in a transaction.

    Targets of published campaigns whose period has begun and is not over on ``day``, with a value
    in ``CampaignProgress`` of the day: the night measures progress first. Targets of one union that
    count the same (a yearly and a cumulative one) share their reading. A target of unknown metric,
    without a value (no baseline) or ending later than ``LONGEST_AHEAD`` gets no row. What was
    fitted serves for some days (``fit_weights``); where nothing serves, the days up to ``day`` are
    fitted.
    """
    CampaignForecast.objects.filter(day=day).delete()
    written = 0
    for (metric, group_set_id), due in groupby(_due_targets(day), _subject):
        breakdowns = _breakdowns(COUNTED[metric], group_set_id)
        by_union = groupby(due, lambda item: item.target.union_id)
        for batch in _batched((union_id, list(items)) for union_id, items in by_union):
            rows = _forecasts(batch, metric, group_set_id, breakdowns, day)
            written += len(CampaignForecast.objects.bulk_create(rows))
    return written


def fit_weights(day: dt.date) -> int:
    """Fit the weights that serve from ``day`` on, of a sixth of the unions; how many. Idempotent;
    run in a transaction.

    Every union has its turn when what was fitted serves no longer. Only days before ``day`` are
    read, so that the night can do it while it counts: fitting is nearly all that a forecast costs
    (ADR 10).
    """
    before = day - dt.timedelta(days=1)
    fitted: list[ForecastWeights] = []
    for (metric, group_set_id), due in groupby(_due_targets(before), _subject):
        counted = COUNTED[metric]
        breakdowns = _breakdowns(counted, group_set_id)
        unions = {item.target.union_id for item in due}
        of_the_day = (one for one in sorted(unions) if (day.toordinal() + one) % SERVES == 0)
        while batch := list(islice(of_the_day, BATCH)):
            changes = recent_changes(batch, counted, breakdowns, before)
            for union_id in batch:
                recent = Recent(changes[union_id], before, never_falls=counted.is_cumulative)
                if recent.weights is not None:
                    fitted.append(_row_of(recent.weights, union_id, metric, group_set_id))
    _keep(fitted)
    return len(fitted)


def _due_targets(day: dt.date) -> Iterator[_Due]:
    """Targets to forecast, those that count the same of the same union side by side."""
    due = (
        CampaignProgress.objects.filter(
            day=day,
            value__isnull=False,
            target__indicator__campaign__status=CampaignStatus.PUBLISHED,
            target__indicator__metric__in=list(COUNTED),
            target__period_start__lte=day,
            target__period_end__gt=day,
            target__period_end__lte=day + LONGEST_AHEAD,
        )
        .select_related("target__indicator")
        .order_by(
            "target__indicator__metric",
            "target__indicator__group_set",
            "target__union",
            "target",
        )
    )
    for progress in due.iterator(chunk_size=2000):
        if progress.value is not None:
            yield _Due(progress.target, progress.value, progress.target_value)


def _subject(due: _Due) -> tuple[str, int | None]:
    return due.target.indicator.metric, due.target.indicator.group_set_id


def _breakdowns(counted: Counted, group_set_id: int | None) -> list[str]:
    """The groups whose counts are added up; all of a union without a set."""
    if group_set_id is None or not counted.by_group:
        return [""]
    groups = GroupSet.groups.through.objects.filter(groupset_id=group_set_id)
    return list(groups.order_by("workergroup_id").values_list("workergroup_id", flat=True))


def _batched(
    unions: Iterable[tuple[int, list[_Due]]],
) -> Iterator[dict[int, list[_Due]]]:
    unread = iter(unions)
    while batch := dict(islice(unread, BATCH)):
        yield batch


def _forecasts(
    due: dict[int, list[_Due]],
    metric: str,
    group_set_id: int | None,
    breakdowns: list[str],
    day: dt.date,
) -> list[CampaignForecast]:
    """The rows of one batch of unions."""
    counted = COUNTED[metric]
    union_ids = list(due)
    changes = recent_changes(union_ids, counted, breakdowns, day)
    workers: dict[int, int] = {}
    if metric == Metric.ENROLMENT_RATE and group_set_id is not None:
        # Those that progress was measured with.
        cut_off = cut_off_of(DELTAS, day)
        bases = baselines_of(union_ids, group_set_id, day, recorded_by=cut_off)
        workers = {union_id: base.worker_count for union_id, base in bases.items()}
    kept = {
        row.union_id: _weights_of(row)
        for row in ForecastWeights.objects.filter(
            metric=metric, group_set=group_set_id, union__in=union_ids
        )
    }
    rows, fitted = [], []
    for union_id, items in due.items():
        standing = kept.get(union_id)
        recent = Recent(changes[union_id], day, never_falls=counted.is_cumulative, kept=standing)
        if recent.weights is not None and recent.weights is not standing:
            fitted.append(_row_of(recent.weights, union_id, metric, group_set_id))
        rows += [_row(item, recent, workers.get(union_id), day) for item in items]
    _keep(fitted)
    return rows


def _keep(fitted: list[ForecastWeights]) -> None:
    if fitted:
        ForecastWeights.objects.bulk_create(
            fitted,
            update_conflicts=True,
            unique_fields=["metric", "group_set", "union"],
            update_fields=_KEPT,
        )


def _weights_of(row: ForecastWeights) -> Weights:
    return Weights(
        row.fitted_on,
        row.first_day,
        row.method,
        row.components,
        row.season,
        row.free,
        tuple(row.parameters),
        row.period,
        tuple(zip(row.missed, row.brought, strict=True)),
    )


def _row_of(
    weights: Weights, union_id: int, metric: str, group_set_id: int | None
) -> ForecastWeights:
    return ForecastWeights(
        union_id=union_id,
        metric=metric,
        group_set_id=group_set_id,
        fitted_on=weights.fitted_on,
        first_day=weights.first_day,
        method=weights.method,
        components=weights.components,
        season=weights.season,
        free=weights.free,
        parameters=list(weights.parameters),
        period=weights.period,
        missed=[missed for missed, _brought in weights.tried],
        brought=[brought for _missed, brought in weights.tried],
    )


def _row(
    due: _Due,
    recent: Recent,
    workers: int | None,
    day: dt.date,
) -> CampaignForecast:
    """The forecast of one target. ``workers``: the denominator of a rate, as it is on ``day``."""
    target = due.target
    days_ahead = (target.period_end - day).days
    outlook = recent.outlook(days_ahead)
    missing = due.wanted - due.value
    working_days = working_days_of(day + dt.timedelta(days=1), target.period_end)
    row = CampaignForecast(
        target=target,
        day=day,
        method=outlook.method,
        confidence=Decimal(str(CONFIDENCE)),
        days_used=outlook.days_used,
        back_tests=outlook.back_tests,
        needed_per_day=_step(missing / days_ahead) if missing > 0 else None,
        needed_per_working_day=(
            _step(missing / working_days) if missing > 0 and working_days else None
        ),
    )
    if outlook.back_test_error is not None:
        error = min(Decimal(outlook.back_test_error), _LARGEST_ERROR)
        row.back_test_error = error.quantize(Decimal("0.0001"))
    row.low, row.expected, row.high = _bounds(due.value, outlook, workers, target)
    return row


def _bounds(
    value: Decimal, outlook: Outlook, workers: int | None, target: Target
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """The value at the end of the period: low, expected, high; never below zero.

    A rate counts on the workers of today's baseline, and grows to 100 % at most, or stays where it
    is above that: then the baseline is too small, and says nothing of what is left to enrol.
    """
    if outlook.change is None or outlook.low is None or outlook.high is None:
        return None, None, None
    is_rate = target.indicator.metric == Metric.ENROLMENT_RATE
    scale = Decimal(1) / workers if is_rate and workers else Decimal(1)
    cap = max(Decimal(1), value) if is_rate else None

    def at_the_end(change: float) -> Decimal:
        reached = max(value + Decimal(change) * scale, Decimal(0))
        return _step(min(reached, cap) if cap is not None else reached)

    return at_the_end(outlook.low), at_the_end(outlook.change), at_the_end(outlook.high)


def _step(value: Decimal) -> Decimal:
    return value.quantize(_STEP)
