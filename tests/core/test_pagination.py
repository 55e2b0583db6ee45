"""Paging that never counts to the end."""

import pytest

from core.pagination import BoundedPaginator, OneQueryPaginator
from reference.models import WorkerGroup


class Small(BoundedPaginator):
    bound = 5


@pytest.fixture
def groups():
    """Seven more groups, and a queryset of just them."""
    WorkerGroup.objects.bulk_create(
        WorkerGroup(code=f"test_{n}", name_zh=str(n), name_en=str(n), sort_order=n)
        for n in range(7)
    )
    return WorkerGroup.objects.filter(code__startswith="test_")


@pytest.mark.django_db
def test_a_short_list_is_counted_exactly(groups):
    paginator = Small(groups.filter(sort_order__lt=5), 2)
    assert (paginator.count, paginator.num_pages, paginator.is_bounded) == (5, 3, False)
    assert paginator.display_count == "5"


@pytest.mark.django_db
def test_a_long_list_ends_at_the_bound(groups, django_assert_num_queries):
    with django_assert_num_queries(1) as captured:
        paginator = Small(groups, 2)
        assert (paginator.count, paginator.num_pages, paginator.is_bounded) == (5, 3, True)
        assert paginator.display_count == "5+"
    assert "LIMIT 6" in captured[0]["sql"]
    assert "ORDER BY" not in captured[0]["sql"]
    assert [group.sort_order for group in paginator.page(2)] == [2, 3]
    assert [group.sort_order for group in paginator.page(3)] == [4]


def test_lists_are_bounded_too():
    paginator = Small(list(range(9)), 3)
    assert (paginator.count, paginator.num_pages, paginator.display_count) == (5, 2, "5+")
    assert list(paginator.page(2)) == [3, 4]


def test_thousands_are_grouped():
    paginator = BoundedPaginator(range(20_000), 100)
    assert (paginator.count, paginator.display_count) == (10_000, "10,000+")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "page", "orders"),
    [
        (None, 1, [6, 5, 4]),
        ("1", 1, [6, 5, 4]),
        ("x", 1, [6, 5, 4]),
        ("2", 2, [3, 2, 1]),
        ("3", 3, [0]),
        ("4", 3, [0]),
        ("99", 3, [0]),
        ("9" * 30, 3, [0]),
        ("0", 3, [0]),
        ("-1", 3, [0]),
    ],
)
def test_any_page_in_one_query(groups, django_assert_num_queries, asked, page, orders):
    with django_assert_num_queries(1):
        found = OneQueryPaginator(groups.order_by("-sort_order", "code"), 3).get_page(asked)
        assert (found.number, found.paginator.count, found.paginator.num_pages) == (page, 7, 3)
    assert [group.sort_order for group in found] == orders


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [None, "1", "2", "0"])
def test_the_only_page_of_nothing_in_one_query(django_assert_num_queries, asked):
    nobody = WorkerGroup.objects.filter(code="nobody")
    with django_assert_num_queries(1):
        found = OneQueryPaginator(nobody, 3).get_page(asked)
        assert (list(found), found.number, found.paginator.num_pages) == ([], 1, 1)
