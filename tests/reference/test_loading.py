"""Loading the divisions of the package."""

import time
from collections import Counter

import pytest
from django.db import connection

from reference.enums import RegionKind, RegionLevel
from reference.loading import (
    LoadReport,
    RegionDataError,
    load_regions,
    load_villages,
    package_folder,
)
from reference.models import Region

COUNTS = {
    RegionLevel.PROVINCE: 31,
    RegionLevel.PREFECTURE: 342,
    RegionLevel.COUNTY: 2_978,
    RegionLevel.TOWNSHIP: 41_352,
}


def test_all_divisions_are_loaded(first_load, regions):
    assert first_load == LoadReport(counts=COUNTS, inserted=44_703)
    stored = Counter(Region.objects.values_list("level", flat=True))
    assert stored == {level.value: count for level, count in COUNTS.items()}


def test_loading_again_changes_nothing_and_is_quick(regions):
    started = time.monotonic()
    assert load_regions() == LoadReport(counts=COUNTS, unchanged=44_703)
    assert time.monotonic() - started < 10


def test_every_code_begins_with_its_parent(regions):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM reference_region child"
            " JOIN reference_region parent ON child.parent_id = parent.code"
            " WHERE parent.level <> child.level - 1 OR NOT starts_with(child.code, parent.code)"
        )
        assert cursor.fetchone() == (0,)
    assert Region.objects.filter(parent=None).count() == 31


@pytest.mark.parametrize(
    ("code", "name", "full_name", "gb_code", "level"),
    [
        ("37", "山东省", "山东省", "370000", RegionLevel.PROVINCE),
        ("3715", "聊城市", "山东省聊城市", "371500", RegionLevel.PREFECTURE),
        ("371502", "东昌府区", "山东省聊城市东昌府区", "371502", RegionLevel.COUNTY),
        ("1101", "市辖区", "北京市市辖区", "110100", RegionLevel.PREFECTURE),
        ("110101", "东城区", "北京市东城区", "110101", RegionLevel.COUNTY),
        ("500229", "城口县", "重庆市城口县", "500229", RegionLevel.COUNTY),
        ("419001", "济源市", "河南省济源市", "419001", RegionLevel.COUNTY),
        ("4419", "东莞市", "广东省东莞市", "441900", RegionLevel.PREFECTURE),
        ("441900", "东莞市", "广东省东莞市", "441900", RegionLevel.COUNTY),
        ("659001", "石河子市", "新疆维吾尔自治区石河子市", "659001", RegionLevel.COUNTY),
        (
            "110101001",
            "东华门街道",
            "北京市东城区东华门街道",
            "110101001",
            RegionLevel.TOWNSHIP,
        ),
    ],
)
def test_names_as_people_write_them(regions, code, name, full_name, gb_code, level):
    region = Region.objects.get(pk=code)
    assert (region.name, region.full_name, region.gb_code, region.level) == (
        name,
        full_name,
        gb_code,
        level,
    )


def test_functional_areas_are_told_from_divisions(regions):
    areas = Region.objects.filter(kind=RegionKind.FUNCTIONAL_AREA)
    assert Counter(areas.values_list("level", flat=True)) == {
        RegionLevel.COUNTY: 124,
        RegionLevel.TOWNSHIP: 2_710,
    }
    lanzhou = Region.objects.get(name="兰州新区")
    assert (lanzhou.code, lanzhou.kind, lanzhou.parent_id) == ("620171", "functional_area", "6201")
    # 81 and above are cities that a prefecture governs for the province.
    assert Region.objects.get(name="昆山市").kind == RegionKind.DIVISION


def test_villages_of_chosen_townships(regions):
    townships = ["371502001", "371502002"]
    report = load_villages(townships)
    assert report.counts == {RegionLevel.VILLAGE: report.inserted}
    villages = Region.objects.filter(level=RegionLevel.VILLAGE)
    assert set(villages.values_list("parent_id", flat=True)) == set(townships)
    assert villages.count() == report.inserted > 10
    assert all(
        village.full_name == above + village.name
        for village, above in (
            (v, v.parent.full_name if v.parent else "") for v in villages.select_related("parent")
        )
    )
    assert load_villages(townships).unchanged == report.inserted
    # A load of the levels above says nothing about villages.
    assert load_regions().missing_count == 0


def test_villages_need_their_township(regions):
    with pytest.raises(RegionDataError, match="not loaded: 379999001"):
        load_villages(["379999001"])


def test_the_package_has_all_villages():
    """Their number and codes, without storing them: that takes half a minute."""
    with (package_folder() / "villages.csv").open(encoding="utf-8") as file:
        next(file)
        codes = {line[:12] for line in file}
    assert len(codes) == 620_573
