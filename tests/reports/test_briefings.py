"""Work briefings: the dashboard's figures of the day, on paper and in a workbook."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from openpyxl import load_workbook

from accounts.models import User
from campaigns.models import CampaignStatus, Target
from campaigns.services.targets import set_target
from core.errors import RuleViolation
from reports.briefings.content import Briefing, Sheet, briefing_of
from reports.briefings.paper import line_cells, page_values
from reports.briefings.terms import heading
from reports.briefings.workbook import workbook_of
from reports.models import CampaignForecast, CampaignProgress, ReportRun
from reports.nightly import run_nightly
from reports.selectors.days import as_of
from reports.selectors.progress import measured, targets_of_campaign
from reports.templatetags.reports_figures import number, pace, percent_text
from tests.builders import make_official, make_union
from tests.reports.world import DAY, World, build_world
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db
D = dt.date
MADE_ON = D(2024, 3, 16)


@pytest.fixture
def world() -> World:
    """The dashboards' world; the province, whose campaign it is, has a target of its own."""
    world = build_world(count=False)
    indicator = world.targets["city_year"].indicator
    world.targets["province"] = Target.objects.create(
        indicator=indicator, union=world.province, period_start=D(2024, 1, 1),
        period_end=D(2024, 12, 31), value=Decimal(25),
    )  # fmt: skip
    run_nightly(DAY)
    CampaignForecast.objects.filter(target=world.targets["province"]).delete()
    CampaignForecast.objects.create(
        target=world.targets["province"], day=DAY, method="mean_rate", expected=Decimal("19.4"),
        low=Decimal("15.2"), high=Decimal("23.5"), confidence=Decimal("0.8"), days_used=30,
        needed_per_day=Decimal("0.0687"),
    )  # fmt: skip
    return world


@pytest.fixture
def reader(world: World) -> User:
    """The leader of the campaign's owner."""
    return make_official("province", world.province, Role.LEADER)


@pytest.fixture
def chinese() -> Iterator[None]:
    """Words as the officials read them."""
    with translation.override("zh-hans"):
        yield


def brief(world: World, reader: User, day: dt.date | None = None) -> Briefing:
    return briefing_of(reader, world.campaign, as_of(day))


def texts(values: dict[str, Any]) -> str:
    """Every sentence of the paper."""
    blocks = [block for section in values["sections"] for block in section["blocks"]]
    return "\n".join(block["text"] for block in blocks if "text" in block)


def year_of(briefing: Briefing) -> Sheet:
    return next(sheet for sheet in briefing.sheets if sheet.period_end == D(2024, 12, 31))


def test_what_is_told_of_the_year(world: World, reader: User, chinese: None) -> None:
    briefing = brief(world, reader)
    # The cumulative target of the city stands beside the yearly ones.
    assert [(s.period_start, s.period_end, len(s.lines)) for s in briefing.sheets] == [
        (D(2023, 1, 1), D(2025, 12, 31), 1), (D(2024, 1, 1), D(2024, 12, 31), 3),
    ]  # fmt: skip
    sheet = year_of(briefing)
    assert sheet.own is not None
    assert (sheet.own.union, sheet.own.progress.value) == (world.province, Decimal(5))
    assert [(line.union, line.depth, line.place) for line in sheet.lines] == [
        (world.city, 0, 1), (world.dong, 1, 2), (world.lin, 1, 1),
    ]  # fmt: skip
    assert ([line.union for line in sheet.next_below], sheet.promised, sheet.done) == (
        [world.city], Decimal(20), Decimal(4),
    )  # fmt: skip
    assert [(state, count) for state, _label, count in sheet.states] == [
        ("reached", 1), ("ahead", 1), ("on_pace", 1),
    ]  # fmt: skip
    said = texts(page_values(briefing, MADE_ON))
    for sentence in (
        "目标25人，已完成5人，目标完成率20.00%。期限共366天，已过75天，时间进度20.49%。"
        "进度系数0.98，进展状态：正常。",
        "下一级目标单位1个，目标合计20人，合计完成4人，完成率20.00%。其目标合计比本级目标少5人。",
        "列入附表的3个单位中：已完成1个、超前1个、正常1个。",
        "按近期走势，预计至2024年12月31日完成19人，80%预测区间为15人至24人。",
        "要完成目标，剩余时间平均每日需完成0.1人。",
        "本级未设目标。期限共1096天，已过440天，时间进度40.15%。",
        "没有滞后单位。",
        "3 × 300万 < 1000万",
    ):
        assert sentence in said, sentence


