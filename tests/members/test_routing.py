"""Which union somebody without a code is led to: the shipped rules against a table of cases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from pytest_django import DjangoDbBlocker

from members.enums import JoinChannel
from members.models.routing import RoutingRule, RoutingStep
from members.routing import WorkPlace, advise
from reference.models import WorkerGroup
from reference.trade_words import tidy_trade_words
from tests.builders import make_join_code, make_union
from tests.members.routing_world import (
    CITY,
    COMMUNITY,
    DONGCHANG,
    ELSEWHERE,
    GULOU,
    LINQING,
    LIUYUAN,
    OTHER_COMMUNITY,
    XINHUA,
    YANGGU,
    close_codes_of,
    make_tree,
    names,
    place,
)
from unions.enums import UnionStatus
from unions.models import Union

pytestmark = pytest.mark.django_db

COURIERS, TRUCKS, NEF = (
    "东昌府区快递行业工会联合会",
    "古楼货运行业工会联合会",
    "聊城市新业态工会联合会",
)
FLEXIBLE, FLEXIBLE_COMMUNITY = "古楼灵活就业联合工会", "红星社区灵活联合工会"
TOWNSHIP, COMMUNITY_UNION, LIUYUAN_UNION = "古楼街道总工会", "红星社区工会", "柳园街道总工会"
POOL, LINQING_POOL = "东昌府会员周转库", "临清会员周转库"
FIRM, LINQING_FIRM = "顺达公司工会", "临清顺达公司工会"

# place, group, employer → unions in order, positions of the rules that found them
CASES: list[tuple[str, str | None, str, list[str], list[int]]] = [
    # The employer's union comes before everything else.
    (GULOU, "courier", "顺达公司", [FIRM, COURIERS, NEF], [10, 20, 20]),
    (GULOU, "employee", "顺达公司", [FIRM, FLEXIBLE, TOWNSHIP], [10, 40, 60]),
    (GULOU, None, " 顺达公司 ", [FIRM, FLEXIBLE, TOWNSHIP], [10, 40, 60]),
    # One name in two counties: the nearest; from the city both are as near.
    (LINQING, "employee", "顺达公司", [LINQING_FIRM], [10]),
    (DONGCHANG, "employee", "顺达公司", [FIRM], [10]),
    (CITY, "employee", "顺达公司", [FIRM, LINQING_FIRM], [10, 10]),
    # Its union takes nobody online: a federation that covers it does.
    (LIUYUAN, "employee", "闭门公司", [COURIERS, LIUYUAN_UNION], [10, 60]),
    # A link made for a platform's app is not for everybody.
    (GULOU, "employee", "平台公司", [FLEXIBLE, TOWNSHIP], [40, 60]),
    # Known to the register, but without a union; not known at all.
    (GULOU, "employee", "无会公司", [FLEXIBLE, TOWNSHIP], [40, 60]),
    (GULOU, "employee", "哪里都没有", [FLEXIBLE, TOWNSHIP], [40, 60]),
    # The trade's federation: township before county before city; other trades' are left out.
    (GULOU, "truck_driver", "", [TRUCKS, NEF, FLEXIBLE], [20, 20, 40]),
    (LIUYUAN, "truck_driver", "", [NEF, LIUYUAN_UNION], [20, 60]),
    (LIUYUAN, "courier", "", [COURIERS, NEF, LIUYUAN_UNION], [20, 20, 60]),
    (YANGGU, "courier", "", [NEF], [20]),
    (COMMUNITY, "delivery_rider", "", [NEF, FLEXIBLE_COMMUNITY, FLEXIBLE], [20, 30, 40]),
    # Flexible joint unions, the smallest first; then the unions of community and township.
    (
        COMMUNITY,
        "other_flexible",
        "",
        [FLEXIBLE_COMMUNITY, FLEXIBLE, COMMUNITY_UNION],
        [30, 40, 50],
    ),
    (OTHER_COMMUNITY, "other_flexible", "", [FLEXIBLE, TOWNSHIP], [40, 60]),
    (GULOU, None, "", [FLEXIBLE, TOWNSHIP], [40, 60]),
    (LIUYUAN, "other_flexible", "", [LIUYUAN_UNION], [60]),
    # Nothing fits: the county's pool, and only then.
    (DONGCHANG, "other_flexible", "", [POOL], [90]),
    (XINHUA, "employee", "", [LINQING_POOL], [90]),
    (LINQING, None, "", [LINQING_POOL], [90]),
    (LINQING, "other_nef", "", [NEF], [20]),
    # No pool either: nothing is proposed, and the federation is named.
    (YANGGU, "employee", "", [], []),
    (ELSEWHERE, "courier", "顺达公司", [], []),
]


@pytest.fixture(scope="module")
def tree(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Union]]:
    """Built once; every test runs in a savepoint of this transaction."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_tree()
        transaction.set_rollback(True)


