"""Paging of long lists without counting them to the end."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Window
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


class OneQueryPaginator(Paginator):
    """``get_page`` reads the rows of a page and how many there are in all in one query.

    For lists of some thousands, which the database reads whole anyway to sort them. A page beyond
    the end is the last one, as always; that takes further queries.
    """

    def get_page(self, number: Any) -> Page[Any]:
        """The page ``number``; the first where that is no number, the last where it is too high."""
        wanted = int(number) if str(number).isdecimal() and len(str(number)) < 7 else 0
        if number is None:
            wanted = 1
        if wanted:
            first = (wanted - 1) * self.per_page
            listed: Any = self.object_list
            counted = listed.annotate(row_count=Window(Count("*")))
            rows = list(counted[first : first + self.per_page])
            if rows or wanted == 1:
                self.__dict__["count"] = rows[0].row_count if rows else 0
                return Page(rows, wanted, self)
        return super().get_page(number)
