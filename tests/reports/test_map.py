"""Unions below on the map: who has which shape, what colour, and that nobody is left out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from reference.models import Region
from reports.selectors.shapes import PROVINCE_FILES, shapes_below
from tests.builders import make_membership, make_official, make_region, make_union
from tests.reports.world import DAY, World
from unions.enums import Role


def region(code: str, name: str) -> Region:
    """A region that is in no table."""
    level = {2: 1, 4: 2, 6: 3}[len(code)]
    return Region(code=code, gb_code=code.ljust(6, "0"), name=name, level=level)


@pytest.mark.parametrize(
    ("below", "code", "name", "shape"),
    [
        (None, "37", "山东省", "山东"),
        (None, "65", "新疆维吾尔自治区", "新疆"),
        ("37", "3715", "聊城市", "聊城市"),
        ("11", "110101", "东城区", "东城区"),  # a municipality shows its districts
        ("65", "6528", "巴音郭楞蒙古自治州", "巴音郭楞蒙古自治州"),
        ("65", "6505", "哈密市", "哈密市"),  # a prefecture by another code when it was drawn
        ("65", "659001", "石河子市", "石河子市"),  # of the corps, directly below the region
        ("50", "500155", "梁平区", "梁平县"),  # a county then
        ("46", "469005", "文昌市", "文昌市"),
        ("65", "659010", "胡杨河市", None),  # founded later
        ("71", "7102", "新竹县", "新竹县"),  # by its whole name: there is a city too
        ("71", "7103", "新竹区", None),
    ],
)
def test_shape_of_a_region(below: str | None, code: str, name: str, shape: str | None) -> None:
    shapes = shapes_below(below)
    assert shapes is not None
    assert shapes.name_of(region(code, name)) == shape


def test_there_are_files_for_all_provinces_and_none_below() -> None:
    assert all(shapes_below(code) is not None for code in PROVINCE_FILES)
    assert shapes_below("3715") is None
    nation = shapes_below(None)
    assert nation is not None
    assert {code[:2] for code in nation.by_code} == PROVINCE_FILES.keys()


def asked(client: Client, **query: Any) -> dict[str, Any]:
    """What the page that draws the map gets."""
    answer = client.get("/dashboard/map.json", query, HTTP_ACCEPT_LANGUAGE="en")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_counties_have_no_shapes_and_stand_by_their_figure(client: Client, world: World) -> None:
    client.force_login(world.leader)
    found = asked(client, union=world.city.pk, day=DAY.isoformat())
    assert (found["shapes"], found["has_pace"], found["left_out"]) == (None, True, 0)
    assert [(area["name"], area["text"], area["band"]) for area in found["areas"]] == [
        (world.dong.name, "4", 3),
        (world.lin.name, "2", 2),
        (world.nef.name, "1", 1),
        (world.shen.name, "0", 0),
    ]  # fmt: skip
    assert found["bands"] == ["0", "1", "2", "4"]
    assert [area["place"] for area in found["areas"]] == [1, 2, 3, 4]
    rate = asked(client, union=world.city.pk, day=DAY.isoformat(), metric="set4")
    assert [(area["name"], area["text"], area["band"]) for area in rate["areas"]][:2] == [
        (world.lin.name, "200.00% · over 100%", 0),
        (world.dong.name, "— no baseline", None),
    ]
    assert rate["bands"] == ["200.00%"]
    # What is unknown has no place, as in the ranking.
    assert [area["place"] for area in rate["areas"]] == [1, None, None, None]
    pace = asked(client, union=world.city.pk, metric="pace")
    assert pace["name"] == "Pace"
    assert {area["text"] for area in pace["areas"] if area["band"] is None} == {"no figure"}
    assert asked(client, union=world.city.pk, metric="members'; --")["metric"] == "members"


def test_prefectures_stand_on_their_shapes_and_the_others_beside(
    client: Client, world: World, django_assert_num_queries: Any
) -> None:
    """The province names no region: it is told by that of its children."""
    heze = make_region("3717", "菏泽市", world.region.parent)
    other = make_union("菏泽市总工会", "city_federation", world.province, region=heze)
    rail = make_union("山东铁路工会", "industrial_union", world.province, region=heze)
    make_membership(other, group="courier", on="2024-03-01")
    leader = make_official("province", world.province, Role.LEADER)
    client.force_login(leader)
    found = asked(client, union=world.province.pk)
    assert found["shapes"]["map"] == "province-37"
    assert found["shapes"]["url"].endswith("vendor/maps/province/shandong.json")
    shapes = {area["union"]: area["shape"] for area in found["areas"]}
    assert shapes == {
        world.city.pk: "聊城市",
        other.pk: "菏泽市",
        rail.pk: None,
        world.other_city.pk: None,
    }
    with django_assert_num_queries(8) as few:
        asked(client, union=world.province.pk)
    for number in range(3):
        make_union(f"产业工会{number}", "industrial_union", world.province)
    with django_assert_num_queries(len(few.captured_queries)):
        asked(client, union=world.province.pk)


def test_map_of_others_and_of_no_day(client: Client, world: World) -> None:
    client.force_login(world.leader)
    refused: tuple[dict[str, Any], ...] = (
        {"union": world.other_city.pk},
        {"union": world.province.pk},
        {},
        {"union": world.city.pk, "day": "2024-02-31"},
    )
    for query in refused:
        assert client.get("/dashboard/map.json", query).status_code == 404
    page = client.get("/dashboard/", {"day": DAY.isoformat()}).content.decode()
    assert 'data-url="/dashboard/map.json"' in page
    assert "vendor/maps" not in page  # shapes are fetched when the map is looked at