def work_place(code: str, group: str | None = None, employer: str = "") -> WorkPlace:
    return WorkPlace(place(code), WorkerGroup.objects.get(pk=group) if group else None, employer)


@pytest.mark.parametrize(("where", "group", "employer", "unions", "positions"), CASES)
def test_rules_lead_to(
    tree: dict[str, Union],
    where: str,
    group: str | None,
    employer: str,
    unions: list[str],
    positions: list[int],
) -> None:
    question = work_place(where, group, employer)
    with CaptureQueriesContext(connection) as queries:
        proposals, contact = advise(question)
    assert names(proposals) == unions
    assert [proposal.rule.position for proposal in proposals] == positions
    assert (contact is None) == (bool(unions) or where == ELSEWHERE)
    assert len(queries) <= 12


@pytest.mark.parametrize(
    ("where", "federation"), [(YANGGU, "阳谷县总工会"), (CITY, "聊城市总工会"), (ELSEWHERE, None)]
)
def test_without_a_union_the_federation_in_charge_is_named(
    tree: dict[str, Union], where: str, federation: str | None
) -> None:
    advice = advise(work_place(where))
    assert advice.proposals == []
    assert (advice.contact and advice.contact.name) == federation


def test_reason_is_in_the_readers_language(tree: dict[str, Union]) -> None:
    best = advise(work_place(GULOU, "employee", "顺达公司")).proposals[0]
    with override("zh-hans"):
        assert best.reason == "您的单位已建工会"
    with override("en"):
        assert best.reason == "Your employer has a union"


def test_closed_codes_and_dissolved_unions_are_not_proposed(tree: dict[str, Union]) -> None:
    close_codes_of(tree[FLEXIBLE])
    Union.objects.filter(pk=tree[TOWNSHIP].pk).update(status=UnionStatus.PREPARING)
    assert names(advise(work_place(GULOU)).proposals) == [POOL]


def test_rules_are_data(tree: dict[str, Union]) -> None:
    """Order, use, region and group of a rule all decide."""
    RoutingRule.objects.filter(step=RoutingStep.EMPLOYER_UNION).update(position=95)
    assert names(advise(work_place(GULOU, "courier", "顺达公司")).proposals) == [
        COURIERS, NEF, FLEXIBLE,
    ]  # fmt: skip
    RoutingRule.objects.filter(step=RoutingStep.TRADE_FEDERATION).update(is_active=False)
    assert names(advise(work_place(GULOU, "courier")).proposals) == [FLEXIBLE, TOWNSHIP]
    rule = RoutingRule.objects.create(
        position=1,
        step=RoutingStep.KIND_IN_REGION,
        union_kind_id="township_union",
        region_id=DONGCHANG,
        worker_group_id="courier",
        reason_zh="由街道统一受理",
        reason_en="The street takes couriers",
    )
    found = advise(work_place(GULOU, "courier")).proposals
    assert found[0].rule == rule
    assert names(found) == [TOWNSHIP, FLEXIBLE]
    # Another group, no group, another county: the rule does not hold.
    assert names(advise(work_place(GULOU, "carer")).proposals) == [FLEXIBLE, TOWNSHIP]
    assert names(advise(work_place(GULOU)).proposals) == [FLEXIBLE, TOWNSHIP]
    assert names(advise(work_place(LINQING, "courier")).proposals) == [LINQING_POOL]


def test_a_rule_for_a_group_needs_no_trade_in_the_name(tree: dict[str, Union]) -> None:
    RoutingRule.objects.create(
        position=1,
        step=RoutingStep.TRADE_FEDERATION,
        worker_group_id="carer",
        region_id=GULOU,
        reason_zh="护理行业由货运联合会代管",
        reason_en="Looked after by the truckers' federation",
    )
    assert names(advise(work_place(GULOU, "carer")).proposals) == [TRUCKS, COURIERS, NEF]


# 䶮 as old systems wrote it stands in the name as Unicode has it; 𨱏 is of an extension plane.
FORGERS, DIVERS = "东昌府区𨱏锻行业工会联合会", "东昌府区䶮渡行业工会联合会"
SMITHS = "东昌府区锻工师傅行业工会联合会"


def add_federations(tree: dict[str, Union], found: list[str]) -> None:
    """Further federations of trades in the county, with open codes."""
    for name in found:
        union = make_union(
            name, "industry_federation", tree["东昌府区总工会"], region=place(DONGCHANG)
        )
        make_join_code(union, channel=JoinChannel.ONLINE)


def add_group(name: str, words: str) -> str:
    """A group that officials added; its code."""
    group = WorkerGroup.objects.create(
        code="added", name_zh=name, name_en="Added", trade_words=tidy_trade_words(words)
    )
    return group.pk


