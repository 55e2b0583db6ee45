"""Worker groups and the sets they are counted in, as they are valid on a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from core.remembering import remembered
from reference.models import GroupSet, WorkerGroup


@dataclass(frozen=True)
class Groups:
    """All worker groups; the version of each set valid on the day, and the groups in it."""

    groups: list[WorkerGroup]
    sets: dict[str, GroupSet]  # by code
    members: dict[str, list[str]]  # code of the set → codes of its groups
    # Every version, also one valid only later, by its word, with the codes of its groups.
    versions: dict[str, tuple[GroupSet, list[str]]] = field(default_factory=dict)

    def find(self, word: str) -> tuple[GroupSet, list[str]] | None:
        """The set an address names, with the codes of its groups: by its code the version valid on
        the day, by ``word_of`` the version itself, whenever it is valid. None for no set."""
        if word in self.sets:
            return self.sets[word], self.members[word]
        return self.versions.get(word)

    def codes_of(self, group_set: str) -> list[str]:
        """The groups of a set; none of a set that is not valid on the day."""
        return self.members.get(group_set, [])

    def of_code(self, code: str) -> WorkerGroup | None:
        """The group of this code; None where there is none."""
        return next((group for group in self.groups if group.pk == code), None)


def word_of(group_set: GroupSet) -> str:
    """The word for this very version, whichever is valid on the day."""
    return f"{group_set.code}.{group_set.version}"


@remembered
def groups_on(day: dt.date) -> Groups:
    """The groups and sets of ``day``, in one query; a few seconds old at most."""
    rows = WorkerGroup.objects.order_by("sort_order", "code").values_list(
        "code", "name_zh", "name_en", "is_active",
        "group_sets__pk", "group_sets__code", "group_sets__version", "group_sets__valid_from",
        "group_sets__name_zh", "group_sets__name_en",
    )  # fmt: skip
    groups: dict[str, WorkerGroup] = {}
    versions: dict[int, GroupSet] = {}
    members: dict[int, list[str]] = {}
    for code, name_zh, name_en, is_active, pk, set_code, version, valid_from, zh, en in rows:
        groups.setdefault(
            code, WorkerGroup(code=code, name_zh=name_zh, name_en=name_en, is_active=is_active)
        )
        if pk is not None:
            versions[pk] = GroupSet(
                pk=pk, code=set_code, version=version, valid_from=valid_from, name_zh=zh, name_en=en
            )
            members.setdefault(pk, []).append(code)
    sets: dict[str, GroupSet] = {}
    for found in sorted(versions.values(), key=lambda row: (row.valid_from, row.version)):
        if found.valid_from <= day:
            sets[found.code] = found
    return Groups(
        list(groups.values()),
        sets,
        {code: members[row.pk] for code, row in sets.items()},
        {word_of(row): (row, members[row.pk]) for row in versions.values()},
    )
