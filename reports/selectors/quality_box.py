"""How many signals and drifts the checks of a night left for a subtree."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q, Sum

from reports.keeping import kept_answer
from reports.models import Drift, QualitySignal, SignalRule
from unions.models import Union


@dataclass(frozen=True)
class SignalCount:
    """Signals of a kind: at how many unions, and how many entries show it."""

    kind: str
    name: str
    unions: int
    entries: int


@dataclass(frozen=True)
class QualityBox:
    """What stands to be looked at on a day; ``checked_on`` is None before the first check.

    ``drifts`` are differences in the portal's own books, ``reports`` those between what a union
    reported and its register.
    """

    checked_on: dt.date | None
    signals: list[SignalCount]
    drifts: int
    oldest_drift: dt.date | None
    reports: int
    oldest_report: dt.date | None


def quality_box_of(union: Union, day: dt.date) -> QualityBox:
    """The signals that stood on ``day`` and the drifts that were not mended (listed one by one in
    ``open_drifts``); three queries.

    ``checked_on`` is when the whole register was gone through last; what came in is looked at each
    night.
    """
    signals = QualitySignal.objects.filter(union__path__startswith=union.path).standing_on(day)
    counted = kept_answer(
        f"signals:1:{union.path}:{day.isoformat()}",
        lambda: list(
            signals.order_by("kind")
            .values_list("kind")
            .annotate(unions=Count("union", distinct=True), entries=Sum("value"))
        ),
    )
    checked_on = SignalRule.objects.filter(swept_on__lte=day).aggregate(day=Max("swept_on"))["day"]
    is_report = Q(book=Drift.Book.REPORTED)
    drifts = Drift.objects.filter(
        Q(mended_at__isnull=True), union__path__startswith=union.path, day__lte=day
    ).aggregate(
        value=Count("pk", filter=~is_report),
        oldest=Min("day", filter=~is_report),
        reports=Count("pk", filter=is_report),
        oldest_report=Min("day", filter=is_report),
    )
    names = dict(QualitySignal.Kind.choices)
    return QualityBox(
        checked_on,
        [
            SignalCount(kind, str(names.get(kind, kind)), unions, entries)
            for kind, unions, entries in counted
        ],
        drifts["value"],
        drifts["oldest"],
        drifts["reports"],
        drifts["oldest_report"],
    )
