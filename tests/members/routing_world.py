"""A small country to look for unions in: one city with three counties, and one province apart."""

from __future__ import annotations

import datetime as dt
from typing import Any

from enterprises.models import Employer
from members.enums import JoinChannel
from members.models import JoinCode
from reference.models import Region
from tests.builders import make_join_code, make_region, make_union
from unions.models import Union
from unions.services import cover_union

PROVINCE, CITY = "37", "3715"
DONGCHANG, LINQING, YANGGU = "371502", "371581", "371521"
GULOU, LIUYUAN, XINHUA = "371502001", "371502002", "371581001"
COMMUNITY, OTHER_COMMUNITY = "371502001001", "371502001002"
ELSEWHERE = "620102"

REGIONS = {
    PROVINCE: "山东省",
    CITY: "聊城市",
    DONGCHANG: "东昌府区",
    LINQING: "临清市",
    YANGGU: "阳谷县",
    GULOU: "古楼街道",
    LIUYUAN: "柳园街道",
    XINHUA: "新华路街道",
    COMMUNITY: "红星社区",
    OTHER_COMMUNITY: "前进社区",
    "62": "甘肃省",
    "6201": "兰州市",
    ELSEWHERE: "城关区",
}
PARENT_DIGITS = {4: 2, 6: 4, 9: 6, 12: 9}


def make_regions() -> dict[str, Region]:
    """All regions by code."""
    made: dict[str, Region] = {}
    for code, name in REGIONS.items():
        parent = made.get(code[: PARENT_DIGITS.get(len(code), 0)])
        made[code] = make_region(code, name, parent)
    return made


def make_tree() -> dict[str, Union]:
    """Unions by their name; each with an open code unless it says otherwise."""
    regions = make_regions()
    unions: dict[str, Union] = {}

    def add(name: str, kind: str, parent: str, region: str, *, code: str | None = "online") -> None:
        above = unions.get(parent)
        union = make_union(name, kind, above, region=regions[region], contact_phone="0635-12")
        unions[name] = union
        if code:
            make_join_code(union, channel=code)

    def employer(name: str, region: str, union: str | None) -> None:
        Employer.objects.create(
            name=name,
            region=regions[region],
            keeper=unions["聊城市总工会"],
            covering_union=unions[union] if union else None,
        )

    add("聊城市总工会", "city_federation", "", CITY, code=None)
    add("东昌府区总工会", "county_federation", "聊城市总工会", DONGCHANG, code=None)
    add("临清市总工会", "county_federation", "聊城市总工会", LINQING, code=None)
    add("阳谷县总工会", "county_federation", "聊城市总工会", YANGGU, code=None)
    add("聊城市新业态工会联合会", "nef_federation", "聊城市总工会", CITY)
    add("东昌府区快递行业工会联合会", "industry_federation", "东昌府区总工会", DONGCHANG)
    add("古楼货运行业工会联合会", "industry_federation", "东昌府区总工会", GULOU)
    add("古楼街道总工会", "township_union", "东昌府区总工会", GULOU)
    add("古楼灵活就业联合工会", "flexible_township", "古楼街道总工会", GULOU)
    add("红星社区工会", "community_union", "古楼街道总工会", COMMUNITY)
    add("红星社区灵活联合工会", "flexible_community", "红星社区工会", COMMUNITY)
    add("柳园街道总工会", "township_union", "东昌府区总工会", LIUYUAN)
    add("临清会员周转库", "holding_pool", "临清市总工会", LINQING)
    add("东昌府会员周转库", "holding_pool", "东昌府区总工会", DONGCHANG)
    add("顺达公司工会", "grassroots_union", "古楼街道总工会", GULOU)
    add("临清顺达公司工会", "grassroots_union", "临清市总工会", LINQING)
    add("闭门公司工会", "grassroots_union", "古楼街道总工会", GULOU, code=None)
    add("平台公司工会", "grassroots_union", "古楼街道总工会", GULOU, code=JoinChannel.PLATFORM)
    employer("顺达公司", GULOU, "顺达公司工会")
    employer("顺达公司", LINQING, "临清顺达公司工会")
    employer("闭门公司", GULOU, "闭门公司工会")
    employer("平台公司", GULOU, "平台公司工会")
    employer("无会公司", GULOU, None)
    cover_union(
        unions["东昌府区快递行业工会联合会"],
        unions["闭门公司工会"],
        since=dt.date(2021, 1, 1),
        actor=None,
    )
    return unions


def close_codes_of(union: Union) -> None:
    """No more sign-ups there."""
    JoinCode.objects.filter(union=union).update(is_active=False)


def place(code: str) -> Region:
    """A region of the world."""
    return Region.objects.get(pk=code)


def names(proposals: Any) -> list[str]:
    """What was proposed, the best first."""
    return [proposal.union.name for proposal in proposals]
