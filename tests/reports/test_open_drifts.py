"""Figures that do not agree: counted in the box of a dashboard, each on the page behind it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from reports.models import Drift
from reports.selectors.quality_box import quality_box_of
from tests.builders import make_official
from tests.reports.world import DAY, World
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db

D = dt.date
REPORTED_ON = D(2023, 8, 24)


def differ(union: Union, book: str, metric: str, stored: str, expected: str, **more: Any) -> Drift:
    values = {"day": DAY, **more}
    return Drift.objects.create(
        union=union, book=book, metric=metric, stored=stored, expected=expected, **values
    )


def listed(client: Client, union: Union, **query: str) -> list[str]:
    """The rows of the page as text."""
    answer = client.get(
        "/dashboard/quality/",
        {"union": str(union.pk), **query},
        headers={"accept-language": query.pop("language", "en")},
    )
    assert answer.status_code == 200
    content = answer.content.decode()
    if 'id="drifts"' not in content:
        return []
    table = content[content.index('id="drifts"') : content.index('id="kinds-title"')]
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", table, re.DOTALL)
    return [" ".join(strip_tags(row.replace("<", " <")).split()) for row in rows]


def box(client: Client, union: Union, language: str = "en") -> str:
    answer = client.get(
        "/dashboard/parts/quality/", {"union": str(union.pk)}, headers={"accept-language": language}
    )
    content = answer.content.decode()
    return " ".join(strip_tags(content[content.index('id="part-quality"') :]).split())


def test_reports_that_the_register_does_not_bear_out_are_listed(
    client: Client, world: World
) -> None:
    """As the night found them; nothing is wrong with the books."""
    client.force_login(world.leader)
    rows = listed(client, world.city)
    assert [row.split(" The union ")[0] for row in rows] == [
        "聊城市总工会 Members Report and register differ 2023-08-24 1,450,000 Reported 2 Register",
        "聊城市总工会 Unions Report and register differ 2023-08-24 16,800 Reported 7 Register",
    ]
    found = quality_box_of(world.city, DAY)
    assert (found.drifts, found.oldest_drift) == (0, None)
    assert (found.reports, found.oldest_report) == (2, REPORTED_ON)
    shown = box(client, world.city)
    assert "The books agree" in shown
    assert "Report and register differ 2 the oldest of 2023-08-24" in shown
    assert "Books that differ" not in shown
    chinese = box(client, world.city, "zh-hans")
    assert "上报与实名不符 2" in chinese
    assert "账目不符" not in chinese
    # Before the report there was nothing to compare.
    assert listed(client, world.city, day="2023-08-23") == []


def test_books_that_differ_stand_first_each_with_both_sides(client: Client, world: World) -> None:
    Drift.objects.filter(metric="unions").update(mended_at=timezone.now())
    membership = world.memberships[0]
    differ(world.dong, Drift.Book.COUNTS, "joined", "3", "2", breakdown="courier")
    differ(world.town, Drift.Book.LEDGER, f"status#{membership.pk}", "active", "ended")
    differ(world.city, Drift.Book.ROLL_UP, "members", "1234567", "1234566")
    differ(world.lin, Drift.Book.COUNTS, "establishment_rate", "1", "2", breakdown="units")
    client.force_login(world.leader)
    rows = listed(client, world.city)
    assert [row.split()[0] for row in rows] == [
        "聊城市总工会", "东昌府区总工会", "柳园街道工会", "临清市总工会", "聊城市总工会",
    ]  # fmt: skip
    for row, piece in zip(
        rows,
        (
            "Members (register) Books that differ 2024-03-15 1,234,567 Published figure"
            " 1,234,566 Sum of its parts",
            "New members · courier Books that differ 2024-03-15 3 Published figure 2 Ledger",
            f"Membership {membership.pk} · status Books that differ 2024-03-15"
            " active Membership ended Ledger",
            "Establishment rate · units Books that differ 2024-03-15 1 Published figure 2 Ledger",
            "Report and register differ 2023-08-24 1,450,000 Reported 2 Register",
        ),
        strict=True,
    ):
        assert piece in row
    found = quality_box_of(world.city, DAY)
    assert (found.drifts, found.oldest_drift, found.reports) == (4, DAY, 1)


def test_nobody_sees_those_of_other_branches(client: Client, world: World) -> None:
    differ(world.other_city, Drift.Book.COUNTS, "members", "1", "2")
    differ(world.province, Drift.Book.COUNTS, "members", "1", "2")
    client.force_login(make_official("of_dong", world.dong, Role.LEADER))
    assert listed(client, world.dong) == []
    client.force_login(world.leader)
    assert {row.split()[0] for row in listed(client, world.city)} == {"聊城市总工会"}


def test_pages_cost_the_same_for_any_number(
    client: Client, world: World, django_assert_num_queries: Any
) -> None:
    client.force_login(world.leader)
    with django_assert_num_queries(9):
        listed(client, world.city)
    for number in range(60):
        differ(world.town, Drift.Book.LEDGER, f"status#{number + 1}", "active", "ended")
    with django_assert_num_queries(9):
        assert len(listed(client, world.city)) == 50
    with django_assert_num_queries(9):
        rows = listed(client, world.city, drifts="2")
    assert len(rows) == 12
    assert "Report and register differ" in rows[-1]


def test_a_column_of_a_membership_is_called_as_on_its_forms(client: Client, world: World) -> None:
    differ(world.city, "ledger", "worker_group#7", "carer", "courier")
    differ(world.city, "ledger", "most_persons#7", "1", "2")
    client.force_login(world.leader)
    names = [row.split(" 账目不符 ")[0] for row in listed(client, world.city, language="zh-hans")]
    assert names[:2] == ["聊城市总工会 会籍 7 · most_persons", "聊城市总工会 会籍 7 · 就业群体"]
