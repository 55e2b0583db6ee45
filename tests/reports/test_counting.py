"""Counts: sparse, rolled up, idempotent, and equal to a naive count in Python."""

import datetime as dt
import random
from collections import Counter

import pytest
from django.db import transaction

from members.enums import EventType
from members.models import MembershipEvent
from members.services.ledger import record_event
from reports.counting import count_days, count_from_the_beginning
from reports.models import DailyCount
from tests.builders import make_membership, make_union
from unions.models import Union
from unions.services import update_union

pytestmark = pytest.mark.django_db

D = dt.date


def value(union: Union, metric: str, day: dt.date, breakdown: str = "") -> int:
    """The figure as the dashboards read it: the latest row up to the day."""
    row = (
        DailyCount.objects.filter(union=union, metric=metric, breakdown=breakdown, day__lte=day)
        .order_by("-day")
        .first()
    )
    return row.value if row else 0


@pytest.fixture
def tree() -> dict[str, Union]:
    city = make_union("市总", "city_federation", founded_on="2019-05-01")
    county = make_union("县总", "county_federation", city, founded_on="2019-06-01")
    left = make_union("镇工会", "township_union", county, founded_on="2020-01-01")
    right = make_union("街道工会", "township_union", county, founded_on="2024-03-02", is_nef=True)
    return {"city": city, "county": county, "left": left, "right": right}


def test_history_is_rolled_up_to_every_ancestor_and_sparse(tree: dict[str, Union]) -> None:
    for group, day in (
        ("courier", "2024-01-05"),
        ("courier", "2024-01-05"),
        ("carer", "2024-02-01"),
    ):
        make_membership(tree["left"], group=group, on=day)
    make_membership(tree["right"], group="courier", on="2024-04-01")
    count_from_the_beginning(D(2024, 12, 31))
    for union in (tree["city"], tree["county"]):
        assert [value(union, "members", day) for day in (
            D(2024, 1, 4), D(2024, 1, 5), D(2024, 2, 1), D(2024, 4, 1), D(2024, 12, 31),
        )] == [0, 2, 3, 4, 4]  # fmt: skip
        assert value(union, "members", D(2024, 12, 31), "courier") == 3
        assert value(union, "joined", D(2024, 12, 31)) == 4
    assert value(tree["left"], "members", D(2024, 12, 31)) == 3
    days = DailyCount.objects.filter(union=tree["city"], metric="members", breakdown="")
    assert list(days.order_by("day").values_list("day", "value")) == [
        (D(2024, 1, 5), 2), (D(2024, 2, 1), 3), (D(2024, 4, 1), 4),
    ]  # fmt: skip


def test_unions_by_kind_count_themselves_and_from_their_founding(tree: dict[str, Union]) -> None:
    count_from_the_beginning(D(2024, 12, 31))
    assert [value(tree["city"], "unions", day) for day in (
        D(2019, 4, 30), D(2019, 5, 1), D(2019, 6, 1), D(2024, 3, 1), D(2024, 3, 2),
    )] == [0, 1, 2, 3, 4]  # fmt: skip
    assert value(tree["city"], "unions", D(2024, 12, 31), "township_union") == 2
    assert value(tree["city"], "nef_unions", D(2024, 12, 31)) == 1
    assert value(tree["city"], "unions_founded", D(2024, 12, 31)) == 4


def test_retained_members_are_apart_and_leavers_gone(tree: dict[str, Union]) -> None:
    first = make_membership(tree["left"], on="2024-01-01")
    second = make_membership(tree["left"], on="2024-01-01")
    for membership, kind in ((first, EventType.RETAINED), (second, EventType.WITHDRAWN)):
        record_event(membership, kind, union=tree["left"], effective_on=D(2024, 6, 1), actor=None)
    count_from_the_beginning(D(2024, 12, 31))
    figures = {
        metric: value(tree["city"], metric, D(2024, 12, 31))
        for metric in ("members", "retained", "joined")
    }
    assert figures == {"members": 0, "retained": 1, "joined": 2}
    assert value(tree["city"], "members", D(2024, 5, 31)) == 2


