"""The eight figures a leader looks at first, each with its change and the rows behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from reports.ratios import percent, ratio
from reports.selectors.counts import Metric
from reports.selectors.coverage_rates import Units
from reports.selectors.days import eve, month_start, year_start
from reports.selectors.marks import ESTABLISHMENT, Rests, rests_on
from reports.selectors.reading import Reading, month_ago, year_ago
from unions.models import Union

Text = str | Promise
Value = Decimal | int | None
# Whose workers the stations are counted against.
STATION_SET = "set4"
PER = 10_000


@dataclass(frozen=True)
class RowsAsked:
    """The rows behind a figure, as the page of rows is asked for them."""

    metric: str
    since: dt.date | None = None
    group_set: str = ""
    breakdown: str = ""


@dataclass(frozen=True)
class Detail:
    """A smaller figure on the card of a key figure. ``unit`` and ``rests_on`` as of the key
    figure; ``code`` is that of its definition, "" where it is part of the key figure's."""

    name: Text
    value: Value
    unit: str
    rows: RowsAsked | None = None
    rests_on: Rests = ()
    code: str = ""


@dataclass(frozen=True)
class Change:
    """The figure an earlier day had; None where nothing can be compared."""

    day: dt.date
    before: Value
    difference: Value


@dataclass(frozen=True)
class KeyFigure:
    """One of the eight. ``value`` is None where nothing can be said (then ``missing`` says why).

    ``unit``: person, union, change (persons with a sign), ratio (0–1), per_10000. ``code`` is that
    of its definition. A change of a ratio is a difference of ratios. Behind it stand the counts
    ``rests_on``.
    """

    code: str
    name: Text
    unit: str
    value: Value
    month: Change
    year: Change
    rows: RowsAsked | None = None
    details: list[Detail] = field(default_factory=list)
    missing: Text = ""
    rests_on: Rests = ()

    @property
    def is_over_full(self) -> bool:
        """A rate above one: the baseline is old or too small."""
        return self.unit == "ratio" and self.value is not None and self.value > 1


