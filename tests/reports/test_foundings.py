"""Foundings count where, as what and from when the books say; an upgrade tells those before it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from core.clock import CHINA
from reports.checking import check_everything
from reports.counting.history import count_history
from reports.counting.verifying import find_differences
from reports.models import CountedUnion, DailyUnitCount, Drift, UntoldFounding
from reports.nightly import run_nightly
from reports.selectors.counts import read_counts
from reports.selectors.rows import find_figure, unions_behind
from tests.builders import make_union
from unions.enums import UnionStatus
from unions.models import Union, UnionKind
from unions.services import dissolve_union, merge_unions, move_union, update_union

pytestmark = pytest.mark.django_db

BEFORE = dt.date(2024, 1, 1)
EVE, FIRST, SECOND, THIRD, FOURTH = (dt.date(2025, 3, day) for day in (3, 4, 5, 6, 7))
HOTEL = "grassroots_union"


@dataclass
class Land:
    """A city with two counties, registered long ago; ``today`` is what the tests say."""

    today: dt.date = BEFORE

    def settle(self) -> None:
        """Register the federations."""
        self.city = make_union("市总", "city_federation")
        self.east, self.west = (
            make_union(name, "county_federation", self.city) for name in ("东区总", "西区总")
        )

    def night(self, day: dt.date) -> None:
        """The night for ``day``, after which all figures are what stands behind them."""
        run_nightly(day)
        assert list(find_differences(day)) == []

    def dawn(self, day: dt.date) -> None:
        """``day`` has begun, and the night before it is counted."""
        self.today = day
        self.night(day - dt.timedelta(days=1))

    def found(self, name: str = "饭店工会", **details: Any) -> Union:
        """A union below the east, founded today."""
        return make_union(name, HOTEL, self.east, founded_on=self.today.isoformat(), **details)

    def change(self, union: Union, **changes: Any) -> None:
        """It is ``changes`` from today on."""
        if to := changes.pop("parent", None):
            place = Union.objects.get(pk=to.pk)
            move_union(Union.objects.get(pk=union.pk), to_parent=place, reason="区划", actor=None)
        if kind := changes.pop("kind", None):
            changes["kind"] = UnionKind.objects.get(pk=kind)
        if changes:
            update_union(Union.objects.get(pk=union.pk), actor=None, **changes)

    def founded(self, day: dt.date, kind: str = HOTEL) -> tuple[int, ...]:
        """Foundings of ``kind`` up to ``day``, of the city, the east and the west."""
        return self.counted("unions_founded", day, kind)

    def counted(self, metric: str, day: dt.date, kind: str = HOTEL) -> tuple[int, ...]:
        """A figure of ``kind`` on ``day``, of the city, the east and the west."""
        unions = [self.city.pk, self.east.pk, self.west.pk]
        counts = read_counts(unions, [(metric, kind)], [day])
        return tuple(counts.at(union, metric, kind, day) for union in unions)

    def behind(self, metric: str, day: dt.date) -> list[str]:
        """The unions of a kind like the hotel's behind a figure of the city since ``EVE``."""
        since = EVE if metric == "unions_founded" else None
        operator = User(is_superuser=True)
        rows = unions_behind(operator, find_figure(self.city, metric, day, since, HOTEL, ""))
        return [union.name for union in rows]


@pytest.fixture
def land(monkeypatch: pytest.MonkeyPatch) -> Land:
    land = Land()
    monkeypatch.setattr(
        timezone, "now", lambda: dt.datetime.combine(land.today, dt.time(12), tzinfo=CHINA)
    )
    land.settle()
    land.today = EVE
    return land


def kept(union: Union) -> tuple[str | None, str | None, dt.date | None]:
    """What the books keep of its founding: names from the top, kind, day."""
    row = CountedUnion.objects.get(union_id=union.pk)
    names = {str(key): name for key, name in Union.objects.values_list("pk", "name")}
    line = row.founding_path and " ".join(names[key] for key in row.founding_path[:-1].split("/"))
    return line, row.founding_kind, row.founding_counted_on


