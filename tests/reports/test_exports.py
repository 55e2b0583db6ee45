"""The workbook: typed cells, definitions, sources, scope, and nothing that calculates by itself."""

import datetime as dt
import io
import re
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import translation
from openpyxl import Workbook, load_workbook

from reports.exports import CONTENT_TYPE, file_name, workbook_of
from reports.models import CampaignForecast
from reports.selectors.dashboard import Dashboard, dashboard_for
from reports.selectors.days import AsOf, as_of
from reports.sheets import Sheet
from reports.summary import values_of
from tests.reports.world import DAY, World
from unions.models import Union

pytestmark = pytest.mark.django_db

SHEETS = [
    "Figures", "Key figures", "Rates and changes", "Members by group", "Unions and stations",
    "Ranking", "Campaigns", "Trend", "Applications", "Reported figures", "Definitions",
]  # fmt: skip


def export(world: World) -> tuple[Workbook, Dashboard]:
    shown = as_of()
    assert shown is not None
    with translation.override("en"):
        found = dashboard_for(world.leader, world.city, shown)
        return load_workbook(io.BytesIO(workbook_of(found))), found


def table(book: Workbook, sheet: str) -> list[tuple[Any, ...]]:
    return list(book[sheet].iter_rows(values_only=True))


def test_sheets_and_what_the_file_is_about(world: World) -> None:
    Union.objects.filter(pk=world.dong.pk).update(code="3715-1")
    book, found = export(world)
    assert book.sheetnames == SHEETS
    rows = table(book, "Figures")
    assert [row[:2] for row in rows[:4]] == [
        ("Union", "聊城市总工会"), ("Union code", None), ("Number in the portal", world.city.pk),
        ("As of", dt.datetime(2024, 3, 15)),
    ]  # fmt: skip
    # By these an office finds the row of another list again.
    assert table(book, "Ranking")[1][10:] == (
        "3715-1", world.dong.pk,
        "Rate, four groups: no baseline · Rate, new-form workers: no baseline",
    )  # fmt: skip
    assert [row[8] for row in table(book, "Key figures")[1:]] == [
        key.code for key in found.front.keys
    ]
    assert {row[0]: row[9] for row in table(book, "Members by group")}["Courier"] == "courier"
    values = {row[0]: row[1] for row in rows if row[0]}
    assert (values["Members (register)"], values["Members (reported)"]) == (7, 1_450_000)
    assert values["Register minus reported"] == 7 - 1_450_000
    assert (values["New members this month"], values["New members this year"]) == (2, 4)
    assert (values["Unions"], values["Covered unions"], values["Stations"]) == (7, 1, 1)
    assert {row[0]: row[5] for row in rows if row[5]}["New members this year"] == "joined"
    rates = {row[6]: row for row in table(book, "Rates and changes") if row[6]}
    assert rates["dual_coverage_workers"][2:6] == (None, 6, None, "no baseline")
    assert rates["net_change"][2:4] == (2, 4)
    reported = [row for row in rows if row[0] and str(row[0]).endswith("· as reported")]
    assert [(row[1], row[4]) for row in reported] == [(0.0636, "differs"), (0.0917, "differs")]


def test_cells_are_numbers_percentages_and_dates(world: World) -> None:
    book, _found = export(world)
    sheet = book["Ranking"]
    assert [(sheet.cell(2, c).value, sheet.cell(2, c).number_format) for c in (4, 7)] == [
        (4, "#,##0"), (pytest.approx(4 / 7), "0.00%"),
    ]  # fmt: skip
    campaign = book["Campaigns"]
    assert campaign.cell(2, 4).value == dt.datetime(2023, 1, 1)
    assert campaign.cell(2, 4).number_format == "yyyy-mm-dd"
    assert [(campaign.cell(2, c).value, campaign.cell(2, c).number_format) for c in (6, 7)] == [
        (6, "#,##0"), (60, "#,##0"),
    ]  # fmt: skip
    assert (campaign.cell(2, 8).value, campaign.cell(2, 8).number_format) == (0.1, "0.00%")


def test_groups_with_baselines_and_their_sum(world: World) -> None:
    book, _found = export(world)
    rows = {row[0]: row for row in table(book, "Members by group") if row[0]}
    assert rows["Courier"][1] == 3
    assert (rows["Courier"][5], rows["Courier"][7], rows["Courier"][8]) == (4, 0.75, "摸底表")
    assert (rows["Truck driver"][5:8], rows["Truck driver"][8]) == ((None,) * 3, "no baseline")
    assert (rows["Sum of groups"][1], rows["Total"][1]) == (7, 7)
    assert rows["Four focus groups"][7] == 0.5


def test_text_that_looks_like_a_formula_stays_text(world: World) -> None:
    Union.objects.filter(pk=world.dong.pk).update(name="=HYPERLINK(0)")
    Union.objects.filter(pk=world.lin.pk).update(name="@SUM(A1)\x07")
    book, _found = export(world)
    names = [book["Ranking"].cell(row, 2) for row in (2, 3)]
    assert [cell.value for cell in names] == ["=HYPERLINK(0)", "@SUM(A1) "]
    assert [(cell.data_type, cell.quotePrefix) for cell in names] == [("s", True), ("s", True)]
    assert not any(
        cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row
    )


