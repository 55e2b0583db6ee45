"""The formulas as SQL over the real tables, for whoever wants to check a figure.

Placeholders: ``:union_path`` (``unions_union.path`` of the union asked for), ``:day``, ``:since``
(the first day of a period), ``:group_set`` (its code), ``:target`` (key of a target),
``:majority`` (a ratio). Every answer is one value, as known now: with the entries that were
recorded after the day was published. A union counts where it stood on the day.
"""

from __future__ import annotations

from textwrap import dedent, indent

from campaigns.selectors.targets import VALUE_ON_DAY_SQL
from enterprises.baselines import BASELINE_SQL, KNOWN_NOW
from unions.history import PATH_ON_SQL
from unions.kinds import HOLDING_POOL


def _below(day: str) -> str:
    """The union ``u`` stood in the subtree when ``day`` ended; begins a line of two spaces."""
    path = PATH_ON_SQL.format(union="u", day=day).replace("\n", "\n    ")
    return f"starts_with({path}, :union_path)"


def _inner(sql: str) -> str:
    """A query inside another, in brackets."""
    return "(\n" + indent(sql, "    ") + "\n)"


_GROUP_SET = """SELECT s.id FROM reference_groupset s
WHERE s.code = {code} AND s.valid_from <= :day
ORDER BY s.valid_from DESC, s.version DESC LIMIT 1"""
_IN_SET = """
JOIN reference_groupset_groups g
    ON g.workergroup_id = e.worker_group_id AND g.groupset_id = {group_set}"""


def stock(column: str, *, group_set: str = "") -> str:
    """Persons of a column of the ledger on the day; of a set of groups."""
    joined = _IN_SET.format(group_set=group_set) if group_set else ""
    return f"""SELECT COALESCE(SUM(e.{column}), 0)
FROM members_membershipevent e
JOIN unions_union u ON u.id = e.union_id{joined}
WHERE e.effective_on <= :day
  AND {_below(":day")}"""


def joined(changes: str) -> str:
    """Joinings of a period, each where its union stood when it happened."""
    return f"""SELECT COALESCE(SUM({changes}), 0)
FROM members_membershipevent e
JOIN unions_union u ON u.id = e.union_id
WHERE e.effective_on BETWEEN :since AND :day
  AND {_below("e.effective_on")}"""


MEMBERS = stock("active_change")
RETAINED = stock("retained_change")
JOINED = joined("e.joined_change - e.rejoined_change")
REJOINED = joined("e.rejoined_change")

NET_CHANGE = f"""SELECT COALESCE(SUM(e.active_change) FILTER (WHERE e.effective_on <= :day
        AND {_below(":day")}), 0)
    - COALESCE(SUM(e.active_change) FILTER (WHERE e.effective_on < :since
        AND {_below("CAST(:since AS date) - 1")}), 0)
FROM members_membershipevent e
JOIN unions_union u ON u.id = e.union_id"""


def _asked(code: str) -> str:
    """The union and the set of groups that are asked for."""
    group_set = indent(_GROUP_SET.format(code=code), "        ").strip()
    return f"""WITH asked AS (
    SELECT u.id AS union_id, u.path, (
        {group_set}
    ) AS group_set_id
    FROM unions_union u WHERE u.path = :union_path
)
"""


def _by_baseline(part: str, code: str) -> str:
    """``part`` ÷ workers of the baseline that stands for the union; null without one."""
    rows = BASELINE_SQL.format(
        union="asked.union_id",
        group_set="asked.group_set_id",
        day=":day",
        known=KNOWN_NOW,
    )
    workers = _inner(f"SELECT base.worker_count FROM {_inner(dedent(rows).strip())} base")
    return f"{_asked(code)}SELECT {part} / NULLIF({workers}, 0)\nFROM asked"


_IN_ASKED_SET = stock("active_change", group_set="asked.group_set_id")

ENROLMENT_RATE = _by_baseline(f"{_inner(_IN_ASKED_SET)}::numeric", ":group_set")
NEF_WORKER_RATE = _by_baseline(f"{_inner(_IN_ASKED_SET)}::numeric", "'nef'")
NEF_MEMBERS = f"""{_asked("'nef'")}SELECT {_inner(_IN_ASKED_SET)}
FROM asked"""
NEF_MEMBER_SHARE = f"""{_asked("'nef'")}SELECT {_inner(_IN_ASKED_SET)}::numeric / NULLIF(
{_inner(MEMBERS)}, 0)
FROM asked"""

