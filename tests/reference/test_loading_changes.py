"""Loading from packages that change, or are damaged."""

import shutil
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from reference.loading import RegionDataError, load_regions
from reference.models import Region
from reference.services import add_functional_area

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_package(tmp_path):
    """A copy of the package's format with few rows, to be damaged."""
    files = {
        "provinces.csv": 'code,name\n37,"山东省"\n',
        "cities.csv": 'code,name,provinceCode\n3715,"聊城市",37\n',
        "areas.csv": 'code,name,cityCode,provinceCode\n371502,"东昌府区",3715,37\n',
        "streets.csv": "code,name,areaCode,provinceCode,cityCode\n"
        '371502001,"古楼街道",371502,37,3715\n371502002,"柳园街道",371502,37,3715\n',
        "villages.csv": "code,name,streetCode,provinceCode,cityCode,areaCode\n"
        '371502001001,"东关社区居民委员会",371502001,37,3715,371502\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def damage(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_changed_names_are_updated_and_lost_regions_reported(small_package):
    assert load_regions(source=small_package).inserted == 5
    own = add_functional_area(Region.objects.get(pk="3715"), name="开发区", actor=None)
    damage(small_package, "streets.csv", "古楼街道", "古楼新街道")
    damage(small_package, "streets.csv", '371502002,"柳园街道",371502,37,3715\n', "")
    report = load_regions(source=small_package)
    assert (report.inserted, report.updated, report.unchanged) == (0, 1, 3)
    assert (report.missing_count, report.missing) == (1, ["371502002"])
    assert Region.objects.get(pk="371502001").full_name == "山东省聊城市东昌府区古楼新街道"
    assert Region.objects.filter(pk__in=["371502002", own.pk]).count() == 2


def test_a_new_name_above_renames_the_full_names_below(small_package):
    load_regions(source=small_package, villages=True)
    damage(small_package, "cities.csv", "聊城市", "新聊城市")
    report = load_regions(source=small_package, villages=True)
    assert (report.updated, report.unchanged) == (5, 1)
    assert Region.objects.get(pk="371502001001").full_name == (
        "山东省新聊城市东昌府区古楼街道东关社区居民委员会"
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("provinces.csv", "37,", "17,", "unknown|省"),
        ("cities.csv", "3715,", "37150,", "37150"),
        ("cities.csv", "3715,", "371502,", "not a code of this level"),
        ("areas.csv", "3715,", "3714,", "filed under 3714, but its code says 3715"),
        ("areas.csv", "371502,", "371602,", "filed under 3715, but its code says 3716"),
        ("streets.csv", "371502002,", "371502001,", "appears twice"),
        ("streets.csv", "柳园街道", " ", "has no name"),
        ("streets.csv", "code,", "id,", "expected columns"),
        ("villages.csv", "001001,", "00100A,", "00100A"),
    ],
)
def test_unsound_data_is_refused_whole(small_package, file, old, new, message):
    damage(small_package, file, old, new)
    with pytest.raises(RegionDataError, match=message):
        load_regions(source=small_package, villages=True)


def test_a_parent_that_is_not_there_is_refused(small_package):
    damage(small_package, "areas.csv", '371502,"东昌府区",3715,37', '371503,"茌平区",3715,37')
    with pytest.raises(RegionDataError, match="the parent 371502 of 371502001 is unknown"):
        load_regions(source=small_package)


def test_progress_ends_at_the_number_of_rows(small_package):
    progress: list[int] = []
    load_regions(source=small_package, on_progress=progress.append)
    assert progress == [5]


def test_command_says_what_it_did(small_package):
    out = StringIO()
    call_command("load_regions", source=small_package, stdout=out)
    first, second = out.getvalue().splitlines()
    assert first == "Read: 1 province, 1 prefecture, 1 county, 2 township."
    assert second.startswith("Inserted 5, updated 0, unchanged 0 in ")


def test_command_says_how_to_get_the_package(small_package):
    shutil.move(small_package / "areas.csv", small_package / "gone.csv")
    with pytest.raises(CommandError, match="npm ci"):
        call_command("load_regions", source=small_package)
