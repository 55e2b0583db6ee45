"""The address of the dashboard keeps what is chosen on it, one choice after the other."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.clock import local_today
from reports.models import DailyCount
from reports.nightly import run_nightly
from tests.browser.conftest import follow, page_of
from tests.builders import make_membership, make_official, make_union
from unions.models import Union

pytestmark = pytest.mark.django_db(transaction=True)
CHOICES = {"figure": "unions", "period": "month", "range": "36", "map": "year"}


@pytest.fixture
def city(db: None) -> Union:
    """A city with two counties and a member, counted up to yesterday."""
    city = make_union("聊城市总工会", "city_federation")
    east, _west = (make_union(name, "county_federation", city) for name in ("东区总", "西区总"))
    make_membership(east, on=(local_today() - dt.timedelta(days=3)).isoformat())
    run_nightly(local_today() - dt.timedelta(days=1))
    return city


def opened(browser: Browser, live_server: Any, city: Union, query: str) -> Page:
    """The dashboard in a new window, with all its blocks."""
    page = page_of(make_official("official", city), browser, live_server.url)
    page.goto(f"{live_server.url}/dashboard/?union={city.pk}{query}")
    settled(page)
    return page


def settled(page: Page) -> None:
    """All blocks have come."""
    expect(page.locator(".part-later")).to_have_count(0)


def words(address: str | None) -> dict[str, str]:
    """The words of an address."""
    assert address is not None
    return {word: values[-1] for word, values in parse_qs(urlsplit(address).query).items()}


def led_to(link: Locator) -> dict[str, str]:
    return words(link.get_attribute("href"))


def choose(page: Page, selector: str, word: str, value: str) -> None:
    page.locator(selector).click()
    page.wait_for_url(lambda address: words(address).get(word) == value)
    # The block came with the choice.
    expect(page.locator(f'{selector}[aria-current="true"]')).to_have_count(1)


def test_a_choice_does_not_drop_those_made_before(
    browser: Browser, live_server: Any, city: Union
) -> None:
    page = opened(browser, live_server, city, "&view=now")
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    chosen = {"union": str(city.pk), "view": "now"}
    choose(page, "#trend-unions", "figure", "unions")
    assert words(page.url) == (chosen := chosen | {"figure": "unions"})
    choose(page, "#funnel-month", "period", "month")
    assert words(page.url) == (chosen := chosen | {"period": "month"})
    choose(page, "#trend-36", "range", "36")
    assert words(page.url) == (chosen := chosen | {"range": "36"})
    page.locator('#map [data-metric="year"]').click()
    page.wait_for_url("**map=year*")
    assert words(page.url) == (chosen := chosen | {"map": "year"})
    assert chosen == {"union": str(city.pk), "view": "now", **CHOICES}
    # The map's choice reaches the blocks, theirs the map's; a second one replaces the first.
    choose(page, "#funnel-12", "period", "12")
    assert words(page.url) == (chosen := chosen | {"period": "12"})

    # Whatever leads to this page again goes along: links, forms, also to be opened elsewhere.
    assert led_to(page.locator("#trend-members")) == chosen | {"figure": "members"}
    assert led_to(page.locator("#ranking a", has_text="东区总")) == chosen | {
        "union": str(Union.objects.get(name="东区总").pk)
    }
    assert led_to(page.locator("#ranking .sort").first) == chosen | {"sort": "name"}
    assert led_to(page.get_by_role("link", name="对比")) == chosen
    # A link to rows says nothing of the page.
    assert "figure" not in led_to(page.locator("#ranking tbody .num a").first)
    page.locator(".day-form button").click()
    page.wait_for_url("**day=*")
    assert {word: words(page.url).get(word) for word in chosen} == chosen

    page.reload()
    settled(page)
    for selector in ("#trend-unions", "#trend-36", "#funnel-12"):
        expect(page.locator(f'{selector}[aria-current="true"]')).to_have_count(1)
    expect(page.locator('#map [aria-pressed="true"]')).to_have_text(["本年新增"])
    assert faults == []
    page.context.close()


def test_a_choice_made_before_another_block_came_is_kept(
    browser: Browser, live_server: Any, city: Union
) -> None:
    page = opened(browser, live_server, city, "&figure=joined&map=nef")
    union = {"union": str(city.pk)}
    # The default of the map needs no word.
    page.locator('#map [data-metric="members"]').click()
    page.wait_for_url(lambda address: "map" not in words(address))
    held: list[Any] = []
    page.route("**/dashboard/parts/funnel/**", lambda route: held.append(route))
    page.locator("#funnel-month").click()
    choose(page, "#trend-all", "range", "all")
    assert words(page.url) == union | {"figure": "joined", "range": "all"}
    (request,) = held
    assert words(request.request.url) == union | {"figure": "joined", "period": "month"}
    request.continue_()
    page.wait_for_url("**period=month*")
    assert words(page.url) == union | {"figure": "joined", "range": "all", "period": "month"}
    expect(page.locator('#funnel-month[aria-current="true"]')).to_have_count(1)
    assert led_to(page.locator("#funnel-year")) == union | {
        "figure": "joined", "range": "all", "period": "year",
    }  # fmt: skip
    # The other language shows the same.
    follow(page, 'button[name="show"][value="en"]')
    assert words(page.url) == union | {"figure": "joined", "range": "all", "period": "month"}
    page.context.close()


def test_one_member_more_is_no_cliff(browser: Browser, live_server: Any, city: Union) -> None:
    figures = DailyCount.objects.filter(union=city)
    newest = figures.latest("day")
    figures.filter(day=newest.day).update(members=57_769)
    first = newest.day - dt.timedelta(days=400)
    DailyCount.objects.create(union=city, day=first, members=57_768)
    page = opened(browser, live_server, city, "")
    lowest = page.locator("#part-trend .chart svg text", has_text=re.compile("^0$"))
    expect(lowest).to_have_count(1)
    figures.filter(day=first).update(members=50_000)
    page.reload()
    settled(page)
    expect(lowest).to_have_count(0)
    page.context.close()
