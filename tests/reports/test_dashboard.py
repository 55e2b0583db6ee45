"""The leaders' pages: who sees them, what stands on them, and that they need no script."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from core.clock import CHINA
from reports.metrics import METRICS
from reports.models import ReportRun
from reports.runs import PUBLISH
from tests.builders import make_official, make_union, make_user
from tests.reports.world import World
from unions.enums import Role

D = dt.date
pytestmark = pytest.mark.django_db

PAGES = ("/dashboard/", "/dashboard/rows/", "/dashboard/export.xlsx", "/dashboard/units/",
         "/dashboard/campaigns/1/", "/dashboard/export.pdf", "/dashboard/compare/",
         "/dashboard/parts/trend/")  # fmt: skip


@pytest.fixture
def english(client: Client) -> Client:
    """A client that reads English, for exact words."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def page(client: Client, address: str = "/dashboard/", **query: Any) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("address", PAGES)
def test_strangers_are_sent_to_the_login(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?next=/dashboard/")
    assert client.post(address).status_code == 405


def test_user_without_any_appointment_is_told(english: Client) -> None:
    english.force_login(make_user("nobody"))
    response = english.get("/dashboard/")
    assert response.status_code == 403
    assert "You are not appointed at any union today." in response.content.decode()
    assert english.get("/dashboard/export.xlsx").status_code == 404


def test_before_the_first_night(english: Client) -> None:
    city = make_union("市总", "city_federation")
    english.force_login(make_official("leader", city, Role.LEADER))
    content = page(english)
    assert "Nothing has been counted yet" in content
    assert (
        english.get("/dashboard/rows/", {"union": str(city.pk), "metric": "members"}).status_code
        == 404
    )
    assert english.get("/dashboard/export.xlsx").status_code == 404


@pytest.mark.parametrize("name", ["leader", "official"])
def test_default_is_the_highest_union_of_the_viewer(
    client: Client, world: World, name: str
) -> None:
    client.force_login(getattr(world, name))
    assert client.get("/dashboard/").context["union"] == world.city


def test_other_unions_do_not_exist(client: Client, world: World) -> None:
    client.force_login(world.leader)
    for pk in (world.other_city.pk, world.province.pk, 10**9, "abc", "9" * 40):
        assert client.get("/dashboard/", {"union": str(pk)}).status_code == 404
    client.force_login(world.grassroots)
    assert client.get("/dashboard/", {"union": str(world.flexible.pk)}).status_code == 404
    assert client.get("/dashboard/", {"union": str(world.dong.pk)}).status_code == 404
    assert client.get("/dashboard/", {"union": str(world.town.pk)}).status_code == 200


def cards(response: Any) -> dict[str, tuple[Any, Any, Any]]:
    """Value, change to a month and to a year before, by the code of the key figure."""
    return {
        key.code: (key.value, key.month.difference, key.year.difference)
        for key in response.context["front"].keys
    }


def test_eight_key_figures_and_their_changes(english: Client, world: World) -> None:
    english.force_login(world.leader)
    response = english.get("/dashboard/")
    half, third = Decimal(6) / 12, Decimal(3) / 12
    assert cards(response) == {
        # 15 March 2024: 7; 15 February: 4; on 15 March 2023 people were not counted yet.
        "members": (7, 3, None),
        "joined": (4, 3, None),
        "net_change": (4, 3, None),
        # Counted on 1 January 2024: a year before there was no baseline.
        "enrolment_rate": (half, half - third, None),
        "nef_members": (6, 3, None),
        "unions": (7, 0, 0),
        "establishment_rate": (None, None, None),
        "stations_per_10000": (Decimal(1) / 12 * 10_000, Decimal(0), None),
    }
    content = response.content.decode()
    for piece in ("50.00%", "+25 points", "75.00%", "no baseline", "equals the total"):
        assert piece in content, piece
    for code in cards(response):
        if code != "establishment_rate":  # comes after the page
            assert f'/dashboard/definitions/#metric-{code}"' in content
    assert "provisional" not in content
    # In January the year is too young to be compared with the month before.
    january = english.get("/dashboard/", {"day": "2024-01-20"})
    assert cards(january)["joined"] == (1, None, None)


def test_rate_above_one_is_shown_and_marked(english: Client, world: World) -> None:
    english.force_login(world.leader)
    content = page(english, union=world.lin.pk)
    assert "200.00%" in content
    assert "over 100%" in content


def test_past_day_and_its_links(client: Client, world: World) -> None:
    client.force_login(world.leader)
    response = client.get("/dashboard/", {"day": "2023-12-31"})
    assert response.context["figures"].members == 3
    content = response.content.decode()
    assert f"/dashboard/?union={world.dong.pk}&amp;day=2023-12-31" in content
    assert 'type="date"' in content
    assert 'max="2024-03-15"' in content
    newest = page(client)
    assert f'href="/dashboard/?union={world.dong.pk}"' in newest


def test_day_not_counted_yet_shows_the_newest(english: Client, world: World) -> None:
    english.force_login(world.leader)
    content = page(english, day="2030-01-01")
    assert "2030-01-01 has not been counted yet: these are the figures of 2024-03-15." in content
    assert english.get("/dashboard/", {"day": "2024-02-31"}).status_code == 404


def test_provisional_day_is_marked(english: Client, world: World) -> None:
    run = ReportRun.objects.get(report=PUBLISH)
    assert run.cut_off is not None
    run.cut_off = dt.datetime(2024, 3, 15, 12, tzinfo=CHINA)
    run.save()
    english.force_login(world.leader)
    assert "This day was counted before it was over." in page(english)


def test_breadcrumb_holds_ancestors_in_scope(client: Client, world: World) -> None:
    client.force_login(world.leader)
    response = client.get("/dashboard/", {"union": str(world.town.pk)})
    assert response.context["ancestors"] == [world.city, world.dong]
    assert "山东省总工会</a>" not in response.content.decode()


def test_switcher_for_several_unions_only(client: Client, world: World) -> None:
    client.force_login(world.leader)
    assert 'name="union" value=' in page(client)
    assert 'id="choose-union"' not in page(client)
    user = make_official("two", world.dong, Role.LEADER)
    user.appointments.create(union=world.lin, role=Role.LEADER, starts_on=D(2020, 1, 1))
    client.force_login(user)
    assert switcher(page(client)).count("<option") == 2
    assert switcher(page(client, union=world.town.pk)).count("<option") == 3


def switcher(content: str) -> str:
    """The list of unions to choose from."""
    return content.split('id="choose-union"')[1].split("</select>", maxsplit=1)[0]


def test_every_figure_leads_to_rows(client: Client, world: World) -> None:
    client.force_login(world.official)
    content = page(client) + page(client, "/dashboard/parts/structure/")
    links = {
        part.split('"')[0].replace("&amp;", "&")
        for part in content.split('href="')
        if part.startswith("/dashboard/rows/")
    }
    assert len(links) > 30
    for link in sorted(links):
        context = client.get(link).context
        assert context["value"] == context["total"], link


def test_ranking_is_sorted_on_the_server(client: Client, world: World) -> None:
    client.force_login(world.leader)
    response = client.get("/dashboard/", {"sort": "year", "day": "2024-03-15"})
    content = response.content.decode()
    assert [row.union for row in response.context["ranking"].rows] == [
        world.lin, world.nef, world.dong, world.shen,
    ]  # fmt: skip
    assert 'aria-sort="ascending"' in content
    # The heading that is pressed next turns the order round and keeps the day.
    assert "?sort=-year&amp;day=2024-03-15#ranking" in content


def test_no_inline_script_and_no_style_sheet(client: Client, world: World) -> None:
    client.force_login(world.leader)
    for address in ("/dashboard/", f"/dashboard/campaigns/{world.campaign.pk}/"):
        content = page(client, address)
        assert content.count("<script") == content.count("<script src=")
        assert "<style" not in content
        assert "onclick" not in content
    assert "script-src 'self'" in client.get("/dashboard/")["Content-Security-Policy"]


def test_campaign_page(english: Client, world: World) -> None:
    english.force_login(world.leader)
    address = f"/dashboard/campaigns/{world.campaign.pk}/"
    response = english.get(address, {"sort": "union"})
    content = response.content.decode()
    assert [row.target.union for row, _note in response.context["targets"]] == [
        world.dong, world.lin, world.city, world.city,
    ]  # fmt: skip
    for piece in (
        "组织动员",
        "推进实施",
        "3 × 300万 &lt; 1000万",
        "新发展会员",
        "at risk",
        "40.15%",
    ):
        assert piece in content, piece
    assert english.get(address, {"day": "2023-06-15"}).context["timeline"].bars[0].is_current


def test_campaign_of_a_sibling_is_404(client: Client, world: World) -> None:
    address = f"/dashboard/campaigns/{world.campaign.pk}/"
    for user, status in (
        (world.leader, 200), (world.stranger, 404), (world.grassroots, 404),
        (make_official("county", world.lin), 200),
    ):  # fmt: skip
        client.force_login(user)
        assert client.get(address).status_code == status
    client.force_login(make_official("lin", world.lin))
    assert [r.target for r, _note in client.get(address).context["targets"]] == [
        world.targets["lin"]
    ]


def test_definitions_page(english: Client, world: World) -> None:
    english.force_login(world.grassroots)
    content = page(english, "/dashboard/definitions/")
    assert content.count('class="panel definition"') == len(METRICS)
    assert "Latest baseline up to the day, as recorded when the day was published" in content


def test_trend_of_the_api(client: Client, world: World) -> None:
    client.force_login(world.leader)
    answer = client.get(
        "/api/v1/dashboard/trend/",
        {"union": str(world.city.pk), "breakdown": "courier", "from": "2024-03-01"},
    )
    assert answer.json() == {
        "union": world.city.pk,
        "metric": "members",
        "breakdown": "courier",
        "points": [
            {"day": "2024-03-01", "value": 2},
            {"day": "2024-03-10", "value": 3},
            {"day": "2024-03-15", "value": 3},
        ],
        "books_differ_from": None,
    }
    for query, status in (
        ({"union": str(world.other_city.pk)}, 404), ({}, 404),
        ({"union": str(world.city.pk), "metric": "x"}, 404),
        ({"union": str(world.city.pk), "from": "x"}, 400),
    ):  # fmt: skip
        assert client.get("/api/v1/dashboard/trend/", query).status_code == status
    client.logout()
    assert client.get("/api/v1/dashboard/trend/", {"union": str(world.city.pk)}).status_code in (
        401,
        403,
    )


def test_ranking_of_the_api(client: Client, world: World) -> None:
    client.force_login(world.leader)
    answer = client.get(
        "/api/v1/dashboard/ranking/", {"union": str(world.city.pk), "metric": "-members"}
    ).json()
    assert {k: v for k, v in answer.items() if k != "rows"} == {
        "union": world.city.pk, "day": "2024-03-15", "metric": "-members", "page": 1,
        "page_count": 1, "child_count": 4, "members": 7, "joined_this_month": 2,
        "joined_this_year": 4, "books_differ": [],
    }  # fmt: skip
    assert answer["rows"][1] == {
        "place": 2, "union": world.lin.pk, "name": "临清市总工会", "kind": "county_federation",
        "members": 2, "joined_this_month": 0, "joined_this_year": 1, "share": "0.285714",
        "enrolment_rate_set4": "2.000000", "enrolment_rate_nef": None, "is_over_full_set4": True,
        "is_over_full_nef": False, "pace": "4.880001", "books_differ": [],
    }  # fmt: skip
    for query, status in (
        ({"union": str(world.other_city.pk)}, 404),
        ({"union": str(world.city.pk), "day": "x"}, 400),
        ({"union": str(world.city.pk), "page": "0"}, 400),
    ):
        assert client.get("/api/v1/dashboard/ranking/", query).status_code == status
