"""Counts of unions, foundings and stations against the books: whatever is wrong is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import F

from reports.counting import verifying_units
from reports.counting.verifying_units import find_unit_differences, mend_unit_counts
from reports.models import CountedStation, CountedUnion, DailyUnitCount, Drift
from reports.nightly import run_nightly
from tests.builders import make_union
from unions.models import Union

DAY = dt.date(2024, 2, 1)
FOUNDED = "2024-01-05"
LEAF = "township_union"

Tree = dict[str, Union]
Difference = tuple[str, str, str, int, int]

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> Tree:
    """A city, a county, and three unions below that, one of them for new-form employment; what was
    counted on ``DAY`` stands, with what each was founded as."""
    city = make_union("市总", "city_federation")
    county = make_union("县总", "county_federation", city)
    left, right = (make_union(name, LEAF, county, founded_on=FOUNDED) for name in "左右")
    riders = make_union("骑手", LEAF, county, founded_on=FOUNDED, is_nef=True)
    run_nightly(DAY)
    return {"city": city, "county": county, "left": left, "right": right, "riders": riders}


def rows(union: Union, metric: str = "unions") -> list[tuple[str, int]]:
    """The latest of each breakdown."""
    figures = DailyUnitCount.objects.filter(union=union, metric=metric).order_by("day")
    return sorted(dict(figures.values_list("breakdown", "value")).items())


def stand(union: Union, metric: str, breakdown: str, value: int) -> None:
    DailyUnitCount.objects.create(
        union=union, metric=metric, breakdown=breakdown, day=DAY, value=value
    )


def test_sound_books_have_no_differences(tree: Tree) -> None:
    assert rows(tree["left"]) == rows(tree["left"], "unions_founded") == [("", 1), (LEAF, 1)]
    assert rows(tree["riders"], "nef_unions") == [("", 1), (LEAF, 1)]
    assert rows(tree["county"]) == [("", 4), ("county_federation", 1), (LEAF, 3)]
    assert find_unit_differences(DAY) == []


def test_a_union_that_is_only_itself_is_not_added_up(tree: Tree) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"{verifying_units._UNLIKE} SELECT union_id FROM unlike", {"day": DAY})
        assert {row[0] for row in cursor.fetchall()} == {tree["city"].pk, tree["county"].pk}


def test_a_figure_that_stands_at_nothing_is_none(tree: Tree) -> None:
    stand(tree["left"], "stations", "", 0)
    assert find_unit_differences(DAY) == []


def test_a_founding_that_was_counted_elsewhere_stays_there(tree: Tree) -> None:
    """The left one stands below the city now; its founding is still one of the county."""
    left, city, county = tree["left"], tree["city"], tree["county"]
    CountedUnion.objects.filter(union_id=left.pk).update(path=f"{city.path}{left.pk}/")
    DailyUnitCount.objects.filter(union=county, metric="unions", breakdown__in=("", LEAF)).update(
        value=F("value") - 1
    )
    assert find_unit_differences(DAY) == []
    CountedUnion.objects.filter(union_id=left.pk).update(founding_kind="grassroots_union")
    assert {tuple(row) for row in find_unit_differences(DAY)} == {
        (union.pk, "unions_founded", kind, stored, expected)
        for union, before, after in ((left, 1, 0), (county, 3, 2), (city, 3, 2))
        for kind, stored, expected in ((LEAF, before, after), ("grassroots_union", 0, 1))
    }


def of_a_sum(tree: Tree) -> set[Difference]:
    DailyUnitCount.objects.filter(union=tree["left"], metric="unions", breakdown="").update(value=2)
    return {("left", "unions", "", 2, 1)}


def of_a_kind_that_is_gone(tree: Tree) -> set[Difference]:
    DailyUnitCount.objects.filter(union=tree["left"], metric="unions", breakdown=LEAF).delete()
    return {("left", "unions", LEAF, 0, 1)}


def of_a_kind_in_whose_place_an_earlier_sum_stands(tree: Tree) -> set[Difference]:
    of_a_kind_that_is_gone(tree)
    DailyUnitCount.objects.create(
        union=tree["left"], metric="unions", breakdown="", day=DAY - dt.timedelta(days=9), value=1
    )
    return {("left", "unions", LEAF, 0, 1)}


def of_another_kind(tree: Tree) -> set[Difference]:
    """As many figures as there should be, each of them one."""
    DailyUnitCount.objects.filter(union=tree["left"], metric="unions", breakdown=LEAF).update(
        breakdown="grassroots_union"
    )
    return {("left", "unions", LEAF, 0, 1), ("left", "unions", "grassroots_union", 1, 0)}


def of_a_station_in_the_place_of_a_kind(tree: Tree) -> set[Difference]:
    DailyUnitCount.objects.filter(union=tree["left"], metric="unions", breakdown=LEAF).delete()
    stand(tree["left"], "stations", "", 1)
    return {("left", "unions", LEAF, 0, 1), ("left", "stations", "", 1, 0)}


def of_one_for_new_forms_that_is_none(tree: Tree) -> set[Difference]:
    """Two figures too many, and the two of its founding are missing."""
    DailyUnitCount.objects.filter(union=tree["left"], metric="unions_founded").update(
        metric="nef_unions"
    )
    return {
        ("left", metric, kind, 1 - expected, expected)
        for metric, expected in (("nef_unions", 0), ("unions_founded", 1))
        for kind in ("", LEAF)
    }


def of_a_founding_that_never_was(tree: Tree) -> set[Difference]:
    """Still as many figures as the books have: a sum stands where a kind should."""
    CountedUnion.objects.filter(union_id=tree["left"].pk).update(
        is_founded=False, founding_path=None, founding_kind=None, founding_counted_on=None
    )
    DailyUnitCount.objects.filter(union=tree["left"], breakdown=LEAF).delete()
    left = {("left", "unions", LEAF, 0, 1), ("left", "unions_founded", "", 1, 0)}
    above = {
        (union, "unions_founded", kind, stored, stored - 1)
        for union, of_all in (("county", 4), ("city", 5))
        for kind, stored in (("", of_all), (LEAF, 3))
    }
    return left | above


def of_a_founding_that_stands_whole(tree: Tree) -> set[Difference]:
    CountedUnion.objects.filter(union_id=tree["left"].pk).update(
        is_founded=False, founding_path=None, founding_kind=None, founding_counted_on=None
    )
    return {
        (union, "unions_founded", kind, stored, stored - 1)
        for union, of_all, of_kind in (("left", 1, 1), ("county", 4, 3), ("city", 5, 3))
        for kind, stored in (("", of_all), (LEAF, of_kind))
    }


def of_a_closed_union_that_stands_as_ever(tree: Tree) -> set[Difference]:
    CountedUnion.objects.filter(union_id=tree["left"].pk).update(is_open=False)
    return {
        (union, "unions", kind, stored, stored - 1)
        for union, of_all, of_kind in (("left", 1, 1), ("county", 4, 3), ("city", 5, 3))
        for kind, stored in (("", of_all), (LEAF, of_kind))
    }


def of_a_closed_union_that_never_was(tree: Tree) -> set[Difference]:
    above = {row for row in of_a_closed_union_that_stands_as_ever(tree) if row[0] != "left"}
    DailyUnitCount.objects.filter(union=tree["left"]).delete()
    return above | {("left", "unions_founded", kind, 0, 1) for kind in ("", LEAF)}


def of_a_closed_union_that_stands_for_new_forms_yet(tree: Tree) -> set[Difference]:
    """And rightly for its founding."""
    CountedUnion.objects.filter(union_id=tree["riders"].pk).update(is_open=False)
    DailyUnitCount.objects.filter(union=tree["riders"], metric="unions").delete()
    return {
        row for row in closed("riders", "nef_unions") if row[:2] != ("riders", "unions_founded")
    }


def of_a_closed_union_that_stands_as_open(tree: Tree) -> set[Difference]:
    """As many figures as it should have: those of its founding are gone."""
    CountedUnion.objects.filter(union_id=tree["riders"].pk).update(is_open=False)
    DailyUnitCount.objects.filter(union=tree["riders"]).exclude(metric="unions").delete()
    return closed("riders", "unions")


def of_a_closed_union_that_stands_for_new_forms(tree: Tree) -> set[Difference]:
    CountedUnion.objects.filter(union_id=tree["riders"].pk).update(is_open=False)
    DailyUnitCount.objects.filter(union=tree["riders"]).exclude(metric="nef_unions").delete()
    return closed("riders", "nef_unions")


def closed(union: str, stands_as: str) -> set[Difference]:
    """Its founding is missing, it stands as what it is no more; so it does at the unions above."""
    above = {
        (place, metric, kind, stored, stored - 1)
        for place, of_all in (("county", 4), ("city", 5))
        for metric, kind, stored in (
            ("unions", "", of_all), ("unions", LEAF, 3),
            ("nef_unions", "", 1), ("nef_unions", LEAF, 1),
        )
    }  # fmt: skip
    return above.union(
        {(union, stands_as, kind, 1, 0) for kind in ("", LEAF)},
        {(union, "unions_founded", kind, 0, 1) for kind in ("", LEAF)},
    )


def of_a_station_that_is_not_told(tree: Tree) -> set[Difference]:
    CountedStation.objects.create(
        station_id=1, path=tree["left"].path, kind="rest_station", is_open=True
    )
    return {
        (union, "stations", kind, 0, 1)
        for union in ("left", "county", "city")
        for kind in ("", "rest_station")
    }


def of_a_founding_as_another_kind(tree: Tree) -> set[Difference]:
    CountedUnion.objects.filter(union_id=tree["left"].pk).update(founding_kind="grassroots_union")
    return {
        (union, "unions_founded", kind, stored, expected)
        for union, stands in (("left", 1), ("county", 3), ("city", 3))
        for kind, stored, expected in ((LEAF, stands, stands - 1), ("grassroots_union", 0, 1))
    }


def of_figures_that_are_gone(tree: Tree) -> set[Difference]:
    DailyUnitCount.objects.filter(union=tree["riders"]).delete()
    return {
        ("riders", metric, kind, 0, 1)
        for metric in ("unions", "unions_founded", "nef_unions")
        for kind in ("", LEAF)
    }


def of_a_union_that_the_books_have_not(tree: Tree) -> set[Difference]:
    CountedUnion.objects.filter(union_id=tree["right"].pk).delete()
    return {
        (union, metric, kind, stored, stored - 1)
        for metric in ("unions", "unions_founded")
        for union, kind, stored in (
            ("right", "", 1), ("right", LEAF, 1), ("county", "", 4), ("county", LEAF, 3),
            ("city", "", 5), ("city", LEAF, 3),
        )
    }  # fmt: skip


def of_a_union_above_that_has_itself_alone(tree: Tree) -> set[Difference]:
    """Nothing stands for those below it, and nothing ever did."""
    DailyUnitCount.objects.filter(union=tree["county"], day__gte=FOUNDED).delete()
    return {
        ("county", "unions", "", 1, 4), ("county", "unions", LEAF, 0, 3),
        ("county", "unions_founded", "", 1, 4), ("county", "unions_founded", LEAF, 0, 3),
        ("county", "nef_unions", "", 0, 1), ("county", "nef_unions", LEAF, 0, 1),
    }  # fmt: skip


WRONG = [
    of_a_sum,
    of_a_kind_that_is_gone,
    of_a_kind_in_whose_place_an_earlier_sum_stands,
    of_another_kind,
    of_a_station_in_the_place_of_a_kind,
    of_one_for_new_forms_that_is_none,
    of_a_founding_that_never_was,
    of_a_founding_that_stands_whole,
    of_a_closed_union_that_stands_as_ever,
    of_a_closed_union_that_never_was,
    of_a_closed_union_that_stands_for_new_forms_yet,
    of_a_closed_union_that_stands_as_open,
    of_a_closed_union_that_stands_for_new_forms,
    of_a_station_that_is_not_told,
    of_a_founding_as_another_kind,
    of_figures_that_are_gone,
    of_a_union_that_the_books_have_not,
    of_a_union_above_that_has_itself_alone,
]


@pytest.mark.parametrize("break_it", WRONG, ids=lambda case: case.__name__)
def test_what_is_wrong_is_found_and_mended(
    tree: Tree, break_it: Callable[[Tree], set[Difference]]
) -> None:
    expected = {(tree[union].pk, *rest) for union, *rest in break_it(tree)}
    assert {tuple(row) for row in find_unit_differences(DAY)} == expected
    assert mend_unit_counts(DAY) == len(expected)
    assert Drift.objects.exclude(mended_at=None).count() == len(expected)
    assert find_unit_differences(DAY) == []
