"""What region codes say by themselves."""

import pytest

from core.errors import RuleViolation
from reference.codes import (
    gb_code,
    is_own_area,
    kind_of_code,
    level_of_code,
    own_area_code,
    parent_code,
    validate_region_code,
)
from reference.enums import RegionKind, RegionLevel


@pytest.mark.parametrize(
    ("code", "level", "parent", "gb", "kind"),
    [
        ("37", RegionLevel.PROVINCE, None, "370000", "division"),
        ("3715", RegionLevel.PREFECTURE, "37", "371500", "division"),
        ("371502", RegionLevel.COUNTY, "3715", "371502", "division"),
        ("371571", RegionLevel.COUNTY, "3715", "371571", "functional_area"),
        ("371580", RegionLevel.COUNTY, "3715", "371580", "functional_area"),
        ("371581", RegionLevel.COUNTY, "3715", "371581", "division"),
        ("371502399", RegionLevel.TOWNSHIP, "371502", "371502399", "division"),
        ("371502400", RegionLevel.TOWNSHIP, "371502", "371502400", "functional_area"),
        ("371502001001", RegionLevel.VILLAGE, "371502001", "371502001001", "division"),
        ("62F01", RegionLevel.PREFECTURE, "62", "62F01", "functional_area"),
        ("6201F02", RegionLevel.COUNTY, "6201", "6201F02", "functional_area"),
        ("371502001F99", RegionLevel.VILLAGE, "371502001", "371502001F99", "functional_area"),
    ],
)
def test_codes_tell_level_parent_and_kind(code, level, parent, gb, kind):
    validate_region_code(code)
    assert level_of_code(code) == level
    assert parent_code(code) == parent
    assert gb_code(code) == gb
    assert kind_of_code(code) == RegionKind(kind)
    assert is_own_area(code) is ("F" in code)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "region_code"),
        ("3", "region_code"),
        ("371", "region_code"),
        ("3715020010", "region_code"),
        ("37150A", "region_code"),
        ("３７", "region_code"),
        ("371502001001F01", "region_code"),
        ("3715F1", "region_code"),
        ("37F0101", "region_code"),
        ("99", "region_province"),
        ("991500", "region_province"),
    ],
)
def test_malformed_codes_are_refused(code, reason):
    with pytest.raises(RuleViolation) as caught:
        validate_region_code(code)
    assert (caught.value.field, caught.value.code) == ("code", reason)


def test_own_codes_count_from_1_to_99():
    assert own_area_code("6201", 7) == "6201F07"
    for number in (0, 100):
        with pytest.raises(ValueError, match="between 1 and 99"):
            own_area_code("6201", number)
