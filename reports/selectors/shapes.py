"""Shapes of divisions for maps: which file holds them, and which shape a region has.

The files are those of ``map/json`` in ECharts 4.9 (Apache-2.0), the last release that brought any:
the provinces in one, the divisions directly below a province in one each (prefectures; in a
municipality its districts). There is none below a prefecture. They show the divisions as they were
about 2017 and say nothing about borders.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

from reference.enums import RegionLevel
from reference.models import Region

FOLDER = "vendor/maps"
NATION = "china"
# The first two digits of GB/T 2260 → the file; 陕西 shares its spelling with 山西.
PROVINCE_FILES = {
    "11": "beijing", "12": "tianjin", "13": "hebei", "14": "shanxi", "15": "neimenggu",
    "21": "liaoning", "22": "jilin", "23": "heilongjiang", "31": "shanghai", "32": "jiangsu",
    "33": "zhejiang", "34": "anhui", "35": "fujian", "36": "jiangxi", "37": "shandong",
    "41": "henan", "42": "hubei", "43": "hunan", "44": "guangdong", "45": "guangxi",
    "46": "hainan", "50": "chongqing", "51": "sichuan", "52": "guizhou", "53": "yunnan",
    "54": "xizang", "61": "shanxi1", "62": "gansu", "63": "qinghai", "64": "ningxia",
    "65": "xinjiang", "71": "taiwan", "81": "xianggang", "82": "aomen",
}  # fmt: skip
# What a name may end in; a county that became a district, a prefecture that became a city.
_ENDINGS = ("地区", "林区", "市", "盟", "区", "县", "旗")


@dataclass(frozen=True)
class Shapes:
    """The shapes of one file by code and by name. ``map_name`` is what ECharts registers it as.

    ``china`` is a name ECharts knows: under it the map shows the islands of the South China Sea.
    """

    map_name: str
    file: str  # below the folder of static files
    by_code: dict[str, str] = field(default_factory=dict)
    by_name: dict[str, str] = field(default_factory=dict)
    by_stem: dict[str, str | None] = field(default_factory=dict)  # None: several have it

    def name_of(self, region: Region) -> str | None:
        """The name of the shape of ``region``; None where the file has none.

        By code, for names change their endings; then by name, for codes change as well.
        """
        if region.gb_code in self.by_code:
            return self.by_code[region.gb_code]
        return self.by_name.get(region.name) or self.by_stem.get(_stem(region.name))


def shapes_below(region_code: str | None) -> Shapes | None:
    """The shapes of the divisions directly below a province, or of the provinces (None).

    None where no file has them: below a prefecture, or when the files are not installed.
    """
    if region_code is None:
        return _read(NATION, f"{FOLDER}/china.json")
    if len(region_code) != len("37") or region_code not in PROVINCE_FILES:
        return None
    name = PROVINCE_FILES[region_code]
    return _read(f"province-{region_code}", f"{FOLDER}/province/{name}.json")


def is_shown_below(region: Region, region_code: str | None) -> bool:
    """Is ``region`` one that the file of ``region_code`` might show?"""
    if region_code is None:
        return region.level == RegionLevel.PROVINCE
    return region.code.startswith(region_code) and region.level in (
        RegionLevel.PREFECTURE,
        RegionLevel.COUNTY,
    )


def _stem(name: str) -> str:
    """ "梁平县" and "梁平区" → "梁平"; what is left has two characters at least."""
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) - len(ending) >= len("梁平"):
            return name.removesuffix(ending)
    return name


@lru_cache(maxsize=64)
def _read(map_name: str, file: str) -> Shapes | None:
    path = _path_of(file)
    if path is None:
        return None
    shapes = Shapes(map_name, file)
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        name = feature["properties"]["name"]
        shapes.by_name[name] = name
        stem = _stem(name)
        shapes.by_stem[stem] = None if stem in shapes.by_stem else name
        if feature.get("id"):
            shapes.by_code[str(feature["id"])] = name
    return shapes


def _path_of(file: str) -> Path | None:
    """Where the packages are installed, else (in an image) where static files were collected."""
    found = finders.find(file)
    if isinstance(found, str):
        return Path(found)
    try:
        collected = Path(staticfiles_storage.path(file))
    except NotImplementedError:
        return None
    return collected if collected.is_file() else None
