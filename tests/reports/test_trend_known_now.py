"""The course of a figure as known now: each day what is known of it, wherever a union stood."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from django.utils import timezone

from core.clock import CHINA
from members.enums import EventType
from members.services.ledger import record_event
from reports.models import UnpostedEntry
from reports.nightly import run_nightly
from reports.selectors.counts import Point, read_counts, trend
from tests.builders import make_membership, make_union
from unions.models import PastPath, Union
from unions.services import move_union

pytestmark = pytest.mark.django_db
D = dt.date
# The town stands in the east, from the 2nd on in the west, from the 4th on in the east again, where
# its county comes to stand under another city on the 6th.
COUNTED, WEST, EAST, AWAY, LAST = (D(2024, 2, day) for day in (1, 2, 4, 6, 7))
DAYS = [D(2024, 1, 9) + dt.timedelta(days=number) for number in range(30)]


@pytest.fixture
def moved(db: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A town that moved to and fro; what was recorded of it after the only night waits."""
    clock = SimpleNamespace(day=D(2024, 1, 1))
    monkeypatch.setattr(
        timezone, "now", lambda: dt.datetime.combine(clock.day, dt.time(12), tzinfo=CHINA)
    )
    province = make_union("省总", "provincial_federation")
    city, other = (make_union(name, "city_federation", province) for name in ("甲市总", "乙市总"))
    east, west = (make_union(name, "county_federation", city) for name in ("东区总", "西区总"))
    town = make_union("镇工会", "township_union", east)
    leaver = make_membership(town, on="2024-01-10")
    clock.day = WEST
    run_nightly(COUNTED)
    move_union(town, to_parent=west, reason="区划调整", actor=None)
    clock.day = EAST
    move_union(town, to_parent=east, reason="区划调整", actor=None)
    clock.day = AWAY
    move_union(east, to_parent=other, reason="区划调整", actor=None)
    clock.day = D(2024, 2, 8)
    make_membership(town, on="2024-01-15")
    make_membership(town, group="carer", on="2024-02-03")
    record_event(leaver, EventType.RETAINED, union=town, effective_on=D(2024, 2, 5), actor=None)
    assert UnpostedEntry.objects.count() == 3
    assert PastPath.objects.count() == 4
    return SimpleNamespace(
        province=province, city=city, other=other, east=east, west=west, town=town
    )


def course(union: Union, metric: str, *groups: str, first: dt.date | None = None) -> list[Point]:
    return trend(union.pk, metric, groups or [""], first, LAST, known_now=True)


def by_day(points: list[Point]) -> list[int]:
    """The course written out."""
    values = dict.fromkeys(DAYS, 0)
    for point in points:
        values |= {day: point.value for day in DAYS if day >= point.day}
    return list(values.values())


def differing(moved: SimpleNamespace) -> list[tuple[str, str, str]]:
    """The figures whose course is not, day by day, what the page of the day shows."""
    found = []
    for name, union in vars(moved).items():
        for metric in ("members", "retained", "joined", "rejoined"):
            for group in ("", "courier", "carer"):
                counts = read_counts([union.pk], [(metric, group)], DAYS, known_now=True)
                expected = [counts.at(union.pk, metric, group, day) for day in DAYS]
                if by_day(course(union, metric, group)) != expected:
                    found.append((name, metric, group))
    return found


def test_an_entry_that_waits_stands_where_its_union_stood(moved: SimpleNamespace) -> None:
    assert course(moved.west, "members") == [(WEST, 1), (D(2024, 2, 3), 2), (EAST, 0), (LAST, 0)]
    # Of whoever was counted before the moves no night has told yet that they came along.
    assert course(moved.east, "members") == [
        (D(2024, 1, 10), 1), (D(2024, 1, 15), 2), (WEST, 1), (EAST, 3), (D(2024, 2, 5), 2),
        (LAST, 2),
    ]  # fmt: skip
    assert course(moved.other, "members") == [(AWAY, 1), (LAST, 1)]
    assert course(moved.east, "retained") == [
        (D(2024, 1, 10), 0), (D(2024, 2, 5), 1), (LAST, 1),
    ]  # fmt: skip
    assert course(moved.other, "members", "carer", "courier", first=D(2024, 2, 5)) == [
        (D(2024, 2, 5), 0), (AWAY, 1), (LAST, 1),
    ]  # fmt: skip
    # A joining stays where it was made, also when the county it was made in is elsewhere now.
    assert course(moved.city, "joined") == [
        (D(2024, 1, 10), 1), (D(2024, 1, 15), 2), (D(2024, 2, 3), 3), (LAST, 3),
    ]  # fmt: skip
    assert course(moved.west, "joined") == [(D(2024, 2, 3), 1), (LAST, 1)]
    assert course(moved.other, "joined") == []


def test_each_day_of_the_course_is_what_the_day_shows(moved: SimpleNamespace) -> None:
    assert differing(moved) == []
    for day in (WEST, D(2024, 2, 3), EAST, D(2024, 2, 5), AWAY, LAST):
        run_nightly(day)
    assert not UnpostedEntry.objects.exists()
    assert differing(moved) == []
    assert course(moved.west, "members") == [(WEST, 2), (D(2024, 2, 3), 3), (EAST, 0), (LAST, 0)]
