"""Officials' lists at the top of the tree, where they are longest: first pages and a search.

Times are the best of some runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.test import Client as DjangoClient
from django.urls import reverse

from members.models import Member
from portal.benchmarks import dataset
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.rows import Row, best_seconds
from unions.models import Union

SUITE = "lists"
TIMES = 7
LISTS = ("members_application", "members_member", "unions_union")


def run(sizes: Sizes) -> Iterator[Row]:
    """``list_ms``, ``search_ms`` (of the slowest list) and ``list_growth`` (of its first page)."""
    client = DjangoClient(SERVER_NAME="127.0.0.1")
    client.force_login(dataset.official())
    pages = {name: reverse(f"admin:{name}_changelist") for name in LISTS}
    terms = _terms()

    def slowest(query: bool) -> tuple[str, float]:
        times = {
            name: _milliseconds(client, page, {"q": terms[name]} if query else {})
            for name, page in pages.items()
        }
        name = max(times, key=lambda key: times[key])
        return name, times[name]

    name, first = slowest(query=False)
    yield Row(SUITE, "list_ms", first, "ms", None, sizes.members)
    yield Row(SUITE, "search_ms", slowest(query=True)[1], "ms", None, sizes.members)
    dataset.grow_to_double(sizes)
    again = _milliseconds(client, pages[name], {})
    yield Row(SUITE, "list_growth", again / first, "×", 1.0, 2 * sizes.members)


def _terms() -> dict[str, str]:
    """What officials type: a name from the middle of each list."""
    member = Member.objects.order_by("pk")[Member.objects.count() // 2]
    union = Union.objects.filter(kind="grassroots_union").order_by("-pk")[0]
    return {
        "members_application": member.name,
        "members_member": member.name,
        "unions_union": union.name,
    }


def _milliseconds(client: DjangoClient, page: str, query: dict[str, str]) -> float:
    def show() -> None:
        response = client.get(page, query)
        if response.status_code != 200:
            raise RuntimeError(f"{page} answers {response.status_code}")

    show()
    return best_seconds(show, times=TIMES) * 1000
