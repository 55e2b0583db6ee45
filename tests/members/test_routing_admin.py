"""Words of trades as operators type them: what is stored, what is refused, what they lead to."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from core.errors import RuleViolation
from members.models.routing import RoutingRule, RoutingStep
from reference.models import WorkerGroup
from reference.trade_words import split_trade_words, tidy_trade_words
from tests.builders import make_user
from tests.members.routing_world import GULOU, make_tree
from tests.portal.world import logged_in

pytestmark = pytest.mark.django_db

ENGLISH: dict[str, Any] = {"headers": {"accept-language": "en"}}
IN_EVERY_NAME = "“%s” stands in the name of every federation."
NO_WORD = "Write at least one word, or leave the line empty."

# What the portal went by while the words stood in its code.
SHIPPED = {
    "truck_driver": ("货运", "货车", "物流", "运输"),
    "ride_hailing_driver": ("网约车", "出租", "客运"),
    "courier": ("快递", "邮政", "寄递"),
    "delivery_rider": ("外卖", "配送", "骑手"),
    "carer": ("护工", "护理", "养老"),
    "domestic_worker": ("家政",),
    "mall_promoter": ("商场", "商超", "信息员"),
    "estate_agent": ("房产", "中介", "经纪"),
    "security_guard": ("保安", "安保"),
    "other_nef": ("其他新就业形态劳动者",),
    "other_flexible": ("其他灵活就业人员",),
    "employee": ("单位职工",),
}


@pytest.fixture
def operator() -> Client:
    return logged_in(make_user("operator", is_superuser=True))


def rule(**changes: Any) -> dict[str, Any]:
    """A rule for carers as the form sends it."""
    return {
        "position": 5,
        "step": RoutingStep.TRADE_FEDERATION,
        "region": "",
        "worker_group": "carer",
        "trade_words": "货运",
        "reason_zh": "护理行业由货运联合会代管",
        "reason_en": "Looked after by the truckers' federation",
        "is_active": "on",
    } | changes


def group(**changes: Any) -> dict[str, Any]:
    """A group as the form sends it."""
    return {
        "code": "livestreamer",
        "name_zh": "网络主播",
        "name_en": "Livestreamer",
        "sort_order": 95,
        "is_active": "on",
    } | changes


def errors(answer: Any) -> dict[str, list[str]]:
    """What is said, beside which field."""
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def test_shipped_groups_have_the_words_they_always_had() -> None:
    found = {group.pk: group.federation_words for group in WorkerGroup.objects.all()}
    assert found == SHIPPED
    assert set(RoutingRule.objects.values_list("trade_words", flat=True)) == {""}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("", ""),
        ("   ", ""),
        ("直播", "直播"),
        ("直播 主播", "直播、主播"),
        ("直播、主播", "直播、主播"),
        (" 、直播，主播;;网红；直播、 ", "直播、主播、网红"),
        ("直播\u3000主播\n网红\t电商", "直播、主播、网红、电商"),
        ("直\u200b播 \u200b", "直播"),
        ("ＭＣＮ", "MCN"),
        ("矿⼯", "矿工"),
        ("𨱏 \ue863", "𨱏、䶮"),
        ("字" * 120, "字" * 120),
    ],
)
def test_words_are_stored_in_one_form(typed: str, stored: str) -> None:
    assert tidy_trade_words(typed) == stored
    assert tidy_trade_words(stored) == stored
    assert "、".join(split_trade_words(stored)) == stored


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("、", NO_WORD),
        (" ，; \u200b", NO_WORD),
        ("直播 工会", IN_EVERY_NAME % "工会"),
        ("行业", IN_EVERY_NAME % "行业"),
        ("⼯", IN_EVERY_NAME % "工"),
        ("联合会、直播", IN_EVERY_NAME % "联合会"),
        ("字" * 121, "At most 120 characters altogether."),
    ],
)
def test_words_that_say_nothing_are_refused(typed: str, says: str) -> None:
    with override("en"), pytest.raises(RuleViolation) as refusal:
        tidy_trade_words(typed)
    assert (str(refusal.value), refusal.value.field) == (says, "trade_words")


def test_operator_gives_a_new_group_words(operator: Client) -> None:
    page = reverse("admin:reference_workergroup_add")
    answer = operator.post(page, group(trade_words="直播，主播 "))
    assert answer.status_code == 302
    made = WorkerGroup.objects.get(pk="livestreamer")
    assert (made.trade_words, made.federation_words) == ("直播、主播", ("直播", "主播"))
    change = reverse("admin:reference_workergroup_change", args=["livestreamer"])
    assert operator.post(change, group(trade_words="")).status_code == 302
    made.refresh_from_db()
    assert (made.trade_words, made.federation_words) == ("", ("网络主播",))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("、、", NO_WORD),
        ("直播 工会", IN_EVERY_NAME % "工会"),
        ("字" * 121, "Ensure this value has at most 120 characters (it has 121)."),
    ],
)
def test_form_refuses_words_beside_their_field(operator: Client, typed: str, says: str) -> None:
    answer = operator.post(
        reverse("admin:reference_workergroup_add"), group(trade_words=typed), **ENGLISH
    )
    assert errors(answer) == {"trade_words": [says]}
    assert not WorkerGroup.objects.filter(pk="livestreamer").exists()
    before = RoutingRule.objects.count()
    answer = operator.post(
        reverse("admin:members_routingrule_add"), rule(trade_words=typed), **ENGLISH
    )
    assert errors(answer) == {"trade_words": [says]}
    assert RoutingRule.objects.count() == before


def test_only_a_rule_for_a_federation_has_words(operator: Client) -> None:
    page = reverse("admin:members_routingrule_add")
    refused = operator.post(page, rule(step=RoutingStep.HOLDING_POOL), **ENGLISH)
    assert errors(refused) == {
        "trade_words": ["Only a rule that looks for a federation of a trade has words."]
    }
    assert not RoutingRule.objects.filter(position=5).exists()
    assert operator.post(page, rule(trade_words="货运；快递")).status_code == 302
    assert RoutingRule.objects.get(position=5).trade_words == "货运、快递"


def test_the_box_to_try_rules_shows_where_words_lead(operator: Client) -> None:
    make_tree()
    assert operator.post(reverse("admin:members_routingrule_add"), rule()).status_code == 302
    answer = operator.post(
        reverse("admin:members_routingrule_try"),
        {"region": GULOU, "worker_group": "carer", "employer_name": ""},
        **ENGLISH,
    )
    found = [
        (proposal.union.name, proposal.rule.position, proposal.reason)
        for proposal in answer.context["advice"].proposals
    ]
    assert found[:2] == [
        ("古楼货运行业工会联合会", 5, "Looked after by the truckers' federation"),
        ("聊城市新业态工会联合会", 20, "There is a federation of your trade here"),
    ]
    assert "Looked after by the truckers&#x27; federation" in answer.content.decode()


@pytest.mark.parametrize("words", ["、", "货运、", "、货运", "货运、、快递", "货运 快递", " "])
def test_the_database_holds_no_empty_word(words: str) -> None:
    with pytest.raises(IntegrityError, match="workergroup_trade_words"), transaction.atomic():
        WorkerGroup.objects.filter(pk="carer").update(trade_words=words)
    trade = RoutingRule.objects.filter(step=RoutingStep.TRADE_FEDERATION)
    with pytest.raises(IntegrityError, match="routingrule_trade_words"), transaction.atomic():
        trade.update(trade_words=words)
    others = RoutingRule.objects.exclude(step=RoutingStep.TRADE_FEDERATION)
    with pytest.raises(IntegrityError, match="routingrule_trade_words"), transaction.atomic():
        others.update(trade_words="货运")
    assert WorkerGroup.objects.get(pk="carer").federation_words == SHIPPED["carer"]
