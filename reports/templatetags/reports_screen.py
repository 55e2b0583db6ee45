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
    """The number, or "fewer than 10" for one that is not shown; ratios as percent."""
    if value is None:
        return _("under %(limit)s") % {"limit": SMALL_CELL}
    return percent_text(Decimal(value)) if unit == "ratio" else number(value)
