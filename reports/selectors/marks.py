"""Which figures of a page are marked because the books behind them do not agree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q

from reports.models import Drift
from reports.models.counts import Metric
from unions.models import Union

# A page has room for some; the page of quality lists them all.
MOST = 50


# What rests on a fact of a membership that its ledger tells otherwise.
_RESTS_ON_LEDGER = (Metric.MEMBERS, Metric.RETAINED, Metric.JOINED, Metric.REJOINED)


def open_drifts_of(union: Union, day: dt.date) -> list[Drift]:
    """Drifts up to ``day`` that have not been mended, the newest first: of the figures of ``union``
    itself, and of memberships anywhere in its subtree, which its figures count too."""
    return list(
        Drift.objects.filter(
            Q(union=union) | Q(book=Drift.Book.LEDGER, union__path__startswith=union.path),
            day__lte=day,
            mended_at__isnull=True,
        ).order_by("-day", "metric", "breakdown")[:MOST]
    )


def marked_figures(drifts: Iterable[Drift]) -> set[str]:
    """The codes of the figures that are marked for ``drifts``."""
    marked: set[str] = set()
    for drift in drifts:
        if drift.book == Drift.Book.LEDGER:
            marked.update(_RESTS_ON_LEDGER)
        else:
            marked.add(drift.metric)
    return marked
