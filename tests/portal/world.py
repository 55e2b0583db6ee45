"""Two branches of a province with their people, for tests of the officials' site."""

from __future__ import annotations

from dataclasses import dataclass

from django.test import Client

from accounts.models import User
from reference.models import Region
from tests.builders import make_official, make_region, make_union, make_user
from unions.enums import Role
from unions.models import Union


@dataclass
class World:
    """``city`` is the branch under test, ``other`` its sibling."""

    province: Union
    city: Union
    county: Union
    low: Union
    other: Union
    other_low: Union
    regions: dict[str, Region]
    official: User
    grassroots: User
    leader: User
    neighbour: User
    operator: User


def make_world() -> World:
    """Regions 37, 3715, 371502, 3714; unions with regions; one person for each role."""
    shandong = make_region("37", "山东省")
    liaocheng = make_region("3715", "聊城市", shandong)
    dongchang = make_region("371502", "东昌府区", liaocheng)
    dezhou = make_region("3714", "德州市", shandong)
    province = make_union("山东省总工会", "provincial_federation", region=shandong)
    city = make_union("聊城市总工会", "city_federation", province, region=liaocheng, code="3715")
    county = make_union(
        "东昌府区总工会", "county_federation", city, region=dongchang, code="371502"
    )
    low = make_union("顺丰工会", "grassroots_union", county)
    other = make_union("德州市总工会", "city_federation", province, region=dezhou, code="3714")
    other_low = make_union("德州联合工会", "joint_union", other)
    return World(
        province=province,
        city=city,
        county=county,
        low=low,
        other=other,
        other_low=other_low,
        regions={"37": shandong, "3715": liaocheng, "371502": dongchang, "3714": dezhou},
        official=make_official("city", city),
        grassroots=make_official("low", low, Role.GRASSROOTS_OFFICIAL),
        leader=make_official("leader", city, Role.LEADER),
        neighbour=make_official("neighbour", other),
        operator=make_user("operator", is_superuser=True),
    )


def logged_in(user: User) -> Client:
    """A browser in which ``user`` is logged in, reading English."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client