# words of the group, federations there besides the two of the tree → unions in order
WORDS: list[tuple[str, list[str], list[str]]] = [
    # Without words the whole name has to stand there: as before.
    ("", [], [FLEXIBLE, TOWNSHIP]),
    ("", [FORGERS], [FLEXIBLE, TOWNSHIP]),
    ("", [SMITHS], [SMITHS, FLEXIBLE, TOWNSHIP]),
    # One word is enough; of two federations it leads to the one that has it.
    ("快递", [], [COURIERS, FLEXIBLE, TOWNSHIP]),
    ("货运", [], [TRUCKS, FLEXIBLE, TOWNSHIP]),
    ("锻造 货运", [], [TRUCKS, FLEXIBLE, TOWNSHIP]),
    ("快递,货运", [], [TRUCKS, COURIERS, FLEXIBLE]),
    ("锻造、铸造", [], [FLEXIBLE, TOWNSHIP]),
    # The words take the place of the name.
    ("货运", [SMITHS], [TRUCKS, FLEXIBLE, TOWNSHIP]),
    # Rare characters, and an old code point of one.
    ("𨱏锻", [FORGERS, DIVERS], [FORGERS, FLEXIBLE, TOWNSHIP]),
    ("䶮", [FORGERS, DIVERS], [DIVERS, FLEXIBLE, TOWNSHIP]),
    ("\ue863渡", [FORGERS, DIVERS], [DIVERS, FLEXIBLE, TOWNSHIP]),
    ("䶮渡 𨱏", [FORGERS, DIVERS], [FORGERS, DIVERS, FLEXIBLE]),
]


@pytest.mark.parametrize(("words", "further", "unions"), WORDS)
def test_words_of_an_added_group_lead_to_its_federation(
    tree: dict[str, Union], words: str, further: list[str], unions: list[str]
) -> None:
    add_federations(tree, further)
    group = add_group("锻工师傅", words)
    assert names(advise(work_place(GULOU, group)).proposals) == unions
    # Other groups are led as before.
    assert names(advise(work_place(GULOU, "courier")).proposals) == [COURIERS, NEF, FLEXIBLE]


# group of the rule, its words, who asks → unions in order, positions of the rules
RULES: list[tuple[str | None, str, str | None, list[str], list[int]]] = [
    # The region has two federations: the words say which, and only for whom the rule is.
    ("carer", "货运", "carer", [TRUCKS, NEF, FLEXIBLE], [1, 20, 40]),
    ("carer", "快递", "carer", [COURIERS, NEF, FLEXIBLE], [1, 20, 40]),
    ("carer", "货运、快递", "carer", [TRUCKS, COURIERS, NEF], [1, 1, 20]),
    ("carer", "新业态", "carer", [NEF, FLEXIBLE, TOWNSHIP], [1, 40, 60]),
    ("carer", "货运", "courier", [COURIERS, NEF, FLEXIBLE], [20, 20, 40]),
    ("carer", "货运", None, [FLEXIBLE, TOWNSHIP], [40, 60]),
    ("carer", "煤矿", "carer", [NEF, FLEXIBLE, TOWNSHIP], [20, 40, 60]),
    # The words of the rule go before those of the group.
    ("courier", "货运", "courier", [TRUCKS, COURIERS, NEF], [1, 20, 20]),
    # A rule for nobody in particular leads everybody there, also who names no group.
    (None, "货运", "employee", [TRUCKS, FLEXIBLE, TOWNSHIP], [1, 40, 60]),
    (None, "货运", None, [TRUCKS, FLEXIBLE, TOWNSHIP], [1, 40, 60]),
    (None, "", "employee", [FLEXIBLE, TOWNSHIP], [40, 60]),
    (None, "", "truck_driver", [TRUCKS, NEF, FLEXIBLE], [1, 1, 40]),
]


@pytest.mark.parametrize(("rule_group", "words", "group", "unions", "positions"), RULES)
def test_words_of_a_rule_say_which_federation(
    tree: dict[str, Union],
    rule_group: str | None,
    words: str,
    group: str | None,
    unions: list[str],
    positions: list[int],
) -> None:
    RoutingRule.objects.create(
        position=1,
        step=RoutingStep.TRADE_FEDERATION,
        worker_group_id=rule_group,
        region_id=GULOU,
        trade_words=words,
        reason_zh="由该行业联合会代管",
        reason_en="Looked after by that federation",
    )
    found = advise(work_place(GULOU, group)).proposals
    assert names(found) == unions
    assert [proposal.rule.position for proposal in found] == positions
    # Elsewhere the rule does not hold.
    assert 1 not in [item.rule.position for item in advise(work_place(LIUYUAN, group)).proposals]
