"""What a chart says besides its figures: unit, where its axis begins, what each line is."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Browser, ViewportSize, expect

from campaigns.models import (
    Campaign,
    CampaignKind,
    CampaignStatus,
    Indicator,
    Metric,
    Target,
    Unit,
)  # fmt: skip
from core.clock import local_today
from reports.models import CampaignForecast, DailyCount, ForecastMethod
from reports.nightly import run_nightly
from reports.screens import make_screen, revoke_screen
from tests.browser.conftest import PHONE, follow, page_of, serious_violations, shoot
from tests.builders import make_membership, make_official, make_region, make_union
from tests.reports.world import count_anew
from unions.models import Union

pytestmark = pytest.mark.django_db(transaction=True)
WALL: ViewportSize = {"width": 1920, "height": 1080}
TARGETS = 4


@pytest.fixture
def city(transactional_db: None) -> Union:
    """A city with two members, one of them new, counted up to yesterday."""
    region = make_region("3715", "聊城市", make_region("37", "山东省"))
    city = make_union("市总", "city_federation", region=region)
    county = make_union("县总", "county_federation", city)
    for days in (400, 5):
        make_membership(county, on=(local_today() - dt.timedelta(days=days)).isoformat())
    run_nightly(local_today() - dt.timedelta(days=1))
    return city


@pytest.mark.parametrize(
    ("before", "now", "begins"),
    [
        (139, 144, None),  # small: from zero
        (50_000, 50_400, None),  # hardly changed
        (10_000, 50_000, None),  # changed by more than half
        (50_000, 57_600, "50,000"),
    ],
)
def test_an_axis_that_does_not_begin_at_zero_says_so(
    browser: Browser, live_server: Any, city: Union, before: int, now: int, begins: str | None
) -> None:
    figures = DailyCount.objects.filter(union=city)
    figures.update(members=now)
    first = figures.earliest("day").day
    figures.filter(day=first).update(members=before)
    page = page_of(make_official("leader", city), browser, live_server.url)
    page.goto(f"{live_server.url}/dashboard/parts/trend/?union={city.pk}")
    panel = page.locator("#part-trend .charted")
    expect(panel.locator("svg text", has_text="人")).to_have_count(1)
    lowest = panel.locator("svg text").filter(has_text=begins or "0").first
    expect(lowest).to_have_text(begins or "0")
    notes = [f"纵轴从 {begins} 起，不从零起。"] if begins else []
    expect(panel.locator(".chart-note")).to_have_text(notes)
    page.context.close()


@pytest.fixture
def targets(city: Union) -> None:
    """Four running targets of the city, each with a forecast."""
    begun = local_today() - dt.timedelta(days=450)
    campaign = Campaign.objects.create(
        owner=city, name="集中行动", kind=CampaignKind.PLAN, starts_on=begun,
        ends_on=local_today() + dt.timedelta(days=90), status=CampaignStatus.PUBLISHED,
    )  # fmt: skip
    for number in range(TARGETS):
        indicator = Indicator.objects.create(
            campaign=campaign, metric=Metric.NEW_MEMBERS, name=f"新发展会员{number}",
            unit=Unit.PERSON,
        )  # fmt: skip
        Target.objects.create(
            indicator=indicator, union=city, period_start=begun,
            period_end=local_today() + dt.timedelta(days=60 + number), value=7,
        )  # fmt: skip
    with transaction.atomic():
        count_anew(local_today() - dt.timedelta(days=1))
    CampaignForecast.objects.update(
        method=ForecastMethod.MEAN_RATE, expected=Decimal("5.4"), low=4, high=Decimal("6.6")
    )


@pytest.mark.usefixtures("targets")
def test_a_course_names_its_lines_and_its_interval(
    browser: Browser, live_server: Any, city: Union
) -> None:
    page = page_of(make_official("leader", city), browser, live_server.url)
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/dashboard/parts/campaigns/?union={city.pk}")
    follow(page, "text=大字版")
    panel = page.locator(".charted").first
    expect(panel.locator(".chart-legend li")).to_have_text(
        ["完成", "序时进度", "目标数", "预测值", "预测区间"]
    )
    legend = panel.locator(".chart-legend").bounding_box()
    chart = panel.locator(".chart").bounding_box()
    assert legend is not None
    assert chart is not None
    assert legend["y"] + legend["height"] <= chart["y"]
    labels = panel.locator("svg text").all_text_contents()
    assert "人" in labels
    assert not [text for text in labels if re.fullmatch("[0-9]{4}", text)]  # no year without month
    panel.scroll_into_view_if_needed()
    place = panel.locator("svg").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + place["width"] - 20, place["y"] + place["height"] / 2)
    last = (local_today() + dt.timedelta(days=60)).isoformat()
    expect(panel.locator("svg text", has_text=last)).to_have_count(1)
    said = [text for text in panel.locator("svg text").all_text_contents() if "  " in text]
    # As the table below says it, with the unit.
    row = panel.locator("tbody tr", has_text=last).locator("td").all_text_contents()
    assert said == [
        f"序时进度  {row[1]}", f"目标数  {row[2]}", f"预测值  {row[3]}",
        f"预测区间  {row[4]} – {row[5]}",
    ]  # fmt: skip
    assert row[2] == "7 人"
    assert serious_violations(page) == []
    shoot(page, "course-large")
    page.context.close()


@pytest.mark.usefixtures("targets")
def test_the_wall_shows_every_target_whole_and_names_both_axes(
    browser: Browser, live_server: Any, city: Union
) -> None:
    for number in range(12):
        make_membership(city.children.get(), on=f"2024-01-{number + 1:02}")
    with transaction.atomic():
        count_anew(local_today() - dt.timedelta(days=1))
    maker = make_official("maker", city)
    screen, token = make_screen(city, name="大厅", actor=maker)
    wall = browser.new_context(viewport=WALL, locale="zh-CN").new_page()
    wall.goto(f"{live_server.url}/dashboard/screen/{token}/")
    shown = wall.locator(".screen-target")
    expect(shown).to_have_count(TARGETS)
    around = wall.locator(".screen-campaigns").bounding_box()
    assert around is not None
    for number in range(TARGETS):
        place = shown.nth(number).bounding_box()
        assert place is not None
        assert place["y"] + place["height"] <= around["y"] + around["height"]
    expect(wall.locator(".big-value").first).to_have_text("14 人")
    axes = wall.locator("#screen-trend svg text")
    # So few are drawn from zero; where the axis is cut its name says so.
    expect(axes.filter(has_text=re.compile("^会员 · 人$"))).to_have_count(1)
    expect(axes.filter(has_text="每月新发展 · 人")).to_have_count(1)
    shoot(wall, "screen-targets", full_page=False)
    figures = DailyCount.objects.filter(union=city)
    figures.update(members=57_600)
    figures.filter(day=figures.earliest("day").day).update(members=50_000)
    figures.filter(day__gt=figures.earliest("day").day, day__lt="2024-01-13").update(members=50_000)
    wall.reload()
    cut = re.compile("^会员 · 人 · 纵轴从 [0-9.]+万 起$")
    expect(axes.filter(has_text=cut)).to_have_count(1)
    revoke_screen(screen, actor=maker)
    wall.reload()
    expect(wall.locator(".screen-empty")).to_contain_text("本大屏已停用。")
    wall.context.close()
