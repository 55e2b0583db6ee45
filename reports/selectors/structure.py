"""Unions and stations by kind, and whom federations cover besides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from core.remembering import remembered
from core.replica import reading_connection
from reports.selectors.counts import Counts, Key, Metric, read_counts
from reports.selectors.scope import PERMISSION
from stations.models import StationKind
from unions.kinds import KINDS
from unions.models import Union, UnionCoverage, UnionKind
from unions.scope import Actor

_PLACES = {kind.code: place for place, kind in enumerate(KINDS)}
FEDERATIONS_SHOWN = 10


@dataclass(frozen=True)
class KindCount:
    """How many unions or stations of a kind there are."""

    code: str
    name: str
    value: int
    nef: int = 0


@dataclass(frozen=True)
class Family:
    """Kinds of union that belong together."""

    code: str
    kinds: list[KindCount]

    @property
    def codes(self) -> list[str]:
        """Of its kinds."""
        return [kind.code for kind in self.kinds]

    @property
    def value(self) -> int:
        """Unions of the family."""
        return sum(kind.value for kind in self.kinds)

    @property
    def nef(self) -> int:
        """Unions of the family that are mainly for new-form workers."""
        return sum(kind.nef for kind in self.kinds)


@dataclass(frozen=True)
class Coverage:
    """How many unions federations of the subtree cover: apart from the tree, never added to it."""

    covered: int
    by_federation: list[tuple[Union, int]]


@dataclass(frozen=True)
class Structure:
    """Unions and stations of a subtree on a day, by kind."""

    unions: int
    nef_unions: int
    stations: int
    families: list[Family]
    station_kinds: list[KindCount]
    coverage: Coverage

    @property
    def flexible_unions(self) -> list[KindCount]:
        """Flexible joint unions by kind: township, village, community."""
        families = [f for f in self.families if f.code == "flexible_joint_union"]
        return [kind for family in families for kind in family.kinds]


@remembered
def union_kinds() -> list[UnionKind]:
    """All kinds in the order in which they are listed: township before village before community."""
    return sorted(
        UnionKind.objects.all(), key=lambda kind: (_PLACES.get(kind.pk, len(_PLACES)), kind.pk)
    )


@remembered
def station_kinds() -> list[StationKind]:
    """All kinds of station."""
    return list(StationKind.objects.all())


def structure_of(union: Union, day: dt.date) -> Structure:
    """``union`` and its subtree on ``day``. The number of queries does not depend on the data."""
    kinds, of_stations = union_kinds(), station_kinds()
    totals = (Metric.UNIONS, Metric.NEF_UNIONS, Metric.STATIONS)
    keys: list[Key] = [(metric, "") for metric in totals]
    keys += [(m, k.pk) for m in (Metric.UNIONS, Metric.NEF_UNIONS) for k in kinds]
    keys += [(Metric.STATIONS, kind.pk) for kind in of_stations]
    counts = read_counts([union.pk], keys, [day])
    unions, nef_unions, stations = (counts.at(union.pk, m, "", day) for m in totals)
    return Structure(
        unions=unions,
        nef_unions=nef_unions,
        stations=stations,
        families=_families(kinds, counts, union.pk, day),
        station_kinds=[
            KindCount(kind.pk, kind.name, counts.at(union.pk, Metric.STATIONS, kind.pk, day))
            for kind in of_stations
        ],
        coverage=coverage_of(union, day),
    )


def _families(kinds: list[UnionKind], counts: Counts, union_id: int, day: dt.date) -> list[Family]:
    families: dict[str, Family] = {}
    for kind in kinds:
        count = KindCount(
            kind.pk,
            kind.name,
            counts.at(union_id, Metric.UNIONS, kind.pk, day),
            counts.at(union_id, Metric.NEF_UNIONS, kind.pk, day),
        )
        if count.value or kind.family == "flexible_joint_union":
            families.setdefault(kind.family, Family(kind.family, [])).kinds.append(count)
    return [family for family in families.values() if family.value]


# The total counts each union once, whichever federations cover it.
_COVERAGE = """
SELECT found.covering_id, u.name, found.value
FROM (
    SELECT c.covering_id, COUNT(DISTINCT c.covered_id) AS value
    FROM unions_unioncoverage c JOIN unions_union above ON above.id = c.covering_id
    WHERE above.path LIKE %(path)s AND c.since <= %(day)s
      AND (c.until IS NULL OR c.until >= %(day)s)
    GROUP BY GROUPING SETS ((c.covering_id), ())
) found
LEFT JOIN unions_union u ON u.id = found.covering_id
ORDER BY found.covering_id IS NOT NULL, found.value DESC, found.covering_id
LIMIT %(limit)s
"""


def coverage_of(union: Union, day: dt.date) -> Coverage:
    """Unions covered (涵盖) on ``day`` by federations in the subtree of ``union``; one query."""
    with reading_connection().cursor() as cursor:
        cursor.execute(
            _COVERAGE,
            {"path": f"{union.path}%", "day": day, "limit": FEDERATIONS_SHOWN + 1},
        )
        ((_all, _none, total), *rows) = cursor.fetchall()
    return Coverage(total, [(Union(pk=pk, name=name), value) for pk, name, value in rows])


def coverages_behind(
    actor: Actor, union: Union, day: dt.date, covering: int | None = None
) -> QuerySet[UnionCoverage, Any]:
    """The relations behind the unions covered on ``day``, in the viewer's scope: by the place of
    the federation, ``covering`` (a key) alone if given. A union covered by two stands in two."""
    found = (
        UnionCoverage.objects.visible_to(actor, PERMISSION)
        .filter(covering__path__startswith=union.path, since__lte=day)
        .filter(Q(until__isnull=True) | Q(until__gte=day))
        .select_related("covering", "covered__kind", "covered__parent")
        .order_by("covering__path", "covered__name", "pk")
    )
    return found if covering is None else found.filter(covering=covering)
