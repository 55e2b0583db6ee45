"""Reading regions and group sets."""

import datetime

import pytest

from reference.models import GroupSet, Region, WorkerGroup
from reference.selectors import (
    active_groups,
    ancestor_codes,
    group_codes,
    group_set,
    region_and_ancestors,
    search_regions,
    within,
)
from reference.services import add_functional_area

FOUR = ["truck_driver", "ride_hailing_driver", "courier", "delivery_rider"]
FIVE_MORE = ["carer", "domestic_worker", "mall_promoter", "estate_agent", "security_guard"]


def test_a_region_with_all_above_it(regions, django_assert_num_queries):
    township = Region.objects.get(pk="371502001")
    with django_assert_num_queries(1):
        chain = region_and_ancestors(township)
    assert [region.pk for region in chain] == ["37", "3715", "371502", "371502001"]
    assert ancestor_codes("6201F01") == ["62", "6201", "6201F01"]


def test_within_is_the_whole_subtree(regions):
    liaocheng = Region.objects.get(pk="3715")
    codes = set(Region.objects.filter(within(liaocheng)).values_list("pk", flat=True))
    assert "3715" in codes
    assert "371502001" in codes
    assert all(code.startswith("3715") for code in codes)
    assert Region.objects.filter(within("3715"), level=3).count() == 8
    through_parent = Region.objects.filter(within(liaocheng, through="parent"), level=3)
    assert through_parent.count() == 8
    assert "JOIN" not in str(through_parent.query)


def test_own_areas_belong_to_their_parent_only(regions):
    lanzhou = Region.objects.get(pk="6201")
    area = add_functional_area(lanzhou, name="榆中生态创新城", actor=None)
    assert list(Region.objects.filter(within(area))) == [area]
    assert area in Region.objects.filter(within("62"))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("3715", "3715 371502 371503"),
        ("371500", "3715"),
        ("370000", "37"),
        ("聊城", "3715"),
        ("聊城市", "3715"),
        ("山东 东昌府", "371502"),
        (" 兰州新区 ", "620171"),
        ("东莞", "4419 441900"),
        ("没有这个地方", ""),
        ("", ""),
    ],
)
def test_search_finds_the_best_first(regions, text, codes):
    expected = codes.split()
    found = list(search_regions(text).values_list("pk", flat=True)[: len(expected) or 1])
    assert found == expected


def test_wildcards_are_no_wildcards(regions):
    assert not search_regions("%").exists()
    assert not search_regions("_").exists()


@pytest.mark.django_db
def test_group_sets_of_version_1():
    assert group_codes("set4") == FOUR
    assert group_codes("set9") == FOUR + FIVE_MORE
    assert group_codes("set8") == [
        code for code in FOUR + FIVE_MORE if code != "ride_hailing_driver"
    ]
    assert group_codes("nef") == [*FOUR, *FIVE_MORE, "other_nef"]
    assert all(GroupSet.objects.values_list("source", flat=True))
    assert GroupSet.objects.count() == 4


@pytest.mark.django_db
def test_all_groups_are_there_in_order():
    assert list(active_groups().values_list("code", flat=True)) == [
        *FOUR,
        *FIVE_MORE,
        "other_nef",
        "other_flexible",
        "employee",
    ]
    WorkerGroup.objects.filter(pk="employee").update(is_active=False)
    assert active_groups().count() == 11


@pytest.mark.django_db
def test_the_version_valid_on_the_day_counts():
    second = GroupSet.objects.create(
        code="set4",
        version=2,
        name_zh="四",
        name_en="Four",
        valid_from=datetime.date(2025, 1, 1),
        source="a later paper",
    )
    assert group_set("set4", on=datetime.date(2024, 12, 31)).version == 1
    assert group_set("set4", on=datetime.date(2025, 1, 1)) == second
    with pytest.raises(GroupSet.DoesNotExist):
        group_set("set4", on=datetime.date(2017, 12, 31))