def test_what_was_measured_earlier_is_told(world: World, reader: User, chinese: None) -> None:
    of_year = CampaignProgress.objects.filter(target__period_end=D(2024, 12, 31))
    of_year.filter(day__gt=D(2024, 3, 1)).delete()
    of_year.filter(target=world.targets["dong"], day__gt=D(2024, 2, 29)).delete()
    briefing = brief(world, reader)
    values = page_values(briefing, MADE_ON)
    said = texts(values)
    assert said.count("测算") == 2
    assert (
        "完成数为2024年3月1日测算。"
        "附表中3个单位的完成数为此前测算，最早为2024年2月29日（表中标“†”）。" in said
    )
    # In the annex of the year, not in that of the cumulative target.
    signed = [[row[3].endswith("†") for row in annex["rows"]] for annex in values["annexes"]]
    assert signed == [[False], [True, True, True]]
    book = load_workbook(io.BytesIO(workbook_of(briefing)))
    table = list(
        book.worksheets[4].values
    )  # behind the text and the three of the cumulative target
    notes = {row[1].strip("　"): row[12] for row in table if row[14]}
    assert notes == {
        "单位": "备注", "聊城市总工会": "测算日2024-03-01", "东昌府区总工会": "测算日2024-02-29",
        "临清市总工会": "测算日2024-03-01",
    }  # fmt: skip


def test_what_was_not_measured_is_not_judged(world: World, reader: User, chinese: None) -> None:
    """A campaign of today: the night has not run yet."""
    CampaignProgress.objects.filter(target=world.targets["dong"]).delete()
    said = texts(page_values(brief(world, reader), MADE_ON))
    assert "有数据的单位中没有滞后单位；另有1个单位暂无数据。" in said
    CampaignProgress.objects.all().delete()
    briefing = brief(world, reader)
    said = texts(page_values(briefing, MADE_ON))
    assert "没有滞后单位。" not in said
    assert said.count("各单位均暂无数据，无法判断是否有滞后单位。") == len(briefing.sheets)
    assert "目标25人，进度尚未计算（每晚统计一次）；366天已过75天，时间进度20.49%。" in said
    assert "没有底数" not in said
    book = load_workbook(io.BytesIO(workbook_of(briefing)))
    behind = [row for row in book["滞后1"].values if row[0]]
    assert behind[-1][0] == "各单位均暂无数据，无法判断是否有滞后单位。"


def test_who_was_dissolved_lags_no_more_and_the_owner_is_told(
    world: World, reader: User, chinese: None
) -> None:
    target = world.targets["dong"]
    CampaignProgress.objects.filter(target=target).update(status=CampaignProgress.Status.AT_RISK)
    assert [line.union for line in year_of(brief(world, reader)).laggards] == [target.union]
    Union.objects.filter(pk=target.union_id).update(status="dissolved", closed_on=DAY)
    sheet = year_of(brief(world, reader))
    assert sheet.laggards == []
    (line,) = [line for line in sheet.lines if line.union == target.union]
    assert line_cells(line, sheet)[-1] == "已撤销"
    assert sheet.done == 4
    assert "合计完成" in texts(page_values(brief(world, reader), MADE_ON))
    CampaignProgress.objects.all().delete()  # nothing measured is not nothing reached
    unknown = brief(world, reader)
    assert year_of(unknown).done is None
    assert "合计完成" not in texts(page_values(unknown, MADE_ON))
    owner = Client(headers={"Accept-Language": "en"})
    owner.force_login(make_official("owner", world.province))
    page = owner.get(f"/admin/campaigns/campaign/{world.campaign.pk}/change/").content.decode()
    assert "still count above:" in page
    page = owner.get(f"/admin/campaigns/target/{target.pk}/change/").content.decode()
    assert "This union was dissolved on 2024-03-15." in page
    assert "Share among the unions below" not in page
    with pytest.raises(RuleViolation) as refusal:
        set_target(
            target.indicator, union=sheet.lines[1].union, period_start=D(2026, 1, 1),
            period_end=D(2026, 12, 31), value=Decimal(1), reason="补", actor=None,
        )  # fmt: skip
    assert (sheet.lines[1].union, refusal.value.field) == (target.union, "union")


def test_every_figure_is_the_dashboards(world: World, reader: User) -> None:
    for day in (DAY, D(2024, 2, 29)):
        briefing = brief(world, reader, day)
        shown = {
            row.target.pk: row
            for row in measured(targets_of_campaign(reader, world.campaign, day), day)
        }
        told = {
            line.progress.target.pk: (line, sheet)
            for sheet in briefing.sheets
            for line in (*sheet.lines, *filter(None, [sheet.own]))
        }
        assert set(told) == set(shown)
        for key, row in shown.items():
            assert line_cells(*told[key])[2:] == [
                number(row.target.value), number(row.value), percent_text(row.share),
                pace(row.pace), row.status_label,
            ]  # fmt: skip