def test_counting_again_changes_nothing(tree: dict[str, Union]) -> None:
    make_membership(tree["left"], on="2024-01-01")
    count_from_the_beginning(D(2024, 1, 31))
    make_membership(tree["left"], on="2024-02-01")
    fields = ("union_id", "metric", "breakdown", "day", "value")
    count_days(D(2024, 2, 1), D(2024, 2, 1))
    first = set(DailyCount.objects.values_list(*fields))
    count_days(D(2024, 2, 1), D(2024, 2, 1))
    assert set(DailyCount.objects.values_list(*fields)) == first


def test_late_entry_leaves_published_days_alone(tree: dict[str, Union]) -> None:
    make_membership(tree["left"], on="2024-01-10")
    count_from_the_beginning(D(2024, 1, 31))
    make_membership(tree["left"], on="2024-01-15")
    count_days(D(2024, 2, 1), D(2024, 2, 1))
    assert [value(tree["city"], "members", day) for day in (
        D(2024, 1, 15), D(2024, 1, 31), D(2024, 2, 1),
    )] == [1, 1, 2]  # fmt: skip
    count_from_the_beginning(D(2024, 2, 1))
    assert value(tree["city"], "members", D(2024, 1, 15)) == 2


def test_moved_subtree_counts_where_it_is_from_the_next_night(tree: dict[str, Union]) -> None:
    other = make_union("邻县总", "county_federation", tree["city"], founded_on="2019-06-01")
    make_membership(tree["left"], on="2024-01-10")
    count_from_the_beginning(D(2024, 1, 31))
    update_union(tree["left"], actor=None, parent=other)
    count_days(D(2024, 2, 1), D(2024, 2, 1))
    for day, expected in ((D(2024, 1, 31), (1, 0, 1)), (D(2024, 2, 1), (0, 1, 1))):
        got = tuple(value(u, "members", day) for u in (tree["county"], other, tree["city"]))
        assert got == expected


@pytest.mark.parametrize("seed", range(4))
def test_equals_a_naive_count_over_random_lives(tree: dict[str, Union], seed: int) -> None:
    chance = random.Random(seed)
    unions = list(tree.values())
    start = D(2024, 1, 1)
    for _person in range(25):
        union = chance.choice(unions)
        joined = start + dt.timedelta(days=chance.randrange(40))
        membership = make_membership(
            union, group=chance.choice(["courier", "carer"]), on=joined.isoformat()
        )
        for kind in chance.sample(
            [EventType.RETAINED, EventType.RESTORED], k=chance.choice([0, 1, 2])
        )[::-1]:
            joined += dt.timedelta(days=chance.randrange(1, 9))
            record_event(membership, kind, union=union, effective_on=joined, actor=None)
    middle, last = start + dt.timedelta(days=20), start + dt.timedelta(days=70)
    count_from_the_beginning(middle)
    for number in range((last - middle).days):
        today = middle + dt.timedelta(days=number + 1)
        count_days(today, today)
    events = list(MembershipEvent.objects.select_related("union"))
    for day in (start, middle - dt.timedelta(days=3), middle, middle + dt.timedelta(days=5), last):
        expected: Counter[tuple[int, str]] = Counter()
        for event in events:
            if event.effective_on <= day:
                for ancestor in unions:
                    if event.union.path.startswith(ancestor.path):
                        expected[ancestor.pk, ""] += event.active_change
                        expected[ancestor.pk, event.worker_group_id] += event.active_change
        for union in unions:
            for breakdown in ("", "courier", "carer"):
                assert value(union, "members", day, breakdown) == expected[union.pk, breakdown]


def test_counting_needs_a_transaction(tree: dict[str, Union]) -> None:
    with transaction.atomic():
        assert count_days(D(2024, 1, 1), D(2024, 1, 1)) > 0
