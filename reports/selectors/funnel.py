"""From the form to the decision: what became of the applications of a period."""

from __future__ import annotations

import datetime as dt
import json
import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from core.clock import local_day_end, local_day_start
from core.replica import reading_connection
from members.models import RejectionReason
from reports.ratios import ratio
from reports.selectors.days import month_start, year_start
from reports.selectors.reading import year_ago
from unions.enums import UnionStatus
from unions.models import Union

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusals:
    """How many applications were refused for a reason; "" where none was given."""

    reason: str
    value: int
    share: Decimal | None


@dataclass(frozen=True)
class Funnel:
    """Applications sent in from ``first`` to ``last`` and what had become of them by then.

    ``median_days`` from sending to decision, of those decided; None where none is.
    """

    first: dt.date
    last: dt.date
    sent: int
    proven: int
    decided: int
    approved: int
    refused: int
    cancelled: int
    waiting: int
    corrected: int
    median_days: Decimal | None
    refusals: list[Refusals]

    @property
    def steps(self) -> list[tuple[str, int, Decimal | None]]:
        """The narrowing part: code, applications, share of those sent."""
        return [
            (code, value, ratio(value, self.sent))
            for code, value in (
                ("sent", self.sent),
                ("proven", self.proven),
                ("decided", self.decided),
                ("approved", self.approved),
            )
        ]


# From so many applications on the answer is kept, and for how long.
KEPT_FROM = 20_000
KEPT_SECONDS = 20 * 3600

# Decisions after the last day are not known yet on it.
_FUNNEL = """
WITH sent AS (
    SELECT a.id, a.phone_proven_at < %(until)s AS is_proven,
        CASE WHEN a.decided_at < %(until)s THEN a.status ELSE 'waiting' END AS state,
        a.rejection_reason_id AS reason,
        CASE WHEN a.decided_at < %(until)s
            THEN EXTRACT(EPOCH FROM a.decided_at - a.submitted_at) / 86400.0 END AS days
    FROM members_application a
    JOIN unions_union u ON u.id = a.union_id
    WHERE u.path LIKE %(path)s AND a.submitted_at >= %(since)s AND a.submitted_at < %(until)s
)
SELECT COUNT(*),
    COUNT(*) FILTER (WHERE is_proven),
    COUNT(*) FILTER (WHERE state IN ('approved', 'rejected')),
    COUNT(*) FILTER (WHERE state = 'approved'),
    COUNT(*) FILTER (WHERE state = 'rejected'),
    COUNT(*) FILTER (WHERE state = 'cancelled'),
    COUNT(*) FILTER (WHERE state = 'waiting'),
    (SELECT COUNT(DISTINCT s.application_id) FROM members_applicationstep s
     JOIN sent ON sent.id = s.application_id
     WHERE s.type = 'correction' AND s.at >= %(since)s AND s.at < %(until)s),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY days)
        FILTER (WHERE state IN ('approved', 'rejected')),
    (SELECT json_agg(json_build_array(r.code, r.text_zh, r.text_en, refused.value)
                     ORDER BY refused.value DESC, r.sort_order, r.code)
     FROM (SELECT reason, COUNT(*) AS value FROM sent WHERE state = 'rejected' GROUP BY reason)
        refused LEFT JOIN members_rejectionreason r ON r.code = refused.reason)
FROM sent
"""


def funnel_of(union: Union, first: dt.date, last: dt.date) -> Funnel:
    """The funnel of ``union`` and its subtree, both days included; one query at most.

    It reads the applications of the period, no others. Of a whole province in a year they are
    millions: then the answer is kept for some hours, for what was known on a day that is over
    changes no more.
    """
    key = f"funnel:{union.path}:{first.isoformat()}:{last.isoformat()}"
    row = _kept(key)
    if row is None:
        row = _read(union, first, last)
        # A replica may not have all of a day that has only just ended.
        settled = timezone.now() - dt.timedelta(seconds=settings.REPLICA_MAX_LAG_SECONDS)
        if row[0] >= KEPT_FROM and local_day_end(last) <= settled:
            _keep(key, row)
    *numbers, days, found = row
    sent, proven, decided, approved, refused, cancelled, waiting, corrected = numbers
    return Funnel(
        first=first,
        last=last,
        sent=sent,
        proven=proven,
        decided=decided,
        approved=approved,
        refused=refused,
        cancelled=cancelled,
        waiting=waiting,
        corrected=corrected,
        median_days=None if days is None else round(Decimal(days), 1),
        refusals=[
            Refusals(
                str(RejectionReason(code=code, text_zh=zh, text_en=en)) if code else "",
                value,
                ratio(value, refused),
            )
            for code, zh, en, value in found or ()
        ],
    )


def count_funnels(day: dt.date) -> int:
    """Read the funnels of the highest unions and of those below them, so that they are kept.

    Whoever opens the page of a province in the morning does not wait; how many were read.
    """
    highest = Union.objects.filter(parent__isnull=True)
    unions = Union.objects.filter(Q(pk__in=highest) | Q(parent__in=highest)).exclude(
        status=UnionStatus.DISSOLVED
    )
    periods = {month_start(day), year_start(day), year_ago(day)}
    read = 0
    for union in unions.iterator(chunk_size=500):
        for first in periods:
            funnel_of(union, first, day)
            read += 1
    return read


def _read(union: Union, first: dt.date, last: dt.date) -> list[Any]:
    """The numbers, the median, and the reasons as lists of code, both texts and number."""
    with reading_connection().cursor() as cursor:
        cursor.execute(
            _FUNNEL,
            {
                "path": f"{union.path}%",
                "since": local_day_start(first),
                "until": local_day_end(last),
            },
        )
        *numbers, reasons = cursor.fetchone()
    return [*numbers, json.loads(reasons) if isinstance(reasons, str) else reasons]


def _kept(key: str) -> list[Any] | None:
    try:
        found: list[Any] | None = cache.get(key)
    except (redis.RedisError, OSError):
        return None  # it is read again
    return found


def _keep(key: str, row: list[Any]) -> None:
    try:
        cache.set(key, row, KEPT_SECONDS)
    except (redis.RedisError, OSError) as error:
        logger.warning("a funnel could not be kept (%s)", type(error).__name__)