def test_the_annexes_hold_every_unit_and_bars_the_direct_ones(
    world: World, reader: User, chinese: None
) -> None:
    values = page_values(brief(world, reader), MADE_ON)
    assert [len(annex["rows"]) for annex in values["annexes"]] == [1, 3]
    assert values["annexes"][1]["rows"][1] == [
        "2", "　东昌府区总工会", "4", "2", "50.00%", "2.44", "超前",
    ]  # fmt: skip
    bars = values["sections"][1]["blocks"][3]["groups"]
    assert [[(row["label"], row["text"]) for row in group] for group in bars] == [
        [("1  聊城市总工会", "20.00%")]
    ]
    assert [section["heading"] for section in values["sections"]] == [
        "一、总体进展", "二、各单位排名", "三、进展滞后单位", "四、指标口径",
    ]  # fmt: skip
    assert values["signature"] == ["山东省总工会", "2024年3月16日"]


def test_ties_share_a_place(world: World, reader: User) -> None:
    shen = Target.objects.create(
        indicator=world.targets["lin"].indicator, union=world.shen, value=Decimal(9),
        period_start=D(2024, 1, 1), period_end=D(2024, 12, 31),
    )  # fmt: skip
    nef = Target.objects.create(
        indicator=shen.indicator, union=world.nef, value=Decimal(1),
        period_start=D(2024, 1, 1), period_end=D(2024, 12, 31),
    )  # fmt: skip
    ReportRun.objects.filter(report="progress").delete()
    run_nightly(DAY)
    sheet = year_of(brief(world, reader))
    assert {line.union: line.place for line in sheet.lines if line.depth} == {
        world.lin: 1, nef.union: 1, world.dong: 3, shen.union: 4,
    }  # fmt: skip
    assert [line.union for line in sheet.laggards] == [world.shen]


def test_downloads(client: Client, world: World, reader: User) -> None:
    address = f"/dashboard/campaigns/{world.campaign.pk}/briefing"
    client.force_login(reader)
    paper = client.get(f"{address}.pdf", {"day": "2024-03-01"})
    assert (paper.status_code, paper["Content-Type"]) == (200, "application/pdf")
    assert paper.content.startswith(b"%PDF-")
    assert paper["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert paper["Cache-Control"] == "no-store"
    answer = client.get(f"{address}.xlsx", headers={"accept-language": "en"})
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == [
        "Briefing", "Units 1", "Ranking 1", "Behind 1", "Units 2", "Ranking 2", "Behind 2",
    ]  # fmt: skip
    rows = list(book["Units 2"].iter_rows(min_row=4, values_only=True))
    assert [row[:4] for row in rows] == [
        (1, "聊城市总工会", 20, 4), (2, "　东昌府区总工会", 4, 2), (1, "　临清市总工会", 1, 1),
    ]  # fmt: skip
    assert [round(row[4], 4) for row in rows] == [0.2, 0.5, 1]
    assert client.get(f"{address}.pdf", {"day": "x"}).status_code == 404


def test_it_speaks_for_the_owner(client: Client, world: World, reader: User) -> None:
    address = f"/dashboard/campaigns/{world.campaign.pk}/briefing.xlsx"
    for user, status in (
        (world.leader, 404), (world.grassroots, 404), (world.stranger, 404), (reader, 200),
    ):  # fmt: skip
        client.force_login(user)
        assert client.get(address).status_code == status
    world.campaign.status = CampaignStatus.DRAFT
    world.campaign.save()
    assert client.get(address).status_code == 404


def test_before_and_after() -> None:
    """Periods that are over are told when no other holds the day; nothing is told before any."""
    world = build_world(count=False)
    reader = make_official("province", world.province, Role.LEADER)
    nothing = brief(world, reader)
    # As of today; of a campaign that is over as of its end.
    assert (nothing.day, nothing.as_of) == (D(2025, 12, 31), None)
    assert page_values(nothing, MADE_ON)["annexes"]
    run_nightly(D(2026, 1, 5))
    after = brief(world, reader)
    assert [sheet.period_end for sheet in after.sheets] == [D(2025, 12, 31)]
    with translation.override("zh-hans"):
        assert after.sheets[0].states == [("missed", "未完成", 1)]
        assert "共有1个单位未完成目标。" in texts(page_values(after, MADE_ON))


def test_numerals_of_sections(chinese: None) -> None:
    assert [heading(n, "") for n in (1, 10, 11, 20, 21)] == [
        "一、", "十、", "十一、", "二十、", "二十一、",
    ]  # fmt: skip


def test_number_of_queries(world: World, reader: User) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page_values(brief(world, reader), MADE_ON)
        return len(queries)

    count()  # what is kept for a while is read once
    before = count()
    for place in range(4):
        Target.objects.create(
            indicator=world.targets["lin"].indicator, value=Decimal(9),
            union=make_union(f"乡镇{place}", "township_union", world.lin),
            period_start=D(2024, 1, 1), period_end=D(2024, 12, 31),
        )  # fmt: skip
    assert count() == before
