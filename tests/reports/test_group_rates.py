"""Enrolment rates of group sets by both denominators: all workers, and those of unionised units."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from openpyxl import load_workbook

from enterprises.models import Employer, WorkforceBaseline
from reports.exports import workbook_of
from reports.metrics import metric_of
from reports.nightly import run_nightly
from reports.selectors.coverage_rates import StaffOfSet, read_units, staff_rates
from reports.selectors.dashboard import dashboard_for
from reports.selectors.days import as_of
from reports.selectors.figures import figures_of
from reports.selectors.rates import rate_table
from tests.builders import make_membership, make_union
from tests.reports.test_rate_marks import rows_of
from tests.reports.world import World, group_set
from unions.models import Union
from unions.services import move_union

pytestmark = pytest.mark.django_db
D = dt.date
COUNTED, NEXT = D(2024, 3, 16), D(2024, 3, 17)
SETS = ("set4", "set8", "set9", "nef")
Given = tuple[int | None, int | None]


@pytest.fixture
def units(world: World) -> dict[str, Union]:
    """Unions of the city that cover units, with what was counted for some of them.

    ``joint`` was counted for the four groups; so was ``branch``, which stands below it; ``shop``
    for each of the nine groups; ``bare`` not at all, and ``world.town`` is a territory.
    """
    joint = make_union("联合工会", "joint_union", world.dong)
    found = {
        "joint": joint,
        "branch": make_union("分会", "branch", joint),
        "shop": make_union("商店工会", "grassroots_union", world.lin),
        "bare": make_union("无底数工会", "grassroots_union", world.lin),
    }
    for number, union in enumerate((*found.values(), joint, world.town)):
        keeper = world.shen if union == found["shop"] else world.dong
        Employer.objects.create(
            name=f"企业{number}", region=world.region, keeper=keeper, covering_union=union,
            staff_count=5,
        )  # fmt: skip
    for union, group in (
        (joint, "courier"), (joint, "employee"), (found["branch"], "truck_driver"),
        (found["shop"], "mall_promoter"), (found["shop"], "courier"), (found["bare"], "courier"),
    ):  # fmt: skip
        make_membership(union, group=group, on=COUNTED.isoformat())
    counted(world, joint, 8, "set4")
    counted(world, found["branch"], 3, "set4")
    counted(world, world.town, 100, "set4")
    for row in group_set("set9").groups.all():
        WorkforceBaseline.objects.create(
            keeper=world.city, union=found["shop"], group=row, worker_count=1,
            counted_on=D(2024, 1, 1), source="自报",
        )  # fmt: skip
    run_nightly(COUNTED)
    return found


def counted(world: World, union: Union, workers: int, code: str) -> None:
    WorkforceBaseline.objects.create(
        keeper=world.city, union=union, group_set=group_set(code), worker_count=workers,
        counted_on=D(2024, 1, 1), source="摸底表",
    )  # fmt: skip


def by_both(union: Union, day: dt.date) -> dict[str, tuple[Given, Given]]:
    """Members and workers of each set: of all workers, and in unionised units."""
    table = rate_table(union, day)
    rows = {
        code: [(row.part, row.whole) for row in table.rates if row.metric.code == code]
        for code in ("enrolment_rate", "enrolment_rate_staff_set")
    }
    return dict(zip(SETS, zip(*rows.values(), strict=True), strict=True))


def test_each_set_is_divided_by_all_workers_and_by_those_of_units(
    world: World, units: dict[str, Union]
) -> None:
    # 3 + 3 couriers, 2 + 1 truck drivers, 1 rider, 1 promoter; 12 workers of the four groups.
    # In units: of the joint union with its branch 2 of 8, of the shop 1 of 4; of the shop's eight
    # and nine groups, which were counted one by one, 2. Nobody counted all groups of the last set.
    assert by_both(world.city, COUNTED) == {
        "set4": ((10, 12), (3, 12)),
        "set8": ((11, None), (2, 8)),
        "set9": ((11, None), (2, 9)),
        "nef": ((11, None), (None, None)),
    }
    assert by_both(world.dong, COUNTED)["set4"] == ((5, None), (2, 8))
    # The shop's unit is kept by another county than its union stands in: the unit decides.
    assert by_both(world.shen, COUNTED)["set9"] == ((0, None), (2, 9))
    assert by_both(world.lin, COUNTED)["set9"] == ((5, None), (None, None))
    key = group_set("set4").pk
    found = read_units([world.city.pk], [COUNTED])[world.city.pk, COUNTED]
    rate = staff_rates(world.city, {COUNTED: found}, [key])[COUNTED]
    assert rate.sets == {key: StaffOfSet(members=3, workers=12, unions=2)}
    assert rate.members == staff_rates(world.city, {COUNTED: found})[COUNTED].members == 10


def test_a_published_day_keeps_what_was_counted_and_where_it_stood(
    world: World, units: dict[str, Union], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = by_both(world.city, COUNTED), by_both(world.dong, COUNTED)
    WorkforceBaseline.objects.filter(union=units["joint"]).update(worker_count=1)
    monkeypatch.setattr("unions.tree.local_today", lambda: NEXT)
    Union.objects.update(created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    move_union(units["branch"], to_parent=units["shop"], reason="改隶属", actor=None)
    run_nightly(NEXT)
    assert (by_both(world.city, COUNTED), by_both(world.dong, COUNTED)) == before
    # Now the branch is part of the shop: 1 of 1, and 2 of 4.
    assert by_both(world.city, NEXT)["set4"] == ((10, 12), (3, 5))


def test_pages_and_the_workbook_show_both_and_mark_them(
    client: Client, world: World, units: dict[str, Union]
) -> None:
    counted(world, units["shop"], 1, "nef")
    run_nightly(NEXT)
    client.force_login(world.leader)
    query: dict[str, Any] = {"union": world.city.pk}
    answer = client.get("/dashboard/parts/rates/", query, headers={"accept-language": "en"})
    none = "— no baseline | — | — | "
    assert [
        row.removesuffix(" | ")
        for row in rows_of(answer.content.decode(), "Enrolment rate of groups in unionised units")
    ] == [
        "25.00% | 3 | 12 | 2 covering unions whose workers were counted by group.",
        "25.00% | 2 | 8 | 1 covering union whose workers were counted by group.",
        "22.22% | 2 | 9 | 1 covering union whose workers were counted by group.",
        "200.00% over 100% | 2 | 1 | 1 covering union whose workers were counted by group.",
    ]
    assert answer.content.decode().count("#metric-enrolment_rate_staff_set") == len(SETS)
    answer = client.get(
        "/dashboard/parts/rates/", {"union": world.lin.pk}, headers={"accept-language": "en"}
    )
    assert rows_of(answer.content.decode(), "Enrolment rate of groups") == [none] * len(SETS)
    shown = as_of()
    assert shown is not None
    with translation.override("en"):
        book = workbook_of(dashboard_for(world.leader, world.city, shown))
    sheet = load_workbook(io.BytesIO(book))["Rates and changes"]
    by_set = [row for row in sheet.values if row[6] == "enrolment_rate_staff_set"]
    assert [(row[1], row[2], row[3], row[4]) for row in by_set] == [
        ("Four focus groups", 0.25, 3, 12), ("Eight groups", 0.25, 2, 8),
        ("Nine groups", pytest.approx(2 / 9), 2, 9),
        ("Workers in new forms of employment", 2, 2, 1),
    ]  # fmt: skip
    assert str(by_set[3][5]).startswith("over 100% · 1 covering union")
    # It may not stand on a public page at all.
    assert metric_of("enrolment_rate_staff_set").is_public is False


def test_every_set_that_was_counted_has_its_rate(world: World) -> None:
    counted(world, world.city, 14, "set8")
    run_nightly(COUNTED)
    sets = {row.code: (row.rate, row.is_over_full) for row in figures_of(world.city, COUNTED).sets}
    assert sets == {
        "set4": (Decimal("0.5"), False), "set8": (Decimal(6) / 14, False), "set9": (None, False),
        "nef": (None, False),
    }  # fmt: skip
