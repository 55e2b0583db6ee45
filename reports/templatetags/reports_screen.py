"""Numbers as a screen for everybody shows them."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

from reports.metrics import SMALL_CELL
from reports.templatetags.reports_figures import number, percent_text

register = template.Library()


@register.filter
def few(value: int | Decimal | None, unit: str = "") -> str:
    """The number, or "under 10" for one that is not shown; ratios as percent, and one that is not
    shown by the persons it rests on."""
    if value is None:
        words = _("fewer than %(limit)s persons") if unit == "ratio" else _("under %(limit)s")
        return words % {"limit": SMALL_CELL}
    return percent_text(Decimal(value)) if unit == "ratio" else number(value)
