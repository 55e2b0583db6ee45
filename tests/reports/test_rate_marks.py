"""A rate above one is shown and marked, one without a baseline says so: in every place alike."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import strip_tags
from openpyxl import load_workbook

from campaigns.models import Indicator, Metric, Target, Unit
from reports.brief import brief_of, letter_of
from reports.exports import workbook_of
from reports.nightly import run_nightly
from reports.ratios import is_over_full, rate_note
from reports.selectors.dashboard import Dashboard, dashboard_for
from reports.selectors.days import as_of
from reports.summary import values_of
from reports.templatetags.reports_figures import rate_marked, rate_text
from tests.reports.world import DAY, World, group_set
from unions.models import Union

OVER = "200.00% · over 100%"
NONE = "— no baseline"


@pytest.mark.parametrize(
    ("rate", "note", "text", "marked"),
    [
        (None, "no baseline", NONE, '<span class="soft">— no baseline</span>'),
        (Decimal(0), "", "0.00%", "0.00%"),
        (Decimal(1), "", "100.00%", "100.00%"),
        (Decimal("1.00001"), "over 100%", "100.00% · over 100%",
         '100.00% <span class="tag tag-warning">over 100%</span>'),
        (Decimal("12.5"), "over 100%", "1,250.00% · over 100%",
         '1,250.00% <span class="tag tag-warning">over 100%</span>'),
    ],
)  # fmt: skip
def test_a_rate_in_words(rate: Decimal | None, note: str, text: str, marked: str) -> None:
    with translation.override("en"):
        assert (rate_note(rate), rate_text(rate), rate_marked(rate)) == (note, text, marked)
    assert is_over_full(rate) == (note == "over 100%")


def test_a_rate_in_chinese_words() -> None:
    with translation.override("zh-hans"):
        assert [rate_text(rate) for rate in (None, Decimal(2))] == [
            "— 暂无底数", "200.00% · 超过100%",
        ]  # fmt: skip


def rows_of(content: str, head: str) -> list[str]:
    """The texts of the cells of the rows of a page that begin with ``head``, a bar between."""
    rows = []
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", content, re.DOTALL):
        cells = [
            " ".join(strip_tags(cell).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        if cells and cells[0].startswith(head):
            rows.append(" | ".join(cells[1:]))
    return rows


def page(client: Client, world: World, address: str, **query: Any) -> str:
    client.force_login(world.leader)
    answer = client.get(address, query, headers={"accept-language": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
def test_ranking_and_rates(client: Client, world: World) -> None:
    content = page(client, world, "/dashboard/", union=world.city.pk, day=DAY.isoformat())
    (lin,) = rows_of(content, f"2{world.lin.name}")
    assert lin.split(" | ")[:6] == ["2", "28.57%", "0", "1", "200.00% over 100%", NONE]
    (dong,) = rows_of(content, f"1{world.dong.name}")
    assert dong.split(" | ")[4:6] == [NONE, NONE]
    rates = page(client, world, "/dashboard/parts/rates/", union=world.lin.pk)
    assert [row.split(" | ")[0] for row in rows_of(rates, "Enrolment rate")][:2] == [
        "200.00% over 100%", NONE,
    ]  # fmt: skip


@pytest.mark.django_db
def test_two_unions_side_by_side(client: Client, world: World) -> None:
    day = DAY.isoformat()
    content = page(
        client, world, "/dashboard/compare/",
        **{"union": world.lin.pk, "with": world.dong.pk, "day": day, "day2": day},
    )  # fmt: skip
    assert rows_of(content, "Enrolment rate, four groups") == [f"200.00% over 100% | {NONE} | —"]
    assert rows_of(content, "Four focus groups") == [f"2 | 3 | +1 | 200.00% over 100% | {NONE}"]
    assert rows_of(content, "Members") == ["2 persons | 4 persons | +2"]


def dashboard(world: World, union: Union) -> Dashboard:
    shown = as_of()
    assert shown is not None
    return dashboard_for(world.leader, union, shown)


@pytest.mark.django_db
def test_workbook(world: World) -> None:
    with translation.override("en"):
        book, above = (
            load_workbook(io.BytesIO(workbook_of(dashboard(world, union))))
            for union in (world.lin, world.city)
        )

    def notes(sheet: str, key: int, note: int, of: Any = book) -> dict[Any, Any]:
        rows = list(of[sheet].iter_rows(values_only=True))
        return {row[key]: row[note] for row in rows if row[key] and len(row) > note}

    keys = notes("Key figures", 8, 9)
    assert (keys["Definition"], keys["members"]) == ("Note", None)
    assert (keys["enrolment_rate"], keys["establishment_rate"]) == ("over 100%", "no baseline")
    rates = [row for row in book["Rates and changes"].iter_rows(values_only=True) if row[1]]
    assert [(row[2], row[5]) for row in rates[1:3]] == [
        (2, "over 100% · 2024-01-01 · 摸底表"), (None, "no baseline"),
    ]  # fmt: skip
    groups = notes("Members by group", 0, 10)
    assert (groups["Group"], groups["Four focus groups"]) == ("Note", "over 100%")
    assert groups["Truck driver"] == "no baseline"
    ranked = notes("Ranking", 1, 12, above)
    assert ranked["Union"] == "Note"
    assert ranked[world.lin.name] == (
        "Rate, four groups: over 100% · Rate, new-form workers: no baseline"
    )
    assert ranked[world.dong.name] == (
        "Rate, four groups: no baseline · Rate, new-form workers: no baseline"
    )


@pytest.mark.django_db
def test_summary_and_letter(world: World) -> None:
    with translation.override("en"):
        values, above = (values_of(dashboard(world, union)) for union in (world.lin, world.city))
        _subject, letter = letter_of(brief_of(world.leader, world.lin, DAY))
        _subject, other = letter_of(brief_of(world.leader, world.dong, DAY))
    keys = {key["name"]: (key["value"], key["unit"]) for key in values["keys"]}
    assert keys["Enrolment rate, four groups"] == ("200.00%", "over 100%")
    assert {row[0]: row[5] for row in values["groups"]} == {"Truck driver": NONE}
    assert {row[0]: row[5] for row in values["sets"]}["Four focus groups"] == OVER
    assert {row[1]: row[5] for row in above["ranking"]} == {
        world.dong.name: NONE, world.lin.name: OVER, world.nef.name: NONE, world.shen.name: NONE,
    }  # fmt: skip
    assert f"Enrolment rate, four groups: {OVER}\n" in letter
    assert f"Enrolment rate, four groups: {NONE}\n" in other


@pytest.mark.django_db
def test_target_that_is_a_rate(client: Client, world: World) -> None:
    for code in ("set4", "nef"):
        indicator = Indicator.objects.create(
            campaign=world.campaign, metric=Metric.ENROLMENT_RATE, name=f"入会率{code}",
            unit=Unit.RATIO, group_set=group_set(code),
        )  # fmt: skip
        Target.objects.create(
            indicator=indicator, union=world.lin, period_start=dt.date(2024, 1, 1),
            period_end=dt.date(2024, 12, 31), value=Decimal("0.8"),
        )  # fmt: skip

    def told(day: dt.date) -> list[str]:
        asked = {"union": world.lin.pk, "day": day.isoformat()}
        content = page(client, world, "/dashboard/parts/campaigns/", **asked)
        values = re.findall(
            r'<div class="target-figures">\s*<strong class="num">(.*?)</strong>', content
        )
        return sorted(map(strip_tags, values))

    # Nobody has measured the rates before the next night.
    assert told(DAY) == ["1 persons", "—", "—"]
    run_nightly(DAY + dt.timedelta(days=1))
    assert told(DAY + dt.timedelta(days=1)) == ["1 persons", OVER, NONE]
    with translation.override("en"):
        values = values_of(dashboard(world, world.lin))
        book = load_workbook(io.BytesIO(workbook_of(dashboard(world, world.lin))))
    assert sorted(target["value"] for target in values["targets"]) == [
        "1 persons / 1 persons", f"{OVER} / 80.00%", f"{NONE} / 80.00%",
    ]  # fmt: skip
    cells = list(book["Campaigns"].iter_rows(values_only=True))
    assert {row[1]: (row[5], str(row[11]).split(" 3 ×")[0]) for row in cells[1:]} == {
        "新发展会员": (1, "3 × 300万 < 1000万"),
        "入会率set4": (2, "over 100%"),
        "入会率nef": (None, "no baseline"),
    }


@pytest.mark.django_db
def test_a_target_that_is_a_rate_bears_its_mark_on_the_campaigns_page(
    client: Client, world: World
) -> None:
    """As on the dashboard: one over 100 % and one without a baseline."""
    indicator = Indicator.objects.create(
        campaign=world.campaign, metric=Metric.ENROLMENT_RATE, name="入会率", unit=Unit.RATIO,
        group_set=group_set("set4"),
    )  # fmt: skip
    for union in (world.lin, world.dong):
        Target.objects.create(
            indicator=indicator, union=union, value=Decimal("0.8"),
            period_start=dt.date(2024, 1, 1), period_end=dt.date(2024, 12, 31),
        )  # fmt: skip
    run_nightly(DAY + dt.timedelta(days=1))
    client.force_login(world.leader)
    page = client.get(
        f"/dashboard/campaigns/{world.campaign.pk}/", headers={"accept-language": "en"}
    ).content.decode()
    told = [row.split(" | ") for one in (world.lin, world.dong) for row in rows_of(page, one.name)]
    assert [row[2] for row in told if row[0].startswith("入会率")] == [OVER, NONE]
