"""What the database itself holds about regions and group sets."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from reference.models import GroupSet, Region, WorkerGroup

pytestmark = pytest.mark.django_db


@pytest.fixture
def gansu():
    return make_region("62", 1, None)


def make_region(code, level, parent, **values):
    defaults = {"gb_code": code.ljust(6, "0"), "name": "甘肃", "full_name": "甘肃"}
    return Region.objects.create(code=code, level=level, parent=parent, **(defaults | values))


@pytest.mark.parametrize(
    ("code", "level"), [("6201", 2), ("62F01", 2)], ids=["division", "own area"]
)
def test_children_begin_with_their_parent(gansu, code, level):
    child = make_region(code, level, gansu)
    assert child.is_own_area is ("F" in code)
    assert list(gansu.children.all()) == [child]


@pytest.mark.parametrize(
    ("code", "level", "has_parent", "values", "constraint"),
    [
        ("6301", 2, True, {}, "region_code_begins_with_parent"),
        ("6201", 2, False, {}, "region_code_begins_with_parent"),
        ("63", 1, True, {}, "region_code_begins_with_parent"),
        ("6201", 3, True, {}, "region_code_fits_level"),
        ("620", 2, True, {}, "region_code_fits_level"),
        ("62X01", 2, True, {}, "region_code_fits_level"),
        ("62F01", 3, True, {}, "region_code_fits_level"),
        ("6201", 2, True, {"kind": "city"}, "region_kind_known"),
        ("6201", 2, True, {"name": ""}, "region_has_name"),
    ],
)
def test_impossible_regions_cannot_be_stored(gansu, code, level, has_parent, values, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make_region(code, level, gansu if has_parent else None, **values)
    assert Region.objects.count() == 1


def test_a_version_of_a_set_exists_once():
    with pytest.raises(IntegrityError, match="group_set_code_version"), transaction.atomic():
        GroupSet.objects.create(
            code="set4", version=1, name_zh="四", name_en="Four", valid_from="2024-01-01"
        )


def test_names_follow_the_active_language():
    courier = WorkerGroup.objects.get(pk="courier")
    with translation.override("zh-hans"):
        assert (courier.name, str(courier)) == ("快递员", "快递员")
    with translation.override("en"):
        assert (courier.name, str(courier)) == ("Courier", "Courier")
    courier.name_en = ""
    with translation.override("en"):
        assert courier.name == "快递员"