# -- unions ----------------------------------------------------------------------------------------

_FOUNDED = "COALESCE(u.founded_on, (u.created_at AT TIME ZONE 'Asia/Shanghai')::date)"
# Where it happened; one entered later, where its union was registered.
_PLACED = f"GREATEST({_FOUNDED}, (u.created_at AT TIME ZONE 'Asia/Shanghai')::date)"
_IS_UNION = f"""u.status <> 'preparing' AND NOT u.ended_in_preparation
  AND u.kind_id <> '{HOLDING_POOL}'"""


def _unions(value: str) -> str:
    return f"""SELECT {value}
FROM unions_union u
WHERE {_IS_UNION}
  AND {_FOUNDED} <= :day
  AND (u.closed_on IS NULL OR u.closed_on > :day)
  AND {_below(":day")}"""


UNIONS = _unions("COUNT(*)")
NEF_UNIONS = _unions("COUNT(*) FILTER (WHERE u.is_nef)")
NEF_UNION_SHARE = _unions("COUNT(*) FILTER (WHERE u.is_nef)::numeric / NULLIF(COUNT(*), 0)")

UNIONS_FOUNDED = f"""SELECT COUNT(*)
FROM unions_union u
WHERE {_IS_UNION}
  AND {_FOUNDED} BETWEEN :since AND :day
  AND {_below(_PLACED)}"""

COVERAGE = """SELECT COUNT(DISTINCT c.covered_id)
FROM unions_unioncoverage c
JOIN unions_union u ON u.id = c.covering_id
WHERE c.since <= :day AND (c.until IS NULL OR c.until >= :day)
  AND starts_with(u.path, :union_path)"""

# -- units: the register of employers --------------------------------------------------------------

# An employer is kept by `k`; `c` covers it, and stood on the day.
_UNITS = """FROM enterprises_employer e
JOIN unions_union k ON k.id = e.keeper_id
LEFT JOIN unions_union c ON c.id = e.covering_union_id
    AND c.status <> 'preparing' AND NOT c.ended_in_preparation
    AND (c.founded_on IS NULL OR c.founded_on <= :day)
    AND (c.closed_on IS NULL OR c.closed_on > :day)
WHERE starts_with(k.path, :union_path)"""

ESTABLISHMENT_RATE = f"""SELECT COUNT(c.id)::numeric / NULLIF(COUNT(*), 0)
{_UNITS}"""

FIRM_RATE = f"""SELECT COUNT(c.id)::numeric / NULLIF(COUNT(*), 0)
{_UNITS}
  AND (e.is_platform OR e.is_head)"""

_COUNTED_SET = dedent(
    BASELINE_SQL.format(union="c.id", group_set="asked.group_set_id", day=":day", known=KNOWN_NOW)
).strip()
_IN_COUNTED = stock("active_change", group_set="t.group_set_id").replace(":union_path", "t.path")

# Members of the covering unions and of what stands below them, each member once.
STAFF_RATE = f"""WITH units AS (
    SELECT e.staff_count, c.id AS covering, c.path
    {indent(_UNITS, "    ").strip()} AND c.id IS NOT NULL
)
SELECT (
    SELECT COALESCE(SUM(m.active_change), 0)
    FROM members_membershipevent m
    JOIN unions_union u ON u.id = m.union_id
    WHERE m.effective_on <= :day
      AND EXISTS (SELECT FROM units WHERE starts_with(u.path, units.path))
)::numeric / NULLIF((SELECT SUM(staff_count) FROM units), 0)"""

