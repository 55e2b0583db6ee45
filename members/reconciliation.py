"""Do the memberships agree with the ledger they are a reading of?

For each membership the ledger (``MembershipEvent``) is summed and compared with the row: the state
today, the first and the last day, the union and the worker group. One set-based statement, nothing
personal in its result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection, transaction

# Differences come in batches: a faulty import may name every membership there is.
BATCH = 2_000


class Difference(NamedTuple):
    """One disagreement: what the row says (``stored``) and what the ledger gives (``ledger``).

    ``kind`` is ``membership`` or ``union`` and says what ``id`` is the key of. Values are counts of
    persons, ISO dates or codes, as text; None where there is none.
    """

    kind: str
    id: int
    metric: str
    breakdown: str
    stored: str | None
    ledger: str | None


# Metrics: ``active`` and ``retained`` (persons today), ``open`` (persons today of a membership that
# has ended, whose last day may still be to come), ``started_on``, ``ended_on`` (its last day; the
# ledger's entry counts from the day after), ``most_persons`` and ``least_persons`` (never more than
# one at any time, never less than none), ``union`` and ``worker_group`` (where it is counted).
_MEMBERSHIPS = """
WITH daily AS (
    SELECT membership_id, effective_on AS day,
           SUM(active_change) AS active, SUM(retained_change) AS retained
    FROM members_membershipevent
    GROUP BY membership_id, effective_on
),
running AS (
    SELECT *, SUM(active + retained) OVER (PARTITION BY membership_id ORDER BY day) AS persons
    FROM daily
),
spells AS (
    SELECT membership_id,
           COALESCE(SUM(active) FILTER (WHERE day <= %(today)s), 0) AS active,
           COALESCE(SUM(retained) FILTER (WHERE day <= %(today)s), 0) AS retained,
           MIN(day) FILTER (WHERE persons > 0) AS first_day,
           CASE WHEN SUM(active + retained) = 0
                THEN MAX(day) FILTER (WHERE active + retained <> 0) - 1 END AS last_day,
           MAX(persons) AS most, MIN(persons) AS least
    FROM running
    GROUP BY membership_id
),
places AS (
    SELECT e.membership_id, e.union_id, e.worker_group_id
    FROM members_membershipevent e
    JOIN members_membership m ON m.id = e.membership_id
    WHERE (e.union_id, e.worker_group_id) <> (m.union_id, m.worker_group_id)
    GROUP BY 1, 2, 3
    HAVING SUM(e.active_change) <> 0 OR SUM(e.retained_change) <> 0 OR SUM(e.joined_change) <> 0
)
SELECT m.id, found.metric, found.stored, found.ledger
FROM members_membership m
LEFT JOIN spells s ON s.membership_id = m.id
CROSS JOIN LATERAL (VALUES
    ('active',
     CASE WHEN m.ended_on IS NULL
          THEN (m.status <> 'retained' AND m.started_on <= %(today)s)::int::text END,
     CASE WHEN m.ended_on IS NULL THEN COALESCE(s.active, 0)::text END),
    ('retained',
     CASE WHEN m.ended_on IS NULL
          THEN (m.status = 'retained' AND m.started_on <= %(today)s)::int::text END,
     CASE WHEN m.ended_on IS NULL THEN COALESCE(s.retained, 0)::text END),
    ('open',
     CASE WHEN m.ended_on IS NOT NULL
          THEN (%(today)s BETWEEN m.started_on AND m.ended_on)::int::text END,
     CASE WHEN m.ended_on IS NOT NULL THEN COALESCE(s.active + s.retained, 0)::text END),
    ('started_on', m.started_on::text, s.first_day::text),
    ('ended_on', m.ended_on::text, s.last_day::text),
    ('most_persons', '1', GREATEST(s.most, 1)::text),
    ('least_persons', '0', LEAST(s.least, 0)::text)
) AS found(metric, stored, ledger)
WHERE found.stored IS DISTINCT FROM found.ledger
UNION ALL
SELECT m.id, found.metric, found.stored, found.ledger
FROM places p
JOIN members_membership m ON m.id = p.membership_id
CROSS JOIN LATERAL (VALUES
    ('union', m.union_id::text, p.union_id::text),
    ('worker_group', m.worker_group_id, p.worker_group_id)
) AS found(metric, stored, ledger)
WHERE found.stored <> found.ledger
ORDER BY 1, 2
"""


def membership_differences(today: dt.date) -> Iterator[Difference]:
    """Where a membership and its ledger entries disagree on ``today``, by membership.

    An entry dated after ``today`` does not count yet, but its date must fit. Reads one snapshot.
    """
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_MEMBERSHIPS, {"today": today})
        while rows := cursor.fetchmany(BATCH):
            for key, metric, stored, ledger in rows:
                yield Difference("membership", key, metric, "", stored, ledger)
