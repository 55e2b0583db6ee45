"""Which units had a union: what the nights found stays, whatever becomes of a unit or its union."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from random import Random

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.clock import CHINA
from enterprises.models import Employer, FoundingState
from reports.counting import establishment
from reports.counting.establishment import find_establishment_differences, mend_establishment
from reports.counting.handing_out import ranges_of
from reports.counting.verifying import find_differences
from reports.models import CountedEmployer, DailyEstablishment, Drift, ReportRun, TouchedEmployer
from reports.nightly import ESTABLISHMENT, run_nightly
from reports.selectors.coverage_rates import Units, read_units, staff_rates
from reports.selectors.units import sums_of, units_behind
from tests.builders import make_membership, make_official, make_region, make_union
from unions.models import PastPath, Union
from unions.services import move_union

pytestmark = pytest.mark.django_db

D = dt.date
FIRST = D(2024, 3, 1)
ONE_DAY = dt.timedelta(days=1)


class Clock:
    """Noon of the day the story has come to."""

    day = D(2024, 2, 1)

    def now(self) -> dt.datetime:
        return dt.datetime.combine(self.day, dt.time(12), tzinfo=CHINA)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.fixture
def city(clock: Clock) -> Union:
    """A city with two counties and a union that covers units, founded in February."""
    region = make_region("3715", "聊城市", make_region("37", "山东省"))
    city = make_union("市总", "city_federation", region=region)
    for name in ("东区总", "西区总"):
        make_union(name, "county_federation", city)
    make_union("联合工会", "grassroots_union", city, founded_on="2024-02-10")
    clock.day = D(2024, 3, 4)
    return city


def union(name: str) -> Union:
    return Union.objects.get(name=name)


def employer(name: str, keeper: Union, covering: Union | None, **more: object) -> Employer:
    region = union("市总").region
    assert region is not None
    return Employer.objects.create(
        name=name, keeper=keeper, region=region, covering_union=covering, **more
    )


def covered(keeper: Union, day: dt.date) -> tuple[int, int]:
    found = read_units([keeper.pk], [day])[keeper.pk, day]
    return found.covered, found.units


def test_a_past_day_keeps_its_figure_and_its_rows(city: Union) -> None:
    joint, east, west = union("联合工会"), union("东区总"), union("西区总")
    make_membership(joint, on="2024-02-20")
    shop = employer("甲店", east, joint, staff_count=4)
    employer("乙店", west, joint, is_head=True)
    run_nightly(FIRST)
    # The first night tells the past: covered since the covering union was founded.
    assert covered(city, D(2024, 2, 9)) == (0, 2)
    assert covered(city, D(2024, 2, 10)) == (2, 2)

    # The union is dissolved, and its end is put before days that are published already.
    Employer.objects.filter(covering_union=joint).update(covering_union=None)
    Union.objects.filter(pk=joint.pk).update(status="dissolved", closed_on=D(2024, 2, 25))
    marked = {"staff_count": 9, "founding_state": FoundingState.UNIONISED}
    Employer.objects.filter(pk=shop.pk).update(**marked)
    employer("丙店", east, None)
    run_nightly(D(2024, 3, 2))
    units = read_units([city.pk, east.pk], [FIRST, D(2024, 3, 2)])
    assert units[city.pk, FIRST] == Units(2, 2, 0, 1, 1, 4, 1)
    assert units[city.pk, D(2024, 3, 2)] == Units(3, 0, 1, 1, 0, 0, 0)
    assert units[east.pk, FIRST] == Units(1, 1, 0, 0, 0, 4, 0)
    days = {day: units[city.pk, day] for day in (FIRST, D(2024, 3, 2))}
    assert [rate.members for rate in staff_rates(city, days).values()] == [1, 0]

    official = make_official("official", city)
    then = units_behind(official, city, FIRST)
    assert [(row.employer.name, row.covering_union, row.staff_count) for row in then] == [
        ("乙店", joint, None), ("甲店", joint, 4),
    ]  # fmt: skip
    assert sums_of(then) == {"units": 2, "covered": 2}
    assert sums_of(units_behind(official, city, D(2024, 3, 2))) == {"units": 3, "covered": 0}
    stranger = make_official("stranger", make_union("外市总", "city_federation"))
    assert list(units_behind(stranger, city, FIRST)) == []


def test_units_move_with_their_keeper_from_the_day_of_the_move_on(
    city: Union, clock: Clock
) -> None:
    joint, east, west = union("联合工会"), union("东区总"), union("西区总")
    clock.day = D(2024, 2, 1)
    town = make_union("镇工会", "township_union", east)
    employer("甲店", town, joint)
    clock.day = D(2024, 3, 2)
    run_nightly(FIRST)
    move_union(town, to_parent=west, reason="区划调整", actor=None)
    assert PastPath.objects.get().until == FIRST
    clock.day = D(2024, 3, 3)
    run_nightly(D(2024, 3, 2))
    figures = {
        name: [covered(union(name), day) for day in (FIRST, D(2024, 3, 2))]
        for name in ("市总", "东区总", "西区总", "镇工会")
    }
    assert figures == {
        "市总": [(1, 1), (1, 1)], "东区总": [(1, 1), (0, 0)], "西区总": [(0, 0), (1, 1)],
        "镇工会": [(1, 1), (1, 1)],
    }  # fmt: skip
    official = make_official("official", city)
    assert [
        sums_of(units_behind(official, keeper, day))["units"]
        for keeper in (east, west) for day in (FIRST, D(2024, 3, 2))
    ] == [1, 0, 0, 1]  # fmt: skip


def naive(keeper: Union, day: dt.date) -> Units:
    """The register as it is, unit by unit."""
    found = Units()
    for row in Employer.objects.select_related("keeper", "covering_union"):
        if not row.keeper.path.startswith(keeper.path):
            continue
        by = row.covering_union
        yes = (
            by is not None
            and (by.founded_on is None or by.founded_on <= day)
            and (by.closed_on is None or by.closed_on > day)
        )
        firm = row.is_platform or row.is_head
        found = replace(
            found,
            units=found.units + 1,
            covered=found.covered + yes,
            marked_only=found.marked_only + (not yes and row.founding_state == "Y"),
            firms=found.firms + firm,
            covered_firms=found.covered_firms + (firm and yes),
            staff=found.staff + ((row.staff_count or 0) if yes else 0),
            without_staff=found.without_staff + (yes and row.staff_count is None),
        )
    return found


def test_a_month_of_changes_is_what_was_there_on_each_day(city: Union, clock: Clock) -> None:
    """Some days are counted while they run, and again."""
    chance = Random(20240301)
    joint, east, west = union("联合工会"), union("东区总"), union("西区总")
    second = make_union("二联合", "grassroots_union", east, founded_on="2024-03-07")
    keepers = [city, east, west, joint]
    expected: dict[tuple[int, dt.date], Units] = {}
    day = FIRST
    for number in range(20):
        for turn in range(chance.randint(0, 3)):
            employer(f"企业{number}-{turn}", chance.choice(keepers), chance.choice([None, joint]))
        for row in Employer.objects.order_by("pk"):
            if chance.random() < 0.3:
                row.keeper = chance.choice(keepers)
                row.covering_union = chance.choice([None, joint, second])
                row.staff_count = chance.choice([None, 3, 50])
                row.founding_state = chance.choice("CYN")
                row.is_platform = chance.random() < 0.3
                row.save()
        if number == 11:
            Union.objects.filter(pk=joint.pk).update(status="dissolved", closed_on=day)
        is_over = chance.random() < 0.7
        clock.day = day + ONE_DAY if is_over else day
        run_nightly(day)
        assert list(find_establishment_differences(day)) == []
        for keeper in keepers:
            expected[keeper.pk, day] = naive(keeper, day)
        if is_over:
            day += ONE_DAY
    days = sorted({on for _, on in expected})
    assert read_units([keeper.pk for keeper in keepers], days) == expected
    assert max(found.units for found in expected.values()) > 20


def test_a_broken_sum_is_found_and_mended(city: Union) -> None:
    employer("甲店", city, union("联合工会"))
    run_nightly(FIRST)
    DailyEstablishment.objects.filter(union=city).update(covered=7)
    assert [tuple(row) for row in find_differences(FIRST)] == [
        (city.pk, "establishment_rate", "covered", 7, 1)
    ]
    run_nightly(FIRST, full=True)
    assert covered(city, FIRST) == (1, 1)
    drift = Drift.objects.get()
    assert (drift.metric, drift.stored, drift.expected) == ("establishment_rate", "7", "1")
    assert drift.mended_at is not None

    # What was changed by somebody who kept the triggers from seeing it.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE enterprises_employer SET covering_union_id = NULL")
        cursor.execute("SET LOCAL session_replication_role = origin")
    employer("乙店", city, None)  # waits for its night
    assert [tuple(row) for row in find_differences(FIRST)] == [
        (city.pk, "establishment_rate", "overlooked", 0, 1)
    ]
    run_nightly(FIRST, full=True)
    assert covered(city, FIRST) == (0, 1)
    run_nightly(D(2024, 3, 2))
    assert (covered(city, FIRST), covered(city, D(2024, 3, 2))) == ((0, 1), (0, 2))


def test_employers_are_compared_in_ranges(city: Union, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that the register has no more, behind the last that it has."""
    monkeypatch.setattr(establishment, "EMPLOYERS", 2)
    east = union("东区总")
    shops = [employer(f"{n}店", (city, east)[n % 2], union("联合工会")) for n in range(5)]
    run_nightly(FIRST)
    assert len(ranges_of("enterprises_employer", 2)) == 3
    assert find_establishment_differences(FIRST) == []
    with connection.cursor() as cursor:  # the triggers do not see it
        cursor.execute("SET LOCAL session_replication_role = replica")
        Employer.objects.filter(pk__in=[shops[0].pk, shops[3].pk]).update(covering_union=None)
        cursor.execute("DELETE FROM enterprises_employer WHERE id = %s", [shops[4].pk])
        cursor.execute("SET LOCAL session_replication_role = origin")
    # Of the city the first and the last.
    assert [tuple(row) for row in find_establishment_differences(FIRST)] == [
        (city.pk, "establishment_rate", "overlooked", 0, 2),
        (east.pk, "establishment_rate", "overlooked", 0, 1),
    ]
    assert mend_establishment(FIRST) == 2
    assert find_establishment_differences(FIRST) == []
    assert (covered(city, FIRST), covered(east, FIRST)) == ((2, 4), (1, 2))


