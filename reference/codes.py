"""The codes of regions: what they say by themselves, without a table.

Statistics codes (统计用区划代码) are kept in their natural length: 2 digits for a province, 4 for
a prefecture, 6 for a county, 9 for a township, 12 for a village. Dongguan is why: 441900 is the
GB/T 2260 code of the prefecture and also the statistics code of its only county-level row. A code
begins with the code of its parent.

Functional areas (development zones, new areas, farms and the like) are no divisions of GB/T 2260
but get codes in the statistics: county codes ending in 71 to 80, such as 620171 兰州新区, and
township codes whose last three digits are 400 to 599 (类似乡级单位). Areas that officials add
themselves have the code of their parent, "F" and two digits, such as 6201F01.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from core.errors import RuleViolation
from core.identity import PROVINCES
from reference.enums import RegionKind, RegionLevel

LENGTHS = {
    RegionLevel.PROVINCE: 2,
    RegionLevel.PREFECTURE: 4,
    RegionLevel.COUNTY: 6,
    RegionLevel.TOWNSHIP: 9,
    RegionLevel.VILLAGE: 12,
}
LEVEL_OF_LENGTH = {length: level for level, length in LENGTHS.items()}

# Hong Kong and Macao have codes, though the statistics hold no rows below them.
PROVINCE_CODES = PROVINCES | {"81", "82"}

_OWN_AREA = re.compile(r"(?P<parent>[0-9]+)F(?P<number>[0-9]{2})")
_MAX_OWN_AREAS = 99


def level_of_code(code: str) -> RegionLevel:
    """The level a valid code stands for; an own functional area is one level below its parent."""
    own = _OWN_AREA.fullmatch(code)
    if own:
        return RegionLevel(LEVEL_OF_LENGTH[len(own["parent"])] + 1)
    return LEVEL_OF_LENGTH[len(code)]


def parent_code(code: str) -> str | None:
    """The code of the parent of a valid code; None for a province."""
    own = _OWN_AREA.fullmatch(code)
    if own:
        return own["parent"]
    level = LEVEL_OF_LENGTH[len(code)]
    if level == RegionLevel.PROVINCE:
        return None
    return code[: LENGTHS[RegionLevel(level - 1)]]


def kind_of_code(code: str) -> RegionKind:
    """Division or functional area, by the rule in this module's docstring."""
    if is_own_area(code):
        return RegionKind.FUNCTIONAL_AREA
    if len(code) == 6 and "71" <= code[4:] <= "80":
        return RegionKind.FUNCTIONAL_AREA
    if len(code) == 9 and "400" <= code[6:] <= "599":
        return RegionKind.FUNCTIONAL_AREA
    return RegionKind.DIVISION


def gb_code(code: str) -> str:
    """At least six characters: the GB/T 2260 form of a short code (`37` → `370000`)."""
    return code if is_own_area(code) else code.ljust(6, "0")


def is_own_area(code: str) -> bool:
    """True for the codes of functional areas that officials added."""
    return _OWN_AREA.fullmatch(code) is not None


def own_area_code(parent: str, number: int) -> str:
    """The code of the own functional area with this number (1 to 99) under `parent`."""
    if not 1 <= number <= _MAX_OWN_AREAS:
        raise ValueError("number must lie between 1 and 99")
    return f"{parent}F{number:02d}"


def validate_region_code(code: str) -> None:
    """Raise RuleViolation (field "code") unless the code is well formed: digits of a natural
    length, or an own functional area, inside a province that exists. Asks no table."""
    own = _OWN_AREA.fullmatch(code)
    digits = own["parent"] if own else code
    allowed = LEVEL_OF_LENGTH.keys() - ({LENGTHS[RegionLevel.VILLAGE]} if own else set())
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in allowed:
        raise RuleViolation(
            _("A region code has 2, 4, 6, 9 or 12 digits."), field="code", code="region_code"
        )
    if digits[:2] not in PROVINCE_CODES:
        raise RuleViolation(
            _("The region code begins with an unknown province."),
            field="code",
            code="region_province",
        )