def key_figures(
    reading: Reading, union: Union, day: dt.date, *, first: dt.date | None = None
) -> list[KeyFigure]:
    """The eight key figures of ``union`` on ``day`` out of what was read for it.

    ``first``: the day on which the figures of people begin. What they were before it nobody knows:
    nothing is compared with that.
    """
    pk, year = union.pk, year_start(day)
    compared = month_ago(day), year_ago(day)

    def figure(
        code: str,
        name: Text,
        unit: str,
        value_on: Callable[[dt.date], Value],
        behind: Rests,
        rows: RowsAsked | None = None,
        details: list[Detail] | None = None,
        *,
        is_of_the_year: bool = False,
        is_of_people: bool = True,
    ) -> KeyFigure:
        def known_on(earlier: dt.date) -> Value:
            begin = eve(year_start(earlier)) if is_of_the_year else earlier
            if is_of_people and first is not None and begin < first:
                return None
            # What began with the year cannot be compared with the year before its turn.
            if is_of_the_year and earlier == compared[0] and earlier.year != day.year:
                return None
            return value_on(earlier)

        value = value_on(day)
        month, before_year = (
            _change(value, earlier, known_on(earlier), unit) for earlier in compared
        )
        return KeyFigure(
            code, name, unit, value, month, before_year, rows, details or [],
            _("no baseline") if value is None else "", behind,
        )  # fmt: skip

    members = reading.count(pk, Metric.MEMBERS, day)
    baseline = reading.set_baseline(pk, "set4", day)
    nef_members = reading.members_of_set(pk, "nef", day)
    nef_unions = reading.count(pk, Metric.NEF_UNIONS, day)
    counted = {metric: rests_on(metric) for metric in Metric}
    set4, nef = (
        rests_on(Metric.MEMBERS, reading.groups.codes_of(code)) for code in ("set4", "nef")
    )
    return [
        figure(
            "members",
            _("Members"),
            "person",
            lambda on: reading.count(pk, Metric.MEMBERS, on),
            counted[Metric.MEMBERS],
            RowsAsked("members"),
            [
                Detail(
                    _("Retained members"),
                    reading.count(pk, Metric.RETAINED, day),
                    "person",
                    RowsAsked("retained"),
                    counted[Metric.RETAINED],
                    "retained",
                )
            ],
        ),
        figure(
            "joined",
            _("New this year"),
            "person",
            lambda on: reading.joined(pk, year_start(on), on),
            counted[Metric.JOINED],
            RowsAsked("joined", since=year),
            [
                Detail(
                    _("New this month"),
                    reading.joined(pk, month_start(day), day),
                    "person",
                    RowsAsked("joined", since=month_start(day)),
                    counted[Metric.JOINED],
                )
            ],
            is_of_the_year=True,
        ),
        figure(
            "net_change",
            _("Net change this year"),
            "change",
            lambda on: reading.net_change(pk, year_start(on), on),
            counted[Metric.MEMBERS],
            RowsAsked("members", since=year),
            [
                Detail(
                    _("Net change this month"),
                    reading.net_change(pk, month_start(day), day),
                    "change",
                    RowsAsked("members", since=month_start(day)),
                    counted[Metric.MEMBERS],
                )
            ],
            is_of_the_year=True,
        ),
        figure(
            "enrolment_rate",
            _("Enrolment rate, four groups"),
            "ratio",
            lambda on: reading.set_rate(pk, "set4", on),
            set4,
            RowsAsked("members", group_set="set4"),
            [
                Detail(_("Workers (baseline)"), baseline.worker_count, "person")
                if baseline
                else Detail(
                    pgettext_lazy("figure", "Members"),
                    reading.members_of_set(pk, "set4", day),
                    "person",
                    rests_on=set4,
                )
            ],
        ),
        figure(
            "nef_members",
            _("New-form members"),
            "person",
            lambda on: reading.members_of_set(pk, "nef", on),
            nef,
            RowsAsked("members", group_set="nef"),
            [
                Detail(
                    _("Share of members"), ratio(nef_members, members), "ratio",
                    rests_on=nef + counted[Metric.MEMBERS], code="nef_member_share",
                )
            ],
        ),
        figure(
            "unions",
            pgettext_lazy("figure", "Unions"),
            "union",
            lambda on: reading.count(pk, Metric.UNIONS, on),
            counted[Metric.UNIONS],
            RowsAsked("unions"),
            [
                Detail(
                    _("Of new-form workers"), nef_unions, "union", RowsAsked("nef_unions"),
                    counted[Metric.NEF_UNIONS], "nef_unions",
                ),
                Detail(
                    _("Share of unions"),
                    ratio(nef_unions, reading.count(pk, Metric.UNIONS, day)),
                    "ratio",
                    rests_on=counted[Metric.NEF_UNIONS] + counted[Metric.UNIONS],
                    code="nef_union_share",
                ),
            ],
            is_of_people=False,
        ),
        # Read from the register of units, which takes a query of its own: see ``with_units``.
        figure(ESTABLISHMENT, _("Establishment rate"), "ratio", lambda on: None, ()),
        figure(
            "stations_per_10000",
            _("Stations per 10,000 workers"),
            "per_10000",
            lambda on: _stations_per(reading, pk, on),
            counted[Metric.STATIONS],
            RowsAsked("stations"),
            [
                Detail(
                    pgettext_lazy("figure", "Stations"),
                    reading.count(pk, Metric.STATIONS, day),
                    "station",
                    RowsAsked("stations"),
                    counted[Metric.STATIONS],
                    "stations",
                )
            ],
            is_of_people=False,
        ),
    ]  # fmt: skip


def with_units(units: dict[dt.date, Units], day: dt.date) -> KeyFigure:
    """The establishment rate of ``day``; ``units`` are those of it, a month and a year before."""
    value = units[day].establishment_rate
    month, year = (
        _change(value, earlier, units[earlier].establishment_rate, "ratio")
        for earlier in (month_ago(day), year_ago(day))
    )
    return KeyFigure(
        ESTABLISHMENT,
        _("Establishment rate"),
        "ratio",
        value,
        month,
        year,
        details=[
            Detail(
                _("Units with a union"),
                units[day].covered,
                "enterprise",
                rests_on=rests_on(ESTABLISHMENT, "covered"),
            ),
            Detail(
                _("Units registered"),
                units[day].units,
                "enterprise",
                rests_on=rests_on(ESTABLISHMENT, "units"),
            ),
        ],
        missing=_("no baseline") if value is None else "",
        rests_on=rests_on(ESTABLISHMENT, ("covered", "units")),
    )


def _stations_per(reading: Reading, union_id: int, day: dt.date) -> Decimal | None:
    baseline = reading.set_baseline(union_id, STATION_SET, day)
    if baseline is None:
        return None
    share = ratio(reading.count(union_id, Metric.STATIONS, day), baseline.worker_count)
    return None if share is None else share * PER


def difference(value: Value, before: Value, unit: str) -> Value:
    """``value`` − ``before``; None where one of them is unknown.

    Of the figures as they are shown, so that it is what a reader makes of the two: for a ratio that
    is a ratio of whole hundredths of a point.
    """
    if value is None or before is None:
        return None
    if unit == "ratio":
        return (percent(Decimal(value)) - percent(Decimal(before))) / 100
    if unit == "per_10000":
        return round(Decimal(value), 2) - round(Decimal(before), 2)
    return value - before


def _change(value: Value, day: dt.date, before: Value, unit: str) -> Change:
    return Change(day, before, difference(value, before, unit))
