"""The whole ledger against what stands, in shares: whatever is wrong is found, whoever adds up."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from reference.models import WorkerGroup
from reports.counting import shares
from reports.counting.handing_out import ranges_of
from reports.counting.shares import Lifted, Shares
from reports.counting.verifying import find_differences, mend_counts
from reports.crew import Crew
from reports.models import DailyCount, Drift, GroupNumber, ReportRun, UnpostedEntry
from reports.nightly import RECOUNT, RECOUNTED, run_nightly
from tests.builders import make_membership, make_union
from unions.models import Union

DAY = dt.date(2024, 2, 1)
ONE_DAY = dt.timedelta(days=1)

Tree = dict[str, Union]


@pytest.fixture
def small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "UNIONS", 2)


@pytest.fixture
def tree(small_shares: None) -> Tree:
    """Five unions, three shares; what was counted on ``DAY`` stands, one entry waits."""
    city = make_union("市总", "city_federation")
    county = make_union("县总", "county_federation", city)
    left, right, empty = (make_union(name, "township_union", county) for name in "左右空")
    for union, group in ((left, "courier"), (left, "carer"), (right, "carer"), (county, "courier")):
        make_membership(union, group=group, on="2024-01-05")
    run_nightly(DAY)
    make_membership(right, group="courier", on="2024-02-01")
    return {"city": city, "county": county, "left": left, "right": right, "empty": empty}


def number(group: str) -> int:
    return GroupNumber.objects.get(worker_group=group).number


def found() -> set[tuple[object, ...]]:
    with transaction.atomic():
        return {tuple(row) for row in find_differences(DAY)}


@pytest.mark.django_db
def test_sound_books_have_no_differences(tree: Tree) -> None:
    assert UnpostedEntry.objects.filter(effective_on__lte=DAY).count() == 1
    assert found() == set()
    ends = [last for _after, last in ranges_of("unions_union", shares.UNIONS)]
    assert ends == [tree["county"].pk, tree["right"].pk, tree["empty"].pk]  # three shares


@pytest.mark.django_db
def test_a_group_that_came_later_is_no_difference(tree: Tree) -> None:
    """Its number is the highest, its code the first; no union has to be looked at for that."""
    WorkerGroup.objects.create(code="aaa", name_zh="新业态", name_en="New form")
    make_membership(tree["left"], group="aaa", on="2024-02-02")
    run_nightly(DAY + ONE_DAY)
    assert DailyCount.objects.get(union=tree["left"], day=DAY + ONE_DAY).groups == [
        number("carer"), number("courier"), number("aaa"),
    ]  # fmt: skip
    with transaction.atomic():
        unlike = [part.unlike for part in Shares().added_up(DAY + ONE_DAY)]
        assert list(find_differences(DAY + ONE_DAY)) == []
    looked_at = {int(key) for keys in unlike if keys for key in keys.strip("{}").split(",")}
    assert looked_at == {tree["city"].pk, tree["county"].pk}


def of_one_group(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    row = DailyCount.objects.get(union=tree["left"])
    assert row.group_members is not None
    row.group_members = [5, *row.group_members[1:]]
    row.save()
    group = GroupNumber.objects.get(number=row.groups[0]).worker_group_id
    return {("left", "members", group, 5, 1)}


def of_the_sum_alone(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    DailyCount.objects.filter(union=tree["left"]).update(retained=3)
    return {("left", "retained", "", 3, 0)}


def of_groups_that_stand_at_nothing(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    """The sum is right; a column of nothing but 0 stands as null."""
    DailyCount.objects.filter(union=tree["left"]).update(group_members=None)
    return {("left", "members", group, 0, 1) for group in ("courier", "carer")}


def of_a_group_that_the_ledger_has_not(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    """The sum is right, and so is each group that the ledger has."""
    row = DailyCount.objects.get(union=tree["right"])
    assert row.group_members is not None
    row.groups = [*row.groups, number("courier")]
    row.group_members = [*row.group_members, 7]
    row.save()
    return {("right", "members", "courier", 7, 0)}


def of_a_group_in_the_place_of_another(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    DailyCount.objects.filter(union=tree["right"]).update(groups=[number("courier")])
    return {
        ("right", metric, group, stored, 1 - stored)
        for metric in ("members", "joined")
        for group, stored in (("courier", 1), ("carer", 0))
    }


def of_a_row_that_is_gone(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    DailyCount.objects.filter(union=tree["right"]).delete()
    return {("right", metric, group, 0, 1) for metric in ("members", "joined")
            for group in ("", "carer")}  # fmt: skip


def of_a_union_without_anybody(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    DailyCount.objects.create(union=tree["empty"], day=DAY, members=2)
    return {("empty", "members", "", 2, 0)}


def of_a_union_above(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    row = DailyCount.objects.get(union=tree["city"])
    row.group_joined = [9 for _group in row.groups]
    row.save()
    return {("city", "joined", group, 9, 2) for group in ("courier", "carer")}


def of_an_entry_that_never_was_posted(tree: Tree) -> set[tuple[str, str, str, int, int]]:
    UnpostedEntry.objects.all().delete()
    stood = {"right": (1, 0), "county": (4, 2), "city": (4, 2)}
    return {
        (union, metric, group, stands, stands + 1)
        for union, by_group in stood.items()
        for metric in ("members", "joined")
        for group, stands in zip(("", "courier"), by_group, strict=True)
    }


WRONG = [
    of_one_group,
    of_the_sum_alone,
    of_groups_that_stand_at_nothing,
    of_a_group_that_the_ledger_has_not,
    of_a_group_in_the_place_of_another,
    of_a_row_that_is_gone,
    of_a_union_without_anybody,
    of_a_union_above,
    of_an_entry_that_never_was_posted,
]


@pytest.mark.django_db
@pytest.mark.parametrize("break_it", WRONG, ids=lambda case: case.__name__)
def test_what_is_wrong_is_found_and_mended(
    tree: Tree, break_it: Callable[[Tree], set[tuple[str, str, str, int, int]]]
) -> None:
    expected = {
        (tree[union].pk, metric, group, stored, is_right)
        for union, metric, group, stored, is_right in break_it(tree)
    }
    assert found() == expected
    assert mend_counts(DAY) == len(expected)
    assert Drift.objects.exclude(mended_at=None).count() == len(expected)
    assert found() == set()


@pytest.fixture
def helped(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Who added shares up: the second one is left to the helper, the others wait for it."""
    by: list[str] = []
    add_up = shares._add_up
    second_done = threading.Event()

    def one_each(share: dict[str, object]) -> Lifted:
        mine = threading.current_thread() is threading.main_thread()
        if mine:
            second_done.wait(timeout=20)
        by.append("own" if mine else "helper")
        try:
            return add_up(share)
        finally:
            if not mine:
                second_done.set()

    monkeypatch.setattr(shares, "_add_up", one_each)
    yield by
    second_done.set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [2, 3])