@pytest.mark.parametrize("is_first", [True, False])
def test_a_founding_moves_with_its_union_on_the_day_it_was_counted_and_never_again(
    land: Land, is_first: bool
) -> None:
    land.today = FIRST
    if not is_first:
        land.dawn(FIRST)
    hotel = land.found()
    land.night(FIRST)
    assert (land.founded(FIRST), kept(hotel)[0]) == ((1, 1, 0), "市总 东区总 饭店工会")
    land.change(hotel, parent=land.west)
    land.dawn(SECOND)
    assert (land.founded(FIRST), land.founded(FIRST, "")) == ((1, 0, 1), (4, 1, 2))
    moved = ("市总 西区总 饭店工会", HOTEL, FIRST)
    assert kept(hotel) == moved
    land.change(hotel, parent=land.east, kind="joint_union")
    land.dawn(THIRD)
    assert [land.founded(day) for day in (FIRST, SECOND)] == [(1, 0, 1)] * 2
    assert land.founded(SECOND, "joint_union") == (0, 0, 0)
    assert kept(hotel) == moved


def test_what_stands_below_takes_the_foundings_of_the_day_along(land: Land) -> None:
    land.dawn(FIRST)
    town = make_union("镇工会", "township_union", land.east, founded_on=EVE.isoformat())
    make_union("老店工会", HOTEL, town, founded_on="2020-01-01")
    land.dawn(SECOND)
    make_union("新店工会", HOTEL, town, founded_on=SECOND.isoformat())
    land.night(SECOND)
    land.change(town, parent=land.west)
    land.dawn(THIRD)
    assert [land.founded(day) for day in (FIRST, SECOND)] == [(1, 1, 0), (2, 1, 1)]
    assert land.founded(SECOND, "township_union") == (1, 1, 0)


def test_a_kind_that_changes_on_the_day_changes_the_founding_of_the_day(land: Land) -> None:
    land.dawn(FIRST)
    hotel = land.found()
    land.night(FIRST)
    land.change(hotel, kind="joint_union", parent=land.west)
    land.dawn(SECOND)
    kinds = (HOTEL, "joint_union", "")
    changed = [(0, 0, 0), (1, 0, 1), (4, 1, 2)]
    assert [land.founded(FIRST, kind) for kind in kinds] == changed
    land.change(hotel, kind=HOTEL)
    land.dawn(THIRD)
    assert [land.founded(SECOND, kind) for kind in kinds] == changed
    assert kept(hotel) == ("市总 西区总 饭店工会", "joint_union", FIRST)


@pytest.mark.parametrize(
    "doubt", [{"status": UnionStatus.PREPARING}, {"founded_on": FOURTH}, {"kind": "holding_pool"}]
)
def test_a_founding_is_taken_back_where_and_as_what_it_was_counted(
    land: Land, doubt: dict[str, Any]
) -> None:
    land.dawn(FIRST)
    hotel = land.found()
    land.dawn(SECOND)
    land.change(hotel, parent=land.west, kind="joint_union")
    land.dawn(THIRD)
    kinds = (HOTEL, "joint_union", "holding_pool", "")
    nothing = (0, 0, 0)
    counted = [(1, 1, 0), nothing, nothing, (4, 2, 1)]
    assert [land.founded(SECOND, kind) for kind in kinds] == counted
    land.change(hotel, **doubt)
    land.dawn(FOURTH)
    assert [land.founded(THIRD, kind) for kind in kinds] == [*[nothing] * 3, (3, 1, 1)]
    assert kept(hotel) == (None, None, None)
    assert [land.founded(SECOND, kind) for kind in kinds] == counted  # as it was published
    land.change(hotel, kind="joint_union", status=UnionStatus.ACTIVE)
    land.night(FOURTH)
    assert [land.founded(FOURTH, kind) for kind in kinds] == [
        nothing, (1, 0, 1), nothing, (4, 1, 2),
    ]  # fmt: skip
    assert kept(hotel) == ("市总 西区总 饭店工会", "joint_union", FOURTH)


def test_the_first_night_keeps_where_each_founding_of_the_past_counts(land: Land) -> None:
    land.today = FIRST
    hotel, later = land.found(), land.found("未来工会", status=UnionStatus.PREPARING)
    land.today = SECOND
    land.change(hotel, parent=land.west)
    land.dawn(THIRD)
    assert kept(hotel) == ("市总 东区总 饭店工会", HOTEL, FIRST)
    assert kept(later) == (None, None, None)
    assert [land.founded(day) for day in (EVE, FIRST, SECOND)] == [(0, 0, 0), *[(1, 1, 0)] * 2]
    with transaction.atomic():
        count_history(SECOND, first=SECOND)  # an opening balance
    assert (land.founded(SECOND), kept(hotel)) == (
        (1, 1, 0),
        ("市总 东区总 饭店工会", HOTEL, SECOND),
    )


