"""Where each union stood in the tree on a day.

Only unions that have moved have rows in ``PastPath``: a night over unions that never moved reads an
empty index. The tree of a day says which unions lie below which; it never says who may look at
them: scope follows the present tree.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from unions.models import PastPath, Union

UnionsT = TypeVar("UnionsT", bound="QuerySet[Union]")

# The path as of the end of a day, in SQL. ``{union}`` is the table unions_union or its alias,
# ``{day}`` an expression of type date. Fill in with ``str.format``, never from outside.
PATH_ON_SQL = """COALESCE((
    SELECT p.path FROM unions_pastpath p
    WHERE p.union_id = {union}.id AND p.until >= {day} ORDER BY p.until LIMIT 1
), {union}.path)"""


def with_path_on(unions: UnionsT, day: dt.date) -> UnionsT:
    """``unions`` with ``path_on``: where each stood when ``day`` (in China) ended.

    For a day before a union was registered, its first place.
    """
    then = PastPath.objects.filter(union=OuterRef("pk"), until__gte=day).order_by("until")
    return unions.annotate(path_on=Coalesce(Subquery(then.values("path")[:1]), F("path")))


def paths_on(unions: QuerySet[Union], day: dt.date) -> dict[int, str]:
    """Where each of ``unions`` stood when ``day`` ended, by key."""
    rows: QuerySet[Any] = with_path_on(unions, day)
    return dict(rows.values_list("pk", "path_on"))


def moved_since(day: dt.date) -> set[int]:
    """Keys of the unions that have changed place after ``day`` ended; few, mostly none."""
    return set(PastPath.objects.filter(until__gte=day).values_list("union_id", flat=True))
