"""Paging of long lists without counting them to the end."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property


class BoundedPaginator(Paginator):
    """Counts at most `bound` rows and pages no further: a list of millions costs as little as one
    of `bound`. Further rows are reached by search and filters. Works for the admin and for views.
    """

    bound = 10_000

    @cached_property
    def _counted(self) -> int:
        """The number of rows, or bound + 1 if there are more."""
        rows: Any = self.object_list
        if isinstance(rows, QuerySet):
            # LIMIT inside a subquery; the order would only cost a sort.
            unordered = rows if rows.query.is_sliced else rows.order_by()
            return unordered[: self.bound + 1].count()
        return min(len(rows), self.bound + 1)

    @cached_property
    def count(self) -> int:
        """The number of rows that can be paged through, never more than `bound`."""
        return min(self._counted, self.bound)

    @property
    def is_bounded(self) -> bool:
        """True if there are more rows than can be paged through."""
        return self._counted > self.bound

    @property
    def display_count(self) -> str:
        """The count for the screen: `37`, or `10,000+`."""
        if self.is_bounded:
            return f"{self.bound:,}+"
        return f"{self.count:,}"
