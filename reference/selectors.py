"""Reading regions, groups and group sets."""

from __future__ import annotations

import datetime

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from core.clock import local_today
from core.normalising import normalise_text
from core.remembering import remembered
from reference.codes import is_own_area, parent_code
from reference.enums import RegionLevel
from reference.models import GroupSet, Region, WorkerGroup


def region_and_ancestors(region: Region) -> list[Region]:
    """The region and all above it, the province first. One query."""
    return list(Region.objects.filter(code__in=ancestor_codes(region.code)).order_by("level"))


def ancestor_codes(code: str) -> list[str]:
    """The codes from the province down to `code` itself, read from the code."""
    codes = [code]
    while (above := parent_code(codes[-1])) is not None:
        codes.append(above)
    return codes[::-1]


def child_regions(parent: Region | None) -> list[Region]:
    """The regions directly below `parent`, the provinces for None, in order of their codes."""
    return list(Region.objects.filter(parent=parent).order_by("code"))


def within(region: Region | str, *, through: str = "") -> Q:
    """Filter for the subtree of a region, itself included, by the prefix of the code.

    `Region.objects.filter(within(region))`; for other tables, `through` is the path of the
    foreign key: `Union.objects.filter(within(region, through="region"))`. Needs no join.
    """
    code = region if isinstance(region, str) else region.pk
    field = f"{through}__code" if through else "code"
    # Own areas have no children, and "62F01" must not look like the prefix of another code.
    return Q(**{field: code}) if is_own_area(code) else Q(**{f"{field}__startswith": code})


def search_regions(text: str, *, deepest: RegionLevel = RegionLevel.TOWNSHIP) -> QuerySet[Region]:
    """Regions by the beginning of their code, or by parts of their full name ("山东 聊城"), the
    best first: own name equal, own name beginning, then by level and code.

    Looks no further down than `deepest`, for there are 600,000 villages; codes find them anyway.
    """
    words = normalise_text(text).split()
    if not words:
        return Region.objects.none()
    if len(words) == 1 and words[0].isascii() and words[0][0].isdigit():
        code = words[0].upper()
        # 370000 is what people know 37 by.
        padded = Q(gb_code=code, level__lte=RegionLevel.PREFECTURE)
        return Region.objects.filter(Q(code__startswith=code) | padded).order_by("level", "code")
    matches = Q(level__lte=deepest)
    for word in words:
        matches &= Q(full_name__contains=word)
    last = words[-1]
    closeness = Case(
        When(name=last, then=Value(0)),
        When(name__startswith=last, then=Value(1)),
        When(name__contains=last, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return (
        Region.objects.filter(matches)
        .annotate(closeness=closeness)
        .order_by("closeness", "level", "code")
    )


def active_groups() -> QuerySet[WorkerGroup]:
    """The groups that can be chosen, in their order."""
    return WorkerGroup.objects.filter(is_active=True)


@remembered
def groups_on_offer() -> dict[str, WorkerGroup]:
    """The same by code, in their order, for public pages."""
    return {group.pk: group for group in active_groups()}


def group_set(code: str, on: datetime.date | None = None) -> GroupSet:
    """The version of a set that is valid on a day (today in China by default).

    Raises GroupSet.DoesNotExist where the set has no version yet on that day.
    """
    return (
        GroupSet.objects.filter(code=code, valid_from__lte=on or local_today())
        .order_by("-valid_from", "-version")[:1]
        .get()
    )


def group_codes(code: str, on: datetime.date | None = None) -> list[str]:
    """The codes of the groups in the valid version of a set, in their order."""
    return list(group_set(code, on).groups.values_list("code", flat=True))
