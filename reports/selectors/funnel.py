"""From the opened form to the decision: what became of the applications of a period."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from core.clock import local_day_end, local_day_start
from core.replica import reading_connection
from members.enums import FORM_ELSEWHERE
from members.models import RejectionReason
from reports.keeping import kept_answer
from reports.ratios import ratio
from reports.selectors.days import month_start, year_start
from reports.selectors.reading import year_ago
from unions.models import Union

# The periods up to a day that can be asked for → their first day.
PERIODS: dict[str, Callable[[dt.date], dt.date]] = {
    "month": month_start,
    "year": year_start,
    "12": year_ago,
}
DEFAULT_PERIOD = "year"


@dataclass(frozen=True)
class Refusals:
    """How many applications were refused for a reason; ``code`` and text are "" where none was
    given."""

    code: str
    reason: str
    value: int
    share: Decimal | None


@dataclass(frozen=True)
class Funnel:
    """Applications sent in from ``first`` to ``last`` and what had become of them by then.

    ``opened``: how often the forms of the codes that belong to the subtree now were opened, None
    where none of these days was counted; they are counted since ``opened_since``. ``through_code``
    of those sent came from such a form, ``through_opened`` since the count began. ``answered`` are
    decided, or were asked to correct.

    Medians in days since sending, of those that got there; None where none did. A decision that was
    taken back is none. ``median_days`` is the one to the decision.
    """

    first: dt.date
    last: dt.date
    opened: int | None
    opened_since: dt.date | None
    through_code: int
    through_opened: int
    sent: int
    proven: int
    answered: int
    decided: int
    approved: int
    refused: int
    cancelled: int
    waiting: int
    corrected: int
    median_days: Decimal | None
    proof_days: Decimal | None
    answer_days: Decimal | None
    approval_days: Decimal | None
    refusals: list[Refusals]

    @property
    def opened_share(self) -> Decimal | None:
        """Of the forms opened: those sent in, from the day on that openings are counted."""
        return ratio(self.through_opened, self.opened)

    @property
    def is_counted_in_part(self) -> bool:
        """Openings are counted since a day within the period."""
        return self.opened is not None and (self.opened_since or self.first) > self.first

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
WITH counted AS (SELECT MIN(day) AS since FROM members_joincodevisit),
sent AS (
    SELECT a.id, a.submitted_at, a.rejection_reason_id AS reason,
        CASE WHEN a.phone_proven_at < %(until)s THEN a.phone_proven_at END AS proven_at,
        CASE WHEN a.decided_at < %(until)s THEN a.status ELSE 'waiting' END AS state,
        CASE WHEN a.decided_at < %(until)s AND a.status IN ('approved', 'rejected')
            THEN a.decided_at END AS decided_at,
        a.join_code_id IS NOT NULL AND a.channel <> ALL(%(elsewhere)s) AS is_through
    FROM members_application a
    JOIN unions_union u ON u.id = a.union_id
    WHERE u.path LIKE %(path)s AND a.submitted_at >= %(since)s AND a.submitted_at < %(until)s
),
corrected AS (
    SELECT s.application_id, MIN(s.at) AS at
    FROM members_applicationstep s JOIN sent ON sent.id = s.application_id
    WHERE s.type = 'correction' AND s.at >= %(since)s AND s.at < %(until)s
    GROUP BY 1
),
timed AS (
    SELECT sent.*, corrected.at AS corrected_at, LEAST(corrected.at, decided_at) AS answered_at,
        EXTRACT(EPOCH FROM decided_at - submitted_at) / 86400.0 AS days,
        EXTRACT(EPOCH FROM proven_at - submitted_at) / 86400.0 AS proof_days,
        EXTRACT(EPOCH FROM LEAST(corrected.at, decided_at) - submitted_at) / 86400.0 AS answer_days
    FROM sent LEFT JOIN corrected ON corrected.application_id = sent.id
)
SELECT (SELECT SUM(v.count) FROM members_joincodevisit v
     JOIN members_joincode c ON c.id = v.code_id JOIN unions_union cu ON cu.id = c.union_id
     WHERE cu.path LIKE %(path)s AND v.day BETWEEN %(first)s AND %(last)s),
    (SELECT since FROM counted),
    COUNT(*) FILTER (WHERE is_through),
    COUNT(*) FILTER (WHERE is_through AND submitted_at
        >= (SELECT since::timestamp AT TIME ZONE 'Asia/Shanghai' FROM counted)),
    COUNT(*),
    COUNT(proven_at),
    COUNT(answered_at),
    COUNT(decided_at),
    COUNT(*) FILTER (WHERE state = 'approved'),
    COUNT(*) FILTER (WHERE state = 'rejected'),
    COUNT(*) FILTER (WHERE state = 'cancelled'),
    COUNT(*) FILTER (WHERE state = 'waiting'),
    COUNT(corrected_at),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY days),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY proof_days),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY answer_days),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE state = 'approved'),
    (SELECT json_agg(json_build_array(r.code, r.text_zh, r.text_en, refused.value)
                     ORDER BY refused.value DESC, r.sort_order, r.code)
     FROM (SELECT reason, COUNT(*) AS value FROM sent WHERE state = 'rejected' GROUP BY reason)
        refused LEFT JOIN members_rejectionreason r ON r.code = refused.reason)
FROM timed
"""


