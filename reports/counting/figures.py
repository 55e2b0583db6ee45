"""How figures of single worker groups become a row of ``DailyCount``, in SQL."""

from __future__ import annotations

from reports.models.counts import PERSON_METRICS

# Worker groups that are new get their numbers. One that comes after this has none yet: its entries
# must not be taken up, or be read before.
NUMBER_GROUPS = """
INSERT INTO reports_groupnumber (worker_group_id)
SELECT g.code FROM reference_workergroup g
WHERE NOT EXISTS (SELECT FROM reports_groupnumber n WHERE n.worker_group_id = g.code)
ORDER BY g.code
"""

# In this order rows are inserted: the key, the sums over all groups, the single groups.
COLUMNS = ", ".join(
    (
        "union_id",
        "day",
        *PERSON_METRICS,
        "groups",
        *(f"group_{metric}" for metric in PERSON_METRICS),
        "definition_version",
    )
)


def _side_by_side(metric: str) -> str:
    return f"""CASE WHEN bool_or({metric} <> 0) THEN array_agg({metric} ORDER BY number) END
        AS group_{metric}"""


# What is selected ``GROUP BY`` union (and day) from rows of a union and the ``number`` of a group,
# with a column for each of ``PERSON_METRICS``: the columns between the day and the version.
SUMS_AND_GROUPS = ",\n    ".join(
    (
        *(f"SUM({metric})::int AS {metric}" for metric in PERSON_METRICS),
        "array_agg(number ORDER BY number) AS groups",
        *map(_side_by_side, PERSON_METRICS),
    )
)

# For an INSERT of ``COLUMNS``: the row that stands for the day is replaced.
REPLACED = "ON CONFLICT (union_id, day) DO UPDATE SET " + ", ".join(
    f"{column} = EXCLUDED.{column}" for column in COLUMNS.split(", ")[2:]
)
