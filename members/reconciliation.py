"""Do the memberships agree with the ledger they are a reading of?

For each membership the ledger (``MembershipEvent``) is summed and compared with the row: the state
it leads to, the first and the last day, the union and the worker group. One set-based statement,
nothing personal in its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection, transaction

from members.ledger_reading import RUNNING

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


# Metrics: ``status`` (after every entry there is; an end is recorded on its last day),
# ``started_on``, ``ended_on`` (the last day; its entry counts from the day after), ``most_persons``
# and ``least_persons`` (never more than one at any time, never less than none), ``breaks`` (how
# often somebody counts again without a merge undone), ``after_previous`` (a person's spells do not
# overlap, but for those that a merge brought together), ``open_transfers`` (one exactly while the
# membership is being transferred, from its own union), ``union`` and ``worker_group`` (where it is
# counted).
_COMPARISON = """,
spells AS (
    SELECT membership_id,
           CASE WHEN MAX(persons) <= 0 THEN 'annulled'
                WHEN SUM(active + retained) <= 0 THEN 'ended'
                WHEN SUM(asked) > 0 THEN 'transferring'
                WHEN SUM(retained) > 0 THEN 'retained'
                ELSE 'active' END AS state,
           MIN(day) FILTER (WHERE persons > 0) AS first_day,
           CASE WHEN SUM(active + retained) = 0
                THEN MAX(day) FILTER (WHERE active + retained <> 0) - 1 END AS last_day,
           MAX(persons) AS most, MIN(persons) AS least,
           COUNT(*) FILTER (WHERE persons > 0 AND persons - active - retained <= 0)
               - 1 - SUM(unmerged) AS breaks
    FROM running
    GROUP BY membership_id
),
places AS (
    SELECT e.membership_id, e.union_id, e.worker_group_id
    FROM members_membershipevent e
    JOIN members_membership m ON m.id = e.membership_id
    WHERE (e.union_id, e.worker_group_id) <> (m.union_id, m.worker_group_id) {of_places}
    GROUP BY 1, 2, 3
    HAVING SUM(e.active_change) <> 0 OR SUM(e.retained_change) <> 0 OR SUM(e.joined_change) <> 0
),
moving AS (
    SELECT t.membership_id, COUNT(*) AS open
    FROM members_transfer t
    JOIN members_membership m ON m.id = t.membership_id AND m.union_id = t.from_union_id
    WHERE t.status = 'open'
    GROUP BY 1
),
came AS (
    SELECT DISTINCT ON (moved.id) moved.id, g.absorbed_id
    FROM members_membermerge g
    CROSS JOIN LATERAL (
        SELECT value::bigint AS id FROM jsonb_array_elements_text(g.moved_memberships)
    ) AS moved
    WHERE g.undone_at IS NULL
    ORDER BY moved.id, g.id
),
followed AS (
    SELECT m.id, MAX(m.ended_on) OVER (
               PARTITION BY m.member_id, came.absorbed_id ORDER BY m.started_on, m.id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) + 1 AS free_from
    FROM members_membership m LEFT JOIN came ON came.id = m.id
    WHERE m.status <> 'annulled' {of_persons}
)
SELECT m.id, found.metric, found.stored, found.ledger
FROM members_membership m
LEFT JOIN spells s ON s.membership_id = m.id
LEFT JOIN moving ON moving.membership_id = m.id
LEFT JOIN followed ON followed.id = m.id
CROSS JOIN LATERAL (VALUES
    ('status', m.status, s.state),
    ('started_on',
     m.started_on::text,
     CASE WHEN m.status = 'annulled' AND s.state = 'annulled'
          THEN m.started_on::text ELSE s.first_day::text END),
    ('ended_on',
     m.ended_on::text,
     CASE WHEN m.status = 'annulled' AND s.state = 'annulled'
          THEN m.started_on::text ELSE s.last_day::text END),
    ('most_persons', '1', GREATEST(s.most, 1)::text),
    ('least_persons', '0', LEAST(s.least, 0)::text),
    ('breaks', '0', GREATEST(s.breaks, 0)::text),
    ('after_previous',
     m.started_on::text, GREATEST(m.started_on, followed.free_from)::text),
    ('open_transfers',
     (m.status = 'transferring')::int::text, COALESCE(moving.open, 0)::text)
) AS found(metric, stored, ledger)
WHERE found.stored IS DISTINCT FROM found.ledger {of_memberships}
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

# With the other spells of the persons whose memberships are meant.
_OF_THESE_PERSONS = """
    AND m.member_id IN (SELECT member_id FROM members_membership WHERE id = ANY(%(keys)s))"""


def membership_differences(membership_ids: list[int] | None = None) -> Iterator[Difference]:
    """Where a membership and its ledger entries disagree, by membership. Reads one snapshot.

    Of ``membership_ids``, or of all.
    """
    some = membership_ids is not None
    of_memberships = "AND m.id = ANY(%(keys)s)" if some else ""
    sql = (
        "WITH "
        + RUNNING.format(only="WHERE membership_id = ANY(%(keys)s)" if some else "")
        + _COMPARISON.format(
            of_places=of_memberships,
            of_memberships=of_memberships,
            of_persons=_OF_THESE_PERSONS if some else "",
        )
    )
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql, {"keys": membership_ids} if some else None)
        while rows := cursor.fetchmany(BATCH):
            for key, metric, stored, ledger in rows:
                yield Difference("membership", key, metric, "", stored, ledger)