def funnel_of(union: Union, first: dt.date, last: dt.date) -> Funnel:
    """The funnel of ``union`` and its subtree, both days included; one query at most.

    It reads the applications of the period, no others. Of a whole province in a year they are
    millions: an answer that took long is kept, for what was known on a day that is over changes no
    more.
    """
    key = f"funnel:2:{union.path}:{first.isoformat()}:{last.isoformat()}"
    # A replica may not have all of a day that has only just ended.
    settled = timezone.now() - dt.timedelta(seconds=settings.REPLICA_MAX_LAG_SECONDS)
    if local_day_end(last) <= settled:
        row = kept_answer(key, lambda: _read(union, first, last))
    else:
        row = _read(union, first, last)
    opened, opened_since, through_code, through_opened, *numbers = row[:-5]
    sent, proven, answered, decided, approved, refused, cancelled, waiting, corrected = numbers
    *days, found = row[-5:]
    median_days, *other_days = [None if value is None else Decimal(value) for value in days]
    proof_days, answer_days, approval_days = other_days
    is_counted = opened_since is not None and opened_since <= last
    return Funnel(
        first=first,
        last=last,
        opened=int(opened or 0) if is_counted else None,
        opened_since=opened_since,
        through_code=through_code,
        through_opened=through_opened,
        sent=sent,
        proven=proven,
        answered=answered,
        decided=decided,
        approved=approved,
        refused=refused,
        cancelled=cancelled,
        waiting=waiting,
        corrected=corrected,
        median_days=None if median_days is None else round(median_days, 1),
        proof_days=proof_days,
        answer_days=answer_days,
        approval_days=approval_days,
        refusals=[
            Refusals(
                code or "",
                str(RejectionReason(code=code, text_zh=zh, text_en=en)) if code else "",
                value,
                ratio(value, refused),
            )
            for code, zh, en, value in found or ()
        ],
    )


def _read(union: Union, first: dt.date, last: dt.date) -> list[Any]:
    """The numbers, the medians, and the reasons as lists of code, both texts and number."""
    with reading_connection().cursor() as cursor:
        cursor.execute(
            _FUNNEL,
            {
                "path": f"{union.path}%",
                "since": local_day_start(first),
                "until": local_day_end(last),
                "first": first,
                "last": last,
                "elsewhere": [str(channel.value) for channel in FORM_ELSEWHERE],
            },
        )
        *numbers, reasons = cursor.fetchone()
    return [*numbers, json.loads(reasons) if isinstance(reasons, str) else reasons]
