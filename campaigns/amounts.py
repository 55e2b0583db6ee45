"""Amounts of an indicator in words."""

from __future__ import annotations

from decimal import Decimal

from campaigns.models.target import Unit


def amount(value: Decimal | None, unit: str) -> str:
    """``value`` without needless noughts: 1,200 or, of a ratio, 80%; a dash for nothing."""
    if value is None:
        return "—"
    text = f"{(value * 100 if unit == Unit.RATIO else value).normalize():,f}"
    return f"{text}%" if unit == Unit.RATIO else text


def plain(value: Decimal | None) -> str:
    """``value`` as it is typed in: 1200, 0.8; empty for nothing."""
    return "" if value is None else f"{value.normalize():f}"
