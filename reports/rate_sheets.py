"""The sheets of the workbook that hold rates: each rate with its mark, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _, pgettext

from reports.metrics import metric_of
from reports.ratios import rate_note
from reports.selectors.dashboard import Dashboard
from reports.selectors.figures import Rate
from reports.selectors.key_figures import KeyFigure
from reports.selectors.marks import books_note, named_notes, rests_on
from reports.selectors.ranked import filters_of, marked_columns, marked_sums, pace_of
from reports.selectors.rates import RateRow, rate_table
from reports.sheets import Cells, head

# The kind of cell for a key figure, and for a difference of two.
_KEY_KINDS = {
    "ratio": ("percent", "percent"),
    "per_10000": ("pace", "pace"),
    "change": ("signed", "signed"),
}


def key_rows(dashboard: Dashboard) -> Iterable[Cells]:
    """The key figures with their changes."""
    yield head(
        _("Figure"), _("Value"),
        _("A month before"), _("Value then"), pgettext("figures", "Change"),
        _("A year before"), _("Value then"), pgettext("figures", "Change"), _("Definition"),
        _("Note"),
    )  # fmt: skip
    for key in dashboard.front.keys:
        kind, change_kind = _KEY_KINDS.get(key.unit, ("count", "signed"))
        cells: list[tuple[str, Any]] = [("text", key.name), (kind, key.value)]
        for change in (key.month, key.year):
            cells += [("date", change.day), (kind, change.before), (change_kind, change.difference)]
        yield [*cells, ("text", metric_of(key.code).code), ("text", key_note(key, dashboard))]


def key_note(key: KeyFigure, dashboard: Dashboard) -> str:
    """Why there is no figure, or the marks of the one there is; "" where nothing is to be said."""
    if key.value is None:
        return str(key.missing)
    note = rate_note(Decimal(key.value)) if key.unit == "ratio" else ""
    return _joined(note, dashboard.mark(key.rests_on))


def _joined(*notes: str) -> str:
    return " · ".join(filter(None, notes))


def all_rates(dashboard: Dashboard) -> Iterable[Cells]:
    """Every rate with the two numbers it rests on, and the flows of the month and the year."""
    table = rate_table(
        dashboard.union,
        dashboard.as_of.day,
        reading=None if dashboard.known_now else dashboard.reading,
        units=dashboard.units,
    )
    if dashboard.known_now:
        yield [("text", _("As published"))]
    yield head(
        _("Figure"), _("Group set"), pgettext("a share", "Rate"), _("Numerator"), _("Denominator"),
        _("Note"), _("Definition"),
    )  # fmt: skip
    for row in table.rates:
        yield [
            ("text", row.metric.name),
            ("text", row.name),
            ("percent", row.rate),
            ("count", row.part),
            ("count", row.whole),
            ("text", _joined(rate_note(row.rate), _rate_mark(row, dashboard), row.note)),
            ("text", row.metric.code),
        ]
    yield []
    yield head(_("Figure"), "", _("This month"), _("This year"), "", _("Note"), _("Definition"))
    for flow in table.flows:
        yield [
            ("text", flow.metric.name),
            ("text", ""),
            ("signed" if flow.is_signed else "count", flow.month),
            ("signed" if flow.is_signed else "count", flow.year),
            ("text", ""),
            ("text", dashboard.mark(flow.rests_on)),
            ("text", flow.metric.code),
        ]


def _rate_mark(row: RateRow, dashboard: Dashboard) -> str:
    if row.rate is None:
        return ""
    return books_note(row.books_differ) or dashboard.mark(row.rests_on)


def group_rows(dashboard: Dashboard) -> Iterable[Cells]:
    """Members by group and by set, with their baselines."""
    figures = dashboard.front.figures
    titles = (
        _("Members"), _("Share"), _("New this month"), _("New this year"), _("Baseline"),
        _("Counted on"), _("Enrolment rate"), _("Source"), _("Code of the group"),
        _("Note"),
    )  # fmt: skip
    yield head(_("Group"), *titles)
    for group in figures.groups:
        yield _rate_row(group, dashboard)
    gap = [("text", None)] * 8
    for name, value, parts in (
        (_("Sum of groups"), figures.sum_of_groups, figures.all_groups),
        (_("Total"), figures.members, [""]),
    ):
        mark = dashboard.mark(rests_on("members", parts))
        yield [("text", name), ("count", value), *gap, ("text", mark)]
    yield []
    yield head(_("Group set"), *titles)
    for group_set in figures.sets:
        yield _rate_row(group_set, dashboard)


def _rate_row(rate: Rate, dashboard: Dashboard) -> Cells:
    base = rate.baseline
    members, joined = (
        dashboard.mark(rests_on(metric, rate.groups)) for metric in ("members", "joined")
    )
    marks = (
        (_("Members"), members), (_("New this month"), joined), (_("New this year"), joined),
        (_("Enrolment rate"), "" if rate.rate is None else members),
    )  # fmt: skip
    return [
        ("text", rate.name),
        ("count", rate.members),
        ("percent", rate.share_of_members),
        ("count", rate.joined_this_month),
        ("count", rate.joined_this_year),
        ("count", base.worker_count if base else None),
        ("date", base.counted_on if base else None),
        ("percent", rate.rate),
        ("text", base.source if base else _("no baseline")),
        ("text", rate.code),
        ("text", _joined(rate_note(rate.rate), named_notes(marks))),
    ]


def ranking_rows(dashboard: Dashboard) -> Iterable[Cells]:
    """The unions below, and their sums; above them the filters, below them whose pace it is."""
    ranking = dashboard.front.ranking
    marks, day = dashboard.front.marks, dashboard.as_of.day
    rated = _("Rate, four groups"), _("Rate, new-form workers")
    names = {
        "members": _("Members"), "month": _("New this month"), "year": _("New this year"),
        "set4": rated[0], "nef": rated[1], "pace": _("Pace"),
    }  # fmt: skip

    def marked(columns: Iterable[str]) -> str:
        return named_notes((names[column], books_note(True)) for column in columns)

    for name, chosen in filters_of(ranking):
        yield [("text", name), ("text", chosen)]
    yield head(
        _("Place"), _("Union"), _("Kind"), _("Members"), _("New this month"), _("New this year"),
        _("Share"), *rated, _("Pace"), _("Union code"), _("Number in the portal"), _("Note"),
    )  # fmt: skip
    for row in ranking.rows:
        yield [
            ("count", row.place),
            ("text", row.union.name),
            ("text", row.union.kind.name),
            ("count", row.members),
            ("count", row.joined_this_month),
            ("count", row.joined_this_year),
            ("percent", row.share),
            *(("percent", rate) for rate in row.rates),
            ("pace", row.pace.pace if row.pace else None),
            ("text", row.union.code),
            ("id", row.union.pk),
            (
                "text",
                _joined(
                    _rates_note(rated, row.rates),
                    marked(marked_columns(ranking, row, marks, day)),
                    named_notes([(names["pace"], row.pace.remark)]) if row.pace else "",
                ),
            ),
        ]
    yield [
        ("text", ""),
        ("text", _("Sum of all unions listed")),
        ("text", ""),
        ("count", ranking.members),
        ("count", ranking.joined_this_month),
        ("count", ranking.joined_this_year),
        *[("text", None)] * 6,
        ("text", marked(marked_sums(ranking, dashboard.union, marks, day))),
    ]
    if of_pace := pace_of(ranking):
        yield [("text", ""), ("text", _("Pace of")), ("text", of_pace)]


def _rates_note(names: Sequence[str], rates: Sequence[Decimal | None]) -> str:
    """Each remark with the name of its rate."""
    return named_notes((name, rate_note(rate)) for name, rate in zip(names, rates, strict=True))
