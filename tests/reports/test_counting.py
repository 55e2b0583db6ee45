"""Counts: sparse, rolled up, idempotent, and equal to a naive count in Python."""

import datetime as dt

import pytest

from members.enums import EventType
from members.services.changes import withdraw_membership
from members.services.ledger import record_event
from reference.models import WorkerGroup
from reports.counting import posting
from reports.counting.history import count_history
from reports.counting.posting import ENOUGH_PARTS, post_changes
from reports.counting.verifying import find_differences
from reports.models import (
    DailyCount,
    GroupNumber,
    LatePosting,
    NightDelta,
    NightPart,
    ReportRun,
    TouchedUnion,
    UnpostedEntry,
)
from reports.nightly import run_nightly
from reports.selectors.counts import read_counts, trend
from tests.builders import make_membership, make_union
from unions.models import Union
from unions.services import update_union

pytestmark = pytest.mark.django_db

D = dt.date


def value(union: Union, metric: str, day: dt.date, breakdown: str = "") -> int:
    """The figure as the dashboards read it: the latest row up to the day."""
    return read_counts([union.pk], [(metric, breakdown)], [day]).at(
        union.pk, metric, breakdown, day
    )


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
    count_history(D(2024, 12, 31))
    for union in (tree["city"], tree["county"]):
        assert [value(union, "members", day) for day in (
            D(2024, 1, 4), D(2024, 1, 5), D(2024, 2, 1), D(2024, 4, 1), D(2024, 12, 31),
        )] == [0, 2, 3, 4, 4]  # fmt: skip
        assert value(union, "members", D(2024, 12, 31), "courier") == 3
        assert value(union, "joined", D(2024, 12, 31)) == 4
    assert value(tree["left"], "members", D(2024, 12, 31)) == 3
    days = DailyCount.objects.filter(union=tree["city"])
    assert list(days.order_by("day").values_list("day", "members")) == [
        (D(2024, 1, 5), 2), (D(2024, 2, 1), 3), (D(2024, 4, 1), 4),
    ]  # fmt: skip


def test_unions_by_kind_count_themselves_and_from_their_founding(tree: dict[str, Union]) -> None:
    count_history(D(2024, 12, 31))
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
    count_history(D(2024, 12, 31))
    figures = {
        metric: value(tree["city"], metric, D(2024, 12, 31))
        for metric in ("members", "retained", "joined")
    }
    assert figures == {"members": 0, "retained": 1, "joined": 2}
    assert value(tree["city"], "members", D(2024, 5, 31)) == 2


def test_late_entry_leaves_published_days_alone_and_is_known_beside_them(
    tree: dict[str, Union],
) -> None:
    first, tonight = D(2024, 1, 31), D(2024, 2, 1)
    make_membership(tree["left"], on="2024-01-10")
    run_nightly(first)
    late = make_membership(tree["left"], on="2024-01-15")
    city, days = tree["city"], (D(2024, 1, 14), D(2024, 1, 15), first, tonight)

    def known() -> list[int]:
        counts = read_counts([city.pk], [("members", "")], days, known_now=True)
        return [counts.at(city.pk, "members", "", day) for day in days]

    def course() -> list[tuple[dt.date, int]]:
        points = trend(city.pk, "members", [""], D(2024, 1, 5), tonight, known_now=True)
        return [(point.day, point.value) for point in points]

    waiting = known(), course()
    run_nightly(tonight)
    assert [value(city, "members", day) for day in days] == [1, 1, 1, 2]
    # Known as soon as it is recorded, and no different once it is posted.
    assert waiting == (known(), course()) == (
        [1, 2, 2, 2],
        [(D(2024, 1, 5), 0), (D(2024, 1, 10), 1), (D(2024, 1, 15), 2), (tonight, 2)],
    )  # fmt: skip
    assert LatePosting.objects.get().event == late.events.get()
    assert LatePosting.objects.get().day == tonight
    assert not UnpostedEntry.objects.exists()


