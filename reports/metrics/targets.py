"""How far targets are, and where they will be."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from reports.metrics import sql
from reports.metrics.entry import Metric

_PROGRESS = _("Campaigns and targets; nightly progress")
_FORECAST = _("Nightly forecasts of campaigns")
_HOLIDAYS = _("Nightly forecasts; yearly notice of the State Council's General Office on holidays")
_PERCENT = pgettext_lazy("unit", "percent")
_OF_INDICATOR = pgettext_lazy("unit", "as the indicator")

TARGETS: tuple[Metric, ...] = (
    Metric(
        "target_share",
        "targets",
        _("Share of target"),
        _PERCENT,
        _(
            "May exceed 100%. Yearly and cumulative targets stand side by side; the target of a "
            "union may differ from the sum of those below it."
        ),
        _PROGRESS,
        sql.TARGET_SHARE,
        _("Value reached from the first day of the period"),
        _("Target as it stood on the day"),
        version=3,
        is_public=True,
    ),
    Metric(
        "time_elapsed",
        "targets",
        _("Time elapsed"),
        _PERCENT,
        _("Calendar days, the first and the last day of the period included."),
        _("Campaigns and targets"),
        sql.TIME_ELAPSED,
        _("Days of the period that have passed, the day itself included"),
        _("Days of the period"),
        is_public=True,
    ),
    Metric(
        "pace",
        "targets",
        _("Pace"),
        pgettext_lazy("unit", "ratio"),
        _("1 means exactly in time. The status follows from thresholds that officials set."),
        _PROGRESS,
        sql.PACE,
        _("Share of target"),
        _("Share of the period's days that have passed"),
        version=3,
    ),
    Metric(
        "working_pace",
        "targets",
        _("Pace by working days"),
        pgettext_lazy("unit", "ratio"),
        _(
            "As the pace, by working days: weekends and holidays are left out, weekend days worked "
            "in exchange count. Unknown until the holidays of the whole period are announced."
        ),
        _HOLIDAYS,
        "",
        _("Share of target"),
        _("Share of the period's working days that have passed"),
    ),
    Metric(
        "forecast",
        "targets",
        _("Forecast to the end of the period"),
        _OF_INDICATOR,
        _(
            "What the recent days let one expect on the last day of the period, with an interval "
            "that holds it with the probability stated beside it. Too short a series, no forecast."
        ),
        _FORECAST,
        sql.forecast("expected"),
    ),
    Metric(
        "needed_per_day",
        "targets",
        _("Needed per day"),
        _OF_INDICATOR,
        _(
            "What each calendar day left, today not included, must bring so that the target is "
            "reached."
        ),
        _FORECAST,
        sql.forecast("needed_per_day"),
        _("Target minus value reached"),
        _("Calendar days left in the period"),
    ),
    Metric(
        "needed_per_working_day",
        "targets",
        _("Needed per working day"),
        _OF_INDICATOR,
        _(
            "The same by working days: what each of those left, today not included, must bring. "
            "Unknown until the holidays up to the end of the period are announced."
        ),
        _HOLIDAYS,
        sql.forecast("needed_per_working_day"),
        _("Target minus value reached"),
        _("Working days left in the period"),
    ),
)
