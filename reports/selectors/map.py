"""The unions below one union on the map: figures in bands of colour, each on its shape if any."""

from __future__ import annotations

import datetime as dt
import statistics
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from reports.selectors.marks import Marks, marks_of
from reports.selectors.ranking import Ranking, ranking_of
from reports.selectors.ranking_rows import RankedUnion
from reports.selectors.shapes import Shapes, is_shown_below, shapes_below
from unions.models import Union
from unions.scope import Actor

# More are not drawn one by one; the ranking holds them all, page by page.
MAX_AREAS = 500
BANDS = 5
DEFAULT_METRIC = "members"

Value = int | Decimal | None
# What can be shown → its value; the keys are those the ranking is sorted by.
METRICS: dict[str, Callable[[RankedUnion], Value]] = {
    "members": lambda row: row.members,
    "year": lambda row: row.joined_this_year,
    "set4": lambda row: row.rate_set4,
    "nef": lambda row: row.rate_nef,
    "pace": lambda row: row.pace_value,
}


@dataclass(frozen=True)
class Band:
    """A colour of the legend: the smallest and the largest value that have it."""

    low: int | Decimal
    high: int | Decimal


@dataclass(frozen=True)
class Area:
    """A union on the map. ``shape`` is None for one that is listed beside it; ``band`` is its place
    in the legend, None where there is no figure. ``is_hidden``: there may be one, untold.
    ``books_differ``: there is one, and it is marked. ``place``: as in the ranking by that figure;
    None for what is unknown, and where the ranking is by another."""

    union: Union
    value: Value
    band: int | None
    shape: str | None
    is_hidden: bool = False
    books_differ: bool = False
    place: int | None = None


@dataclass(frozen=True)
class UnionMap:
    """The children of a union by one figure, the largest first, as the ranking has them."""

    union: Union
    day: dt.date
    metric: str
    shapes: Shapes | None
    bands: list[Band]
    areas: list[Area]
    left_out: int  # children beyond ``MAX_AREAS``
    has_pace: bool


def clean_metric(asked: str) -> str:
    """``asked`` where the map knows it, else members."""
    return asked if asked in METRICS else DEFAULT_METRIC


def map_of(
    actor: Actor, union: Union, day: dt.date, metric: str = DEFAULT_METRIC, *, target: str = ""
) -> UnionMap:
    """The map of ``union``, which the caller has fetched in the actor's scope; ``target`` is the
    key of the target whose pace is shown (``PaceColumn``).

    Every child in scope is in it, whether it has a shape or not.
    """
    ranking = ranking_of(actor, union, day, sort=f"-{metric}", page_size=MAX_AREAS, pace=target)
    return map_of_ranking(union, day, metric, ranking, marks_of([], below=union))


def map_of_ranking(
    union: Union,
    day: dt.date,
    metric: str,
    ranking: Ranking,
    marks: Marks,
    *,
    is_hidden: Callable[[RankedUnion], bool] = lambda row: False,
) -> UnionMap:
    """The map of children that have been read already, and their ``marks``; ``is_hidden`` ones have
    no figure on it."""
    unions = [row.union for row in ranking.rows]
    code = _region_shown(union, unions)
    shapes = shapes_below(code) if code != "" else None
    names = _shapes_of(unions, code, shapes) if shapes else {}
    hidden = {row.union.pk for row in ranking.rows if is_hidden(row)}
    values = {
        row.union.pk: None if row.union.pk in hidden else METRICS[metric](row)
        for row in ranking.rows
    }
    is_ranked = ranking.wanted.sort == f"-{metric}"
    places = {row.union.pk: row.place for row in ranking.rows} if is_ranked else {}
    bands, band_of = _bands([value for value in values.values() if value is not None])
    areas = [
        Area(
            union=one,
            value=value,
            band=None if value is None else band_of(value),
            shape=names.get(one.pk),
            is_hidden=one.pk in hidden,
            books_differ=value is not None and marks.differ(one.pk, ranking.rests_on[metric], day),
            place=None if value is None else places.get(one.pk),
        )
        for one in unions
        for value in (values[one.pk],)
    ]
    return UnionMap(
        union=union,
        day=day,
        metric=metric,
        shapes=shapes if names else None,
        bands=bands,
        # As the ranking has them; sorted here where that is by another figure.
        areas=areas
        if is_ranked
        else sorted(areas, key=lambda area: (area.value is None, -(area.value or 0))),
        left_out=max(ranking.child_count - len(ranking.rows), 0),
        has_pace=ranking.pace is not None,
    )


def _region_shown(union: Union, children: list[Union]) -> str | None:
    """The code of the region whose parts are shown; None for the nation, "" where none is."""
    if union.region_id:
        return union.region_id
    # A union that names no region: that of which its children's regions are parts.
    above = {
        child.region.parent_id for child in children if child.region and child.kind.is_territorial
    }
    return above.pop() if len(above) == 1 else ""


def _shapes_of(children: list[Union], code: str | None, shapes: Shapes) -> dict[int, str]:
    """The shape of each child that has one. Of several in one region the territorial one has it."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for child in sorted(children, key=lambda child: not child.kind.is_territorial):
        if child.region is None or not is_shown_below(child.region, code):
            continue
        name = shapes.name_of(child.region)
        if name is not None and name not in taken:
            found[child.pk] = name
            taken.add(name)
    return found


def _bands(values: list[int | Decimal]) -> tuple[list[Band], Callable[[int | Decimal], int]]:
    """Up to five bands that hold about the same number of unions, and the place of a value."""
    distinct = sorted(set(values))
    if len(distinct) <= BANDS:
        return [Band(value, value) for value in distinct], distinct.index
    cuts = sorted(set(statistics.quantiles(map(Decimal, values), n=BANDS, method="inclusive")))
    held: dict[int, list[int | Decimal]] = {}
    for value in distinct:
        held.setdefault(bisect_right(cuts, value), []).append(value)
    order = sorted(held)
    bands = [Band(held[key][0], held[key][-1]) for key in order]
    return bands, lambda value: order.index(bisect_right(cuts, value))
