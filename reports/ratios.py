"""Shares as the portal shows them: null where nothing can be divided, never 0 for "unknown"."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

_HUNDREDTH = Decimal("0.01")


def ratio(part: int | Decimal, whole: int | Decimal | None) -> Decimal | None:
    """``part`` ÷ ``whole``; None without a whole."""
    if not whole:
        return None
    return Decimal(part) / Decimal(whole)


def percent(share: Decimal) -> Decimal:
    """A ratio in percent with two decimals, halves up: 0.063810 → 6.38."""
    return (share * 100).quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)


def is_over_full(rate: Decimal | None) -> bool:
    """More than all: the baseline is old or too small. Such a rate is shown and marked."""
    return rate is not None and rate > 1


def rate_note(rate: Decimal | None) -> str:
    """What stands beside a rate: "no baseline" in place of one, "over 100%" above one, else ""."""
    if rate is None:
        return _("no baseline")
    # Templates mark their percent signs twice, and there is one entry for the words.
    return _("over 100%%") % () if is_over_full(rate) else ""