def tell_anew(last: dt.date) -> None:
    """The past as it is known now."""
    with transaction.atomic():
        count_history(last)


@pytest.mark.parametrize("planned", [None, EVE, FOURTH])
@pytest.mark.parametrize("is_merged", [False, True])
def test_what_ends_in_preparation_was_never_founded_and_never_stood(
    land: Land, planned: dt.date | None, is_merged: bool
) -> None:
    land.dawn(FIRST)
    old, hotel = land.found("老店工会"), land.found(status=UnionStatus.PREPARING)
    land.change(old, is_nef=True)
    land.change(hotel, founded_on=planned, is_nef=True)
    land.dawn(SECOND)
    if is_merged:
        merge_unions(hotel, into=old, merged_on=THIRD, reason="合并", actor=None)
    else:
        dissolve_union(hotel, closed_on=THIRD, reason="不再筹建", actor=None)
    land.dawn(THIRD)
    land.dawn(FOURTH)
    for is_told_anew in (False, True):
        if is_told_anew:
            tell_anew(THIRD)
        for day in (FIRST, SECOND, THIRD):
            for metric in ("unions", "nef_unions", "unions_founded"):
                assert land.counted(metric, day) == (1, 1, 0), (is_told_anew, metric, day)
                assert land.behind(metric, day) == ["老店工会"]
            assert set(Union.objects.filter(kind=HOTEL).standing_on(day)) == {old}
        assert kept(hotel) == (None, None, None)
        assert list(find_differences(THIRD)) == []


@pytest.mark.parametrize("is_merged", [False, True])
def test_what_stood_without_a_day_of_founding_did_stand(land: Land, is_merged: bool) -> None:
    land.dawn(FIRST)
    hotel = land.found()
    land.change(hotel, founded_on=None)
    land.dawn(SECOND)
    if is_merged:
        other = make_union("邻店工会", HOTEL, land.west, founded_on="2020-01-01")
        merge_unions(hotel, into=other, merged_on=THIRD, reason="合并", actor=None)
    else:
        dissolve_union(hotel, closed_on=THIRD, reason="已无会员", actor=None)
    land.dawn(THIRD)
    land.dawn(FOURTH)
    for is_told_anew in (False, True):
        if is_told_anew:
            tell_anew(THIRD)
        in_east = [
            [land.counted(metric, day)[1] for day in (EVE, FIRST, SECOND, THIRD)]
            for metric in ("unions", "unions_founded")
        ]
        assert in_east == [[0, 1, 1, 0], [0, 1, 1, 1]]
        assert kept(hotel) == ("市总 东区总 饭店工会", HOTEL, FIRST)
        assert list(find_differences(THIRD)) == []


def test_a_figure_of_foundings_that_drifts_is_found_mended_and_closed(land: Land) -> None:
    land.dawn(FIRST)
    land.found()
    land.dawn(SECOND)
    rows = DailyUnitCount.objects.filter(metric="unions_founded", day=FIRST)
    rows.filter(union=land.city, breakdown="").update(value=7)
    rows.filter(union=land.east, breakdown=HOTEL).delete()
    wrong = {
        (land.city.pk, "unions_founded", "", "7", "4"),
        (land.east.pk, "unions_founded", HOTEL, "0", "1"),
    }
    assert check_everything() == 2
    fields = ("union", "metric", "breakdown", "stored", "expected")
    assert set(Drift.objects.filter(mended_at=None).values_list(*fields)) == wrong
    outcomes = {one.step: one.row_count for one in run_nightly(FIRST, full=True)}
    assert outcomes["recount_units"] == 2
    assert set(Drift.objects.exclude(mended_at=None).values_list(*fields)) == wrong
    assert (check_everything(), Drift.objects.filter(mended_at=None).count()) == (0, 0)
    assert (land.founded(FIRST), land.founded(FIRST, "")) == ((1, 1, 0), (4, 2, 1))


