"""Figures as known now are never taken for the published ones: every file and page says which."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import strip_tags
from openpyxl import load_workbook

from reports.exports import file_name, workbook_of
from reports.selectors.dashboard import Dashboard, dashboard_for
from reports.selectors.days import as_of
from reports.selectors.key_figures import difference
from reports.selectors.late import LateRate, RateVersion
from reports.summary import values_of
from reports.templatetags.reports_figures import number, percent_text, signed
from tests.reports.world import World

pytestmark = pytest.mark.django_db


def dashboard(world: World, *, known_now: bool) -> Dashboard:
    shown = as_of()
    assert shown is not None
    return dashboard_for(world.leader, world.city, shown, known_now=known_now)


def first_rows(found: Dashboard) -> dict[str, object]:
    book = load_workbook(io.BytesIO(workbook_of(found)))
    return {
        sheet.title: next(sheet.iter_rows(values_only=True))[0]
        for sheet in book
        if sheet.title not in ("Figures", "Applications", "Definitions")
    }


def test_every_sheet_names_its_version(world: World) -> None:
    with translation.override("en"):
        found = dashboard(world, known_now=True)
        assert first_rows(found) == {
            "Key figures": "As known now",
            "Rates and changes": "As published",
            "Members by group": "As known now",
            "Unions and stations": "As published",
            "Ranking": "As published",
            "Campaigns": "As published",
            "Trend": "As known now",
            "Reported figures": "As known now",
        }
        published = dashboard(world, known_now=False)
        assert set(first_rows(published).values()).isdisjoint({"As known now", "As published"})
        figures = load_workbook(io.BytesIO(workbook_of(found)))["Figures"]
        told = {row[0]: row[1] for row in figures.iter_rows(values_only=True) if row[0]}
        assert told["Version of the figures"] == "As known now"


def test_the_file_names_differ(world: World) -> None:
    with translation.override("zh-hans"):
        assert file_name(dashboard(world, known_now=False)) == "聊城市总工会-2024-03-15.xlsx"
        found = dashboard(world, known_now=True)
        assert file_name(found) == "聊城市总工会-2024-03-15-按现有记录.xlsx"
        assert file_name(found, "pdf") == "聊城市总工会-2024-03-15-按现有记录.pdf"


def test_the_comparison_says_which_version_it_shows(client: Client, world: World) -> None:
    client.force_login(world.leader)
    asked = {"union": str(world.city.pk), "with": str(world.dong.pk)}
    notice = "Figures as they are known now: entries recorded after the day had been published"
    for view, count in (("now", 1), ("", 0)):
        answer = client.get(
            "/dashboard/compare/", asked | {"view": view}, headers={"accept-language": "en"}
        )
        content = answer.content.decode()
        assert content.count(notice) == count
        assert ("Unions and stations are as published." in content) is (view == "now")
        chosen = content[content.index('aria-current="true">As') :]
        assert chosen.startswith(
            'aria-current="true">As known now<' if view else 'aria-current="true">As published<'
        )


def test_an_unknown_rate_has_no_difference(client: Client, world: World) -> None:
    nothing = RateVersion(3, None)
    assert LateRate("x", (), nothing, nothing).difference is None
    client.force_login(world.leader)
    answer = client.get(
        "/dashboard/parts/late/", {"union": str(world.shen.pk)}, headers={"accept-language": "en"}
    )
    rates = answer.content.decode().split("<tbody>")[2]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rates.split("<tr>")[1:]]
    assert len(rows) == 4
    assert {(strip_tags(row[0]), strip_tags(row[2]), row[-1]) for row in rows} == {
        ("— no baseline", "— no baseline", "—")
    }


def test_a_difference_is_that_of_the_figures_shown() -> None:
    # 48.794 % and 43.418 %: shown as 48.79 and 43.42, whose difference is 5.37, not 5.38.
    assert difference(Decimal("0.48794"), Decimal("0.43418"), "ratio") == Decimal("0.0537")
    assert difference(Decimal("3.414"), Decimal("1.256"), "per_10000") == Decimal("2.15")
    assert difference(7, 3, "person") == 4
    assert difference(None, Decimal("0.1"), "ratio") is None


def test_a_minus_is_a_minus() -> None:
    assert (number(-1200), signed(-1200), signed(0), signed(3)) == ("−1,200", "−1,200", "0", "+3")
    assert percent_text(Decimal("-0.1")) == "−10.00%"


def test_the_two_charts_of_the_paper_are_named(world: World) -> None:
    with translation.override("en"):
        values = values_of(dashboard(world, known_now=False))
    assert values["trend_names"] == [
        "Members at the end of the month (persons)", "New members a month (persons)",
    ]  # fmt: skip
    # The figures of people begin in May 2023: what is unknown is no nought.
    assert [row["members_text"] for row in values["trend"]][:2] == ["—", "1"]
    assert dt.date.fromisoformat(values["trend"][0]["month"] + "-01") == dt.date(2023, 4, 1)
