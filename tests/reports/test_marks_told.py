"""Figures behind which books differ are marked in files, letters, the API and on the big screen."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import strip_tags
from openpyxl import load_workbook

from campaigns.models import Campaign
from enterprises.models import WorkforceBaseline
from reports.brief import brief_of, letter_of, message_values
from reports.briefings.content import briefing_of
from reports.briefings.paper import page_values, paper_of
from reports.briefings.workbook import workbook_of as briefing_workbook
from reports.exports import workbook_of
from reports.models import Drift
from reports.nightly import run_nightly
from reports.screens import make_screen
from reports.selectors.dashboard import Dashboard, dashboard_for
from reports.selectors.days import as_of
from reports.summary import summary_of, values_of
from tests.builders import make_membership
from tests.reports.test_marks import MARK, differ, differ_in_ledger, sound as sound
from tests.reports.world import DAY, World
from unions.models import Union

pytestmark = pytest.mark.django_db

D = dt.date


def dashboard(world: World, union: Union) -> Dashboard:
    shown = as_of()
    assert shown is not None
    return dashboard_for(world.leader, union, shown)


def sheets(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def noted(rows: list[tuple[Any, ...]], name: int, note: int) -> dict[Any, Any]:
    """The notes of a sheet that speak of books, by the cell ``name`` of their rows."""
    found = {row[name]: row[note] for row in rows if len(row) > note and row[name]}
    return {key: text for key, text in found.items() if text and MARK in text}


def test_workbook(sound: World) -> None:
    for metric, breakdown in (
        ("members", ""), ("members", "courier"), ("nef_unions", ""), ("stations", ""),
        ("unions", "county_federation"), ("rejoined", ""),
    ):  # fmt: skip
        differ(sound.city, metric, breakdown, day=D(2024, 2, 10))
    differ(sound.lin, "members", "truck_driver")
    differ(sound.dong, "joined")
    with translation.override("en"):
        book = sheets(workbook_of(dashboard(sound, sound.city)))
    assert noted(book["Figures"], 0, 4) == {
        "Members (register)": MARK, "New-form members": MARK, "Unions of new-form workers": MARK,
        "Stations": MARK, "Share of new-form unions · register": MARK,
        "Share of new-form members · register": MARK,
    }  # fmt: skip
    assert noted(book["Key figures"], 8, 9).keys() == {
        "members", "net_change", "enrolment_rate", "nef_members", "stations_per_10000",
    }  # fmt: skip
    rates = noted(book["Rates and changes"], 6, 5)
    assert rates.pop("enrolment_rate_set", None) is None
    assert rates["rejoined"] == rates["net_change"] == MARK
    assert "joined" not in rates
    four = next(row for row in book["Rates and changes"] if row[1] == "Four focus groups")
    assert (four[2], four[5]) == (0.5, f"{MARK} · 2024-01-01 · 摸底表")
    groups = noted(book["Members by group"], 0, 10)
    assert groups["Courier"] == f"Members: {MARK} · Enrolment rate: {MARK}"
    assert (groups["Sum of groups"], groups["Total"]) == (MARK, MARK)
    assert "Truck driver" not in groups
    assert noted(book["Unions and stations"], 1, 4) == {"County federation": f"Unions: {MARK}"}
    assert noted(book["Unions and stations"], 0, 4) == {"Total": MARK} | {
        "Federations": f"Unions: {MARK}"
    }
    rates_of = "Rate, four groups: no baseline · Rate, new-form workers: no baseline"
    assert noted(book["Ranking"], 1, 12) == {
        sound.dong.name: f"{rates_of} · New this month: {MARK} · New this year: {MARK}",
        sound.lin.name: "Rate, four groups: over 100% · Rate, new-form workers: no baseline"
        f" · Rate, four groups: {MARK}",
        "Sum of all unions listed": f"New this month: {MARK} · New this year: {MARK}",
    }
    both = f"Members: {MARK} · Stations: {MARK}"
    assert noted(book["Trend"], 0, 6) == {"2024-03": both, "2024-02": both}
    assert noted(book["Reported figures"], 0, 8).keys() == {
        "Members", "New-form members", "Unions of new-form workers", "Share of new-form unions",
        "Share of new-form members",
    }  # fmt: skip
    assert noted(book["Campaigns"], 1, 11) == {}
    differ(sound.city, "joined", "courier")
    with translation.override("en"):
        book = sheets(workbook_of(dashboard(sound, sound.city)))
    assert [row[11] for row in book["Campaigns"][1:]] == [f"{MARK} 3 × 300万 < 1000万"] * 2


def test_summary(sound: World) -> None:
    with translation.override("en"):
        before = values_of(dashboard(sound, sound.city))
    assert "※" not in str(before)
    assert MARK not in str(before)
    differ(sound.city, "members", day=D(2024, 2, 10))
    differ(sound.city, "members", "courier")
    differ(sound.lin, "members", "truck_driver")
    differ(sound.city, "joined", "courier")
    with translation.override("en"):
        found = dashboard(sound, sound.city)
        values, paper = values_of(found), summary_of(found)
    units = {key["name"]: key["unit"] for key in values["keys"] if MARK in key["unit"]}
    assert units == {
        "Members": f"persons · {MARK}", "Net change this year": f"persons · {MARK}",
        "Enrolment rate, four groups": MARK, "New-form members": f"persons · {MARK}",
    }  # fmt: skip
    meaning = "※ Books differ: those behind the figure did not agree when checked."
    assert [values[f"{part}_note"] for part in ("trend", "groups", "ranking")] == [meaning] * 3
    assert [row["members_text"] for row in values["trend"]][-3:] == ["4", "5※", "7※"]
    courier = next(row for row in values["groups"] if row[0] == "Courier")
    assert (courier[1], courier[3], courier[5]) == ("3※", "2※", "75.00%※")
    assert values["sum"] == ["Sum of groups", "7※"]
    ranked = {row[1]: row for row in values["ranking"]}
    assert ranked[sound.lin.name][5] == "200.00% · over 100%※"
    assert "※" not in "".join(ranked[sound.dong.name])
    assert {target["value"].split(" · ")[-1] for target in values["targets"]} == {MARK}
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 2


def test_letter_and_message(sound: World) -> None:
    def told() -> tuple[str, list[str], str]:
        brief = brief_of(sound.leader, sound.city, DAY)
        with translation.override("en"):
            subject, body = letter_of(brief)
        return subject, body.splitlines(), message_values(brief)["more"]

    subject, lines, more = told()
    assert MARK not in subject + "".join(lines)
    assert more == ""
    differ(sound.city, "unions")
    differ_in_ledger(sound.memberships[0])
    subject, lines, more = told()
    assert subject.endswith(f"7 members (0) · {MARK}")
    assert f"Members: 7 (since the day before: 0) · {MARK}" in lines
    assert f"New this month: 2, this year: 4 · {MARK}" in lines
    assert f"Enrolment rate, four groups: 50.00% · {MARK}" in lines
    assert f"Unions: 7, stations: 1 · Unions: {MARK}" in lines
    targets = [line for line in lines if line.startswith("· 三年行动计划")]
    assert [line.endswith(MARK) for line in targets] == [True, True]
    assert more == "账目不符：会员、新增。"


def test_api(client: Client, sound: World) -> None:
    differ(sound.city, "members", "courier", day=D(2024, 3, 2))
    differ(sound.dong, "joined", "courier")
    differ(sound.lin, "members", "truck_driver")
    differ_in_ledger(sound.memberships[6])
    client.force_login(sound.leader)

    def get(address: str, **query: Any) -> Any:
        return client.get(f"/api/v1/{address}", {"union": sound.city.pk, **query}).json()

    ranking = get("dashboard/ranking/")
    assert {row["name"]: row["books_differ"] for row in ranking["rows"]} == {
        sound.dong.name: ["pace"],
        sound.lin.name: ["enrolment_rate_set4"],
        sound.nef.name: ["members", "joined_this_month", "joined_this_year"],
        sound.shen.name: [],
    }
    assert ranking["books_differ"] == ["members", "joined_this_month", "joined_this_year"]
    trend = "dashboard/trend/"
    assert get(trend, breakdown="courier")["books_differ_from"] == "2024-03-02"
    assert get(trend, breakdown="courier", to="2024-03-01")["books_differ_from"] is None
    assert get(trend)["books_differ_from"] == DAY.isoformat()  # the membership
    assert get(trend, metric="unions")["books_differ_from"] is None
    address = f"/api/v1/campaigns/{sound.campaign.pk}/progress/"
    progress = client.get(address).json()["targets"]
    assert {row["union_name"]: row["books_differ"] for row in progress} == {
        sound.city.name: True, sound.dong.name: True, sound.lin.name: False,
    }  # fmt: skip


def test_map_and_what_it_says(
    client: Client, sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    differ(sound.dong, "members")
    differ(sound.lin, "members", "truck_driver")

    def marked(metric: str) -> tuple[str, dict[str, str]]:
        query: dict[str, Any] = {"union": sound.city.pk, "metric": metric}
        client.force_login(sound.leader)
        answer = client.get("/dashboard/map.json", query, headers={"accept-language": "en"})
        found = answer.json()
        marks = {area["name"]: area["mark"] for area in found["areas"] if area["mark"]}
        return found["marked"], marks

    assert marked("members") == (f"Books differ: {sound.dong.name}", {sound.dong.name: MARK})
    assert marked("set4") == (f"Books differ: {sound.lin.name}", {sound.lin.name: MARK})
    assert marked("nef") == marked("year") == marked("pace") == ("", {})
    differ(sound.lin, "members")
    both = f"{sound.dong.name}, {sound.lin.name}"
    assert marked("members")[0] == f"Books differ: {both}"
    monkeypatch.setattr("reports.map_views.MOST_NAMED", 1)
    assert marked("members")[0] == f"Books differ: {sound.dong.name} …"


def test_briefing(sound: World) -> None:
    campaign = Campaign.objects.select_related("owner", "group_set").get(pk=sound.campaign.pk)
    run_nightly(DAY + dt.timedelta(days=1))
    shown = as_of()
    Union.objects.filter(pk=campaign.owner_id).update(name="山东省总工会")

    def texts() -> tuple[dict[str, Any], dict[str, list[tuple[Any, ...]]]]:
        with translation.override("en"):
            briefing = briefing_of(sound.official, campaign, shown)
            assert paper_of(briefing, DAY).startswith(b"%PDF-")
            return page_values(briefing, DAY), sheets(briefing_workbook(briefing))

    values, book = texts()
    assert "※" not in str(values)
    assert MARK not in str(book)
    differ(sound.dong, "joined", "courier")
    values, book = texts()
    (year,) = [annex for annex in values["annexes"] if "2024" in annex["period"]]
    reached = {row[1].strip("　"): row[3] for row in year["rows"]}
    assert reached == {sound.city.name: "4", sound.dong.name: "2※", sound.lin.name: "1"}
    overview, *_others, explained = values["sections"]
    assert "Books differ at 1 unit of the table; its figure is marked." in [
        block.get("text") for block in overview["blocks"]
    ]
    assert explained["blocks"][-1]["text"].startswith("※ Books differ: ")
    assert noted(book["Units 2"], 1, 12) == {f"　{sound.dong.name}": MARK}


def test_big_screen(sound: World) -> None:
    """What is too small to be shown is not marked either."""
    WorkforceBaseline.objects.all().delete()
    for union, count in ((sound.dong, 20), (sound.nef, 12)):
        for _number in range(count):
            make_membership(union, group="courier", on="2024-03-01")
    day = DAY + dt.timedelta(days=1)
    run_nightly(day)
    Drift.objects.all().delete()  # what the city reported
    for union in (sound.city, sound.dong, sound.lin):
        differ(union, "members", day=day)
    differ(sound.dong, "members", "courier", day=day)
    differ(sound.city, "joined", "courier", day=day)
    _screen, token = make_screen(sound.city, name="厅", actor=sound.official)
    wall = Client(HTTP_ACCEPT_LANGUAGE="en")
    wall.get(f"/dashboard/screen/{token}/")
    answer = wall.get("/dashboard/screen/")
    view, content = answer.context["view"], answer.content.decode()
    assert [figure.name for figure in view.figures if figure.books_differ] == [
        "Members", "Share of new-form members",
    ]  # fmt: skip
    assert {row.union: (row.members, row.members_differ) for row in view.ranking} == {
        sound.dong: (24, True), sound.nef: (None, False), sound.lin: (None, False),
        sound.shen: (0, False),
    }  # fmt: skip
    assert {row.joined_differ for row in view.ranking} == {False}
    words = " ".join(strip_tags(content).split())
    told = "New this year 36 persons New this month 34 persons Rate"
    assert f"Members 39 persons {MARK} {told}" in words
    assert f"1{sound.dong.name}2224 {MARK} 2" in words
    assert f"The last twelve months Members: {MARK} " in words
    assert [target.row.books_differ for target in view.targets] == [True, True]
    assert f"38 persons {MARK} / 60 persons" in words
    assert f"36 persons {MARK} / 20 persons" in words
    assert {area.union for area in view.map.areas if area.books_differ} == set()  # by the year
    differ(sound.dong, "joined", day=day)
    view = wall.get("/dashboard/screen/").context["view"]
    assert {area.union for area in view.map.areas if area.books_differ} == {sound.dong}