def upgrade() -> None:
    """The books as they were before they kept foundings, and then the migration."""
    migration = import_module("reports.migrations.0011_foundings")
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE reports_countedunion DROP CONSTRAINT reports_counted_founding_has_a_place"
        )
    CountedUnion.objects.update(founding_path=None, founding_kind=None, founding_counted_on=None)
    with connection.cursor() as cursor:
        cursor.execute(migration.TELL)
        cursor.execute(migration.PUT_DOWN)


def test_an_upgrade_tells_foundings_from_the_counts(land: Land) -> None:
    """Unions with others of their own kind below them, moved, of another kind, founded twice."""
    land.today = EVE
    office = make_union("产业工会", "industrial_union", land.city, founded_on=BEFORE.isoformat())
    land.dawn(FIRST)
    branch = make_union("产业分部", "industrial_union", office, founded_on="2021-01-01")
    hotel, school = land.found(), land.found("学校工会")
    shop = make_union("商店工会", HOTEL, branch, founded_on=FIRST.isoformat())
    land.dawn(SECOND)
    land.change(hotel, parent=land.west, kind="joint_union")
    land.change(school, status=UnionStatus.PREPARING)
    late = make_union("迟到工会", HOTEL, land.west, founded_on="2022-01-01")
    land.dawn(THIRD)
    land.change(branch, parent=land.east)
    land.change(school, status=UnionStatus.ACTIVE)
    never = land.found("未来工会", status=UnionStatus.PREPARING)
    land.dawn(FOURTH)
    unions = [land.city, land.east, land.west, office, branch, hotel, school, shop, late, never]
    before = [kept(union) for union in unions]
    assert before[4:] == [
        ("市总 产业工会 产业分部", "industrial_union", FIRST),
        ("市总 东区总 饭店工会", HOTEL, FIRST),
        ("市总 东区总 学校工会", HOTEL, THIRD),
        ("市总 产业工会 产业分部 商店工会", HOTEL, FIRST),
        ("市总 西区总 迟到工会", HOTEL, SECOND),
        (None, None, None),
    ]
    upgrade()
    assert [kept(union) for union in unions] == before
    assert not UntoldFounding.objects.exists()
    land.night(FOURTH)


def test_what_an_upgrade_cannot_tell_stands_on_and_is_no_drift(land: Land) -> None:
    """A union left its founding in the east when it moved to the west on the very day."""
    land.dawn(FIRST)
    hotel = land.found()
    land.night(FIRST)
    land.change(hotel, parent=land.west)
    land.dawn(SECOND)
    figures = DailyUnitCount.objects.filter(metric="unions_founded")
    of_the_day = figures.filter(day=FIRST, breakdown__in=["", HOTEL])
    assert of_the_day.filter(union=land.east).update(value=F("value") + 1) == 2
    assert of_the_day.filter(union=land.west).update(value=F("value") - 1) == 2
    before = list(figures.order_by("pk").values_list("pk", "value"))
    upgrade()
    assert kept(hotel) == ("市总 西区总 饭店工会", HOTEL, FIRST)
    # It may itself have been founded twice, or as another kind: its day is unknown.
    assert kept(land.east) == ("市总 东区总", "county_federation", None)
    untold = UntoldFounding.objects.order_by("value").values_list("union_id", "kind", "value")
    assert list(untold) == [(land.west.pk, HOTEL, -1), (land.east.pk, HOTEL, 1)]
    mended = {o.step: o.row_count for o in run_nightly(FIRST, full=True)}
    assert (check_everything(), mended["recount_units"]) == (0, 0)
    assert list(figures.order_by("pk").values_list("pk", "value")) == before
    # What comes afterwards is told; what drifts is found.
    land.change(hotel, status=UnionStatus.PREPARING)
    land.found("学校工会")
    land.dawn(THIRD)
    assert land.founded(SECOND) == (1, 2, -1)
    figures.filter(day=SECOND, union=land.east, breakdown=HOTEL).update(value=5)
    assert [(row.stored, row.expected) for row in find_differences(SECOND)] == [(5, 2)]
    with transaction.atomic():
        count_history(SECOND)
    assert not UntoldFounding.objects.exists()
    assert land.founded(SECOND) == (1, 1, 0)
