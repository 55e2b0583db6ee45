"""Who owes which paper, who has handed it in, and who is late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q

from accounts.models import User
from campaigns.models import (
    CampaignStatus,
    HandIn,
    HandInState,
    RequiredOf,
    Requirement,
    Target,
)
from core.clock import CHINA, local_today
from unions.enums import UnionStatus
from unions.kinds import HOLDING_POOL
from unions.models import Appointment, Union, UnionQuerySet
from unions.permissions import roles_with
from unions.scope import Actor, grants_of

SEND = "hand_ins.send"
# Nobody is appointed at so many unions; it bounds the list of what one owes.
MAX_OWN_UNITS = 20


@dataclass(frozen=True)
class Owed:
    """What ``unit`` owes, and the newest version it has handed in."""

    requirement: Requirement
    unit: Union
    newest: HandIn | None
    day: dt.date

    @property
    def is_open(self) -> bool:
        """Nothing handed in, or it came back."""
        return self.newest is None or self.newest.state == HandInState.RETURNED

    @property
    def waits(self) -> bool:
        """Handed in; the owner has not answered."""
        return self.newest is not None and self.newest.state == HandInState.HANDED_IN

    @property
    def is_late(self) -> bool:
        """Open after the due day, or handed in after it."""
        if self.newest is None or self.is_open:
            return self.day > self.requirement.due_on
        return self.newest.handed_in_at.astimezone(CHINA).date() > self.requirement.due_on

    @property
    def days_left(self) -> int:
        """Days to the due day; negative after it."""
        return (self.requirement.due_on - self.day).days


@dataclass(frozen=True)
class Tally:
    """Of the units that owe a paper: how many there are, wait for the owner, and are done."""

    units: int
    waiting: int
    accepted: int
    open_count: int


def _standing() -> UnionQuerySet:
    """Whoever can owe a paper: no dissolved union, nor a pool of members, which is none."""
    return Union.objects.exclude(status=UnionStatus.DISSOLVED).exclude(kind=HOLDING_POOL)


def units_of(requirement: Requirement) -> UnionQuerySet:
    """The units that owe it today: below the owner. Dissolved unions never do, nor those that have
    moved elsewhere with their targets."""
    owner = requirement.campaign.owner_id
    standing = _standing().under(requirement.campaign.owner).exclude(pk=owner)
    if requirement.required_of == RequiredOf.CHILDREN:
        return standing.filter(parent=owner)
    targets = Target.objects.in_force().filter(
        union=OuterRef("pk"), indicator__campaign=requirement.campaign_id
    )
    return standing.filter(Exists(targets))


def standing_of(requirement: Requirement, day: dt.date) -> list[Owed]:
    """Every unit that owes it with its newest version: those that wait for the owner's answer
    first, then open ones, in the tree's order."""
    newest = _newest(requirement.hand_ins.all())
    rows = [
        Owed(requirement, unit, newest.get((requirement.pk, unit.pk)), day)
        for unit in units_of(requirement).order_by("path")
    ]
    return sorted(rows, key=lambda row: (not row.waits, not row.is_open))


def own_units(actor: Actor) -> list[Union]:
    """The unions at which the actor hands in papers: those of the appointments, each of them also
    where one lies below another."""
    if not isinstance(actor, User) or not grants_of(actor, SEND):
        return []
    posts = Appointment.objects.in_force_on(local_today()).filter(
        user=actor, role__in=roles_with(SEND)
    )
    units = Union.objects.filter(pk__in=posts.values("union"))
    return list(units.order_by("path")[:MAX_OWN_UNITS])


def owed_by(units: Sequence[Union], day: dt.date) -> list[Owed]:
    """What ``units`` owe in published campaigns, done or not, the most urgent first."""
    found: list[tuple[Requirement, Union]] = []
    for unit in units:
        if unit.kind_id == HOLDING_POOL:
            continue
        targets = Target.objects.in_force().filter(
            union=unit, indicator__campaign=OuterRef("campaign")
        )
        requirements = (
            Requirement.objects.filter(campaign__status=CampaignStatus.PUBLISHED)
            .filter(campaign__owner__in=_above(unit))
            .filter(
                Q(required_of=RequiredOf.CHILDREN, campaign__owner=unit.parent_id)
                | Q(required_of=RequiredOf.WITH_TARGET) & Exists(targets)
            )
            .select_related("campaign__owner")
        )
        found += [(requirement, unit) for requirement in requirements]
    newest = _newest(
        HandIn.objects.filter(unit__in=units, requirement__in=[row for row, _unit in found])
    )
    rows = [
        Owed(requirement, unit, newest.get((requirement.pk, unit.pk)), day)
        for requirement, unit in found
    ]
    return sorted(rows, key=lambda row: (not row.is_open, row.requirement.due_on, row.unit.path))


def tallies(requirements: Sequence[Requirement]) -> dict[int, Tally]:
    """By requirement: how far the handing in is; three queries for all of them."""
    campaigns = [row.campaign_id for row in requirements]
    owners = {row.campaign.owner_id for row in requirements}
    standing = _standing()
    children = dict(
        standing.filter(parent__in=owners).order_by().values_list("parent").annotate(n=Count("pk"))
    )
    in_force = Target.objects.in_force().filter(
        indicator__campaign__in=campaigns,
        union__path__startswith=F("indicator__campaign__owner__path"),
    )
    targeted: dict[int, set[int]] = {}
    for campaign, union in in_force.filter(union__in=standing).values_list(
        "indicator__campaign", "union"
    ):
        targeted.setdefault(campaign, set()).add(union)
    by_key = {row.pk: row for row in requirements}
    states: dict[int, dict[str, int]] = {}
    handed_in = (
        HandIn.objects.filter(requirement__in=requirements)
        .exclude(state=HandInState.RETURNED)
        .filter(unit__in=standing)
        .values_list("requirement", "state", "unit", "unit__parent")
    )
    for key, state, unit, parent in handed_in:
        row = by_key[key]
        owner = row.campaign.owner_id
        if row.required_of == RequiredOf.CHILDREN:
            owes = parent == owner
        else:
            owes = unit != owner and unit in targeted.get(row.campaign_id, ())
        # Of a unit that owes it no longer it is kept, and does not stand for another one's.
        if owes:
            counts = states.setdefault(key, {})
            counts[state] = counts.get(state, 0) + 1
    found = {}
    for row in requirements:
        owner = row.campaign.owner_id
        if row.required_of == RequiredOf.CHILDREN:
            units = children.get(owner, 0)
        else:
            units = len(targeted.get(row.campaign_id, set()) - {owner})
        waiting = states.get(row.pk, {}).get(HandInState.HANDED_IN, 0)
        accepted = states.get(row.pk, {}).get(HandInState.ACCEPTED, 0)
        found[row.pk] = Tally(units, waiting, accepted, max(units - waiting - accepted, 0))
    return found


def _above(unit: Union) -> list[int]:
    """The unions on the way up from ``unit``, without itself."""
    return [int(key) for key in unit.path.rstrip("/").split("/")][:-1]


def _newest(hand_ins: Iterable[HandIn]) -> dict[tuple[int, int], HandIn]:
    found: dict[tuple[int, int], HandIn] = {}
    for row in sorted(hand_ins, key=lambda row: row.number):
        found[row.requirement_id, row.unit_id] = row
    return found
