"""The dashboard as a workbook: typed cells, so that a leader's office can go on calculating."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _, pgettext
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from reports.counting import DEFINITION_VERSION
from reports.metrics import METRICS, family_name, reported_name
from reports.selectors.dashboard import Dashboard
from reports.selectors.figures import Rate
from reports.selectors.reported import ShareFinding

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COUNT = "#,##0"
PERCENT = "0.00%"
SIGNED = "+#,##0;-#,##0;0"
PACE = "0.00"
DATE = "yyyy-mm-dd"

# Not allowed in the XML of a sheet; names come from people and files.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_UNSAFE_IN_NAMES = re.compile(r"[^\w.-]+")
_HEAD_FILL = PatternFill("solid", fgColor="FBECEA")
_FORMATS = {
    "count": COUNT, "percent": PERCENT, "signed": SIGNED, "pace": PACE, "date": DATE,
}  # fmt: skip

Cells = Sequence[tuple[str, Any]]  # (kind, value); kinds: text, head, and those of _FORMATS


def file_name(dashboard: Dashboard) -> str:
    """Union and day, without anything a file system or a header could stumble over."""
    name = _UNSAFE_IN_NAMES.sub("-", dashboard.union.name).strip("-.")[:60]
    return f"{name or 'dashboard'}-{dashboard.as_of.day.isoformat()}.xlsx"


def workbook_of(dashboard: Dashboard) -> bytes:
    """The file's content. Headings in the active language."""
    book = Workbook(write_only=True)
    _Sheet(book, _("Figures"), (34, 18, 14, 60)).write(_figure_rows(dashboard))
    _Sheet(book, _("Members by group"), (26, 12, 14, 14, 14, 14, 14, 14, 40)).write(
        _group_rows(dashboard)
    )
    _Sheet(book, _("Unions and stations"), (34, 40, 12, 16)).write(_union_rows(dashboard))
    _Sheet(book, _("Ranking"), (8, 34, 20, 12, 14, 14, 14, 14, 14, 14)).write(
        _ranking_rows(dashboard)
    )
    _Sheet(book, _("Campaigns"), (34, 26, 14, 12, 12, 16, 16, 12, 12, 10, 14, 50)).write(
        _campaign_rows(dashboard)
    )
    _Sheet(book, _("Reported figures"), (34, 24, 16, 12, 12, 16, 16, 50, 50)).write(
        _reported_rows(dashboard)
    )
    _Sheet(book, _("Definitions"), (22, 26, 12, 8, 60, 40, 40, 50, 80)).write(_definition_rows())
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


class _Sheet:
    """One sheet that is written from top to bottom."""

    def __init__(self, book: Workbook, title: str, widths: Sequence[int]) -> None:
        self._sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31])
        for index, width in enumerate(widths, start=1):
            self._sheet.column_dimensions[get_column_letter(index)].width = width

    def write(self, rows: Iterable[Cells]) -> None:
        for row in rows:
            self._sheet.append([self._cell(kind, value) for kind, value in row])

    def _cell(self, kind: str, value: Any) -> WriteOnlyCell | None:
        if value is None:
            return None
        if kind in _FORMATS:
            cell = WriteOnlyCell(self._sheet, value)
            cell.number_format = _FORMATS[kind]
            return cell
        cell = WriteOnlyCell(self._sheet, _CONTROL.sub(" ", str(value)))
        # Text stays text, whatever it begins with: a name such as "=1+1" must not be calculated,
        # not even after somebody edits the cell.
        cell.data_type = "s"
        cell.quotePrefix = True
        if kind == "head":
            cell.font = Font(bold=True)
            cell.fill = _HEAD_FILL
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        return cell


def _head(*titles: str) -> Cells:
    return [("head", title) for title in titles]


def _figure_rows(dashboard: Dashboard) -> Iterable[Cells]:
    figures, as_of = dashboard.figures, dashboard.as_of
    register = _("Register")
    yield [("text", _("Union")), ("text", dashboard.union.name)]
    yield [("text", _("As of")), ("date", as_of.day)]
    if as_of.is_provisional:
        yield [("text", _("Provisional")), ("text", _("Counted before the day was over."))]
    yield [("text", _("Version of the definitions")), ("count", DEFINITION_VERSION)]
    yield []
    yield _head(_("Figure"), _("Value"), _("As of"), _("Source"))
    for name, value in (
        (_("Members (register)"), figures.members),
        (_("Retained members"), figures.retained),
        (_("New members this month"), figures.joined_this_month),
        (_("New members this year"), figures.joined_this_year),
        (_("New-form members"), figures.nef_members),
        (pgettext("figure", "Unions"), figures.unions),
        (_("Unions of new-form workers"), figures.nef_unions),
        (_("Covered unions"), figures.coverage.covered),
        (pgettext("figure", "Stations"), figures.stations),
    ):
        yield [("text", name), ("count", value), ("date", as_of.day), ("text", register)]
    if found := dashboard.reported_members:
        row = found.figure
        yield [
            ("text", _("Members (reported)")),
            ("count", row.value),
            ("date", row.as_of),
            ("text", row.source),
        ]
        yield [("text", _("Register minus reported")), ("signed", found.difference)]
    for share in dashboard.shares:
        yield from _share_rows(share, dashboard)