# Of the covering unions that were counted for the set those below none of the others.
STAFF_RATE_OF_SET = f"""WITH asked AS (
    SELECT (
        {indent(_GROUP_SET.format(code=":group_set"), "        ").strip()}
    ) AS group_set_id
),
counted AS (
    SELECT c.id, c.path, asked.group_set_id, base.worker_count
    FROM asked
    CROSS JOIN (
        SELECT DISTINCT c.id, c.path, c.kind_id
        {indent(_UNITS, "        ").strip()} AND c.id IS NOT NULL
    ) c
    JOIN unions_unionkind kind ON kind.code = c.kind_id AND NOT kind.is_territorial
    CROSS JOIN LATERAL {indent(_inner(_COUNTED_SET), "    ").strip()} base
)
SELECT SUM({indent(_inner(_IN_COUNTED), "    ").strip()})::numeric / NULLIF(SUM(t.worker_count), 0)
FROM counted t
WHERE NOT EXISTS (
    SELECT FROM counted other WHERE other.id <> t.id AND starts_with(t.path, other.path))"""

DUAL_COVERAGE = f"""SELECT {_inner(FIRM_RATE)} >= 1 AND {_inner(NEF_WORKER_RATE)} > :majority"""

# -- services --------------------------------------------------------------------------------------

STATIONS = """SELECT COUNT(*)
FROM stations_station s
JOIN unions_union u ON u.id = s.host_union_id
WHERE s.opened_on <= :day AND (s.closed_on IS NULL OR s.closed_on > :day)
  AND """ + _below(":day")

# Those who work outdoors, of whom there are baselines: the four focus groups.
STATIONS_PER_10000 = _by_baseline(f"10000 * {_inner(STATIONS)}::numeric", "'set4'")


def reported(metric: str) -> str:
    """What the union itself reported last, up to the day."""
    return f"""SELECT f.value
FROM reports_reportedfigure f
WHERE f.union_id = (SELECT id FROM unions_union WHERE path = :union_path)
  AND f.metric = '{metric}' AND f.group_set_id IS NULL AND f.as_of <= :day
ORDER BY f.as_of DESC, f.id LIMIT 1"""


# -- applications --------------------------------------------------------------------------------

_SENT = """FROM members_application a
JOIN unions_union u ON u.id = a.union_id
WHERE starts_with(u.path, :union_path)
  AND (a.submitted_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN :since AND :day"""
_DECIDED = "(a.decided_at AT TIME ZONE 'Asia/Shanghai')::date <= :day"

APPLICATIONS = f"SELECT COUNT(*)\n{_SENT}"

APPROVAL_SHARE = f"""SELECT COUNT(*) FILTER (WHERE a.status = 'approved' AND {_DECIDED})::numeric
    / NULLIF(COUNT(*), 0)
{_SENT}"""

DECISION_DAYS = f"""SELECT percentile_cont(0.5) WITHIN GROUP (
    ORDER BY EXTRACT(EPOCH FROM a.decided_at - a.submitted_at) / 86400.0)
{_SENT}
  AND a.status IN ('approved', 'rejected') AND {_DECIDED}"""

# -- targets ---------------------------------------------------------------------------------------


# For an indicator of new members; others put their own metric in its place.
TARGET_SHARE = f"""SELECT (
    SELECT COALESCE(SUM(e.joined_change - e.rejoined_change), 0)
    FROM members_membershipevent e
    JOIN unions_union u ON u.id = e.union_id
    WHERE e.effective_on BETWEEN t.period_start AND LEAST(t.period_end, :day)
      AND (i.group_set_id IS NULL OR e.worker_group_id IN (
          SELECT g.workergroup_id FROM reference_groupset_groups g
          WHERE g.groupset_id = i.group_set_id))
      AND {_below("e.effective_on").replace(":union_path", "own.path")}
)::numeric / NULLIF({VALUE_ON_DAY_SQL.format(target="t.id", day=":day")}, 0)
FROM campaigns_target t
JOIN campaigns_indicator i ON i.id = t.indicator_id
JOIN unions_union own ON own.id = t.union_id
WHERE t.id = :target"""

TIME_ELAPSED = """SELECT GREATEST(LEAST(t.period_end, :day) - t.period_start + 1, 0)::numeric
    / (t.period_end - t.period_start + 1)
FROM campaigns_target t
WHERE t.id = :target"""

PACE = f"""SELECT {_inner(TARGET_SHARE)} / NULLIF({_inner(TIME_ELAPSED)}, 0)"""


def forecast(column: str) -> str:
    """What the newest forecast up to the day says."""
    return f"""SELECT f.{column}
FROM reports_campaignforecast f
WHERE f.target_id = :target AND f.day <= :day
ORDER BY f.day DESC LIMIT 1"""
