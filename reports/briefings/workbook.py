"""The briefing as a workbook: the text, and a table of all units per indicator and period."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _, pgettext
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference

from campaigns.models import Unit
from reports.briefings import terms, wording
from reports.briefings.content import Briefing, Line, Sheet
from reports.sheets import Cells, Sheet as Page, head

CHART_UNITS = 30
WIDTHS = (8, 44, 16, 16, 12, 12, 10, 12, 16, 16, 16, 14, 40, 20, 14)
# The whole row stands in the table of all units; the others repeat what they are about.
RANKED_COLUMNS, LAGGING_COLUMNS = 5, 8
_FIRST_UNIT_ROW = 4


def workbook_of(briefing: Briefing) -> bytes:
    """The file's content, in the active language."""
    book = Workbook(write_only=True)
    Page(book, _("Briefing"), (110,)).write(_text_rows(briefing))
    for count, sheet in enumerate(briefing.sheets, start=1):
        names = (
            _("Units %(number)d") % {"number": count},
            _("Ranking %(number)d") % {"number": count},
            _("Behind %(number)d") % {"number": count},
        )
        Page(book, names[0], WIDTHS).write(_unit_rows(sheet, sheet.lines))
        ranking = Page(book, names[1], WIDTHS)
        ranking.write(_unit_rows(sheet, sheet.next_below, RANKED_COLUMNS))
        _add_chart(ranking, sheet)
        lagging = Page(book, names[2], WIDTHS)
        lagging.write(_unit_rows(sheet, sheet.laggards, LAGGING_COLUMNS))
        if not sheet.laggards:
            # Nobody, or nobody knows.
            lagging.write([[("text", wording.lagging(sheet, 0))]])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _text_rows(briefing: Briefing) -> Iterable[Cells]:
    yield [("title", terms.title(briefing))]
    yield [("text", terms.as_of_text(briefing))]
    yield [("text", briefing.campaign.owner.name)]
    if briefing.campaign.is_demo:
        yield [("text", _("Demo data"))]
    yield []
    yield [("text", wording.opening(briefing))]
    yield head(terms.heading(1, _("Overall progress")))
    for count, sheet in enumerate(briefing.sheets, start=1):
        yield [("text", terms.subheading(count, terms.full_name(sheet)))]
        for text in wording.overview(sheet, briefing.day, has_signs=False):
            yield [("text", text)]
    if nothing := wording.without_targets(briefing):
        yield [("text", nothing)]
    yield head(terms.heading(2, _("What the figures mean")))
    for text in wording.explanations(briefing):
        yield [("text", text)]


def _unit_rows(sheet: Sheet, lines: list[Line], columns: int = len(WIDTHS)) -> Iterable[Cells]:
    yield [("text", terms.full_name(sheet))]
    unit = str(sheet.indicator.get_unit_display())
    yield [("text", pgettext("of a table", "In")), ("text", unit)]
    titles = (
        _("Place"), _("Unit"), _("Target"), _("Reached"), _("Share of target"), _("Time elapsed"),
        _("Pace"), _("Status"), _("Forecast"), _("Forecast, low"), _("Forecast, high"),
        _("Needed per day"), _("Note"), _("Union code"), _("Number in the portal"),
    )  # fmt: skip
    # A part of the table has room for notes where there are any.
    noted = columns < len(WIDTHS) and any(line.progress.remark for line in lines)
    yield head(*titles[:columns], *([_("Note")] if noted else []))
    for line in lines:
        mark = [("text", line.progress.remark)] if noted else []
        yield [*_unit_row(line, sheet)[:columns], *mark]


def _unit_row(line: Line, sheet: Sheet) -> Cells:
    kind = "percent" if sheet.indicator.unit == Unit.RATIO else "number"
    row, found = line.progress, line.forecast
    values: list[tuple[str, Any]] = [
        ("count", line.place),
        ("text", "　" * line.depth + line.union.name),
        (kind, line.target_value),
        (kind, row.value),
        ("percent", row.share),
        ("percent", row.time_elapsed),
        ("pace", row.pace),
        ("text", line.status_label),
        (kind, found.expected),
        (kind, found.low),
        (kind, found.high),
        (kind, found.needed_per_day),
        ("text", " · ".join(filter(None, (row.remark, row.target.note)))),
        ("text", line.union.code),
        ("id", line.union.pk),
    ]
    return values


def _add_chart(page: Page, sheet: Sheet) -> None:
    """Shares of target of the best units, as bars beside the table."""
    count = min(len(sheet.next_below), CHART_UNITS)
    if not count:
        return
    last = _FIRST_UNIT_ROW + count - 1
    chart = BarChart()
    chart.type = "bar"
    chart.title = _("Share of target")
    chart.legend = None
    chart.height = 2 + 0.7 * count
    chart.width = 22
    chart.y_axis.number_format = "0%"
    chart.y_axis.delete = chart.x_axis.delete = False
    chart.x_axis.scaling.orientation = "maxMin"
    chart.add_data(
        Reference(page.sheet, min_col=5, min_row=_FIRST_UNIT_ROW, max_row=last),
        titles_from_data=False,
    )
    chart.set_categories(Reference(page.sheet, min_col=2, min_row=_FIRST_UNIT_ROW, max_row=last))
    page.sheet.add_chart(chart, "G3")
