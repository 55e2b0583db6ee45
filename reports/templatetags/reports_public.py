"""Figures on public pages of the apps below, which cannot ask for them themselves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template

from campaigns.amounts import amount
from campaigns.models import Campaign, Unit
from reports.briefings.terms import is_chinese
from reports.metrics import SMALL_CELL
from reports.public_progress import PublicProgress, public_progress
from reports.ratios import rate_note
from reports.templatetags.reports_figures import unit_word

register = template.Library()


@register.inclusion_tag("reports/_public_progress.html")
def campaign_progress(campaign: Campaign) -> dict[str, Any]:
    """How far the owner of ``campaign`` is, if it is told; nothing otherwise."""
    rows, day = public_progress(campaign)
    return {
        "rows": [
            {
                "row": row,
                "indicator": row.target.indicator,
                "value": _with_unit(row.value, row.target.indicator.unit),
                "target": _with_unit(row.target_value, row.target.indicator.unit),
                "is_rate": row.target.indicator.unit == Unit.RATIO,
                "note": _note(row),
            }
            for row in rows
        ],
        "day": day,
        "limit": SMALL_CELL,
    }


def _with_unit(value: Decimal | None, unit: str) -> str:
    """50,000.55 yuan; a rate has its sign already."""
    text = amount(value, unit)
    if value is None or unit == Unit.RATIO:
        return text
    return f"{text}{'' if is_chinese() else ' '}{unit_word(unit)}"


def _note(row: PublicProgress) -> str:
    """What is to be said beside a rate, or in its place; "" for all that is no rate."""
    is_rate = row.target.indicator.unit == Unit.RATIO
    return rate_note(row.value) if is_rate and row.is_measured and not row.is_small else ""
