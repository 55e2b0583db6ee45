"""Every rate of a union on a day with the two numbers it rests on, and what is still to come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _, ngettext

from reference.models import GroupSet
from reports.metrics import METRICS, Metric as Definition, metric_of
from reports.models import ReportedFigure
from reports.ratios import ratio
from reports.selectors.counts import Metric
from reports.selectors.coverage_rates import (
    DualCoverage,
    StaffRate,
    Units,
    read_units,
    staff_rates,
)
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.key_figures import RowsAsked
from reports.selectors.marks import ESTABLISHMENT, LEDGER, Rests, rests_on
from reports.selectors.reading import RATED_SETS, Reading
from unions.models import Union


@dataclass(frozen=True)
class RateRow:
    """A rate. ``whole`` is None where nothing was counted: then there is no rate either. ``part``
    and ``whole`` rest on the counts ``rests_on`` of the union; ``books_differ`` behind counts of
    other unions that they rest on.

    ``name`` is that of the group set, "" for a rate of all. ``part`` is None where it is that of
    what was counted, and nothing was. Behind ``part`` stand ``rows``, or, ``of_units``, those of
    the register of units.
    """

    metric: Definition
    name: str
    part: int | None
    whole: int | None
    note: str = ""
    rests_on: Rests = ()
    books_differ: bool = False
    rows: RowsAsked | None = None
    of_units: bool = False

    @property
    def rate(self) -> Decimal | None:
        """``part`` ÷ ``whole``."""
        return None if self.part is None else ratio(self.part, self.whole)

    @property
    def is_over_full(self) -> bool:
        """Above one: the denominator is old or too small."""
        return self.rate is not None and self.rate > 1


@dataclass(frozen=True)
class FlowRow:
    """What a figure of persons came to this month and this year; both rest on ``rests_on``, and on
    the rows of ``counted`` since the first days of these."""

    metric: Definition
    month: int
    year: int
    rests_on: Rests
    counted: Metric

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
    dual_rests_on: Rests = ()

    @property
    def dual_metric(self) -> Definition:
        """The definition of the two full coverages."""
        return metric_of("dual_coverage")


def rate_table(
    union: Union, day: dt.date, *, reading: Reading | None = None, units: Units | None = None
) -> RateTable:
    """All rates of ``union`` on ``day``, as published; six queries, whatever lies below it.

    ``reading`` and ``units`` are those of the day, as published, where the caller has read them.
    """
    pk = union.pk
    reading = reading or Reading([pk], [day])
    units = units or read_units([pk], [day])[pk, day]
    sets = [reading.groups.sets[code] for code in RATED_SETS if code in reading.groups.sets]
    staff = staff_rates(union, {day: units}, [found.pk for found in sets])[day]
    rates = [_set_row(reading, union, day, "enrolment_rate", found.code) for found in sets]
    workers = _set_row(reading, union, day, "dual_coverage_workers", "nef")
    rates += [
        RateRow(
            metric_of("enrolment_rate_staff"), "", staff.members, units.staff or None,
            _without_staff(units), rests_on(ESTABLISHMENT, "staff") + rests_on(LEDGER),
            staff.books_differ,
        ),
        *(_staff_row(staff, found, reading) for found in sets),
        RateRow(
            metric_of("establishment_rate"), "", units.covered, units.units or None,
            _marked_only(units), rests_on(ESTABLISHMENT, ("covered", "units")), of_units=True,
        ),
        RateRow(
            metric_of("dual_coverage_firms"), "", units.covered_firms, units.firms or None,
            rests_on=rests_on(ESTABLISHMENT, ("covered_firms", "firms")),
        ),
        workers,
    ]  # fmt: skip
    flows = [
        FlowRow(
            metric_of("joined"),
            reading.joined(pk, month_start(day), day),
            reading.joined(pk, year_start(day), day),
            rests_on(Metric.JOINED),
            Metric.JOINED,
        ),
        FlowRow(
            metric_of("rejoined"),
            _rejoined(reading, pk, month_start(day), day),
            _rejoined(reading, pk, year_start(day), day),
            rests_on(Metric.REJOINED),
            Metric.REJOINED,
        ),
        FlowRow(
            metric_of("net_change"),
            reading.net_change(pk, month_start(day), day),
            reading.net_change(pk, year_start(day), day),
            rests_on(Metric.MEMBERS),
            Metric.MEMBERS,
        ),
    ]
    return RateTable(
        rates,
        flows,
        DualCoverage(units.firm_rate, workers.rate),
        _awaited(union, day),
        workers.rests_on + rests_on(ESTABLISHMENT, ("covered_firms", "firms")),
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
        rests_on(Metric.MEMBERS, reading.groups.codes_of(code)),
        rows=RowsAsked("members", group_set=code) if group_set else None,
    )


def _staff_row(staff: StaffRate, group_set: GroupSet, reading: Reading) -> RateRow:
    metric = metric_of("enrolment_rate_staff_set")
    found = staff.sets.get(group_set.pk)
    if found is None:
        return RateRow(metric, group_set.name, None, None)
    note = ngettext(
        "%(count)d covering union whose workers were counted by group.",
        "%(count)d covering unions whose workers were counted by group.",
        found.unions,
    ) % {"count": found.unions}
    behind = rests_on(LEDGER, reading.groups.codes_of(group_set.code))
    return RateRow(
        metric, group_set.name, found.members, found.workers, note, behind, found.books_differ
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
        "%(count)d more marked “has a union” that name none, or one that did not stand on the day: "
        "not counted as covered."
    ) % {"count": units.marked_only}
