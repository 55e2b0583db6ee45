"""The circular on paper: a plain official layout after GB/T 9704, without red head and seal.

A real document gets its head and number from the office that issues it; this is what stands below.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _, ngettext, pgettext

from campaigns.models import Unit
from core.typesetting import set_document
from reports.briefings import terms, wording
from reports.briefings.content import Briefing, Line, Sheet
from reports.templatetags.reports_figures import DASH, number, pace, percent_text, rate_text
from reports.templatetags.reports_marks import sign_note, signed_as

Block = dict[str, Any]

# A chart shows at most so many units: the best, and the last if there are more.
CHART_BEST, CHART_LAST = 20, 10
SHOWN_LAGGARDS = 30
# Beyond so many lines nobody reads on paper: an annex then holds the units next below.
MOST_LINES = 12_000
MOST_TAGGED_LINES = 500
# Bars end here: somebody with ten times the target must not squeeze all others.
WIDEST = Decimal("1.5")


def paper_of(briefing: Briefing, made_on: dt.date) -> bytes:
    """The PDF, in the active language. Raises RuleViolation when the font is not installed."""
    lines = sum(len(sheet.lines) for sheet in briefing.sheets)
    return set_document(
        Path(__file__).with_name("briefing.typ"),
        page_values(briefing, made_on),
        is_tagged=lines <= MOST_TAGGED_LINES,
    )


def page_values(briefing: Briefing, made_on: dt.date) -> dict[str, Any]:
    """Everything that is printed, as texts and widths of bars."""
    sheets = briefing.sheets
    sections = [_overview(briefing)]
    with_units = [sheet for sheet in sheets if sheet.lines]
    if with_units:
        sections += [_ranking(with_units), _laggards(with_units)]
    sections.append(_explanations(briefing))
    for count, section in enumerate(sections, start=1):
        section["heading"] = terms.heading(count, section["heading"])
    return {
        "lang": "zh" if terms.is_chinese() else "en",
        "title": terms.title(briefing),
        "title_lines": terms.title_lines(briefing),
        "as_of": terms.as_of_text(briefing),
        "opening": wording.opening(briefing),
        "sections": sections,
        "signature": [briefing.campaign.owner.name, terms.date_text(made_on)],
        "demo": _("Demo data") if briefing.campaign.is_demo else "",
        "annexes": _annexes(sheets),
    }


def _annexes(sheets: list[Sheet]) -> list[Block]:
    is_cut = sum(len(sheet.lines) for sheet in sheets) > MOST_LINES
    return [
        {
            "title": _("Annex %(number)d") % {"number": count},
            "name": terms.indicator_name(sheet),
            "period": terms.period_text(sheet),
            "note": _("Units next below only; all units are in the workbook of this briefing.")
            if is_cut
            else "",
            "unit": unit_note(sheet),
            "head": table_head(),
            "rows": [
                line_cells(line, sheet, is_indented=True)
                for line in sheet.lines
                if not is_cut or line.depth == 0
            ],
        }
        for count, sheet in enumerate(sheets, start=1)
        if sheet.lines
    ]


def table_head() -> list[str]:
    """The columns of a table of units."""
    return [
        _("Place"), _("Unit"), _("Target"), _("Reached"), _("Share of target"), _("Pace"),
        _("Status"),
    ]  # fmt: skip


def line_cells(line: Line, sheet: Sheet, *, is_indented: bool = False) -> list[str]:
    """A unit's row, without the unit of measure."""
    row = line.progress
    indent = "　" * min(line.depth, 4) if is_indented else ""
    return [
        str(line.place) if line.place else DASH,
        indent + line.union.name,
        _bare(line.target_value, sheet),
        _bare(row.value, sheet) + signed_as(row.books_differ) + _earlier_sign(line),
        percent_text(row.share),
        pace(row.pace),
        line.status_label,
    ]


def _earlier_sign(line: Line) -> str:
    is_earlier = line.progress.value is not None and line.progress.measured_earlier
    return wording.EARLIER if is_earlier else ""


def unit_note(sheet: Sheet) -> str:
    """In which unit targets and values stand; percent stand in the cells."""
    if sheet.indicator.unit == Unit.RATIO:
        return ""
    colon = "：" if terms.is_chinese() else ": "
    return f"{pgettext('of a table', 'In')}{colon}{sheet.indicator.get_unit_display()}"