def _share_rows(share: ShareFinding, dashboard: Dashboard) -> Iterable[Cells]:
    name = str(reported_name(share.metric))
    yield [
        ("text", name + " · " + _("register")),
        ("percent", share.register),
        ("date", dashboard.as_of.day),
        ("text", _("Register")),
    ]
    if share.computed is not None and share.part is not None:
        yield [
            ("text", name + " · " + _("computed from reported counts")),
            ("percent", share.computed),
            ("date", share.part.as_of),
            ("text", share.part.source),
        ]
    if share.reported is not None:
        yield [
            ("text", name + " · " + _("as reported")),
            ("percent", share.reported.value),
            ("date", share.reported.as_of),
            ("text", share.reported.source),
            ("text", _("differs") if share.is_differing else ""),
        ]


def _group_rows(dashboard: Dashboard) -> Iterable[Cells]:
    figures = dashboard.figures
    titles = (
        _("Members"), _("Share"), _("New this month"), _("New this year"), _("Baseline"),
        _("Counted on"), _("Enrolment rate"), _("Source"),
    )  # fmt: skip
    yield _head(_("Group"), *titles)
    for group in figures.groups:
        yield _rate_row(group)
    yield [("text", _("Sum of groups")), ("count", figures.sum_of_groups)]
    yield [("text", _("Total")), ("count", figures.members)]
    yield []
    yield _head(_("Group set"), *titles)
    for group_set in figures.sets:
        yield _rate_row(group_set)


def _rate_row(rate: Rate) -> Cells:
    base = rate.baseline
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
    ]


def _union_rows(dashboard: Dashboard) -> Iterable[Cells]:
    figures = dashboard.figures
    yield _head(_("Family"), _("Kind"), _("Unions"), _("Of new-form workers"))
    for family in figures.families:
        for kind in family.kinds:
            yield [
                ("text", str(family_name(family.code))),
                ("text", kind.name),
                ("count", kind.value),
                ("count", kind.nef),
            ]
    yield [
        ("text", _("Total")),
        ("text", ""),
        ("count", figures.unions),
        ("count", figures.nef_unions),
    ]
    yield []
    yield _head(_("Covered unions, not part of the total"), _("Federation"), _("Unions"))
    for union, value in figures.coverage.by_federation:
        yield [("text", ""), ("text", union.name), ("count", value)]
    yield [("text", _("Total, each once")), ("text", ""), ("count", figures.coverage.covered)]
    yield []
    yield _head("", _("Kind of station"), _("Stations"))
    for station_kind in figures.station_kinds:
        yield [("text", ""), ("text", station_kind.name), ("count", station_kind.value)]
    yield [("text", _("Total")), ("text", ""), ("count", figures.stations)]


def _ranking_rows(dashboard: Dashboard) -> Iterable[Cells]:
    ranking = dashboard.ranking
    yield _head(
        _("Place"), _("Union"), _("Kind"), _("Members"), _("New this month"), _("New this year"),
        _("Share"), _("Rate, four groups"), _("Rate, new-form workers"), _("Pace"),
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
        ]
    yield [
        ("text", ""),
        ("text", _("Sum of all unions listed")),
        ("text", ""),
        ("count", ranking.members),
        ("count", ranking.joined_this_month),
        ("count", ranking.joined_this_year),
    ]


def _campaign_rows(dashboard: Dashboard) -> Iterable[Cells]:
    yield _head(
        _("Campaign"), _("Indicator"), _("Unit"), _("From"), _("To"),
        pgettext("towards a target", "Value"), _("Target"),
        _("Share of target"), _("Time elapsed"), _("Pace"), _("Status"), _("Note"),
    )  # fmt: skip
    for view in dashboard.campaigns:
        for row in view.targets:
            indicator = row.target.indicator
            kind = "percent" if indicator.unit == "ratio" else "count"
            yield [
                ("text", view.campaign.name),
                ("text", indicator.name),
                ("text", indicator.get_unit_display()),
                ("date", row.target.period_start),
                ("date", row.target.period_end),
                (kind, row.value),
                (kind, row.target.value),
                ("percent", row.share),
                ("percent", row.time_elapsed),
                ("pace", row.pace),
                ("text", row.status_label),
                ("text", " ".join(filter(None, (row.target.note, view.campaign.note)))),
            ]


def _reported_rows(dashboard: Dashboard) -> Iterable[Cells]:
    yield _head(
        _("Figure"), _("Group set"), _("Reported"), _("Unit"), _("As of"), _("Register"),
        _("Difference"), _("Source"), _("Note"),
    )  # fmt: skip
    for row in dashboard.reported:
        figure = row.figure
        is_ratio = figure.unit == "ratio"
        kind = "percent" if is_ratio else "count"
        yield [
            ("text", str(reported_name(figure.metric))),
            ("text", figure.group_set.name if figure.group_set else ""),
            (kind, figure.value),
            ("text", figure.get_unit_display()),
            ("date", figure.as_of),
            (kind, row.register),
            (kind if is_ratio else "signed", row.difference),
            ("text", figure.source),
            ("text", figure.note),
        ]


def _definition_rows() -> Iterable[Cells]:
    yield _head(
        _("Code"), _("Figure"), _("Unit"), _("Version"), _("Definition"), _("Numerator"),
        _("Denominator"), _("Source"), "SQL",
    )  # fmt: skip
    for metric in METRICS:
        yield [
            ("text", metric.code),
            ("text", metric.name),
            ("text", metric.unit),
            ("count", metric.version),
            ("text", metric.formula),
            ("text", metric.numerator),
            ("text", metric.denominator),
            ("text", metric.source),
            ("text", metric.sql),
        ]
