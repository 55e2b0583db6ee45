"""Which union a page of figures shows, and where the viewer stands: two queries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q
from django.http import Http404

from reports.selectors.marks import Marks, marks_with, with_drifts
from reports.selectors.scope import MAX_HOME_UNIONS, PERMISSION, begins_at, by_height, ids_on_path
from unions.models import Union
from unions.scope import Actor, can, grants_of


@dataclass(frozen=True)
class Place:
    """The union of a page, another it is compared with, and what lies above in the viewer's sight.

    ``homes`` are the unions at which that sight begins, ``ancestors`` those above ``union`` in
    scope; the highest first.
    """

    union: Union
    other: Union | None
    homes: list[Union]
    ancestors: list[Union]

    @cached_property
    def marks(self) -> Marks:
        """Of the union, and of the other; no further query where the union was asked for."""
        return marks_with([self.union, self.other] if self.other else [self.union])


def place_of(actor: Actor, asked: str = "", other: str = "") -> Place | None:
    """Whose figures are shown: ``asked``, else the viewer's highest union; None for who has none.

    Raises Http404 where the viewer may not see the figures of a union asked for.
    """
    keys = [_key(text) for text in (asked, other) if text]
    found = (
        {
            row.pk: row
            for row in with_drifts(Union.objects.visible_to(actor, PERMISSION))
            .filter(pk__in=keys)
            .select_related("kind", "region")
        }
        if keys
        else {}
    )
    if any(key not in found for key in keys):
        raise Http404
    if not grants_of(actor, PERMISSION):
        return None
    union = found[keys[0]] if asked else None
    above = ids_on_path(union.path)[:-1] if union else []
    rows = list(
        Union.objects.filter(begins_at(actor) | Q(pk__in=above))
        .select_related("kind", "region")
        .order_by("path")[: MAX_HOME_UNIONS + len(above)]
    )
    starts = {grant.path for grant in grants_of(actor, PERMISSION)}
    homes = by_height(
        row for row in rows if row.path in starts or ("" in starts and row.parent_id is None)
    )
    if union is None:
        if not homes:
            return None
        union = homes[0]
        above = ids_on_path(union.path)[:-1]
    return Place(
        union=union,
        other=found[keys[-1]] if other else None,
        homes=homes,
        ancestors=[row for row in rows if row.pk in above and can(actor, PERMISSION, row)],
    )


def _key(text: str) -> int:
    """A key that fits the column. Raises Http404 for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)
