"""Records of the permission world about privacy: merges, exports, a purge."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from members.models import Member, MemberMerge, PersonalExport, PurgeRun
from members.services.merging import MergeChoice, merge_members
from members.services.personal_export import ask_export, decide_export
from members.services.retention import report_purge
from tests.builders import make_membership, make_official, person
from unions.models import Union


@dataclass
class Privacy:
    """A merge, two records that may be one, an export asked for and one allowed, a report."""

    merge: MemberMerge
    one: Member
    two: Member
    asked: PersonalExport
    allowed: PersonalExport
    purge: PurgeRun


def make_privacy(low: Union, right: Union, official: User, mark: str, name: str) -> Privacy:
    """All in the right branch; ``official`` is who may act on them."""
    second = make_official(f"{mark}-second", right)
    people = [make_membership(low, person(name=name), on="2024-01-02").member for _ in range(4)]
    allowed = ask_export(low, purpose=f"{mark}名单", actor=official)
    return Privacy(
        merge=merge_members(people[0], people[1], choice=MergeChoice(), actor=official),
        one=people[2],
        two=people[3],
        asked=ask_export(low, purpose=f"{mark}名单", actor=second),
        allowed=decide_export(allowed, allow=True, actor=second),
        purge=report_purge(),
    )
