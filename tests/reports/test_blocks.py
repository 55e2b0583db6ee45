"""The blocks of the dashboard, the comparison, and what all of them cost."""

import datetime as dt
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from enterprises.models import Employer
from reports.nightly import run_nightly
from reports.parts import PARTS
from reports.selectors.dashboard import MonthValues
from tests.builders import make_membership, make_official, make_region, make_union
from tests.reports.world import DAY, World, count_anew, make_campaign
from unions.enums import Role
from unions.models import Union

D = dt.date
pytestmark = pytest.mark.django_db


@pytest.fixture
def english(client: Client) -> Client:
    """A client that reads English, for exact words."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def page(client: Client, address: str = "/dashboard/", **query: Any) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def test_blocks_come_after_the_page_and_are_pages_without_scripts(
    english: Client, world: World
) -> None:
    english.force_login(world.leader)
    content = page(english, day="2024-03-10", sort="year")
    for name in set(PARTS) - {"late"}:  # that one only beside figures as known now
        address = f"/dashboard/parts/{name}/?union={world.city.pk}&amp;day=2024-03-10&amp;sort=year"
        assert f'hx-get="{address}"' in content
        assert f'href="{address}"' in content
    for name, pieces in BLOCKS.items():
        address = f"/dashboard/parts/{name}/"
        query = {"union": str(world.city.pk), "day": "2024-03-15"}
        whole = page(english, address, **query)
        block = english.get(address, query, headers={"hx-request": "true"})
        assert block["Vary"].split(", ").count("HX-Request") == 1
        assert "<html" not in block.content.decode()
        assert "<html" in whole
        for piece in pieces:
            assert piece in whole, (name, piece)
            assert piece in block.content.decode(), (name, piece)
    for query in ({"union": str(world.other_city.pk)}, {"day": "x"}):
        assert english.get("/dashboard/parts/trend/", query).status_code == 404
    assert english.get("/dashboard/parts/nothing/").status_code == 404


BLOCKS: dict[str, tuple[str, ...]] = {
    "structure": ("Township flexible joint union", "Covered by federations"),
    "reported": (
        "1,450,000",  # reported members
        "−1,449,993",  # register minus reported
        "28.57%", "6.38%", "6.36%",  # share of unions: register, reported counts, as reported
        "85.71%", "9.31%", "9.17%",  # share of members
        "洛阳市总工会通报",
    ),
    "campaigns": ("3 × 300万 &lt; 1000万", "at risk", 'data-x="2024-03-15"', "Linear pace",
                  "#metric-pace"),
    "trend": ("#metric-members", 'data-x="2024-03"', 'data-series="line"', 'aria-current="true"'),
    "funnel": ("Nobody was refused.", "Phone proven", "#metric-decision_days"),
    "quality": ("Data quality",),
    "late": ("What was published is never changed.",),
    "establishment": ("no baseline", "#metric-establishment_rate"),
}  # fmt: skip


def test_a_block_after_the_session_has_ended_is_no_page_to_log_in(
    client: Client, world: World
) -> None:
    """The script fetches the whole page anew, which leads to the log-in; without one as ever."""
    address = f"/dashboard/parts/trend/?union={world.city.pk}"
    answer = client.get(address, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (204, "true", b"")
    assert client.get(address).status_code == 302


def test_trend_of_three_years_and_of_all(english: Client, world: World) -> None:
    english.force_login(world.leader)

    def months(**query: str) -> list[MonthValues]:
        return list(english.get("/dashboard/parts/trend/", query).context["months"])

    assert [len(months(range=r)) for r in ("12", "36", "all", "x")] == [12, 36, 11, 12]
    content = page(english, "/dashboard/parts/trend/", range="36", figure="joined", sort="name")
    assert 'data-series="bar"' in content
    # The other choices keep this one, and the rest of the state.
    assert "/dashboard/?sort=name&amp;range=36&amp;figure=unions#part-trend" in content


def test_ranking_is_filtered_by_kind_and_by_pace(english: Client, world: World) -> None:
    english.force_login(world.leader)

    def names(**query: str) -> list[Union]:
        ranking = english.get("/dashboard/", query).context["ranking"]
        assert ranking.child_count == len(ranking.rows)
        assert ranking.members == sum(row.members for row in ranking.rows)
        assert ranking.all_count == 4
        return [row.union for row in ranking.rows]

    assert names(kind="nef_federation") == [world.nef]
    assert names(kind="county_federation") == [world.dong, world.lin, world.shen]
    assert names(status="reached") == [world.lin]
    assert names(status="ahead", kind="county_federation") == [world.dong]
    assert names(status="behind") == []
    assert names(status="no such status", kind="no such kind") == []
    content = page(english, status="behind", day="2024-03-10", sort="name")
    assert "No union passes these filters." in content
    assert 'name="day" value="2024-03-10"' in content
    assert f"/dashboard/?union={world.city.pk}&amp;day=2024-03-10&amp;sort=name#ranking" in (
        content.replace("/dashboard/?day", f"/dashboard/?union={world.city.pk}&amp;day")
    )


def test_known_now_beside_published(english: Client, world: World) -> None:
    make_membership(world.lin, group="courier", on="2024-02-10")
    english.force_login(world.official)

    def members(**query: str) -> int:
        context = english.get("/dashboard/", query).context
        return next(key.value for key in context["front"].keys if key.code == "members")

    assert (members(), members(view="now")) == (7, 8)
    assert members(view="now", day="2024-02-09") == 4
    late = english.get("/dashboard/parts/late/").context["late"]
    assert [(row.metric, row.published, row.known) for row in late] == [
        ("members", 7, 8), ("retained", 0, 0), ("joined", 2, 2), ("joined", 4, 5),
        ("members", 4, 5),
    ]  # fmt: skip
    content = page(english, view="now", sort="name")
    # The state goes along: to the rows, to the other version, to a child.
    rows = f"/dashboard/rows/?union={world.city.pk}&amp;day=2024-03-15&amp;metric=members"
    assert f'href="{rows}&amp;view=now"' in content
    assert 'href="/dashboard/?sort=name"' in content
    assert f'href="/dashboard/?union={world.lin.pk}&amp;sort=name&amp;view=now"' in content
    query = {"union": str(world.city.pk), "metric": "members", "late": "1"}
    context = english.get("/dashboard/rows/", query).context
    assert (context["published"], context["known"]) == (7, 8)
    assert (context["value"], context["total"], len(context["persons"])) == (1, 1, 1)


def test_units_behind_the_establishment_rate(english: Client, world: World) -> None:
    for number, covering in enumerate((world.town, world.town, None)):
        Employer.objects.create(
            name=f"企业{number}", region=world.region, keeper=world.dong, covering_union=covering
        )
    count_anew(DAY)
    english.force_login(world.leader)
    key = english.get("/dashboard/parts/establishment/").context["key"]
    assert key.value == Decimal(2) / 3
    context = english.get("/dashboard/units/").context
    assert context["sums"] == {"units": 3, "covered": 2}
    assert (context["figure"].units, context["figure"].covered) == (3, 2)
    for covered, names in (("yes", ["企业0", "企业1"]), ("no", ["企业2"]), ("x", 3 * [None])):
        rows = english.get("/dashboard/units/", {"covered": covered}).context["page"]
        assert len(rows) == len(names)
        assert covered == "x" or [row.employer.name for row in rows] == names
    assert "/dashboard/units/?" in page(english, "/dashboard/parts/establishment/")
    assert english.get("/dashboard/units/", {"union": str(world.lin.pk)}).context["sums"] == {
        "units": 0, "covered": 0,
    }  # fmt: skip


def test_two_unions_and_two_days_side_by_side(english: Client, world: World) -> None:
    english.force_login(world.leader)

    def lines(**query: Any) -> dict[str, tuple[Any, Any, Any]]:
        found = english.get("/dashboard/compare/", query).context["lines"]
        return {
            line.first.code: (line.first.value, line.second.value, line.difference)
            for line in found
        }

    pair = lines(**{"union": world.dong.pk, "with": world.lin.pk})
    assert pair["members"] == (4, 2, -2)
    assert pair["enrolment_rate"] == (None, Decimal(2), None)
    days = lines(day="2023-12-31", day2="2024-03-15")
    assert (days["members"], days["joined"]) == ((3, 7, 4), (3, 4, 1))
    context = english.get(
        "/dashboard/compare/", {"union": str(world.dong.pk), "day": "2024-03-15"}
    ).context
    sides = context["first"], context["second"]
    assert [(side.union, side.day) for side in sides] == [
        (world.dong, D(2024, 2, 15)), (world.dong, D(2024, 3, 15)),
    ]  # fmt: skip
    assert context["is_same"] is False
    assert world.lin in context["choices"]
    same = {"union": str(world.dong.pk), "day": "2024-03-15", "day2": "2024-03-15"}
    assert english.get("/dashboard/compare/", same).context["is_same"] is True
    for other in (world.other_city.pk, world.province.pk, "x"):
        assert english.get("/dashboard/compare/", {"with": str(other)}).status_code == 404


# Log-in, session and appointments included; nothing is remembered between requests here. Where
# more has happened some cost more, and none more than twelve: ``test_query_budget``.
QUERIES = {
    "/dashboard/": 11,
    "/dashboard/?view=now": 11,
    "/dashboard/parts/campaigns/": 10,
    "/dashboard/parts/trend/": 7,
    "/dashboard/parts/funnel/": 7,
    "/dashboard/parts/quality/": 9,
    "/dashboard/parts/structure/": 10,
    "/dashboard/parts/reported/": 11,
    "/dashboard/parts/establishment/": 7,
    "/dashboard/parts/rates/": 12,
    "/dashboard/parts/late/": 10,
    "/dashboard/units/": 11,
    "/dashboard/compare/": 11,
    "/dashboard/map.json": 8,
    "/dashboard/campaigns/{campaign}/": 12,
    "/dashboard/quality/": 9,
    "/dashboard/rows/?metric=members": 9,
    "/dashboard/rows/?metric=members&view=now": 9,
    "/dashboard/rows/?metric=members&group_set=set4&view=now": 10,
    "/dashboard/rows/?metric=joined&since=2024-03-01": 9,
    "/dashboard/rows/?metric=joined&since=2024-03-01&breakdown=courier": 10,
    "/dashboard/rows/?metric=nef_unions&breakdown=flexible_township": 9,
    "/dashboard/rows/?metric=stations": 8,
}


def test_pages_cost_the_same_few_queries_for_3_and_60_children(
    client: Client, django_assert_num_queries: Any
) -> None:
    assert {f"/dashboard/parts/{name}/" for name in PARTS} <= set(QUERIES)
    city = make_union("市总", "city_federation")
    leader = make_official("leader", city, Role.LEADER)
    region = make_region("3715", "聊城市", make_region("37", "山东省"))
    Employer.objects.create(name="企业", region=region, keeper=city)
    for first, last in ((0, 3), (3, 60)):
        for number in range(first, last):
            county = make_union(f"县总{number}", "county_federation", city)
            make_membership(county, group="courier", on="2024-03-01")
        if not first:
            district = make_union("区总", "county_federation", city)
            campaign, _targets = make_campaign(city, city, district, county)
        run_nightly(D(2024, 3, 20) if first else D(2024, 3, 15))
        client.force_login(leader)
        # An earlier day than the newest, of a union that is named: the dearest way to ask.
        query = {"union": str(city.pk), "day": "2024-03-14"}
        for address, number in QUERIES.items():
            assert number <= 12
            with django_assert_num_queries(number, info=address):
                path, _, more = address.format(campaign=campaign.pk).partition("?")
                response = client.get(path, query | dict(parse_qsl(more)))
            assert response.status_code == 200
    newest = client.get("/dashboard/").context["ranking"]
    assert (len(newest.rows), newest.members) == (61, 60)