def test_moved_subtree_counts_where_it_is_from_the_next_night(
    tree: dict[str, Union], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_union("邻县总", "county_federation", tree["city"], founded_on="2019-06-01")
    make_membership(tree["left"], on="2024-01-10")
    run_nightly(D(2024, 1, 31))
    Union.objects.update(created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    monkeypatch.setattr("unions.tree.local_today", lambda: D(2024, 2, 1))
    update_union(tree["left"], actor=None, parent=other)
    make_membership(tree["left"], on="2024-02-01")
    run_nightly(D(2024, 2, 1))
    figures = {
        metric: [
            tuple(value(u, metric, day) for u in (tree["county"], other, tree["city"]))
            for day in (D(2024, 1, 31), D(2024, 2, 1))
        ]
        for metric in ("members", "joined", "unions", "unions_founded")
    }
    assert figures == {
        "members": [(1, 0, 1), (0, 2, 2)],
        "joined": [(1, 0, 1), (1, 1, 2)],  # where each was made
        "unions": [(2, 1, 4), (1, 2, 4)],
        "unions_founded": [(2, 1, 4), (2, 1, 4)],
    }
    assert list(find_differences(D(2024, 2, 1))) == []


def test_rejoining_is_counted_apart(tree: dict[str, Union]) -> None:
    membership = make_membership(tree["left"], on="2024-01-01")
    withdraw_membership(membership, last_day=D(2024, 3, 1), actor=None)
    make_membership(tree["left"], on="2024-05-01", member=membership.member)
    run_nightly(D(2024, 5, 31))
    assert [value(tree["city"], metric, D(2024, 5, 31)) for metric in (
        "members", "joined", "rejoined",
    )] == [1, 1, 1]  # fmt: skip


def test_parts_of_the_tree_add_up_to_the_whole(tree: dict[str, Union]) -> None:
    towns = [
        make_union(f"镇{n}", "township_union", tree["county"], founded_on="2020-01-01")
        for n in range(ENOUGH_PARTS)
    ]
    run_nightly(D(2024, 1, 31))
    for town in (*towns, tree["county"]):
        make_membership(town, on="2024-02-01")
    outcomes = {o.step: o.row_count for o in run_nightly(D(2024, 2, 1))}
    # A row for each town, and for each that stands above them.
    assert (outcomes["deltas"], outcomes["leaves"], outcomes["roll_up"]) == (9, 8, 2)
    assert NightPart.objects.filter(is_done=True).count() == ENOUGH_PARTS
    assert value(tree["city"], "members", D(2024, 2, 1)) == ENOUGH_PARTS + 1
    runs = ReportRun.objects.filter(day=D(2024, 2, 1), report__in=["leaves", "roll_up"])
    assert all(run.checksum for run in runs)
    assert list(find_differences(D(2024, 2, 1))) == []


def test_what_a_broken_night_left_is_counted_with_what_came_since(tree: dict[str, Union]) -> None:
    run_nightly(D(2024, 1, 31))
    make_membership(tree["left"], on="2024-02-01")
    make_membership(tree["county"], group="carer", on="2024-02-01")
    post_changes(D(2024, 2, 1))  # and no further
    packed = {row.part: sorted(row.paths) for row in NightDelta.objects.all()}
    assert packed == {"": sorted([tree["county"].path, tree["left"].path])}
    # Now there are unions enough to share out at another depth.
    for number in range(ENOUGH_PARTS):
        town = make_union(f"镇{number}", "township_union", tree["county"])
        make_membership(town, on="2024-02-01")
    make_membership(tree["left"], group="carer", on="2024-02-01")
    run_nightly(D(2024, 2, 1))
    assert not NightDelta.objects.exists()
    at = D(2024, 2, 1)
    assert [value(one, "members", at) for one in tree.values()] == [11, 11, 2, 0]
    assert [value(tree["county"], "joined", at, group) for group in ("courier", "carer")] == [9, 2]
    assert list(find_differences(at)) == []


def test_an_entry_of_a_group_that_came_meanwhile_waits_for_the_next_night(
    tree: dict[str, Union], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_nightly(D(2024, 1, 31))
    WorkerGroup.objects.create(code="new_group", name_zh="新群体")
    make_membership(tree["left"], on="2024-02-01")
    make_membership(tree["left"], group="new_group", on="2024-02-01")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(posting, "NUMBER_GROUPS", "SELECT 1")
        run_nightly(D(2024, 2, 1))
    assert UnpostedEntry.objects.get().breakdown == "new_group"
    run_nightly(D(2024, 2, 2))
    assert [value(tree["city"], "members", D(2024, 2, day)) for day in (1, 2)] == [1, 2]
    assert list(find_differences(D(2024, 2, 2))) == []


def test_a_row_holds_all_groups_and_takes_up_new_ones(tree: dict[str, Union]) -> None:
    town, city = tree["left"], tree["city"]
    days = [D(2024, 2, 1), D(2024, 2, 2), D(2024, 2, 3), D(2024, 2, 4)]
    make_membership(town, group="truck_driver", on=days[0].isoformat())
    run_nightly(days[0])
    for _ in range(2):
        make_membership(town, group="courier", on=days[1].isoformat())
    run_nightly(days[1])
    carer = make_membership(town, group="carer", on=days[2].isoformat())
    record_event(carer, EventType.RETAINED, union=town, effective_on=days[2], actor=None)
    run_nightly(days[2])
    run_nightly(days[3])  # brings nothing
    numbers = dict(GroupNumber.objects.values_list("worker_group", "number"))
    rows = DailyCount.objects.filter(union=city).order_by("day")
    assert [row.day for row in rows] == days[:3]
    newest = rows[2]
    assert newest.groups == [numbers[code] for code in ("truck_driver", "courier", "carer")]
    # The carer is retained and no active member: nothing of hers is among those, and nothing but
    # hers among the others.
    assert (newest.members, newest.retained, newest.joined, newest.rejoined) == (3, 1, 4, 0)
    assert (newest.group_members, newest.group_joined) == ([1, 2], [1, 2, 1])
    assert (newest.group_retained, newest.group_rejoined) == ([0, 0, 1], None)
    for metric, group, expected in (
        ("members", "courier", [0, 2, 2, 2]),
        ("members", "truck_driver", [1, 1, 1, 1]),
        ("members", "carer", [0, 0, 0, 0]),
        ("retained", "carer", [0, 0, 1, 1]),
        ("retained", "courier", [0, 0, 0, 0]),
        ("members", "", [1, 3, 3, 3]),
    ):
        assert [value(city, metric, day, group) for day in days] == expected, (metric, group)
    # The course of a group begins with its first day, not with that of its union.
    assert trend(city.pk, "members", ["courier"], None, days[3]) == [(days[1], 2), (days[3], 2)]
    assert trend(city.pk, "members", ["courier", "truck_driver"], days[0], days[2]) == [
        (days[0], 1), (days[1], 3), (days[2], 3),
    ]  # fmt: skip
    assert list(find_differences(days[3])) == []
    # A full count says the same, whatever the order of the groups.
    keys = [
        (metric, group)
        for metric in ("members", "retained", "joined", "rejoined")
        for group in ("", "truck_driver", "courier", "carer")
    ]

    def figures() -> dict[tuple[str, str, dt.date], int]:
        return {
            (metric, group, day): value(city, metric, day, group)
            for metric, group in keys
            for day in days
        }

    of_the_nights = figures()
    count_history(days[3])
    assert figures() == of_the_nights
    assert [row.day for row in DailyCount.objects.filter(union=city).order_by("day")] == days[:3]


def test_a_night_compares_the_unions_that_were_touched_and_none_too_early(
    tree: dict[str, Union],
) -> None:
    run_nightly(D(2024, 1, 31))
    # What is to come on its day waits for it.
    assert [one.union_id for one in TouchedUnion.objects.all()] == [tree["right"].pk]
    open_now = [value(tree["city"], "unions", day) for day in (D(2024, 1, 31), D(2024, 3, 2))]
    for day in (D(2024, 3, 1), D(2024, 3, 2)):
        run_nightly(day)
        open_now.append(value(tree["city"], "unions", day))
    assert open_now == [3, 3, 3, 4]
    assert not TouchedUnion.objects.exists()
    Union.objects.filter(pk=tree["left"].pk).update(is_nef=True, address="新址")
    Union.objects.filter(pk=tree["right"].pk).update(address="旧址")
    assert [one.union_id for one in TouchedUnion.objects.all()] == [tree["left"].pk]
    run_nightly(D(2024, 3, 3))
    assert [value(tree["city"], "nef_unions", D(2024, 3, day)) for day in (2, 3)] == [1, 2]
    assert not TouchedUnion.objects.exists()
