"""The charts in the briefing's workbook: drawn beside their table, from the cells they speak of."""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.utils import translation
from openpyxl import load_workbook

from campaigns.models import Campaign, CampaignKind, CampaignStatus, Target
from reports.briefings import workbook
from reports.briefings.content import Briefing, briefing_of
from reports.nightly import run_nightly
from reports.selectors.days import as_of
from tests.builders import make_membership, make_official
from tests.reports.world import DAY, World
from unions.enums import Role

pytestmark = pytest.mark.django_db
D = dt.date
NEXT = DAY + dt.timedelta(days=1)
SPACES = {
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "x": "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing",
}
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Drawn:
    """A chart of a file, as a program that shows it reads it."""

    kind: str
    title: str
    anchor: tuple[int, int]  # column and row of its corner, from 0
    series: list[tuple[str, str]]  # ranges of categories and values
    order: str
    value_format: str
    is_hidden: set[str]  # marks of the axes that leave them out


def charts_of(content: bytes) -> dict[str, list[Drawn]]:
    """The charts of each sheet that has any, by its name."""
    file = zipfile.ZipFile(io.BytesIO(content))

    def targets(part: str) -> dict[str, str]:
        """What ``part`` refers to, by relation."""
        folder, name = posixpath.split(part)
        rels = f"{folder}/_rels/{name}.rels"
        if rels not in file.namelist():
            return {}
        return {
            row.attrib["Id"]: posixpath.normpath(posixpath.join("/", folder, row.attrib["Target"]))[
                1:
            ]
            for row in ET.fromstring(file.read(rels))
        }

    sheets = targets("xl/workbook.xml")
    found: dict[str, list[Drawn]] = {}
    for sheet in ET.fromstring(file.read("xl/workbook.xml")).iterfind("s:sheets/s:sheet", SPACES):
        for part in targets(sheets[sheet.attrib[_RELATION]]).values():
            charts = targets(part)
            for anchor in ET.fromstring(file.read(part)).iterfind("x:oneCellAnchor", SPACES):
                (link,) = anchor.iterfind(".//c:chart", SPACES)
                chart = ET.fromstring(file.read(charts[link.attrib[_RELATION]]))
                found.setdefault(sheet.attrib["name"], []).append(drawn(anchor, chart))
    in_file = [name for name in file.namelist() if re.match(r"xl/charts/chart\d+\.xml$", name)]
    assert len(in_file) == sum(map(len, found.values()))
    return found


def drawn(anchor: ET.Element, chart: ET.Element) -> Drawn:
    (plot,) = chart.iterfind("c:chart/c:plotArea/c:barChart", SPACES)
    corner = [anchor.findtext(f"x:from/x:{name}", "", SPACES) for name in ("col", "row")]

    def said(path: str, of: ET.Element = chart) -> str:
        (one,) = of.iterfind(path, SPACES)
        return one.attrib["val"]

    return Drawn(
        said("c:barDir", plot),
        "".join(text.text or "" for text in chart.iterfind("c:chart/c:title//a:t", SPACES)),
        (int(corner[0]), int(corner[1])),
        [
            (series.findtext("c:cat//c:f", "", SPACES), series.findtext("c:val//c:f", "", SPACES))
            for series in plot.iterfind("c:ser", SPACES)
        ],
        said(".//c:catAx/c:scaling/c:orientation"),
        next(one.attrib["formatCode"] for one in chart.iterfind(".//c:valAx/c:numFmt", SPACES)),
        {
            axis
            for axis in ("catAx", "valAx")
            if said(f".//c:{axis}/c:delete") not in ("0", "false")
        },
    )


def cells(content: bytes, reference: str) -> list[Any]:
    """What stands in the cells of a reference such as ``'Ranking 1'!$E$4:$E$6``."""
    name, area = reference.replace("$", "").split("!")
    first, _colon, last = area.partition(":")
    rows = load_workbook(io.BytesIO(content))[name.strip("'")][f"{first}:{last or first}"]
    return [cell.value for row in rows for cell in row]


def briefing(world: World, campaign: Campaign) -> Briefing:
    user = make_official("reader", world.province, Role.LEADER)
    return briefing_of(user, campaign, as_of())


@pytest.fixture
def told(world: World) -> Briefing:
    """The campaign of the province with a second city, whose own year is half reached."""
    Target.objects.create(
        indicator=world.targets["lin"].indicator, union=world.other_city, value=Decimal(4),
        period_start=D(2024, 1, 1), period_end=D(2024, 12, 31),
    )  # fmt: skip
    make_membership(world.other_city, group="truck_driver", on=NEXT.isoformat())
    run_nightly(NEXT)
    return briefing(world, world.campaign)


def test_bars_stand_beside_the_table_they_are_drawn_from(told: Briefing) -> None:
    with translation.override("en"):
        content = workbook.workbook_of(told)
    charts = charts_of(content)
    # The period of the plan, whose only target below is the first city's; then the year.
    assert list(charts) == ["Ranking 1", "Ranking 2"]
    for name, upto in (("Ranking 1", ""), ("Ranking 2", ":${0}$5")):
        (chart,) = charts[name]
        assert chart == Drawn(
            kind="bar",
            title="Share of target",
            anchor=(6, 2),  # G3: beside the five columns of the table
            series=[(f"'{name}'!$B$4{upto.format('B')}", f"'{name}'!$E$4{upto.format('E')}")],
            order="maxMin",  # the first place on top
            value_format="0%",
            is_hidden=set(),
        )
    ((names, shares),) = charts["Ranking 2"][0].series
    assert cells(content, names) == ["洛阳市总工会", "聊城市总工会"]
    assert [round(share, 4) for share in cells(content, shares)] == [0.5, 0.2]
    sheet = load_workbook(io.BytesIO(content))["Ranking 2"]
    assert [cell.value for cell in sheet[3]] == [
        "Place", "Unit", "Target", "Reached", "Share of target",
    ]  # fmt: skip
    assert sheet.max_row == 5


def test_the_best_are_drawn_and_no_more(told: Briefing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "CHART_UNITS", 1)
    with translation.override("zh-hans"):
        content = workbook.workbook_of(told)
    charts = charts_of(content)
    assert {chart.title for found in charts.values() for chart in found} == {"目标完成率"}
    ((names, shares),) = charts["排名2"][0].series
    assert (names, shares) == ("'排名2'!$B$4", "'排名2'!$E$4")
    # The table goes on below what is drawn.
    assert [row[1] for row in load_workbook(io.BytesIO(content))["排名2"].values][3:] == [
        "洛阳市总工会", "聊城市总工会",
    ]  # fmt: skip


def test_without_units_below_nothing_is_drawn(world: World) -> None:
    empty = Campaign.objects.create(
        owner=world.province, name="空", kind=CampaignKind.PLAN, starts_on=D(2023, 1, 1),
        ends_on=D(2025, 12, 31), status=CampaignStatus.PUBLISHED,
    )  # fmt: skip
    assert charts_of(workbook.workbook_of(briefing(world, empty))) == {}
    indicator = world.targets["lin"].indicator
    indicator.pk, indicator.campaign = None, empty
    indicator.save()
    Target.objects.create(
        indicator=indicator, union=world.province, value=Decimal(9), period_start=D(2024, 1, 1),
        period_end=D(2024, 12, 31),
    )  # fmt: skip
    own = briefing_of(make_official("other", world.province, Role.LEADER), empty, as_of())
    assert [(sheet.own is not None, sheet.next_below) for sheet in own.sheets] == [(True, [])]
    assert charts_of(workbook.workbook_of(own)) == {}
