"""/campaigns/: what anyone may read about a drive, and nothing else."""

import datetime as dt
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from campaigns.models import CampaignStatus
from campaigns.selectors.public import time_line
from campaigns.views import PAGE_SIZE
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign, make_target
from unions.models import Union

pytestmark = pytest.mark.django_db
URL = "/campaigns/"


@pytest.fixture
def owner() -> Union:
    return make_union("市总", "city_federation")


def get(client: Client, address: str = URL) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def titles(page: str) -> list[str]:
    return re.findall(r'<h2><a href="/campaigns/\d+/">([^<]+)</a></h2>', page)


def test_only_published_and_closed_ones_newest_first(client: Client, owner: Union) -> None:
    make_campaign("旧", owner, starts_on=dt.date(2023, 1, 1), status=CampaignStatus.CLOSED)
    make_campaign("新", owner)
    draft = make_campaign("草案", owner, status=CampaignStatus.DRAFT)
    assert titles(get(client)) == ["新", "旧"]
    assert client.get(f"{URL}{draft.pk}/").status_code == 404
    # Drafts are for the officials' site, not for a public page, whoever looks.
    client.force_login(make_official("city", owner))
    assert client.get(f"{URL}{draft.pk}/").status_code == 404
    assert client.post(URL).status_code == 405


def test_state_by_today(client: Client, owner: Union) -> None:
    today, day = dt.date.today(), dt.timedelta(days=1)
    make_campaign("未来", owner, starts_on=today + 9 * day, ends_on=today + 99 * day)
    make_campaign("进行", owner, starts_on=today - 9 * day, ends_on=today + 9 * day)
    make_campaign("结束", owner, starts_on=today - 99 * day, ends_on=today - 9 * day)
    client.cookies["django_language"] = "en"
    page = get(client)
    states = re.findall(r">(not begun|running|ended)</span>", page)
    assert list(zip(titles(page), states, strict=True)) == [
        ("未来", "not begun"),
        ("进行", "running"),
        ("结束", "ended"),
    ]


def test_a_campaign_without_its_figures(client: Client, owner: Union) -> None:
    campaign = make_campaign(
        "集中行动", owner, summary="第一行\n第二行", source="省总工会 文件", note="内部说明 8731"
    )
    make_target(campaign, owner, "73519")
    page = get(client, f"{URL}{campaign.pk}/")
    for text in (
        "集中行动", "第一行\n第二行", "市总", "2024-01-01 – 2024-12-31", "省总工会 文件",
        "动员", "2024-01-01 – 2024-04-30", "攻坚", "货车司机", 'href="/join/"',
    ):  # fmt: skip
        assert text in page
    assert "73519" not in page
    assert "8731" not in page


def test_overlapping_phases_overlap_on_the_line(owner: Union) -> None:
    campaign = make_campaign("行动", owner)
    line = time_line(campaign, dt.date(2024, 4, 1))
    # 2024 has 366 days: 121 to the end of April, 60 before March, 306 from March on, 91 to April.
    assert [(bar.left, bar.width, bar.is_current, bar.is_over) for bar in line.phases] == [
        ("0.00", "33.06", True, False),
        ("16.39", "83.61", True, False),
    ]
    assert line.today == "24.86"
    assert time_line(campaign, dt.date(2025, 1, 1)).today is None
    assert [bar.is_over for bar in time_line(campaign, dt.date(2024, 5, 1)).phases] == [True, False]


def test_a_phase_beyond_the_dates_stretches_the_line(owner: Union) -> None:
    campaign = make_campaign("行动", owner, ends_on=dt.date(2024, 6, 30))
    line = time_line(campaign, dt.date(2024, 4, 1))
    assert (line.starts_on, line.ends_on) == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(
    client: Client, owner: Union, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        campaign = make_campaign(f"行动 {number}", owner)
    with django_assert_num_queries(2):
        assert len(titles(get(client))) == count
    # The campaign with owner, plan and set, phases, groups, good practice; it is over: no code.
    with django_assert_num_queries(4):
        get(client, f"{URL}{campaign.pk}/")


def test_pages(client: Client, owner: Union) -> None:
    for number in range(PAGE_SIZE + 1):
        make_campaign(f"行动 {number}", owner)
    assert len(titles(get(client))) == PAGE_SIZE
    assert len(titles(get(client, f"{URL}?page=2"))) == 1
