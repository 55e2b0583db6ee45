"""Shares as the portal shows them: null where nothing can be divided, never 0 for "unknown"."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_HUNDREDTH = Decimal("0.01")


def ratio(part: int | Decimal, whole: int | Decimal | None) -> Decimal | None:
    """``part`` ÷ ``whole``; None without a whole."""
    if not whole:
        return None
    return Decimal(part) / Decimal(whole)


def percent(share: Decimal) -> Decimal:
    """A ratio in percent with two decimals, halves up: 0.063810 → 6.38."""
    return (share * 100).quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)
