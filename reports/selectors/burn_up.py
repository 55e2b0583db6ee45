"""The course of targets: what was reached by when, beside the linear pace and the forecast."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal

from core.replica import reading_connection
from reports.models import CampaignForecast
from reports.selectors.forecasts import TargetForecast, forecasts_of
from reports.selectors.progress import CampaignView, TargetProgress, campaigns_of
from unions.models import Union
from unions.scope import Actor

# A course of more than this many days is told by months, a shorter one by weeks.
LONG_PERIOD = 400


@dataclass(frozen=True)
class Point:
    """What was reached on a day, and the linear pace to the target shown; indicator's unit."""

    day: dt.date
    value: Decimal
    pace: Decimal


@dataclass(frozen=True)
class Line:
    """A row of the course's table; what is not known on its day is None."""

    day: dt.date
    value: Decimal | None
    pace: Decimal
    expected: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True)
class BurnUp:
    """The course of one target. ``forecast`` is None where none was made."""

    row: TargetProgress
    points: list[Point]
    forecast: CampaignForecast | None

    @property
    def outlook(self) -> TargetForecast:
        """The forecast with what a page tells about it."""
        return TargetForecast(self.row, self.forecast)

    @property
    def drawn(self) -> CampaignForecast | None:
        """The forecast, where it says anything that can be drawn."""
        return self.forecast if self.outlook.has_expectation else None

    @property
    def has_course(self) -> bool:
        """There is something to draw."""
        return bool(self.points)

    @property
    def table(self) -> list[Line]:
        """What was reached, then the end of the period with the pace and the forecast for it."""
        lines = [Line(point.day, point.value, point.pace) for point in self.points]
        end, target = self.row.target.period_end, self.row.target_value
        if (found := self.drawn) is not None:
            # The forecast goes out from where the target stands.
            last = lines[-1]
            lines[-1] = replace(last, expected=last.value, low=last.value, high=last.value)
            lines.append(Line(end, None, target, found.expected, found.low, found.high))
        elif lines and lines[-1].day < end:
            lines.append(Line(end, None, target))
        return lines


@dataclass(frozen=True)
class CampaignCourse:
    """A campaign with the courses of one union's targets."""

    view: CampaignView
    courses: list[BurnUp]


_COURSE = """
SELECT DISTINCT ON (p.target_id, step.begins) p.target_id, p.day, p.value
FROM reports_campaignprogress p
JOIN campaigns_target t ON t.id = p.target_id
CROSS JOIN LATERAL (SELECT date_trunc(
    CASE WHEN t.period_end - t.period_start > %(long)s THEN 'month' ELSE 'week' END, p.day
) AS begins) step
WHERE p.target_id = ANY(%(targets)s::bigint[]) AND p.value IS NOT NULL
  AND p.day <= LEAST(%(day)s, t.period_end)
ORDER BY p.target_id, step.begins, p.day DESC
"""


def courses_of(actor: Actor, union: Union, day: dt.date) -> list[CampaignCourse]:
    """The campaigns that set ``union`` a target, each target with its course; four queries."""
    views = campaigns_of(actor, union, day)
    rows = [row for view in views for row in view.targets]
    keys = [row.target.pk for row in rows]
    reached: dict[int, list[tuple[dt.date, Decimal]]] = defaultdict(list)
    forecasts: dict[int, CampaignForecast | None] = {}
    if keys:
        with reading_connection().cursor() as cursor:
            cursor.execute(_COURSE, {"targets": keys, "day": day, "long": LONG_PERIOD})
            for target_id, on, value in cursor.fetchall():
                reached[target_id].append((on, value))
        forecasts = {key: found.forecast for key, found in forecasts_of(rows).items()}
    return [
        CampaignCourse(
            view,
            [
                _course(row, reached[row.target.pk], forecasts.get(row.target.pk))
                for row in view.targets
            ],
        )
        for view in views
    ]


def _course(
    row: TargetProgress, reached: list[tuple[dt.date, Decimal]], forecast: CampaignForecast | None
) -> BurnUp:
    target = row.target
    length = (target.period_end - target.period_start).days + 1

    def pace(on: dt.date) -> Decimal:
        return row.target_value * ((on - target.period_start).days + 1) / length

    return BurnUp(
        row,
        [Point(on, value, pace(on)) for on, value in reached],
        forecast,
    )
