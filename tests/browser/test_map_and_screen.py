"""The map with its shapes and tiles, and the big screen, as a browser draws them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from core.clock import local_today
from reports.nightly import run_nightly
from reports.screens import make_screen, revoke_screen
from tests.browser.conftest import (
    PHONE,
    page_of,
    serious_violations,
    shoot,
    sideways_overflow,
)
from tests.builders import make_membership, make_official, make_region, make_union

pytestmark = pytest.mark.django_db(transaction=True)
WALL: ViewportSize = {"width": 1920, "height": 1080}
JOINED = 11  # enough to be shown on a wall


def test_map_leads_down_and_the_screen_hangs_until_it_is_revoked(
    browser: Browser, live_server: Any
) -> None:
    shandong = make_region("37", "山东省")
    liaocheng = make_region("3715", "聊城市", shandong)
    province = make_union("山东省总工会", "provincial_federation", region=shandong)
    city = make_union("聊城市总工会", "city_federation", province, region=liaocheng)
    rail = make_union("铁路产业工会", "industrial_union", province)
    town = make_union("镇工会", "township_union", make_union("县总", "county_federation", city))
    for _number in range(JOINED):
        make_membership(town, group="courier", on=local_today().replace(month=1, day=1).isoformat())
    run_nightly(local_today() - dt.timedelta(days=1))
    official = make_official("official", province)
    page = page_of(official, browser, live_server.url)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{live_server.url}/dashboard/?view=now")
    page.locator("#map").scroll_into_view_if_needed()
    label = page.locator("#map .map-chart svg text", has_text="聊城市")
    expect(label).to_have_count(1)
    expect(page.locator("#map .map-tile")).to_have_text([f"2. {rail.name}0"])
    expect(page.locator("#map .map-legend li")).to_have_text(["0", str(JOINED), "无数据"])
    page.get_by_role("button", name="四大群体入会率").click()
    expect(page.locator("#map .map-tile")).to_have_text([f"{rail.name}— 暂无底数"])
    shoot(page, "map-province")
    # The figure is part of the address: a reload shows it again, links and blocks keep it.
    expect(page).to_have_url(f"{live_server.url}/dashboard/?view=now&map=set4")
    page.reload()
    page.locator("#map").scroll_into_view_if_needed()
    expect(page.locator('#map [aria-pressed="true"]')).to_have_text(["四大群体入会率"])
    expect(page.locator("#map .map-tile")).to_have_text([f"{rail.name}— 暂无底数"])
    page.get_by_role("button", name="本年新增").click()
    # Blocks that come later move what stands below them.
    expect(page.locator(".part-later")).to_have_count(0)
    expect(page.locator("#ranking a", has_text=city.name)).to_have_attribute(
        "href", f"/dashboard/?union={city.pk}&view=now&map=year"
    )
    page.locator("#funnel-month").click()
    page.wait_for_url("**/dashboard/?*period=month*")
    assert "map=year" in page.url
    expect(page.locator("#funnel-month")).to_have_attribute("aria-current", "true")
    page.evaluate("window.scrollTo(0, 0)")
    page.locator("#map .map-chart").scroll_into_view_if_needed()
    # The chart lies above its own text.
    place = label.bounding_box()
    assert place
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_url(f"**/dashboard/?union={city.pk}&**")
    assert "map=year" in page.url
    expect(page.locator('#map [aria-pressed="true"]')).to_have_text(["本年新增"])
    page.set_viewport_size(PHONE)
    page.locator("#map").scroll_into_view_if_needed()
    expect(page.locator("#map .map-tile")).to_contain_text(["县总"])
    assert serious_violations(page) == []
    assert sideways_overflow(page) == 0
    page.context.close()

    screen, token = make_screen(province, name="大厅", actor=official)
    wall = browser.new_context(viewport=WALL, locale="zh-CN").new_page()
    wall.on("pageerror", lambda error: faults.append(str(error)))
    wall.goto(f"{live_server.url}/dashboard/screen/{token}/")
    assert wall.url == f"{live_server.url}/dashboard/screen/"
    expect(wall.locator("#screen-map svg text", has_text="聊城市")).to_have_count(1)
    expect(wall.locator("#screen-trend svg")).to_be_visible()
    expect(wall.locator("#clock")).not_to_be_empty()
    assert serious_violations(wall) == []
    frame = "document.documentElement"
    assert wall.evaluate(f"{frame}.scrollHeight - {frame}.clientHeight") == 0
    shoot(wall, "screen", full_page=False)
    revoke_screen(screen, actor=official)
    answer = wall.reload()
    assert answer is not None
    assert answer.status == 404
    assert faults == []
    wall.context.close()
