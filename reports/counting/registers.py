"""What the registers of unions and stations say on a day, and where in the tree it counts.

Parameters of the SQL: ``day``, ``zone`` (of the day a union was registered, where its founding is
not known), ``pool`` (the kind that is no union).
"""

from __future__ import annotations

import datetime as dt

from unions.history import PATH_ON_SQL
from unions.models import PastPath

FOUNDED_SQL = "COALESCE(u.founded_on, (u.created_at AT TIME ZONE %(zone)s)::date)"
# From this day on only a change of the union changes what it counts as (not where it stands).
SETTLED_SQL = f"GREATEST({FOUNDED_SQL}, u.closed_on)"
# Neither in preparation, nor dissolved while it was, nor no union at all.
COUNTS_SQL = "u.status <> 'preparing' AND NOT u.ended_in_preparation AND u.kind_id <> %(pool)s"

# What it reads of a union is what the triggers of migration 0007 watch; that one ended in
# preparation changes with its status alone.
# ``{path}``: where the union ``u`` stood, see ``path_sql``.
UNIONS_SQL = f"""
SELECT u.id AS union_id, {{path}} AS path, u.kind_id AS kind,
       {COUNTS_SQL} AND {FOUNDED_SQL} <= %(day)s
           AND (u.closed_on IS NULL OR u.closed_on > %(day)s) AS is_open,
       u.is_nef,
       {COUNTS_SQL} AND {FOUNDED_SQL} <= %(day)s AS is_founded
FROM unions_union u
"""

STATIONS_SQL = """
SELECT s.id AS station_id, {path} AS path, s.kind_id AS kind,
       s.opened_on <= %(day)s AND (s.closed_on IS NULL OR s.closed_on > %(day)s) AS is_open
FROM stations_station s JOIN unions_union u ON u.id = s.host_union_id
"""


def path_sql(day: str, since: dt.date | None = None) -> str:
    """Where the union ``u`` stood on ``day`` (an expression), for days ≥ ``since`` (None: all).

    Where nothing has moved since, that is where it stands: a look-up per row would be wasted.
    """
    moves = PastPath.objects.all()
    if since is not None:
        moves = moves.filter(until__gte=since)
    return PATH_ON_SQL.format(union="u", day=day) if moves.exists() else "u.path"