def test_a_crew_counts_anew_together(
    tree: Tree, helped: list[str], size: int, settings: Any
) -> None:
    settings.NIGHTLY_WORKERS = size
    expected = of_a_row_that_is_gone(tree)
    outcomes = {one.step: (one.state, one.row_count) for one in run_nightly(DAY, full=True)}
    assert {step: outcomes[step] for step in RECOUNTED} == {
        "recount": ("done", len(expected)),
        "recount_units": ("done", 0),
        "recount_establishment": ("done", 0),
    }
    assert set(helped) == {"own", "helper"}
    assert len(helped) == 3
    assert found() == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [1, 2])
def test_where_somebody_else_counts_anew_all_is_left_to_them(
    tree: Tree, size: int, settings: Any
) -> None:
    settings.NIGHTLY_WORKERS = size
    expected = of_a_row_that_is_gone(tree)
    lease = timezone.now() + dt.timedelta(minutes=5)
    claim = "00000000-0000-0000-0000-000000000001"
    ReportRun.objects.create(
        report=RECOUNT, day=DAY, status="running", claim=claim, lease_until=lease
    )
    outcomes = [one for one in run_nightly(DAY, full=True) if one.step in RECOUNTED]
    assert [(one.step, one.state) for one in outcomes] == [(RECOUNT, "running_elsewhere")]
    assert set(ReportRun.objects.filter(report__in=RECOUNTED).values_list("report", "status")) == {
        (RECOUNT, "running")
    }
    assert len(found()) == len(expected)


@pytest.mark.django_db(transaction=True)
def test_a_helper_that_fails_lets_nothing_be_mended(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = of_the_sum_alone(tree)
    add_up = shares._add_up
    helper_has_one = threading.Event()

    def failing(share: dict[str, object]) -> Lifted:
        if threading.current_thread() is threading.main_thread():
            assert helper_has_one.wait(timeout=20)
            return add_up(share)
        helper_has_one.set()
        raise LookupError

    monkeypatch.setattr(shares, "_add_up", failing)
    with pytest.raises(LookupError):
        run_nightly(DAY, full=True)
    run = ReportRun.objects.get(report=RECOUNT, day=DAY)
    assert (run.status, run.error) == (ReportRun.Status.FAILED, "LookupError")
    monkeypatch.undo()
    assert found() == {(tree[union].pk, *rest) for union, *rest in wrong}


@pytest.mark.django_db(transaction=True)
def test_nobody_is_kept_waiting_where_nothing_is_dealt_out() -> None:
    with Crew(2) as crew:
        dealing = Shares()

        def leave() -> None:
            with dealing:
                pass

        assert crew.at_once(dealing.help, leave) == [None, None]
