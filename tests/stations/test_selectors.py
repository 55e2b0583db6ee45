"""Finding stations: filters, the nearest first, the regions to choose from."""

import datetime as dt
import math

import pytest

from reference.models import Region
from stations import selectors
from stations.models import Facility, StationJoinCode, StationKind, StationStatus
from stations.selectors import (
    EARTH_RADIUS,
    find_stations,
    join_code_at,
    near,
    regions_with_stations,
)
from tests.builders import make_join_code, make_region, make_union
from tests.stations.builders import make_station
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def regions() -> dict[str, Region]:
    province = make_region("37", "山东省")
    city = make_region("3715", "聊城市", province)
    other = make_region("3701", "济南市", province)
    return {
        "county": make_region("371502", "东昌府区", city),
        "own": Region.objects.create(
            code="3715F01",
            gb_code="3715F01",
            name="高新区",
            full_name="山东省聊城市高新区",
            level=3,
            kind="functional_area",
            parent=city,
        ),
        "other": make_region("370102", "历下区", other),
        "city": city,
    }


@pytest.fixture
def host() -> Union:
    return make_union("市总", "city_federation")


def names(rows: object) -> list[str]:
    return [station.name for station in rows]  # type: ignore[attr-defined]


def test_region_means_its_subtree(host: Union, regions: dict[str, Region]) -> None:
    for key in ("county", "own", "other"):
        make_station(key, host, regions[key])
    assert set(names(find_stations(region="37"))) == {"county", "own", "other"}
    assert set(names(find_stations(region="3715"))) == {"county", "own"}
    assert names(find_stations(region="371502")) == ["county"]
    assert names(find_stations(region="3715F01")) == ["own"]
    assert names(find_stations(region="11")) == []


def test_kind_facilities_and_words_narrow_together(host: Union, regions: dict[str, Region]) -> None:
    county = regions["county"]
    make_station("湖畔驿站", host, county, facilities=["wifi", "toilet"], address="东昌路 8 号")
    make_station("车站驿站", host, county, facilities=["wifi"], address="站前街")
    make_station("司机之家", host, county, kind_id="drivers_home", address="东昌路 99 号")
    wifi, toilet = Facility.objects.get(pk="wifi"), Facility.objects.get(pk="toilet")
    assert set(names(find_stations(facilities=[wifi]))) == {"湖畔驿站", "车站驿站"}
    assert names(find_stations(facilities=[wifi, toilet])) == ["湖畔驿站"]
    assert names(find_stations(kind=StationKind.objects.get(pk="drivers_home"))) == ["司机之家"]
    assert set(names(find_stations(text="东昌路"))) == {"湖畔驿站", "司机之家"}
    assert names(find_stations(text="　驿站 东昌路 ")) == ["湖畔驿站"]
    assert names(find_stations(text="驿站", facilities=[toilet], region="3701")) == []


def test_closed_for_good_is_not_public(host: Union, regions: dict[str, Region]) -> None:
    county = regions["county"]
    make_station("开放", host, county, longitude=116, latitude=36)
    make_station("暂停", host, county, longitude=116, latitude=36, status=StationStatus.PAUSED)
    make_station(
        "关闭", host, county, longitude=116, latitude=36,
        status=StationStatus.CLOSED, closed_on=dt.date(2024, 1, 1),
    )  # fmt: skip
    assert set(names(find_stations())) == {"开放", "暂停"}
    assert set(names(near(116, 36, 10))) == {"开放", "暂停"}


def test_nearest_first_with_distance_in_metres(host: Union, regions: dict[str, Region]) -> None:
    county = regions["county"]
    make_station("远", host, county, longitude=117, latitude=36)
    make_station("此处", host, county, longitude=116, latitude=36)
    make_station("无坐标", host, county)
    make_station("近", host, county, longitude=116, latitude="36.01")
    found = list(near(116.0, 36.0, 3))
    assert names(found) == ["此处", "近", "远"]
    # By another formula, the law of cosines on the sphere.
    south = math.radians(36)
    cosine = math.sin(south) ** 2 + math.cos(south) ** 2 * math.cos(math.radians(1))
    along_the_meridian = EARTH_RADIUS * math.radians(0.01)
    assert [round(station.distance) for station in found] == [  # type: ignore[attr-defined]
        0,
        round(along_the_meridian),
        round(EARTH_RADIUS * math.acos(cosine)),
    ]
    assert names(near(116.0, 36.0, 1)) == ["此处"]


def test_nearest_of_the_filtered(host: Union, regions: dict[str, Region]) -> None:
    make_station("甲", host, regions["county"], longitude=116, latitude=36)
    make_station("乙", host, regions["other"], longitude=117, latitude=36.6)
    assert names(near(116, 36, 5, stations=find_stations(region="3701"))) == ["乙"]


def test_the_antipode_has_a_distance_too(host: Union, regions: dict[str, Region]) -> None:
    make_station("甲", host, regions["county"], longitude=116, latitude=36)
    (station,) = near(-64.0, -36.0, 1)
    assert round(station.distance) == round(math.pi * EARTH_RADIUS)  # type: ignore[attr-defined]


def test_regions_to_choose_from(
    host: Union, regions: dict[str, Region], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = make_region("371502001", "古楼街道", regions["county"])
    make_region("371503", "茌平区", regions["city"])
    make_station("甲", host, town)
    make_station("乙", host, regions["own"])
    make_station("丙", host, regions["other"])
    codes = ["37", "3701", "370102", "3715", "371502", "3715F01"]
    assert [region.code for region in regions_with_stations()] == codes
    monkeypatch.setattr(selectors, "MOST_REGIONS", 5)
    assert [region.code for region in regions_with_stations()] == ["37", "3701", "3715"]
    for chosen in ("3715", "371502", "3715F01"):
        assert [region.code for region in regions_with_stations(chosen)] == [
            "37", "3701", "3715", "371502", "3715F01",
        ]  # fmt: skip


def test_only_a_usable_code_of_this_station(host: Union, regions: dict[str, Region]) -> None:
    union = make_union("镇工会", "township_union", make_union("县总", "county_federation", host))
    station = make_station("甲", host, regions["county"])
    other = make_station("乙", host, regions["county"])
    assert join_code_at(station) is None
    for at, fields in (
        (station, {"is_active": False}),
        (station, {"valid_until": dt.date(2020, 1, 1)}),
        (other, {}),
    ):
        code = make_join_code(union)
        type(code).objects.filter(pk=code.pk).update(**fields)
        StationJoinCode.objects.create(station=at, join_code=code)
    assert join_code_at(station) is None
    usable = make_join_code(union)
    StationJoinCode.objects.create(station=station, join_code=usable)
    assert join_code_at(station) == usable