def _bare(value: Decimal | None, sheet: Sheet) -> str:
    if sheet.indicator.unit != Unit.RATIO:
        return number(value)
    # A rate of more than everybody bears its mark, a missing one is a dash.
    return percent_text(value) if value is None else rate_text(value)


def _overview(briefing: Briefing) -> Block:
    blocks: list[Block] = []
    for count, sheet in enumerate(briefing.sheets, start=1):
        blocks.append(_sub(terms.subheading(count, terms.full_name(sheet))))
        blocks += [_text(text) for text in wording.overview(sheet, briefing.day, has_signs=True)]
        if sheet.lines:
            blocks.append(_states(sheet))
    if nothing := wording.without_targets(briefing):
        blocks.append(_text(nothing))
    return {"heading": _("Overall progress"), "blocks": blocks}


def _ranking(sheets: list[Sheet]) -> Block:
    blocks: list[Block] = []
    for count, sheet in enumerate(sheets, start=1):
        blocks.append(_sub(terms.subheading(count, terms.sheet_name(sheet))))
        ranked = [line for line in sheet.next_below if line.place]
        if ranked:
            blocks.append(_bars(ranked))
            blocks += _unranked(len(sheet.next_below) - len(ranked))
        else:
            blocks.append(_text(_("There is no share of a target to rank the units by.")))
    return {"heading": _("Ranking of the units next below"), "blocks": blocks}


def _laggards(sheets: list[Sheet]) -> Block:
    blocks: list[Block] = []
    for count, sheet in enumerate(sheets, start=1):
        blocks.append(_sub(terms.subheading(count, terms.sheet_name(sheet))))
        blocks.append(_text(wording.lagging(sheet, SHOWN_LAGGARDS)))
        if sheet.laggards:
            blocks.append(
                {
                    "kind": "table",
                    "unit": unit_note(sheet),
                    "head": table_head(),
                    "rows": [line_cells(line, sheet) for line in sheet.laggards[:SHOWN_LAGGARDS]],
                }
            )
    return {"heading": _("Units that lag behind"), "blocks": blocks}


def _explanations(briefing: Briefing) -> Block:
    marked = (signed_as(sheet.doubted) for sheet in briefing.sheets)
    texts = [*wording.explanations(briefing), sign_note(marked)]
    return {
        "heading": _("What the figures mean"),
        "blocks": [_text(text) for text in texts if text],
    }


def _states(sheet: Sheet) -> Block:
    """How many units are in which state, as one divided bar."""
    return {
        "kind": "states",
        "parts": [
            {
                "state": state,
                "label": f"{label} {count}",
                "part": count / len(sheet.lines),
            }
            for state, label, count in sheet.states
        ],
    }


def _unranked(count: int) -> list[Block]:
    if not count:
        return []
    text = ngettext(
        "%(count)d unit without a share of its target is left out.",
        "%(count)d units without a share of their target are left out.",
        count,
    )
    return [_text(text % {"count": count})]


def _bars(direct: list[Line]) -> Block:
    """Shares of target as bars, with the share of time as a mark; the best first."""
    is_cut = len(direct) > CHART_BEST + CHART_LAST
    groups = [direct[:CHART_BEST], direct[-CHART_LAST:]] if is_cut else [direct]
    shares = [line.progress.share or Decimal(0) for line in direct]
    full = min(max([Decimal(1), *shares]), WIDEST)
    return {
        "kind": "bars",
        "note": _("Bars: share of target. Thin line: time elapsed. Dashed line: 100%."),
        "full": float(1 / full),
        "gap": _("%(count)d units between them are in the annex")
        % {"count": len(direct) - CHART_BEST - CHART_LAST}
        if is_cut
        else "",
        "groups": [
            [
                {
                    "label": f"{line.place}  {line.union.name}",
                    "text": percent_text(line.progress.share)
                    + signed_as(line.progress.books_differ)
                    + _earlier_sign(line),
                    "width": float(min((line.progress.share or Decimal(0)) / full, Decimal(1))),
                    "time": float(line.progress.time_elapsed / full),
                    "state": line.state,
                }
                for line in group
            ]
            for group in groups
        ],
    }


def _text(text: str) -> Block:
    return {"kind": "text", "text": text}


def _sub(text: str) -> Block:
    return {"kind": "sub", "text": text}