def test_file_name_is_safe(world: World) -> None:
    _book, found = export(world)
    assert file_name(found) == "聊城市总工会-2024-03-15.xlsx"
    found.union.name = '../a"b\r\nc/总工会'
    assert file_name(found) == "a-b-c-总工会-2024-03-15.xlsx"
    found.union.name = "/…/"
    assert file_name(found) == "2024-03-15.xlsx"


def test_download_in_the_language_of_the_page_and_in_scope(client: Client, world: World) -> None:
    client.force_login(world.leader)
    response = client.get(
        "/dashboard/export.xlsx", {"union": str(world.dong.pk), "day": "2024-03-01"},
        headers={"accept-language": "en"},
    )  # fmt: skip
    assert response.status_code == 200
    assert response["Content-Type"] == CONTENT_TYPE
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response["Cache-Control"] == "no-store"
    rows = table(load_workbook(io.BytesIO(response.content)), "Figures")
    assert rows[0][:2] == ("Union", "东昌府区总工会")
    assert rows[3][1] == dt.datetime(2024, 3, 1)
    for pk in (world.province.pk, world.other_city.pk, "x"):
        assert client.get("/dashboard/export.xlsx", {"union": str(pk)}).status_code == 404
    client.logout()
    assert client.get("/dashboard/export.xlsx").status_code == 302


def test_whole_ranking_not_only_a_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.selectors.dashboard.PAGE_SIZE", 2)
    book, found = export(world)
    assert len(found.front.ranking.rows) == 4
    assert [row[1] for row in table(book, "Ranking")[1:]] == [
        "东昌府区总工会", "临清市总工会", "聊城市新业态工会联合会", "莘县总工会",
        "Sum of all unions listed", "Pace of",
    ]  # fmt: skip
    assert as_of() is not None
    assert found.as_of.day == DAY


def test_files_hold_what_the_address_asks_for_and_say_so(client: Client, world: World) -> None:
    """The periods of the blocks, the filters of the ranking, and the target that is compared."""
    query = {
        "union": str(world.city.pk), "day": DAY.isoformat(), "range": "36", "period": "month",
        "kind": "county_federation", "status": "at_risk",
    }  # fmt: skip
    client.force_login(world.leader)
    address = f"/dashboard/export.xlsx?{urlencode(query)}"
    answer = client.get(address, headers={"accept-language": "en"})
    book = load_workbook(io.BytesIO(answer.content))
    months = [row[0] for row in table(book, "Trend")[1:]]
    assert (len(months), months[0], months[-1]) == (36, "2024-03", "2021-04")
    assert [row[1] for row in table(book, "Applications")[:2]] == [
        dt.datetime(2024, 3, 1), dt.datetime(2024, 3, 15),
    ]  # fmt: skip
    ranking = table(book, "Ranking")
    assert [row[:2] for row in ranking[:2]] == [
        ("Kind", "County federation"), ("Status", "at risk"),
    ]  # fmt: skip
    assert ranking[2][0] == "Place"
    with translation.override("en"):
        values = values_of(
            dashboard_for(
                world.leader, world.city, asked_day(), kind=query["kind"], status=query["status"],
                period="month",
            )
        )  # fmt: skip
    of_pace = ranking[-1][2]
    assert (ranking[-1][1], str(of_pace).count(" · ")) == ("Pace of", 2)
    assert values["ranking_words"] == (
        f"Kind: County federation · Status: at risk · Pace of: {of_pace}"
    )
    assert values["funnel_period"] == "2024-03-01 – 2024-03-15"
    # Without filters none is named.
    with translation.override("en"):
        values = values_of(dashboard_for(world.leader, world.city, asked_day()))
    assert values["ranking_words"] == f"Pace of: {of_pace}"
    assert values["funnel_period"] == "2024-01-01 – 2024-03-15"


def asked_day() -> AsOf:
    shown = as_of(DAY)
    assert shown is not None
    return shown


def test_summary_on_two_pages(client: Client, world: World) -> None:
    forecast = CampaignForecast.objects.filter(day=DAY)
    forecast.filter(target=world.targets["city_year"]).update(
        expected=Decimal("17.6"), low=Decimal("9.2"), high=Decimal("25.1")
    )
    forecast.filter(target=world.targets["city_plan"]).delete()
    shown = as_of()
    assert shown is not None
    with translation.override("en"):
        values = values_of(dashboard_for(world.leader, world.city, shown))
    assert [key["value"] for key in values["keys"]] == [
        "7", "4", "+4", "50.00%", "6", "7", "—", "833.33",
    ]  # fmt: skip
    assert [target["forecast"] for target in values["targets"]] == [
        "", "Forecast to the end: 18 persons (9 persons to 25 persons)",
    ]  # fmt: skip
    assert [row[1] for row in values["ranking"]] == [
        "东昌府区总工会", "临清市总工会", "聊城市新业态工会联合会", "莘县总工会",
    ]  # fmt: skip
    client.force_login(world.leader)
    response = client.get("/dashboard/export.pdf", {"day": "2024-03-10"})
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].endswith("2024-03-10.pdf")
    assert response.content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", response.content)) == 2


def test_whole_numbers_have_no_bare_point() -> None:
    book = Workbook(write_only=True)
    sheet = Sheet(book, "x", (10,))
    sheet.write([[("number", value)] for value in (Decimal("237.0000"), Decimal("0.5"), 7)])
    file = io.BytesIO()
    book.save(file)
    read = load_workbook(io.BytesIO(file.getvalue()))["x"]
    assert [cell.number_format for (cell,) in read.iter_rows()] == ["#,##0", "#,##0.##", "#,##0"]
