"""The status of a target, by how its share of the target stands to its share of time.

Thresholds are rows of ``PaceThreshold``; the statuses are those of ``CampaignProgress``.
"""

from __future__ import annotations


def status_sql(value: str, target: str, time_elapsed: str) -> str:
    """An SQL expression: the status for three others. ``value`` is NULL where nothing can be said;
    ``time_elapsed`` is a ratio > 0, or NULL together with it.

    A target of 0, as sharing gives a union without workers, asks for nothing: nobody is told to
    have reached it, nor to be without figures.
    """
    return f"""CASE
        WHEN {target} = 0 THEN 'no_target'
        WHEN {value} IS NULL THEN 'no_data'
        WHEN {value} >= {target} THEN 'reached'
        ELSE COALESCE((SELECT th.status FROM reports_pacethreshold th
              WHERE th.minimum_pace <= {value} / {target} / {time_elapsed}
              ORDER BY th.minimum_pace DESC LIMIT 1), 'at_risk')
    END"""


# Of the newest measurement ``p`` and the target ``on_day.value`` as it stood on the day shown: a
# target that was changed since keeps what was reached, but not the verdict on another target. Of a
# target of 0 earlier versions of the portal wrote that there was no figure.
STATUS_ON_DAY_SQL = f"""CASE
    WHEN on_day.value = 0 AND p.target_value IS NOT NULL THEN 'no_target'
    WHEN on_day.value <> p.target_value
    THEN {status_sql("p.value", "on_day.value", "p.time_elapsed")}
    ELSE p.status END"""
