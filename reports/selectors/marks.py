"""Which figures of a page are marked because the books behind them do not agree."""

from __future__ import annotations

import datetime as dt

from reports.models import Drift
from unions.models import Union

# A page has room for some; the page of quality lists them all.
MOST = 50


def open_drifts_of(union: Union, day: dt.date) -> list[Drift]:
    """Drifts of ``union`` itself up to ``day`` that have not been mended, the newest first."""
    return list(
        Drift.objects.filter(union=union, day__lte=day, mended_at__isnull=True).order_by(
            "-day", "metric", "breakdown"
        )[:MOST]
    )
