"""Every rate of a union on a day with the two numbers it rests on, and what is still to come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _, ngettext

from reports.metrics import METRICS, Metric as Definition, metric_of
from reports.models import ReportedFigure
from reports.ratios import ratio
from reports.selectors.counts import Metric
from reports.selectors.coverage_rates import DualCoverage, Units, read_units, staff_rates
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.reading import Reading
from unions.models import Union


@dataclass(frozen=True)
class RateRow:
    """A rate. ``whole`` is None where nothing was counted: then there is no rate either."""

    metric: Definition
    name: str
    part: int
    whole: int | None
    note: str = ""

    @property
    def rate(self) -> Decimal | None:
        """``part`` ÷ ``whole``."""
        return ratio(self.part, self.whole)

    @property
    def is_over_full(self) -> bool:
        """Above one: the denominator is old or too small."""
        return self.rate is not None and self.rate > 1


@dataclass(frozen=True)
class FlowRow:
    """What a figure of persons came to this month and this year."""

    metric: Definition
    month: int
    year: int

    @property
    def is_signed(self) -> bool:
        """It may go down as well as up."""
        return self.metric.code == "net_change"


@dataclass(frozen=True)
class Awaited:
    """A metric without records here yet; ``reported`` is what the union said last, if it did."""

    metric: Definition
    reported: ReportedFigure | None


@dataclass(frozen=True)
class RateTable:
    """The rates and flows of a union, and what has no records here yet."""

    rates: list[RateRow]
    flows: list[FlowRow]
    dual: DualCoverage
    awaited: list[Awaited]

    @property
    def dual_metric(self) -> Definition:
        """The definition of the two full coverages."""
        return metric_of("dual_coverage")


def rate_table(union: Union, day: dt.date) -> RateTable:
    """All rates of ``union`` on ``day``, as published; seven queries, whatever lies below it."""
    pk = union.pk
    reading = Reading([pk], [day])
    units = read_units([pk], [day])[pk, day]
    staff = staff_rates(union, {day: units})[day]
    rates = [_set_row(reading, union, day, "enrolment_rate", code) for code in ("set4", "nef")]
    workers = _set_row(reading, union, day, "dual_coverage_workers", "nef")
    rates += [
        RateRow(
            metric_of("enrolment_rate_staff"), "", staff.members, units.staff or None,
            _without_staff(units),
        ),
        RateRow(
            metric_of("establishment_rate"), "", units.covered, units.units or None,
            _marked_only(units),
        ),
        RateRow(
            metric_of("dual_coverage_firms"), "", units.covered_firms, units.firms or None
        ),
        workers,
    ]  # fmt: skip
    flows = [
        FlowRow(
            metric_of("joined"),
            reading.joined(pk, month_start(day), day),
            reading.joined(pk, year_start(day), day),
        ),
        FlowRow(
            metric_of("rejoined"),
            _rejoined(reading, pk, month_start(day), day),
            _rejoined(reading, pk, year_start(day), day),
        ),
        FlowRow(
            metric_of("net_change"),
            reading.net_change(pk, month_start(day), day),
            reading.net_change(pk, year_start(day), day),
        ),
    ]
    return RateTable(
        rates,
        flows,
        DualCoverage(units.firm_rate, workers.rate),
        _awaited(union, day),
    )


def _awaited(union: Union, day: dt.date) -> list[Awaited]:
    metrics = [metric for metric in METRICS if metric.is_awaited]
    newest = (
        ReportedFigure.objects.filter(
            union=union, metric__in=[metric.code for metric in metrics], group_set=None,
            as_of__lte=day,
        )
        .order_by("metric", "-as_of", "pk")
        .distinct("metric")
    )  # fmt: skip
    found = {figure.metric: figure for figure in newest}
    return [Awaited(metric, found.get(metric.code)) for metric in metrics]


def _set_row(reading: Reading, union: Union, day: dt.date, metric: str, code: str) -> RateRow:
    baseline = reading.set_baseline(union.pk, code, day)
    group_set = reading.groups.sets.get(code)
    return RateRow(
        metric_of(metric),
        group_set.name if group_set and metric == "enrolment_rate" else "",
        reading.members_of_set(union.pk, code, day),
        baseline.worker_count if baseline else None,
        f"{baseline.counted_on.isoformat()} · {baseline.source}" if baseline else "",
    )


def _rejoined(reading: Reading, pk: int, first: dt.date, day: dt.date) -> int:
    upto = reading.count(pk, Metric.REJOINED, day)
    return upto - reading.count(pk, Metric.REJOINED, eve(first))


def _without_staff(units: Units) -> str:
    if not units.without_staff:
        return ""
    return ngettext(
        "%(count)d unit with a union states no staff.",
        "%(count)d units with a union state no staff.",
        units.without_staff,
    ) % {"count": units.without_staff}


def _marked_only(units: Units) -> str:
    if not units.marked_only:
        return ""
    return _(
        "%(count)d marked “has a union” without a union being named: not counted as covered."
    ) % {"count": units.marked_only}
