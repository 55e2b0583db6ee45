"""Quality signals: what in the entries of a union is worth a look. Lists, never verdicts.

Two of the kinds are about what came in: *burst* reads the joins that were entered on the day,
*last day* the phases that ended on it, or a week ago. They cost what came in, and are shown for 90
days. The other three are about the register as it stands; they go through all of it, once a week
and when their rule was changed. A signal is written when it appears or changes, and cleared when it
is gone, so that any day can be shown. The thresholds are in ``SignalRule``.

An open code, a window or a signed-in device is all that is kept of where a form came from: no
address of a caller. A mobile window has a code of its own, which stands for its device.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection
from django.db.models import F

from core.clock import local_day_end, local_day_start
from core.locks import advisory_lock
from reports.models import QualitySignal, SignalKind, SignalRule

SHOWN_FOR = dt.timedelta(days=90)
SWEPT_EVERY = dt.timedelta(days=7)
LATE_ENTRIES = dt.timedelta(days=7)
SHORTEST_PHASE = 7  # days; the last day of a shorter phase says nothing
MOST_KEYS = 200

_INSERT = """
INSERT INTO reports_qualitysignal (day, union_id, kind, value, details, cleared_on)
"""
_KEYS = f"to_jsonb((array_agg({{key}} ORDER BY {{key}}))[1:{MOST_KEYS}])"

# Approved joins by code and union; for each, how many were sent in within the minutes up to it. The
# densest moment of a code is its signal.
_BURSTS = f"""
WITH touched AS (
    SELECT ms.join_code_id, MIN(a.submitted_at) AS first_sent, MAX(a.submitted_at) AS last_sent
    FROM members_membershipevent e
    JOIN members_membership ms ON ms.id = e.membership_id
    JOIN members_application a ON a.id = ms.application_id
    WHERE e.type = 'joined' AND e.recorded_at >= %(begins)s AND e.recorded_at < %(ends)s
      AND ms.join_code_id IS NOT NULL
    GROUP BY 1
),
sent AS (
    SELECT a.join_code_id, ms.union_id, ms.id, a.channel, a.submitted_at,
           COUNT(*) OVER minutes AS joins, MIN(a.submitted_at) OVER minutes AS since
    FROM touched t
    JOIN members_application a ON a.join_code_id = t.join_code_id
     AND a.submitted_at BETWEEN t.first_sent - %(window)s AND t.last_sent + %(window)s
    JOIN members_membership ms ON ms.application_id = a.id AND ms.status <> 'annulled'
    WINDOW minutes AS (
        PARTITION BY a.join_code_id, ms.union_id ORDER BY a.submitted_at
        RANGE BETWEEN %(window)s PRECEDING AND CURRENT ROW)
),
densest AS (
    SELECT DISTINCT ON (join_code_id, union_id) join_code_id, union_id, joins, since, submitted_at
    FROM sent WHERE joins >= %(threshold)s
    ORDER BY join_code_id, union_id, joins DESC, submitted_at
)
SELECT d.union_id, d.joins, jsonb_build_object(
    'join_code', d.join_code_id, 'channel', MIN(s.channel),
    'from', to_char(d.since AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'),
    'to', to_char(d.submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'),
    'memberships', {_KEYS.format(key="s.id")})
FROM densest d
JOIN sent s ON (s.join_code_id, s.union_id) = (d.join_code_id, d.union_id)
 AND s.submitted_at BETWEEN d.since AND d.submitted_at
GROUP BY d.join_code_id, d.union_id, d.joins, d.since, d.submitted_at
"""

_LAST_DAYS = f"""
SELECT e.union_id, COUNT(*) FILTER (WHERE e.effective_on = p.ends_on), jsonb_build_object(
    'phase', p.id, 'joins', COUNT(*),
    'memberships', to_jsonb((array_agg(e.membership_id ORDER BY e.membership_id)
        FILTER (WHERE e.effective_on = p.ends_on))[1:{MOST_KEYS}]))
FROM campaigns_phase p
JOIN campaigns_campaign c ON c.id = p.campaign_id AND c.status IN ('published', 'closed')
JOIN unions_union o ON o.id = c.owner_id
JOIN members_membershipevent e ON e.type = 'joined' AND e.recorded_at < %(ends)s
 AND e.effective_on BETWEEN p.starts_on AND p.ends_on
JOIN unions_union u ON u.id = e.union_id AND starts_with(u.path, o.path)
WHERE p.ends_on IN (%(day)s, %(week_ago)s)
  AND p.ends_on - p.starts_on + 1 >= {SHORTEST_PHASE}
  AND NOT EXISTS (SELECT FROM members_membershipevent x WHERE x.corrects_id = e.id)
GROUP BY p.id, e.union_id
HAVING COUNT(*) >= %(window)s
   AND COUNT(*) FILTER (WHERE e.effective_on = p.ends_on) >= %(threshold)s * COUNT(*)
"""

# Members of today, each once; merged and frozen records are nobody's.
_ACTIVE = """
    members_membership ms
    JOIN members_member m ON m.id = ms.member_id AND m.frozen_at IS NULL
     AND m.merged_into_id IS NULL
    WHERE ms.ended_on IS NULL AND ms.status IN ('active', 'transferring')
"""

_SHARED_PHONES = f"""
WITH shared AS (
    SELECT m.phone_hash FROM {_ACTIVE}
    GROUP BY m.phone_hash HAVING COUNT(*) >= %(threshold)s
)
SELECT ms.union_id, COUNT(*), jsonb_build_object(
    'phones', COUNT(DISTINCT m.phone_hash), 'memberships', {_KEYS.format(key="ms.id")})
FROM {_ACTIVE} AND m.phone_hash IN (SELECT phone_hash FROM shared)
GROUP BY ms.union_id
"""

_AGES = f"""
SELECT ms.union_id, COUNT(*), jsonb_build_object('memberships', {_KEYS.format(key="ms.id")})
FROM {_ACTIVE}
  AND (ms.started_on < m.birth_date + make_interval(years => %(threshold)s::int)
       OR m.birth_date + make_interval(years => %(window)s) < %(day)s)
GROUP BY ms.union_id
"""

# What is kept of anybody's doings: a phone proven when joining, a code used (for as long as codes
# are kept), what they did on their own page, what they asked for, and entries of the ledger.
_INACTIVE = f"""
SELECT ms.union_id, COUNT(*), jsonb_build_object('memberships', {_KEYS.format(key="ms.id")})
FROM {_ACTIVE}
  AND ms.started_on < %(day)s - make_interval(months => %(window)s)
  AND NOT EXISTS (
    SELECT FROM members_application a
    WHERE a.id = ms.application_id AND a.phone_proven_at IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM members_onetimecode c
    WHERE c.phone_hash = m.phone_hash AND c.used_at IS NOT NULL)
  AND NOT EXISTS (SELECT FROM members_datarequest r WHERE r.member_id = m.id)
  AND NOT EXISTS (
    SELECT FROM audit_auditentry l
    WHERE l.object_type = 'members.member' AND l.object_id = m.id::text
      AND l.data->>'by' = 'member')
  AND NOT EXISTS (
    SELECT FROM members_membershipevent e
    WHERE e.membership_id = ms.id AND e.type <> 'joined'
      AND e.effective_on >= %(day)s - make_interval(months => %(window)s))
GROUP BY ms.union_id
HAVING COUNT(*) >= %(threshold)s
"""

_SWEEPS = {
    SignalKind.SHARED_PHONE: _SHARED_PHONES,
    SignalKind.IMPOSSIBLE_AGE: _AGES,
    SignalKind.INACTIVE: _INACTIVE,
}


def find_signals(day: dt.date) -> int:
    """Write the signals of ``day``; rows written. Idempotent; run in a transaction.

    Days are gone through in order. A sweep is of the register as it is now: it is left out when a
    day is filled that lies before the newest sweep.
    """
    advisory_lock("reports.quality")
    written = 0
    for rule in SignalRule.objects.order_by("kind"):
        if rule.kind in _SWEEPS:
            written += _sweep(rule, day)
        else:
            written += _look_at_the_day(rule, day)
    return written


# -- what came in ---------------------------------------------------------------------------------


def _look_at_the_day(rule: SignalRule, day: dt.date) -> int:
    """Bursts, or last days: the signals that appeared on ``day`` are written anew."""
    _take_back(rule.kind, day, reopened=F("day") + SHOWN_FOR)
    if not rule.is_active:
        return 0
    values: dict[str, Any] = {
        "day": day,
        "week_ago": day - LATE_ENTRIES,
        "begins": local_day_start(day),
        "ends": local_day_end(day),
        "threshold": rule.threshold,
        "window": rule.window,
    }
    query, mark = _LAST_DAYS, "phase"
    if rule.kind == SignalKind.BURST:
        query, mark = _BURSTS, "join_code"
        values["window"] = dt.timedelta(minutes=rule.window)
    with connection.cursor() as cursor:
        _find(cursor, query, values)
        # The same code or phase, seen again: what was written before was told too early.
        cursor.execute(
            "UPDATE reports_qualitysignal s SET cleared_on = %(day)s FROM found f "
            "WHERE s.kind = %(kind)s AND s.union_id = f.union_id AND s.cleared_on > %(day)s "
            "AND s.details->%(mark)s = f.details->%(mark)s "
            "AND (%(mark)s = 'phase' OR (s.details->>'from' <= f.details->>'to' "
            "  AND f.details->>'from' <= s.details->>'to'))",
            {"day": day, "kind": rule.kind, "mark": mark},
        )
        cursor.execute(
            f"{_INSERT} SELECT %s, union_id, %s, value, details, %s FROM found",
            [day, rule.kind, day + SHOWN_FOR],
        )
        return cursor.rowcount


# -- the register as it stands --------------------------------------------------------------------


def _sweep(rule: SignalRule, day: dt.date) -> int:
    """Go through the register if it is time; write what appeared or changed, clear what is gone."""
    swept = rule.swept_on
    if swept is not None and swept != day and day < swept + SWEPT_EVERY:
        return 0
    _take_back(rule.kind, day, reopened=None)
    with connection.cursor() as cursor:
        query = _SWEEPS[SignalKind(rule.kind)]
        values = {"day": day, "threshold": rule.threshold, "window": rule.window}
        _find(cursor, query, values, empty=not rule.is_active)
        cursor.execute(
            "UPDATE reports_qualitysignal s SET cleared_on = %s "
            "WHERE s.kind = %s AND s.cleared_on IS NULL AND NOT EXISTS (SELECT FROM found f "
            "WHERE (f.union_id, f.value, f.details) = (s.union_id, s.value, s.details))",
            [day, rule.kind],
        )
        # Not in one statement with what follows: where many are found and none was known, each was
        # compared with all that had just been written.
        cursor.execute(
            "DELETE FROM found f USING reports_qualitysignal s "
            "WHERE s.kind = %s AND s.union_id = f.union_id AND s.cleared_on IS NULL",
            [rule.kind],
        )
        cursor.execute(
            f"{_INSERT} SELECT %s, union_id, %s, value, details, NULL FROM found",
            [day, rule.kind],
        )
        written: int = cursor.rowcount
    SignalRule.objects.filter(pk=rule.pk).update(swept_on=day)
    return written


def _take_back(kind: str, day: dt.date, *, reopened: Any) -> None:
    """Undo what an earlier run of the same day wrote and cleared."""
    signals = QualitySignal.objects.filter(kind=kind)
    signals.filter(day=day).delete()
    signals.filter(cleared_on=day).update(cleared_on=reopened)


def _find(cursor: Any, query: str, values: dict[str, Any], *, empty: bool = False) -> None:
    """Put what ``query`` finds into the temporary table ``found``."""
    cursor.execute("DROP TABLE IF EXISTS found")
    cursor.execute(
        "CREATE TEMP TABLE found (union_id bigint, value int, details jsonb) ON COMMIT DROP"
    )
    if not empty:
        cursor.execute(f"INSERT INTO found (union_id, value, details) {query}", values)
