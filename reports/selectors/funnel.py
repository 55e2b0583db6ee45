"""From the form to the decision: what became of the applications of a period."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal

from core.clock import local_day_end, local_day_start
from core.replica import reading_connection
from members.models import RejectionReason
from reports.ratios import ratio
from unions.models import Union


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
     WHERE s.type = 'correction' AND s.at < %(until)s),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY days)
        FILTER (WHERE state IN ('approved', 'rejected')),
    (SELECT json_agg(json_build_array(r.code, r.text_zh, r.text_en, refused.value)
                     ORDER BY refused.value DESC, r.sort_order, r.code)
     FROM (SELECT reason, COUNT(*) AS value FROM sent WHERE state = 'rejected' GROUP BY reason)
        refused LEFT JOIN members_rejectionreason r ON r.code = refused.reason)
FROM sent
"""


def funnel_of(union: Union, first: dt.date, last: dt.date) -> Funnel:
    """The funnel of ``union`` and its subtree, both days included; one query."""
    with reading_connection().cursor() as cursor:
        cursor.execute(
            _FUNNEL,
            {
                "path": f"{union.path}%",
                "since": local_day_start(first),
                "until": local_day_end(last),
            },
        )
        *numbers, days, reasons = cursor.fetchone()
    sent, proven, decided, approved, refused, cancelled, waiting, corrected = numbers
    found = json.loads(reasons) if isinstance(reasons, str) else reasons
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
