"""Functional areas that officials add."""

import pytest

from core.errors import RuleViolation
from reference.models import Region
from reference.services import add_functional_area

pytestmark = pytest.mark.django_db


@pytest.fixture
def gansu():
    return Region.objects.create(
        code="62", gb_code="620000", name="甘肃省", full_name="甘肃省", level=1
    )


@pytest.fixture
def lanzhou(gansu):
    return Region.objects.create(
        code="6201",
        gb_code="620100",
        name="兰州市",
        full_name="甘肃省兰州市",
        level=2,
        parent=gansu,
    )


def refusal(parent, name):
    before = Region.objects.count()
    with pytest.raises(RuleViolation) as caught:
        add_functional_area(parent, name=name, actor=None)
    assert Region.objects.count() == before
    return caught.value.field, caught.value.code


def test_areas_get_codes_one_after_the_other(gansu):
    first = add_functional_area(gansu, name=" 甘肃　矿区 ", actor=None)
    second = add_functional_area(gansu, name="第二区", actor=None)
    first.refresh_from_db()
    assert (first.code, first.gb_code, first.level, first.kind, first.parent_id) == (
        "62F01",
        "62F01",
        2,
        "functional_area",
        "62",
    )
    assert (first.name, first.full_name) == ("甘肃 矿区", "甘肃省甘肃 矿区")
    assert second.code == "62F02"


def test_what_cannot_be_is_refused_beside_its_field(lanzhou):
    assert refusal(lanzhou, " \u200b ") == ("name", "region_name")
    own = add_functional_area(lanzhou, name="新城", actor=None)
    assert refusal(lanzhou, " 新城 ") == ("name", "region_duplicate")
    assert refusal(own, "新城二区") == ("parent", "region_parent")
    own.code = "6201F99"
    own.gb_code = "6201F99"
    own.name = "第九十九区"
    own.save(force_insert=True)
    assert refusal(lanzhou, "第一百区") == ("parent", "region_codes_used")