def test_nobody_is_compared_where_there_is_nobody(city: Union) -> None:
    run_nightly(FIRST)
    assert find_establishment_differences(FIRST) == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        employer("甲店", city, None)
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert [tuple(row) for row in find_establishment_differences(FIRST)] == [
        (city.pk, "establishment_rate", "overlooked", 0, 1)
    ]


def test_a_night_without_changes_writes_nothing(city: Union) -> None:
    employer("甲店", city, union("联合工会"))
    run_nightly(FIRST)
    rows = CountedEmployer.objects.count(), DailyEstablishment.objects.count()
    run_nightly(D(2024, 3, 2))
    assert (CountedEmployer.objects.count(), DailyEstablishment.objects.count()) == rows


def test_books_of_before_are_entered_by_running_the_night_again(city: Union) -> None:
    employer("甲店", city, union("联合工会"))
    run_nightly(FIRST)
    # As an upgrade leaves them: published, and nothing known of units.
    CountedEmployer.objects.all().delete()
    DailyEstablishment.objects.all().delete()
    ReportRun.objects.filter(report=ESTABLISHMENT).delete()
    TouchedEmployer.objects.all().delete()
    assert list(find_differences(FIRST)) == []  # not counted yet is no drift
    states = {row.step: row.state for row in run_nightly(FIRST)}
    assert [step for step, state in states.items() if state == "done"] == [ESTABLISHMENT]
    assert (covered(city, D(2024, 2, 9)), covered(city, FIRST)) == ((0, 1), (1, 1))


def test_what_is_said_of_units_that_are_only_marked(client: Client, city: Union) -> None:
    """One names a union that was founded before the day, one a later one, one none."""
    east, mark = union("东区总"), {"founding_state": FoundingState.UNIONISED}
    late = make_union("后建工会", "grassroots_union", east, founded_on="2024-03-02")
    for name, covering in (("甲店", union("联合工会")), ("乙店", late), ("丙店", None)):
        employer(name, east, covering, **mark)
    run_nightly(D(2024, 3, 3))
    client.force_login(make_official("east", east))

    def told(day: dt.date, language: str = "en") -> str:
        query = {"union": str(east.pk), "day": day.isoformat()}
        answer = client.get("/dashboard/parts/rates/", query, headers={"accept-language": language})
        return answer.content.decode()

    piece = "%d more marked “has a union” that name none, or one that did not stand on the day"
    assert piece % 2 in told(FIRST)
    assert piece % 1 in told(D(2024, 3, 3))
    assert "另有2个标“已建会”，但未填工会，或所填工会当日尚未成立、已撤销" in told(FIRST, "zh-hans")
    assert "只标" not in told(FIRST, "zh-hans")
