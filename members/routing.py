"""Which union somebody without a code is led to, and why.

The rules are rows (``RoutingRule``), tried in their order. Whoever reads the answer sees the
reason that stands in the rule: nothing is decided in secret (PIPL art. 24).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q

from core.clock import local_today
from core.normalising import normalise_text
from enterprises.models import Employer
from members.finding import OpenUnion, online_first, public_codes
from members.models import JoinCode
from members.models.routing import RoutingRule, RoutingStep
from reference.models import Region, WorkerGroup
from reference.selectors import ancestor_codes, group_codes
from unions.enums import UnionStatus
from unions.kinds import HOLDING_POOL
from unions.models import Union, UnionCoverage

MOST_PROPOSALS = 3
MOST_EMPLOYERS = 20
NEF_SET = "nef"
TRADE_FAMILIES = ("federation_of_trade", "nef_federation")


@dataclass(frozen=True)
class WorkPlace:
    """Where somebody works, as what, and for whom; all but the region may be left open."""

    region: Region
    worker_group: WorkerGroup | None = None
    employer_name: str = ""


class Proposal(NamedTuple):
    """A union that takes this person, the code to its form, and the rule that found it."""

    union: Union
    code: str
    rule: RoutingRule

    @property
    def reason(self) -> str:
        """Why, in the active language."""
        return self.rule.reason


class Advice(NamedTuple):
    """The best proposal first. Without any, ``contact`` is the federation to ask."""

    proposals: list[Proposal]
    contact: Union | None


def advise(place: WorkPlace, rules: Iterable[RoutingRule] | None = None) -> Advice:
    """Try the rules in use in their order; at most ``MOST_PROPOSALS`` unions, each once.

    A holding pool is proposed only where there is nothing else. Reads only; a handful of queries
    whatever the data.
    """
    if rules is None:
        rules = RoutingRule.objects.filter(is_active=True).order_by("position")
    search = _Search(place)
    proposals: list[Proposal] = []
    for rule in rules:
        if not search.applies(rule) or (rule.step == RoutingStep.HOLDING_POOL and proposals):
            continue
        for found in search.unions_for(rule):
            if all(found.union.pk != known.union.pk for known in proposals):
                proposals.append(Proposal(found.union, found.code, rule))
        if len(proposals) >= MOST_PROPOSALS:
            break
    proposals = proposals[:MOST_PROPOSALS]
    return Advice(proposals, None if proposals else federation_in_charge(place.region))


def federation_in_charge(region: Region) -> Union | None:
    """The standing federation of the county, or else of what lies above it."""
    codes = ancestor_codes(region.pk)
    federations = Union.objects.filter(
        region__in=codes, kind__family="federation", status=UnionStatus.ACTIVE
    ).select_related("region")
    return max(federations, key=lambda union: codes.index(str(union.region_id)), default=None)


class _Search:
    """What the rules look up about one work place, read once."""

    def __init__(self, place: WorkPlace) -> None:
        self._place = place
        self._codes = ancestor_codes(place.region.pk)
        self._kinds: dict[str, list[OpenUnion]] | None = None

    def applies(self, rule: RoutingRule) -> bool:
        """Is the rule for this region and group?"""
        group = self._place.worker_group
        return (rule.region_id is None or rule.region_id in self._codes) and (
            rule.worker_group_id is None or (group is not None and group.pk == rule.worker_group_id)
        )

    def unions_for(self, rule: RoutingRule) -> Iterator[OpenUnion]:
        """The open unions that a rule finds, the best first."""
        if rule.step == RoutingStep.EMPLOYER_UNION:
            yield from self._of_employer()
        elif rule.step == RoutingStep.TRADE_FEDERATION:
            yield from self._of_trade(rule)
        elif rule.step == RoutingStep.KIND_IN_REGION:
            yield from self._there(rule.union_kind_id)
        else:
            yield from self._there(HOLDING_POOL)

    def _there(self, kind: str | None) -> list[OpenUnion]:
        """Unions of the kind whose region is the place or holds it, the nearest first."""
        if self._kinds is None:
            wanted = Q(union__kind__family__in=TRADE_FAMILIES) | Q(union__kind=HOLDING_POOL)
            wanted |= Q(
                union__kind__in=RoutingRule.objects.filter(is_active=True).values("union_kind")
            )
            self._kinds = {}
            for found in _open_unions(Q(wanted, union__region__in=self._codes)):
                self._kinds.setdefault(found.union.kind_id, []).append(found)
            for unions in self._kinds.values():
                unions.sort(key=self._distance)
        return self._kinds.get(kind or "", [])

    def _distance(self, found: OpenUnion) -> tuple[int, str]:
        return -self._codes.index(str(found.union.region_id)), found.union.path

    def _of_trade(self, rule: RoutingRule) -> list[OpenUnion]:
        """Federations of the trade at the place, climbing township → county → city → province."""
        self._there(None)  # reads
        kinds = self._kinds or {}
        there = [found for unions in kinds.values() for found in unions]
        fitting = [found for found in there if self._is_of_trade(found.union, rule)]
        return sorted(fitting, key=self._distance)

    def _is_of_trade(self, union: Union, rule: RoutingRule) -> bool:
        """Does the rule's trade stand in the name? Without words of its own, the group's.

        A rule for one group says itself whose it is: without words it takes every federation.
        """
        if union.kind.family not in TRADE_FAMILIES:
            return False
        if rule.trade_words:
            return any(word in union.name for word in rule.federation_words)
        if rule.worker_group_id is not None:
            return True
        group = self._place.worker_group
        if group is None:
            return False
        if union.kind.family == "nef_federation":
            return group.pk in group_codes(NEF_SET)
        return any(word in union.name for word in group.federation_words)

    def _of_employer(self) -> list[OpenUnion]:
        """The union that covers the employer; where it is not open, unions that cover that one."""
        name = normalise_text(self._place.employer_name)
        if not name:
            return []
        # Employers of one name in several counties: the nearest to the place first.
        employers = sorted(
            Employer.objects.filter(
                name=name,
                covering_union__status=UnionStatus.ACTIVE,
                region__code__startswith=self._codes[0],
            ).order_by("pk")[:MOST_EMPLOYERS],
            key=lambda employer: -self._shared(str(employer.region_id)),
        )
        covering = [employer.covering_union_id for employer in employers]
        if not covering:
            return []
        nearest = self._shared(str(employers[0].region_id))
        covering = [
            employer.covering_union_id
            for employer in employers
            if self._shared(str(employer.region_id)) == nearest
        ]
        found = {item.union.pk: item for item in _open_unions(Q(union__in=covering))}
        direct = [found[pk] for pk in covering if pk in found]
        return direct or self._covering(covering)

    def _covering(self, unions: list[int | None]) -> list[OpenUnion]:
        today = local_today()
        above = UnionCoverage.objects.filter(
            Q(until__isnull=True) | Q(until__gte=today), covered__in=unions, since__lte=today
        )
        return _open_unions(Q(union__in=above.values("covering")))

    def _shared(self, code: str) -> int:
        """How many levels two regions have in common."""
        return sum(a == b for a, b in zip(self._codes, ancestor_codes(code), strict=False))


def _open_unions(condition: Q) -> list[OpenUnion]:
    """The public code of each union that the condition on codes names. One query."""
    codes: list[JoinCode] = list(
        public_codes()
        .filter(condition, union__kind__enrols_members=True)
        .select_related("union__kind", "union__region")
        .order_by("union__path", online_first(), "id")
        .distinct("union__path")
    )
    return [OpenUnion(code.union, code.code) for code in codes]
