"""Paging of long lists without counting them to the end."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, QuerySet, Value, Window
from django.db.models.functions import Least, RowNumber
from django.utils.functional import cached_property

# A higher page is none of any list: it is answered with the last.
MOST_PAGES = 1_000_000


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


class CountedPaginator(Paginator):
    """Pages of rows that have been counted already: ``count`` of them."""

    def __init__(self, rows: Any, per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self.__dict__["count"] = count


class OneQueryPaginator(Paginator):
    """``get_page`` reads the rows of a page and how many there are in all in one query.

    For querysets of some thousands of rows, which the database reads whole anyway to sort them,
    ordered by their own columns, annotations or ``__`` paths: a relation alone ("indicator") would
    mean the order of what it leads to.
    """

    def get_page(self, number: Any) -> Page[Any]:
        """The page ``number``; the first for what is no number, the last for one too high or low.

        One query, also of a page beyond the end.
        """
        listed: Any = self.object_list
        wanted = _page_number(number)
        counted = listed.annotate(row_count=Window(Count("*")))
        if wanted == 1:
            rows = list(counted[: self.per_page])
        else:
            # What lies before the page, or before the last one where there are not so many.
            last = (F("row_count") - 1) / self.per_page
            before = (
                Least(Value(wanted - 1), last) * self.per_page if wanted else last * self.per_page
            )
            order = listed.query.order_by or listed.model._meta.ordering
            placed = counted.annotate(place=Window(RowNumber(), order_by=list(order)))
            rows = list(placed.filter(place__gt=before, place__lte=before + self.per_page))
            wanted = (rows[0].place - 1) // self.per_page + 1 if rows else 1
        self.__dict__["count"] = rows[0].row_count if rows else 0
        return Page(rows, wanted, self)


def _page_number(asked: Any) -> int:
    """The page meant by a word of an address; 0 for the last one."""
    try:
        number = int(asked)
    except (TypeError, ValueError):
        return 1
    return number if 0 < number < MOST_PAGES else 0
