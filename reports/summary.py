"""The dashboard on two pages of A4: what a leader takes along into a meeting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils.translation import get_language, gettext as _, pgettext

from core.typesetting import set_sheet
from reports.rate_sheets import key_note
from reports.ratios import ratio
from reports.selectors.burn_up import BurnUp
from reports.selectors.dashboard import Dashboard, MonthValues
from reports.selectors.figures import Rate
from reports.selectors.key_figures import KeyFigure
from reports.selectors.marks import rests_on
from reports.selectors.ranked import FIGURES, filters_of, marked_columns, pace_of
from reports.selectors.ranking_rows import RankedUnion
from reports.templatetags.reports_figures import (
    number,
    pace,
    percent_text,
    quantity,
    rate_text,
    signed,
    unit_word,
)
from reports.templatetags.reports_marks import sign_note, signed_as
from reports.templatetags.reports_page import (
    changed,
    reached,
    rounded,
    shown,
    with_unit,
    word_after,
)

# What fits on two pages; the rest is in the workbook and on the page.
MAX_TARGETS = 6
MAX_CHILDREN = 16
MONTHS = 12


def summary_of(dashboard: Dashboard) -> bytes:
    """The PDF, in the active language. Raises RuleViolation when the font is not installed."""
    return set_sheet(Path(__file__).with_name("summary.typ"), values_of(dashboard))


def values_of(dashboard: Dashboard) -> dict[str, Any]:
    """The texts of the two pages."""
    as_of, figures, ranking = dashboard.as_of, dashboard.front.figures, dashboard.front.ranking
    funnel = dashboard.funnel
    targets = [course for found in dashboard.courses for course in found.courses]
    trend = [_month(row, dashboard) for row in reversed(dashboard.months[:MONTHS])]
    groups = [_group(rate, dashboard) for rate in figures.groups if not rate.is_empty]
    sets = [_group(rate, dashboard) for rate in figures.sets if not rate.is_empty]
    of_all = signed_as(dashboard.mark(rests_on("members", figures.all_groups)))
    children = [_child(row, dashboard) for row in ranking.rows[:MAX_CHILDREN]]
    notes = [_("As of %(day)s.") % {"day": as_of.day.isoformat()}]
    if as_of.note:
        notes.append(as_of.note)
    if as_of.is_provisional:
        notes.append(_("Provisional: the day was counted before it was over."))
    notes.append(
        _("As known now: entries recorded late are counted on the day they belong to.")
        if dashboard.known_now
        else _("As published.")
    )
    in_english = (get_language() or "").startswith("en")
    return {
        "lang": "en" if in_english else "zh",
        "title": dashboard.union.name,
        "subtitle": _("Summary of the dashboard"),
        "notes": (" " if in_english else "").join(notes),
        "keys_title": _("Key figures"),
        "keys": [_key(key, dashboard) for key in dashboard.front.keys],
        "targets_title": _("Campaigns and targets"),
        "targets": [_target(course) for course in targets[:MAX_TARGETS]],
        "targets_more": _more(len(targets) - MAX_TARGETS),
        "nothing": _("No published campaign sets this union a target."),
        "trend_title": _("The last twelve months"),
        # Two charts: stocks and joinings are no figures of one scale.
        "trend_names": [
            _("%(name)s (%(unit)s)") % {"name": name, "unit": unit_word("person")}
            for name in (_("Members at the end of the month"), _("New members a month"))
        ],
        "trend": trend,
        "trend_note": sign_note(text for row in trend for text in row.values()),
        "groups_title": _("Members by group"),
        "groups_head": [
            _("Group"), _("Members"), _("Share"), _("New this year"), _("Workers (baseline)"),
            _("Enrolment rate"),
        ],
        "groups": groups,
        "sets": sets,
        "sum": [_("Sum of groups"), number(figures.sum_of_groups) + of_all],
        "groups_note": sign_note([of_all, *(text for row in groups + sets for text in row)]),
        "ranking_title": pgettext("figure", "Unions below"),
        "ranking_head": [
            "", _("Union"), _("Members"), _("New this month"), _("New this year"),
            _("Rate, four groups"), _("Pace"),
        ],
        "ranking": children,
        "ranking_words": _words(dashboard),
        "ranking_note": sign_note(text for row in children for text in row),
        "ranking_more": _more(ranking.child_count - MAX_CHILDREN),
        "funnel_title": _("From application to membership"),
        "funnel_period": f"{funnel.first.isoformat()} – {funnel.last.isoformat()}",
        "funnel": _funnel(dashboard),
        "quality_title": _("Data quality"),
        "quality": _quality(dashboard),
        "footer": _("Union membership portal"),
    }  # fmt: skip


def _words(dashboard: Dashboard) -> str:
    """Which unions the ranking shows, where not all, and whose pace."""
    ranking = dashboard.front.ranking
    words = [*filters_of(ranking), (_("Pace of"), pace_of(ranking))]
    colon = pgettext("before a message", ": ")
    return " · ".join(f"{name}{colon}{text}" for name, text in words if text)


def _more(number_left: int) -> str:
    if number_left <= 0:
        return ""
    return _("%(number)s more: see the dashboard.") % {"number": number_left}


def _month(row: MonthValues, dashboard: Dashboard) -> dict[str, Any]:
    members, joined = (
        signed_as(dashboard.mark(rests_on(metric), row.last_day))
        for metric in ("members", "joined")
    )
    return {
        "month": f"{row.month:%Y-%m}",
        "members": row.members or 0,
        "members_text": number(row.members) + members,
        "joined": row.joined or 0,
        "joined_text": number(row.joined) + joined,
    }


def _key(key: KeyFigure, dashboard: Dashboard) -> dict[str, Any]:
    points = " " + _("points") if key.unit == "ratio" else ""

    def change(difference: Any) -> str:
        text = changed(difference, key.unit)
        return text if difference is None else text + points

    return {
        "name": str(key.name),
        "value": shown(key.value, key.unit),
        "unit": _beside(key, dashboard),
        "month": _("to a month before") + " " + change(key.month.difference),
        "year": _("to a year before") + " " + change(key.year.difference),
        "details": " · ".join(
            f"{detail.name} {with_unit(detail.value, detail.unit)}"
            + (signed_as(dashboard.mark(detail.rests_on)) if detail.value is not None else "")
            for detail in key.details
        ),
    }


def _beside(key: KeyFigure, dashboard: Dashboard) -> str:
    """What stands behind the figure: why there is none, or the unit, and its marks."""
    return " · ".join(filter(None, (word_after(key.unit), key_note(key, dashboard))))


def _target(course: BurnUp) -> dict[str, Any]:
    row = course.row
    unit = row.target.indicator.unit
    return {
        "campaign": row.target.indicator.campaign.name,
        "name": row.target.indicator.name,
        "period": f"{row.target.period_start.isoformat()} – {row.target.period_end.isoformat()}",
        "value": " · ".join(
            filter(
                None,
                (
                    f"{reached(row)} / {quantity(row.target_value, unit)}",
                    row.remark,
                ),
            )
        ),
        "share": percent_text(row.share),
        "share_width": _width(row.share),
        "time_width": _width(row.time_elapsed),
        "pace": _("Pace") + " " + pace(row.pace),
        "status": row.status,
        "status_text": row.status_label,
        "forecast": ""
        if (forecast := course.drawn) is None
        else _("Forecast to the end: %(expected)s (%(low)s to %(high)s)")
        % {
            "expected": rounded(forecast.expected, unit),
            "low": rounded(forecast.low, unit),
            "high": rounded(forecast.high, unit),
        },
    }


def _width(share: Any) -> float:
    """A share as the width of a bar, 0–1."""
    return min(max(float(share or 0), 0.0), 1.0)


def _group(rate: Rate, dashboard: Dashboard) -> list[str]:
    members, joined = (
        signed_as(dashboard.mark(rests_on(metric, rate.groups))) for metric in ("members", "joined")
    )
    return [
        rate.name,
        number(rate.members) + members,
        percent_text(rate.share_of_members),
        number(rate.joined_this_year) + joined,
        number(rate.baseline.worker_count) if rate.baseline else _("no baseline"),
        rate_text(rate.rate) + (members if rate.rate is not None else ""),
    ]


def _child(row: RankedUnion, dashboard: Dashboard) -> list[str]:
    marked = marked_columns(
        dashboard.front.ranking, row, dashboard.front.marks, dashboard.as_of.day
    )
    sign = {column: signed_as(column in marked) for column in FIGURES}
    status = f" {row.pace.status_label} {row.pace.remark}".rstrip() if row.pace else ""
    return [
        "" if row.place is None else str(row.place),
        row.union.name,
        number(row.members) + sign["members"],
        signed(row.joined_this_month) + sign["month"],
        signed(row.joined_this_year) + sign["year"],
        rate_text(row.rate_set4) + sign["set4"],
        pace(row.pace_value) + sign["pace"] + status,
    ]


def _funnel(dashboard: Dashboard) -> list[list[str]]:
    funnel = dashboard.funnel
    names = (_("Sent in"), _("Phone proven"), _("Decided"), _("Approved"))
    steps = zip(names, funnel.steps, strict=True)
    rows = [[name, number(value), percent_text(part)] for name, (_code, value, part) in steps]
    for name, value in (
        (_("Not approved"), funnel.refused),
        (_("Still waiting"), funnel.waiting),
    ):
        rows.append([name, number(value), percent_text(ratio(value, funnel.sent))])
    return [*rows, [_("Median days to the decision"), number(funnel.median_days), ""]]


def _quality(dashboard: Dashboard) -> list[list[str]]:
    quality = dashboard.quality
    return [
        [_("Books that differ"), number(quality.drifts)],
        [_("Report and register differ"), number(quality.reports)],
        *([signal.name, number(signal.entries)] for signal in quality.signals),
    ]
