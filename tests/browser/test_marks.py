"""Figures behind which books differ, as a browser shows them: in words, on the map too."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from reports.models import Drift
from reports.screens import make_screen
from tests.browser.conftest import (
    DESK,
    PHONE,
    page_of,
    serious_violations,
    shoot,
    sideways_overflow,
)
from tests.builders import make_official, make_region, make_union
from tests.reports.world import DAY, build_world
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db(transaction=True)
MARK = "账目不符"


def differ(union: Union, metric: str, breakdown: str = "") -> None:
    """Two books about a count of ``union`` do not agree."""
    Drift.objects.create(
        union=union, metric=metric, breakdown=breakdown, day=DAY, book=Drift.Book.COUNTS,
        stored="1", expected="2",
    )  # fmt: skip


def test_marks_are_words_on_every_block_and_on_the_map(browser: Browser, live_server: Any) -> None:
    world = build_world()
    heze = make_region("3717", "菏泽市", world.region.parent)
    other = make_union("菏泽市总工会", "city_federation", world.province, region=heze)
    for union in (world.province, world.city, world.other_city, world.dong, world.lin):
        differ(union, "members")
        differ(union, "joined")
        differ(union, "members", "courier")
    differ(world.city, "joined", "truck_driver")
    differ(world.city, "unions", "county_federation")
    differ(world.province, "stations")
    leader = make_official("provincial", world.province, Role.LEADER)
    page = page_of(leader, browser, live_server.url)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    page.goto(f"{live_server.url}/dashboard/?union={world.province.pk}")
    page.locator("#map").scroll_into_view_if_needed()
    shapes = page.locator("#map .map-chart svg text")
    expect(shapes.filter(has_text="聊城市")).to_have_count(1)
    expect(shapes.filter(has_text=MARK)).to_have_count(1)
    expect(shapes.filter(has_text=other.name.removesuffix("总工会"))).to_have_count(1)
    expect(page.locator("#map .map-differs")).to_have_text(
        f"{MARK}：{world.city.name}、{world.other_city.name}"
    )
    expect(page.locator("#map .map-tile")).to_have_text([f"2. {world.other_city.name}1 · {MARK}"])
    # The pace rests on who joined, of the groups the target counts; a rate that is none on nothing.
    page.get_by_role("button", name="进度").click()
    expect(page.locator("#map .map-differs")).to_have_text(f"{MARK}：{world.city.name}")
    page.get_by_role("button", name="新就业形态入会率").click()
    expect(page.locator("#map .map-differs")).to_be_hidden()
    page.get_by_role("button", name="本年新增").click()
    expect(page.locator("#map .map-differs")).to_be_visible()
    shoot(page, "marks-province")

    addresses = (
        f"/dashboard/?union={world.city.pk}",
        f"/dashboard/compare/?union={world.lin.pk}&with={world.dong.pk}",
        f"/dashboard/campaigns/{world.campaign.pk}/",
    )
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        for number, address in enumerate(addresses):
            page.goto(f"{live_server.url}{address}")
            page.locator("body").press("End")
            expect(page.locator(".part-later")).to_have_count(0)
            expect(page.locator(".books-notice")).to_be_visible()
            expect(page.locator("td .books").first).to_have_text(MARK)
            assert serious_violations(page) == []
            assert sideways_overflow(page) == 0
            shoot(page, f"marks-{number}-{size['width']}")
    page.context.close()

    _screen, token = make_screen(
        world.province, name="大厅", actor=make_official("o", world.province)
    )
    wall = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN").new_page()
    wall.on("pageerror", lambda error: faults.append(str(error)))
    wall.goto(f"{live_server.url}/dashboard/screen/{token}/")
    station = wall.locator(".big-figure", has_text="服务站点")
    expect(station.locator(".books")).to_have_text(MARK)
    expect(wall.locator("#screen-trend svg")).to_be_visible()
    assert serious_violations(wall) == []
    frame = "document.documentElement"
    assert wall.evaluate(f"{frame}.scrollHeight - {frame}.clientHeight") == 0
    shoot(wall, "marks-screen", full_page=False)
    assert faults == []
    wall.context.close()
