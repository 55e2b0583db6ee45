# ruff: noqa: E501 -- a table reads by its lines
"""Which kinds of union there are and what may stand under what: the one place of these rules.

Source: Trade Union Law art. 11 and Constitution of the Chinese Trade Unions art. 11 (federations
rise by division, industrial unions under the federation of their level); the remaining rows follow
the founding practice of national and provincial plans (joint unions, regional and trade
federations, flexible joint unions below townships and communities).

The rows are loaded into ``UnionKind`` and ``UnionKindRule`` by migration and by
``load_kinds()``; the database refuses a parent that no rule allows.
"""

from __future__ import annotations

from typing import NamedTuple

# Holds members until their union is found (周转库). It stands in the tree, but is no union: no
# count of unions holds it.
HOLDING_POOL = "holding_pool"


class Kind(NamedTuple):
    """One row of the kind table. ``level`` orders kinds from the nation (10) to groups (80)."""

    code: str
    name_zh: str
    name_en: str
    level: int
    family: str
    is_territorial: bool
    enrols_members: bool


KINDS: tuple[Kind, ...] = (
    Kind("national_federation", "全国总工会", "National federation", 10, "federation", True, False),
    Kind("provincial_federation", "省级总工会", "Provincial federation", 20, "federation", True, False),
    Kind("city_federation", "市级总工会", "City federation", 30, "federation", True, False),
    Kind("county_federation", "县级总工会", "County federation", 40, "federation", True, True),
    Kind("industrial_union", "产业工会", "Industrial union", 35, "industrial_union", False, False),
    Kind("park_union", "园区工会", "Park union", 50, "regional_federation", True, True),
    Kind("township_union", "乡镇(街道)工会", "Township union", 50, "township_union", True, True),
    Kind("industry_federation", "行业工会联合会", "Trade federation", 55, "federation_of_trade", False, True),
    Kind("regional_federation", "区域工会联合会", "Regional federation", 55, "regional_federation", False, True),
    Kind("nef_federation", "新业态工会联合会", "New-form employment federation", 55, "nef_federation", False, True),
    Kind("community_union", "村(社区)工会", "Community union", 60, "community_union", True, True),
    Kind("flexible_township", "乡镇(街道)灵活就业人员联合工会", "Township flexible joint union", 65, "flexible_joint_union", False, True),
    Kind("flexible_village", "村级灵活就业人员联合工会", "Village flexible joint union", 66, "flexible_joint_union", False, True),
    Kind("flexible_community", "社区灵活就业人员联合工会", "Community flexible joint union", 66, "flexible_joint_union", False, True),
    Kind("holding_pool", "会员周转库", "Holding pool", 67, "holding_pool", False, True),
    Kind("joint_union", "联合基层工会", "Joint union", 70, "joint_union", False, True),
    Kind("group_union", "集团工会", "Group union", 68, "grassroots_union", False, True),
    Kind("grassroots_union", "基层工会", "Grassroots union", 70, "grassroots_union", False, True),
    Kind("work_committee", "工会工作委员会", "Work committee", 58, "work_committee", False, True),
    Kind("branch", "工会分会", "Branch", 75, "branch", False, True),
    Kind("union_group", "工会小组", "Union group", 80, "union_group", False, True),
)  # fmt: skip

_TRADE = ("industry_federation", "regional_federation", "nef_federation")
_FLEXIBLE = ("flexible_township", "flexible_village", "flexible_community")
_BASE = ("joint_union", "group_union", "grassroots_union")

# parent → children that may stand directly under it. None is the top of the tree.
LEGAL_CHILDREN: dict[str | None, tuple[str, ...]] = {
    None: ("national_federation", "provincial_federation", "city_federation", "county_federation"),
    "national_federation": ("provincial_federation", "industrial_union", *_TRADE),
    "provincial_federation": (
        "city_federation", "county_federation", "industrial_union", "work_committee",
        "park_union", *_TRADE, *_BASE,
    ),
    "city_federation": (
        "county_federation", "industrial_union", "park_union", "work_committee", *_TRADE, *_BASE,
    ),
    "county_federation": (
        "township_union", "park_union", "industrial_union", "work_committee", *_TRADE, *_BASE,
        "flexible_township", "holding_pool",
    ),
    "industrial_union": ("industrial_union", "work_committee", *_TRADE, *_BASE),
    "park_union": ("regional_federation", "community_union", *_BASE),
    "township_union": ("community_union", *_TRADE, *_FLEXIBLE, *_BASE),
    "industry_federation": _BASE,
    "regional_federation": _BASE,
    "nef_federation": (*_BASE, *_FLEXIBLE),
    "community_union": ("flexible_village", "flexible_community", *_BASE),
    "work_committee": _BASE,
    "group_union": ("grassroots_union", "branch", "union_group"),
    "joint_union": ("branch", "union_group"),
    "grassroots_union": ("branch", "union_group"),
    "flexible_township": ("branch", "union_group"),
    "flexible_village": ("branch", "union_group"),
    "flexible_community": ("branch", "union_group"),
    "branch": ("union_group",),
}  # fmt: skip


def rules() -> list[tuple[str | None, str]]:
    """Every legal (parent kind or None, child kind) pair."""
    return [(parent, child) for parent, children in LEGAL_CHILDREN.items() for child in children]
