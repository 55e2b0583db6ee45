"""The status of a target, by how its share of the target stands to its share of time.

Thresholds are rows of ``PaceThreshold``; the statuses are those of ``CampaignProgress``.
"""

from __future__ import annotations


def status_sql(share: str, time_elapsed: str) -> str:
    """An SQL expression: the status for two others, both ratios (``time_elapsed`` > 0, or NULL
    together with ``share``)."""
    return f"""CASE
        WHEN {share} IS NULL THEN 'no_data'
        WHEN {share} >= 1 THEN 'reached'
        ELSE COALESCE((SELECT th.status FROM reports_pacethreshold th
              WHERE th.minimum_pace <= {share} / {time_elapsed}
              ORDER BY th.minimum_pace DESC LIMIT 1), 'at_risk')
    END"""


# Of the newest measurement ``p`` and the target ``on_day.value`` as it stood on the day shown: a
# target that was changed since keeps what was reached, but not the verdict on another target.
STATUS_ON_DAY_SQL = f"""CASE WHEN on_day.value <> p.target_value
    THEN {status_sql("(p.value / NULLIF(on_day.value, 0))", "p.time_elapsed")}
    ELSE p.status END"""
