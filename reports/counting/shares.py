"""The ledger added up beside the figures that stand, a share of the unions at a time.

Shares do not wait for each other: several connections take them up. What a union has of its own is
compared with what stands for it right there, so that of a sound register little has to be passed
on: the sums for the unions one level up, and which unions are to be looked at closely.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connection, transaction

from reports.counting.handing_out import HandingOut, ranges_of
from reports.models import GroupNumber
from reports.models.counts import PERSON_METRICS

# For sorting and hashing, in the database server: what the figures of a share need, and more.
MEMORY = "128MB"
# Unions of a share: with a dozen groups each, their sums stay within half of the memory.
UNIONS = 50_000
# More than any number of a group, which is a smallint.
PLACES = 32_768

_WITHIN = "> %(after)s AND {0} <= %(last)s"
_OWN_UNION = "union_id " + _WITHIN.format("union_id")

# Numbers of groups are looked up in a list (``{numbered}``), so that the order of the index is
# kept. A group that is new since has none: nothing of it is posted.
_NUMBER = "CASE code {numbered} END AS number"
_SUMMED = ", ".join(f"SUM({m})::int AS {m}" for m in PERSON_METRICS)
_SIDE_BY_SIDE = ", ".join(f"array_agg({m}{{order}}) AS group_{m}" for m in PERSON_METRICS)
_PACKED = ", ".join(f"array_agg({m})::text" for m in PERSON_METRICS)
_GROUPS = ", ".join(f"unnest(group_{m}) AS {m}" for m in PERSON_METRICS)
_UNLIKE = " OR ".join(
    (
        "COALESCE(o.groups, '{{}}') <> COALESCE(s.groups, '{{}}')",
        *(f"COALESCE(o.{m}, 0) <> COALESCE(s.{m}, 0)" for m in PERSON_METRICS),
        # An array of nothing but 0 stands as null.
        *(
            f"CASE WHEN s.group_{m} IS NULL THEN 0 <> ANY (o.group_{m})"
            f" ELSE o.group_{m} <> s.group_{m} END"
            for m in PERSON_METRICS
        ),
    )
)

# An entry is posted when it left the queue: one statement, so that what is recorded meanwhile is
# seen on both sides or on none. A union stands where the books have it, not where it may have moved
# since. The ledger is added up from an index alone, in its order: that of the codes of groups,
# whereas a figure has its groups in the order of their numbers (``{order}``).
_ADDED_UP = f"""
WITH own AS MATERIALIZED (
    SELECT union_id, array_agg(number{{order}}) AS groups, {_SIDE_BY_SIDE}, {_SUMMED}
    FROM (
        SELECT union_id, {_NUMBER}, members, retained, joined - rejoined AS joined, rejoined
        FROM (
            SELECT union_id, worker_group_id AS code, SUM(active_change)::int AS members,
                   SUM(retained_change)::int AS retained, SUM(joined_change)::int AS joined,
                   SUM(rejoined_change)::int AS rejoined
            FROM members_membershipevent WHERE effective_on <= %(day)s AND {_OWN_UNION}
            GROUP BY 1, 2 ORDER BY 1, 2
        ) e
    ) e
    GROUP BY 1
),
waiting AS MATERIALIZED (
    SELECT union_id, {_NUMBER}, -members AS members, -retained AS retained, -joined AS joined,
           -rejoined AS rejoined
    FROM (
        SELECT union_id, breakdown AS code, {_SUMMED}
        FROM reports_unpostedentry WHERE effective_on <= %(day)s AND {_OWN_UNION}
        GROUP BY 1, 2
    ) e
),
above AS MATERIALIZED (
    -- The union above: the last but one of a path, which ends with a slash.
    SELECT union_id, split_part(path, '/', -3)::bigint * {PLACES} AS above
    FROM reports_countedunion WHERE {_OWN_UNION} AND split_part(path, '/', -3) <> ''
),
lifted AS (
    -- One number for the union above and the group: put together in half of the time that two take.
    SELECT above + number AS place, {_SUMMED}
    FROM (
        SELECT above, unnest(groups) AS number, {_GROUPS} FROM own JOIN above USING (union_id)
        UNION ALL
        SELECT above, number, {", ".join(PERSON_METRICS)} FROM waiting JOIN above USING (union_id)
    ) e
    WHERE number IS NOT NULL
    GROUP BY 1
),
-- Of each union the latest row alone is looked up: history is not read.
standing AS (
    SELECT u.id AS union_id, c.members, c.retained, c.joined, c.rejoined, c.groups,
           c.group_members, c.group_retained, c.group_joined, c.group_rejoined
    FROM (SELECT id FROM unions_union WHERE id {_WITHIN.format("id")} ORDER BY id) u
    LEFT JOIN LATERAL (
        SELECT * FROM reports_dailycount r
        WHERE r.union_id = u.id AND r.day <= %(day)s
        ORDER BY r.day DESC LIMIT 1) c ON true
),
unlike AS (
    SELECT union_id FROM standing s LEFT JOIN own o USING (union_id) WHERE {_UNLIKE}
    UNION
    SELECT union_id FROM waiting
)
SELECT (SELECT array_agg(union_id)::text FROM unlike), array_agg(place)::text, {_PACKED}
FROM lifted
"""
# Numbers are given in the order of codes, except to a group that came later.
_AS_THE_INDEX_HAS_THEM = ""
_BY_NUMBER = " ORDER BY number"


class Lifted(NamedTuple):
    """What a share says, each an array in PostgreSQL's own writing, or None where there is none.

    ``unlike``: the unions of which something else stands than what they have of their own: those
    with others below them, those with entries that wait, and where figures are wrong. Then what is
    posted of all of its unions, by ``places``: the union above times ``PLACES`` plus the number of
    a group.
    """

    unlike: str | None
    places: str | None
    members: str | None
    retained: str | None
    joined: str | None
    rejoined: str | None


class Shares(HandingOut[dict[str, Any], Lifted]):
    """The shares of a count."""

    def __init__(self) -> None:
        super().__init__(_add_up)

    def added_up(self, day: dt.date) -> Iterator[Lifted]:
        """All shares of ``day``, the newest published one, in any order; raises what a helper
        raised. No night may post before the last one: in a transaction that holds it off.
        """
        by_code = GroupNumber.objects.order_by("worker_group_id")  # as the index has them
        numbers = dict(by_code.values_list("worker_group_id", "number"))
        return self.results(
            [
                {"day": day, "after": after, "last": last, "numbers": numbers}
                for after, last in ranges_of("unions_union", UNIONS)
            ]
        )


def _add_up(share: dict[str, Any]) -> Lifted:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = %s", [MEMORY])
        cursor.execute("SET LOCAL random_page_cost = 1.1")  # an index read whole is no chance read
        numbers = share["numbers"]
        in_order = list(numbers.values()) == sorted(numbers.values())
        statement = _ADDED_UP.format(
            numbered=" ".join(f"WHEN %(code_{n})s THEN {n}::smallint" for n in numbers.values())
            or "WHEN NULL THEN NULL::smallint",
            order=_AS_THE_INDEX_HAS_THEM if in_order else _BY_NUMBER,
        )
        codes = {f"code_{n}": code for code, n in numbers.items()}
        cursor.execute(statement, {**share, **codes})
        return Lifted(*cursor.fetchone())
