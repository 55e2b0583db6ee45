"""Moving, merging and dissolving unions: the tree, its history, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction

from audit.models import AuditEntry
from core.clock import local_today
from core.errors import RuleViolation
from tests.builders import make_official, make_union
from unions import tree
from unions.enums import ClosingKind, Role, UnionStatus
from unions.history import paths_on
from unions.models import Appointment, PastPath, Union, UnionClosing, UnionCoverage
from unions.services import (
    appoint,
    cover_union,
    dissolve_union,
    end_appointment,
    merge_unions,
    move_union,
    update_union,
)

pytestmark = pytest.mark.django_db

TODAY = local_today()
ONE_DAY = dt.timedelta(days=1)
SINCE = dt.date(2024, 1, 1)


@pytest.fixture
def world() -> SimpleNamespace:
    """A city with two counties that stood yesterday already; an official of each level."""
    city = make_union("市总", "city_federation")
    east, west = (make_union(f"{name}县总", "county_federation", city) for name in "东西")
    town = make_union("镇工会", "township_union", east)
    other_town = make_union("邻镇工会", "township_union", east)
    village = make_union("村工会", "community_union", town)
    made = SimpleNamespace(
        city=city, east=east, west=west, town=town, other_town=other_town, village=village
    )
    made.of_city = make_official("shi", city)
    made.of_east = make_official("dong", east)
    made.of_west = make_official("xi", west)
    made.of_town = make_official("zhen", town, Role.GRASSROOTS_OFFICIAL)
    Union.objects.update(created_at="2024-01-01T00:00:00+08:00")
    return made


def written() -> tuple[object, ...]:
    return (
        list(Union.objects.order_by("pk").values_list()),
        list(UnionCoverage.objects.order_by("pk").values_list()),
        list(Appointment.objects.order_by("pk").values_list()),
        PastPath.objects.count(), UnionClosing.objects.count(), AuditEntry.objects.count(),
    )  # fmt: skip


def refused(act: Callable[[], object]) -> tuple[str, str | None]:
    before = written()
    with pytest.raises(RuleViolation) as refusal:
        act()
    assert written() == before
    return refusal.value.code, refusal.value.field


def test_move_keeps_yesterday_and_says_why(world: SimpleNamespace) -> None:
    before = paths_on(Union.objects.all(), TODAY)
    move_union(world.town, to_parent=world.west, reason=" 区划调整 ", actor=world.of_city)
    world.village.refresh_from_db()
    assert world.village.path == f"{world.west.path}{world.town.pk}/{world.village.pk}/"
    assert tree.wrong_paths() == []
    assert paths_on(Union.objects.all(), TODAY - ONE_DAY) == before
    data = {"parent_id": [world.east.pk, world.west.pk], "reason": "区划调整", "unions": 2}
    entries = AuditEntry.objects.filter(action__in=("union.moved", "union.arrived"))
    assert list(entries.order_by("id").values_list("action", "union_path", "data")) == [
        ("union.moved", before[world.town.pk], data),
        ("union.arrived", world.town.path, data),
    ]

    def move(parent: Union | None, actor: object, reason: str = "x") -> tuple[str, str | None]:
        return refused(
            lambda: move_union(world.town, to_parent=parent, reason=reason, actor=actor)  # type: ignore[arg-type]
        )

    assert move(world.east, world.of_city, "  ") == ("required", "reason")
    assert move(world.west, world.of_city) == ("same_parent", "parent")
    assert move(world.east, world.of_west) == ("out_of_scope", "parent")
    assert move(world.east, world.of_east) == ("out_of_scope", "parent")
    assert move(world.city, world.of_city) == ("illegal_parent", "parent")
    assert move(None, world.of_city) == ("required", "parent")
    assert refused(lambda: update_union(world.town, actor=None, status="dissolved")) == (
        "dissolving", "status",
    )  # fmt: skip


def test_merger_moves_what_is_below_and_ends_the_union(world: SimpleNamespace) -> None:
    gone = make_union("旧社区", "community_union", world.town)
    dissolve_union(gone, closed_on=TODAY, reason="撤销", actor=None)
    trade = make_union("行业联合会", "industry_federation", world.city)
    for covering, covered in ((trade, world.town), (trade, world.other_town), (world.town, trade)):
        cover_union(covering, covered, since=SINCE, actor=None)
    cover_union(world.town, world.other_town, since=SINCE, actor=None)
    past = paths_on(Union.objects.all(), TODAY - ONE_DAY)
    merge_unions(
        world.town, into=world.other_town, merged_on=TODAY + ONE_DAY, reason="合并",
        decision_number="总工〔2026〕8号", actor=world.of_east,
    )  # fmt: skip
    town = Union.objects.get(pk=world.town.pk)
    assert (town.status, town.closed_on, town.merged_into, town.path) == (
        UnionStatus.DISSOLVED, TODAY + ONE_DAY, world.other_town, past[town.pk],
    )  # fmt: skip
    assert [
        town in Union.objects.standing_on(day) for day in (TODAY, TODAY + ONE_DAY)
    ] == [True, False]  # fmt: skip
    world.village.refresh_from_db()
    assert world.village.parent == world.other_town
    gone.refresh_from_db()
    assert gone.parent == town
    assert tree.wrong_paths() == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert paths_on(Union.objects.all(), TODAY - ONE_DAY) == past
    assert list(PastPath.objects.values_list("union", flat=True)) == [world.village.pk]
    # Coverage goes on at the successor, once, and never of itself.
    rows = UnionCoverage.objects.order_by("pk")
    assert list(rows.values_list("covering", "covered", "since", "until")) == [
        (trade.pk, town.pk, SINCE, TODAY),
        (trade.pk, world.other_town.pk, SINCE, None),
        (town.pk, trade.pk, SINCE, TODAY),
        (town.pk, world.other_town.pk, SINCE, TODAY),
        (world.other_town.pk, trade.pk, TODAY + ONE_DAY, None),
    ]
    assert Appointment.objects.get(user=world.of_town).ends_on == TODAY
    closing = UnionClosing.objects.get(union=town)
    assert (closing.kind, closing.into, closing.status, closing.decision_number) == (
        ClosingKind.MERGED, world.other_town, "done", "总工〔2026〕8号",
    )  # fmt: skip
    entries = AuditEntry.objects.filter(action__in=("union.merged", "union.absorbed"))
    assert list(entries.values_list("action", "union_path").order_by("id")) == [
        ("union.merged", town.path), ("union.absorbed", world.other_town.path),
    ]  # fmt: skip
    assert refused(
        lambda: merge_unions(town, into=world.east, merged_on=TODAY, reason="x", actor=None)
    ) == ("dissolved", None)


def test_refused_mergers_write_nothing(world: SimpleNamespace) -> None:
    def merge(
        source: Union, into: Union, actor: object, day: dt.date = TODAY, reason: str = "x"
    ) -> tuple[str, str | None]:
        return refused(
            lambda: merge_unions(source, into=into, merged_on=day, reason=reason, actor=actor)  # type: ignore[arg-type]
        )

    make_union("村工会", "community_union", world.other_town)
    stray = make_union("基层", "grassroots_union", world.west)
    preparing = make_union("筹建", "township_union", world.east, status=UnionStatus.PREPARING)
    world.east.refresh_from_db()
    assert merge(world.town, world.other_town, None, reason="") == ("required", "reason")
    assert merge(world.town, world.town, None) == ("same_union", "into")
    assert merge(world.town, world.village, None) == ("below", "into")
    assert merge(world.town, world.other_town, None) == ("duplicate", "into")
    assert merge(world.east, world.town, None) == ("below", "into")
    assert merge(world.town, stray, None) == ("illegal_child", "into")
    assert merge(world.town, preparing, None) == ("not_established", "into")
    assert merge(world.east, world.west, world.of_east) == ("out_of_scope", "into")
    assert merge(world.east, world.west, world.of_west) == ("out_of_scope", "parent")
    assert merge(stray, world.west, None, TODAY - ONE_DAY) == ("day", "merged_on")
    assert merge(stray, world.west, None, TODAY + 2 * ONE_DAY) == ("day", "merged_on")


def test_union_above_dissolves_what_is_empty(world: SimpleNamespace) -> None:
    def dissolve(
        union: Union, actor: object, day: dt.date = TODAY, reason: str = "x"
    ) -> tuple[str, str | None]:
        return refused(
            lambda: dissolve_union(union, closed_on=day, reason=reason, actor=actor)  # type: ignore[arg-type]
        )

    assert dissolve(world.town, world.of_east) == ("children", None)
    assert dissolve(world.village, world.of_town) == ("out_of_scope", "parent")
    own = make_official("cun", world.village, Role.GRASSROOTS_OFFICIAL)
    assert dissolve(world.village, own) == ("not_above", None)
    assert dissolve(world.city, world.of_city)[0] == "not_above"
    assert dissolve(world.village, world.of_east, reason="") == ("required", "reason")
    assert dissolve(world.village, world.of_east, TODAY + 2 * ONE_DAY) == ("future", "closed_on")
    assert dissolve(world.village, world.of_east, dt.date(2019, 12, 31)) == (
        "too_early", "closed_on",
    )  # fmt: skip
    day = TODAY - 5 * ONE_DAY
    ended = appoint(
        world.of_west, union=world.village, role=Role.LEADER, starts_on=SINCE, actor=None
    )
    end_appointment(ended, ends_on=SINCE, actor=None)
    dissolve_union(world.village, closed_on=day, reason="村改居", actor=world.of_east)
    assert (world.village.status, world.village.closed_on) == (UnionStatus.DISSOLVED, day)
    assert world.village.merged_into is None
    ends = Appointment.objects.filter(union=world.village).order_by("ends_on")
    assert list(ends.values_list("user", "ends_on")) == [
        (world.of_west.pk, SINCE), (own.pk, day - ONE_DAY),
    ]  # fmt: skip
    assert dissolve(world.village, None) == ("dissolved", None)
    # What stood below it is no hindrance any more, but its end is.
    assert dissolve(world.town, world.of_east, day - ONE_DAY) == ("too_early", "closed_on")
    dissolve_union(world.town, closed_on=day, reason="撤并", actor=world.of_east)


@pytest.mark.parametrize("founded_on", [None, TODAY - ONE_DAY, TODAY + 30 * ONE_DAY])
def test_what_ends_in_preparation_says_so_and_forgets_the_day_it_was_to_be_founded(
    world: SimpleNamespace, founded_on: dt.date | None
) -> None:
    wanted: dict[str, object] = {"in_preparation": True}
    if founded_on is not None:
        wanted["founded_on"] = [founded_on.isoformat(), None]
    for name, action in (("筹建甲", "union.dissolved"), ("筹建乙", "union.merged")):
        union = make_union(name, "community_union", world.town, status=UnionStatus.PREPARING)
        update_union(union, founded_on=founded_on, actor=None)
        if action == "union.merged":
            merge_unions(union, into=world.village, merged_on=TODAY, reason="x", actor=None)
        else:
            dissolve_union(union, closed_on=TODAY, reason="x", actor=world.of_east)
        assert (union.status, union.closed_on, union.founded_on, union.ended_in_preparation) == (
            UnionStatus.DISSOLVED, TODAY, None, True,
        )  # fmt: skip
        data = AuditEntry.objects.get(action=action).data
        assert {key: data.get(key) for key in wanted} == wanted
        assert ("founded_on" in data) is (founded_on is not None)
        assert union not in Union.objects.standing_on(TODAY - ONE_DAY)
    # What had been established ends as what it was.
    dissolve_union(world.village, closed_on=TODAY, reason="x", actor=None)
    assert (world.village.ended_in_preparation, world.village.founded_on) == (
        False, dt.date(2020, 1, 1),
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Union.objects.filter(pk=world.village.pk).update(ended_in_preparation=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Union.objects.filter(pk=world.town.pk).update(ended_in_preparation=True)
